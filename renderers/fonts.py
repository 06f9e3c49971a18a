"""The fonts of this machine: which there are, what they are for, and what they can draw.

A browser draws a box for a character that no font has, or takes it from a font
that nobody chose, and does not say so: its own answer to which font drew what
credits fonts that lack the sign. So the fonts' own tables decide, as
fontconfig lists them, and only families of the catalogue are believed in.
"""

from __future__ import annotations

import re
import subprocess
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from records import digest
from renderers.errors import FontsMissing
from renderers.katex import find_katex

#: What a family is for.
ROLES = ("serif", "sans", "hand", "display", "mono", "math")

#: Families that a theme may choose, all of licences that let pictures be given away (OFL,
#: Apache-2.0), by the Debian package that brings them.
CATALOGUE: dict[str, tuple[str, str]] = {
    # Korean, Japanese, Chinese and Latin.
    **{f"Noto Serif CJK {r}": ("serif", "fonts-noto-cjk") for r in ("KR", "JP", "SC")},
    **{f"Noto Sans CJK {r}": ("sans", "fonts-noto-cjk") for r in ("KR", "JP", "SC")},
    "Noto Sans Mono CJK KR": ("mono", "fonts-noto-cjk"),
    # Korean and Latin.
    "NanumMyeongjo": ("serif", "fonts-nanum"),
    "NanumGothic": ("sans", "fonts-nanum"),
    "NanumBarunGothic": ("sans", "fonts-nanum"),
    "NanumSquare": ("sans", "fonts-nanum"),
    "NanumSquareRound": ("display", "fonts-nanum"),
    "NanumGothicCoding": ("mono", "fonts-nanum-extra"),
    "Nanum Pen Script": ("hand", "fonts-nanum-extra"),
    "Nanum Brush Script": ("hand", "fonts-nanum-extra"),
    "NanumBarunpen": ("hand", "fonts-nanum-extra"),
    "BM JUA_TTF": ("display", "fonts-woowa-bm"),
    "BM DoHyeon": ("display", "fonts-woowa-bm"),
    "BM HANNA Air": ("display", "fonts-woowa-bm"),
    "BM YEONSUNG": ("display", "fonts-woowa-bm"),
    "BM KIRANGHAERANG": ("hand", "fonts-woowa-bm"),
    "D2Coding": ("mono", "fonts-naver-d2coding"),
    # Japanese.
    "Yusei Magic": ("hand", "fonts-yusei-magic"),
    # Latin, most with Vietnamese.
    "Charis SIL": ("serif", "fonts-sil-charis"),
    "Liberation Serif": ("serif", "fonts-liberation"),
    "Roboto Slab": ("serif", "fonts-roboto-slab"),
    "Liberation Sans": ("sans", "fonts-liberation"),
    "Open Sans": ("sans", "fonts-open-sans"),
    "Lato": ("sans", "fonts-lato"),
    "Liberation Mono": ("mono", "fonts-liberation"),
    "Comic Neue": ("hand", "fonts-comic-neue"),
    "Dancing Script": ("hand", "fonts-dancingscript"),
}

#: CSS weights by fontconfig's (its `fcfreetype.c`); those between round down.
_WEIGHTS = {0: 100, 40: 200, 50: 300, 55: 350, 75: 400, 100: 500, 180: 600, 200: 700, 205: 800,
            210: 900}  # fmt: skip
#: Code points that a font is asked about: the Basic, Supplementary and Ideographic planes.
_PLANES = 0x40000
#: Drawn as nothing, or as white space, on purpose.
_INVISIBLE = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})
#: Ask for a form of the sign before, and are no sign themselves.
_SELECTORS = frozenset(map(chr, range(0xFE00, 0xFE10)))
_FORMAT = "%{family[0]}\t%{weight}\t%{slant}\t%{fontversion}\t%{charset}\n"


@dataclass(frozen=True)
class Font:
    """An installed family."""

    #: As CSS calls it.
    family: str
    #: Of ROLES.
    role: str
    #: CSS weights that it has upright, ascending.
    weights: tuple[int, ...]
    #: The files' own version numbers.
    versions: tuple[int, ...]
    #: bool (code points,) by weight and whether it is slanted: what the face has.
    faces: dict[tuple[int, bool], NDArray[np.bool_]]

    def missing(self, text: str, weight: int = 400, italic: bool = False) -> str:
        """The visible characters of `text` that the family lacks, each once, in order."""
        return "".join(c for c in dict.fromkeys(text) if not self.has(c, weight, italic))

    def has(self, character: str, weight: int = 400, italic: bool = False) -> bool:
        """Whether the family can draw a character; what is invisible needs no glyph."""
        code = ord(character)
        if code < _PLANES and self.face(weight, italic)[code]:
            return True
        return character in _SELECTORS or unicodedata.category(character) in _INVISIBLE

    def face(self, weight: int, italic: bool) -> NDArray[np.bool_]:
        """The face that CSS draws (CSS Fonts 4, 5.2); one that is not there is made by slanting."""
        weights = sorted(w for w, slanted in self.faces if slanted == italic)
        if not weights:
            italic, weights = (
                not italic,
                sorted(w for w, slanted in self.faces if slanted != italic),
            )
        lighter = [w for w in weights if w <= weight]
        heavier = [w for w in weights if w >= weight]
        if 400 <= weight <= 500 and heavier and heavier[0] <= 500:
            nearest = heavier[0]
        elif weight > 500:
            nearest = heavier[0] if heavier else lighter[-1]
        else:
            nearest = lighter[-1] if lighter else heavier[0]
        return self.faces[nearest, italic]


@cache
def installed() -> dict[str, Font]:
    """The catalogue's families that this machine has, and KaTeX's, by name."""
    lines = _fontconfig(["fc-list", f"--format={_FORMAT}"])
    lines += _fontconfig(["fc-scan", f"--format={_FORMAT}", str(find_katex() / "fonts")])
    faces: dict[str, list[list[str]]] = {}
    for line in lines:
        family, *face = line.split("\t")
        if family in CATALOGUE or family.startswith("KaTeX_"):
            faces.setdefault(family, []).append(face)
    return {family: _font(family, faces[family]) for family in sorted(faces)}


def fonts_for(
    text: str, role: str, lang: str, weights: Sequence[int] = (400, 700)
) -> tuple[Font, ...]:
    """The installed families of a role that can draw all of `text` in all `weights`, by name.

    In Japanese and Chinese only those with the region's forms of Han characters
    count. Raises FontsMissing if none of the role is installed at all; an empty
    answer means that none has every character.
    """
    if role not in ROLES:
        raise ValueError(f"no role {role!r}; there are {', '.join(ROLES)}")
    fonts = [f for f in installed().values() if f.role == role and _is_for(f.family, lang)]
    if not fonts:
        packages = sorted({package for r, package in CATALOGUE.values() if r == role})
        raise FontsMissing(f"no {role} font for {lang!r}: install {', '.join(packages)}")
    return tuple(f for f in fonts if not any(f.missing(text, w) for w in weights))


def missing_glyphs(text: str, families: str) -> str:
    """The characters that no family of a CSS list has, each once, in order."""
    fonts = _listed(families)
    return "".join(c for c in dict.fromkeys(text) if not any(f.has(c) for f in fonts))


@lru_cache(maxsize=1 << 16)
def drawn_by(grapheme: str, families: str, weight: int = 400, italic: bool = False) -> str | None:
    """The first family of a CSS list that has all of a grapheme cluster; None if none has."""
    for font in _listed(families):
        if all(font.has(c, weight, italic) for c in grapheme):
            return font.family
    return None


def fonts_digest(families: Iterable[str] | None = None) -> str:
    """A hash of the versions of installed families (all): equal pictures need equal fonts."""
    fonts = installed()
    names = sorted(fonts if families is None else families)
    return digest(*(f"{n} {fonts[n].weights} {fonts[n].versions}" for n in names))


@lru_cache(maxsize=4096)
def _listed(families: str) -> tuple[Font, ...]:
    """The installed families of a CSS list; generic and unknown ones promise nothing."""
    names = [name.strip().strip("\"'") for name in families.split(",")]
    return tuple(installed()[name] for name in names if name in installed())


def _is_for(family: str, lang: str) -> bool:
    """Whether a family has a language's forms of the characters it shares with others."""
    region = {"ja": "JP", "zh": "SC"}.get(lang, "KR")
    return not family.startswith("Noto") or family.endswith(region)


def _font(family: str, listed: Sequence[Sequence[str]]) -> Font:
    faces: dict[tuple[int, bool], NDArray[np.bool_]] = {}
    for weight, slant, _, charset in listed:
        for css in _css_weights(weight):
            key, own = (css, slant != "0"), _code_points(charset)
            # Which of two files of one weight is drawn is for the browser to say.
            faces[key] = faces[key] & own if key in faces else own
    weights = tuple(sorted(w for w, slanted in faces if not slanted))
    role = CATALOGUE[family][0] if family in CATALOGUE else "math"
    versions = tuple(sorted({int(version) for *_, version, _ in listed}))
    return Font(family, role, weights, versions, faces)


# The faces of a family mostly have the same: one array serves them.
@cache
def _code_points(charset: str) -> NDArray[np.bool_]:
    covered = np.zeros(_PLANES, np.bool_)
    for item in charset.split():
        first, _, last = item.partition("-")
        covered[int(first, 16) : int(last or first, 16) + 1] = True
    return covered


def _css_weights(weight: str) -> list[int]:
    """The CSS weights of fontconfig's; of a variable font, its range's ends."""
    numbers = [float(n) for n in re.findall(r"[\d.]+", weight)]
    return [max(css for ours, css in _WEIGHTS.items() if ours <= n) for n in numbers]


def _fontconfig(command: list[str]) -> list[str]:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    except (OSError, subprocess.SubprocessError) as error:
        raise FontsMissing(f"fontconfig's {command[0]} did not answer: {error}") from error
    return done.stdout.splitlines()
