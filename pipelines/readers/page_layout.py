"""Characters with boxes -> words, lines and blocks, and the text they make.

    character   what a reader sees as one: a letter with its marks, a syllable of
                several jamo, a ligature (its letters share a box)
    word        a run between white space
    line        words that follow each other in a common band, up to a line break,
                a step back or a wide gap, such as between the cells of a table
    block       lines below each other with little between them, of about one height

The order is that of the characters, which `pdf_text` gives in reading order. All boxes
are unions of the characters' own. Text may run in any of the four directions.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipelines.readers.pdf_text import SOFT_HYPHEN, SPLIT

#: The part of the lower of two words' heights that they share on one line; an exponent
#: shares less with its base than two letters do, a fraction's two halves share none.
_SAME_BAND = 0.3
#: Heights of a line: how wide a gap ends it, where the text layer goes on and where it
#: ends a line, below which a gap is none, and how far back a word may begin.
_WIDE_GAP, _GAP_AT_END, _NO_GAP, _STEP_BACK = 3.0, 1.0, 0.2, 1.0
#: How much more across than down, or the other way, a word runs that shows its way.
_STRAIGHT = 2.0
#: Heights of a line that its block may leave free between it and the next, or let them overlap.
_LEADING, _OVERLAP = 1.0, 0.5
#: How much higher one line of a block may be than the next: "mance." is half of "(Ångström)".
_SIMILAR = 2.5
#: Vowels and final consonants of Hangul, which stack below an initial (Unicode, 3.12).
_JAMO = (range(0x1160, 0x1200), range(0xD7B0, 0xD800))

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Level:
    """The regions of one level: labels, and boxes (N, 4) in pixels."""

    labels: list[str]
    boxes: NDArray[np.float64]


@dataclass(frozen=True)
class Layout:
    """A page's text: lines on lines, a blank line between blocks; and its levels."""

    text: str
    levels: dict[str, Level]


def lay_out(
    codes: NDArray[np.uint32], boxes: NDArray[np.float64], spaces: NDArray[np.bool_]
) -> Layout:
    """Lay out characters in reading order; `spaces` are those that divide words."""
    letters = np.flatnonzero(~spaces)
    if not len(letters):
        return Layout("", {})
    text, extents = _drawn(codes[letters]), boxes[letters]
    split = codes[letters] == SPLIT
    divided = np.concatenate([[True], (np.diff(letters) > 1) | split[:-1]])
    same_box = np.concatenate([[False], (extents[1:] == extents[:-1]).all(axis=1)])
    joins = (same_box | _are_marks(codes[letters])) & ~divided
    characters = _runs(text, extents, np.flatnonzero(~joins))
    first = np.flatnonzero(divided)
    ended = np.diff(np.cumsum(np.isin(codes, (0x0A, 0x0D)))[letters[first]]) > 0
    upright = _upright(extents, first)
    starts_line, glued = _follow(_unions(extents, first), upright, ended, split[first[1:] - 1])
    first, starts_line = first[~glued], starts_line[~glued]
    words = _runs(text, extents, first)
    splits = np.append(split[first[1:] - 1], [False])
    lines = _lines(words, upright[~glued], np.flatnonzero(starts_line))
    blocks = _blocks(lines)
    texts = ["\n".join(_joined(lines[b.start : b.stop], words, splits)) for b in blocks]
    line_boxes = np.array([line.box for line in lines])
    levels = {
        "char": characters,
        "word": words,
        "line": Level([line.label for line in lines], line_boxes),
        "block": Level(texts, _unions(line_boxes, np.array([b.start for b in blocks]))),
    }
    return Layout("\n\n".join(texts), levels)


@dataclass(frozen=True)
class _Line:
    #: Its words.
    words: range
    label: str
    box: Box
    #: Whether it runs up or down the page.
    upright: bool


def _drawn(codes: NDArray[np.uint32]) -> str:
    """The characters as they look: a hyphen at a line's end is a hyphen."""
    seen = np.where((codes == SPLIT) | (codes == SOFT_HYPHEN), ord("-"), codes)
    return seen.astype("<u4").tobytes().decode("utf-32-le")


def _runs(text: str, boxes: NDArray[np.float64], starts: NDArray[np.intp]) -> Level:
    """The runs of characters that begin at `starts`."""
    ends = [*starts[1:].tolist(), len(text)]
    labels = [text[start:end] for start, end in zip(starts.tolist(), ends, strict=True)]
    return Level(labels, _unions(boxes, starts))


def _unions(boxes: NDArray[np.float64], starts: NDArray[np.intp]) -> NDArray[np.float64]:
    """The boxes around the runs of boxes that begin at `starts`."""
    low, high = np.minimum.reduceat(boxes, starts), np.maximum.reduceat(boxes, starts)
    return np.hstack([low[:, :2], high[:, 2:]])


def _are_marks(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    unique, places = np.unique(codes, return_inverse=True)
    return np.fromiter(map(_is_mark, unique.tolist()), np.bool_, len(unique))[places]


@lru_cache(1 << 14)
def _is_mark(code: int) -> bool:
    """Whether it is part of the character before it."""
    return unicodedata.category(chr(code)) in ("Mn", "Me") or any(code in jamo for jamo in _JAMO)


def _upright(boxes: NDArray[np.float64], starts: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which of the words that begin at `starts` run up or down the page, as text on its side does.

    From the first to the last letter is the way that a word runs. Where there is
    but one, or the way is oblique, it runs as the word before.
    """
    ends = np.append(starts[1:], len(boxes)) - 1
    middles = boxes[:, :2] + boxes[:, 2:]
    across, down = np.abs(middles[ends] - middles[starts]).T
    telling = np.flatnonzero(np.maximum(across, down) > _STRAIGHT * np.minimum(across, down))
    if not len(telling):
        return np.zeros(len(starts), np.bool_)
    # For each word the last telling one up to it, or the first of all.
    last = np.searchsorted(telling, np.arange(len(starts)), side="right") - 1
    nearest = telling[np.maximum(last, 0)]
    return down[nearest] > across[nearest]


def _follow(
    words: NDArray[np.float64],
    upright: NDArray[np.bool_],
    ended: NDArray[np.bool_],
    split: NDArray[np.bool_],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of the words (N, 4) start a line, and which are the rest of the word before.

    `ended` and `split` (N - 1,): whether the text layer ends a line after the
    word, and whether a hyphen does. It also does so after an exponent, for what
    goes on at the base; there the picture knows better.
    """
    sideways = upright.tolist()
    boxes = [_along(tuple(b), up) for b, up in zip(words.tolist(), sideways, strict=True)]
    starts, glued = np.ones(len(boxes), np.bool_), np.zeros(len(boxes), np.bool_)
    line = boxes[0]
    for index, (end, hyphen) in enumerate(zip(ended.tolist(), split.tolist(), strict=True), 1):
        word = boxes[index]
        gap = max(word[0] - line[2], line[0] - word[2]) / (line[3] - line[1])
        if (
            not hyphen
            and sideways[index] == sideways[index - 1]
            and -_STEP_BACK < gap < (_GAP_AT_END if end else _WIDE_GAP)
            and _share_a_band(line, word)
        ):
            starts[index] = False
            glued[index] = end and gap < _NO_GAP
            word = _union(line, word)
        line = word
    return starts, glued


def _along(box: Box, upright: bool) -> Box:
    """The box with the axis that the text runs along first."""
    return (box[1], box[0], box[3], box[2]) if upright else box


def _lines(words: Level, upright: NDArray[np.bool_], starts: NDArray[np.intp]) -> list[_Line]:
    boxes = _unions(words.boxes, starts).tolist()
    ends = [*starts[1:].tolist(), len(words.labels)]
    return [
        _Line(
            range(start, end), " ".join(words.labels[start:end]), tuple(box), bool(upright[start])
        )
        for start, end, box in zip(starts.tolist(), ends, boxes, strict=True)
    ]


def _share_a_band(a: Box, b: Box) -> bool:
    shared = min(a[3], b[3]) - max(a[1], b[1])
    return shared > _SAME_BAND * min(a[3] - a[1], b[3] - b[1])


def _blocks(lines: Sequence[_Line]) -> list[range]:
    """Ranges of the lines."""
    starts = [0]
    for index in range(1, len(lines)):
        if not _is_next(lines[index - 1], lines[index]):
            starts.append(index)
    return [range(*ends) for ends in zip(starts, [*starts[1:], len(lines)], strict=True)]


def _is_next(line: _Line, following: _Line) -> bool:
    """Whether the lines lie beside each other in one block, whatever way up."""
    a, b = _along(line.box, line.upright), _along(following.box, line.upright)
    low, high = sorted((a[3] - a[1], b[3] - b[1]))
    gap = max(b[1] - a[3], a[1] - b[3])
    return (
        line.upright == following.upright
        and -_OVERLAP * low < gap < _LEADING * high
        and high < _SIMILAR * low
        and min(a[2], b[2]) > max(a[0], b[0])
    )


def _joined(lines: Sequence[_Line], words: Level, splits: NDArray[np.bool_]) -> Iterator[str]:
    """The lines' text, with the words that a hyphen splits whole, on the line they begin.

    The hyphen goes where a small letter follows it; "1998-2021" keeps its own.
    """
    taken = False
    for line, following in zip(lines, [*lines[1:], None], strict=True):
        rest = words.labels[line.words.start + taken : line.words.stop]
        taken = following is not None and bool(splits[line.words.stop - 1]) and bool(rest)
        if taken and following is not None:
            ending = words.labels[following.words.start]
            rest[-1] = (rest[-1][:-1] if ending[0].islower() else rest[-1]) + ending
        if rest:
            yield " ".join(rest)


def _union(a: Box, b: Box) -> Box:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])
