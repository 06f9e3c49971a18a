"""Problem sheets: a text problem as an exam, a page of a book, a slide, a phone, a notebook."""

from renderers.sheet.figures import Figure, is_mentioned, is_table_mentioned, stated_place
from renderers.sheet.problem import (
    LANGUAGES,
    MAX_CHARACTERS,
    MAX_CHOICES,
    Problem,
    ProblemBlock,
    Span,
    parse_problem,
)
from renderers.sheet.render import Sheet, draw_sheet, render_problem, sheet_page
from renderers.sheet.style import KINDS, VARIANTS, SheetStyle, choose_style
from renderers.sheet.words import SUBJECTS, subject_of

__all__ = [
    "KINDS",
    "LANGUAGES",
    "MAX_CHARACTERS",
    "MAX_CHOICES",
    "SUBJECTS",
    "VARIANTS",
    "Figure",
    "Problem",
    "ProblemBlock",
    "Sheet",
    "SheetStyle",
    "Span",
    "choose_style",
    "draw_sheet",
    "is_mentioned",
    "is_table_mentioned",
    "parse_problem",
    "render_problem",
    "sheet_page",
    "stated_place",
    "subject_of",
]
