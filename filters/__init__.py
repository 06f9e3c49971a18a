"""Decisions about existing data. Pure: no Beam, no files but the weights of shipped models."""

from filters.balance import Balance, balance, draws, entity_keys, row_keys
from filters.boilerplate import Paragraphs, join_paragraphs, on_site, paragraphs, site_keys
from filters.c4 import c4
from filters.clusters import components, large_star, small_star
from filters.contamination import Index, Matches, find_items, index_items
from filters.damage import damage
from filters.entities import KoreanModelMissing, canonical, entities
from filters.evaluation import (
    ClassScores,
    Reliability,
    class_scores,
    confusion,
    fit_temperature,
    rank_correlation,
    reliability,
    tempered,
)
from filters.fineweb import fineweb
from filters.gopher import gopher
from filters.images import judge_pictures
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
from filters.personal import MASKS, luhn, mask_personal, my_number_check, resident_check
from filters.phash import (
    BANDS,
    HASH_BITS,
    MAX_DIFFERENCE,
    MAX_DISTANCE,
    THUMBNAIL_SIDE,
    differences,
    hamming,
    hash_words,
    near_hashes,
    perceptual_hashes,
    thumbnails,
)
from filters.pixels import VIEW_SIDE, measure_pictures
from filters.priorities import PRIORITIES, RepeatRule, preference, repeats
from filters.prose import prose
from filters.quality import (
    FIELDS,
    GRADES,
    MODEL_FILE,
    NORMALISER,
    NOT_STEM,
    Head,
    NoQualityModel,
    Quality,
    QualityModel,
    fasttext_label,
    quality_model_digest,
    quality_text,
    stem_probability,
)
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
from filters.safety import SafetyModelMissing, safety_weights, unsafe_scores
from filters.spam import spam
from filters.splits import SPLITS, group, near_duplicate_keys, split
from filters.strata import NO_TIER, TIERS, Cell, cell, deal, first_ranks, quality_tiers, stratum
from filters.unsafe import measure_unsafe
from filters.word_lists import WordListsMissing, unsafe_words
from filters.words import Units, hash_texts, mix, ngrams, units

__all__ = [
    "BANDS",
    "DAMAGE",
    "DAMAGE_REASONS",
    "ENGINES",
    "FIELDS",
    "GRADES",
    "HASH_BITS",
    "LENGTH_CLASSES",
    "MASKS",
    "MAX_CHARACTERS",
    "MAX_DIFFERENCE",
    "MAX_DISTANCE",
    "MEASURERS",
    "MIN_LETTERS",
    "MODEL_FILE",
    "NORMALISER",
    "NOT_STEM",
    "NO_TIER",
    "PLACES",
    "PRIORITIES",
    "RULES",
    "SPLITS",
    "THUMBNAIL_SIDE",
    "TIERS",
    "VIEW_SIDE",
    "Balance",
    "Cell",
    "ClassScores",
    "Decision",
    "Head",
    "Index",
    "KoreanModelMissing",
    "LanguageModelMissing",
    "Layout",
    "Limits",
    "Matches",
    "Measurer",
    "Measures",
    "NoQualityModel",
    "Paragraphs",
    "Quality",
    "QualityModel",
    "Reliability",
    "RepeatRule",
    "Rule",
    "RuleError",
    "SafetyModelMissing",
    "Stars",
    "Units",
    "WordListsMissing",
    "balance",
    "band_keys",
    "bands_and_rows",
    "c4",
    "canonical",
    "cell",
    "change_rules",
    "class_scores",
    "cluster_texts",
    "components",
    "confusion",
    "damage",
    "deal",
    "decide",
    "differences",
    "draws",
    "entities",
    "entity_keys",
    "estimate_tokens",
    "fasttext_label",
    "find_items",
    "find_stars",
    "fineweb",
    "first_ranks",
    "fit_temperature",
    "gopher",
    "group",
    "hamming",
    "hash_texts",
    "hash_words",
    "identify",
    "index_items",
    "join_paragraphs",
    "judge_pictures",
    "judged",
    "large_star",
    "layouts",
    "length_class",
    "luhn",
    "mask_personal",
    "measure",
    "measure_pictures",
    "measure_unsafe",
    "mix",
    "my_number_check",
    "near_duplicate_keys",
    "near_hashes",
    "ngrams",
    "normalise_text",
    "on_site",
    "own_language",
    "paragraphs",
    "perceptual_hashes",
    "preference",
    "prose",
    "quality_model_digest",
    "quality_text",
    "quality_tiers",
    "rank_correlation",
    "reliability",
    "repeats",
    "repetition",
    "resident_check",
    "row_keys",
    "safety_weights",
    "set_signatures",
    "shingles",
    "similarity",
    "site_keys",
    "small_star",
    "spam",
    "split",
    "stem_probability",
    "stratum",
    "tempered",
    "text_signatures",
    "thumbnails",
    "units",
    "unsafe_scores",
    "unsafe_words",
]
