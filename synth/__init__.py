"""Makers of new samples. Pure: they neither call a model nor start a browser themselves."""

from synth.annotate import Grade, excerpt, grade_request, read_grade
from synth.recaption import (
    Limits,
    Scene,
    Verdict,
    caption_language,
    caption_request,
    copied_share,
    read_caption,
)
from synth.sheets import sheet_problem, sheet_sample

__all__ = [
    "Grade",
    "Limits",
    "Scene",
    "Verdict",
    "caption_language",
    "caption_request",
    "copied_share",
    "excerpt",
    "grade_request",
    "read_caption",
    "read_grade",
    "sheet_problem",
    "sheet_sample",
]
