"""Which pictures of a document are content: by their size, and by what is drawn in them.

Small and long pictures are icons, buttons and rules, unless they are black
strokes on white: a formula is as low as a line of text. Limits were set on the
pictures of LibreOffice's help and scikit-learn's documentation, Pillow's test
images, wallpapers, and the icons of GNOME and Tango, by looking at both sides.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from filters.rules import Decision, Measures

#: Pixels. What is less in one direction is a spacer, a rule or a tracker.
MIN_SHORT_SIDE = 4

#: The least share of pixels that are edges. Below are empty pages, gradients, a page
#: with nothing but its number (0.0005); above a page with one line (0.0035), the
#: softest photo (a lake in fog, 0.0028) and the faintest drawing (0.0015).
MIN_EDGES = 0.001

#: Strokes a row from which a small picture is writing: LibreOffice's formulas
#: have 5.3 to 12; cursors and other black icons up to 3.4, and 95% of GNOME's fewer than 4.4.
WRITING_STROKES = 5.0
#: It is wider than high by so much: Tango's arrows for "next track" are squares of 5.1 strokes.
WRITING_WIDTH = 1.5
#: Pixels of the height of a line of writing, and how long it may be: a formula of a whole line.
WRITING_SIDE, WRITING_ASPECT = 16, 40.0

#: Icons come in squares of 64 to 128 pixels, with nothing at the border. All 692 large
#: icons of GNOME have more than this share of it plain, and 2 of 62 photos of VOC.
ICON_SIDE, ICON_ASPECT, ICON_BORDER = 128, 1.1, 0.9


def judge_pictures(
    widths: ArrayLike,
    heights: ArrayLike,
    measures: Measures,
    *,
    min_side: int,
    max_aspect: float,
) -> Decision:
    """For each picture the first reason to leave it out, or None.

    Sides are those of the picture, in pixels; `measures` are those of its view
    (`measure_pictures`).

        image_tracker     the short side is a few pixels
        image_blank       nothing is drawn: one colour, or a gradient
        image_too_narrow  a rule, a banner; writing may be longer
        image_too_small   an icon, a button; writing may be lower
        image_icon        a larger icon: square, small, with a plain border
    """
    w, h = np.asarray(widths, np.float64), np.asarray(heights, np.float64)
    short, long = np.minimum(w, h), np.maximum(w, h)
    aspect = long / np.maximum(short, 1)
    writing = (measures["strokes"] >= WRITING_STROKES) & (w >= WRITING_WIDTH * h)
    least = np.where(writing, np.minimum(min_side, WRITING_SIDE), min_side)
    most = np.where(writing, np.maximum(max_aspect, WRITING_ASPECT), max_aspect)
    square = (long <= ICON_SIDE) & (aspect <= ICON_ASPECT) & ~writing
    icon_border = np.where(square, ICON_BORDER, np.inf)
    rules = (
        ("image_tracker", short < MIN_SHORT_SIDE, short, MIN_SHORT_SIDE),
        ("image_blank", measures["edges"] < MIN_EDGES, measures["edges"], MIN_EDGES),
        ("image_too_narrow", aspect > most, aspect, most),
        ("image_too_small", short < least, short, least),
        ("image_icon", measures["border"] >= icon_border, measures["border"], icon_border),
    )
    return _first_broken(rules, len(w))


def _first_broken(
    rules: tuple[tuple[str, NDArray[np.bool_], NDArray, ArrayLike], ...], count: int
) -> Decision:
    reason = np.full(count, None, dtype=object)
    score, threshold = np.full(count, np.nan), np.full(count, np.nan)
    for name, broken, values, limit in reversed(rules):
        reason[broken] = name
        score[broken] = values[broken]
        threshold[broken] = np.broadcast_to(limit, (count,))[broken]
    return Decision(reason, score, threshold)
