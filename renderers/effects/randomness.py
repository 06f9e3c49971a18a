"""Noise, coarse and fine, for a few milliseconds a picture."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

#: Levels of `fine_noise` a standard deviation: 4 deviations fit into 8 bits.
NOISE_UNIT = 32
#: Numbers of the pool that fine noise is cut from: each is met again some 40 times in
#: the 10 million of a page, each time between other rows.
_POOL = 1 << 18
#: Spots larger than that many pixels are drawn smaller, by that much, and stretched.
_STRETCH = 8


def fine_noise(shape: tuple[int, ...], random: np.random.Generator) -> NDArray[np.int8]:
    """Normal noise of deviation NOISE_UNIT.

    Each row is a stretch of one pool from a random place: 5 ms for 10 million values,
    of which a draw for each would take 140.
    """
    row = math.prod(shape[1:])
    pool = random.standard_normal(max(_POOL, 2 * row), dtype=np.float32) * NOISE_UNIT
    whole = np.clip(np.round(pool), -127, 127).astype(np.int8)
    starts = random.integers(0, len(whole) - row, shape[0])
    return sliding_window_view(whole, row)[starts].reshape(shape)


def smooth_noise(
    rows: int, columns: int, cell: tuple[float, float], random: np.random.Generator
) -> NDArray[np.float32]:
    """Normal noise (rows, columns) whose spots are about `cell` (high, wide) pixels large."""
    sides = tuple(zip((rows, columns), cell, strict=True))
    spots = random.standard_normal(
        [max(2, round(side / size) + 1) for side, size in sides], dtype=np.float32
    )
    # Cubic, as linear ones would show their squares; by then nothing is left to show.
    between = [max(1, side // _STRETCH) if size > 2 * _STRETCH else side for side, size in sides]
    if between != [rows, columns]:
        spots = np.asarray(
            cv2.resize(spots, between[::-1], interpolation=cv2.INTER_CUBIC), np.float32
        )
        how = cv2.INTER_LINEAR
    else:
        how = cv2.INTER_CUBIC
    return np.asarray(cv2.resize(spots, (columns, rows), interpolation=how), np.float32)
