"""Decisions about existing data. Pure: no Beam, no files but the weights of shipped models."""

from filters.boilerplate import Paragraphs, join_paragraphs, on_site, paragraphs, site_keys
from filters.clusters import components, large_star, small_star
from filters.contamination import Index, Matches, find_items, index_items
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
from filters.words import Units, hash_texts, mix, ngrams, units

__all__ = [
    "ENGINES",
    "LENGTH_CLASSES",
    "MIN_LETTERS",
    "PLACES",
    "RULES",
    "Cell",
    "Decision",
    "Index",
    "LanguageModelMissing",
    "Matches",
    "Paragraphs",
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
    "find_items",
    "find_stars",
    "first_ranks",
    "hash_texts",
    "identify",
    "image_reasons",
    "index_items",
    "join_paragraphs",
    "large_star",
    "length_class",
    "measure",
    "mix",
    "ngrams",
    "normalise_text",
    "on_site",
    "paragraphs",
    "prose",
    "set_signatures",
    "shingles",
    "similarity",
    "site_keys",
    "small_star",
    "text_signatures",
    "units",
]
