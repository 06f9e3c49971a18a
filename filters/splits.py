"""Training, validation and test rows that do not know each other.

Rows of one document, and rows whose texts are near-duplicates, are one group;
a group goes to one split. Within each stratum groups are ordered by hash and
cut by rows, so that every split has its share of every label and language.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from filters.words import mix, units
from records import generator, uniform

SPLITS = ("train", "validation", "test")
#: The share of rows that validation and test get, each.
HELD_OUT = 0.1
#: Units of a shingle.
SHINGLE = 5
#: MinHash: two texts are surely grouped well above a Jaccard similarity of
#: (1 / BANDS)^(1 / BAND) = 0.59. Too many groups leak; too few only cost balance.
BANDS, BAND = 8, 4
_ODD = np.uint64(0x9E3779B97F4A7C15)


def near_duplicate_keys(texts: Sequence[str]) -> NDArray[np.uint64]:
    """MinHash bands (Broder 1997), shape (texts, BANDS): near-duplicates share one.

    Texts without a word share none.
    """
    found = units(texts)
    starts = found.offsets[:-1]
    # Padded, so that a text shorter than a shingle is one all the same.
    padded = np.concatenate([found.hashes, np.zeros(SHINGLE, np.uint64)])
    count = len(found.hashes)
    ends = np.repeat(found.offsets[1:], found.counts)
    shingles = np.zeros(count, np.uint64)
    for step in range(SHINGLE):
        within = np.arange(step, count + step) < ends
        shingles = mix(shingles + _ODD) + np.where(within, padded[step : count + step], 0)
    seeds = generator(0, "near-duplicate keys").integers(2**64, size=(BANDS, BAND), dtype=np.uint64)
    keys = mix(np.arange(len(texts) * BANDS, dtype=np.uint64)).reshape(len(texts), BANDS)
    some = np.flatnonzero(found.counts)
    for band in range(BANDS):
        key = np.full(len(some), band, np.uint64)
        for seed in seeds[band]:
            least = np.minimum.reduceat(mix(shingles ^ seed), starts[some]) if len(some) else key
            key = mix(key ^ least)
        keys[some, band] = key
    return keys


def group(keys: Sequence[NDArray]) -> NDArray[np.int64]:
    """The group of each row, as the first row in it: rows with a key in common are together.

    `keys` are arrays of one length, of one kind of key each.
    """
    places = [np.unique(key, return_inverse=True)[1] for key in keys]
    label = np.arange(len(places[0]), dtype=np.int64)
    while True:
        before = label
        for place in places:
            least = np.full(place.max(initial=-1) + 1, len(label), np.int64)
            np.minimum.at(least, place, label)
            label = least[place]
        if np.array_equal(before, label):
            return label


def split(
    groups: NDArray[np.int64], strata: Sequence[str], ids: Sequence[str], seed: int
) -> NDArray[np.int64]:
    """The split of each row, as an index into `SPLITS`, whatever order the rows are in.

    A group is named by the least id in it, and belongs to that row's stratum.
    """
    by_id = np.lexsort((np.asarray(ids, dtype=str), groups))
    names, first, sizes = np.unique(groups[by_id], return_index=True, return_counts=True)
    heads = by_id[first]
    stratum = np.asarray(strata, dtype=str)[heads]
    keys = np.array([uniform(seed, "split", ids[row]) for row in heads])
    chosen = np.zeros(len(names), np.int64)
    for name in np.unique(stratum):
        mine = np.flatnonzero(stratum == name)
        mine = mine[np.argsort(keys[mine])]
        middle = (np.cumsum(sizes[mine]) - sizes[mine] / 2) / sizes[mine].sum()
        chosen[mine] = np.digitize(middle, (1 - 2 * HELD_OUT, 1 - HELD_OUT))
    return chosen[np.searchsorted(names, groups)]
