"""Decisions about existing data. Pure: no Beam, no files but the weights of shipped models."""

from filters.clusters import components, large_star, small_star
from filters.gopher import RULES, Decision, Rule, decide, measure
from filters.images import image_reasons
from filters.language import MIN_LETTERS, LanguageModelMissing, identify
from filters.length import LENGTH_CLASSES, estimate_tokens, length_class
from filters.minhash import (
    ENGINES,
    PLACES,
    band_keys,
    bands_and_rows,
    set_signatures,
    shingles,
    similarity,
    text_signatures,
)
from filters.near_duplicates import Stars, cluster_texts, find_stars
from filters.normalise import normalise_text
from filters.prose import prose
from filters.strata import Cell, cell, deal, first_ranks
from filters.words import Units, mix, units

__all__ = [
    "ENGINES",
    "LENGTH_CLASSES",
    "MIN_LETTERS",
    "PLACES",
    "RULES",
    "Cell",
    "Decision",
    "LanguageModelMissing",
    "Rule",
    "Stars",
    "Units",
    "band_keys",
    "bands_and_rows",
    "cell",
    "cluster_texts",
    "components",
    "deal",
    "decide",
    "estimate_tokens",
    "find_stars",
    "first_ranks",
    "identify",
    "image_reasons",
    "large_star",
    "length_class",
    "measure",
    "mix",
    "normalise_text",
    "prose",
    "set_signatures",
    "shingles",
    "similarity",
    "small_star",
    "text_signatures",
    "units",
]
