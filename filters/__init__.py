"""Decisions about existing data. Pure: no Beam, no files but the weights of shipped models."""

from filters.boilerplate import Paragraphs, join_paragraphs, on_site, paragraphs, site_keys
from filters.c4 import c4
from filters.clusters import components, large_star, small_star
from filters.contamination import Index, Matches, find_items, index_items
from filters.damage import damage
from filters.fineweb import fineweb
from filters.gopher import gopher
from filters.images import image_reasons
from filters.language import MIN_LETTERS, LanguageModelMissing, identify, own_language
from filters.layout import MAX_CHARACTERS, Layout, layouts
from filters.length import LENGTH_CLASSES, estimate_tokens, length_class
from filters.measures import MEASURERS, Measurer, measure
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
from filters.words import Units, hash_texts, mix, ngrams, units

__all__ = [
    "DAMAGE",
    "DAMAGE_REASONS",
    "ENGINES",
    "LENGTH_CLASSES",
    "MAX_CHARACTERS",
    "MEASURERS",
    "MIN_LETTERS",
    "PLACES",
    "RULES",
    "Cell",
    "Decision",
    "Index",
    "LanguageModelMissing",
    "Layout",
    "Limits",
    "Matches",
    "Measurer",
    "Measures",
    "Paragraphs",
    "Rule",
    "RuleError",
    "Stars",
    "Units",
    "band_keys",
    "bands_and_rows",
    "c4",
    "cell",
    "change_rules",
    "cluster_texts",
    "components",
    "damage",
    "deal",
    "decide",
    "estimate_tokens",
    "find_items",
    "find_stars",
    "fineweb",
    "first_ranks",
    "gopher",
    "hash_texts",
    "identify",
    "image_reasons",
    "index_items",
    "join_paragraphs",
    "judged",
    "large_star",
    "layouts",
    "length_class",
    "measure",
    "mix",
    "ngrams",
    "normalise_text",
    "on_site",
    "own_language",
    "paragraphs",
    "prose",
    "repetition",
    "set_signatures",
    "shingles",
    "similarity",
    "site_keys",
    "small_star",
    "spam",
    "text_signatures",
    "units",
]
