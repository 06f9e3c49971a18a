"""Whether a drawn page shows what its layout says: pure functions, each with a threshold.

Every check takes what `Browser.draw` and `ink.tighten` gave and returns None, or
a `Refused` with the reason that is counted:

| reason | what was found |
|---|---|
| `unassigned` | a code point that Unicode does not assign, or for private use |
| `control` | a control character that is no white space |
| `right_to_left` | Hebrew, Arabic and other scripts that themes do not lay out yet |
| `missing_glyph` | a character that none of the fonts asked for has |
| `hidden_text` | text that is transparent, or not displayed |
| `cut_off` | text outside the picture, or outside a box that cuts it |
| `overflow` | content wider or higher than the page |
| `overlap` | a word on another, or on a figure it does not belong to |
| `without_ink` | a character's box with nothing in it |
| `low_contrast` | text too close in colour to what is behind it |
| `too_small` | text that the model's picture processor makes too small to read |
| `blank` | a picture of one colour |

Cut-off text and occlusion are what olmOCR's synthesis looks for; here both follow
from the layout, without asking the browser again.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from records import area
from renderers.errors import Refused
from renderers.fonts import drawn_by
from renderers.ink import Inked
from renderers.layout import Boxes, Layout

#: Pixels that content may reach beyond the page: the layout engine rounds up.
OVERFLOW_SLACK = 1.0
#: The share of a word's box that another may cover. Boxes are on the ink; italics and
#: descenders of lines set solid reach a tenth.
MAX_OVERLAP = 0.2
#: Contrast of text by its colours: what WCAG 2.1 (1.4.3) asks of large text.
MIN_CONTRAST = 3.0
#: Contrast by pixels, of the lightest and the darkest in a word's box. A thin dash of a grey
#: that has 4.5 by its colour keeps 1.8; text that cannot be seen has 1.2.
MIN_PIXEL_CONTRAST = 1.5
#: Pixels around a word's box that are looked at too.
_AROUND = 2
#: Standard deviation of the picture's grey, 0..255; a page of one line has 8.
MIN_DEVIATION = 3.0
#: Pixels an em, after the model's picture processor has scaled the picture to its budget:
#: of Hangul, Han and Kana, whose strokes are close; of other scripts; of exponents and indices.
MIN_SIZE_DENSE, MIN_SIZE, MIN_SIZE_SCRIPT = 12.0, 9.0, 6.5
#: Blocks that are laid over text on purpose.
OVERLAID = frozenset({"stamp"})
#: Details name at most this many characters.
_NAMED = 10

_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI"})


def check_text(text: str) -> Refused | None:
    """`unassigned`, `control` or `right_to_left`, before anything is drawn."""
    for reason, found in (
        ("unassigned", lambda c: unicodedata.category(c) in ("Cn", "Co", "Cs")),
        ("control", lambda c: unicodedata.category(c) == "Cc" and not c.isspace()),
        ("right_to_left", lambda c: unicodedata.bidirectional(c) in _RIGHT_TO_LEFT),
    ):
        if bad := [c for c in dict.fromkeys(text) if found(c)]:
            return Refused(reason, _named(bad))
    return None


def check_drawing(inked: Inked, pixels: NDArray[np.uint8], max_pixels: float) -> Refused | None:
    """The first reason to refuse a drawing; None if it shows what its layout says.

    `max_pixels` is the area that the model's picture processor scales larger
    pictures down to.
    """
    layout = inked.layout
    checks: tuple[Callable[[], Refused | None], ...] = (
        lambda: blank(pixels),
        lambda: hidden(layout),
        lambda: overflow(layout),
        lambda: written(layout),
        lambda: glyphs(layout),
        lambda: too_small(layout, max_pixels),
        lambda: contrast(layout),
        lambda: without_ink(inked),
        lambda: pixel_contrast(layout, pixels),
        lambda: overlap(layout),
    )
    return next((found for check in checks if (found := check())), None)


def blank(pixels: NDArray[np.uint8]) -> Refused | None:
    """`blank`: every fourth pixel is looked at."""
    deviation = float(pixels[::4, ::4, 1].std())
    return Refused("blank", f"deviation {deviation:.1f}") if deviation < MIN_DEVIATION else None


def hidden(layout: Layout) -> Refused | None:
    """`hidden_text` and `cut_off`."""
    for entry in layout.hidden:
        reason = "cut_off" if entry.reason in ("clipped", "outside") else "hidden_text"
        return Refused(reason, f"{entry.reason}: {entry.text[:100]}")
    return None


def overflow(layout: Layout) -> Refused | None:
    """`overflow`."""
    for name, reach, side in (
        ("wide", layout.content_width, layout.width),
        ("high", layout.content_height, layout.height),
    ):
        if reach > side + OVERFLOW_SLACK:
            return Refused("overflow", f"{reach:.0f} of {side} pixels {name}")
    return None


def written(layout: Layout) -> Refused | None:
    """`check_text` of what is drawn; formulas have signs of their own for private use."""
    outside = np.flatnonzero(layout.char.formula < 0).tolist()
    return check_text("".join(layout.char.labels[k] for k in outside))


def glyphs(layout: Layout) -> Refused | None:
    """`missing_glyph`."""
    missing = []
    pairs = dict.fromkeys(zip(layout.char.labels, layout.char.style.tolist(), strict=True))
    for label, style in pairs:
        drawn = layout.styles[style]
        if drawn_by(label, drawn.families, drawn.weight, drawn.italic) is None:
            missing.append(label)
    return Refused("missing_glyph", _named(missing)) if missing else None


def too_small(layout: Layout, max_pixels: float) -> Refused | None:
    """`too_small`: of every style the characters that need most pixels."""
    shrink = min(1.0, math.sqrt(max_pixels / (layout.width * layout.height)))
    script = _scripts(layout)
    pairs = zip(layout.char.labels, layout.char.style.tolist(), script.tolist(), strict=True)
    for label, style, is_script in dict.fromkeys(pairs):
        size = layout.styles[style].size * shrink
        least = MIN_SIZE_SCRIPT if is_script else MIN_SIZE_DENSE if _dense(label) else MIN_SIZE
        if size < least:
            return Refused("too_small", f"{label} has {size:.1f} of {least:g} pixels")
    return None


def contrast(layout: Layout) -> Refused | None:
    """`low_contrast` by colours; of text on pictures only the pixels tell."""
    for style in np.unique(layout.char.style).tolist():
        drawn = layout.styles[style]
        if drawn.background is None:
            continue
        ratio = contrast_ratio(_luminance(drawn.colour), _luminance(drawn.background))
        if ratio < MIN_CONTRAST:
            return Refused("low_contrast", f"{drawn.colour} on {drawn.background}: {ratio:.1f}")
    return None


def without_ink(inked: Inked) -> Refused | None:
    """`without_ink`."""
    labels = [inked.layout.char.labels[k] for k in np.flatnonzero(~inked.inked).tolist()]
    return Refused("without_ink", _named(labels)) if labels else None


def pixel_contrast(layout: Layout, pixels: NDArray[np.uint8]) -> Refused | None:
    """`low_contrast` by pixels."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    # A dash or a filled square fills its box: what is around it tells the paper. On a
    # picture or a gradient, boxes are not on the ink and have paper in them.
    known = np.array([style.background is not None for style in layout.styles], np.bool_)
    first = np.searchsorted(layout.char.parent, np.arange(len(layout.word)))
    more = np.where(known[layout.char.style[first]], _AROUND, 0)[:, None]
    around = layout.word.boxes + more * np.array([-1, -1, 1, 1])
    grid = np.maximum(np.rint(around), 0).astype(int).tolist()
    for label, (x1, y1, x2, y2) in zip(layout.word.labels, grid, strict=True):
        inside = grey[y1:y2, x1:x2]
        if not inside.size:
            continue
        low, high, _, _ = cv2.minMaxLoc(inside)
        if low == high:  # A dash fills its box; `without_ink` knows that it is there.
            continue
        ratio = contrast_ratio(_luminance([low] * 3), _luminance([high] * 3))
        if ratio < MIN_PIXEL_CONTRAST:
            return Refused("low_contrast", f"{label[:50]}: {ratio:.1f} in the picture")
    return None


def overlap(layout: Layout) -> Refused | None:
    """`overlap`: first which lines meet, then which of their words do."""
    block = layout.block
    free = np.array([kind not in OVERLAID for kind in block.kinds], np.bool_)
    lines = np.flatnonzero(free[layout.line.parent])
    first, second = _meeting(layout.line.boxes[lines])
    word_starts = np.searchsorted(layout.word.parent, np.arange(len(layout.line) + 1))
    for a, b in zip(lines[first].tolist(), lines[second].tolist(), strict=True):
        ones = np.arange(word_starts[a], word_starts[a + 1])
        others = np.arange(word_starts[b], word_starts[b + 1])
        shares = _shares(layout.word.boxes[ones], layout.word.boxes[others])
        if shares.size and shares.max() > MAX_OVERLAP:
            i, j = np.unravel_index(shares.argmax(), shares.shape)
            pair = f"{layout.word.labels[ones[i]][:50]} and {layout.word.labels[others[j]][:50]}"
            return Refused("overlap", pair)
    figures = [k for k, kind in enumerate(block.kinds) if kind == "figure"]
    owner = layout.line.parent[layout.word.parent]
    for figure in figures:
        others = np.flatnonzero(free[owner] & ~_inside(owner, figure, block.parent))
        shares = _shares(layout.word.boxes[others], block.frames[[figure]])
        if shares.size and shares.max() > MAX_OVERLAP:
            word = layout.word.labels[others[int(shares.argmax())]]
            return Refused("overlap", f"{word[:50]} and a figure")
    return None


def contrast_ratio(one: float, other: float) -> float:
    """WCAG's contrast of two relative luminances, 1 to 21."""
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def _luminance(colour: Iterable[float]) -> float:
    """WCAG's relative luminance of a colour in sRGB, 0..1."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _scripts(layout: Layout) -> NDArray[np.bool_]:
    """Which characters are exponents, indices and the like: smaller than their line's largest."""
    sizes = np.array([style.size for style in layout.styles])[layout.char.style]
    line = layout.word.parent[layout.char.parent]
    largest = np.zeros(len(layout.line))
    np.maximum.at(largest, line, sizes)
    scripts: NDArray[np.bool_] = sizes < 0.85 * largest[line]
    return scripts


def _dense(label: str) -> bool:
    return any(unicodedata.east_asian_width(c) in "WF" for c in label)


def _meeting(boxes: Boxes) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of boxes that share some area, each once."""
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    meets = (high > low).all(axis=2)
    first, second = np.nonzero(np.triu(meets, 1))
    return first, second


def _shares(ones: Boxes, others: Boxes) -> NDArray[np.float64]:
    """The share of the smaller box of every pair that both have: (N, M)."""
    low = np.maximum(ones[:, None, :2], others[None, :, :2])
    high = np.minimum(ones[:, None, 2:], others[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0.0), axis=2)
    smaller = np.minimum(area(ones)[:, None], area(others)[None, :])
    return np.divide(shared, smaller, out=np.zeros_like(shared), where=smaller > 0)


def _inside(blocks: NDArray[np.int32], around: int, parent: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which of `blocks` are the block `around`, or in it."""
    inside = np.zeros(len(parent) + 1, np.bool_)
    inside[around] = True
    for _ in range(len(parent)):
        grown = inside.copy()
        grown[:-1] |= inside[parent]
        if (grown == inside).all():
            break
        inside = grown
    return inside[blocks]


def _named(characters: Iterable[str]) -> str:
    distinct = list(dict.fromkeys(characters))[:_NAMED]
    return " ".join("+".join(f"U+{ord(c):04X}" for c in d) for d in distinct)
