"""Decisions about existing data. Pure: no Beam, no files but the weights of shipped models."""

from filters.c4 import c4
from filters.damage import damage
from filters.fineweb import fineweb
from filters.gopher import gopher
from filters.images import image_reasons
from filters.language import MIN_LETTERS, LanguageModelMissing, identify, own_language
from filters.layout import MAX_CHARACTERS, Layout, layouts
from filters.length import LENGTH_CLASSES, estimate_tokens, length_class
from filters.measures import MEASURERS, Measurer, measure
from filters.normalise import normalise_text
from filters.prose import prose
from filters.ratios import Measures
from filters.repetition import repetition
from filters.rules import (
    DAMAGE,
    DAMAGE_REASONS,
    RULES,
    Decision,
    Limits,
    Rule,
    RuleError,
    change_rules,
    decide,
    judged,
)
from filters.spam import spam
from filters.strata import Cell, cell, deal, first_ranks
from filters.words import Units, mix, units

__all__ = [
    "DAMAGE",
    "DAMAGE_REASONS",
    "LENGTH_CLASSES",
    "MAX_CHARACTERS",
    "MEASURERS",
    "MIN_LETTERS",
    "RULES",
    "Cell",
    "Decision",
    "LanguageModelMissing",
    "Layout",
    "Limits",
    "Measurer",
    "Measures",
    "Rule",
    "RuleError",
    "Units",
    "c4",
    "cell",
    "change_rules",
    "damage",
    "deal",
    "decide",
    "estimate_tokens",
    "fineweb",
    "first_ranks",
    "gopher",
    "identify",
    "image_reasons",
    "judged",
    "layouts",
    "length_class",
    "measure",
    "mix",
    "normalise_text",
    "own_language",
    "prose",
    "repetition",
    "spam",
    "units",
]
