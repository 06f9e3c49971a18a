"""Paragraphs, and keys by which the same ones are found on many pages of a site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters.words import hash_texts, mix, units
from records import digest

#: A paragraph of fewer units is a heading or a label ("See also", "관련 항목"): it says little, and
#: takes little.
MIN_UNITS = 8


@dataclass(frozen=True)
class Paragraphs:
    """The paragraphs of some texts: what blank lines separate."""

    text: pa.StringArray
    #: Which text each is of.
    owner: NDArray[np.int64]
    #: Equal for the same words, whatever case and punctuation; 0 for short ones and for code,
    #: of which no piece can be missing.
    key: NDArray[np.uint64]


def paragraphs(texts: pa.StringArray) -> Paragraphs:
    """The paragraphs of each text, in order."""
    lists = pc.split_pattern(texts, "\n\n")
    flat, owner = lists.flatten(), pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
    words = units(flat.to_pylist())
    judged = (words.counts >= MIN_UNITS) & ~_is_code(flat, owner)
    key = np.where(judged, hash_texts(words), np.uint64(0))
    return Paragraphs(flat, owner.astype(np.int64), key)


def _is_code(flat: pa.StringArray, owner: NDArray) -> NDArray[np.bool_]:
    """Whether a paragraph has a fence, or stands behind one that is still open."""
    fences = pc.count_substring(flat, "```").to_numpy(zero_copy_only=False)
    before = np.cumsum(fences) - fences
    first = np.searchsorted(owner, owner)  # the first paragraph of the same text
    return (fences > 0) | ((before - before[first]) % 2 == 1)


def join_paragraphs(found: Paragraphs, stays: NDArray[np.bool_], texts: int) -> pa.StringArray:
    """The texts again, of the paragraphs that stay."""
    counts = np.bincount(found.owner[stays], minlength=texts)
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())
    lists = pa.ListArray.from_arrays(offsets, found.text.filter(pa.array(stays)))
    return pc.binary_join(lists, "\n\n")


def site_keys(sites: Sequence[str]) -> NDArray[np.uint64]:
    """A key for each site by its name; it counts the site's pages."""
    of = {site: int(digest("site", site)[:16], 16) for site in set(sites)}
    return np.array([of[site] for site in sites], np.uint64)


def on_site(site: NDArray[np.uint64], key: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Paragraph keys that are of one site each."""
    return mix(key ^ site)
