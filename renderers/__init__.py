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
from renderers.sheet import Sheet, render_problem

__all__ = [
    "BLOCKS",
    "LEVELS",
    "Blocks",
    "Browser",
    "BrowserMissing",
    "Chars",
    "Drawing",
    "FontsMissing",
    "Formulas",
    "Hidden",
    "KatexMissing",
    "Layout",
    "Level",
    "Page",
    "Refused",
    "RenderError",
    "Sheet",
    "TextStyle",
    "find_browser",
    "missing_glyphs",
    "render_problem",
    "shared_browser",
]
