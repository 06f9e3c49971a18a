"""How documents look: paper, type, colours, rules, drawn by a seed for each kind.

A theme is a value of plain CSS numbers and names; the style sheets beside the
templates say what the names look like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from records import generator
from renderers.document.model import Block, Document, Heading, characters
from renderers.errors import Refused
from renderers.fonts import fonts_for, missing_glyphs

T = TypeVar("T")


@dataclass(frozen=True)
class Paper:
    """A page, in CSS pixels: 96 to the inch. A height of None grows with the content."""

    name: str
    width: int
    height: int | None
    #: Top, right, bottom, left.
    margin: tuple[int, int, int, int]


A4 = Paper("a4", 794, 1123, (88, 82, 84, 82))
A4_CLOSE = Paper("a4", 794, 1123, (68, 60, 66, 60))
LETTER = Paper("letter", 816, 1056, (84, 86, 80, 86))
#: Two thirds of a tabloid (289 x 380 mm): its small print stays legible at scale 2.
TABLOID = Paper("tabloid", 960, 1262, (40, 44, 48, 44))
SLIDE = Paper("slide", 1280, 720, (64, 84, 60, 84))
#: Rolls of thermal paper are 80 and 58 mm wide.
ROLLS = (Paper("roll80", 380, None, (26, 24, 30, 24)), Paper("roll58", 300, None, (22, 16, 26, 16)))


@dataclass(frozen=True)
class Palette:
    """CSS colours: text, small print, paper, what stands out, its pale shade, rules."""

    name: str
    ink: str
    faint: str
    paper: str
    accent: str
    tint: str
    rule: str


BLACK = Palette("black", "#111111", "#4a4a4a", "#ffffff", "#111111", "#efefef", "#2a2a2a")
PALETTES = (
    BLACK,
    Palette("navy", "#1b2430", "#53606f", "#ffffff", "#1f3a68", "#e8edf5", "#9fb0c8"),
    Palette("teal", "#1a2526", "#54666a", "#ffffff", "#0f5f63", "#e3f0ef", "#9dbdbb"),
    Palette("brick", "#261d1b", "#6b5a55", "#fffdfa", "#9a3b26", "#f7eae5", "#d3b5aa"),
    Palette("forest", "#1c241d", "#566155", "#fdfefb", "#2f6136", "#e8f1e6", "#abc3a8"),
    Palette("plum", "#241d27", "#635868", "#ffffff", "#5d3370", "#f0e9f4", "#bfabca"),
    Palette("ochre", "#26221a", "#6a614e", "#fffdf5", "#7d5a12", "#f6eed9", "#d2c095"),
)
#: A slide may be light on dark.
DARK = (
    Palette("night", "#eef2f8", "#b4c0d2", "#17233b", "#ffc857", "#22324f", "#4a5f86"),
    Palette("slate", "#f3f4f2", "#bcc2bd", "#25302f", "#7fd1ae", "#32403e", "#5c6f6c"),
)
#: Newsprint and thermal paper.
NEWS = Palette("news", "#1a1917", "#4e4b45", "#faf8f2", "#1a1917", "#eeeae0", "#3a3833")
THERMAL = Palette("thermal", "#23232b", "#3d3d47", "#fdfdfb", "#23232b", "#fdfdfb", "#4a4a55")

#: What a chosen family lacks comes from this one, which has the most signs.
LAST = "Noto Sans CJK KR"
#: Share of a text's distinct characters that a family must have itself, so that few
#: signs are another's.
_LEAST_OWN = 0.95


@dataclass(frozen=True)
class Theme:
    """The look of one document. Lengths are CSS pixels."""

    paper: Paper
    palette: Palette
    #: Font families.
    body: str
    heading: str
    mono: str
    #: What forms are filled in with; that of the text, or a hand.
    written: str
    size: float
    #: Height of a line; all spacing is a multiple of a quarter of it.
    leading: int
    columns: int
    gutter: int
    #: Of data tables: grid, lines, three, zebra, filled.
    table: str
    #: Of headings: plain, bar, underline, band, square.
    headings: str
    #: Of the title: left, center, ruled, boxed.
    title: str
    #: Bullets by depth.
    bullets: tuple[str, ...]
    justify: bool
    #: Whether Korean breaks between words only.
    keep_words: bool
    #: Whether page numbers stand in the middle.
    centred_foot: bool

    @property
    def measure(self) -> float:
        """The width of a column."""
        _, right, _, left = self.paper.margin
        free = self.paper.width - right - left - self.gutter * (self.columns - 1)
        return free / self.columns

    @property
    def room(self) -> float | None:
        """The height of a page's columns; None where it has no end."""
        top, _, bottom, _ = self.paper.margin
        return None if self.paper.height is None else float(self.paper.height - top - bottom)


TABLES = ("grid", "lines", "three", "zebra", "filled")
HEADINGS = ("plain", "bar", "underline", "band", "square")
TITLES = ("left", "center", "ruled", "boxed")
BULLETS = (("•", "–", "·"), ("■", "–", "·"), ("○", "-", "·"), ("–", "·", "-"), ("▪", "▫", "-"))

#: (paper, sizes of print, leading as a multiple, columns) that a kind chooses from.
_SHAPES: dict[str, tuple[tuple[Paper, ...], tuple[float, ...], tuple[float, ...], tuple[int, ...]]]
_SHAPES = {
    "report": ((A4, LETTER), (14.5, 15, 16), (1.6, 1.7, 1.8), (1,)),
    "invoice": ((A4_CLOSE, A4), (13.5, 14), (1.5, 1.6), (1,)),
    "receipt": (ROLLS, (14, 15), (1.4, 1.5), (1,)),
    "form": ((A4_CLOSE, A4), (14, 15), (1.5, 1.6), (1,)),
    "notice": ((A4,), (16, 17, 18), (1.7, 1.8, 1.9), (1,)),
    "article": ((A4, LETTER), (14, 14.5, 15), (1.55, 1.65), (1, 1, 2)),
    "manual": ((A4, LETTER), (14.5, 15), (1.6, 1.7), (1,)),
    "slides": ((SLIDE,), (25, 27, 29), (1.5, 1.6), (1,)),
    "newspaper": ((TABLOID,), (14, 14.5), (1.5, 1.55), (2, 3, 3)),
}
#: English is set in Letter as often as in A4; Korean offices know A4 only.
_KOREAN_PAPER = "a4"


def choose_theme(document: Document, *, seed: int, key: str) -> Theme:
    """The theme of a document: the same for the same seed and key.

    Raises Refused (`missing_glyph`) where no font has all characters.
    """
    random = generator(seed, "theme", key)
    kind, lang = document.kind, "ko" if document.lang == "ko" else "en"
    papers, sizes, leadings, columns = _SHAPES[kind]
    if lang == "ko":
        papers = tuple(p for p in papers if p.name != "letter")
    size = _pick(random, sizes)
    count = _pick(random, columns)
    needed = characters(document)
    faces = {role: _able(needed, role, document.lang) for role in ("sans", "serif", "mono")}
    body, heading = _faces(random, kind, faces, needed, document.lang)
    hands = _able(needed, "hand", document.lang, (400,), default=body)
    by_hand = kind == "form" and random.random() < _BY_HAND
    paper = _pick(random, papers)
    gutter = 26 if kind == "newspaper" else 30
    justify = bool(random.random() < (0.9 if count > 1 else 0.5)) and kind not in _RAGGED
    # Long words in short lines leave holes.
    if lang != "ko" and (paper.width - paper.margin[1] * 2) / count < _LEAST_JUSTIFIED * size:
        justify = False
    return Theme(
        paper=paper,
        palette=_palette(random, kind),
        body=body,
        heading=heading,
        mono=_pick(random, faces["mono"]),
        written=_pick(random, hands) if by_hand else body,
        size=size,
        leading=round(size * _pick(random, leadings)),
        columns=count,
        gutter=gutter,
        table=_pick(random, TABLES),
        headings=_pick(random, HEADINGS) if kind not in ("newspaper",) else "plain",
        title=_pick(random, TITLES),
        bullets=_bullets(random, body),
        justify=justify,
        # Justified Korean would have holes between words.
        keep_words=not justify,
        centred_foot=bool(random.random() < 0.5),
    )


#: How often a form is filled in by hand.
_BY_HAND = 0.4
#: Ems of a line below which languages of long words are not justified.
_LEAST_JUSTIFIED = 30
#: Kinds that are never justified.
_RAGGED = ("invoice", "receipt", "form", "slides")


def begins_page(document: Document) -> bool:
    """Whether each section begins a new page."""
    return document.kind == "slides"


def breaks_before(block: Block) -> bool:
    """Whether a block of a document of sections begins a new page."""
    return isinstance(block, Heading) and block.level <= 2


def _pick(random: np.random.Generator, several: Sequence[T]) -> T:
    return several[int(random.integers(len(several)))]


def _able(
    text: str, role: str, lang: str, weights: Sequence[int] = (400, 700), default: str = ""
) -> list[str]:
    """The families of a role that have the text, all of it or nearly; `default` if none has.

    Without a default the text is refused.
    """
    whole = fonts_for(text, role, lang, weights)
    if whole:
        return [font.family for font in whole]
    distinct = len(set(text))
    lacking = {f.family: f.missing(text) for f in fonts_for("", role, lang, weights)}
    helped = [
        family
        for family, missing in lacking.items()
        if len(missing) <= (1 - _LEAST_OWN) * distinct and not missing_glyphs(missing, LAST)
    ]
    if helped:
        return helped
    if default:
        return [default]
    if unknown := missing_glyphs(text, LAST):
        raise Refused("missing_glyph", " ".join(f"U+{ord(c):04X}" for c in unknown[:10]))
    return [LAST]


#: How often text is set in a serif face by kind, else in a sans; otherwise _SELDOM.
_SERIF_TEXT = {"article": 0.6, "newspaper": 1.0, "report": 0.4, "notice": 0.4, "form": 0.3}
_SELDOM = 0.1
#: How often headings are in another face than the text, and those of posters in a display one.
_OTHER_HEADING, _DISPLAY_HEADING = 0.5, 0.25
_POSTERS = ("notice", "slides")


def _faces(
    random: np.random.Generator, kind: str, faces: dict[str, list[str]], text: str, lang: str
) -> tuple[str, str]:
    """Families of text and headings."""
    serif = random.random() < _SERIF_TEXT.get(kind, _SELDOM)
    body = _pick(random, faces["serif" if serif else "sans"])
    other = _pick(random, faces["serif" if kind == "newspaper" else "sans"])
    heading = other if random.random() < _OTHER_HEADING else body
    if kind in _POSTERS and random.random() < _DISPLAY_HEADING:
        heading = _pick(random, _able(text, "display", lang, default=heading))
    return body, heading


def _palette(random: np.random.Generator, kind: str) -> Palette:
    if kind == "newspaper":
        return NEWS
    if kind == "receipt":
        return THERMAL
    if kind == "slides" and random.random() < 0.4:
        return _pick(random, DARK)
    # Offices print most things in black.
    if kind in ("form", "notice", "invoice", "report") and random.random() < 0.4:
        return BLACK
    return _pick(random, PALETTES)


#: Signs that a family says it has, and draws as nothing.
_BLANK = {"NanumSquare": "•"}


def _bullets(random: np.random.Generator, family: str) -> tuple[str, ...]:
    blank = _BLANK.get(family, "")
    able = [
        b
        for b in BULLETS
        if not missing_glyphs("".join(b), f"'{family}'") and not set(blank) & set("".join(b))
    ]
    return _pick(random, able) if able else ("-", "-", "-")
