"""Decisions about existing data. Pure: no Beam, no files but the weights of shipped models."""

from filters.balance import Balance, balance, draws, entity_keys, row_keys
from filters.entities import KoreanModelMissing, canonical, entities
from filters.gopher import RULES, Decision, Rule, decide, measure
from filters.images import image_reasons
from filters.language import MIN_LETTERS, LanguageModelMissing, identify
from filters.length import LENGTH_CLASSES, estimate_tokens, length_class
from filters.normalise import normalise_text
from filters.priorities import PRIORITIES, RepeatRule, preference, repeats
from filters.prose import prose
from filters.strata import NO_TIER, TIERS, Cell, cell, deal, first_ranks, quality_tiers, stratum
from filters.words import Units, mix, units

__all__ = [
    "LENGTH_CLASSES",
    "MIN_LETTERS",
    "NO_TIER",
    "PRIORITIES",
    "RULES",
    "TIERS",
    "Balance",
    "Cell",
    "Decision",
    "KoreanModelMissing",
    "LanguageModelMissing",
    "RepeatRule",
    "Rule",
    "Units",
    "balance",
    "canonical",
    "cell",
    "deal",
    "decide",
    "draws",
    "entities",
    "entity_keys",
    "estimate_tokens",
    "first_ranks",
    "identify",
    "image_reasons",
    "length_class",
    "measure",
    "mix",
    "normalise_text",
    "preference",
    "prose",
    "quality_tiers",
    "repeats",
    "row_keys",
    "stratum",
    "units",
]
