"""Rows that readers made, as documents to be drawn: nothing is added to what they say.

A page's headings, paragraphs, lists, listings, tables (with the spans that
`targets["tables"]` keeps) and pictures become blocks. What stands after the
last section that fits is left out whole; a row that cannot be told truly is
refused with a reason.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from records import Sample
from renderers import Refused
from renderers.document import (
    Block,
    Cell,
    Code,
    Document,
    Equation,
    Figure,
    Heading,
    Item,
    Paragraph,
    Picture,
    Table,
    plain,
)
from synth.light_markdown import TableLines, inline, read_blocks

#: Characters of a document by kind: about what stands on the pages that its kind has.
MAX_CHARACTERS = {"article": 9000, "manual": 12000, "newspaper": 6000, "report": 9000,
                  "slides": 5000}  # fmt: skip
#: Characters below which there is too little for a page.
MIN_CHARACTERS = 300
#: Buckets whose rows are pages.
BUCKETS = ("interleaved", "document", "text")


def document_of(sample: Sample, kind: str, pictures: Mapping[int, Picture]) -> Document:
    """The row as a document of `kind`, one of MAX_CHARACTERS.

    `pictures` are those of its images, by their index, that are to be shown. A
    picture that is not given is left out with its caption.

    Raises Refused: not_a_page, too_short, no_heading, ragged_table, and what
    the blocks themselves refuse.
    """
    if sample.bucket not in BUCKETS or any(p.role or p.type == "think" for p in sample.parts):
        raise Refused("not_a_page", sample.bucket)
    blocks = _first_sections(_blocks(sample, pictures), MAX_CHARACTERS[kind])
    blocks = _with_title_first(blocks)
    if sum(map(_length, blocks)) < MIN_CHARACTERS:
        raise Refused("too_short", f"{sum(map(_length, blocks))} characters")
    title = plain(blocks[0].runs) if isinstance(blocks[0], Heading) else ""
    korean = sample.lang == "ko"
    numbers = {"newspaper": "{page}", "slides": "{page} / {pages}"}.get(
        kind, "- {page} -" if korean else "{page}"
    )
    header = title if kind in ("manual", "newspaper", "slides") and len(title) <= 60 else ""
    return Document(kind, sample.lang or "en", tuple(blocks), header=header, numbers=numbers)


def _blocks(sample: Sample, pictures: Mapping[int, Picture]) -> list[Block]:
    tables = json.loads(sample.targets.get("tables", "[]"))
    captions = json.loads(sample.targets.get("captions", "{}"))
    found: list[Block] = []
    # The caption that stands after a picture that was left out goes with it.
    pending: str | None = None
    for part in sample.parts:
        if part.type == "image":
            assert part.image is not None
            pending = captions.get(str(part.image))
            if part.image in pictures:
                alt = sample.images[part.image].alt or ""
                found.append(Figure(pictures[part.image], inline(pending or ""), alt))
            continue
        for block in read_blocks(part.text or ""):
            if isinstance(block, TableLines):
                found.append(_table(block, tables, found))
            elif pending and isinstance(block, Paragraph) and _same(plain(block.runs), pending):
                pending = None
            else:
                found.append(block)
    return _whole_lists(found)


def _table(lines: TableLines, tables: list[dict], before: list[Block]) -> Table:
    """The table with its spans; takes it from `tables`, and its caption from the text before."""
    shown = [text for row in lines.rows for text in row if text]
    same = (
        k
        for k, t in enumerate(tables)
        if [c["text"] for r in t["rows"] for c in r if c["text"]] == shown
    )
    place = next(same, None)
    if place is None:
        return lines.table()
    stored = tables[place]
    del tables[: place + 1]
    rows = stored["rows"]
    caption = stored["caption"] or ""
    if caption and before and isinstance(before[-1], Paragraph):
        if _same(plain(before[-1].runs), caption):
            before.pop()
        else:
            caption = ""
    try:
        return _aligned(Table(_rows(rows), _head(rows), inline(caption)))
    except Refused:
        # Spans that overlap, as pages have them; the text's own table has none.
        return replace(lines.table(), caption=inline(caption))


def _rows(rows: Sequence[Sequence[dict]]) -> tuple[tuple[Cell, ...], ...]:
    """Cells, short rows filled up as HTML draws them: with nothing."""
    made = [
        [
            Cell(
                inline(cell["text"]),
                cell.get("header", False),
                cell.get("rowspan", 1),
                cell.get("colspan", 1),
            )
            for cell in row
        ]
        for row in rows
    ]
    width = 0
    free: list[int] = []
    for index, row in enumerate(made):
        column = 0
        for cell in row:
            while column < len(free) and free[column] > index:
                column += 1
            if column + cell.colspan > len(free):
                free += [0] * (column + cell.colspan - len(free))
            free[column : column + cell.colspan] = [index + cell.rowspan] * cell.colspan
            column += cell.colspan
        width = max(width, len(free))
    return tuple(tuple(row) for row in _filled(made, width))


def _aligned(table: Table) -> Table:
    """The table, columns of numbers at the right."""
    words: dict[int, list[str]] = {}
    for row, column, cell in table.placed:
        if row >= table.head and cell.runs:
            words.setdefault(column, []).append(plain(cell.runs))
    numeric = {column for column, texts in words.items() if all(map(_is_number, texts))}
    rows: list[list[Cell]] = [[] for _ in table.rows]
    for row, column, cell in table.placed:
        rows[row].append(replace(cell, align="right" if column in numeric else "left"))
    return replace(table, rows=tuple(map(tuple, rows)))


def _filled(rows: Sequence[list[Cell]], width: int) -> Sequence[list[Cell]]:
    taken = [0] * width
    for row in rows:
        taken = [max(0, t - 1) for t in taken]
        free = taken.count(0)
        missing = free - sum(cell.colspan for cell in row)
        if missing > 0:
            row += [Cell() for _ in range(missing)]
        places = [k for k, t in enumerate(taken) if t == 0]
        for cell in row:
            for _ in range(cell.colspan):
                if places:
                    taken[places.pop(0)] = cell.rowspan
    return rows


def _head(rows: Sequence[Sequence[dict]]) -> int:
    """How many rows at the top are heads alone, with the spans that begin in them."""
    head = 0
    for row in rows:
        if not row or not all(cell.get("header") for cell in row):
            break
        head += 1
    reach = max(
        (k + c.get("rowspan", 1) for k, row in enumerate(rows[:head]) for c in row), default=0
    )
    return head if head < len(rows) and reach <= head else 0


def _whole_lists(blocks: Sequence[Block]) -> list[Block]:
    """Items and their paragraphs as deep as the list around them; a listing ends it."""
    found: list[Block] = []
    depth = -1
    for block in blocks:
        if isinstance(block, Item):
            depth = min(block.depth, depth + 1)
            block = replace(block, depth=depth)
        elif isinstance(block, Paragraph) and block.depth:
            block = replace(block, depth=min(block.depth, depth + 1))
            depth = depth if block.depth else -1
        else:
            depth = -1
        found.append(block)
    return found


def _first_sections(blocks: Sequence[Block], limit: int) -> list[Block]:
    """As many whole sections from the beginning as fit; of the first, as many blocks."""
    lengths = [_length(block) for block in blocks]
    total, end = 0, 0
    for index, length in enumerate(lengths):
        total += length
        if total > limit:
            break
        end = index + 1
    if end < len(blocks):
        heads = [k for k in range(1, end) if isinstance(blocks[k], Heading)]
        # A cut that leaves less than half of what fits is made at the block instead.
        later = [k for k in heads if sum(lengths[:k]) >= limit / 2]
        end = later[-1] if later else end
    kept = list(blocks[:end])
    while kept and isinstance(kept[-1], Heading):
        kept.pop()
    return kept


def _with_title_first(blocks: Sequence[Block]) -> list[Block]:
    """The page from its title on: what stands above it is no part of the text."""
    titles = [k for k, b in enumerate(blocks) if isinstance(b, Heading)]
    if not titles:
        raise Refused("no_heading")
    first = titles[0]
    level = blocks[first].level  # type: ignore[union-attr]
    return [
        replace(b, level=max(1, b.level - level + 1)) if isinstance(b, Heading) else b
        for b in blocks[first:]
    ]


def _length(block: Block) -> int:
    if isinstance(block, Table):
        return sum(len(plain(cell.runs)) + 8 for _, _, cell in block.placed)
    if isinstance(block, Code):
        return len(block.text)
    if isinstance(block, Figure):
        return 500
    if isinstance(block, Equation):
        return len(block.tex)
    assert isinstance(block, Heading | Paragraph | Item)
    return len(plain(block.runs))


def _same(one: str, other: str) -> bool:
    return "".join(one.split()) == "".join(other.split())


def _is_number(text: str) -> bool:
    """Whether a cell says a number, with its signs."""
    stripped = text.strip().strip("+-−$₩%원").replace(",", "").replace(".", "", 1)
    return stripped.isdigit()
