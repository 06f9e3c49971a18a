"""What readers of pages write, read back: light Markdown as blocks of a document.

Not a Markdown parser: the readers escape nothing, so a star is a star. Known are
headings, bullets and numbers with their depth by two blanks, paragraphs inside
items, fenced code, tables of bars, and TeX between dollar signs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from renderers import Refused
from renderers.document import (
    Block,
    Break,
    Cell,
    Code,
    Equation,
    Heading,
    Item,
    Math,
    Paragraph,
    Runs,
    Table,
    Text,
)

_HEADING = re.compile(r"(#{1,6}) (.+)")
_ITEM = re.compile(r"((?:  )*)(-|\d{1,9}\.) (.*)")
_INDENT = re.compile(r"(?:  )*")
_FENCE = "```"
_RULE = re.compile(r"\|(?: --- \|)+")
_BAR = re.compile(r"(?<!\\)\|")
_DISPLAY = re.compile(r"\$\$([^$]+)\$\$")
#: TeX between dollar signs: no blank inside them (Pandoc's rule), and something that
#: only TeX has, or one letter; "$A$1" is a cell of a spreadsheet.
_INLINE = re.compile(r"\$(?=\S)([^$\n]*[\\^_={}][^$\n]*|[A-Za-z])(?<=\S)\$(?!\w)")


@dataclass(frozen=True)
class TableLines:
    """A table as it stands in the text, before its cells are known."""

    rows: tuple[tuple[str, ...], ...]

    def table(self) -> Table:
        """The table that the lines alone say: the first row is its head.

        Raises Refused (ragged_table): a bar in a formula cuts a cell.
        """
        if len({len(row) for row in self.rows}) > 1:
            raise Refused("ragged_table", " | ".join(self.rows[0])[:100])
        rows = [tuple(Cell(inline(text), header=k == 0) for text in row)
                for k, row in enumerate(self.rows)]  # fmt: skip
        return Table(tuple(rows), head=1)


def read_blocks(text: str) -> Iterator[Block | TableLines]:
    """The blocks of a text part, in order. An item keeps the depth that its list allows."""
    lines = text.split("\n")
    at, depth = 0, -1
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
            continue
        if line.startswith(_FENCE):
            end = next((k for k in range(at + 1, len(lines)) if lines[k] == _FENCE), len(lines))
            yield Code("\n".join(lines[at + 1 : end]))
            at, depth = end + 1, -1
            continue
        if line.startswith("| ") and at + 1 < len(lines) and _RULE.fullmatch(lines[at + 1]):
            end = at + 2
            while end < len(lines) and lines[end].startswith("|"):
                end += 1
            yield TableLines(tuple(_cells(row) for k, row in enumerate(lines[at:end]) if k != 1))
            at, depth = end, -1
            continue
        heading, item = _HEADING.fullmatch(line), _ITEM.fullmatch(line)
        if heading:
            yield Heading(len(heading[1]), inline(heading[2].strip()))
            at, depth = at + 1, -1
        elif item and item[3].strip():
            depth = min(len(item[1]) // 2, depth + 1)
            number = None if item[2] == "-" else int(item[2][:-1])
            yield Item(inline(item[3].strip()), depth, number)
            at += 1
        else:
            end = at + 1
            while end < len(lines) and lines[end].strip() and not _begins_block(lines[end]):
                end += 1
            inside = min(len(_INDENT.match(line)[0]) // 2, depth + 1)  # type: ignore[index]
            for block in _paragraph(lines[at:end], inside):
                yield block
                depth = depth if inside else -1
            at = end


def inline(text: str) -> Runs:
    """A line's words and formulas."""
    found: list[Text | Math] = []
    end = 0
    for match in _INLINE.finditer(text):
        found += [Text(text[end : match.start()]), Math(match[1])]
        end = match.end()
    return tuple(r for r in (*found, Text(text[end:])) if not isinstance(r, Text) or r.text)


def _paragraph(lines: Sequence[str], depth: int) -> Iterator[Block]:
    """Lines that follow each other; a formula on a line of its own is an equation."""
    content: list[Text | Math | Break] = []
    for line in lines:
        display = _DISPLAY.fullmatch(line.strip())
        if display:
            if content:
                yield Paragraph(tuple(content), depth=depth)
            content = []
            yield Equation(display[1].strip())
            continue
        content += [Break()] * bool(content)
        content += inline(line.strip())  # type: ignore[arg-type]
    if content:
        yield Paragraph(tuple(content), depth=depth)


def _begins_block(line: str) -> bool:
    return bool(
        line.startswith((_FENCE, "| ")) or _HEADING.fullmatch(line) or _ITEM.fullmatch(line)
    )


def _cells(row: str) -> tuple[str, ...]:
    inner = row.strip().removeprefix("|").removesuffix("|")
    return tuple(cell.strip().replace("\\|", "|") for cell in _BAR.split(inner))
