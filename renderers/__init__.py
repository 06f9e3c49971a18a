"""Makers of pictures on which every character's place is known."""

from renderers.browser import (
    Browser,
    Drawing,
    find_browser,
    shared_browser,
)
from renderers.checks import (
    check_drawing,
    check_text,
)
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
from renderers.encoding import (
    Encoded,
    encode,
    looks_noisy,
)
from renderers.errors import (
    BrowserMissing,
    FontsMissing,
    KatexMissing,
    Refused,
    RenderError,
)
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
from renderers.ink import (
    Inked,
    tighten,
)
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
from renderers.page import (
    BLOCKS,
    Page,
)
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
from renderers.taken import (
    Taken,
    take,
)

__all__ = [
    "BLOCKS",
    "CATALOGUE",
    "LEVELS",
    "RECIPE_KINDS",
    "ROLES",
    "Blocks",
    "Browser",
    "BrowserMissing",
    "Chars",
    "Drawing",
    "Encoded",
    "Figure",
    "Font",
    "FontsMissing",
    "Formulas",
    "Hidden",
    "Inked",
    "KatexMissing",
    "Layout",
    "Level",
    "Moved",
    "Page",
    "Problem",
    "Recipe",
    "Refused",
    "RenderError",
    "Sheet",
    "SheetStyle",
    "Step",
    "Taken",
    "TextStyle",
    "apply_recipe",
    "check_drawing",
    "check_text",
    "choose_recipe",
    "choose_style",
    "draw_sheet",
    "drawn_by",
    "encode",
    "faint_words",
    "find_browser",
    "fonts_digest",
    "fonts_for",
    "installed",
    "legible_after",
    "looks_noisy",
    "missing_glyphs",
    "move_boxes",
    "moved_boxes",
    "outlines",
    "parse_problem",
    "render_problem",
    "shared_browser",
    "subject_of",
    "take",
    "tighten",
]
