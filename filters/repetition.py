"""Repetition measures of Gopher (Rae et al. 2021, table A1).

Where the paper leaves it open, as in datatrove's `GopherRepetitionFilter`:
characters are shares of the text's, blanks included; the most frequent n-gram
is the first of several; duplicate n-grams are counted from left to right, and
after one that stood before, the next begins behind it, so that no character
counts twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filters.layout import Layout, Spans, Words
from filters.ratios import Measures, ratio
from filters.words import mix

#: Lengths of n-grams of which the most frequent counts, and of which all that stood before count.
TOP, DUPLICATE = (2, 3, 4), (5, 6, 7, 8, 9, 10)
_BASE = np.uint64(0x9E3779B97F4A7C15)


def repetition(layout: Layout) -> Measures:
    """Shares of lines and paragraphs that stood before, and of characters in repeated n-grams.

    - `repeated_lines`, `repeated_paragraphs`: of the lines and paragraphs;
    - `repeated_line_characters`, `repeated_paragraph_characters`: of the characters;
    - `top_2_gram` …: characters of the most frequent, as often as it is there (0: only once);
    - `repeated_5_grams` …: characters of those that stood before.
    """
    lines, line_characters = _repeated(layout, layout.lines)
    paragraphs, paragraph_characters = _repeated(layout, layout.paragraphs)
    measures = {
        "repeated_lines": lines,
        "repeated_line_characters": line_characters,
        "repeated_paragraphs": paragraphs,
        "repeated_paragraph_characters": paragraph_characters,
    }
    before = np.concatenate([[0], np.cumsum(layout.words.lengths)])
    for n, grams in _repeated_grams(layout.words):
        if n in TOP:
            measures[f"top_{n}_gram"] = _top(layout, n, grams, before)
        else:
            places = np.array(_stood_before(n, grams), np.int64)
            characters = before[places + n] - before[places]
            total = layout.total(layout.words.owner[places], characters)
            measures[f"repeated_{n}_grams"] = ratio(total, layout.lengths)
    return measures


@dataclass(frozen=True)
class _Grams:
    """The n-grams that a text has more than once."""

    #: The place of the first word of each, in order.
    places: NDArray[np.int64]
    #: Which are equal: numbers from 0.
    names: NDArray[np.int64]


def _repeated(layout: Layout, spans: Spans) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of the spans of each text those that stood before: their share, and their characters'."""
    again = _again(_of_text(spans))
    owner = spans.owner[again]
    number = ratio(layout.total(owner), layout.total(spans.owner))
    return number, ratio(layout.total(owner, spans.lengths[again]), layout.lengths)


def _of_text(spans: Spans) -> NDArray[np.uint64]:
    """Hashes that are equal only within a text."""
    return spans.hashes + mix(spans.owner.astype(np.uint64) + np.uint64(1))


def _again(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Places of keys that stood before."""
    _, first = np.unique(keys, return_index=True)
    again = np.ones(len(keys), bool)
    again[first] = False
    return np.flatnonzero(again)


def _repeated_grams(words: Words) -> Iterator[tuple[int, _Grams]]:
    """For n from 2: the n-grams that a text has more than once.

    Such a one begins with an (n-1)-gram of that kind, so that few places are
    left to look at after the first round.
    """
    keys, places = _of_text(words), np.arange(len(words.owner))
    grams = keys
    for n in range(2, max(DUPLICATE) + 1):
        last = places + n - 1
        inside = last < len(keys)
        inside[inside] = words.owner[last[inside]] == words.owner[places[inside]]
        places, grams = places[inside], grams[inside] * _BASE + keys[last[inside]]
        order = np.argsort(grams)
        new = np.diff(grams[order], prepend=grams[order[:1]] + np.uint64(1)) != 0
        first = np.flatnonzero(new)
        sizes = np.diff(np.append(first, len(order)))
        names = np.empty(len(order), np.int64)
        names[order] = np.repeat(np.arange(len(sizes)), sizes)
        many = sizes[names] > 1
        places, grams, names = places[many], grams[many], names[many]
        yield n, _Grams(places, names)


def _top(layout: Layout, n: int, grams: _Grams, before: NDArray[np.int64]) -> NDArray[np.float64]:
    """Characters of the most frequent n-gram, blanks among them, as often as it is there."""
    counts = np.bincount(grams.names)
    _, first = np.unique(grams.names, return_index=True)
    places = grams.places[first]
    counts = counts[counts > 0]
    owner = layout.words.owner[places]
    order = np.lexsort((places, -counts, owner))
    top = order[np.diff(owner[order], prepend=-1) != 0]
    lengths = before[places[top] + n] - before[places[top]] + n - 1
    found = np.zeros(len(layout.starts))
    found[owner[top]] = lengths * counts[top]
    return ratio(found, layout.lengths)


def _stood_before(n: int, grams: _Grams) -> list[int]:
    """Places of n-grams that stood before, from left to right, none inside another.

    A loop, because each step depends on the one before; but only over n-grams
    that are there twice.
    """
    seen: set[int] = set()
    found: list[int] = []
    free = 0
    for place, name in zip(grams.places.tolist(), grams.names.tolist(), strict=True):
        if place < free:
            continue
        if name in seen:
            found.append(place)
            free = place + n
        else:
            seen.add(name)
    return found
