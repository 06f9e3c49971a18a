"""Makers of pictures on which every character's place is known."""

from renderers.browser import Browser, Drawing, find_browser, shared_browser
from renderers.effects import (
    RECIPE_KINDS,
    Moved,
    Recipe,
    Step,
    apply_recipe,
    choose_recipe,
    faint_words,
    legible_after,
    move_boxes,
    moved_boxes,
    outlines,
)
from renderers.encoding import Encoded, encode, looks_noisy
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
    "RECIPE_KINDS",
    "Blocks",
    "Browser",
    "BrowserMissing",
    "Chars",
    "Drawing",
    "Encoded",
    "FontsMissing",
    "Formulas",
    "Hidden",
    "KatexMissing",
    "Layout",
    "Level",
    "Moved",
    "Page",
    "Recipe",
    "Refused",
    "RenderError",
    "Sheet",
    "Step",
    "TextStyle",
    "apply_recipe",
    "choose_recipe",
    "encode",
    "faint_words",
    "find_browser",
    "legible_after",
    "looks_noisy",
    "missing_glyphs",
    "move_boxes",
    "moved_boxes",
    "outlines",
    "render_problem",
    "shared_browser",
]
