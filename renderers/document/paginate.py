"""Which blocks stand on which page: a pure function of heights that the browser measured.

A document is drawn once as one long column. From where its blocks, rows and
lines stood, it is cut into columns and pages of fixed height: between blocks,
between rows of a table that no span crosses (its head rows are repeated), and
between lines of a paragraph or a listing. A heading stays with what follows.
Each page then is a document of its own, drawn with the same widths, so that
every line breaks where it did when it was measured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from renderers.document.model import Block, Code, Heading, Mark, Paragraph, Runs, Table, Text, marks
from renderers.errors import Refused

#: Lines of a paragraph that stay together at a page's foot and head (typographers'
#: orphans and widows), and rows of a table below its head.
MIN_LINES, MIN_ROWS = 2, 2
#: Pages of one document.
MAX_PAGES = 40
#: CSS pixels that heights of several elements may differ by rounding.
ROUNDING = 0.5
#: Steps in which the columns of the last page are made shorter, CSS pixels.
_BALANCE_STEP = 12.0


@dataclass(frozen=True)
class Cut:
    """A place where a block may be cut. Lengths are CSS pixels from the block's top."""

    #: Row of a table, line of a listing, printed characters of a paragraph.
    place: int
    #: How high the part above is.
    above: float
    #: Where the rest begins.
    below: float


@dataclass(frozen=True)
class Piece:
    """A block, or a part of one, and the room that it takes. Lengths are CSS pixels."""

    block: Block
    height: float
    #: Room above, unless it is the first of a column.
    gap: float = 0.0
    #: Where it may be cut, from top to bottom.
    cuts: tuple[Cut, ...] = ()
    #: What the rest of a cut block repeats: head rows, a listing's padding.
    repeated: float = 0.0


@dataclass(frozen=True)
class Frame:
    """The room of a page. Lengths are CSS pixels."""

    #: Height for content; the footnotes are in it.
    height: float
    columns: int = 1
    #: Room between text and footnotes.
    note_gap: float = 0.0
    #: Whether a block begins a new page.
    breaks_before: Callable[[Block], bool] = lambda block: False


@dataclass
class PageContent:
    """The blocks of a page: those over its whole width, and its columns."""

    spanning: list[Piece] = field(default_factory=list)
    columns: list[list[Piece]] = field(default_factory=list)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All blocks in reading order."""
        return tuple(p.block for part in (self.spanning, *self.columns) for p in part)


def paginate(
    spanning: Sequence[Piece], pieces: Sequence[Piece], notes: dict[int, float], frame: Frame
) -> list[PageContent]:
    """The pages of a document.

    `spanning` stands over the columns of the first page, with its gaps; `notes` are the
    heights of the footnotes. Raises Refused (`block_too_tall`, `too_many_pages`).
    """
    pages: list[PageContent] = []
    queue = list(pieces)
    over = list(spanning)
    while queue or over:
        if len(pages) == MAX_PAGES:
            raise Refused("too_many_pages", f"more than {MAX_PAGES}")
        taken = sum(p.gap + p.height for p in over) + (queue[0].gap if over and queue else 0.0)
        room = frame.height - taken - _notes(over, notes, frame)
        if room <= 0:
            raise Refused("block_too_tall", f"{taken:.0f} of {frame.height:.0f} pixels")
        columns, rest = _fill_page(queue, notes, frame, room)
        if not rest and frame.columns > 1:
            columns = _balance(queue, notes, frame, room) or columns
        pages.append(PageContent(over, columns))
        queue, over = rest, []
    return pages


def split(block: Block, place: int) -> tuple[Block, Block]:
    """A block cut at `Cut.place`: what stays, and the rest."""
    if isinstance(block, Table):
        head, rows = block.rows[: block.head], block.rows
        upper = replace(block, rows=rows[:place])
        return upper, replace(block, rows=head + rows[place:], caption=(), unit="", continued=True)
    if isinstance(block, Code):
        lines = block.text.split("\n")
        upper_text, lower_text = "\n".join(lines[:place]), "\n".join(lines[place:])
        return replace(block, text=upper_text), replace(block, text=lower_text)
    assert isinstance(block, Paragraph)
    first, second = _split_runs(block.runs, place)
    return (
        replace(block, runs=first, goes_on=True),
        replace(block, runs=second, continued=True),
    )


def _fill_page(
    queue: Sequence[Piece], notes: dict[int, float], frame: Frame, room: float
) -> tuple[list[list[Piece]], list[Piece]]:
    columns, rest = [], list(queue)
    for index in range(frame.columns):
        column, rest = _fill_column(rest, notes, frame, room, first=index == 0)
        columns.append(column)
        if rest and frame.breaks_before(rest[0].block):
            columns += [[] for _ in range(frame.columns - index - 1)]
            break
    return columns, rest


def _balance(
    queue: Sequence[Piece], notes: dict[int, float], frame: Frame, room: float
) -> list[list[Piece]] | None:
    """The columns of the last page, about equally high."""
    height = _height(queue) / frame.columns
    while height < room:
        try:
            columns, rest = _fill_page(queue, notes, frame, height)
        except Refused:
            rest = list(queue)
        if not rest:
            return columns
        height += _BALANCE_STEP
    return None


def _fill_column(
    queue: list[Piece], notes: dict[int, float], frame: Frame, room: float, first: bool
) -> tuple[list[Piece], list[Piece]]:
    column: list[Piece] = []
    used = 0.0
    for index, piece in enumerate(queue):
        if index and frame.breaks_before(piece.block):
            return column, queue[index:]
        gap = piece.gap if column else 0.0
        free = room - used - gap - _notes(column, notes, frame)
        if piece.height + _own_notes(piece.block, notes, frame, column) <= free + ROUNDING:
            column.append(piece)
            used += gap + piece.height
            continue
        upper, lower = _cut(piece, free, notes, frame, column)
        if upper is not None and lower is not None:
            return [*column, upper], [lower, *queue[index + 1 :]]
        # Headings go with what follows them.
        keep = len(column)
        while keep and isinstance(column[keep - 1].block, Heading):
            keep -= 1
        if keep:
            return column[:keep], queue[keep:]
        kind = type(piece.block).__name__
        raise Refused("block_too_tall", f"{kind} of {piece.height:.0f} pixels, room {free:.0f}")
    return column, []


def _cut(
    piece: Piece, free: float, notes: dict[int, float], frame: Frame, column: Sequence[Piece]
) -> tuple[Piece | None, Piece | None]:
    """The largest part of a piece that fits, and the rest."""
    for cut in reversed(piece.cuts):
        if cut.above > free + ROUNDING:
            continue
        upper, lower = split(piece.block, cut.place)
        if cut.above + _own_notes(upper, notes, frame, column) > free + ROUNDING:
            continue
        moved = [c for c in piece.cuts if c.place > cut.place]
        # Rows and lines are counted anew; a table's head is above them again.
        shift = cut.place - (piece.block.head if isinstance(piece.block, Table) else 0)
        lift = cut.below - piece.repeated
        cuts = tuple(Cut(c.place - shift, c.above - lift, c.below - lift) for c in moved)
        rest = Piece(lower, piece.height - lift, 0.0, cuts, piece.repeated)
        return Piece(upper, cut.above, piece.gap), rest
    return None, None


def _height(pieces: Sequence[Piece]) -> float:
    return sum(p.height + (p.gap if i else 0.0) for i, p in enumerate(pieces))


def _notes(column: Sequence[Piece], notes: dict[int, float], frame: Frame) -> float:
    """The height of the footnotes of what is on the page."""
    found = [notes[number] for number in marks([p.block for p in column])]
    return sum(found) + (frame.note_gap if found else 0.0)


def _own_notes(
    block: Block, notes: dict[int, float], frame: Frame, column: Sequence[Piece]
) -> float:
    """What the footnotes of one more block add."""
    own = sum(notes[number] for number in marks([block]))
    return own + (frame.note_gap if own and not _notes(column, notes, frame) else 0.0)


def _split_runs(content: Runs, place: int) -> tuple[Runs, Runs]:
    """Runs after `place` printed characters, white space not counted."""
    for index, run in enumerate(content):
        said = (
            run.text if isinstance(run, Text) else str(run.number) if isinstance(run, Mark) else ""
        )
        printed = len("".join(said.split()))
        if printed <= place:
            place -= printed
            if place == 0 and index + 1 < len(content) and not isinstance(content[index + 1], Mark):
                return content[: index + 1], content[index + 1 :]
            continue
        if not place:
            return content[:index], content[index:]
        assert isinstance(run, Text)
        end = _end_of(said, place)
        first, second = (
            replace(run, text=said[:end].rstrip()),
            replace(run, text=said[end:].lstrip()),
        )
        return (*content[:index], first), (second, *content[index + 1 :])
    return content, ()


def _end_of(text: str, printed: int) -> int:
    """The place in `text` right after that many characters that are not white space."""
    for index, character in enumerate(text):
        printed -= not character.isspace()
        if not printed:
            return index + 1
    return len(text)
