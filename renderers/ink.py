"""Boxes moved to the ink: where a character's pixels are, inside the box of its layout.

The layout's boxes are as high as the font's ascent and descent, which differ
from font to font: 1.45 em in Noto CJK, around letters of half that. Who reads
pictures, as Tesseract or a person with a mouse, boxes the ink. For clean
pictures only, before any effect.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from renderers.layout import Blocks, Boxes, Layout, Level, unions

#: Difference of a channel, 0..255, from what is behind the text, from which a pixel is ink. A
#: glyph's thin strokes keep about a third of their contrast, which checks hold above 3:1.
MIN_DIFFERENCE = 40
#: The share of a box's height, above and below, where another line's ink may come in: as far
#: as lines set solid overlap in the tallest font (Noto CJK).
_MARGIN = 1 / 3


@dataclass(frozen=True)
class Inked:
    """A layout with boxes on the ink."""

    layout: Layout
    #: bool (characters,): which have any ink. The boxes of others are left as they were.
    inked: NDArray[np.bool_]


def tighten(layout: Layout, pixels: NDArray[np.uint8]) -> Inked:
    """The layout with all boxes of text around its ink, to whole pixels.

    Text on a picture or a gradient keeps its boxes and counts as inked: what is
    ink there cannot be told. Ink that comes in through the upper or lower edge
    and ends before the middle third is a neighbouring line's, and a row of ink
    as wide as the box is a rule; both stay outside. An underscore is such a row.
    """
    char = layout.char
    boxes, inked = char.boxes.copy(), np.ones(len(char), np.bool_)
    backgrounds = [style.background for style in layout.styles]
    for colour in dict.fromkeys(b for b in backgrounds if b is not None):
        styles = [k for k, b in enumerate(backgrounds) if b == colour]
        mine = np.flatnonzero(np.isin(char.style, styles))
        if len(mine):
            boxes[mine], inked[mine] = _around_ink(char.boxes[mine], pixels, colour)
            # An underscore is a rule as wide as its box, a comma comes in from below.
            low = mine[~inked[mine] & [_is_sign(char.labels[k]) for k in mine.tolist()]]
            if len(low):
                boxes[low], inked[low] = _around_ink(char.boxes[low], pixels, colour, margin=0.0)
    formulas = _formula_boxes(layout, pixels)
    pieces, in_formula = boxes.copy(), char.formula >= 0
    pieces[in_formula] = formulas[char.formula[in_formula]]
    words = unions(pieces, np.flatnonzero(np.diff(char.parent, prepend=-1)))
    lines = unions(words, np.flatnonzero(np.diff(layout.word.parent, prepend=-1)))
    return Inked(
        replace(
            layout,
            char=replace(char, boxes=boxes),
            word=replace(layout.word, boxes=words),
            line=replace(layout.line, boxes=lines),
            block=_block_boxes(layout.block, replace(layout.line, boxes=lines)),
            formulas=replace(layout.formulas, boxes=formulas),
        ),
        inked,
    )


def _is_sign(grapheme: str) -> bool:
    return unicodedata.category(grapheme[0])[0] in "PS"


def _around_ink(
    boxes: Boxes, pixels: NDArray[np.uint8], colour: tuple[int, int, int], margin: float = _MARGIN
) -> tuple[Boxes, NDArray[np.bool_]]:
    """The boxes around the ink within each, and which have any."""
    height, width = pixels.shape[:2]
    edges = np.hstack([np.floor(boxes[:, :2] + 0.25), np.ceil(boxes[:, 2:] - 0.25)]).astype(
        np.int64
    )
    edges = np.clip(edges, 0, [width, height, width, height])
    left, top, right, bottom = edges.T
    sums, x0, y0 = _ink_sums(edges, pixels, colour)
    left, right, top, bottom = left - x0, right - x0, top - y0, bottom - y0
    rows = _profile(sums, left, right, top, bottom)
    first, last = _rows_of_ink(rows, right - left, bottom - top, margin)
    columns = _profile(sums.T, top + first, top + last, left, right) > 0
    inked = (last > first) & columns.any(axis=1)
    begin = columns.argmax(axis=1)
    end = columns.shape[1] - columns[:, ::-1].argmax(axis=1)
    found = np.stack(
        [left + begin + x0, top + first + y0, left + end + x0, top + last + y0], axis=1
    )
    return np.where(inked[:, None], found, boxes), inked


def _ink_sums(
    edges: NDArray[np.int64], pixels: NDArray[np.uint8], colour: tuple[int, int, int]
) -> tuple[NDArray[np.int32], int, int]:
    """How many pixels of ink are above and left of each point around the boxes; its origin."""
    x0, y0 = int(edges[:, 0].min()), int(edges[:, 1].min())
    x1, y1 = int(edges[:, 2].max()), int(edges[:, 3].max())
    part = pixels[y0:y1, x0:x1]
    low = tuple(c - MIN_DIFFERENCE for c in colour)
    high = tuple(c + MIN_DIFFERENCE for c in colour)
    paper = cv2.inRange(part, low, high)
    ink = cv2.threshold(paper, 0, 1, cv2.THRESH_BINARY_INV)[1]
    return np.asarray(cv2.integral(ink), np.int32), x0, y0


def _profile(
    sums: NDArray[np.int32],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    begin: NDArray[np.int64],
    end: NDArray[np.int64],
) -> NDArray[np.int32]:
    """Ink in each row `begin` to `end` of every box, from column `low` to `high`: (N, longest)."""
    longest = int((end - begin).max(initial=0))
    steps = begin[:, None] + np.arange(longest + 1)
    steps = np.minimum(steps, end[:, None])
    across = sums[steps, high[:, None]] - sums[steps, low[:, None]]
    return np.diff(across, axis=1)


def _rows_of_ink(
    rows: NDArray[np.int32], widths: NDArray[np.int64], heights: NDArray[np.int64], margin: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first row of ink of every box, and the one after the last; equal where there is none."""
    place = np.arange(rows.shape[1])
    above = _foreign(rows, widths, heights, margin)
    # The same from below: every box's rows turned round, its own last one first.
    turned = (heights[:, None] - 1 - place) % np.maximum(heights, 1)[:, None]
    upside_down = np.where(place < heights[:, None], np.take_along_axis(rows, turned, 1), 0)
    below = heights - _foreign(upside_down, widths, heights, margin)
    own = (rows > 0) & (place >= above[:, None]) & (place < below[:, None])
    any_row = own.any(axis=1)
    first = np.where(any_row, own.argmax(axis=1), 0)
    last = np.where(any_row, rows.shape[1] - own[:, ::-1].argmax(axis=1), 0)
    return first.astype(np.int64), last.astype(np.int64)


def _foreign(
    rows: NDArray[np.int32], widths: NDArray[np.int64], heights: NDArray[np.int64], margin: float
) -> NDArray[np.int64]:
    """How many rows at the top of every box are not its own."""
    near = np.arange(rows.shape[1]) < np.floor(heights * margin)[:, None]
    blank = near & (rows == 0)
    comes_in = (rows[:, 0] > 0) & blank.any(axis=1)
    first = np.where(comes_in, blank.argmax(axis=1), 0)
    rules = near & (rows >= widths[:, None])
    last_rule = rows.shape[1] - rules[:, ::-1].argmax(axis=1)
    return np.maximum(first, np.where(rules.any(axis=1), last_rule, 0)).astype(np.int64)


def _formula_boxes(layout: Layout, pixels: NDArray[np.uint8]) -> Boxes:
    """Formulas around their ink: roots and braces are no characters."""
    boxes = layout.formulas.boxes.copy()
    style = np.full(len(boxes), -1)
    mine = np.flatnonzero(layout.char.formula >= 0)
    style[layout.char.formula[mine]] = layout.char.style[mine]
    backgrounds = [s.background for s in layout.styles]
    for colour in dict.fromkeys(backgrounds[k] for k in style.tolist() if k >= 0):
        rows = np.flatnonzero([k >= 0 and backgrounds[k] == colour for k in style.tolist()])
        if colour is not None:
            # A fraction's bar is as wide as the formula, and its own.
            boxes[rows] = _around_ink(boxes[rows], pixels, colour, margin=0.0)[0]
    return boxes


def _block_boxes(blocks: Blocks, lines: Level) -> Blocks:
    """The blocks around their own lines; those that hold others keep their frames."""
    holds = np.zeros(len(blocks), np.bool_)
    holds[blocks.parent[blocks.parent >= 0]] = True
    begin = np.flatnonzero(np.diff(lines.parent, prepend=-1))
    boxes = blocks.boxes.copy()
    around = unions(lines.boxes, begin)
    own = lines.parent[begin]
    free = ~holds[own]
    boxes[own[free]] = around[free]
    return replace(blocks, boxes=boxes)
