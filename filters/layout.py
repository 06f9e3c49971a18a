"""Texts as arrays: code points, words, lines and paragraphs of a chunk at once.

A **word** is what stands between blanks. Where a script has no blanks (Kanji
and Kana), words are cut where the script changes, after punctuation, and every
two letters inside a run of Han: 文書|を|保存|する。 That is no morphology, but equal
passages are cut equally, and words are about as long as those of a dictionary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from unicodedata import is_normalized, normalize

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters.characters import (
    ALPHANUMERIC,
    BLANK,
    HAN,
    LETTER,
    NUMBER,
    UNSPACED,
    properties,
)
from filters.words import CHUNK, SpanHashes, code_points

#: Characters of a text that are looked at. More than 100,000 words in any of the six
#: languages are within it, and those are too many.
MAX_CHARACTERS = 1 << 20
_HAN_WORD = 2
_NEWLINE = ord("\n")


@dataclass(frozen=True)
class Spans:
    """Some stretches of a chunk, in order: words, lines or paragraphs."""

    #: The text that each is of.
    owner: NDArray[np.int64]
    #: Places in the chunk's code points; `ends` are exclusive.
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    hashes: NDArray[np.uint64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Characters."""
        return self.ends - self.starts


@dataclass(frozen=True)
class Words(Spans):
    """Words, and which flags of `filters.characters` their characters have together."""

    flags: NDArray[np.uint32]


class Patterns:
    """How often patterns are found in texts.

    All texts are searched at the first question: to compile a pattern takes as
    long as to search a chunk.
    """

    def __init__(self, texts: pa.StringArray):
        self._texts = texts
        self._counts: dict[str, NDArray[np.int64]] = {}

    def count(self, pattern: str) -> NDArray[np.int64]:
        """For each text how often the pattern (RE2) is found."""
        if pattern not in self._counts:
            found = pc.count_substring_regex(self._texts, pattern)
            self._counts[pattern] = found.to_numpy(zero_copy_only=False)
        return self._counts[pattern]


@dataclass(frozen=True)
class Layout:
    """Some texts, laid out."""

    #: ISO 639-1, None where not known.
    languages: NDArray
    #: Of all texts, a line's end after each.
    codes: NDArray[np.unsignedinteger]
    flags: NDArray[np.uint32]
    starts: NDArray[np.int64]
    #: Characters of each text.
    lengths: NDArray[np.int64]
    words: Words
    #: Lines that are not blank, without the blanks at their ends.
    lines: Spans
    #: Lines without a blank line between them.
    paragraphs: Spans
    hashes: SpanHashes
    patterns: Patterns
    #: The place of the first text among those that `patterns` has.
    first: int

    @cached_property
    def runs(self) -> Words:
        """Runs of letters and digits: words without their punctuation."""
        inside = (self.flags & ALPHANUMERIC) != 0
        return self._words(*_edges(inside))

    @cached_property
    def n_words(self) -> NDArray[np.int64]:
        """Words of each text that have a letter or a digit."""
        return self.total(self.words.owner[(self.words.flags & ALPHANUMERIC) != 0])

    def total(self, owner: NDArray, weights: NDArray | None = None) -> NDArray:
        """For each text the number, or the weight, of its spans."""
        return np.bincount(owner, weights, minlength=len(self.starts))

    def count(self, flags: int) -> NDArray[np.int64]:
        """For each text the number of its characters that have any of the flags."""
        return self.sum_where((self.flags & flags) != 0)

    def sum_where(self, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """For each text the number of places where the mask is set."""
        edges = np.append(self.starts, len(self.codes))
        return np.diff(np.searchsorted(np.flatnonzero(mask), edges))

    def match(self, pattern: str) -> NDArray[np.int64]:
        """For each text how often the pattern (RE2) is found."""
        return self.patterns.count(pattern)[self.first : self.first + len(self.starts)]

    def _words(self, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Words:
        return _words(self.starts, self.flags, self.hashes, starts, ends)


def layouts(texts: pa.StringArray, languages: pa.StringArray) -> Iterator[Layout]:
    """The texts in order, in chunks of about `CHUNK` characters together.

    Of a longer text than `MAX_CHARACTERS` only that much is looked at; memory is
    that of one such text.
    """
    cut = pc.utf8_slice_codeunits(texts, 0, MAX_CHARACTERS)
    known = languages.to_numpy(zero_copy_only=False)
    patterns = Patterns(cut)
    sizes = pc.utf8_length(cut).to_numpy(zero_copy_only=False)
    ends = np.cumsum(sizes)
    start = 0
    while start < len(cut):
        size = ends[start] - sizes[start] + CHUNK
        stop = max(start + 1, int(np.searchsorted(ends, size, side="right")))
        chunk = cut.slice(start, stop - start).to_pylist()
        yield _lay_out(chunk, known[start:stop], patterns, start)
        start = stop


def _lay_out(texts: Sequence[str], languages: NDArray, patterns: Patterns, first: int) -> Layout:
    """One chunk. Code points are those of the texts in NFC."""
    composed = [t if is_normalized("NFC", t) else normalize("NFC", t) for t in texts]
    lengths = np.array([len(text) for text in composed], np.int64)
    starts = np.cumsum(lengths + 1) - lengths - 1
    codes = code_points("\n".join([*composed, ""]))
    flags = properties()[codes]
    hashes = SpanHashes.of_letters(codes)
    words = _words(starts, flags, hashes, *_word_edges(flags))
    lines, paragraphs = _lines(codes, words, hashes)
    return Layout(
        languages=languages,
        codes=codes,
        flags=flags,
        starts=starts,
        lengths=lengths,
        words=words,
        lines=lines,
        paragraphs=paragraphs,
        hashes=hashes,
        patterns=patterns,
        first=first,
    )


def _words(
    texts: NDArray[np.int64],
    flags: NDArray[np.uint32],
    hashes: SpanHashes,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> Words:
    owner = np.searchsorted(texts, starts, side="right") - 1
    if not len(starts):
        return Words(owner, starts, ends, hashes.of(starts, ends), np.zeros(0, np.uint32))
    # Both edges, so that what stands between two words goes to neither.
    edges = np.column_stack([starts, ends]).ravel()
    together = np.bitwise_or.reduceat(flags, edges)[::2]
    return Words(owner, starts, ends, hashes.of(starts, ends), together)


def _edges(inside: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each run of True begins, and where it has ended."""
    change = np.flatnonzero(np.diff(inside, prepend=False, append=False))
    return change[::2], change[1::2]


def _word_edges(flags: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where words begin, and where they have ended."""
    starts, ends = _edges((flags & BLANK) == 0)
    scripts = flags & np.uint32(UNSPACED)
    if not scripts.any():
        return starts, ends
    cuts = _script_cuts(flags, scripts)
    cuts = cuts[(flags[cuts - 1] & BLANK) == 0]
    return np.sort(np.concatenate([starts, cuts])), np.sort(np.concatenate([ends, cuts]))


def _script_cuts(flags: NDArray[np.uint32], scripts: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Where a word ends and the next begins without a blank."""
    before = np.concatenate([scripts[:1], scripts[:-1]])
    change = (scripts != before) & ((scripts | before) != 0) & ((flags & (LETTER | NUMBER)) != 0)
    han = (scripts & HAN) != 0
    starts, ends = _edges(han)
    sizes = ends - starts
    inside = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    pairs = np.flatnonzero(han)[(inside > 0) & (inside % _HAN_WORD == 0)]
    change[pairs] = True
    return np.flatnonzero(change)


def _lines(
    codes: NDArray[np.unsignedinteger], words: Words, hashes: SpanHashes
) -> tuple[Spans, Spans]:
    """Lines and paragraphs: from the first to the last word of each."""
    newlines = np.flatnonzero(codes == _NEWLINE)
    number = np.searchsorted(newlines, words.starts)
    lines = _joined(words, np.diff(number, prepend=-1) != 0, hashes)
    number = np.searchsorted(newlines, lines.starts)
    new = np.diff(number, prepend=-2) > 1
    new |= np.diff(lines.owner, prepend=-1) != 0
    return lines, _joined(lines, new, hashes)


def _joined(spans: Spans, new: NDArray[np.bool_], hashes: SpanHashes) -> Spans:
    """Neighbours as one span; `new` says where the next one begins."""
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(new)) - 1 if len(first) else first
    starts, ends = spans.starts[first], spans.ends[last]
    return Spans(spans.owner[first], starts, ends, hashes.of(starts, ends))
