from __future__ import annotations

import json
import re

import lxml.html
from hypothesis import given
from markdown_it import MarkdownIt

from renderers.document import (
    Beside,
    Break,
    Cell,
    Document,
    Figure,
    Heading,
    Item,
    Mark,
    Math,
    Paragraph,
    Picture,
    Signature,
    Stamp,
    Table,
    Text,
    plain,
    runs,
    to_html,
    to_json,
    to_markdown,
)
from renderers.document.model import Code, Equation, KeyValue, Quote, all_runs
from tests.renderers.document.documents import documents

PARSER = MarkdownIt("commonmark").enable("table")


def document(*blocks, **fields):
    return Document("report", "ko", blocks, **fields)


def parse(html):
    tree = lxml.html.fromstring(f"<html><body>{html}</body></html>")
    for line_end in tree.iter("br"):
        line_end.tail = "\n" + (line_end.tail or "")
    return tree.find("body")


def squeeze(text):
    return " ".join(text.split())


def own_text(element):
    """The text of a list item without the lists and paragraphs inside it."""
    whole = element.text or ""
    for child in element:
        if child.tag in ("ul", "ol", "p"):
            break
        whole += (child.text_content() or "") + (child.tail or "")
    first = element[0] if len(element) and element[0].tag == "p" else None
    if not whole.strip() and first is not None:
        whole = first.text_content()
    return whole


def outline(body):
    """What structure says: headings, items with their depths, cells, listings, quotations."""
    found = []
    for element in body.iter("h1", "h2", "h3", "h4", "h5", "h6", "li", "td", "th", "pre"):
        if element.tag == "li":
            depth = sum(1 for a in element.iterancestors("li"))
            found.append(("li", depth, element.getparent().tag, squeeze(own_text(element))))
        elif element.tag == "pre":
            found.append(("pre", element.text_content().rstrip("\n")))
        else:
            found.append((element.tag, squeeze(element.text_content())))
    return found


def test_texts(content: Document):
    """Every text of a document, in reading order, as plain text."""
    for block in content.blocks:
        if isinstance(block, Code):
            yield block.text
        elif isinstance(block, Equation):
            yield rf"\[{block.tex}\]"
        else:
            numbered = isinstance(block, Item) and block.number and block.numbering != "decimal"
            yield block.marker if numbered else ""
            yield from map(plain, all_runs(block))


test_texts.__test__ = False


@given(documents)
def test_html_parsed_back_has_the_same_text(content):
    expected = squeeze(" ".join(test_texts(content)))
    found = parse(to_html(content)).text_content()
    assert "".join(found.split()) == "".join(expected.split())


@given(documents)
def test_html_parsed_back_has_the_same_cells(content):
    tables = [b for b in content.blocks if isinstance(b, Table)]
    parsed = parse(to_html(content)).findall(".//table")
    assert len(parsed) == len(tables)
    for table, element in zip(tables, parsed, strict=True):
        rows = [
            [
                (
                    squeeze(c.text_content()),
                    c.tag == "th",
                    int(c.get("rowspan", 1)),
                    int(c.get("colspan", 1)),
                )
                for c in row
            ]
            for row in element.iter("tr")
        ]
        assert rows == [
            [(squeeze(plain(c.runs)), c.header, c.rowspan, c.colspan) for c in row]
            for row in table.rows
        ]


def with_dollars(html):
    html = re.sub(r'<span class="math">\\\((.*?)\\\)</span>', r"$\1$", html)
    return re.sub(r'<span class="math">\\\[(.*?)\\\]</span>', r"$$\1$$", html)


@given(documents)
def test_markdown_parsed_back_says_what_the_html_says(content):
    html = parse(with_dollars(to_html(content)))
    markdown = parse(with_dollars(PARSER.render(to_markdown(content))))
    assert "".join(markdown.text_content().split()) == "".join(html.text_content().split())
    plainly = [  # Numbers that Markdown does not know stand in bullets; GFM has no row heads.
        entry for entry in outline(markdown) if entry[0] not in ("li", "td", "th")
    ]
    assert plainly == [e for e in outline(html) if e[0] not in ("li", "td", "th")]
    cells = [e[1] for e in outline(markdown) if e[0] in ("td", "th")]
    assert cells == [e[1] for e in outline(html) if e[0] in ("td", "th")]
    items = [(e[1], e[3]) for e in outline(markdown) if e[0] == "li"]
    assert items == [(e[1], e[3]) for e in outline(html) if e[0] == "li"]


@given(documents)
def test_json_has_every_block_and_cell_in_its_place(content):
    read = json.loads(to_json(content))
    assert len(read["blocks"]) == len(content.blocks)
    for entry, block in zip(read["blocks"], content.blocks, strict=True):
        if isinstance(block, Table):
            assert (entry["rows"], entry["columns"]) == (len(block.rows), block.columns)
            covered = {
                (r, c)
                for cell in entry["cells"]
                for r in range(cell["row"], cell["row"] + cell["rowspan"])
                for c in range(cell["col"], cell["col"] + cell["colspan"])
            }
            assert covered == {
                (r, c) for r in range(entry["rows"]) for c in range(entry["columns"])
            }
            assert [c["text"] for c in entry["cells"]] == [
                plain(c.runs) for _, _, c in block.placed
            ]
        elif isinstance(block, Heading | Paragraph | Item | Quote):
            assert entry["text"] == plain(block.runs)
        elif isinstance(block, KeyValue):
            assert [p["value"] for p in entry["pairs"]] == [plain(v) for _, v in block.pairs]


def test_emphasis_next_to_a_particle_is_emphasis():
    content = document(Paragraph((Text("“값”", bold=True), Text("은 크다"))))
    assert to_markdown(content) == "<strong>“값”</strong>은 크다\n"
    content = document(Paragraph((Text("값", bold=True), Text("은 "), Text("크다", italic=True))))
    assert to_markdown(content) == "**값**은 *크다*\n"


def test_tables_with_spans_are_html_in_markdown_and_others_are_not():
    one = Cell(runs("a"), header=True)
    wide = document(Table(((Cell(runs("a|b"), header=True, colspan=2),), (one, one)), head=1))
    assert "<table>" in to_markdown(wide)
    table = Table(
        ((one, one), (Cell(runs("x|y\nz")), Cell(runs("3"), align="right"))),
        head=1, caption=runs("표 1"), unit="(단위: 원)",
    )  # fmt: skip
    assert to_markdown(document(table)) == (
        "표 1\n\n(단위: 원)\n\n| a | a |\n| --- | ---: |\n| x\\|y<br>z | 3 |\n"
    )


def test_nested_lists_keep_their_numbers():
    content = document(
        Item(runs("하나"), number=1),
        Item(runs("가"), 1, number=1, numbering="hangul"),
        Paragraph(runs("덧붙임"), depth=2),
        Item(runs("둘"), number=2),
        Item(runs("점")),
        Item(runs("다시"), number=1),
    )
    assert to_markdown(content) == (
        "1. 하나\n\n   - 가. 가\n\n     덧붙임\n2. 둘\n\n- 점\n\n1. 다시\n"
    ) or to_markdown(content).startswith("1. 하나\n   - 가. 가\n\n     덧붙임\n2. 둘\n\n- 점")
    assert '<ol style="list-style: none">\n<li>가. 가' in to_html(content)


def test_numbers_with_a_parenthesis_are_numbers_in_markdown_and_text_in_html():
    content = document(Item(runs("a"), number=1, numbering="paren"))
    assert to_markdown(content) == "1) a\n"
    assert to_html(content) == '<ol style="list-style: none">\n<li>1) a</li>\n</ol>\n'


def test_two_numbered_lists_stay_two():
    content = document(Item(runs("a"), number=1), Item(runs("b"), number=1))
    assert to_markdown(content) == "1. a\n\n<!-- -->\n\n1. b\n"
    assert PARSER.render(to_markdown(content)).count("<ol>") == to_html(content).count("<ol>") == 2


def test_footnotes_have_marks_and_texts():
    content = document(
        Paragraph((Text("값"), Mark(1), Text("과 "), Math("x<y"))),
        footnotes=((1, runs("출처 a*b")),),
    )
    assert to_markdown(content) == "값[^1]과 $x<y$\n\n[^1]: 출처 a\\*b\n"
    html = to_html(content)
    assert '<p>값<sup>1</sup>과 <span class="math">\\(x&lt;y\\)</span></p>' in html
    assert '<section class="footnotes">\n<p><sup>1</sup> 출처 a*b</p>' in html
    assert json.loads(to_json(content))["footnotes"] == [{"number": 1, "text": "출처 a*b"}]


def test_blocks_beside_each_other_are_read_from_left_to_right():
    left, right = (Paragraph(runs("왼쪽")),), (Paragraph(runs("오른쪽")), Heading(2, runs("끝")))
    content = document(Beside((left, right), (1, 1)))
    assert to_markdown(content) == "왼쪽\n\n오른쪽\n\n## 끝\n"


def test_what_offices_need_is_text():
    picture = Picture(b"x", "png", 4, 3)
    content = document(
        Figure(picture, runs("그림 1"), alt="배"),
        Signature(
            "신청인", "김가온", "(인)", Stamp((Text("김가"), Break(), Text("온인")), "round")
        ),
    )
    assert to_html(content) == (
        '<figure><img alt="배"><figcaption>그림 1</figcaption></figure>\n'
        '<p class="signature">신청인 김가온 (인)</p>\n<p class="stamp">김가<br>온인</p>\n'
    )


def test_running_heads_and_page_numbers_are_in_html_and_json_only():
    content = document(Paragraph(runs("글")), header="머리", footer="발", numbers="- 3 -")
    assert to_html(content) == "<header>머리</header>\n<p>글</p>\n<footer>발<br>- 3 -</footer>\n"
    assert json.loads(to_json(content))["numbers"] == "- 3 -"
    assert to_markdown(content) == "글\n"
