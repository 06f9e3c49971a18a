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
_NO_ROWS = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Stars:
    """Similar pairs, and who may still meet others."""

    centre: Rows
    member: Rows
    similarity: NDArray[np.float64]
    #: The rows of `keys` that are no member where they met, and the columns.
    left: tuple[Rows, Rows]


def find_stars(
    keys: NDArray[np.uint64],
    compare: Callable[[Rows, Rows], NDArray[np.float64]],
    threshold: float,
) -> Stars:
    """The stars among rows that have a key in common.

    `keys` has the shape (rows, bands), its columns different keys; `compare`
    gives the similarity of pairs of rows. The smallest row is the centre.
    """
    flat, bands = keys.reshape(-1), keys.shape[1]
    order = np.argsort(flat)
    same = flat[order][1:] == flat[order][:-1]
    meets = np.concatenate([[False], same]) | np.concatenate([same, [False]])
    places = order[meets[: len(order)]]
    left = np.ones(len(flat), bool)
    centres, members, similarities = [_NO_ROWS], [_NO_ROWS], [np.zeros(0)]
    for _ in range(MAX_STARS):
        if not len(places):
            break
        first = np.flatnonzero(np.concatenate([[True], flat[places][1:] != flat[places][:-1]]))
        sizes = np.diff(np.append(first, len(places)))
        smallest = np.repeat(np.minimum.reduceat(places, first), sizes)
        others = places != smallest
        centre, places = smallest[others], places[others]
        score = _compare(centre // bands, places // bands, compare)
        near = score >= threshold
        left[places[near]] = False
        centres.append(centre[near] // bands)
        members.append(places[near] // bands)
        similarities.append(score[near])
        places = places[~near]
    remaining = np.flatnonzero(left)
    return Stars(
        np.concatenate(centres),
        np.concatenate(members),
        np.concatenate(similarities),
        (remaining // bands, remaining % bands),
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

    stars = find_stars(band_keys(signatures, *bands_and_rows(threshold)), compare, threshold)
    nodes, roots = components(stars.centre.astype(np.uint64), stars.member.astype(np.uint64))
    leaders[nodes.astype(np.int64)] = roots.astype(np.int64)
    return leaders
