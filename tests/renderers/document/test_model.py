from __future__ import annotations

import pytest

from renderers import Refused
from renderers.document import (
    Beside,
    Cell,
    Document,
    Heading,
    Item,
    Mark,
    Paragraph,
    Picture,
    Table,
    Text,
    plain,
    runs,
)

C = Cell(runs("x"))


def refused(make):
    with pytest.raises(Refused) as raised:
        make()
    return raised.value.reason


def table(*rows, **fields):
    return Table(tuple(map(tuple, rows)), **fields)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([[C, Cell(rowspan=2)], [Cell(colspan=2)]], "spans_overlap"),
        ([[C, C], [C]], "table_holes"),
        ([[C], [C, C]], "span_outside"),
        ([[Cell(rowspan=2)]], "span_outside"),
        ([[]], "empty_table"),
        ([], "empty_table"),
        ([[C] * 10_000], "table_too_large"),
        ([[Cell(colspan=10_000)]], "table_too_large"),
        ([[C]] * 10_000, "table_too_large"),
    ],
)
def test_tables_that_do_not_cover_their_grid_or_are_too_large_are_refused(rows, reason):
    assert refused(lambda: table(*rows)) == reason


def test_cells_stand_at_the_first_free_column():
    nested = table([Cell(rowspan=2), Cell(colspan=2), C], [C, C, C])
    assert [(r, c) for r, c, _ in nested.placed] == [(0, 0), (0, 1), (0, 3), (1, 1), (1, 2), (1, 3)]
    assert nested.columns == 4


def test_a_table_may_be_cut_where_no_span_crosses():
    rows = [[C, C], [Cell(rowspan=2), C], [C], [C, C], [C, C]]
    assert table(*rows, head=1).breaks() == [3, 4]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Heading(7, runs("a")), "bad_heading"),
        (lambda: Paragraph((Text("a\nb"),)), "line_end_in_text"),
        (lambda: Paragraph(runs("a" * 1_000_000)), "block_too_long"),
        (lambda: Item(runs(" ")), "empty_item"),
        (lambda: Item(runs("a"), number=99, numbering="hangul"), "bad_item"),
        (lambda: Item(runs("a"), depth=9), "nested_too_deep"),
        (lambda: Cell(rowspan=0), "bad_span"),
        (lambda: table([C], look="pink"), "bad_table"),
        (lambda: table([C, C], widths=(1,)), "bad_table"),
        (lambda: Picture(b"", "svg", 1, 1), "bad_picture"),
        (lambda: Document("poem", "ko", (Heading(1, ()),)), "bad_kind"),
        (lambda: Document("form", "ko", ()), "empty_document"),
        (lambda: Document("form", "ko", (Item(runs("a"), 1),)), "list_skips_depth"),
        (lambda: Document("form", "ko", (Paragraph((Mark(1),)),)), "footnotes_differ"),
        (lambda: Document("form", "ko", (Heading(1, ()),) * 3000), "document_too_long"),
        (lambda: Beside(((Beside(((), ()), (1, 1)),), ()), (1, 1)), "bad_columns"),
    ],
)
def test_what_cannot_be_drawn_is_refused_when_it_is_made(make, reason):
    assert refused(make) == reason


@pytest.mark.parametrize(
    ("numbering", "number", "marker"),
    [("decimal", 3, "3."), ("paren", 3, "3)"), ("hangul", 3, "다."), ("circled", 3, "③")],
)
def test_numbers_are_printed_as_they_are_called(numbering, number, marker):
    assert Item(runs("a"), number=number, numbering=numbering).marker == marker


def test_line_ends_of_a_string_are_breaks():
    assert plain(runs("a\n\nb")) == "a\n\nb"
    assert len(runs("a\nb")) == 3
