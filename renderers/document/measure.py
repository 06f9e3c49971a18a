"""From the layout of a document drawn as one column to the pieces that pages are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from renderers.document.model import Block, Break, Code, Document, Math, Paragraph, Table
from renderers.document.paginate import MIN_LINES, MIN_ROWS, Cut, Piece
from renderers.layout import Layout


def pieces_of(
    document: Document, layout: Layout, around: NDArray[np.intp], top: float
) -> tuple[list[Piece], dict[int, float]]:
    """The document's blocks as pieces, and the heights of its footnotes, in CSS pixels.

    `around` are the entries of `layout.block` that hold one block of the
    document each, then one footnote each; `top` is where the page's content begins.
    """
    frames = layout.block.frames / layout.scale
    count = len(document.blocks)
    pieces, bottom = [], top
    for block, index in zip(document.blocks, around[:count].tolist(), strict=True):
        above, below = float(frames[index, 1]), float(frames[index, 3])
        cuts, repeated = _cuts(block, index, layout, frames)
        pieces.append(Piece(block, below - above, above - bottom, cuts, repeated))
        bottom = below
    notes = {}
    for (number, _), index in zip(document.footnotes, around[count:].tolist(), strict=True):
        notes[number] = float(frames[index, 3] - frames[index, 1])
    return pieces, notes


def _cuts(
    block: Block, index: int, layout: Layout, frames: NDArray[np.float64]
) -> tuple[tuple[Cut, ...], float]:
    inside = np.flatnonzero(layout.block.parent == index)
    if isinstance(block, Table):
        return _between_rows(block, index, layout, frames)
    if isinstance(block, Code):
        return _between_source_lines(block, inside[0], frames[index], layout)
    if isinstance(block, Paragraph) and not any(isinstance(r, Math | Break) for r in block.runs):
        return _between_lines(inside[0], frames[index], layout), 0.0
    return (), 0.0


def _between_rows(
    table: Table, index: int, layout: Layout, frames: NDArray[np.float64]
) -> tuple[tuple[Cut, ...], float]:
    own = np.flatnonzero(layout.block.parent == index)
    tables = [int(k) for k in own if layout.block.kinds[k] == "table"]
    cells = np.flatnonzero(layout.block.parent == tables[0])
    cells = cells[[layout.block.kinds[k] == "cell" for k in cells.tolist()]]
    top = frames[index, 1]
    bottoms = np.zeros(len(table.rows))
    for (row, _, cell), k in zip(table.placed, cells.tolist(), strict=True):
        last = row + cell.rowspan - 1
        bottoms[last] = max(bottoms[last], frames[k, 3] - top)
    bottoms = np.maximum.accumulate(bottoms)
    start = float(frames[tables[0], 1] - top)
    repeated = float(bottoms[table.head - 1]) - start if table.head else 0.0
    first, last = table.head + MIN_ROWS, len(table.rows) - MIN_ROWS
    cuts = tuple(
        Cut(row, float(bottoms[row - 1]), float(bottoms[row - 1]))
        for row in table.breaks()
        if first <= row <= last
    )
    return cuts, repeated


def _between_lines(index: np.intp, frame: NDArray[np.float64], layout: Layout) -> tuple[Cut, ...]:
    printed = _printed(index, layout)
    lines = len(printed)
    # Lines are equally high: the page's styles see to it.
    pitch = float(frame[3] - frame[1]) / max(1, lines)
    places = np.cumsum(printed)
    return tuple(
        Cut(int(places[k - 1]), k * pitch, k * pitch)
        for k in range(MIN_LINES, lines - MIN_LINES + 1)
    )


def _between_source_lines(
    code: Code, index: np.intp, frame: NDArray[np.float64], layout: Layout
) -> tuple[tuple[Cut, ...], float]:
    """Cuts before the lines of a listing that are not blank; both parts have its padding."""
    lines = np.flatnonzero(layout.line.parent == index)
    if not len(lines):
        return (), 0.0
    boxes = layout.line.boxes[lines][:, [1, 3]] / layout.scale - frame[1]
    ends = np.cumsum(_printed(index, layout))
    begins = {int(start): k for k, start in enumerate([0, *ends[:-1]])}
    padding = float(boxes[0, 0])
    cuts, before = [], 0
    source = code.text.split("\n")
    for place, line in enumerate(source):
        shown = begins.get(before)
        if line.strip() and shown and MIN_LINES <= place <= len(source) - MIN_LINES:
            above = float(boxes[shown - 1, 1]) + padding
            cuts.append(Cut(place, above, float(boxes[shown, 0])))
        before += len("".join(line.split()))
    return tuple(cuts), padding


def _printed(index: np.intp, layout: Layout) -> Sequence[int]:
    """How many characters each line of a block has, white space not counted."""
    word_line = layout.word.parent[layout.char.parent]
    of_block = layout.line.parent[word_line] == index
    lengths = np.array([len("".join(c.split())) for c in layout.char.labels])
    lines = np.flatnonzero(layout.line.parent == index)
    sums = np.bincount(word_line[of_block], lengths[of_block], minlength=len(layout.line))
    return [int(n) for n in sums[lines]]
