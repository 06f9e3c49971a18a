"""Which texts and pictures of an evaluation set stand in the data.

An item of an evaluation set is in a text if the text has most of its n-grams of
13 units (GPT-3's choice, Brown et al. 2020, appendix C; here a share of them
decides instead of any one). A shorter item says too little to be found by
("What is shown in the picture?"): those are found by their pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filters.words import ngrams, units

#: Units an n-gram.
NGRAM = 13
#: An n-gram of more items is the set's own boilerplate ("answer with the letter of the option …");
#: of fewer it may be a passage that they all ask about.
MAX_ITEMS = 200
#: An item of which a smaller share is its own cannot be told from the others by its text.
MIN_OWN = 0.25


@dataclass(frozen=True)
class Index:
    """The n-grams of evaluation items, sorted: who has which."""

    ngram: NDArray[np.uint64]
    #: The item that has each n-gram.
    item: NDArray[np.int64]
    #: By item: how many different n-grams it has; 0 where it is too short to be found.
    sizes: NDArray[np.int64]


@dataclass(frozen=True)
class Matches:
    """Texts and the items that are in them: text k has `share[k]` of the n-grams of an item."""

    text: NDArray[np.int64]
    item: NDArray[np.int64]
    share: NDArray[np.float64]


def index_items(texts: Sequence[str]) -> Index:
    """The index of some items, by their place in `texts`."""
    item, ngram = _ngrams(texts)
    order = np.argsort(ngram, kind="stable")
    item, ngram = item[order], ngram[order]
    _, group, shared_by = np.unique(ngram, return_inverse=True, return_counts=True)
    own = shared_by[group.reshape(-1)] <= MAX_ITEMS if len(ngram) else np.zeros(0, bool)
    counts = np.bincount(item, minlength=len(texts))
    sizes = np.bincount(item[own], minlength=len(texts))
    sizes[sizes < MIN_OWN * counts] = 0
    kept = own & (sizes[item] > 0)
    return Index(ngram[kept], item[kept], sizes)


def find_items(index: Index, texts: Sequence[str], min_share: float) -> Matches:
    """The items of which the texts have at least `min_share` of the n-grams."""
    text, ngram = _ngrams(texts)
    first = np.searchsorted(index.ngram, ngram, side="left")
    count = np.searchsorted(index.ngram, ngram, side="right") - first
    # Every place of the index that a text's n-gram is at.
    text = np.repeat(text, count)
    place = np.repeat(first - np.cumsum(count) + count, count) + np.arange(len(text))
    pairs, found = np.unique(np.stack([text, index.item[place]]), axis=1, return_counts=True)
    share = found / index.sizes[pairs[1]]
    enough = share >= min_share
    return Matches(pairs[0][enough], pairs[1][enough], share[enough])


def _ngrams(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """(text, n-gram), each n-gram of a text once."""
    found = ngrams(units(texts), NGRAM)
    owner = np.repeat(np.arange(len(texts), dtype=np.uint64), found.counts)
    pairs = np.unique(np.stack([owner, found.hashes]), axis=1)
    return pairs[0].astype(np.int64), pairs[1]
