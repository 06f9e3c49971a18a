"""Which pictures of a document are content, by their size."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def image_reasons(
    widths: ArrayLike, heights: ArrayLike, *, min_side: int, max_aspect: float
) -> NDArray:
    """For each picture the reason to leave it out, or None. Sides are in pixels."""
    w, h = np.asarray(widths, dtype=np.float64), np.asarray(heights, dtype=np.float64)
    short, long = np.minimum(w, h), np.maximum(w, h)
    reasons = np.full(len(w), None, dtype=object)
    reasons[long > max_aspect * short] = "image_too_narrow"
    reasons[short < min_side] = "image_too_small"
    return reasons
