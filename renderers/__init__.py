"""Makers of pictures whose every word's place is known."""

from renderers.browser import (
    BrowserMissing,
    BrowserThread,
    RenderError,
    find_browser,
    shared_browser,
)
from renderers.glyphs import FontsMissing, missing_glyphs
from renderers.sheet import Refused, Sheet, render_problem

__all__ = [
    "BrowserMissing",
    "BrowserThread",
    "FontsMissing",
    "Refused",
    "RenderError",
    "Sheet",
    "find_browser",
    "missing_glyphs",
    "render_problem",
    "shared_browser",
]
