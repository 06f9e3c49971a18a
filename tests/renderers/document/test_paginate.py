from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderers import Refused
from renderers.document import Cell, Code, Heading, Item, Mark, Paragraph, Table, Text, plain, runs
from renderers.document.paginate import Cut, Frame, Piece, paginate, split

LINE = 10.0


def paragraph(lines, gap=5.0):
    """A paragraph of that many lines of four printed characters."""
    block = Paragraph(runs(" ".join(f"{k:02d} ab" for k in range(lines))))
    cuts = tuple(Cut(4 * k, k * LINE, k * LINE) for k in range(2, lines - 1))
    return Piece(block, lines * LINE, gap, cuts)


def table(rows, gap=5.0):
    block = Table(
        ((Cell(runs("head"), header=True),), *((Cell(runs(f"r{k}")),) for k in range(rows))), head=1
    )
    cuts = tuple(Cut(r, r * LINE, r * LINE) for r in range(3, rows))
    return Piece(block, (rows + 1) * LINE, gap, cuts, LINE)


def heading(gap=5.0):
    return Piece(Heading(2, runs("heading")), 2 * LINE, gap)


def said(blocks):
    """All words in order, but for the head rows that are repeated."""
    words = []
    for block in blocks:
        if isinstance(block, Table):
            body = block.rows[block.head :] if block.continued else block.rows
            words += [plain(c.runs) for row in body for c in row]
        else:
            words += plain(block.runs).split()
    return words


pieces = st.lists(
    st.one_of(st.integers(1, 30).map(paragraph), st.integers(1, 30).map(table), st.builds(heading)),
    min_size=1,
    max_size=12,
)


@given(pieces, st.integers(1, 3), st.integers(80, 200))
def test_no_word_is_lost_or_moved_and_no_column_is_too_high(queue, columns, height):
    frame = Frame(float(height), columns)
    try:
        pages = paginate([], queue, {}, frame)
    except Refused as refused:
        assert refused.reason in ("block_too_tall", "too_many_pages")
        return
    assert said(b for page in pages for b in page.blocks) == said(p.block for p in queue)
    for page in pages:
        for column in page.columns:
            used = sum(p.height + (p.gap if k else 0) for k, p in enumerate(column))
            assert used <= height + 0.5


@given(pieces, st.integers(80, 200))
def test_a_heading_is_never_the_last_of_a_page(queue, height):
    queue = [*queue, paragraph(1)]
    try:
        pages = paginate([], queue, {}, Frame(float(height)))
    except Refused:
        return
    assert not any(isinstance(page.blocks[-1], Heading) for page in pages)


def test_head_rows_are_repeated_on_the_next_page():
    pages = paginate([], [table(12)], {}, Frame(100.0))
    assert [len(page.blocks[0].rows) for page in pages] == [10, 4]
    assert pages[1].blocks[0].rows[0][0].header
    assert pages[1].columns[0][0].height == 4 * LINE


def test_footnotes_stand_on_the_page_of_their_mark():
    noted = Piece(Paragraph((Text("a"), Mark(1))), LINE, 0)
    plain_piece = Piece(Paragraph(runs("b")), LINE, 0)
    frame = Frame(60.0, note_gap=10.0)
    pages = paginate([], [plain_piece] * 4 + [noted] + [plain_piece], {1: 20.0}, frame)
    assert [len(page.blocks) for page in pages] == [4, 2]


def test_sections_of_slides_begin_pages():
    frame = Frame(500.0, breaks_before=lambda b: isinstance(b, Heading))
    pages = paginate([], [heading(), paragraph(2), heading(), paragraph(2)], {}, frame)
    assert [len(page.blocks) for page in pages] == [2, 2]


def test_the_last_page_has_columns_of_like_height():
    page = paginate([], [paragraph(4, 0) for _ in range(6)], {}, Frame(1000.0, columns=3))[0]
    assert [sum(p.height for p in column) for column in page.columns] == [80.0, 80.0, 80.0]


def test_what_is_too_high_and_cannot_be_cut_is_refused():
    with pytest.raises(Refused) as refused:
        paginate([], [Piece(Item(runs("a")), 120.0)], {}, Frame(100.0))
    assert refused.value.reason == "block_too_tall"


def test_paragraphs_are_cut_after_printed_characters_and_keep_their_styles():
    block = Paragraph((Text("ab cd "), Text("ef gh", bold=True), Mark(1), Text(" ij")))
    upper, lower = split(block, 6)
    assert plain(upper.runs) == "ab cd ef" and upper.goes_on
    assert lower.runs[0] == Text("gh", bold=True) and lower.continued
    upper, lower = split(block, 9)
    assert plain(upper.runs) == "ab cd ef gh[^1]" and plain(lower.runs).strip() == "ij"


@given(st.text("ab \t", max_size=40), st.integers(0, 40))
def test_a_cut_paragraph_says_the_same(text, place):
    block = Paragraph((Text(text), Text("z", italic=True)))
    printed = len("".join(plain(block.runs).split()))
    upper, lower = split(block, place := min(place, printed))
    both = "".join((plain(upper.runs) + plain(lower.runs)).split())
    assert both == "".join(plain(block.runs).split())
    assert len("".join(plain(upper.runs).split())) == place


def test_listings_are_cut_between_lines():
    upper, lower = split(Code("a\n\nb\nc"), 2)
    assert (upper.text, lower.text) == ("a\n", "b\nc")


def test_rounding_does_not_start_a_page():
    heights = np.full(10, 100.0 / 10 + 1e-9)
    queue = [Piece(Paragraph(runs("a")), float(h)) for h in heights]
    assert len(paginate([], queue, {}, Frame(100.0))) == 1
