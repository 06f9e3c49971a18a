"""Makers of pictures on which every character's place is known."""

from renderers.browser import Browser, Drawing, find_browser, shared_browser
from renderers.errors import BrowserMissing, FontsMissing, KatexMissing, Refused, RenderError
from renderers.glyphs import missing_glyphs
from renderers.layout import (
    LEVELS,
    Blocks,
    Chars,
    Formulas,
    Hidden,
    Layout,
    Level,
    TextStyle,
)
from renderers.page import BLOCKS, Page
from renderers.sheet import (
    Figure,
    Problem,
    Sheet,
    SheetStyle,
    choose_style,
    draw_sheet,
    parse_problem,
    render_problem,
    subject_of,
)

__all__ = [
    "BLOCKS",
    "LEVELS",
    "Blocks",
    "Browser",
    "BrowserMissing",
    "Chars",
    "Drawing",
    "Figure",
    "FontsMissing",
    "Formulas",
    "Hidden",
    "KatexMissing",
    "Layout",
    "Level",
    "Page",
    "Problem",
    "Refused",
    "RenderError",
    "Sheet",
    "SheetStyle",
    "TextStyle",
    "choose_style",
    "draw_sheet",
    "find_browser",
    "missing_glyphs",
    "parse_problem",
    "render_problem",
    "shared_browser",
    "subject_of",
]
