"""Data tables of a page: as structure, and as Markdown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import msgspec
from msgspec import structs

from pipelines.readers.marks import IMAGES

#: Characters; a table with a longer cell is layout, not data.
MAX_CELL = 300
#: Columns that a cell may span, by the HTML standard; ours may have no more at all.
_MAX_SPAN = 1000


class Cell(msgspec.Struct, omit_defaults=True):
    """A cell. Spans beyond the last row of its <thead>, <tbody> or <tfoot> are cut."""

    text: str
    header: bool = False
    rowspan: int = 1
    colspan: int = 1


@dataclass(frozen=True)
class Table:
    """A data table: rows of cells as they stand in the page, spans not repeated.

    Formulas are still marks: TeX may hold the signs that Markdown needs.
    """

    caption: str | None
    rows: list[list[Cell]]
    #: The column at which each cell begins.
    columns: list[list[int]]
    #: Marks of the images in its cells.
    images: list[str]

    def markdown(self) -> str:
        """The caption, the rows, the marks of the images."""
        # Columns that cells only reach into hold nothing.
        shown = sorted({column for line in self.columns for column in line})
        lines = []
        for row, line in zip(self.rows, self.columns, strict=True):
            texts = {c: cell.text.replace("|", "\\|") for c, cell in zip(line, row, strict=True)}
            lines.append("| " + " | ".join([texts.get(column, "") for column in shown]) + " |")
        lines.insert(1, "|" + " --- |" * len(shown))
        caption = [self.caption] if self.caption else []
        return "\n\n".join([*caption, "\n".join(lines), *self.images])


def tables_json(tables: list[Table], read: Callable[[str], str]) -> str:
    """The target: [{"caption": str | null, "rows": [[cell, …], …]}, …].

    A cell is {"text": str} with "header": true, "rowspan": n, "colspan": n
    where these are not false, 1, 1. `read` replaces marks of formulas by TeX.
    """
    content = [
        {
            "caption": table.caption and read(table.caption),
            "rows": [
                [structs.replace(cell, text=read(cell.text)) for cell in row] for row in table.rows
            ],
        }
        for table in tables
    ]
    return msgspec.json.encode(content).decode()


def read_table(element: Any) -> Table | None:
    """A <table>; None if it only lays out a page.

    A data table has at least two rows and two columns, but not a thousand, no
    list, listing or heading inside its cells, and no long cell.
    """
    if element.query_selector("table, pre, ul, ol, h1, h2, h3, h4") is not None:
        return None
    lines = [
        (row, cells)
        for row in element.get_elements_by_tag_name("tr").values()
        if (cells := [c for c in row.children.values() if c.tag in ("td", "th")])
    ]
    if len(lines) < 2 or max(len(cells) for _, cells in lines) < 2:
        return None
    images: list[str] = []
    rows: list[list[Cell]] = []
    for group, of_group in groupby(lines, key=lambda line: line[0].parent):
        in_group = list(of_group)
        for index, (_, cells) in enumerate(in_group):
            below = len(in_group) - index
            rows.append([_cell(cell, group.tag == "thead", below, images) for cell in cells])
    texts = [cell.text for row in rows for cell in row]
    if not any(texts) or max(map(len, texts)) > MAX_CELL:
        return None
    columns = _columns(rows)
    if columns is None:
        return None
    captions = element.get_elements_by_tag_name("caption").values()
    caption = _plain(captions[0].inner_text) if captions else ""
    return Table(caption or None, rows, columns, images)


def _columns(rows: list[list[Cell]]) -> list[list[int]] | None:
    """The column of each cell: the first that no cell to the left or above reaches into.

    None where there are too many.
    """
    columns = []
    #: By column, the row at which it is free again.
    free: list[int] = []
    for index, row in enumerate(rows):
        column, line = 0, []
        for cell in row:
            while column < len(free) and free[column] > index:
                column += 1
            if column >= _MAX_SPAN:
                return None
            line.append(column)
            free[column : column + cell.colspan] = [index + cell.rowspan] * cell.colspan
            column += cell.colspan
        columns.append(line)
    return columns


def _cell(element: Any, in_head: bool, below: int, images: list[str]) -> Cell:
    # With white space where lines end and blocks stand.
    text = element.inner_text
    images += (m[0] for m in IMAGES.finditer(text))
    rowspan = _span(element, "rowspan")
    return Cell(
        text=_plain(IMAGES.sub("", text)),
        header=in_head or element.tag == "th",
        # 0 is "to the end".
        rowspan=min(rowspan or below, below),
        colspan=_span(element, "colspan") or 1,
    )


def _plain(text: str) -> str:
    return " ".join(text.split())


def _span(element: Any, name: str) -> int:
    value = element.getattr(name) or ""
    digits = value.isascii() and value.isdigit() and len(value) <= 5
    return min(int(value), _MAX_SPAN) if digits else 1
