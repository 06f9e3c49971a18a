"""A problem drawn as a sheet: from its style to pixels, layout and targets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache

import numpy as np
from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape
from numpy.typing import NDArray

from records import generator
from renderers.browser import Browser
from renderers.checks import check_drawing
from renderers.ink import tighten
from renderers.layout import Layout
from renderers.page import Page
from renderers.sheet.problem import Problem, Span
from renderers.sheet.style import KINDS, SheetStyle, choose_style
from renderers.sheet.targets import targets

#: A hand moves words up and down by at most this part of the size, and changes the size by as
#: much: boxes stay true to a pixel or two.
HAND_SHIFT = 0.04
#: Of the page's width, what a figure takes beside the text, and where it stands alone.
FIGURE_BESIDE, FIGURE_ALONE = 0.36, 0.6
#: Keeps a formula and the particle after it on one line.
_WORD_JOINER = "\u2060"
#: CSS pixels of a figure's height, at most.
FIGURE_HEIGHT = 420


@dataclass(frozen=True)
class Sheet:
    """A rendered problem."""

    #: uint8 (H, W, 3).
    pixels: NDArray[np.uint8]
    #: Its boxes are on the ink, but on ruled paper, where they are as high as the font.
    layout: Layout
    problem: Problem
    style: SheetStyle
    #: The problem as printed: `markdown`, `html`, `tex`, `json`.
    targets: dict[str, str]


def render_problem(
    browser: Browser,
    problem: Problem,
    *,
    seed: int,
    key: str,
    max_pixels: int,
    scale: float | None = None,
    kinds: Sequence[str] = tuple(KINDS),
) -> Sheet:
    """Draw `problem`; `seed` and `key` choose the style, as `choose_style` says.

    Raises Refused (missing_glyph, too_small, tex_error, bad_figure, and what
    `checks` finds) and RenderError.
    """
    style = choose_style(
        problem, seed=seed, key=key, max_pixels=max_pixels, scale=scale, kinds=kinds
    )
    return draw_sheet(browser, problem, style, seed=seed, key=key, max_pixels=max_pixels)


def draw_sheet(
    browser: Browser, problem: Problem, style: SheetStyle, *, seed: int, key: str, max_pixels: int
) -> Sheet:
    """Draw `problem` in a style of its own; see `render_problem`."""
    page = sheet_page(problem, style, seed=seed, key=key)
    drawing = browser.draw(page)
    inked = tighten(drawing.layout, drawing.pixels)
    if wrong := check_drawing(inked, drawing.pixels, max_pixels):
        raise wrong
    said = targets(problem, style, inked.layout)
    return Sheet(drawing.pixels, inked.layout, problem, style, said)


def sheet_page(problem: Problem, style: SheetStyle, *, seed: int, key: str) -> Page:
    """The page to draw. Raises Refused(bad_figure)."""
    hand = generator(seed, "hand", key) if style.kind == "notebook" else None
    html = _templates().get_template("page.html.j2").render(
        s=style,
        w=style.words,
        colours=asdict(style.palette),
        line=round(style.size * style.leading / 2) * 2,
        # CSS, not HTML: quotation marks are not to be escaped.
        fonts={
            "text": Markup(f'"{style.font}", "{style.sign_font}"'),
            "heads": Markup(f'"{style.heading_font}", "{style.sign_font}"'),
            "code": Markup(f'"Noto Sans Mono CJK KR", "{style.sign_font}"'),
        },
        p={
            "question": problem.question,
            "blocks": [
                {"kind": b.kind, "html": _html(b.spans, hand if b.kind != "code" else None)}
                for b in problem.blocks
            ],
            "choices": [
                (label, _html(spans, hand))
                for label, spans in zip(style.labels, problem.choices, strict=True)
            ],
            "figures": [
                {"url": f.url(), "alt": f.alt, "width": _figure_width(f.size(), style)}
                for f in problem.figures
            ],
        },
    )  # fmt: skip
    return Page(html, style.width, style.height if style.kind == "slide" else None, style.scale,
                style.lang)  # fmt: skip


def _html(spans: Sequence[Span], hand: np.random.Generator | None) -> Markup:
    parts, after_formula = list[Markup](), False
    for span in spans:
        if after_formula and not span.text[0].isspace():
            parts.append(Markup(_WORD_JOINER))
        after_formula = span.is_formula
        if span.is_formula:
            display = Markup(" data-display") if span.display else ""
            parts.append(Markup('<span data-tex="{}"{}></span>').format(span.text, display))
        elif hand is None:
            parts.append(escape(span.text))
        else:
            parts += [_written(word, hand) for word in re.findall(r"\s+|\S{1,12}", span.text)]
    return Markup("").join(parts)


def _written(word: str, hand: np.random.Generator) -> Markup:
    """A word as a hand writes it: not quite on the line, not quite of one size."""
    if not word.strip():
        return escape(word)
    up, size, space = hand.uniform(-HAND_SHIFT, HAND_SHIFT, 3)
    style = f"top:{up:.3f}em;font-size:{1 + size:.3f}em;letter-spacing:{space / 2:.3f}em"
    return Markup('<span class="w" style="{}">{}</span>').format(style, word)


def _figure_width(size: tuple[int, int], style: SheetStyle) -> int:
    """CSS pixels: a figure is not drawn larger than its own pixels, or higher than a page bears."""
    width, height = size
    share = FIGURE_BESIDE if style.figure_place == "beside" else FIGURE_ALONE
    room = style.width * share / style.columns
    tall = min(FIGURE_HEIGHT, (style.height or FIGURE_HEIGHT * 4) * 0.4)
    return max(1, round(min(room, width, tall * width / height)))


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("renderers.sheet", "templates"),
        autoescape=lambda name: name is None or not name.endswith(".css"),
        trim_blocks=True,
        lstrip_blocks=True,
    )
