"""Decisions about existing data. Pure: no Beam, no files but the weights of shipped models."""

from filters.gopher import RULES, Decision, Measures, Rule, decide, measure
from filters.images import judge_pictures
from filters.language import MIN_LETTERS, LanguageModelMissing, identify
from filters.length import LENGTH_CLASSES, estimate_tokens, length_class
from filters.normalise import normalise_text
from filters.phash import (
    BANDS,
    HASH_BITS,
    MAX_DIFFERENCE,
    MAX_DISTANCE,
    THUMBNAIL_SIDE,
    differences,
    hamming,
    hash_words,
    perceptual_hashes,
    thumbnails,
)
from filters.pixels import VIEW_SIDE, measure_pictures
from filters.prose import prose
from filters.safety import SafetyModelMissing, safety_weights, unsafe_scores
from filters.strata import Cell, cell, deal, first_ranks
from filters.words import Units, mix, units

__all__ = [
    "BANDS",
    "HASH_BITS",
    "LENGTH_CLASSES",
    "MAX_DIFFERENCE",
    "MAX_DISTANCE",
    "MIN_LETTERS",
    "RULES",
    "THUMBNAIL_SIDE",
    "VIEW_SIDE",
    "Cell",
    "Decision",
    "LanguageModelMissing",
    "Measures",
    "Rule",
    "SafetyModelMissing",
    "Units",
    "cell",
    "deal",
    "decide",
    "differences",
    "estimate_tokens",
    "first_ranks",
    "hamming",
    "hash_words",
    "identify",
    "judge_pictures",
    "length_class",
    "measure",
    "measure_pictures",
    "mix",
    "normalise_text",
    "perceptual_hashes",
    "prose",
    "safety_weights",
    "thumbnails",
    "units",
    "unsafe_scores",
]
