"""Decisions about existing data. Pure: no Beam, no files but the weights of shipped models."""

from filters.gopher import RULES, Decision, Rule, decide, measure
from filters.images import image_reasons
from filters.language import MIN_LETTERS, LanguageModelMissing, identify
from filters.length import LENGTH_CLASSES, estimate_tokens, length_class
from filters.normalise import normalise_text
from filters.personal import MASKS, luhn, mask_personal, my_number_check, resident_check
from filters.prose import prose
from filters.strata import Cell, cell, deal, first_ranks
from filters.unsafe import measure_unsafe
from filters.word_lists import WordListsMissing, unsafe_words
from filters.words import Units, mix, units

__all__ = [
    "LENGTH_CLASSES",
    "MASKS",
    "MIN_LETTERS",
    "RULES",
    "Cell",
    "Decision",
    "LanguageModelMissing",
    "Rule",
    "Units",
    "WordListsMissing",
    "cell",
    "deal",
    "decide",
    "estimate_tokens",
    "first_ranks",
    "identify",
    "image_reasons",
    "length_class",
    "luhn",
    "mask_personal",
    "measure",
    "measure_unsafe",
    "mix",
    "my_number_check",
    "normalise_text",
    "prose",
    "resident_check",
    "units",
    "unsafe_words",
]
