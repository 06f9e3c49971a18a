"""Decisions about existing data. Pure: no Beam, no files but the weights of shipped models."""

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
from filters.gopher import RULES, Decision, Rule, decide, measure
from filters.images import image_reasons
from filters.language import MIN_LETTERS, LanguageModelMissing, identify
from filters.length import LENGTH_CLASSES, estimate_tokens, length_class
from filters.normalise import normalise_text
from filters.prose import prose
from filters.quality import (
    FIELDS,
    GRADES,
    MAX_CHARACTERS,
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
from filters.splits import SPLITS, group, near_duplicate_keys, split
from filters.strata import Cell, cell, deal, first_ranks
from filters.words import Units, mix, units

__all__ = [
    "FIELDS",
    "GRADES",
    "LENGTH_CLASSES",
    "MAX_CHARACTERS",
    "MIN_LETTERS",
    "MODEL_FILE",
    "NORMALISER",
    "NOT_STEM",
    "RULES",
    "SPLITS",
    "Cell",
    "ClassScores",
    "Decision",
    "Head",
    "LanguageModelMissing",
    "NoQualityModel",
    "Quality",
    "QualityModel",
    "Reliability",
    "Rule",
    "Units",
    "cell",
    "class_scores",
    "confusion",
    "deal",
    "decide",
    "estimate_tokens",
    "fasttext_label",
    "first_ranks",
    "fit_temperature",
    "group",
    "identify",
    "image_reasons",
    "length_class",
    "measure",
    "mix",
    "near_duplicate_keys",
    "normalise_text",
    "prose",
    "quality_model_digest",
    "quality_text",
    "rank_correlation",
    "reliability",
    "split",
    "stem_probability",
    "tempered",
    "units",
]
