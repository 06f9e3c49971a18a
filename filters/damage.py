"""Measures of damage: lost or misread encodings, and characters that hide or disguise text."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from filters.characters import (
    BIDI_CONTROL,
    CONTINUATION,
    CONTROL,
    HANGUL,
    LATIN,
    LEAD_2,
    LEAD_3,
    LEAD_4,
    LOOKALIKE,
    MISREAD_KANA,
    NO_WIDTH,
    RARE_HANGUL,
    UNASSIGNED,
)
from filters.layout import Layout
from filters.ratios import Measures, ratio

_REPLACEMENT = 0xFFFD
#: How many neighbours from U+0080 to U+00FF are no word of a language any more.
_HIGH_RUN = 4
_FIRST_HIGH_LETTER = 0xC0
#: What the first bytes of Kana in Shift-JIS, 82 and 83, become in Latin-1 or Windows-1252.
_SHIFT_JIS_LEADS = np.array([0x82, 0x83, ord("‚"), ord("ƒ")])


def damage(layout: Layout) -> Measures:
    """Shares of damaged characters, of all where nothing else is said.

    - `replacement_characters`: U+FFFD;
    - `control_characters`: other than white space;
    - `unassigned_characters`: private use, or no character at all;
    - `misread_as_latin`: UTF-8, EUC-KR or Shift-JIS read as Latin-1 or Windows-1252, such as
      Ã¼, ¾È³ç, ‚±‚ñ;
    - `misread_as_korean`: syllables that KS X 1001 lacks, of the Hangul: UTF-8 or Shift-JIS
      read as CP949, 귽귺긖;
    - `misread_as_japanese`: halfwidth Katakana and 縺繧繝: UTF-8 or EUC-KR read as Shift-JIS;
    - `no_width_characters`: not to be seen; soft hyphens and signs of direction apart;
    - `bidi_controls_per_word`: signs that turn the direction;
    - `mixed_script_words`: words with Latin and Greek or Cyrillic letters, of all words.
    """
    runs, length = layout.runs, layout.lengths
    mixed = ((runs.flags & LATIN) != 0) & ((runs.flags & LOOKALIKE) != 0)
    broken = {
        "replacement_characters": layout.sum_where(layout.codes == _REPLACEMENT),
        "control_characters": layout.count(CONTROL),
        "unassigned_characters": layout.count(UNASSIGNED),
        "misread_as_latin": layout.sum_where(_misread_as_latin(layout)),
        "misread_as_japanese": layout.count(MISREAD_KANA),
        "no_width_characters": layout.count(NO_WIDTH),
    }
    return {name: ratio(count, length) for name, count in broken.items()} | {
        "misread_as_korean": ratio(layout.count(RARE_HANGUL), layout.count(HANGUL)),
        "bidi_controls_per_word": ratio(layout.count(BIDI_CONTROL), layout.n_words),
        "mixed_script_words": ratio(layout.total(runs.owner[mixed]), layout.total(runs.owner)),
    }


def _misread_as_latin(layout: Layout) -> NDArray[np.bool_]:
    found = np.zeros(len(layout.codes), bool)
    if layout.codes.dtype == np.uint8:  # ASCII
        return found
    flags, codes = layout.flags, layout.codes
    follows = (flags & CONTINUATION) != 0
    for lead, more in ((LEAD_2, 1), (LEAD_3, 2), (LEAD_4, 3)):
        places = np.flatnonzero((flags & lead) != 0)
        places = places[places + more < len(codes)]
        for step in range(1, more + 1):
            places = places[follows[places + step]]
        for step in range(more + 1):
            found[places + step] = True
    found |= _long_runs(codes)
    leads = np.isin(codes, _SHIFT_JIS_LEADS)
    # An opening German quote stands behind a blank, and never twice in three characters.
    again = np.flatnonzero(leads[2:] & leads[:-2])
    found[again] = found[again + 2] = True
    return found


def _long_runs(codes: NDArray) -> NDArray[np.bool_]:
    """Long runs from U+0080 to U+00FF that are neither a word nor a line of dots."""
    letters = np.flatnonzero((codes >= _FIRST_HIGH_LETTER) & (codes <= 0xFF))
    high = (codes >= 0x80) & (codes <= 0xFF)
    change = np.flatnonzero(np.diff(high, prepend=False, append=False))
    starts, ends = change[::2], change[1::2]
    lettered = np.searchsorted(letters, ends) - np.searchsorted(letters, starts)
    bad = (ends - starts >= _HIGH_RUN) & (lettered > 0) & (lettered < ends - starts)
    steps = np.zeros(len(codes) + 1, np.int8)
    steps[starts[bad]], steps[ends[bad]] = 1, -1
    return np.cumsum(steps[:-1], dtype=np.int8) > 0
