"""What a document says, apart from how it looks: blocks in reading order.

The blocks are flat: a list is a run of `Item`s with depths, so that a document
can be cut into pages between any two blocks. What is here is what is printed
and what the ground truth says; a theme adds nothing but bullets and rules.

Everything validates itself: a table whose spans overlap or leave holes, a list
that skips a depth, or content beyond the bounds is refused when it is made, so
that no later step meets it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from renderers.errors import Refused

#: Rows and columns of a table, and cells of one: more cannot be read on a page.
MAX_ROWS, MAX_COLUMNS, MAX_CELLS = 400, 30, 4000
#: Characters of one block, and blocks of a document.
MAX_BLOCK_CHARACTERS, MAX_BLOCKS = 20_000, 2000
#: Depth of nested lists: more do not fit on a page's width.
MAX_DEPTH = 5
#: Bytes of a figure's picture.
MAX_PICTURE_BYTES = 16 << 20

KINDS = (
    "report",
    "invoice",
    "receipt",
    "form",
    "notice",
    "article",
    "manual",
    "slides",
    "newspaper",
)


@dataclass(frozen=True, slots=True)
class Text:
    """Words in one style. White space at line ends is not kept: see `Break`."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False


@dataclass(frozen=True, slots=True)
class Math:
    """A formula in the line, as TeX without delimiters."""

    tex: str


@dataclass(frozen=True, slots=True)
class Mark:
    """The mark of a footnote."""

    number: int


@dataclass(frozen=True, slots=True)
class Break:
    """The end of a line that must end, as in an address."""


Run = Text | Math | Mark | Break
Runs = tuple[Run, ...]


def runs(content: str | Run | Iterable[Run]) -> Runs:
    """Runs of a string (whose line ends become breaks), of one run, or of several."""
    if isinstance(content, str):
        lines: list[Run] = []
        for line in content.split("\n"):
            lines += [Break()] * bool(lines) + [Text(line)] * bool(line)
        return tuple(lines)
    return (content,) if isinstance(content, Run) else tuple(content)


def plain(content: Runs) -> str:
    r"""The text of runs: TeX as \(…\), a footnote's mark as [^1], breaks as line ends."""
    return "".join(map(_plain_run, content))


def _plain_run(run: Run) -> str:
    if isinstance(run, Text):
        return run.text
    if isinstance(run, Math):
        return rf"\({run.tex}\)"
    return f"[^{run.number}]" if isinstance(run, Mark) else "\n"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the document's title."""

    level: int
    runs: Runs

    def __post_init__(self) -> None:
        if not 1 <= self.level <= 6:
            raise Refused("bad_heading", f"level {self.level}")
        check_runs(self.runs)


#: What a paragraph is for, which a theme may show: "note" is small print, "total" a sum
#: in large print, "addressee" whom a paper is for.
ROLES = ("body", "lead", "byline", "note", "center", "right", "total", "addressee")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; `depth` > 0 is the continuation of a list item."""

    runs: Runs
    role: str = "body"
    depth: int = 0
    #: This is the rest of a paragraph that began on the page before; or it goes on there.
    continued: bool = False
    goes_on: bool = False

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise Refused("bad_paragraph", f"role {self.role!r}")
        if not 0 <= self.depth <= MAX_DEPTH:
            raise Refused("nested_too_deep", f"depth {self.depth}")
        check_runs(self.runs)


#: How items are numbered. "decimal" is 1., the others are written into the text where
#: the ground truth's format knows no such numbers.
NUMBERINGS = ("decimal", "paren", "hangul", "circled")
_HANGUL = "가나다라마바사아자차카타파하"


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list. Items that follow each other are one list."""

    runs: Runs
    depth: int = 0
    #: None for a bullet.
    number: int | None = None
    numbering: str = "decimal"

    def __post_init__(self) -> None:
        if not 0 <= self.depth <= MAX_DEPTH:
            raise Refused("nested_too_deep", f"depth {self.depth}")
        if self.numbering not in NUMBERINGS:
            raise Refused("bad_item", f"numbering {self.numbering!r}")
        if self.number is not None and not self.marker:
            raise Refused("bad_item", f"number {self.number} of {self.numbering}")
        if not plain(self.runs).strip():
            raise Refused("empty_item")
        check_runs(self.runs)

    @property
    def marker(self) -> str:
        """The number as it is printed; "" for a bullet, whose sign is the theme's choice."""
        number = self.number
        if number is None or not 0 <= number < 10**9:
            return ""
        if self.numbering == "hangul":
            return f"{_HANGUL[number - 1]}." if 1 <= number <= len(_HANGUL) else ""
        if self.numbering == "circled":
            return chr(0x2460 + number - 1) if 1 <= number <= 20 else ""
        return f"{number})" if self.numbering == "paren" else f"{number}."


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table. `align` is left, center or right."""

    runs: Runs = ()
    header: bool = False
    rowspan: int = 1
    colspan: int = 1
    align: str = "left"

    def __post_init__(self) -> None:
        if self.rowspan < 1 or self.colspan < 1:
            raise Refused("bad_span", f"{self.rowspan} x {self.colspan}")
        if self.align not in ("left", "center", "right"):
            raise Refused("bad_cell", f"align {self.align!r}")
        check_runs(self.runs)


#: What a table is: "data" has a theme's look; "boxed" is ruled on all sides whatever the
#: theme, as forms and tax invoices are; "plain" has no rules.
LOOKS = ("data", "boxed", "plain")


@dataclass(frozen=True)
class Table:
    """Rows of cells as HTML has them: a place that a span covers has no cell.

    The grid must be covered exactly. `head` rows are repeated where the table
    goes on on the next page. `widths` are shares of the columns, of any sum;
    empty where the content decides.
    """

    rows: tuple[tuple[Cell, ...], ...]
    head: int = 0
    caption: Runs = ()
    #: What all numbers are in, as printed above the table: "단위: 원".
    unit: str = ""
    look: str = "data"
    widths: tuple[float, ...] = ()
    #: The rest of a table that began on the page before: its caption was there.
    continued: bool = False

    def __post_init__(self) -> None:
        if self.look not in LOOKS:
            raise Refused("bad_table", f"look {self.look!r}")
        if not 0 <= self.head <= len(self.rows):
            raise Refused("bad_table", f"{self.head} head rows of {len(self.rows)}")
        check_runs(self.caption)
        # This lays the cells out, and refuses a table that is no grid.
        columns = self.columns
        if self.widths and (len(self.widths) != columns or min(self.widths) <= 0):
            raise Refused("bad_table", f"{len(self.widths)} widths of {columns} columns")

    @cached_property
    def placed(self) -> tuple[tuple[int, int, Cell], ...]:
        """(row, column, cell) of every cell, in the order of the rows."""
        return tuple(_place(self.rows))

    @property
    def columns(self) -> int:
        """Columns of the grid."""
        return max(column + cell.colspan for _, column, cell in self.placed)

    def breaks(self) -> list[int]:
        """The rows before which the table may be cut: no span crosses, nor is it the head's."""
        crossed = {
            inner for row, _, cell in self.placed for inner in range(row + 1, row + cell.rowspan)
        }
        return [r for r in range(self.head + 1, len(self.rows)) if r not in crossed]


def _place(rows: tuple[tuple[Cell, ...], ...]) -> Iterator[tuple[int, int, Cell]]:
    """Each cell at the first free column of its row; refuses what covers the grid badly."""
    if not rows or not any(rows):
        raise Refused("empty_table")
    # The first row decides the width, so that a span can be checked before it is laid.
    width = sum(cell.colspan for cell in rows[0])
    cells = sum(map(len, rows))
    if len(rows) > MAX_ROWS or width > MAX_COLUMNS or cells > MAX_CELLS:
        raise Refused("table_too_large", f"{len(rows)} rows, {width} columns, {cells} cells")
    taken = [[False] * width for _ in rows]
    for row, line in enumerate(rows):
        column = 0
        for cell in line:
            while column < width and taken[row][column]:
                column += 1
            if column + cell.colspan > width or row + cell.rowspan > len(rows):
                raise Refused("span_outside", f"row {row}, column {column}")
            for below in range(row, row + cell.rowspan):
                if any(taken[below][column : column + cell.colspan]):
                    raise Refused("spans_overlap", f"row {below}, column {column}")
                taken[below][column : column + cell.colspan] = [True] * cell.colspan
            yield row, column, cell
            column += cell.colspan
        if not all(taken[row]):
            raise Refused("table_holes", f"row {row}, column {taken[row].index(False)}")


@dataclass(frozen=True, slots=True)
class Picture:
    """The encoded bytes of a picture, and its size in pixels."""

    data: bytes
    #: png, jpeg or webp.
    format: str
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.format not in ("png", "jpeg", "webp", "gif"):
            raise Refused("bad_picture", f"format {self.format!r}")
        if len(self.data) > MAX_PICTURE_BYTES or min(self.width, self.height) < 1:
            raise Refused("bad_picture", f"{len(self.data)} bytes, {self.width} x {self.height}")


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with its caption. `alt` is not printed."""

    picture: Picture
    caption: Runs = ()
    alt: str = ""

    def __post_init__(self) -> None:
        check_runs(self.caption)


@dataclass(frozen=True, slots=True)
class Code:
    """A listing, its white space kept."""

    text: str
    language: str = ""

    def __post_init__(self) -> None:
        _check_length(len(self.text))


@dataclass(frozen=True, slots=True)
class Equation:
    """A formula on a line of its own, and its printed number, such as "(3)"."""

    tex: str
    number: str = ""

    def __post_init__(self) -> None:
        _check_length(len(self.tex))


@dataclass(frozen=True, slots=True)
class Quote:
    """A quotation."""

    runs: Runs

    def __post_init__(self) -> None:
        check_runs(self.runs)


@dataclass(frozen=True, slots=True)
class KeyValue:
    """Names and values, as at the head of a letter, in `columns` beside each other."""

    pairs: tuple[tuple[Runs, Runs], ...]
    columns: int = 1

    def __post_init__(self) -> None:
        if not self.pairs or not 1 <= self.columns <= 4:
            raise Refused("bad_pairs", f"{len(self.pairs)} in {self.columns} columns")
        for name, value in self.pairs:
            check_runs(name)
            check_runs(value)


#: Seals of persons are round, of companies square; a rubber stamp ("PAID", 접수) has a frame.
SHAPES = ("round", "square", "frame")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A seal or rubber stamp; a break ends a line of it."""

    runs: Runs
    shape: str = "frame"

    def __post_init__(self) -> None:
        if self.shape not in SHAPES:
            raise Refused("bad_stamp", f"shape {self.shape!r}")
        check_runs(self.runs)


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signs: what they are, their name, and what stands where they sign, such as (인)."""

    label: str
    name: str
    mark: str = ""
    stamp: Stamp | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """Groups of blocks beside each other, read from left to right. `widths` are shares."""

    groups: tuple[tuple[Block, ...], ...]
    widths: tuple[float, ...]

    def __post_init__(self) -> None:
        if not 2 <= len(self.groups) <= 3 or len(self.groups) != len(self.widths):
            raise Refused("bad_columns", f"{len(self.groups)} groups, {len(self.widths)} widths")
        if any(isinstance(block, Beside) for group in self.groups for block in group):
            raise Refused("bad_columns", "inside each other")


Block = (
    Heading
    | Paragraph
    | Item
    | Table
    | Figure
    | Code
    | Equation
    | Quote
    | KeyValue
    | Stamp
    | Signature
    | Beside
)


@dataclass(frozen=True)
class Document:
    """A document of one of `KINDS`."""

    kind: str
    #: ISO 639-1.
    lang: str
    blocks: tuple[Block, ...]
    #: By the number of their marks.
    footnotes: tuple[tuple[int, Runs], ...] = ()
    #: Printed at the head and foot of every page; "" for none.
    header: str = ""
    footer: str = ""
    #: How page numbers are printed, with {page} and {pages}; "" for none.
    numbers: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise Refused("bad_kind", self.kind)
        if not self.blocks:
            raise Refused("empty_document")
        if len(self.blocks) > MAX_BLOCKS:
            raise Refused("document_too_long", f"{len(self.blocks)} blocks, limit {MAX_BLOCKS}")
        _check_lists(self.blocks)
        for block in self.blocks:
            if isinstance(block, Beside):
                for group in block.groups:
                    _check_lists(group)
        noted = [number for number, _ in self.footnotes]
        if sorted(noted) != sorted(marks(self.blocks)):
            raise Refused("footnotes_differ", f"marks {marks(self.blocks)}, notes {noted}")
        for _, note in self.footnotes:
            check_runs(note)

    @property
    def title(self) -> str:
        """The text of the first heading; "" where there is none."""
        headings = (b for b in flat(self.blocks) if isinstance(b, Heading))
        return next((plain(h.runs) for h in headings), "")


def _check_lists(blocks: Iterable[Block]) -> None:
    depth = -1
    for block in blocks:
        if isinstance(block, Item):
            if block.depth > depth + 1:
                raise Refused("list_skips_depth", f"{block.depth} after {depth}")
            depth = block.depth
        elif not (isinstance(block, Paragraph) and block.depth):
            depth = -1
        elif block.depth > depth + 1:
            raise Refused("list_skips_depth", f"a paragraph at {block.depth} after {depth}")


def flat(blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks in reading order, those beside each other one after another."""
    for block in blocks:
        if isinstance(block, Beside):
            for group in block.groups:
                yield from group
        else:
            yield block


def all_runs(block: Block) -> Iterator[Runs]:
    """Every text of a block that is made of runs, in reading order."""
    if isinstance(block, Table):
        yield block.caption
        yield from (cell.runs for _, _, cell in block.placed)
    elif isinstance(block, Figure):
        yield block.caption
    elif isinstance(block, KeyValue):
        for pair in block.pairs:
            yield from pair
    elif isinstance(block, Beside):
        for inner in flat((block,)):
            yield from all_runs(inner)
    elif isinstance(block, Heading | Paragraph | Item | Quote | Stamp):
        yield block.runs
    elif isinstance(block, Signature) and block.stamp is not None:
        yield block.stamp.runs


def marks(blocks: Iterable[Block]) -> list[int]:
    """The numbers of the footnote marks in blocks, in reading order."""
    return [
        run.number
        for block in blocks
        for content in all_runs(block)
        for run in content
        if isinstance(run, Mark)
    ]


def characters(document: Document) -> str:
    """All that is printed of the content but TeX: what fonts must have."""
    pieces = [document.header, document.footer, document.numbers, "0123456789"]
    for block in flat(document.blocks):
        pieces += [r.text for content in all_runs(block) for r in content if isinstance(r, Text)]
        if isinstance(block, Code):
            pieces.append(block.text)
        elif isinstance(block, Table):
            pieces.append(block.unit)
        elif isinstance(block, Equation):
            pieces.append(block.number)
        elif isinstance(block, Signature):
            pieces += [block.label, block.name, block.mark]
        elif isinstance(block, Item):
            pieces.append(block.marker)
    pieces += [r.text for _, note in document.footnotes for r in note if isinstance(r, Text)]
    return "".join(pieces)


def check_runs(content: Runs) -> None:
    """Refuse text that has line ends outside breaks, or is longer than a block may be."""
    length = 0
    for run in content:
        if isinstance(run, Text):
            length += len(run.text)
            if "\n" in run.text or "\r" in run.text:
                raise Refused("line_end_in_text", repr(run.text[:40]))
        elif isinstance(run, Math):
            length += len(run.tex)
    _check_length(length)


def _check_length(length: int) -> None:
    if length > MAX_BLOCK_CHARACTERS:
        raise Refused("block_too_long", f"{length} characters, limit {MAX_BLOCK_CHARACTERS}")
