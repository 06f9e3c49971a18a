"""Makers of new samples. Pure: they neither call a model nor start a browser themselves."""

from synth.annotate import Grade, excerpt, grade_request, read_grade
from synth.documents import document_of
from synth.office import OFFICE_KINDS, office_document
from synth.recaption import (
    Limits,
    Scene,
    Verdict,
    caption_language,
    caption_request,
    copied_share,
    read_caption,
)
from synth.sheets import sheet_sample

__all__ = [
    "OFFICE_KINDS",
    "Grade",
    "Limits",
    "Scene",
    "Verdict",
    "caption_language",
    "caption_request",
    "copied_share",
    "document_of",
    "excerpt",
    "grade_request",
    "office_document",
    "read_caption",
    "read_grade",
    "sheet_sample",
]
