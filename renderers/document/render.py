"""Documents to pages: pictures, where everything on them stands, and what they say."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from renderers.browser import Browser
from renderers.checks import check_drawing, check_text
from renderers.document.dom import Sheet, page_html
from renderers.document.measure import pieces_of
from renderers.document.model import (
    Block,
    Document,
    Heading,
    Item,
    Paragraph,
    characters,
    marks,
)
from renderers.document.paginate import Frame, PageContent, Piece, paginate
from renderers.document.theme import Theme, begins_page, breaks_before, choose_theme
from renderers.document.truth_html import to_html
from renderers.document.truth_json import to_json
from renderers.document.truth_markdown import to_markdown
from renderers.errors import Refused
from renderers.ink import tighten
from renderers.layout import Layout
from renderers.page import Page

#: CSS pixels between text and the rule of the footnotes, and from it to the first note.
NOTE_GAP = 28.0
#: Paragraphs that stand over all columns, at the head of a document of several.
_OVER_COLUMNS = ("lead", "byline")
#: CSS pixels that the content of a page may be lower than measured.
_SLACK = 1.5


@dataclass(frozen=True)
class RenderedPage:
    """A page of a document."""

    #: uint8 (H, W, 3).
    pixels: NDArray[np.uint8]
    #: Its boxes are around the ink.
    layout: Layout
    #: What stands on this page, as a document of its own.
    document: Document
    #: Counted from 1, and how many the document has.
    number: int
    pages: int
    theme: Theme

    @property
    def targets(self) -> dict[str, str]:
        """The ground truth of this page: `html`, `markdown`, `json`."""
        return truth(self.document)


def truth(document: Document) -> dict[str, str]:
    """The ground truth of a whole document: `html`, `markdown`, `json`."""
    return {
        "html": to_html(document),
        "markdown": to_markdown(document),
        "json": to_json(document),
    }


def render_document(
    browser: Browser,
    document: Document,
    *,
    seed: int,
    key: str,
    scale: float = 2.0,
    max_pixels: float = math.inf,
) -> list[RenderedPage]:
    """The pages of a document, each checked; `seed` and `key` choose the theme.

    `max_pixels` is what the model's picture processor scales larger pictures down to.
    Raises Refused (missing_glyph, block_too_tall, too_many_pages, page_overflow,
    what the browser refuses and what `check_drawing` finds) and RenderError.
    """
    if refused := check_text(characters(document)):
        raise refused
    theme = choose_theme(document, seed=seed, key=key)
    spanning, flow = _measured(browser, document, theme, scale)
    if theme.room is None:
        contents = [PageContent(spanning, [flow[0]])]
    else:
        sections = begins_page(document)
        frame = Frame(
            theme.room,
            theme.columns,
            NOTE_GAP,
            breaks_before if sections else lambda block: False,
        )
        contents = paginate(spanning, flow[0], flow[1], frame)
    pages = []
    for index, content in enumerate(contents):
        own = page_document(document, content, index + 1, len(contents))
        drawing = browser.draw(_page(own, theme, _sheet(own, content), scale, document.lang))
        _check_room(drawing.layout, theme)
        inked = tighten(drawing.layout, drawing.pixels)
        if refused := check_drawing(inked, drawing.pixels, max_pixels):
            raise refused
        pages.append(
            RenderedPage(drawing.pixels, inked.layout, own, index + 1, len(contents), theme)
        )
    return pages


def page_document(document: Document, content: PageContent, number: int, pages: int) -> Document:
    """What one page says: its blocks, their footnotes, its running head, foot and number.

    Items at the head of a page are as deep as a list that begins may be.
    """
    blocks = _from_the_margin(content.blocks)
    here = set(marks(blocks))
    return replace(
        document,
        blocks=blocks,
        footnotes=tuple(note for note in document.footnotes if note[0] in here),
        numbers=document.numbers.format(page=number, pages=pages),
    )


def _measured(
    browser: Browser, document: Document, theme: Theme, scale: float
) -> tuple[list[Piece], tuple[list[Piece], dict[int, float]]]:
    """The pieces over the columns, those in them, and the heights of the footnotes."""
    count = _over_columns(document.blocks) if theme.columns > 1 else 0
    sheet = Sheet(document.blocks[:count], [document.blocks[count:]], document.footnotes)
    html = page_html(document, theme, sheet, measuring=True)
    layout = browser.measure(Page(html, theme.paper.width, None, scale, document.lang))
    around = np.array(
        [
            k
            for k, (kind, parent) in enumerate(
                zip(layout.block.kinds, layout.block.parent.tolist(), strict=True)
            )
            if kind == "text" and parent == -1
        ]
    )
    if len(around) != len(document.blocks) + len(document.footnotes):
        raise AssertionError("the page for measuring has other blocks than the document")
    pieces, notes = pieces_of(document, layout, around, float(theme.paper.margin[0]))
    return pieces[:count], (pieces[count:], notes)


def _over_columns(blocks: tuple[Block, ...]) -> int:
    """How many blocks at the head stand over all columns: title, lead, byline."""
    count = 0
    for block in blocks:
        is_title = isinstance(block, Heading) and block.level == 1 and count == 0
        over = isinstance(block, Paragraph) and block.role in _OVER_COLUMNS
        if not (is_title or (over and count)):
            break
        count += 1
    return count if count < len(blocks) else 0


def _sheet(document: Document, content: PageContent) -> Sheet:
    """The page's blocks where they stand; list depths as the page's document has them."""
    blocks = iter(document.blocks)
    spanning = [next(blocks) for _ in content.spanning]
    columns = [[next(blocks) for _ in column] for column in content.columns]
    return Sheet(
        spanning,
        columns,
        document.footnotes,
        document.header,
        document.footer,
        document.numbers,
    )


def _page(document: Document, theme: Theme, sheet: Sheet, scale: float, lang: str) -> Page:
    html = page_html(document, theme, sheet)
    return Page(html, theme.paper.width, theme.paper.height, scale, lang)


def _from_the_margin(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """The blocks, with no item deeper than the list that holds it here allows.

    A page that begins inside a nested list shows its items in their indent; the
    depth of the page's first item is taken off all that belong to it.
    """
    found: list[Block] = []
    depth, lift = -1, 0
    for block in blocks:
        if isinstance(block, Item) or (isinstance(block, Paragraph) and block.depth):
            if depth < 0:
                lift = block.depth
            lift = min(lift, block.depth)
            allowed = depth + 1 if depth >= 0 else 0
            own = min(block.depth - lift, allowed)
            if isinstance(block, Item):
                depth = own
            found.append(replace(block, depth=own))
        else:
            depth, lift = -1, 0
            found.append(block)
    return tuple(found)


def _check_room(layout: Layout, theme: Theme) -> None:
    """Refuse a page whose text reaches below the column; measuring it must have gone wrong."""
    if theme.paper.height is None:
        return
    limit = (theme.paper.height - theme.paper.margin[2] + _SLACK) * layout.scale
    kinds = layout.block.kinds
    body = [k for k, kind in enumerate(kinds) if kind not in ("footer", "page_number", "footnote")]
    lowest = float(layout.block.frames[body, 3].max(initial=0.0))
    if lowest > limit:
        raise Refused("page_overflow", f"{lowest / layout.scale:.1f} CSS pixels down")
