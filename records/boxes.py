"""Boxes [x1, y1, x2, y2] on the integer grid 0..1000, whatever the picture's size.

The grid is the one that EXAONE 4.5 and its kin are trained on. All functions
take and return arrays of shape (N, 4), so a page of words is one call.

The rounding rule, used everywhere: **nearest grid line, halves upward**
(`floor(1000 * x / side + 0.5)`). It moves an edge by at most half a grid step
(side / 2000 pixels), and `normalise(denormalise(b)) == b` for every valid box
and every picture size. A box thinner than half a step would lose its area; it
is widened by one step, inward from the border, because a box without area
teaches nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: The upper end of the grid.
GRID = 1000


def normalise(pixels: ArrayLike, width: float, height: float) -> NDArray[np.int16]:
    """Pixel boxes (N, 4), 0-based with exclusive right and bottom edges, to grid boxes (N, 4).

    Edges outside the picture are clipped to it. Raises ValueError where the
    picture has no area, or a box is not finite, has no area itself, or lies
    wholly outside the picture: no grid box would be true.
    """
    if not (width > 0 and height > 0):
        raise ValueError(f"a picture of {width} x {height} has no area")
    boxes = _as_boxes(pixels, np.float64)
    if not np.isfinite(boxes).all():
        raise ValueError("a box has an edge that is not a finite number")
    if (boxes[:, 2:] <= boxes[:, :2]).any():
        raise ValueError("a box has no area")
    sides = np.array([width, height, width, height], dtype=np.float64)
    if (boxes[:, :2] >= sides[:2]).any() or (boxes[:, 2:] <= 0).any():
        raise ValueError("a box lies outside the picture")
    grid = np.floor(np.clip(boxes / sides, 0.0, 1.0) * GRID + 0.5).astype(np.int16)
    return _widen(grid)


def denormalise(grid: ArrayLike, width: float, height: float) -> NDArray[np.float64]:
    """Grid boxes (N, 4) to pixel boxes (N, 4), fractions kept."""
    sides = np.array([width, height, width, height], dtype=np.float64)
    return _as_boxes(grid, np.float64) * sides / GRID


def clip(pixels: ArrayLike, width: float, height: float) -> NDArray[np.float64]:
    """Pixel boxes cut to the picture; one that lies outside comes back without area."""
    return np.clip(_as_boxes(pixels, np.float64), 0.0, [width, height, width, height])


def valid(grid: ArrayLike) -> NDArray[np.bool_]:
    """Which of the boxes (N, 4) lie in 0..1000 and have an area; shape (N,)."""
    boxes = _as_boxes(grid, np.int64)
    inside = ((boxes >= 0) & (boxes <= GRID)).all(axis=1)
    return inside & (boxes[:, 0] < boxes[:, 2]) & (boxes[:, 1] < boxes[:, 3])


def area(boxes: ArrayLike) -> NDArray[np.float64]:
    """Areas, shape (N,), in the square of the boxes' own unit; 0 for a box inside out."""
    b = _as_boxes(boxes, np.float64)
    return np.prod(np.maximum(b[:, 2:] - b[:, :2], 0.0), axis=1)


def iou(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Intersection over union of every box in `a` (N, 4) with every box in `b` (M, 4): (N, M)."""
    first, second = _as_boxes(a, np.float64), _as_boxes(b, np.float64)
    corner1 = np.maximum(first[:, None, :2], second[None, :, :2])
    corner2 = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.prod(np.maximum(corner2 - corner1, 0.0), axis=2)
    union = area(first)[:, None] + area(second)[None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def _as_boxes(boxes: ArrayLike, dtype: type) -> NDArray:
    array: NDArray = np.asarray(boxes, dtype=dtype)
    if array.size == 0:
        return array.reshape(0, 4)
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"boxes have the shape (N, 4), not {array.shape}")
    return array


def _widen(grid: NDArray[np.int16]) -> NDArray[np.int16]:
    for low, high in ((0, 2), (1, 3)):
        flat = grid[:, low] == grid[:, high]
        at_end = flat & (grid[:, high] == GRID)
        grid[:, high] += (flat & ~at_end).astype(np.int16)
        grid[:, low] -= at_end.astype(np.int16)
    return grid
