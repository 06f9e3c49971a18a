"""What each Unicode code point is to the heuristics: one table of flags.

A batch of texts is one array of code points; a look-up in the table says of all
of them at once what `unicodedata` says of one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cache
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from filters.words import no_width

BLANK = 1 << 0
LETTER = 1 << 1
NUMBER = 1 << 2
#: Combining signs: parts of letters.
MARK = 1 << 3
LATIN = 1 << 4
#: Greek and Cyrillic, whose letters pass for Latin ones.
LOOKALIKE = 1 << 5
HAN = 1 << 6
HIRAGANA = 1 << 7
KATAKANA = 1 << 8
HANGUL = 1 << 9
#: Punctuation of East Asian width.
WIDE_SIGN = 1 << 10
#: Takes two columns of a terminal.
WIDE = 1 << 11
#: Ends a sentence.
TERMINAL = 1 << 12
#: May stand between the end of a sentence and the end of its line.
CLOSING = 1 << 13
#: Stands between the items of a list inside a line.
SEPARATOR = 1 << 14
#: Is not seen and takes no room; soft hyphens and BIDI_CONTROL apart.
NO_WIDTH = 1 << 15
#: Turns or isolates the direction of what follows.
BIDI_CONTROL = 1 << 16
#: A control character other than white space.
CONTROL = 1 << 17
#: Private use, or assigned to nothing in the Unicode version of this Python.
UNASSIGNED = 1 << 18
#: What the bytes C2..DF, E0..EF, F0..F4 and 80..BF of UTF-8 become in Latin-1 or Windows-1252.
LEAD_2 = 1 << 19
LEAD_3 = 1 << 20
LEAD_4 = 1 << 21
CONTINUATION = 1 << 22
#: A Hangul syllable outside the 2,350 of KS X 1001, which hold 99.9% of running text.
RARE_HANGUL = 1 << 23
#: Halfwidth Katakana, and 縺 繧 繝: what Kana become where UTF-8 is read as Shift-JIS.
MISREAD_KANA = 1 << 24

#: Letters that scripts without blanks are cut at, with their punctuation.
UNSPACED = HAN | HIRAGANA | KATAKANA | WIDE_SIGN
ALPHANUMERIC = LETTER | NUMBER | MARK

_RANGES = (
    (LATIN, ((0x41, 0x5A), (0x61, 0x7A), (0xAA, 0xAA), (0xBA, 0xBA), (0xC0, 0x24F),
             (0x1E00, 0x1EFF), (0x2C60, 0x2C7F), (0xA720, 0xA7FF), (0xFF21, 0xFF3A),
             (0xFF41, 0xFF5A))),
    (LOOKALIKE, ((0x370, 0x3FF), (0x400, 0x52F), (0x1C80, 0x1C8F), (0x1F00, 0x1FFF))),
    (HAN, ((0x3005, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF),
           (0x20000, 0x3FFFF))),
    (HIRAGANA, ((0x3041, 0x309F),)),
    (KATAKANA, ((0x30A1, 0x30FA), (0x30FC, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F))),
    (HANGUL, ((0x1100, 0x11FF), (0x3131, 0x318E), (0xA960, 0xA97F), (0xAC00, 0xD7FB))),
    (WIDE_SIGN, ((0x3001, 0x3004), (0x3008, 0x3020), (0x3030, 0x303F), (0x30A0, 0x30A0),
                 (0x30FB, 0x30FB), (0xFE30, 0xFE4F), (0xFF01, 0xFF0F), (0xFF1A, 0xFF20),
                 (0xFF3B, 0xFF40), (0xFF5B, 0xFF65))),
    (WIDE, ((0x1100, 0x115F), (0x2E80, 0xA4CF), (0xA960, 0xA97F), (0xAC00, 0xD7A3),
            (0xF900, 0xFAFF), (0xFE30, 0xFE4F), (0xFF01, 0xFF60), (0x20000, 0x3FFFF))),
    (BIDI_CONTROL, ((0x202A, 0x202E), (0x2066, 0x2069))),
    # Code points above the table that is read from unicodedata.
    (LETTER, ((0x20000, 0x2A6DF), (0x2A700, 0x2EBE0), (0x2F800, 0x2FA1D), (0x30000, 0x3134A))),
    (UNASSIGNED, ((0xE1000, sys.maxunicode),)),
    (LEAD_2, ((0xC2, 0xDF),)),
    (LEAD_3, ((0xE0, 0xEF),)),
    (LEAD_4, ((0xF0, 0xF4),)),
    (CONTINUATION, ((0x80, 0xBF),)),
    (MISREAD_KANA, ((0xFF61, 0xFF9F),)),
)  # fmt: skip
_CHARACTERS = (
    (TERMINAL, ".!?。！？｡．‼⁇⁈⁉‽؟۔।॥։።။។"),
    (CLOSING, "\"'”’»)]」』）】*_"),
    (SEPARATOR, ",;|•·、，；・，｜／"),
    (MISREAD_KANA, "縺繧繝"),
)
#: As long as its line of letters goes, unicodedata is asked; above are only Han,
#: tags, variation selectors and private use.
_LAST_ASKED = 0x20000
_FLAG_OF_CATEGORY = {"L": LETTER, "M": MARK, "N": NUMBER}
_SOFT_HYPHEN = 0xAD


@cache
def properties() -> NDArray[np.uint32]:
    """The flags of every code point, shape (0x110000,)."""
    table = np.zeros(sys.maxunicode + 1, np.uint32)
    for code in range(_LAST_ASKED):
        kind = category(chr(code))
        table[code] = _FLAG_OF_CATEGORY.get(kind[0], 0)
        if chr(code).isspace():
            table[code] |= BLANK
        elif kind == "Cc":
            table[code] |= CONTROL
        elif kind in ("Co", "Cn"):
            table[code] |= UNASSIGNED
    for flag, ranges in _RANGES:
        for first, last in ranges:
            table[first : last + 1] |= flag
    for flag, characters in _CHARACTERS:
        table[_codes(characters)] |= flag
    table[_codes(bytes(range(0x80, 0xC0)).decode("cp1252", "ignore"))] |= CONTINUATION
    table[no_width()] |= NO_WIDTH
    apart = (table & BIDI_CONTROL) != 0
    apart[_SOFT_HYPHEN] = True
    table[apart] &= ~np.uint32(NO_WIDTH)
    # Those that KS X 1001 lacks, Python's codec writes as their letters, in eight bytes.
    syllables = map(chr, range(0xAC00, 0xD7A4))
    table[_codes(s for s in syllables if len(s.encode("euc_kr")) > 2)] |= RARE_HANGUL
    return table


def _codes(characters: Iterable[str]) -> list[int]:
    return [ord(character) for character in characters]
