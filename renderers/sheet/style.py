"""How a sheet looks: chosen by a seed from what the problem allows.

`choose_style` draws nothing and is pure (the fonts of the machine apart): the
style is a record of plain values, kept with the sample. What it settles by
arithmetic before anything is drawn: which kinds of sheet have room for the
problem, in how many columns its choices can stand, and a page size at which
small print can still be read when the model's processor has scaled the picture
down to its visual-token budget.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any, TypeVar

import numpy as np

from records import generator
from renderers.checks import MIN_SIZE, MIN_SIZE_DENSE, check_text
from renderers.errors import FontsMissing, Refused
from renderers.fonts import fonts_for, installed, missing_glyphs
from renderers.sheet.colours import Palette, coloured, dark, printed, written
from renderers.sheet.figures import stated_place
from renderers.sheet.problem import Problem, Span
from renderers.sheet.words import SUBJECTS, WORDS, Words

T = TypeVar("T")

#: What sheets imitate, and how often where a problem has room on all of them.
KINDS: Mapping[str, float] = {
    "exam": 0.26, "textbook": 0.18, "worksheet": 0.18, "slide": 0.13, "phone": 0.12,
    "notebook": 0.13,
}  # fmt: skip
#: Layouts of each kind, as the style sheets name them.
VARIANTS: Mapping[str, Sequence[str]] = {
    "exam": ("framed", "open", "band", "strip"),
    "textbook": ("tab", "margin", "boxed", "rule"),
    "worksheet": ("card", "lined", "badge", "ribbon"),
    "slide": ("bar", "split", "plain", "band"),
    "phone": ("chat", "card", "post"),
    "notebook": ("ruled", "grid", "dots", "plain"),
}
#: Small print is this part of the text's size, and no smaller.
SMALL = 0.8
#: Device pixels a CSS pixel, where the caller leaves it to the style.
SCALES = (1.0, 1.5, 2.0, 2.5, 3.0)
#: Pixels of the smallest font of a picture, and of a whole picture, that scales are chosen by.
MIN_PIXELS_OF_TEXT, MAX_PIXELS_OF_PICTURE = 17.0, 9e6
#: Tries to find a page on which the text stays legible.
_TRIES = 12

_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩"
_LETTERS = "ABCDEFGHIJ"
#: Labels of choices by language: in Korean and Japanese print, circled numbers.
_LABELS: Mapping[str, Sequence[str]] = {
    "ko": ("①",), "ja": ("①",), "en": ("(A)", "(A)", "A."), "es": ("(A)", "A)"),
    "de": ("(A)", "A)"), "vi": ("A.", "(A)"),
}  # fmt: skip

#: Families in which all that is not a letter may be drawn, by language.
_SIGNS = {"ja": "Noto Sans CJK JP"}
_SIGNS_ELSE = "Noto Sans CJK KR"
#: Hands whose letters are small for their size.
_SMALL_HANDS = ("Nanum Pen Script", "Nanum Brush Script", "BM KIRANGHAERANG")
#: What other hands are drawn at, of the size of those.
_HAND_SIZE = 0.8


@dataclass(frozen=True)
class SheetStyle:
    """The look of one sheet. Lengths are CSS pixels."""

    kind: str
    variant: str
    lang: str
    palette: Palette
    #: Families of the text and of headings, and of the signs that those lack.
    font: str
    heading_font: str
    sign_font: str
    #: Of the text; small print is SMALL of it.
    size: float
    #: Line height as a multiple of the size.
    leading: float
    width: int
    #: None where the page is as high as its content.
    height: int | None
    #: Device pixels a CSS pixel.
    scale: float
    #: Columns that the blocks of the problem flow in.
    columns: int
    choice_columns: int
    #: `beside`, `above` or `below` the text.
    figure_place: str
    justify: bool
    #: The number, and whether it stands in the line of the text.
    number: str
    inline_number: bool
    #: Labels of the choices as printed, such as "(A)", and as an answer names them: "A".
    labels: tuple[str, ...]
    label_names: tuple[str, ...]
    points: str
    #: Room for working left blank; 0 for none.
    working: int
    #: What is printed around the problem, by the place where it stands.
    words: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The style as values of JSON."""
        return asdict(self)

    @property
    def layout(self) -> tuple[str | int | bool, ...]:
        """What makes two sheets differ in more than colour, size and font."""
        return (
            self.kind, self.variant, self.columns, self.choice_columns, self.figure_place,
            self.justify, self.inline_number, self.working > 0, bool(self.points),
        )  # fmt: skip


@dataclass(frozen=True)
class _Shape:
    """What a kind of sheet draws its sizes from."""

    roles: tuple[str, ...]
    heading_roles: tuple[str, ...]
    sizes: tuple[float, float]
    leadings: tuple[float, float]
    widths: tuple[int, int]
    #: Of a page in two columns.
    wide: tuple[int, int]
    #: Sum of what is left and right of the text, and above and below it, in em.
    margins: tuple[float, float]
    #: Em that the problem may take.
    capacity: float
    palettes: tuple[Callable[[np.random.Generator], Palette], ...]


_SHAPES: Mapping[str, _Shape] = {
    "exam": _Shape(("serif", "serif", "serif", "sans"), ("serif", "sans"), (16.5, 21), (1.6, 1.85),
                   (560, 800), (900, 1040), (5.5, 13), math.inf, (printed,)),
    "textbook": _Shape(("serif", "sans"), ("sans", "display"), (16, 21), (1.65, 1.9), (580, 820),
                       (900, 1040), (7, 11), math.inf, (coloured,)),
    "worksheet": _Shape(("sans", "sans", "serif"), ("display", "sans"), (17, 23), (1.65, 1.95),
                        (600, 860), (920, 1060), (7, 13), math.inf, (coloured, coloured, printed)),
    "slide": _Shape(("sans",), ("sans", "display"), (14, 58), (1.5, 1.7), (1280, 1280),
                    (1280, 1280), (8, 6), 520, (coloured, coloured, dark)),
    "phone": _Shape(("sans",), ("sans",), (15.5, 18.5), (1.5, 1.7), (360, 430), (360, 430),
                    (6, 15), 620, (coloured, coloured, dark)),
    "notebook": _Shape(("hand",), ("hand",), (24, 33), (1.35, 1.55), (600, 840), (600, 840),
                       (6, 6), 420, (written,)),
}  # fmt: skip


def choose_style(
    problem: Problem,
    *,
    seed: int,
    key: str,
    max_pixels: int,
    scale: float | None = None,
    kinds: Sequence[str] = tuple(KINDS),
) -> SheetStyle:
    """A style for `problem`, from `kinds`; the same for the same arguments.

    `max_pixels` is what the model's processor scales a picture down to, `scale`
    device pixels a CSS pixel (None: by style). Raises Refused: missing_glyph,
    too_small (on no page could it be read).
    """
    if wrong := check_text(problem.characters):
        raise wrong
    random = generator(seed, "sheet", key)
    least = MIN_SIZE_DENSE if problem.lang in ("ko", "ja") else MIN_SIZE
    length = _ems(problem.spans) + sum(14 for _ in problem.figures)
    signs = _SIGNS.get(problem.lang, _SIGNS_ELSE)
    fonts = {kind: _fonts(problem, _SHAPES[kind], signs) for kind in kinds}
    able = [k for k in kinds if all(fonts[k]) and length <= _SHAPES[k].capacity]
    if not any(all(f) for f in fonts.values()):
        missing = missing_glyphs(problem.characters, f'"{signs}"') or problem.characters
        raise Refused("missing_glyph", " ".join(f"U+{ord(c):04X}" for c in missing[:10]))
    best, best_seen = None, 0.0
    for _ in range(_TRIES):
        if not able:
            break
        weights = np.array([KINDS[k] for k in able])
        kind = able[random.choice(len(able), p=weights / weights.sum())]
        text, headings = (_one(families, random) for families in fonts[kind])
        style = _draw(problem, kind, (text, headings, signs), scale, random)
        seen = _seen(problem, style, max_pixels)
        if seen >= least:
            return style
        if seen > best_seen:
            best, best_seen = style, seen
    # The estimate is on the safe side: what is a little under it may still be read.
    if best is None or best_seen < 0.85 * least:
        raise Refused("too_small", f"small print seen at {best_seen:.1f} pixels")
    return best


def _draw(
    problem: Problem,
    kind: str,
    fonts: tuple[str, str, str],
    scale: float | None,
    random: np.random.Generator,
) -> SheetStyle:
    shape, words = _SHAPES[kind], WORDS[problem.lang]
    variant = _one(VARIANTS[kind], random)
    size = round(random.uniform(*shape.sizes) * 2) / 2
    if kind == "notebook" and fonts[0] not in _SMALL_HANDS:
        size = round(size * _HAND_SIZE * 2) / 2
    blocks = len(problem.blocks) + len(problem.figures) + bool(problem.choices)
    length = _ems(problem.spans)
    flows = kind in ("exam", "textbook", "worksheet") and blocks >= 2 and length > 90
    columns = 2 if flows and random.uniform() < 0.4 else 1
    width = int(random.integers(*shape.widths, endpoint=True))
    if columns == 2:
        width = int(random.integers(*shape.wide, endpoint=True))
    height = None
    leading = round(random.uniform(*shape.leadings), 2)
    measure = (width - shape.margins[0] * size) / columns
    if kind == "slide":
        width, height = (1280, 720) if random.uniform() < 0.7 else (960, 540)
        size = _slide_size(problem, variant, width, height, leading) * random.uniform(0.72, 1)
        size = round(size * 2) / 2
        measure = width * _slide_share(variant)
    elif kind == "phone":
        # Whole screens, and those that were cut to what is on them.
        height = round(width * random.uniform(1.0, 2.16))
    labels, names = _labels(problem, random)
    number, inline = _number(kind, variant, words, random)
    points = problem.points
    if points is None and kind == "exam" and random.uniform() < 0.6:
        points = int(random.integers(2, 5))
    chosen = scale or _scale(width, height, size, problem, shape, random)
    return SheetStyle(
        kind=kind,
        variant=variant,
        lang=problem.lang,
        palette=_one(shape.palettes, random)(random),
        font=fonts[0],
        heading_font=fonts[1],
        sign_font=fonts[2],
        size=size,
        leading=leading,
        width=width,
        height=height,
        scale=chosen,
        columns=columns,
        choice_columns=_choice_columns(problem, kind, measure / size, random),
        figure_place=_figure_place(problem, kind, measure / size, random),
        justify=kind in ("exam", "textbook") and problem.lang != "vi" and random.uniform() < 0.6,
        number=number,
        inline_number=inline,
        labels=labels,
        label_names=names,
        points=_one(words.points, random).format(points) if points is not None else "",
        working=_working(kind, size, random),
        words=_words(kind, problem, words, random),
    )


def _seen(problem: Problem, style: SheetStyle, max_pixels: int) -> float:
    """Pixels of the small print's size once the picture is scaled down, by estimate."""
    area = style.width * (style.height or _height(problem, style))
    return SMALL * style.size * min(style.scale, math.sqrt(max_pixels / area))


def _height(problem: Problem, style: SheetStyle) -> float:
    """CSS pixels that a page is high, by estimate."""
    shape = _SHAPES[style.kind]
    measure = (style.width / style.size - shape.margins[0]) / style.columns
    lines = sum(math.ceil(_ems(b.spans) * 1.08 / measure) + 0.6 for b in problem.blocks)
    per_row = max(1, style.choice_columns)
    rows = [_ems(c) / (measure / per_row) for c in problem.choices]
    lines += sum(math.ceil(max(rows[k : k + per_row])) for k in range(0, len(rows), per_row))
    figures = 14 * len(problem.figures)
    text = (lines * style.leading + figures) * style.size / style.columns
    return text + style.working + shape.margins[1] * style.size


def _slide_size(problem: Problem, variant: str, width: int, height: int, leading: float) -> float:
    """The largest size at which the problem leaves room around it on a slide."""
    largest = _SHAPES["slide"].sizes[1] * width / 1280
    for size in np.arange(largest, 14, -0.5).tolist():
        measure = width * _slide_share(variant) / size
        beside = measure * (0.55 if problem.figures else 1)
        lines = sum(math.ceil(_ems(b.spans) * 1.1 / beside) + 0.7 for b in problem.blocks)
        abreast = max(_abreast(problem, measure), default=1)
        widest = max((_ems(c) + 3 for c in problem.choices), default=0)
        rows = math.ceil(len(problem.choices) / abreast)
        lines += rows * (math.ceil(widest * abreast * 1.1 / measure) + 0.3)
        if lines * leading * size < height * 0.58:
            return size
    return 14.0


def _scale(
    width: int,
    height: int | None,
    size: float,
    problem: Problem,
    shape: _Shape,
    random: np.random.Generator,
) -> float:
    lines = _ems(problem.spans) * size / (width - shape.margins[0] * size) + shape.margins[1]
    area = width * (height or lines * size * shape.leadings[1])
    able = [
        s for s in SCALES
        if s * s * area <= MAX_PIXELS_OF_PICTURE and s * SMALL * size >= MIN_PIXELS_OF_TEXT
    ]  # fmt: skip
    return _one(able or (2.0,), random)


def _slide_share(variant: str) -> float:
    """The part of a slide's width that the problem has."""
    return 0.56 if variant == "split" else 0.86


def _abreast(problem: Problem, measure: float) -> list[int]:
    """In how many columns choices can stand: 1, 2, all; of five 3 and 2, as in Korean exams."""
    count = len(problem.choices)
    if count == 0:
        return []
    widest = max(_ems(choice) for choice in problem.choices) + 3.2
    candidates = {1, 2, count} | ({3} if count in (5, 6) else set())
    return [n for n in sorted(candidates) if n == 1 or (n <= 5 and widest * n <= measure)]


def _choice_columns(
    problem: Problem, kind: str, measure: float, random: np.random.Generator
) -> int:
    """Columns of the choices, 0 without any; a slide was measured for as many as it takes."""
    able = _abreast(problem, measure)
    if not able:
        return 0
    if kind == "slide":
        return able[-1]
    # The more stand side by side, the more usual it is.
    weights = np.array(able, np.float64)
    return able[random.choice(len(able), p=weights / weights.sum())]


def _figure_place(problem: Problem, kind: str, measure: float, random: np.random.Generator) -> str:
    """Where the text says; else beside it if there is room, as always on slides."""
    if not problem.figures:
        return "below"
    if kind == "slide":
        return "beside"
    stated = stated_place(problem.characters)
    if stated and (stated != "beside" or measure > 16):
        return stated
    return _one(("beside", "above", "below") if measure > 24 else ("above", "below"), random)


def _labels(
    problem: Problem, random: np.random.Generator
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    form = _one(_LABELS[problem.lang], random)
    signs = _CIRCLED if form == "①" else _LETTERS
    names = tuple(signs[: len(problem.choices)])
    if form == "①":
        return names, names
    return tuple(form.replace("A", name) for name in names), names


def _number(kind: str, variant: str, words: Words, random: np.random.Generator) -> tuple[str, bool]:
    """The problem's number as printed ("" for none), and whether it begins the text's line."""
    n = int(random.integers(1, 31))
    if kind == "exam":
        return f"{n}.", True
    if kind == "textbook":
        if variant in ("boxed", "rule"):
            return _one(words.textbook, random).format(n), False
        return f"{n:02d}", False
    if kind == "worksheet":
        if variant == "badge":
            return str(n), False
        return _one((f"{n}.", f"{n})", f"({n})", f"Q{n}."), random), True
    if kind == "notebook":
        return _one((f"{n}.", f"{n})", f"({n})", f"#{n}"), random), True
    if kind == "slide":
        return _one(("", f"Q{n}", "Q", f"{n}"), random), False
    return _one(("", "", f"Q{n}."), random), True


def _working(kind: str, size: float, random: np.random.Generator) -> int:
    """Room for working in CSS pixels, where such sheets have it."""
    share = {"worksheet": 0.45, "exam": 0.15, "notebook": 0.3}.get(kind, 0.0)
    roomy = random.uniform() < share
    return round(size * random.uniform(4, 9)) if roomy else 0


def _words(
    kind: str, problem: Problem, words: Words, random: np.random.Generator
) -> dict[str, str | tuple[str, ...]]:
    index = list(SUBJECTS).index(problem.subject)
    subject = words.subjects[index]
    if kind == "exam":
        session = _one(words.session, random)
        if problem.lang == "ko":
            # The order of subjects is the same in all of the country's exams.
            order = {"language": 0, "math": 1, "english": 2}
            session = words.session[order.get(problem.subject, 3)]
        pages = int(random.integers(4, 21))
        return {
            "title": _one(words.exams, random),
            "subject": f"{subject} 영역" if problem.lang == "ko" else subject,
            "session": session,
            "booklet": _one(words.booklet, random),
            "fields": tuple(words.fields),
            "instruction": _one(words.instructions, random) if random.uniform() < 0.4 else "",
            "page": str(int(random.integers(1, pages + 1))),
            "pages": str(pages),
            "notes_heading": words.last_heading,
            "notes": tuple(words.last_notes) if random.uniform() < 0.35 else (),
        }
    if kind == "textbook":
        return {
            "chapter": _one(words.chapters, random),
            "subject": subject,
            "page": str(int(random.integers(8, 300))),
        }
    if kind == "worksheet":
        return {
            "title": _one(words.worksheets, random).format(subject),
            "fields": tuple(words.names),
            "instruction": _one(words.instructions, random) if random.uniform() < 0.6 else "",
            "working": _one(words.working, random),
            "answer": words.answer if random.uniform() < 0.6 else "",
        }
    if kind == "slide":
        return {
            "title": _one(words.slides, random),
            "subject": subject,
            "page": str(int(random.integers(2, 40))),
        }
    if kind == "phone":
        return {
            "title": _one(words.chats, random).format(subject),
            "sender": _one(words.senders, random),
            "prompt": _one(words.prompts, random),
            "time": f"{random.integers(1, 13)}:{random.integers(0, 60):02d}",
            "battery": str(int(random.integers(18, 100))),
        }
    return {
        "title": _one(words.notebooks, random).format(subject),
        "date": _one(words.dates, random),
        "working": _one(words.working, random),
    }


def _fonts(problem: Problem, shape: _Shape, signs: str) -> tuple[list[str], list[str]]:
    """Families that text and headings can have; none where a sign is missing everywhere."""
    own = problem.characters
    if missing_glyphs(own, f'"{signs}"'):
        return [], []
    letters = _letters(own)

    def able(roles: Sequence[str]) -> list[str]:
        families = [f for role in roles for f in _families(role, problem.lang)]
        bad = {f for f in families if installed()[f].missing(letters)}
        return [f for f in families if f not in bad]

    headings = [f for role in shape.heading_roles for f in _families(role, problem.lang)]
    return able(shape.roles), headings


@cache
def _families(role: str, lang: str) -> tuple[str, ...]:
    """Families that have what is printed around problems; hands and display faces may lack it."""
    try:
        return tuple(f.family for f in fonts_for(_letters(_printed(lang)), role, lang))
    except FontsMissing:
        if role in ("hand", "display"):
            return ()
        raise


def _letters(text: str) -> str:
    """The letters, marks and digits of a text, each once: the family of the text has them all."""
    return "".join(c for c in dict.fromkeys(text) if unicodedata.category(c)[0] in "LMN")


def _printed(lang: str) -> str:
    """All that a sheet of a language may print around a problem."""
    parts: list[str] = [_LABELS[lang][0], "0123456789.()[]#Q/%", _LETTERS]
    for value in vars(WORDS[lang]).values():
        parts += [value] if isinstance(value, str) else value
    return "".join(parts)


def _ems(spans: Sequence[Span]) -> float:
    """How wide spans are in em, by estimate; a line break counts as half a line of 20 em."""
    width = 0.0
    for span in spans:
        if span.is_formula:
            width += min(0.42 * len(span.text), 30) + 1
            continue
        wide = sum(unicodedata.east_asian_width(c) in "WF" for c in span.text)
        width += wide + 0.5 * (len(span.text) - wide) + 10 * span.text.count("\n")
    return width


def _one(options: Sequence[T], random: np.random.Generator) -> T:
    return options[int(random.integers(len(options)))]
