"""Documents drawn by the real browser."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image

from renderers import Page, Refused
from renderers.document import (
    KINDS,
    Beside,
    Cell,
    Code,
    Document,
    Equation,
    Figure,
    Heading,
    Item,
    KeyValue,
    Mark,
    Math,
    Paragraph,
    Picture,
    Quote,
    Signature,
    Stamp,
    Table,
    Text,
    render_document,
    runs,
)
from renderers.document.dom import Sheet, page_html

WORDS = {
    "ko": "바람이 언덕을 넘어 마을로 내려오면 아이들은 연을 들고 들판으로 달려 나갔다. ",
    "en": "The wind came over the hill and the children ran to the field with their kites. ",
}


def picture():
    data = io.BytesIO()
    Image.fromarray(np.full((60, 90, 3), 120, np.uint8)).save(data, "PNG")
    return Picture(data.getvalue(), "png", 90, 60)


def everything(kind, lang, paragraphs=8):
    """Every kind of block, and text for some pages."""
    words = WORDS[lang]
    head = Cell(runs("A"), header=True, align="center")
    rows = [(head, Cell(runs("B"), header=True, colspan=2)),
            *((Cell(runs(f"row {k}")), Cell(runs(f"{k}"), align="right"), Cell(runs("x\ny"))) for k in range(12)),
            (Cell(runs("last"), rowspan=2), Cell(runs("1")), Cell()), (Cell(runs("2")), Cell(runs("3")))]  # fmt: skip
    blocks = [
        Heading(1, runs(words[:20].strip())),
        Paragraph((Text("a "), Text("bold", bold=True), Math("x^2"), Text(" c"), Mark(1))),
        Item(runs("one"), number=1), Item(runs("inner")), Item(runs("two"), number=2),
        Quote(runs(words)),
        Table(tuple(rows), 1, caption=runs("Table 1"), unit="(kg)"),
        Figure(picture(), runs("Figure 1")),
        Code("def f():\n\n    return 1  # <b>\n"),
        Equation(r"\frac{a}{b}", "(1)"),
        KeyValue(((runs("name"), runs("value")), (runs("key"), runs("two\nlines"))), 2),
        *(p for k in range(paragraphs) for p in (Heading(3, runs(f"part {k}")), Paragraph(runs(words * 6)))),
        Beside(((Paragraph(runs("left")),), (Paragraph(runs("right")),)), (1, 1)),
        Signature("by", "가온", "(인)", Stamp(runs("가\n온"), "round")),
        Stamp(runs("PAID")),
    ]  # fmt: skip
    return Document(
        kind, lang, tuple(blocks), ((1, runs("the note")),), header="running head",
        footer="foot", numbers="- {page} / {pages} -",
    )  # fmt: skip


@pytest.fixture(scope="module")
def rendered(browser):
    kept = {}

    def render(kind, lang="en", key="k", **fields):
        if (kind, lang, key) not in kept:
            document = everything(kind, lang, **fields)
            kept[kind, lang, key] = render_document(browser, document, seed=0, key=key)
        return kept[kind, lang, key]

    return render


def squeeze(text):
    return "".join(text.split())


def texts(page):
    """What the page says, in reading order; formulas apart."""
    for block in json.loads(page.targets["json"])["blocks"]:
        if block["type"] == "table":
            yield block["caption"]
            yield block["unit"]
            yield from (c["text"] for c in block["cells"])
        elif block["type"] == "key_values":
            for pair in block["pairs"]:
                yield pair["name"] + pair["value"]
        elif block["type"] == "equation":
            yield block["number"]
        elif block["type"] == "signature":
            yield block["label"] + block["name"] + block["mark"]
        elif block["type"] == "figure":
            yield block["caption"]
        else:
            yield from block["text"].replace("[^1]", "1").split(r"\(x^2\)")
    for note in json.loads(page.targets["json"]).get("footnotes", []):
        yield note["text"]


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_text_of_a_page_is_drawn_in_reading_order(rendered, kind, lang):
    for page in rendered(kind, lang):
        drawn = "".join(
            squeeze(label)
            for label, formula in zip(
                page.layout.char.labels, page.layout.char.formula, strict=True
            )
            if formula < 0
        )
        place = 0
        for text in map(squeeze, texts(page)):
            found = drawn.find(text, place)
            assert found >= 0, f"{text!r} after {drawn[place : place + 40]!r}"
            place = found + len(text)
        assert not page.layout.hidden


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_drawn_that_the_page_does_not_say(rendered, kind):
    """Bullets apart."""
    for page in rendered(kind):
        drawn = "".join(
            label
            for label, f in zip(page.layout.char.labels, page.layout.char.formula, strict=True)
            if f < 0
        )
        expected = [page.document.header, page.document.footer, page.document.numbers, *texts(page)]
        markers = [b.marker for b in page.document.blocks if isinstance(b, Item)]
        notes = [str(n) for n, _ in page.document.footnotes]
        rest = sorted(squeeze(drawn))
        for character in squeeze("".join([*expected, *markers, *notes])):
            rest.remove(character)
        assert set(rest) <= set("•–·■○-▪▫")


@pytest.mark.parametrize("kind", KINDS)
def test_every_cell_has_a_box_inside_its_table(rendered, kind):
    for page in rendered(kind):
        block = page.layout.block
        cells = [k for k, kind_ in enumerate(block.kinds) if kind_ == "cell"]
        tables = [b for b in page.document.blocks if isinstance(b, Table)]
        assert len(cells) == sum(len(t.placed) for t in tables)
        for k in cells:
            table = block.parent[k]
            assert block.kinds[table] == "table"
            inner, outer = block.frames[k], block.frames[table]
            assert (inner[:2] >= outer[:2] - 1).all() and (inner[2:] <= outer[2:] + 1).all()
            assert (inner[2:] > inner[:2]).all()


def test_cells_stand_where_their_rows_and_columns_are(rendered):
    for page in rendered("report"):
        for table in (b for b in page.document.blocks if isinstance(b, Table)):
            block = page.layout.block
            cells = [k for k, kind in enumerate(block.kinds) if kind == "cell"]
            boxes = block.frames[cells]
            for (row, column, _), box in zip(table.placed, boxes, strict=True):
                for (other_row, other_column, other), there in zip(
                    table.placed, boxes, strict=True
                ):
                    if other_row + other.rowspan <= row:
                        assert there[3] <= box[1] + 1
                    if other_column + other.colspan <= column:
                        assert there[2] <= box[0] + 1


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "receipt"])
def test_pages_are_numbered_and_together_say_what_the_document_says(rendered, kind):
    pages = rendered(kind)
    assert len(pages) > 1
    assert [p.document.numbers for p in pages] == [
        f"- {k + 1} / {len(pages)} -" for k in range(len(pages))
    ]
    for page in pages:
        assert page.document.numbers in page.layout.line.labels
        paper = page.theme.paper
        assert page.pixels.shape[:2] == (2 * paper.height, 2 * paper.width)
    paragraphs = [b for p in pages for b in p.document.blocks if isinstance(b, Paragraph)]
    said = squeeze("".join(r.text for b in paragraphs for r in b.runs if isinstance(r, Text)))
    expected = [b for b in everything(kind, "en").blocks if isinstance(b, Paragraph)]
    assert said == squeeze("".join(r.text for b in expected for r in b.runs if isinstance(r, Text)))


def lines_of_paragraphs(layout):
    kinds = [layout.block.kinds[k] for k in layout.line.parent]
    return [
        label for label, kind in zip(layout.line.labels, kinds, strict=True) if kind == "paragraph"
    ]


def test_cut_paragraphs_break_their_lines_as_whole_ones(browser, rendered):
    """Otherwise what was measured is not what is drawn."""
    pages = rendered("report", "en")
    assert any(b.goes_on for p in pages for b in p.document.blocks if isinstance(b, Paragraph))
    whole = everything("report", "en")
    sheet = Sheet((), [whole.blocks], whole.footnotes)
    theme = pages[0].theme
    html = page_html(whole, theme, sheet, measuring=True)
    column = browser.measure(Page(html, theme.paper.width, None, 2.0, "en"))
    drawn = [line for p in pages for line in lines_of_paragraphs(p.layout)]
    assert drawn == lines_of_paragraphs(column)


def test_a_receipt_is_as_long_as_its_content(rendered):
    (page,) = rendered("receipt")
    assert page.theme.paper.height is None
    assert page.pixels.shape[0] > page.pixels.shape[1]


def test_the_same_document_gives_the_same_bytes_in_any_order(browser):
    one, other = everything("form", "ko", 3), everything("article", "en", 3)
    first = render_document(browser, one, seed=0, key="a")
    render_document(browser, other, seed=0, key="a")
    again = render_document(browser, one, seed=0, key="a")
    assert [p.pixels.tobytes() for p in first] == [p.pixels.tobytes() for p in again]
    assert all(
        (a.layout.char.boxes == b.layout.char.boxes).all()
        for a, b in zip(first, again, strict=True)
    )


def test_themes_differ_by_key(browser):
    themes = {
        render_document(browser, everything("report", "ko", 1), seed=0, key=k)[0].theme
        for k in "abcde"
    }
    assert len(themes) == 5


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (Paragraph(runs("sign \U0001f9ff and ꙮ")), "missing_glyph"),
        (Equation(r"\frac{"), "tex_error"),
        (Item(runs("word " * 3000)), "block_too_tall"),
    ],
)
def test_what_cannot_be_drawn_truly_is_refused(browser, block, reason):
    with pytest.raises(Refused) as refused:
        render_document(browser, Document("report", "en", (block,)), seed=0, key="k")
    assert refused.value.reason == reason


def test_markup_in_content_is_text(browser):
    text = "<script>document.body.remove()</script> &amp; {{ 7 * 7 }} \\(x\\)"
    (page,) = render_document(
        browser, Document("report", "en", (Paragraph(runs(text)),)), seed=0, key="k"
    )
    assert squeeze("".join(page.layout.char.labels)) == squeeze(text)


@pytest.mark.parametrize("key", ["a", "b", "c"])
def test_signs_that_are_all_ink_are_not_refused(browser, key):
    words = (Text("a_b - – — _ ■ ' , . · words"),)
    (page,) = render_document(
        browser, Document("manual", "en", (Paragraph(words),)), seed=0, key=key
    )
    assert squeeze("".join(page.layout.char.labels)) == squeeze(words[0].text)
