"""What can be said of a picture by its pixels: how much is drawn in it, and of what kind.

A **view** is the picture as RGB, uint8, of shape (height, width, 3), scaled down
so that its long side is at most `VIEW_SIDE`; a smaller picture is its own view.
All measures are taken of views, so that they mean the same for a scan of 5,000
pixels and for the preview of it. `filters.images` decides by them.

They measure the drawing, not its worth: a forest is more complex than a proof.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from filters.gopher import Measures

#: Pixels of the long side of a view. A printed page of 2,400 pixels has letters of
#: 4 pixels there: no longer legible, but still strokes.
VIEW_SIDE = 512

#: Levels of grey between neighbours that make an edge. Gradients of backgrounds
#: step by 1 or 2, the noise of JPEG by less than 8.
EDGE_LEVELS = 8
#: Pixels a side of the blocks in which text is looked for: one or two lines of a view.
TEXT_BLOCK = 16
#: Levels between ink and paper in a block of text, at least.
TEXT_CONTRAST = 80
#: Of a block of text, the least share that has one level of grey, within 16: its
#: paper. At 0.45 it is 0.8 to 1 of the blocks that have strokes in pages and
#: screenshots, and 0.03 to 0.35 of those in photos (moss, elephants, streets).
TEXT_PAPER = 0.4
#: Ink-paper changes a row and a column of such a block, on average: single lines have fewer.
TEXT_CHANGES_ACROSS, TEXT_CHANGES_DOWN = 1.5, 1.0

#: What counts as most complex: nine of ten photos of VOC have fewer edges and fewer
#: bits of colour (half of them 0.5 and 9.2), nine of ten scanned pages less text.
MOST_EDGES, MOST_COLOUR_BITS, MOST_TEXT = 0.6, 10.0, 0.5

#: Levels: paper is lighter than that, ink darker, and neither has more colour than that.
_PAPER, _INK, _COLOURED = 224, 128, 40
#: The grey of a colour in 256ths, by ITU-R BT.601.
_RED, _GREEN, _BLUE = 77, 150, 29
#: Bits of each channel that are told apart where colours are counted.
_COLOUR_BITS = 5


def measure_pictures(views: Sequence[NDArray[np.uint8]]) -> Measures:
    """Each measure of each view, as arrays of the length of `views`.

    edges           the share of pixels that differ from the next to the right or below
    grey_entropy    bits, 0..8, of the levels of grey
    colour_entropy  bits, 0..15, of the colours, of which 32,768 are told apart
    top_colour      the share of the most frequent colour
    border          the share of the outermost pixels that have the commonest grey there
    text_area       the share of blocks that look like lines of text: an estimate, good
                    enough to tell a page from a plot and a plot from a photo
    strokes         black strokes that a row crosses, on average over rows with any;
                    0 where the picture is not black on white
    complexity      0..1: the mean of edges, and of colours or text, whichever is more
    """
    rows = [_measure(np.ascontiguousarray(view)) for view in views]
    names = _measure(np.zeros((1, 1, 3), np.uint8))
    return {name: np.array([row[name] for row in rows], dtype=np.float64) for name in names}


def grey(view: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A view's levels of grey, of shape (height, width)."""
    wide = view.astype(np.uint16)
    level = (wide[..., 0] * _RED + wide[..., 1] * _GREEN + wide[..., 2] * _BLUE) >> 8
    return level.astype(np.uint8)


def _measure(view: NDArray[np.uint8]) -> dict[str, float]:
    level = grey(view)
    colours = _colours(view)
    edges, text = _edges(level), _text_area(level)
    colour_bits = _entropy(colours)
    kind = max(colour_bits / MOST_COLOUR_BITS, text / MOST_TEXT)
    return {
        "edges": edges,
        "grey_entropy": _entropy(np.bincount(level.ravel(), minlength=256)),
        "colour_entropy": colour_bits,
        "top_colour": float(colours.max() / colours.sum()),
        "border": _border(level),
        "text_area": text,
        "strokes": _strokes(view, level, int(colours.argmax())),
        "complexity": (min(1.0, edges / MOST_EDGES) + min(1.0, kind)) / 2,
    }


def _colours(view: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How often each colour occurs, by its leading bits."""
    lead = (view >> (8 - _COLOUR_BITS)).astype(np.uint16)
    code = (lead[..., 0] << 2 * _COLOUR_BITS) | (lead[..., 1] << _COLOUR_BITS) | lead[..., 2]
    return np.bincount(code.ravel(), minlength=1 << 3 * _COLOUR_BITS)


def _entropy(counts: NDArray[np.int64]) -> float:
    shares = counts[counts > 0] / counts.sum()
    return max(0.0, float(-(shares * np.log2(shares)).sum()))


def _edges(level: NDArray[np.uint8]) -> float:
    signed = level.astype(np.int16)
    across = np.zeros(level.shape, dtype=bool)
    across[:, 1:] = np.abs(signed[:, 1:] - signed[:, :-1]) > EDGE_LEVELS
    across[1:] |= np.abs(signed[1:] - signed[:-1]) > EDGE_LEVELS
    return float(across.mean())


def _border(level: NDArray[np.uint8]) -> float:
    ring = np.concatenate([level[0], level[-1], level[:, 0], level[:, -1]])
    counts = np.bincount(ring >> 4, minlength=17)
    return float((counts[:-1] + counts[1:]).max() / len(ring))


def _text_area(level: NDArray[np.uint8]) -> float:
    """The share of blocks that have paper, ink, and strokes, and a neighbour that has them too."""
    height, width = level.shape
    side = TEXT_BLOCK
    whole = np.pad(level, ((0, -height % side), (0, -width % side)), mode="edge")
    down, across = whole.shape[0] // side, whole.shape[1] // side
    blocks = whole.reshape(down, side, across, side).transpose(0, 2, 1, 3)
    low, high = blocks.min((2, 3)), blocks.max((2, 3))
    found = (high - low) >= TEXT_CONTRAST
    ink = blocks[found]
    if len(ink):
        middle = low[found] + (high[found] - low[found]) // 2
        light = ink > middle[:, np.newaxis, np.newaxis]
        changes_across = (light[:, :, 1:] != light[:, :, :-1]).sum((1, 2)) / side
        changes_down = (light[:, 1:] != light[:, :-1]).sum((1, 2)) / side
        strokes = (changes_across >= TEXT_CHANGES_ACROSS) & (changes_down >= TEXT_CHANGES_DOWN)
        found[found] = strokes & (_paper(ink) >= TEXT_PAPER)
    beside = np.zeros_like(found)
    beside[:, 1:] |= found[:, :-1]
    beside[:, :-1] |= found[:, 1:]
    return float((found & beside).mean())


def _paper(blocks: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The share of each block's pixels that lies within the commonest 16 levels of grey."""
    count, pixels = len(blocks), blocks[0].size
    bins = (blocks.reshape(count, pixels) >> 3).astype(np.int64)
    bins += np.arange(count)[:, np.newaxis] * 32
    histogram = np.bincount(bins.ravel(), minlength=count * 32).reshape(count, 32)
    return (histogram[:, 1:] + histogram[:, :-1]).max(1) / pixels


def _strokes(view: NDArray[np.uint8], level: NDArray[np.uint8], commonest: int) -> float:
    """Ink runs a row, in black on white: a line of letters, a formula."""
    mask = (1 << _COLOUR_BITS) - 1
    paper = [commonest >> shift & mask for shift in (2 * _COLOUR_BITS, _COLOUR_BITS, 0)]
    if min(paper) << (8 - _COLOUR_BITS) < _PAPER:
        return 0.0
    coloured = (view.max(2) - view.min(2)) > _COLOURED
    if coloured.mean() > 0.02:  # the fringes of subpixel rendering are fewer
        return 0.0
    ink = level < _INK
    starts = ink[:, 0] + (ink[:, 1:] & ~ink[:, :-1]).sum(1)
    rows = starts > 0
    return float(starts[rows].mean()) if rows.any() else 0.0
