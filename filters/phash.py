"""Perceptual hashes: which pictures are copies of one another, whatever their size and encoding.

    thumbnails   64 x 64 grey, whatever the proportions
    hash         the signs of its 16 x 16 lowest waves, 256 bits
    bands        the eight words of 32 bits: copies have one in common (LSH)
    verified     by the distance of the hashes, then by the pictures themselves

The hash is that of pHash and of PDQ (Facebook 2019, "The TMK+PDQF Video-Hashing
Algorithm and the PDQ Image-Hashing Algorithm"), with one change: a wave below
`FLOOR` is a 0. A symmetric picture has waves that are nothing but noise, and in
PDQ their bits are the toss of a coin: of 5,427 copies 62 were further than 32
bits from their original without the floor, 13 with it.

**A hash alone does not tell plots apart.** Two curves on the same axes differ by
8 to 20 bits, as two copies of one photo may. `differences` looks at the pictures.

Measured on 1,080 pictures (LibreOffice's help, scikit-learn's plots, mpmath's
plots, wallpapers, VOC, pages of PDFs): 4,736 copies of 531 of them, of JPEG quality
30 and 75, WebP, a quarter to 1.4 of the size, 64 colours; and the 582,660 pairs of
different pictures. Copies differ by 3 bits (median), 10 (95%), 16 (99%), 35 (99.9%),
and 99.3% of them share a band.

    bits at most    copies found   of these verified   different, in a band   verified
              12          97.5%               92.9%                     12          1
              16          98.7%               93.7%                     21          1
              24          99.0%               93.8%                     29          1
              32          99.2%               93.8%                     46          1

The one is a photo reduced to 64 colours in two ways. What is not verified are copies
that lost detail: of WebP and JPEG 75 it finds 99.8%, of JPEG 30 or half the size 96%,
of 37% of the size as JPEG 50 85%, of 64 colours 88%.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

#: Pixels a side of what is hashed.
THUMBNAIL_SIDE = 64
#: Waves a side: the frequencies 1 to 16; 0 is brightness, which copies change.
FREQUENCIES = 16
HASH_BITS = FREQUENCIES**2
#: Bands of the hash, by which copies meet; of 32 bits each.
BANDS = 8
#: The least amplitude of a wave, in levels: the noise of JPEG has 1 to 3.
FLOOR = 4.0
#: A hash with fewer ones is none: blank pages, pages of three words, faint stripes.
MIN_ONES = 32

#: Bits in which copies may differ: with 32 no more copies are verified, and there are half
#: as many strangers again to look at (table above).
MAX_DISTANCE = 24
#: Pixels a side of what is compared in the end.
DETAIL_SIDE = 128
#: Levels that `differences` may find in copies. The closest different plots have 18.2
#: (two classifiers' regions whose border moved), 20.8, 29.2; 95% of JPEGs of quality 30 have 14.
MAX_DIFFERENCE = 16.0
#: How far the proportions of copies may be apart: one pixel in 40.
MAX_STRETCH = 1.025

_DIGITS = HASH_BITS // 4


def thumbnails(views: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """What is hashed of each view (see `filters.pixels`): shape (N, 64, 64)."""
    pixels = [np.asarray(_grey(view, (THUMBNAIL_SIDE, THUMBNAIL_SIDE))) for view in views]
    return np.array(pixels, np.uint8).reshape(-1, THUMBNAIL_SIDE, THUMBNAIL_SIDE)


def perceptual_hashes(thumbnails: NDArray[np.uint8]) -> list[str | None]:
    """The hash of each thumbnail as 64 hex digits; None where it shows too little to have one.

    Every run of 8 digits is a band, and holds waves of all frequencies.
    """
    basis = _basis()
    waves = (basis @ thumbnails.astype(np.float32) @ basis.T).reshape(-1, HASH_BITS)
    ones = waves > np.maximum(np.median(waves, axis=1, keepdims=True), FLOOR)
    dealt = ones.reshape(-1, HASH_BITS // BANDS, BANDS).transpose(0, 2, 1).reshape(-1, HASH_BITS)
    enough = ones.sum(axis=1) >= MIN_ONES
    rows = np.packbits(dealt, axis=1)
    return [row.tobytes().hex() if full else None for row, full in zip(rows, enough, strict=True)]


def hash_words(hashes: Sequence[str]) -> NDArray[np.uint32]:
    """Hashes as numbers, shape (N, 8): a column is a band."""
    if any(len(text) != _DIGITS for text in hashes):
        raise ValueError(f"a perceptual hash has {_DIGITS} hex digits")
    return np.frombuffer(bytes.fromhex("".join(hashes)), ">u4").reshape(-1, BANDS).astype(np.uint32)


def hamming(a: NDArray[np.uint32], b: NDArray[np.uint32]) -> NDArray[np.int64]:
    """In how many bits hashes differ, 0..256; `a` and `b` are `hash_words`, or broadcast so."""
    return np.bitwise_count(a ^ b).sum(axis=-1, dtype=np.int64)


def near_hashes(
    words: NDArray[np.uint32], others: NDArray[np.uint32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places (in `words`, in `others`) of hashes that share a band and are near, each pair once.

    Both have the shape (N, 8).
    """
    pairs = [np.zeros((2, 0), np.int64)]
    for band in range(BANDS):
        order = np.argsort(others[:, band], kind="stable")
        known = others[order, band]
        first = np.searchsorted(known, words[:, band], side="left")
        last = np.searchsorted(known, words[:, band], side="right")
        # One hash at a time where it meets any: a picture may be there a thousand times.
        for one in np.flatnonzero(last > first):
            met = order[first[one] : last[one]]
            near = met[hamming(words[one], others[met]) <= MAX_DISTANCE]
            pairs.append(np.stack([np.full(len(near), one), near]))
    found = np.unique(np.concatenate(pairs, axis=1), axis=1)
    return found[0], found[1]


def differences(
    a: Sequence[NDArray[np.uint8]], b: Sequence[NDArray[np.uint8]]
) -> NDArray[np.float64]:
    """How much each view of `a` differs from that of `b` at the place of most difference.

    In levels of grey, 0..255; infinite where the proportions differ. The larger
    view is scaled down to the smaller first. A pixel differs only by what no
    neighbour of the other's pixel has: that forgives half a pixel of resampling,
    and no line of a plot.
    """
    return np.array([_difference(x, y) for x, y in zip(a, b, strict=True)], np.float64)


def _difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    if a.shape[0] * a.shape[1] > b.shape[0] * b.shape[1]:
        a, b = b, a
    (height, width), (other_height, other_width) = a.shape[:2], b.shape[:2]
    stretch = (width * other_height) / (height * other_width)
    if not 1 / MAX_STRETCH <= stretch <= MAX_STRETCH:
        return np.inf
    size = (DETAIL_SIDE, DETAIL_SIDE)
    one = np.asarray(_grey(a, size), np.int16)
    scaled = _grey(b, (width, height)).resize(size, Image.Resampling.BILINEAR)
    two = np.asarray(scaled, np.int16)
    apart = np.maximum(_outside(one, two), _outside(two, one))
    half = DETAIL_SIDE // 2
    return float(apart.reshape(half, 2, half, 2).mean(axis=(1, 3)).max())


def _outside(pixels: NDArray[np.int16], other: NDArray[np.int16]) -> NDArray[np.int16]:
    """How far each pixel is from the range of the 3 x 3 pixels of `other` around it."""
    padded = np.pad(other, 1, mode="edge")
    rows_low = np.minimum(np.minimum(padded[:-2], padded[1:-1]), padded[2:])
    rows_high = np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
    low = np.minimum(np.minimum(rows_low[:, :-2], rows_low[:, 1:-1]), rows_low[:, 2:])
    high = np.maximum(np.maximum(rows_high[:, :-2], rows_high[:, 1:-1]), rows_high[:, 2:])
    return np.maximum(np.maximum(pixels - high, low - pixels), 0)


def _grey(view: NDArray[np.uint8], size: tuple[int, int]) -> Image.Image:
    # A triangle filter: with a box, the halves of a picture's size are 8 bits further apart.
    return Image.fromarray(view).convert("L").resize(size, Image.Resampling.BILINEAR)


@cache
def _basis() -> NDArray[np.float32]:
    """Rows of the orthonormal DCT-II, shape (16, 64)."""
    frequency = np.arange(1, FREQUENCIES + 1)[:, np.newaxis]
    angle = np.pi / THUMBNAIL_SIDE * (np.arange(THUMBNAIL_SIDE) + 0.5) * frequency
    return (np.sqrt(2 / THUMBNAIL_SIDE) * np.cos(angle)).astype(np.float32)
