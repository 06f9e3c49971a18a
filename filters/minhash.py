"""MinHash signatures of many texts at once, and the bands by which near-duplicates meet.

A text is the set of its shingles: runs of `SHINGLE` units (see `filters.words`:
words, or single letters of Korean, Japanese, Chinese). Two texts are as similar
as the Jaccard index of their sets, which the share of equal places in two
signatures estimates (Broder 1997). Signatures that agree in all rows of a band
meet (Indyk & Motwani 1998); what meets is verified by the estimate.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from filters.words import Units, mix, ngrams, units
from records import digest, generator

#: Units a shingle: five words, as in the corpora built before (FineWeb, SlimPajama's kin).
SHINGLE = 5
#: Places of a signature; the estimate of a similarity of 0.8 is off by 0.035 (one sigma).
PLACES = 128
#: Pairs at the threshold that must meet in a band.
MIN_RECALL = 0.95
#: Shingles that are put into places at once: 2 MB, which the cache holds.
_BLOCK = 4096
#: An odd multiplier: 2^64 divided by the golden ratio.
_STEP = np.uint64(0x9E3779B97F4A7C15)

Signatures = NDArray[np.uint32]
_Bounds = Sequence[tuple[int, int]]


def shingles(texts: Sequence[str]) -> Units:
    """The hash of each run of `SHINGLE` units of each text, in order.

    A text of fewer units has one, the hash of itself as it is: short texts are
    equal or nothing ("5 - 3" and "5 + 3" have the same words).
    """
    found = units(texts)
    runs = ngrams(found, SHINGLE)
    short = runs.counts == 0
    offsets = np.concatenate([[0], np.cumsum(np.maximum(runs.counts, 1))])
    hashes = np.empty(offsets[-1], np.uint64)
    whole = np.zeros(len(hashes), bool)
    whole[offsets[:-1][short]] = True
    hashes[~whole] = runs.hashes
    hashes[whole] = [int(digest(texts[row])[:16], 16) for row in np.flatnonzero(short).tolist()]
    return Units(hashes, offsets)


def text_signatures(texts: Sequence[str], engine: str = "numpy") -> Signatures:
    """The signature of each text, shape (texts, PLACES)."""
    return set_signatures(shingles(texts), engine)


def set_signatures(sets: Units, engine: str = "numpy") -> Signatures:
    """The signature of each set of hashes, shape (sets, PLACES); no set is empty.

    Of the upper half of the hashes a place has the least value that a
    permutation gives: multiply-add modulo 2^32, as in datasketch's `affine32`.
    """
    hashes = (sets.hashes >> np.uint64(32)).astype(np.uint32)
    bounds = list(itertools.pairwise(sets.offsets))
    result = np.empty((len(bounds), PLACES), np.uint32)
    ENGINES[engine](hashes, bounds, result)
    return result


def _sign(hashes: NDArray[np.uint32], bounds: _Bounds, result: Signatures) -> None:
    factors, terms = _permutations()
    block = np.empty((_BLOCK, PLACES), np.uint32)
    result.fill(np.iinfo(np.uint32).max)
    for row, (start, end) in enumerate(bounds):
        for first in range(start, end, _BLOCK):
            some = hashes[first : min(end, first + _BLOCK), np.newaxis]
            places = np.multiply(some, factors, out=block[: len(some)])
            places += terms
            np.minimum(result[row], places.min(axis=0), out=result[row])


def _sign_with_datasketch(hashes: NDArray[np.uint32], bounds: _Bounds, result: Signatures) -> None:
    from datasketch import MinHash

    sets = (hashes[start:end].tolist() for start, end in bounds)
    for row, found in enumerate(MinHash.bulk(sets, num_perm=PLACES, hashfunc=int)):
        result[row] = found.hashvalues


#: Who computes signatures. `numpy` is the default: it is the fastest (benchmarks/curate.py), as
#: datasketch goes through Python integers; that is the one others know and have checked.
ENGINES: dict[str, Callable[[NDArray[np.uint32], _Bounds, Signatures], None]] = {
    "numpy": _sign,
    "datasketch": _sign_with_datasketch,
}


def similarity(one: Signatures, other: Signatures) -> NDArray[np.float64]:
    """The estimated Jaccard index of each pair of rows, 0..1."""
    # Bits are counted ten times as fast as a mean of booleans is taken.
    equal = np.packbits(one == other, axis=1)
    return np.bitwise_count(equal).sum(axis=1, dtype=np.int64) / PLACES


def bands_and_rows(threshold: float) -> tuple[int, int]:
    """How many bands of how many rows: the longest that lose few pairs at the threshold.

    A pair of similarity s meets with the probability 1 - (1 - s^rows)^bands. Of
    those that meet far below the threshold only time is lost, as all are verified.
    Raises ValueError for a threshold so low that no bands do.
    """
    for rows in range(PLACES, 0, -1):
        bands = PLACES // rows
        if 1 - (1 - threshold**rows) ** bands >= MIN_RECALL:
            return bands, rows
    raise ValueError(f"a similarity of {threshold} cannot be found with {PLACES} places")


def band_keys(found: Signatures, bands: int, rows: int) -> NDArray[np.uint64]:
    """A key for each band of each signature, shape (signatures, bands); bands do not mix."""
    places = found[:, : bands * rows].reshape(len(found), bands, rows)
    keys = np.broadcast_to(np.arange(bands, dtype=np.uint64), (len(found), bands)).copy()
    for row in range(rows):
        keys *= _STEP
        keys += places[:, :, row]
    return mix(keys)


@cache
def _permutations() -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    random = generator(0, "minhash")
    factors = random.integers(0, 1 << 31, PLACES, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return factors, random.integers(0, 1 << 32, PLACES, dtype=np.uint32)
