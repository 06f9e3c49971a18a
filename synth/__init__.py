"""Makers of new samples. Pure: they neither call a model nor start a browser themselves."""

from synth.annotate import (
    Grade,
    excerpt,
    grade_request,
    read_grade,
)
from synth.documents import MAX_CHARACTERS as PAGE_CHARACTERS
from synth.documents import document_of
from synth.office import (
    OFFICE_KINDS,
    office_document,
)
from synth.reading import (
    FORMATS,
    Paper,
    document_sample,
    full_text,
    ocr_sample,
)
from synth.recaption import (
    Limits,
    Scene,
    Verdict,
    caption_language,
    caption_request,
    copied_share,
    read_caption,
)
from synth.sheets import (
    sheet_problem,
    sheet_sample,
)

__all__ = [
    "FORMATS",
    "OFFICE_KINDS",
    "PAGE_CHARACTERS",
    "Grade",
    "Limits",
    "Paper",
    "Scene",
    "Verdict",
    "caption_language",
    "caption_request",
    "copied_share",
    "document_of",
    "document_sample",
    "excerpt",
    "full_text",
    "grade_request",
    "ocr_sample",
    "office_document",
    "read_caption",
    "read_grade",
    "sheet_problem",
    "sheet_sample",
]
