"""From signatures that meet in a band to pairs that are similar, and to clusters.

Of the rows that meet, the first is the centre of a star: all that are similar to
it are tied to it and are done, and of those that are not, the first is the next
centre. So a bucket of a million copies costs a million comparisons, not 10^12,
and what is left of it for other workers to compare is its centres.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filters.clusters import components
from filters.minhash import band_keys, bands_and_rows, similarity, text_signatures

#: Stars of one bucket; what is still not similar to any of that many centres stays apart. Only
#: boilerplate brings so many different rows together, and other bands bring the similar ones.
MAX_STARS = 64
#: Pairs that are compared at once: 64 MB of signatures.
_PAIRS = 1 << 16
#: Texts that are signed at once: their words fit the cache.
_TEXTS = 1000

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Stars:
    """Similar pairs, and who may still meet others."""

    centre: Rows
    member: Rows
    similarity: NDArray[np.float64]
    #: All rows but the members, in order.
    left: Rows


def find_stars(
    keys: NDArray[np.uint64],
    compare: Callable[[Rows, Rows], NDArray[np.float64]],
    threshold: float,
) -> Stars:
    """The stars among rows of equal keys; `compare` gives the similarity of pairs of rows.

    Rows are told by their place in `keys`; of equal rows the smallest place is the centre.
    """
    order = np.argsort(keys, kind="stable")
    same = keys[order][1:] == keys[order][:-1]
    centres, members, similarities = [], [], []
    rows = order[np.concatenate([[False], same]) | np.concatenate([same, [False]])[: len(order)]]
    for _ in range(MAX_STARS):
        if not len(rows):
            break
        first = np.concatenate([[True], keys[rows][1:] != keys[rows][:-1]])
        centre = rows[first][np.cumsum(first) - 1][~first]
        rows = rows[~first]
        score = _compare(centre, rows, compare)
        near = score >= threshold
        centres.append(centre[near])
        members.append(rows[near])
        similarities.append(score[near])
        rows = rows[~near]
    nothing = np.zeros(0, np.int64)
    member = np.concatenate([nothing, *members])
    left = np.ones(len(keys), bool)
    left[member] = False
    return Stars(
        np.concatenate([nothing, *centres]),
        member,
        np.concatenate([np.zeros(0), *similarities]),
        np.flatnonzero(left),
    )


def _compare(
    one: Rows, other: Rows, compare: Callable[[Rows, Rows], NDArray[np.float64]]
) -> NDArray[np.float64]:
    starts = range(0, len(one), _PAIRS)
    found = [compare(one[i : i + _PAIRS], other[i : i + _PAIRS]) for i in starts]
    return np.concatenate([np.zeros(0), *found])


def cluster_texts(texts: Sequence[str], threshold: float = 0.8) -> Rows:
    """For each text the first of its cluster of near-duplicates; itself where it has none.

    The stage `near_dedupe` does the same for data of any size.
    """
    starts = range(0, len(texts), _TEXTS)
    signed = [text_signatures(texts[start : start + _TEXTS]) for start in starts]
    leaders = np.arange(len(texts))
    if not signed:
        return leaders
    signatures = np.concatenate(signed)

    def compare(one: Rows, other: Rows) -> NDArray[np.float64]:
        return similarity(signatures[one], signatures[other])

    stars = [
        find_stars(keys, compare, threshold)
        for keys in band_keys(signatures, *bands_and_rows(threshold)).T
    ]
    one = np.concatenate([s.centre for s in stars]).astype(np.uint64)
    other = np.concatenate([s.member for s in stars]).astype(np.uint64)
    nodes, roots = components(one, other)
    leaders[nodes.astype(np.int64)] = roots.astype(np.int64)
    return leaders
