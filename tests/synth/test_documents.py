from __future__ import annotations

import json

import pytest

from records import Part
from renderers import Refused
from renderers.document import (
    Code,
    Equation,
    Figure,
    Heading,
    Item,
    Math,
    Paragraph,
    Picture,
    Table,
    plain,
)
from synth.documents import document_of
from synth.light_markdown import read_blocks
from tests.conftest import PAGE, make_image, make_sample

PICTURE = Picture(b"x", "png", 40, 30)


def page(text, **fields):
    return make_sample(f"# Title\n\n{PAGE}\n\n{text}", bucket="interleaved", **fields)


def blocks(text, kind="report", pictures=None, **fields):
    return document_of(page(text, **fields), kind, pictures or {}).blocks[2:]


def test_what_readers_write_is_read_back():
    text = (
        "Two * stars and [x] stay.\nA second line.\n\n## Head\n\n3. three\n4. four\n  - inner\n"
        "  more of four\n\n```\n# no heading\n\n| no | table |\n```\n\n$$x^2$$"
    )
    found = list(read_blocks(text))
    assert [type(b).__name__ for b in found] == [
        "Paragraph", "Heading", "Item", "Item", "Item", "Paragraph", "Code", "Equation",
    ]  # fmt: skip
    assert plain(found[0].runs) == "Two * stars and [x] stay.\nA second line."
    assert [(b.depth, b.number) for b in found[2:5]] == [(0, 3), (0, 4), (1, None)]
    assert (found[5].depth, plain(found[5].runs)) == (1, "more of four")
    assert found[6].text == "# no heading\n\n| no | table |"
    assert found[7] == Equation("x^2")


@pytest.mark.parametrize(
    ("text", "formulas"),
    [
        ("so $x_1$ and $n$ are", ["x_1", "n"]),
        ("it costs $5 or $6 today", []),
        ("cells $A$1:$DO$4 stay", []),
        (r"a $\frac{1}{2}$-th", [r"\frac{1}{2}"]),
    ],
)
def test_dollar_signs_are_formulas_only_where_they_are(text, formulas):
    (paragraph,) = read_blocks(text)
    assert [r.tex for r in paragraph.runs if isinstance(r, Math)] == formulas
    if not formulas:
        assert plain(paragraph.runs) == text


TABLE = {
    "caption": "Prices",
    "rows": [
        [{"text": "What", "header": True, "rowspan": 2}, {"text": "Cost", "header": True, "colspan": 2}],
        [{"text": "a|b", "header": True}, {"text": "c", "header": True}],
        [{"text": "x"}, {"text": "1"}, {"text": "2.50"}],
    ],
}  # fmt: skip
LINES = "| What | Cost |  |\n| --- | --- | --- |\n|  | a\\|b | c |\n| x | 1 | 2.50 |"


def test_tables_get_their_spans_captions_and_alignment():
    found = blocks(f"Prices\n\n{LINES}\n\nEnd.", targets={"tables": json.dumps([TABLE])})
    assert [type(b) for b in found] == [Table, Paragraph]
    table = found[0]
    assert (plain(table.caption), table.head, table.columns) == ("Prices", 2, 3)
    assert [(c.rowspan, c.colspan) for c in table.rows[0]] == [(2, 1), (1, 2)]
    assert [c.align for c in table.rows[2]] == ["left", "right", "right"]


def test_a_table_that_is_not_the_stored_one_is_as_its_lines_say():
    other = {**TABLE, "rows": [[{"text": "other"}, {"text": "table"}]]}
    (table,) = blocks(LINES, targets={"tables": json.dumps([other])})
    assert [plain(c.runs) for c in table.rows[0]] == ["What", "Cost", ""]
    assert table.head == 1


def test_short_rows_are_filled_and_overlapping_spans_give_way_to_the_lines():
    short = {"caption": None, "rows": [[{"text": "a"}, {"text": "b"}], [{"text": "c"}]]}
    lines = "| a | b |\n| --- | --- |\n| c |  |"
    (table,) = blocks(lines, targets={"tables": json.dumps([short])})
    assert [[plain(c.runs) for c in row] for row in table.rows] == [["a", "b"], ["c", ""]]
    wrong = {
        "caption": None,
        "rows": [[{"text": "a"}, {"text": "b", "rowspan": 2}], [{"text": "c", "colspan": 2}]],
    }
    (table,) = blocks(lines, targets={"tables": json.dumps([wrong])})
    assert [[plain(c.runs) for c in row] for row in table.rows] == [["a", "b"], ["c", ""]]


def test_pictures_are_figures_with_their_captions_and_those_left_out_take_theirs_along():
    parts = (
        Part("text", text=f"# Title\n\n{PAGE}"), Part("image", image=0),
        Part("text", text="First caption\n\nText between."), Part("image", image=1),
        Part("text", text="Second caption\n\nThe end."),
    )  # fmt: skip
    sample = make_sample(
        parts=parts, images=(make_image(), make_image()), bucket="interleaved",
        targets={"captions": json.dumps({"0": "First caption", "1": "Second caption"})},
    )  # fmt: skip
    found = document_of(sample, "article", {1: PICTURE}).blocks[2:]
    assert [type(b) for b in found] == [Paragraph, Figure, Paragraph]
    assert plain(found[1].caption) == "Second caption"
    assert plain(found[2].runs) == "The end."


def test_what_stands_above_the_title_is_left_out_and_the_title_is_the_first_level():
    sample = make_sample(f"Click here\n\n## Title\n\n{PAGE}\n\n### Part\n\nmore", bucket="text")
    found = document_of(sample, "report", {}).blocks
    assert [b.level for b in found if isinstance(b, Heading)] == [1, 2]
    assert plain(found[0].runs) == "Title"


def test_long_pages_end_with_a_whole_section():
    sections = "\n\n".join(f"## Part {k}\n\n{PAGE}\n\n{PAGE}" for k in range(20))
    found = document_of(page(sections), "slides", {}).blocks
    assert isinstance(found[-1], Paragraph)
    heads = [plain(b.runs) for b in found if isinstance(b, Heading)]
    assert heads[0] == "Title" and 2 < len(heads) < 10
    assert sum(isinstance(b, Paragraph) for b in found[-2:]) == 2


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        (make_sample("# Title\n\nshort"), "too_short"),
        (make_sample(PAGE), "no_heading"),
        (make_sample(PAGE, bucket="stem"), "not_a_page"),
        (page("| a | b |\n| --- | --- |\n| $|x|$ | c |"), "ragged_table"),
        (make_sample(parts=(Part("text", text=PAGE, role="user"),)), "not_a_page"),
    ],
)
def test_rows_that_are_no_pages_are_refused(sample, reason):
    with pytest.raises(Refused) as refused:
        document_of(sample, "report", {})
    assert refused.value.reason == reason


def test_nothing_is_said_that_the_row_does_not_say():
    text = f"## One\n\n- a\n  - b\n\n{LINES}\n\n```\ncode\n```"
    sample = page(text)
    for block in document_of(sample, "manual", {}).blocks:
        if isinstance(block, Heading | Paragraph | Item):
            assert plain(block.runs) in sample.text
        elif isinstance(block, Code):
            assert block.text in sample.text
        else:
            assert all(plain(c.runs).replace("|", "\\|") in sample.text for _, _, c in block.placed)
