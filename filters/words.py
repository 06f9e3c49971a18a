"""The words of many texts at once, as 64-bit hashes.

Python's `re.findall(r"\\w+", text)` is the cost of every near-duplicate tool
(0.80 of the 0.87 s that rensa takes for 5,000 documents); here a batch is one
array of code points, and every step is one NumPy call over all of it.

A **unit** is a word where a script separates words with blanks, and a single
letter where it does not (Han, Kana, Thai and their like) or where words change
by their particles (Hangul: 학교는, 학교가). Runs of units are what near-duplicates
are compared by, so one rule serves documents of any mixture of scripts.

Texts are compared in lower case and NFC. Characters of no width are passed
over: a page that hides one inside every word is still a copy.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from unicodedata import category, is_normalized, normalize

import numpy as np
from numpy.typing import NDArray

#: Code points that are held as arrays at once: about 40 bytes each, and so in the cache.
CHUNK = 1 << 16

#: Ranges of letters that are units of their own: Thai, Lao, Myanmar, Khmer, Kana,
#: Bopomofo, Han, Hangul syllables, and their extensions.
_SINGLE_RANGES = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3005, 0x3007),
    (0x3041, 0x312F),
    (0x31A0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7A3),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9D),
    (0x20000, 0x3FFFF),
)
#: Fillers, joiners and selectors that Unicode does not class as format characters.
_NO_WIDTH_RANGES = ((0x034F, 0x034F), (0x115F, 0x1160), (0x180B, 0x180F), (0x3164, 0x3164),
                    (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xE0000, 0xE01EF))  # fmt: skip
#: Above it are only Han, selectors and private use.
_LAST_TABULATED = 0x20000
_BLANK, _WORD, _SINGLE, _NO_WIDTH = range(4)

#: An odd 64-bit multiplier of good spectrum (Steele & Vigna 2022), and its inverse modulo 2^64.
_BASE = 0xD1342543DE82EF95
#: 2^64 divided by the golden ratio: odd, and its multiples are spread evenly.
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = pow(_BASE, -1, 1 << 64)


@dataclass(frozen=True)
class Units:
    """The units of some texts in order; those of text k are `hashes[offsets[k]:offsets[k + 1]]`."""

    hashes: NDArray[np.uint64]
    #: Shape (texts + 1,).
    offsets: NDArray[np.int64]

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many units each text has."""
        return np.diff(self.offsets)


def units(texts: Sequence[str]) -> Units:
    """The units of each text; equal units have equal hashes, others hardly ever (but words of
    a thousand letters can be built to).

    Memory beyond the result does not grow with the texts: they are worked on
    `CHUNK` code points at a time, and a longer text is cut.
    """
    hashes, counts = [np.zeros(0, np.uint64)], np.zeros(len(texts), np.int64)
    for pieces, owners in _chunks(texts):
        codes = code_points("\n".join(pieces))
        kinds = _kinds()[codes]
        seen = np.flatnonzero(kinds != _NO_WIDTH)
        if len(seen) < len(codes):
            codes, kinds = codes[seen], kinds[seen]
        starts, ends = _bounds(kinds)
        hashes.append(SpanHashes.of_letters(codes).of(starts, ends))
        piece_ends = np.cumsum([len(piece) + 1 for piece in pieces])
        piece = np.searchsorted(piece_ends, seen[starts], side="right")
        counts += np.bincount(np.array(owners)[piece], minlength=len(texts))
    return Units(np.concatenate(hashes), np.concatenate([[0], np.cumsum(counts)]))


def hash_texts(found: Units) -> NDArray[np.uint64]:
    """One hash of all the units of each text, in their order; 0 for a text without any."""
    full = np.flatnonzero(found.counts)
    hashes = np.zeros(len(found.counts), np.uint64)
    spans = SpanHashes(found.hashes)
    hashes[full] = mix(spans.of(found.offsets[:-1][full], found.offsets[1:][full]))
    return hashes


def ngrams(found: Units, size: int) -> Units:
    """A hash of each run of `size` units of each text, in order; none of a text of fewer."""
    runs = np.zeros(max(0, len(found.hashes) - size + 1), np.uint64)
    for step in range(size):
        runs *= _GOLDEN
        runs += found.hashes[step : step + len(runs)]
    counts = np.maximum(found.counts - size + 1, 0)
    # A run is of one text unless it starts among the last units of one.
    inside = np.ones(len(found.hashes), bool)
    ends = found.offsets[1:]
    for step in range(1, size):
        inside[(ends - step)[ends >= step]] = False
    return Units(mix(runs[inside[: len(runs)]]), np.concatenate([[0], np.cumsum(counts)]))


def _chunks(texts: Sequence[str]) -> Iterator[tuple[list[str], list[int]]]:
    """Pieces of texts of about `CHUNK` characters together, and which text each is of."""
    pieces: list[str] = []
    owners: list[int] = []
    size = 0
    for owner, text in enumerate(texts):
        if not text.isascii() and not is_normalized("NFC", text):
            text = normalize("NFC", text)
        for start in range(0, len(text), CHUNK):
            piece = text[start : start + CHUNK]
            if pieces and size + len(piece) > CHUNK:
                yield pieces, owners
                pieces, owners, size = [], [], 0
            pieces.append(piece)
            owners.append(owner)
            size += len(piece)
    if pieces:
        yield pieces, owners


def code_points(text: str) -> NDArray[np.unsignedinteger]:
    """The code points of a text as an array; lone surrogates stay."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), np.uint8)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _bounds(kinds: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first place of each unit, and the one after its last."""
    word = kinds == _WORD
    single = kinds == _SINGLE
    start, end = word.copy(), word.copy()
    start[1:] &= ~word[:-1]
    end[:-1] &= ~word[1:]
    return np.flatnonzero(start | single), np.flatnonzero(end | single) + 1


class SpanHashes:
    """Hashes of any spans of some numbers, from one running sum over all of them.

    With S[i] = sum of values[j] * B^j for j < i, the span from s to before e
    has the hash (S[e] - S[s]) / B^s: what it would be if it stood alone.
    """

    def __init__(self, values: NDArray[np.uint64]):
        powers, self._inverses = _powers(len(values))
        self._sums = np.zeros(len(values) + 1, np.uint64)
        np.cumsum(values * powers, out=self._sums[1:])

    @classmethod
    def of_letters(cls, codes: NDArray[np.unsignedinteger]) -> SpanHashes:
        """Of code points; case does not matter."""
        return cls(_values()[codes])

    def of(self, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.uint64]:
        """The hash of each span."""
        return (self._sums[ends] - self._sums[starts]) * self._inverses[starts]


def no_width() -> NDArray[np.bool_]:
    """Which of all code points are not seen and take no room."""
    return _kinds() == _NO_WIDTH


@cache
def _kinds() -> NDArray[np.uint8]:
    """What each code point is: blank, part of a word, a unit of its own, or of no width."""
    kinds = np.full(sys.maxunicode + 1, _BLANK, np.uint8)
    for code in range(_LAST_TABULATED):
        kind = category(chr(code))
        if kind[0] in "LMN" or code == ord("_"):
            kinds[code] = _WORD
        elif kind == "Cf":
            kinds[code] = _NO_WIDTH
    for first, last in _SINGLE_RANGES:
        letters = kinds[first : last + 1]
        letters[(letters == _WORD) | (first >= _LAST_TABULATED)] = _SINGLE
    for first, last in _NO_WIDTH_RANGES:
        kinds[first : last + 1] = _NO_WIDTH
    return kinds


@cache
def _values() -> NDArray[np.uint64]:
    """A random-looking number for each code point, the same for upper and lower case."""
    lower = np.arange(sys.maxunicode + 1, dtype=np.uint64)
    lower[:_LAST_TABULATED] = [ord(chr(code).lower()[0]) for code in range(_LAST_TABULATED)]
    return mix(lower + np.uint64(1))


def mix(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Every bit of the input reaches every bit of the output (splitmix64's finaliser)."""
    z = numbers.copy()
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z


def _powers(count: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """B^0, B^1, … and their inverses, at least `count` of each."""
    powers, inverses = _all_powers(1 << max(count, CHUNK).bit_length())
    return powers[:count], inverses


@cache
def _all_powers(count: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    bases = np.array([_BASE, _INVERSE], np.uint64)
    steps = np.repeat(bases[:, np.newaxis], count, axis=1)
    steps[:, 0] = 1
    powers, inverses = np.cumprod(steps, axis=1, dtype=np.uint64)
    return powers, inverses
