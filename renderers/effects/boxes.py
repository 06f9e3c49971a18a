"""Boxes through a warp: quads, hulls, and how much of each is still in the picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]

#: Points of each side of a box that are moved: a bent line's hull is not that of its
#: corners. Between them a line across a page of 1,600 pixels, bent as far as recipes
#: go, leaves its hull by less than 1.5 pixels at 4, and 0.4 at 8.
SIDE_POINTS = 8


@dataclass(frozen=True, eq=False)
class Moved:
    """Boxes after a warp, in pixels of the new picture. All arrays are of the N boxes."""

    #: (N, 4): the hull of what is inside the picture; zeros where nothing is.
    boxes: NDArray[np.float64]
    #: (N, 4, 2): upper left, upper right, lower right, lower left of the old box, uncut.
    quads: NDArray[np.float64]
    #: (N,): the share of the moved area that is inside the picture, 0..1.
    visible: NDArray[np.float64]


def move_boxes(
    boxes: ArrayLike, warp: Callable[[Points], Points], width: float, height: float
) -> Moved:
    """Boxes (N, 4) through `warp`, which moves points (M, 2), into a picture of that size."""
    return moved_boxes(warp(outlines(boxes)), width, height)


def outlines(boxes: ArrayLike) -> Points:
    """Points on the sides of boxes (N, 4), clockwise from the upper left: (N * 32, 2)."""
    given = np.asarray(boxes, np.float64).reshape(-1, 4)
    corners = given[:, [[0, 1], [2, 1], [2, 3], [0, 3]]]
    step = (np.arange(SIDE_POINTS) / SIDE_POINTS)[:, None]
    start, end = corners[:, :, None], np.roll(corners, -1, axis=1)[:, :, None]
    return (start + (end - start) * step).reshape(-1, 2)


def moved_boxes(points: Points, width: float, height: float) -> Moved:
    """What became of boxes whose `outlines` were moved to `points`."""
    polygons = np.asarray(points, np.float64).reshape(-1, 4 * SIDE_POINTS, 2)
    return Moved(
        boxes=clipped_hulls(polygons, width, height),
        quads=polygons[:, ::SIDE_POINTS],
        visible=visible_share(polygons, width, height),
    )


def visible_share(polygons: Points, width: float, height: float) -> NDArray[np.float64]:
    """The share of each polygon's area (N, K, 2) that is inside the picture; 0 without area."""
    whole = _area_inside(polygons, np.array([-np.inf, np.inf]), np.array([-np.inf, np.inf]))
    inside = _area_inside(polygons, np.array([0, width]), np.array([0, height]))
    share = np.divide(inside, whole, out=np.zeros_like(whole), where=whole > 0)
    return np.clip(share, 0.0, 1.0)


def clipped_hulls(polygons: Points, width: float, height: float) -> NDArray[np.float64]:
    """The upright box (N, 4) of each polygon's (N, K, 2) part in the picture; zeros if none.

    Exact for convex polygons. One with bays may have a part of its hull that only
    joins two pieces.
    """
    hulls = np.zeros((len(polygons), 4))
    for axis, (side, other) in enumerate(((width, height), (height, width))):
        # The extent along an axis of what lies in the picture's band across it.
        start, end, some = _within(polygons, 1 - axis, 0.0, other)
        along = np.stack([p[..., axis] for p in (start, end)])
        low = np.where(some, along, np.inf).min(axis=(0, 2), initial=np.inf)
        high = np.where(some, along, -np.inf).max(axis=(0, 2), initial=-np.inf)
        hulls[:, axis], hulls[:, axis + 2] = np.maximum(low, 0), np.minimum(high, side)
    hulls[(hulls[:, :2] >= hulls[:, 2:]).any(axis=1)] = 0
    return hulls


def _within(
    polygons: Points, axis: int, low: float, high: float
) -> tuple[Points, Points, NDArray[np.bool_]]:
    """Of each polygon's sides the part between two lines: its ends (N, K, 2), and if any is."""
    start, end = polygons, np.roll(polygons, -1, axis=1)
    a, b = start[..., axis], end[..., axis]
    step = b - a
    level = step == 0
    divisor = np.where(level, 1.0, step)
    with np.errstate(over="ignore"):  # all but level: crossed at infinity
        at_low, at_high = (low - a) / divisor, (high - a) / divisor
    first = np.where(level, 0.0, np.maximum(np.minimum(at_low, at_high), 0))
    last = np.where(level, 1.0, np.minimum(np.maximum(at_low, at_high), 1))
    some = np.where(level, (a >= low) & (a <= high), first <= last)
    way = end - start
    return start + way * first[..., None], start + way * last[..., None], some


def _area_inside(
    polygons: Points, across: NDArray[np.float64], down: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Areas (N,) of polygons within a window, by Green's theorem.

    The area is the integral of clip(x, x0, x1) dy along the part of the outline
    with y in y0..y1: where x is clipped, it adds what the window's edge would.
    """
    start, end, some = _within(polygons, 1, *down)
    x1, x2 = start[..., 0], end[..., 0]
    step = np.where(x1 == x2, 1.0, x2 - x1)
    # Between the places where a side crosses the window's edges, clip(x) is linear.
    with np.errstate(over="ignore"):  # all but upright: crossed at infinity
        cuts = [np.where(x1 == x2, 0.0, np.clip((edge - x1) / step, 0, 1)) for edge in across]
    cuts = [np.minimum(*cuts), np.maximum(*cuts)]
    marks = np.stack([np.zeros_like(x1), *cuts, np.ones_like(x1)])
    x = np.clip(x1 + (x2 - x1) * marks, *across)
    means = ((x[1:] + x[:-1]) / 2 * np.diff(marks, axis=0)).sum(axis=0)
    signed = np.where(some, means * (end[..., 1] - start[..., 1]), 0.0).sum(axis=1)
    area: NDArray[np.float64] = np.abs(signed)
    return area
