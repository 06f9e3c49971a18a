"""Quality measures of Gopher (Rae et al. 2021, appendix A.1.1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from filters.characters import ALPHANUMERIC, LETTER
from filters.layout import Layout, Spans
from filters.ratios import Measures, ratio
from filters.words import units

#: Gopher's eight; at least two of them are in any English document.
ENGLISH_STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
_BULLETS = np.array([ord(c) for c in "-*•‣▪·"])
_DOT, _ELLIPSIS, _HASH = (ord(c) for c in ".…#")


def gopher(layout: Layout) -> Measures:
    """Gopher's quality measures.

    - `words`: those with a letter or a digit;
    - `mean_word_length`: characters of those;
    - `hashes_per_word`, `ellipses_per_word`, `words_with_letters`: of all words;
    - `bullet_lines`, `ellipsis_lines`: shares of the lines that are not blank;
    - `english_stop_words`: how many of `ENGLISH_STOP_WORDS` there are, each counted once.
    """
    words, lines = layout.words, layout.lines
    real = (words.flags & ALPHANUMERIC) != 0
    characters = layout.total(words.owner[real], words.lengths[real])
    n_words, n_lines = layout.total(words.owner), layout.total(lines.owner)
    lettered = layout.total(words.owner[(words.flags & LETTER) != 0])
    places = _ellipses(layout.codes)
    ellipses = layout.total(np.searchsorted(layout.starts, places, side="right") - 1)
    bullets, trailing = _bulleted(layout.codes, lines), _trailing_off(layout.codes, lines)
    return {
        "words": layout.n_words.astype(np.float64),
        "mean_word_length": ratio(characters, layout.n_words),
        "hashes_per_word": ratio(layout.sum_where(layout.codes == _HASH), n_words),
        "ellipses_per_word": ratio(ellipses, n_words),
        "words_with_letters": ratio(lettered, n_words),
        "bullet_lines": ratio(layout.total(lines.owner[bullets]), n_lines),
        "ellipsis_lines": ratio(layout.total(lines.owner[trailing]), n_lines),
        "english_stop_words": _stop_words(layout),
    }


def _ellipses(codes: NDArray) -> NDArray[np.int64]:
    """Where an ellipsis ends: one sign, or three dots."""
    dots = codes == _DOT
    three = np.flatnonzero(dots[2:] & dots[1:-1] & dots[:-2]) + 2
    return np.concatenate([_every_third(three), np.flatnonzero(codes == _ELLIPSIS)])


def _every_third(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of places in a row the first, the fourth, …: six dots are two ellipses."""
    new = np.diff(places, prepend=-2) != 1
    first = np.maximum.accumulate(np.where(new, places, 0))
    return places[(places - first) % 3 == 0]


def _bulleted(codes: NDArray, lines: Spans) -> NDArray[np.bool_]:
    """Lines that begin with a bullet and a blank."""
    second = codes[np.minimum(lines.starts + 1, len(codes) - 1)]
    blank = (second == ord(" ")) | (second == ord("\t"))
    return np.isin(codes[lines.starts], _BULLETS) & blank & (lines.lengths > 1)


def _trailing_off(codes: NDArray, lines: Spans) -> NDArray[np.bool_]:
    """Lines that end with an ellipsis."""
    last = [codes[np.maximum(lines.ends - back, lines.starts)] for back in (1, 2, 3)]
    dots = np.all([code == _DOT for code in last], axis=0) & (lines.lengths >= 3)
    return dots | (last[0] == _ELLIPSIS)


def _stop_words(layout: Layout) -> NDArray[np.float64]:
    found = np.zeros(len(layout.starts))
    hashes, owner = layout.runs.hashes, layout.runs.owner
    for word in units(ENGLISH_STOP_WORDS).hashes:
        found += layout.total(owner[hashes == word]) > 0
    return found
