"""Colours of sheets: an ink, a paper and an accent that can be told apart."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np

#: WCAG 2 contrast of text, also of small print and coloured headings.
MIN_CONTRAST = 4.5


@dataclass(frozen=True)
class Palette:
    """CSS colours, `#rrggbb`: text, small print, paper, what stands out, its pale shade, rules."""

    ink: str
    faint: str
    paper: str
    accent: str
    #: Text on the accent.
    on_accent: str
    tint: str
    rule: str


def contrast(a: str, b: str) -> float:
    """The contrast of two colours, 1 to 21, as WCAG 2 defines it."""
    dark, light = sorted((_luminance(a), _luminance(b)))
    return (light + 0.05) / (dark + 0.05)


def printed(random: np.random.Generator) -> Palette:
    """Black on white or nearly so, as exams are."""
    paper = _hsl(*[(0.13, 0.3, 1.0), (0.12, 0.35, 0.98), (0.11, 0.08, 0.96), (0.6, 0.1, 0.985)][
        random.integers(4)
    ])  # fmt: skip
    ink = _hsl(0.62, 0.1, random.uniform(0.03, 0.14))
    return Palette(ink, _hsl(0.6, 0.03, 0.3), paper, ink, paper, _hsl(0.6, 0.04, 0.92), ink)


def coloured(random: np.random.Generator, *, tinted: float = 0.5) -> Palette:
    """Dark on light with one accent; `tinted` is the share of papers that are not white."""
    hue = random.uniform()
    paper = "#ffffff"
    if random.uniform() < tinted:
        paper = _hsl(random.choice([0.12, 0.14, 0.58, 0.33, hue]), random.uniform(0.2, 0.6),
                     random.uniform(0.95, 0.985))  # fmt: skip
    ink = _hsl(random.choice([0.62, hue]), random.uniform(0.05, 0.35), random.uniform(0.07, 0.17))
    accent = _readable(hue, random.uniform(0.45, 0.85), 0.5, paper)
    return Palette(
        ink=ink,
        faint=_readable(hue, 0.12, 0.42, paper),
        paper=paper,
        accent=accent,
        on_accent="#ffffff",
        tint=_hsl(hue, 0.45, 0.945 if paper == "#ffffff" else 0.92),
        rule=_hsl(hue, 0.22, 0.76),
    )


def dark(random: np.random.Generator) -> Palette:
    """Light on dark: slides, phones at night."""
    hue = random.uniform()
    paper = _hsl(hue, random.uniform(0.05, 0.45), random.uniform(0.07, 0.16))
    return Palette(
        ink=_hsl(hue, 0.15, 0.95),
        faint=_hsl(hue, 0.12, 0.76),
        paper=paper,
        # Blue is the darkest colour of a lightness: at 0.78 it still stands out.
        accent=_hsl((hue + random.choice([0.1, 0.5, 0.6])) % 1, random.uniform(0.4, 0.65), 0.78),
        on_accent=_hsl(hue, 0.4, 0.08),
        tint=_hsl(hue, 0.2, 0.2),
        rule=_hsl(hue, 0.15, 0.36),
    )


def written(random: np.random.Generator) -> Palette:
    """Pen or pencil on paper; the accent is a red or coloured pen, the rule is printed."""
    pens = ((0.63, 0.55, 0.24), (0.61, 0.75, 0.33), (0.6, 0.06, 0.13), (0.6, 0.04, 0.27),
            (0.72, 0.35, 0.25), (0.45, 0.55, 0.17))  # fmt: skip
    ink = _hsl(*pens[random.integers(len(pens))])
    paper = _hsl(random.choice([0.12, 0.14, 0.1, 0.58]), random.uniform(0.1, 0.55),
                 random.uniform(0.945, 0.99))  # fmt: skip
    accent = _readable(float(random.choice([0.98, 0.02, 0.58, 0.36, 0.85])), 0.7, 0.48, paper)
    rule = _hsl(float(random.choice([0.58, 0.55, 0.4, 0.6])), random.uniform(0.2, 0.5), 0.84)
    return Palette(ink, ink, paper, accent, "#ffffff", paper, rule)


def _readable(hue: float, saturation: float, lightness: float, paper: str) -> str:
    """The lightest shade, up to `lightness`, that can be read on the paper and under white."""
    while True:  # Black is at 21:1, so that this ends.
        colour = _hsl(hue, saturation, lightness)
        if min(contrast(colour, paper), contrast(colour, "#ffffff")) >= MIN_CONTRAST:
            return colour
        lightness -= 0.02


def _hsl(hue: float, saturation: float, lightness: float) -> str:
    channels = colorsys.hls_to_rgb(float(hue), float(lightness), float(saturation))
    return "#" + "".join(f"{round(c * 255):02x}" for c in channels)


def _luminance(colour: str) -> float:
    channels = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
