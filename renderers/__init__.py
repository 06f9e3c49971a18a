"""Makers of pictures on which every character's place is known."""

from renderers.browser import Browser, Drawing, find_browser, shared_browser
from renderers.checks import check_drawing, check_text
from renderers.errors import BrowserMissing, FontsMissing, KatexMissing, Refused, RenderError
from renderers.fonts import (
    CATALOGUE,
    ROLES,
    Font,
    drawn_by,
    fonts_digest,
    fonts_for,
    installed,
    missing_glyphs,
)
from renderers.ink import Inked, tighten
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
    "CATALOGUE",
    "LEVELS",
    "ROLES",
    "Blocks",
    "Browser",
    "BrowserMissing",
    "Chars",
    "Drawing",
    "Figure",
    "Font",
    "FontsMissing",
    "Formulas",
    "Hidden",
    "Inked",
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
    "check_drawing",
    "check_text",
    "choose_style",
    "draw_sheet",
    "drawn_by",
    "find_browser",
    "fonts_digest",
    "fonts_for",
    "installed",
    "missing_glyphs",
    "parse_problem",
    "render_problem",
    "shared_browser",
    "subject_of",
    "tighten",
]
