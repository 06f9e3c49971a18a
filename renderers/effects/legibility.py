"""Which words of a picture can still be read after a recipe."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from renderers.effects.boxes import Moved
from renderers.errors import Refused

Pixels = NDArray[np.uint8]

#: Levels of standard deviation within a word's box, less that of noise: below, ink and
#: paper are some 20 levels apart.
MIN_CONTRAST = 8.0
#: Of a word's own contrast, what must be left. Of a blurred Latin page Tesseract gets
#: no more letters wrong than of the clean one down to 0.3 (0.3% at most, of 16 and 24
#: pixels, at a sigma of 0.1 em); at 0.25 it is 15 to 25%.
MIN_KEPT = 0.3
#: The share of a picture's words that may be faint: they are flagged, not refused.
MAX_FAINT = 0.02
#: The share of a word that must be in the picture for it to be looked at.
MIN_VISIBLE = 0.5

#: Median of the absolute value of a standard normal variable; the norm of the kernel
#: that takes away what is straight (Immerkær, 1996).
_NORMAL_MEDIAN, _KERNEL_NORM = 0.6745, 6.0
_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


def legible_after(before: Pixels, after: Pixels, boxes: ArrayLike, moved: Moved) -> Refused | None:
    """`too_faint` where more than MAX_FAINT of the words cannot be read, else None.

    `boxes` (N, 4) are the words' in `before`, `moved` what became of them in `after`.
    """
    faint = faint_words(before, after, boxes, moved)
    if faint.sum() <= MAX_FAINT * len(faint):
        return None
    return Refused("too_faint", f"{faint.sum()} of {len(faint)} words")


def faint_words(before: Pixels, after: Pixels, boxes: ArrayLike, moved: Moved) -> NDArray[np.bool_]:
    """Which of the words (N,) have lost too much contrast.

    Those that are mostly out of the picture, and those that never had any, are not
    among them: the one is told by `visible`, the other is a matter of the page.
    """
    had, level_before = _contrast(before, boxes)
    has, level_after = _contrast(after, moved.boxes)
    # To the level of the place: a shadow on ink and paper alike hides nothing.
    kept = (has / level_after) / np.maximum(had / level_before, 1e-9)
    faint = (has < MIN_CONTRAST) | (kept < MIN_KEPT)
    seen: NDArray[np.bool_] = faint & (moved.visible >= MIN_VISIBLE) & (had >= MIN_CONTRAST)
    return seen


def _contrast(pixels: Pixels, boxes: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """In each box (N, 4): the standard deviation of grey, less that of noise; and the mean."""
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    height, width = grey.shape
    sums, squares = cv2.integral2(grey, sdepth=cv2.CV_64F, sqdepth=cv2.CV_64F)
    edges = np.round(np.asarray(boxes, np.float64).reshape(-1, 4)).astype(np.int64)
    x1, y1, x2, y2 = np.clip(edges, 0, [width, height, width, height]).T
    count = np.maximum((x2 - x1) * (y2 - y1), 1)
    mean, square = (
        (table[y2, x2] - table[y1, x2] - table[y2, x1] + table[y1, x1]) / count
        for table in (sums, squares)
    )
    variance = square - mean**2 - noise_floor(grey) ** 2
    return np.sqrt(np.maximum(variance, 0.0)), np.maximum(mean, 1.0)


def noise_floor(grey: NDArray[np.uint8]) -> float:
    """The standard deviation of noise in levels, from every fourth row: 0 for what is drawn.

    A median, so that edges do not count as long as they are on less than half the picture.
    """
    rough = np.abs(cv2.filter2D(grey, cv2.CV_16S, _KERNEL)[::4])
    middle = np.searchsorted(np.bincount(rough.ravel()).cumsum(), rough.size / 2)
    return float(middle) / (_NORMAL_MEDIAN * _KERNEL_NORM)
