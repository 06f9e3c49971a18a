"""Where everything on a drawn page stands, at four levels, from the layout engine itself.

The page's script returns characters only (`measure.js`); words, lines and
blocks follow from them here, in arrays. All boxes are float64 (N, 4): x1, y1,
x2, y2 in pixels of the picture, right and bottom exclusive.

The box of a **character** (a grapheme cluster) is as wide as its advance, and
as high as its font's ascent and descent, whatever the line's height. A
**word** is what stands between white space; in Japanese and Chinese, what
Unicode's segmenter says. A **line** is what a reader sees as one, inside one
block. Their boxes are the unions of what they hold. A word that is broken
across lines is one entry on each. `tighten` moves the boxes to the ink.

A formula is one piece of its word: its glyphs are `char` entries, and in the
labels above them it is `$TeX$`, or `$$TeX$$` if displayed.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]
Indices = NDArray[np.int32]

#: Levels, the finest first.
LEVELS = ("char", "word", "line", "block")
#: The layout engine's own unit is 1/64 pixel.
_UNITS = 64
#: Two characters of one line share at least this much of the lower one's height:
#: 0.31 is the most that lines set solid share in the tallest font (Noto CJK).
MIN_SHARED_HEIGHT = 0.5
#: Shared height up to which a character is on another line wherever it stands.
NO_SHARED_HEIGHT = 0.1


@dataclass(frozen=True)
class Level:
    """One level: a row an entry, in reading order."""

    labels: list[str]
    #: (N, 4), pixels of the picture.
    boxes: Boxes
    #: (N,): the entry of the level above that holds this one.
    parent: Indices

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Chars(Level):
    """Grapheme clusters."""

    #: (N,): index into `Layout.styles`.
    style: Indices
    #: (N,): index into `Layout.formulas`, or -1.
    formula: Indices


@dataclass(frozen=True)
class Blocks(Level):
    """Blocks of ground truth. `parent` is the block around this one, or -1.

    `boxes` are the unions of their text, or the elements' own boxes where they
    have none; `frames` the elements' border boxes.
    """

    #: (N,), each of `page.BLOCKS`.
    kinds: list[str]
    #: (N, 4), pixels of the picture.
    frames: Boxes


@dataclass(frozen=True)
class Formulas:
    """Formulas, in reading order."""

    tex: list[str]
    #: (N,): whether it stands on its own line.
    display: NDArray[np.bool_]
    #: (N, 4), pixels of the picture.
    boxes: Boxes
    #: (N,): index into `Layout.block`.
    block: Indices


@dataclass(frozen=True)
class TextStyle:
    """How a run of characters is drawn."""

    #: The CSS list of families; which one drew a character is for `fonts` to say.
    families: str
    #: Pixels of the picture.
    size: float
    weight: int
    italic: bool
    #: 0..255 red, green, blue; what lies behind is None where it is a picture or gradient.
    colour: tuple[int, int, int]
    background: tuple[int, int, int] | None


@dataclass(frozen=True)
class Hidden:
    """Text of the page that the picture does not show."""

    text: str
    #: `hidden`, `transparent`, `clipped`, `outside`.
    reason: str


@dataclass(frozen=True)
class Layout:
    """All that a drawn page says of itself."""

    #: Pixels of the picture.
    width: int
    height: int
    #: Pixels a CSS pixel.
    scale: float
    char: Chars
    word: Level
    line: Level
    block: Blocks
    formulas: Formulas
    styles: tuple[TextStyle, ...]
    hidden: tuple[Hidden, ...]
    #: Pixels: how far the content reaches, which is more than `width` if it overflows.
    content_width: float
    content_height: float

    def level(self, name: str) -> Level:
        """The level `char`, `word`, `line` or `block`."""
        if name not in LEVELS:
            raise ValueError(f"no level {name!r}; there are {', '.join(LEVELS)}")
        found: Level = getattr(self, name)
        return found


class Measured(msgspec.Struct):
    """What `measure.js` returns. Lengths are in 1/64 pixel."""

    #: Width and height that the content takes.
    content: tuple[int, int] = (0, 0)
    #: A character each, in the order of the DOM.
    chars: list[str] = []
    #: Four numbers a character.
    boxes: list[int] = []
    #: Characters that begin a word, and those that have white space before them.
    words: list[int] = []
    spaces: list[int] = []
    #: A run of text each: its first character, style, block, formula or -1, clip or -1.
    runs: list[tuple[int, int, int, int, int]] = []
    #: Families, size, weight, italic, colour, background.
    styles: list[tuple[str, float, int, bool, list[int], list[int] | None]] = []
    #: Kind, order, block around or -1, box.
    blocks: list[tuple[str, float, int, list[int]]] = []
    #: TeX, displayed, block, box.
    formulas: list[tuple[str, bool, int, list[int]]] = []
    #: Boxes outside of which text is cut.
    clips: list[list[int]] = []
    #: Text, reason.
    hidden: list[tuple[str, str]] = []


def layout_of(measured: Measured, width: int, height: int, scale: float) -> Layout:
    """The four levels from what the page's script returned; `width`, `height` in pixels."""
    unit = 1 / _UNITS
    count = len(measured.chars)
    boxes = _boxes(measured.boxes, unit)
    runs = np.array(measured.runs, np.int32).reshape(-1, 5)
    lengths = np.diff(runs[:, 0], append=count)
    style, block, formula, clip = (np.repeat(runs[:, k], lengths) for k in range(1, 5))
    spaced = _marked(measured.spaces, count)
    word = np.cumsum(_marked(measured.words, count) | spaced)

    shown, hidden = _shown(measured, boxes, clip, width, height, unit)
    rank, dom = _reading_order(measured)
    order = np.flatnonzero(shown)
    order = order[np.argsort(rank[block[order]], kind="stable")]
    boxes, style, word, spaced = boxes[order], style[order], word[order], spaced[order]
    block, formula = rank[block[order]], formula[order]
    labels = [measured.chars[k] for k in order.tolist()]

    formulas, formula = _formulas(measured, rank, formula, boxes, unit)
    # A formula stands in its line as one piece.
    pieces = boxes.copy()
    pieces[formula >= 0] = formulas.boxes[formula[formula >= 0]]
    new_line = _line_starts(pieces, block)
    new_word = new_line | (np.diff(word, prepend=-1) != 0)
    words, lines = np.flatnonzero(new_word), np.flatnonzero(new_line)
    word_of, line_of = np.cumsum(new_word) - 1, np.cumsum(new_line) - 1

    tex = _with_tex(labels, formula, formulas)
    word_labels = _join(tex, words)
    gaps = (spaced & ~new_line)[words].tolist()
    spelled = [f" {w}" if gap else w for w, gap in zip(word_labels, gaps, strict=True)]
    line_labels = _join(spelled, np.flatnonzero(new_line[words]))
    line = Level(line_labels, unions(pieces, lines), block[lines])
    return Layout(
        width=width,
        height=height,
        scale=scale,
        char=Chars(labels, boxes, word_of.astype(np.int32), style, formula),
        word=Level(word_labels, unions(pieces, words), line_of[words].astype(np.int32)),
        line=line,
        block=_blocks(measured, dom, rank, line, unit),
        formulas=formulas,
        styles=tuple(
            TextStyle(f, s * scale, w, i, (c[0], c[1], c[2]), (b[0], b[1], b[2]) if b else None)
            for f, s, w, i, c, b in measured.styles
        ),
        hidden=hidden,
        content_width=measured.content[0] * unit,
        content_height=measured.content[1] * unit,
    )


def unions(boxes: Boxes, starts: NDArray[np.intp]) -> Boxes:
    """The box (N, 4) around each run of boxes; `starts` (N,) has the first of each run."""
    if not len(starts):
        return np.zeros((0, 4))
    low = np.minimum.reduceat(boxes[:, :2], starts, axis=0)
    return np.hstack([low, np.maximum.reduceat(boxes[:, 2:], starts, axis=0)])


def _shown(
    measured: Measured, boxes: Boxes, clip: Indices, width: int, height: int, unit: float
) -> tuple[NDArray[np.bool_], tuple[Hidden, ...]]:
    """Which characters the picture shows, and what it does not show."""
    window = np.array([0.0, 0.0, width, height])
    cut = np.concatenate([_boxes([e for c in measured.clips for e in c], unit), window[None]])[clip]
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    within: NDArray[np.bool_] = np.all((middle >= cut[:, :2]) & (middle <= cut[:, 2:]), axis=1)
    on: NDArray[np.bool_] = np.all((middle >= window[:2]) & (middle <= window[2:]), axis=1)
    hidden = [Hidden(text, reason) for text, reason in measured.hidden]
    for reason, gone in (("outside", ~on), ("clipped", on & ~within)):
        if gone.any():
            text = "".join(measured.chars[k] for k in np.flatnonzero(gone).tolist())
            hidden.append(Hidden(text, reason))
    return on & within, tuple(hidden)


def _reading_order(measured: Measured) -> tuple[Indices, Indices]:
    """The rank of every block of the DOM in reading order, and the blocks by rank."""
    orders = np.array([order for _, order, _, _ in measured.blocks], np.float64)
    dom = np.argsort(orders, kind="stable").astype(np.int32)
    rank = np.empty_like(dom)
    rank[dom] = np.arange(len(dom), dtype=np.int32)
    return rank, dom


def _formulas(
    measured: Measured, rank: Indices, formula: Indices, glyphs: Boxes, unit: float
) -> tuple[Formulas, Indices]:
    """The formulas in reading order, each box around its glyphs too; `formula` renumbered."""
    blocks = np.array([block for _, _, block, _ in measured.formulas], np.int64)
    dom = np.argsort(rank[blocks], kind="stable")
    place = np.full(len(dom) + 1, -1, np.int32)
    place[dom] = np.arange(len(dom))
    formula = place[formula]
    boxes = _boxes([e for *_, box in measured.formulas for e in box], unit)[dom]
    mine = formula >= 0
    np.minimum.at(boxes[:, :2], formula[mine], glyphs[mine, :2])
    np.maximum.at(boxes[:, 2:], formula[mine], glyphs[mine, 2:])
    tex = [measured.formulas[k][0] for k in dom.tolist()]
    display = np.array([measured.formulas[k][1] for k in dom.tolist()], np.bool_)
    return Formulas(tex, display, boxes, rank[blocks[dom]]), formula


def _line_starts(pieces: Boxes, block: Indices) -> NDArray[np.bool_]:
    """Where the next line begins: pieces that are lower or higher than the one before.

    A piece that goes on to the right may share little height with the one before
    (an index after an exponent); one that begins again at the left may not.
    """
    starts = np.ones(len(pieces), np.bool_)
    if len(pieces) < 2:
        return starts
    before, after = pieces[:-1], pieces[1:]
    shared = np.minimum(before[:, 3], after[:, 3]) - np.maximum(before[:, 1], after[:, 1])
    lower = np.minimum(before[:, 3] - before[:, 1], after[:, 3] - after[:, 1])
    share = shared / np.maximum(lower, 1e-9)
    back = after[:, 0] < before[:, 0]
    starts[1:] = (block[1:] != block[:-1]) | (share < NO_SHARED_HEIGHT)
    starts[1:] |= back & (share < MIN_SHARED_HEIGHT)
    return starts


def _blocks(measured: Measured, dom: Indices, rank: Indices, lines: Level, unit: float) -> Blocks:
    """Blocks in reading order; the text of one is that of its lines and of the blocks in it."""
    count = len(dom)
    kinds = [measured.blocks[k][0] for k in dom.tolist()]
    around = np.array([measured.blocks[k][2] for k in dom.tolist()], np.int32)
    parent = np.where(around >= 0, rank[around], -1).astype(np.int32) if count else around
    frames = _boxes([e for *_, box in measured.blocks for e in box], unit)[dom]
    boxes = np.tile([np.inf, np.inf, -np.inf, -np.inf], (count, 1))
    np.minimum.at(boxes[:, :2], lines.parent, lines.boxes[:, :2])
    np.maximum.at(boxes[:, 2:], lines.parent, lines.boxes[:, 2:])
    holds = np.zeros(count, np.bool_)
    holds[parent[parent >= 0]] = True
    framed = holds | ~np.isfinite(boxes).all(axis=1)
    boxes[framed] = frames[framed]
    texts: list[list[str]] = [[] for _ in range(count)]
    for label, block in zip(lines.labels, lines.parent.tolist(), strict=True):
        while block >= 0:
            texts[block].append(label)
            block = int(parent[block])
    return Blocks(["\n".join(t) for t in texts], boxes, parent, kinds, frames)


def _with_tex(labels: list[str], formula: Indices, formulas: Formulas) -> list[str]:
    """The labels, with the TeX at the first glyph of each formula and nothing at the others."""
    tex = list(labels)
    first = np.diff(formula, prepend=-1) != 0
    for k in np.flatnonzero(formula >= 0).tolist():
        mark = "$$" if formulas.display[formula[k]] else "$"
        tex[k] = f"{mark}{formulas.tex[formula[k]]}{mark}" if first[k] else ""
    return tex


def _join(texts: list[str], starts: NDArray[np.intp]) -> list[str]:
    ends = [*starts[1:].tolist(), len(texts)][: len(starts)]
    return ["".join(texts[a:b]) for a, b in zip(starts.tolist(), ends, strict=True)]


def _boxes(numbers: list[int], unit: float) -> Boxes:
    return np.array(numbers, np.float64).reshape(-1, 4) * unit


def _marked(places: list[int], count: int) -> NDArray[np.bool_]:
    marked = np.zeros(count, np.bool_)
    marked[np.array(places, np.intp)] = True
    return marked
