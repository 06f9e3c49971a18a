"""A text problem as a high-resolution picture with a box for every word.

The boxes are the layout engine's own, read from the page before it is drawn.
Pictures that would not show what their label says are refused, each for a
reason that has a name.
"""

from __future__ import annotations

import io
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from jinja2 import Environment
from PIL import Image

from records import generator, normalise
from renderers.browser import Browser, Drawing
from renderers.errors import Refused
from renderers.glyphs import missing_glyphs
from renderers.page import Page

#: CSS pixels of the sheet's width, and the most that its height may be.
WIDTH, MAX_HEIGHT = 800, 1400
#: Characters; a longer problem would not fit.
MAX_CHARACTERS = 6000
#: Standard deviation of grey values below which a picture shows nothing.
MIN_CONTRAST = 4.0


@dataclass(frozen=True)
class Style:
    """How a sheet looks. `size` is in CSS pixels; the rest are CSS values."""

    name: str
    font_family: str
    generic: str
    size: int
    ink: str
    paper: str
    faint: str
    accent: str
    rule: str
    badge: str = ""

    def family(self, lang: str) -> str:
        """The font family for a language: Han characters look different in each."""
        return self.font_family.format(region=REGIONS.get(lang, "KR"))


#: Regions of the Noto CJK families; they also have the Latin script.
REGIONS = {"ja": "JP", "zh": "SC"}

STYLES = (
    Style(
        "exam", "Noto Serif CJK {region}", "serif", 21, "#111", "#fff", "#444", "#111",
        "2px solid #111",
    ),
    Style(
        "textbook", "Noto Sans CJK {region}", "sans-serif", 20, "#1d2433", "#fffdf7", "#7a6f5d",
        "#b4502b", "1px solid #d9cdb8",
    ),
    Style(
        "worksheet", "NanumGothic", "sans-serif", 22, "#16233a", "#fff", "#6b7a90", "#fff",
        "1px dashed #9fb0c6",
        "background:#2f6db5;border-radius:8px;height:1.6em;min-width:1.9em;padding:0 .4em;"
        "text-align:center;line-height:1.6em;margin-top:.05em;",
    ),
)  # fmt: skip

#: Heading and footing of a sheet by language: (title, subtitle).
HEADINGS = {
    "ko": ("다음 물음에 답하시오.", "수학·논리"),
    "ja": ("次の問いに答えなさい。", "数学・論理"),
    "en": ("Answer the following question.", "Mathematics and logic"),
}


@dataclass(frozen=True)
class Sheet:
    """A rendered problem."""

    image: bytes
    format: str
    #: Pixels.
    width: int
    height: int
    #: Words in reading order, and their boxes (N, 4) on the 0..1000 grid.
    words: tuple[str, ...]
    boxes: np.ndarray
    style: str


def render_problem(
    browser: Browser, problem: str, lang: str, *, scale: float, seed: int, key: str
) -> Sheet:
    """Draw `problem`; `seed` and `key` choose the style.

    Raises Refused (too_long, missing_glyph, overflow, too_tall, blank,
    word_outside) and RenderError.
    """
    text = unicodedata.normalize("NFC", problem).strip()
    if not text or len(text) > MAX_CHARACTERS:
        raise Refused("too_long" if text else "no_text", f"{len(text)} characters")
    random = generator(seed, "sheet", key)
    title, subtitle = HEADINGS.get(lang, HEADINGS["en"])
    number = str(random.integers(1, 31))
    style = _choose_style(text + title + subtitle, lang, random)
    html = _template().render(
        lang=lang, width=WIDTH, style=style, title=title, subtitle=subtitle, number=number,
        problem=text,
    )  # fmt: skip
    drawing = browser.draw(Page(html, WIDTH, None, scale, lang))
    layout = drawing.layout
    if layout.content_width > layout.width:
        raise Refused("overflow", f"{layout.content_width:.0f} of {layout.width} pixels wide")
    if layout.height > MAX_HEIGHT * scale:
        raise Refused("too_tall", f"{layout.height} of {MAX_HEIGHT * scale:.0f} pixels high")
    return _encode(drawing, style.name)


def _choose_style(text: str, lang: str, random: np.random.Generator) -> Style:
    """One of the styles whose font has every character."""
    missing = {style: missing_glyphs(text, style.family(lang)) for style in STYLES}
    able = [style for style in STYLES if not missing[style]]
    if not able:
        fewest = min(missing.values(), key=len)
        raise Refused("missing_glyph", " ".join(f"U+{ord(c):04X}" for c in fewest[:10]))
    return able[random.integers(len(able))]


def _encode(drawing: Drawing, style: str) -> Sheet:
    picture, words = Image.fromarray(drawing.pixels), drawing.layout.word
    if np.asarray(picture.convert("L")).std() < MIN_CONTRAST:
        raise Refused("blank")
    try:
        boxes = normalise(words.boxes, picture.width, picture.height)
    except ValueError as error:
        raise Refused("word_outside", str(error)) from error
    encoded = io.BytesIO()
    # Clean pictures are smallest, and exact, as lossless WebP.
    picture.save(encoded, "WEBP", lossless=True, quality=20, method=2)
    return Sheet(
        image=encoded.getvalue(),
        format="webp",
        width=picture.width,
        height=picture.height,
        words=tuple(words.labels),
        boxes=boxes,
        style=style,
    )


@cache
def _template():  # type: ignore[no-untyped-def]
    source = resources.files("renderers").joinpath("sheet.html.j2").read_text("utf-8")
    return Environment(autoescape=True).from_string(source)
