"""Which characters the fonts of this machine can draw.

A browser draws a box for a character that no font has, and does not say so.
Such a picture would not show what its label says, so the characters are
checked before, against the fonts' own tables as fontconfig lists them.
"""

from __future__ import annotations

import bisect
import subprocess
import unicodedata
from functools import cache

from renderers.errors import FontsMissing

#: Drawn as nothing, or as white space, on purpose.
_INVISIBLE = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})


def missing_glyphs(text: str, family: str) -> str:
    """The characters of `text` that no font of the `family` has, each once, in order."""
    starts, ends = _coverage(family)

    def covered(character: str) -> bool:
        code = ord(character)
        place = bisect.bisect_right(starts, code) - 1
        return place >= 0 and code <= ends[place]

    distinct = dict.fromkeys(text)
    return "".join(
        c for c in distinct if unicodedata.category(c) not in _INVISIBLE and not covered(c)
    )


@cache
def _coverage(family: str) -> tuple[list[int], list[int]]:
    """First and last code points of the ranges that the regular font of a family covers."""
    try:
        listed = subprocess.run(
            ["fc-list", "--format=%{charset}\n", f"{family}:style=Regular"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout.split("\n")[0]
    except (OSError, subprocess.SubprocessError) as error:
        raise FontsMissing(f"fontconfig's fc-list did not answer: {error}") from error
    if not listed.strip():
        raise FontsMissing(f'no font "{family}": install fonts-noto-cjk and fonts-nanum')
    ranges = sorted(_range(item) for item in listed.split())
    return [first for first, _ in ranges], [last for _, last in ranges]


def _range(item: str) -> tuple[int, int]:
    first, _, last = item.partition("-")
    return int(first, 16), int(last or first, 16)
