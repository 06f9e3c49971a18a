from __future__ import annotations

import base64
import json
import random
import time
from urllib.parse import quote

import pytest
from PIL import Image

from pipelines.readers import Draft, Failure, LeftOut
from tests.pipelines.readers.reading import huge_png, png, read


def read_html(root, body, head=""):
    (root / "p.html").write_text(f"<!doctype html><html lang=ko><head>{head}</head><body>{body}")
    return read(root, "p.html", "html")


def test_a_page_is_read_in_reading_order(tmp_path):
    (tmp_path / "a.png").write_bytes(png())
    (tmp_path / "b.png").write_bytes(png(colour="blue"))
    body = """<nav><a href=x>Home</a> <a href=y>Products</a></nav><main><h1>Title</h1>
      <p>First <b>paragraph</b> with <span class="menuitem">Tools - Options</span> in it.</p>
      <figure><img src="a.png" alt=" A red  field "><figcaption>Figure 1: red.</figcaption></figure>
      <ol><li>first</li><li>second</li></ol>
      <table><tr><th>x</th><th>y</th></tr><tr><td>1</td><td>2|3</td></tr></table>
      <pre>for i in x:\n    print(i)</pre><p><img src="b.png"></p><p>The end.</p></main>"""
    (draft,) = read_html(tmp_path, body)
    assert [p.type for p in draft.parts] == ["text", "image", "text", "image", "text"]
    first, middle, last = (p.text for p in draft.parts if p.text)
    assert first == "# Title\n\nFirst paragraph with Tools - Options in it."
    assert middle == (
        "Figure 1: red.\n\n1. first\n2. second\n\n"
        "| x | y |\n| --- | --- |\n| 1 | 2\\|3 |\n\n```\nfor i in x:\n    print(i)\n```"
    )
    assert last == "The end."
    assert [i.alt for i in draft.images] == ["A red field", None]
    assert draft.images[0].data == png()
    assert (draft.lang, draft.bucket, draft.url) == ("ko", "interleaved", "p.html")


def test_real_pages_keep_their_figures_and_lose_their_menus(samples):
    root = samples / "scikit-learn"
    items = read(root, "modules/svm.html", "html")
    draft = next(i for i in items if isinstance(i, Draft))
    text = "\n".join(p.text for p in draft.parts if p.text)
    assert len(draft.images) == 4
    assert text.index("Support Vector Machines") < text.index("1.4.1. Classification")
    assert "Please cite us" not in text
    assert ">>> clf.fit(X, y)" in text
    assert "are:\n\n- Effective in high dimensional spaces.\n- Still effective" in text


def test_one_of_several_hidden_variants_is_shown(samples, tmp_path):
    root = samples / "libreoffice-help"
    (draft,) = [
        d
        for d in read(root, "en-US/text/scalc/guide/rename_table.html", "html")
        if isinstance(d, Draft)
    ]
    text = " ".join(p.text for p in draft.parts if p.text)
    assert "hold down the Alt key and click" in text
    body = "<p>Press <span>the <i>big</i> key<span hidden>, a secret</span></span> and wait a while.</p>"
    (draft,) = read_html(tmp_path, body)
    assert draft.parts[0].text == "Press the big key and wait a while."


def test_a_base_address_is_honoured(samples):
    root = samples / "libreoffice-help"
    items = read(root, "en-US/text/schart/01/smooth_line_properties.html", "html")
    items += read(root, "ko/text/scalc/01/04060107.html", "html")
    found = [i for item in items if isinstance(item, Draft) for i in item.images]
    assert found or any(isinstance(i, LeftOut) for i in items)
    assert not [i for i in items if isinstance(i, Failure)]


@pytest.mark.parametrize(
    ("src", "reason"),
    [
        ("gone.png", "image_missing"),
        ("../outside.png", "image_missing"),
        ("../../../../etc/passwd", "image_missing"),
        ("link.png", "image_path_outside_source"),
        ("cut.png", "image_broken"),
        ("text.png", "image_unknown_format"),
        ("huge.png", "image_too_many_pixels"),
        ("", "image_without_src"),
        ("http://[bad/x.png", "image_bad_address"),
        ("folder", "image_unreadable"),
        ("data:image/png;base64,AA", "image_unknown_format"),
        ("data:image/png;base64,A", "image_bad_base64"),
        ("data:image/png", "image_bad_data_uri"),
    ],
)
def test_a_bad_image_costs_the_image_and_not_the_page(tmp_path, src, reason):
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (tmp_path / "outside.png").write_bytes(png())
    (root / "link.png").symlink_to(tmp_path / "outside.png")
    noise = Image.frombytes("RGB", (99, 99), random.Random(0).randbytes(99 * 99 * 3))
    noise.save(root / "whole.png")
    (root / "cut.png").write_bytes((root / "whole.png").read_bytes()[:9000])
    (root / "text.png").write_text("not a picture")
    (root / "huge.png").write_bytes(huge_png())
    failure, draft = read_html(root, f'<p>Some text.</p><img src="{src}"><p>More text.</p>')
    assert isinstance(failure, Failure)
    assert (failure.reason, failure.lost, failure.path) == (reason, "image", "p.html")
    assert isinstance(draft, Draft)
    assert not draft.images


@pytest.mark.parametrize(
    ("src", "reason"),
    [
        ("https://a.example/x.png", "remote"),
        ("i.svg", "svg"),
        ("data:image/svg+xml;utf8,%3Csvg/%3E", "svg"),
    ],
)
def test_images_that_are_not_inputs_are_counted(tmp_path, src, reason):
    left_out, _ = read_html(tmp_path, f'<p>Some text.</p><img src="{src}">')
    assert left_out == LeftOut("images", reason)


def test_images_inside_the_page_are_decoded(tmp_path):
    packed = base64.b64encode(png()).decode()
    quoted = quote(packed[:40] + "\n  " + packed[40:].rstrip("="))
    whole = quote(png())
    body = f"""<p>Three pictures:</p><img src="data:image/png;base64,{packed}">
      <img src="DATA:;base64,{quoted}"><img src="data:image/png,{whole}">"""
    (draft,) = read_html(tmp_path, body)
    assert [image.data for image in draft.images] == [png()] * 3


@pytest.mark.parametrize("excess", [1, 100_000])
def test_an_image_inside_the_page_has_the_limit_of_others(tmp_path, excess):
    packed = base64.b64encode(b"x" * (1000 + excess)).decode()
    (tmp_path / "p.html").write_text(
        f'<html><p>A picture:</p><img src="data:image/png;base64,{packed}">'
    )
    failure, draft = read(tmp_path, "p.html", "html", max_image_bytes=1000)
    assert (failure.reason, failure.lost) == ("image_too_large", "image")
    assert isinstance(draft, Draft)


@pytest.mark.parametrize(
    "attributes",
    [
        'data-src="a.png"',
        'src="" data-original="a.png"',
        'src="data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==" data-src="a.png"',
        'srcset="small.png 320w, a.png 1280w, middle.png 640w"',
        'srcset="small.png, a.png 2x"',
        'src="data:image/svg+xml,%3Csvg/%3E" data-srcset="a.png"',
        'src="a.png" srcset="large.png 2x"',
        'src="blank.gif" data-src="a.png"',
        'src="blank.gif" data-srcset="small.png 320w, a.png 640w"',
    ],
)
def test_an_image_that_is_loaded_late_is_found(tmp_path, attributes):
    (tmp_path / "a.png").write_bytes(png())
    (draft,) = read_html(tmp_path, f"<p>Some text.</p><img {attributes}>")
    assert draft.images[0].data == png()


@pytest.mark.parametrize(
    "picture",
    [
        '<source srcset="a.png 800w, small.png 400w"><img>',
        '<source data-srcset="a.png"><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">',
        '<source srcset="new.avif"><source srcset="a.png"><img src="">',
        '<source srcset="large.png"><img src="a.png">',
    ],
)
def test_a_picture_gives_its_sources_where_its_image_has_none(tmp_path, picture):
    (tmp_path / "a.png").write_bytes(png())
    (draft,) = read_html(tmp_path, f"<p>Some text.</p><picture>{picture}</picture>")
    assert draft.images[0].data == png()


@pytest.mark.parametrize(
    "figure",
    [
        "<img src=a.png><figcaption>The <b>first</b>, red.</figcaption>",
        "<figcaption>The first, red.</figcaption><a href=x><img src=a.png></a>",
        "<div><a href=x><picture><img src=a.png></picture></a></div><figcaption><p>The first,\n red.</p></figcaption>",
    ],
)
def test_a_caption_follows_its_image_and_is_tied_to_it(tmp_path, figure):
    (tmp_path / "a.png").write_bytes(png())
    body = f"<p>Before <img src=gone.png>.</p><figure class=wide>{figure}</figure><p>After.</p>"
    _, draft = read_html(tmp_path, body)
    assert [p.type for p in draft.parts] == ["text", "image", "text"]
    assert draft.parts[0].text == "Before ."
    assert draft.parts[2].text == "The first, red.\n\nAfter."
    assert json.loads(draft.targets["captions"]) == {"0": "The first, red."}


def test_a_caption_of_several_images_is_tied_to_none(tmp_path):
    (tmp_path / "a.png").write_bytes(png())
    figure = "<figure><img src=a.png><img src=a.png><figcaption>Left, right.</figcaption></figure>"
    (draft,) = read_html(tmp_path, f"<p>Before.</p>{figure}<p>After.</p>")
    assert [p.type for p in draft.parts] == ["text", "image", "image", "text"]
    assert draft.parts[3].text == "Left, right.\n\nAfter."
    assert not draft.targets


def test_a_listing_in_a_figure_is_text(tmp_path):
    (draft,) = read_html(
        tmp_path,
        "<p>Before.</p><figure><pre>x = 1</pre><figcaption>Listing 1</figcaption></figure>",
    )
    assert draft.parts[0].text == "Before.\n\n```\nx = 1\n```\n\nListing 1"


def test_lists_of_prose_are_content_and_lists_of_links_are_not(tmp_path):
    body = """<p>Some text.</p>
      <ul><li>colon :</li><li>slash<ul><li>forward /</li></ul></li></ul>
      <ul><li>By <a href=x>Ada Lovelace</a> in 1843</li><li>plain words</li></ul>
      <ol><li>one</li><li>two</li></ol>
      <ul><li><a href=x>Home page</a></li><li><a href=y>Products</a>,</li></ul>"""
    (draft,) = read_html(tmp_path, body)
    assert draft.parts[0].text == (
        "Some text.\n\n- colon :\n- slash\n  - forward /\n"
        "- By Ada Lovelace in 1843\n- plain words\n1. one\n2. two"
    )


def test_short_lists_of_real_pages_are_kept(samples):
    root = samples / "libreoffice-help"
    draft = read(root, "en-US/text/scalc/guide/rename_table.html", "html")[-1]
    text = "\n".join(p.text for p in draft.parts if p.text)
    assert "- back slash \\\n- forward slash /\n- question mark ?\n" in text
    assert "such as ʼ ‛ and ‚." in text


def test_a_page_of_links_is_kept_where_it_is_the_content(samples):
    text = read(samples / "scikit-learn", "related_projects.html", "html")[-1].parts[0].text
    assert "# Related Projects" in text
    assert "Serialization of many Scikit-learn pipelines" in text


def test_a_syllable_alone_in_its_element_is_kept(tmp_path):
    body = "<p>이 <b>책</b>은</p><p>수</p><ul><li>가</li><li>나</li></ul><p>끝 <span hidden>숨</span>.</p>"
    (draft,) = read_html(tmp_path, f"<p>First.</p>{body}")
    assert draft.parts[0].text == "First.\n\n이 책은\n\n수\n\n- 가\n- 나\n\n끝 ."


def test_what_an_inline_element_hides_stays_hidden(tmp_path):
    body = "<p>Read <span class=menuitem>Tools</span> <span style='display: none'>secret <i>s</i></span>and <b>go</b>.</p>"
    (draft,) = read_html(tmp_path, body)
    assert draft.parts[0].text == "Read Tools and go."


def test_tables_are_kept_as_structure(tmp_path):
    (tmp_path / "a.png").write_bytes(png())
    body = """<nav><table><tr><td>menu</td><td>x</td></tr><tr><td>y</td><td>z</td></tr></table></nav>
      <p>Before.</p>
      <table><caption>Costs of <i>it</i></caption>
        <thead><tr><td>a</td><th colspan=2>b|c</th></tr></thead>
        <tr><th rowspan=0>1</th><td>2 &lt; <img src=a.png></td><td rowspan=9>\\</td></tr>
        <tr><td colspan=x><span class="math">\\(|x|\\)</span></td></tr></table>
      <p>After.</p>"""
    (draft,) = read_html(tmp_path, body)
    assert json.loads(draft.targets["tables"]) == [
        {
            "caption": "Costs of it",
            "rows": [
                [
                    {"text": "a", "header": True},
                    {"text": "b|c", "header": True, "colspan": 2},
                ],
                [
                    {"text": "1", "header": True, "rowspan": 2},
                    {"text": "2 <"},
                    {"text": "\\", "rowspan": 2},
                ],
                [{"text": "$|x|$"}],
            ],
        }
    ]
    assert [p.type for p in draft.parts] == ["text", "image", "text"]
    assert draft.parts[0].text == (
        "Before.\n\nCosts of it\n\n| a | b\\|c |  |\n| --- | --- | --- |\n| 1 | 2 < | \\ |\n|  | $|x|$ |  |"
    )


def test_layout_tables_have_no_structure(tmp_path):
    body = "<table><tr><td><p>Left column</p><ul><li>x</li></ul></td><td>right</td></tr><tr><td>a</td></tr></table>"
    (draft,) = read_html(tmp_path, f"<p>Some text.</p>{body}")
    assert "Left column" in draft.parts[0].text
    assert not draft.targets


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty_page"),
        (b"  \n", "empty_page"),
        (b"<html><body></body></html>", "empty_page"),
        (b"plain words without a tag", "not_html"),
        (png(), "not_html"),
        (b"<p>caf\xe9 in latin-1 but it says nothing</p>", "bad_encoding"),
        (b"<div>" * 5000 + b"deep", "nested_too_deep"),
        (b"<p>x</p>" * 30_000, "file_too_large"),
    ],
)
def test_a_bad_page_has_its_reason(tmp_path, data, reason):
    (tmp_path / "p.html").write_bytes(data)
    (failure,) = read(tmp_path, "p.html", "html", max_file_bytes=200_000)
    assert (failure.reason, failure.lost) == (reason, "row")
    assert failure.head == data[:64]


def test_a_deep_page_is_refused_in_no_time(tmp_path):
    (tmp_path / "p.html").write_bytes(b"<div>" * 400_000)
    started = time.process_time()
    (failure,) = read(tmp_path, "p.html", "html")
    assert failure.reason == "nested_too_deep"
    assert time.process_time() - started < 5


def test_many_unclosed_paragraphs_are_not_deep(tmp_path):
    (draft,) = read_html(tmp_path, "<main>" + "<p>A paragraph of some words.<br>\n" * 3000)
    assert isinstance(draft, Draft)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "euc-kr", "utf-16"])
def test_declared_encodings_are_read(tmp_path, encoding):
    name = "utf-8" if encoding == "utf-8-sig" else encoding
    page = (
        f'<html><head><meta charset="{name}"></head><body><p>한국어 문서입니다.</p></body></html>'
    )
    (tmp_path / "p.html").write_bytes(page.encode(encoding))
    (draft,) = read(tmp_path, "p.html", "html")
    assert draft.parts[0].text == "한국어 문서입니다."


def test_marks_of_ours_in_a_page_are_removed(tmp_path):
    (draft,) = read_html(tmp_path, "<p>A \ue0005\ue002 B \ue0019\ue002 C.</p>")
    assert draft.parts[0].text == "A 5 B 9 C."


@pytest.mark.parametrize(
    "furniture",
    [
        "<aside>Other</aside>",
        "<div role=navigation>Other</div>",
        "<div class='page-sidebar wide'>Other</div>",
        "<div id=SearchFrame>Other</div>",
        '<ul class="breadcrumbs"><li>Other</li></ul>',
        "<footer>Other</footer>",
        "<div style='display:none'>Other</div>",
    ],
)
@pytest.mark.parametrize(
    "page", ["{0}<p>A text.</p>", "<div class=has-sidebar>{0}<p>A text.</p></div>"]
)
def test_furniture_is_known_by_landmark_or_name(tmp_path, furniture, page):
    (draft,) = read_html(tmp_path, page.format(furniture))
    assert [p.text for p in draft.parts] == ["A text."]


def test_what_a_page_calls_its_main_element_is_all_of_its_content(tmp_path):
    body = """<header><h1>Site</h1></header><div>Banner</div>
      <main><header><h1>Title</h1></header><aside>A note.</aside><p>Text.</p></main><p>More.</p>"""
    (draft,) = read_html(tmp_path, body)
    assert draft.parts[0].text == "# Title\n\nA note.\n\nText."


@pytest.mark.parametrize("tag", ['figure\n  class="wp-block-image"', "FIGURE", "Figure\t"])
def test_a_figure_however_written_loses_nothing(tmp_path, tag):
    (tmp_path / "p.png").write_bytes(png())
    body = f'<p>Before.</p><{tag}><img src="p.png"></figure><h2>Second section</h2>P P P'
    (draft,) = read_html(tmp_path, body)
    assert [p.text for p in draft.parts] == ["Before.", None, "## Second section\n\nP P P"]


@pytest.mark.parametrize(
    "page",
    [
        "<nav><a href=x><img src=a.png></a></nav><p>Text.</p>",
        "<header><img src=a.png></header><main><p>Text.</p></main>",
        "<img src=a.png><main><p>Text.</p></main>",
        "<main><p>Text.</p><figure hidden><img src=a.png></figure></main>",
        "<div class=banner><img src=a.png></div><p>Text.</p>",
    ],
)
def test_an_image_beside_the_content_is_counted(tmp_path, page):
    left_out, draft = read_html(tmp_path, page)
    assert left_out == LeftOut("images", "not_content")
    assert [p.text for p in draft.parts] == ["Text."]


def test_an_image_in_a_caption_is_kept(tmp_path):
    (tmp_path / "a.png").write_bytes(png())
    figure = "<figure><img src=a.png><figcaption>Key: <img src=a.png> red</figcaption></figure>"
    (draft,) = read_html(tmp_path, f"<p>Before.</p>{figure}")
    assert [p.text for p in draft.parts] == ["Before.", None, "Key:", None, "red"]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("10<sup>6</sup> bytes", "10⁶ bytes"),
        ("5 x 10<SUP>-3</SUP> m", "5 x 10⁻³ m"),
        ("x<sup>n+1</sup>, x<sup>k</sup>", "xⁿ⁺¹, x^{k}"),
        ("H<sub>2</sub>O, a<sub> i </sub>", "H₂O, a_{i}"),
        ("2<sup>2<sup>3</sup></sup>", "2^{2³}"),
        ("x<sub>i<sup>2</sup></sub>, x<sup>i<sub>2</sub></sup>", "x_{i²}, x^{i₂}"),
        ("a<sup></sup> b", "a b"),
        ("Name<sup>®</sup>", "Name®"),
        ("as said<sup><a href=x>[1]</a></sup>", "as said[1]"),
        ('e<sup><span class="math">\\(k\\)</span></sup>', "e^{$k$}"),
        (
            f"<sup>an element that is not closed {'x' * 50}",
            f"an element that is not closed {'x' * 50}",
        ),
    ],
)
def test_raised_and_lowered_signs_are_written_out(tmp_path, written, text):
    (draft,) = read_html(tmp_path, f"<p>{written}</p>")
    assert draft.parts[0].text == text


def test_raised_signs_in_cells_and_captions_are_written_out(tmp_path):
    (tmp_path / "a.png").write_bytes(png())
    body = """<p>Text.</p><table><tr><th>m<sup>2</sup></th><th>n</th></tr><tr><td>1</td><td>2</td></tr></table>
      <figure><img src=a.png><figcaption>CO<sub>2</sub></figcaption></figure>"""
    (draft,) = read_html(tmp_path, body)
    assert json.loads(draft.targets["tables"])[0]["rows"][0][0]["text"] == "m²"
    assert json.loads(draft.targets["captions"]) == {"0": "CO₂"}


@pytest.mark.parametrize(
    ("items", "numbers"),
    [
        ("<ol start=5><li>x</li><li>x</li></ol>", "5. 6."),
        ("<ol><li>x</li><li value=7>x</li><li>x</li></ol>", "1. 7. 8."),
        ("<ol reversed><li>x</li><li>x</li></ol>", "2. 1."),
        ("<ol reversed start='0'><li><p>x</p></li><li><p>x</p></li></ol>", "0. -1."),
        ("<ol start=one><li>x</li></ol>", "1."),
        ("<ul><li value=3>x</li></ul>", "-"),
    ],
)
def test_lists_are_numbered_as_they_say(tmp_path, items, numbers):
    (draft,) = read_html(tmp_path, f"<p>Text.</p>{items}")
    lines = draft.parts[0].text.split("\n\n", 1)[1].split("\n")
    assert lines == [f"{number} x" for number in numbers.split()]


def test_lines_and_blocks_of_a_cell_or_caption_are_words_apart(tmp_path):
    (tmp_path / "a.png").write_bytes(png())
    body = """<p>Text.</p><table><caption>One<br>two</caption><tr><td>9<br>3</td><td>a<b>b</b></td></tr>
      <tr><td><p>Seoul</p><p>Busan</p></td><td>c</td></tr></table>
      <figure><img src=a.png><figcaption>First line<br>second <p>third</p></figcaption></figure>"""
    (draft,) = read_html(tmp_path, body)
    (table,) = json.loads(draft.targets["tables"])
    assert table["caption"] == "One two"
    assert [[cell["text"] for cell in row] for row in table["rows"]] == [
        ["9 3", "ab"],
        ["Seoul Busan", "c"],
    ]
    assert json.loads(draft.targets["captions"]) == {"0": "First line second third"}


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        (
            "<tr><th>Year<th>Quarter<th>Sales<tr><td rowspan=2>2020<td>Q1<td>5<tr><td>Q2<td>7",
            ["| Year | Quarter | Sales |", "| 2020 | Q1 | 5 |", "|  | Q2 | 7 |"],
        ),
        (
            "<tr><th colspan=2>A<th>B<tr><td>1<td>2<td>3<tr><td colspan=99>all",
            ["| A |  | B |", "| 1 | 2 | 3 |", "| all |  |  |"],
        ),
        (
            "<thead><tr><th rowspan=2>A<th>B</thead><tr><td>1<td>2",
            ["| A | B |", "| 1 | 2 |"],
        ),
    ],
)
def test_cells_stand_in_their_columns(tmp_path, rows, lines):
    (draft,) = read_html(tmp_path, f"<p>Text.</p><table>{rows}</table>")
    table = draft.parts[0].text.split("\n\n")[1].split("\n")
    assert [table[0], *table[2:]] == lines


def test_a_table_of_more_columns_than_html_knows_is_layout(tmp_path):
    (draft,) = read_html(tmp_path, f"<p>Text.</p><table>{'<tr><td colspan=999>a<td>b<td>c' * 2}")
    assert not draft.targets
    assert "c" in draft.parts[0].text


@pytest.mark.parametrize(
    "name", ['"nav\n   navbar-light"', '"nav\r\n  x"', "'nav \"x'", '"nav \\"', '"a&amp;b nav"']
)
def test_names_of_furniture_may_hold_any_character(tmp_path, name):
    (draft,) = read_html(tmp_path, f"<div class={name}>Other</div><p>A text.</p>")
    assert [p.text for p in draft.parts] == ["A text."]


@pytest.mark.parametrize(
    "form",
    [
        "<form id=aspnetForm>{0}<textarea>t</textarea><select><option>s</select></form>",
        "<form><div><main>{0}</main></div></form>",
        "<div>{0}</div><form>Search this <input><button>Go</button></form>",
        "<main>{0}<form>Your name</form></main>",
        "<p></p><form><article>{0}</article></form>",
    ],
)
def test_a_form_is_dropped_where_it_does_not_hold_the_content(tmp_path, form):
    text = "A text that is longer than the form."
    (draft,) = read_html(tmp_path, form.format(f"<p>{text}</p>"))
    assert [p.text for p in draft.parts] == [text]


@pytest.mark.parametrize(
    "body",
    [
        "<svg>" + '<rect x="1"/>' * 1001 + "</svg>",
        f"<script>{'if(a<b){a<c}' * 501}</script>",
        f"<!--{'<div>' * 1001}-->",
        f"<style>{'<b>' * 1001}</style>",
    ],
    ids=["svg", "script", "comment", "style"],
)
def test_flat_pages_are_not_deep(tmp_path, body):
    (draft,) = read_html(tmp_path, f"<p>A text.</p>{body}")
    assert draft.parts[0].text == "A text."


@pytest.mark.parametrize(
    "before", ["<!-->", "<!--->", "<!-- --!>", "<script></script>", "<svg></svg>"]
)
@pytest.mark.parametrize("tag", ["<div>", "<div/>", '<div title="<">', "<g"])
def test_a_deep_page_cannot_hide_it(tmp_path, before, tag):
    started = time.process_time()
    (tmp_path / "p.html").write_text(f"{before}{tag * 50_000}")
    (failure,) = read(tmp_path, "p.html", "html")
    assert failure.reason == "nested_too_deep"
    assert time.process_time() - started < 5


@pytest.mark.parametrize("opened", ["<script>", "<!--", "<style "])
def test_what_is_opened_often_and_never_closed_is_read_in_no_time(tmp_path, opened):
    (tmp_path / "p.html").write_text(f"<p>Text.</p>{opened * 100_000}")
    started = time.process_time()
    read(tmp_path, "p.html", "html")
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("shift_jis", "cp932", "①㈱髙"),
        ("euc-kr", "cp949", "똠방각하"),
        ("gb2312", "gb18030", "镕 㐀"),
        ("big5", "big5hkscs", "喺度"),
        ("iso-8859-1", "cp1252", "“€”"),
        ("tis-620", "cp874", "“ไทย”"),
    ],
)
def test_an_encoding_is_what_its_label_means_on_the_web(tmp_path, label, codec, text):
    page = f"<html><meta charset={label}><p>{text}</p>"
    (tmp_path / "p.html").write_bytes(page.encode(codec))
    (draft,) = read(tmp_path, "p.html", "html")
    assert draft.parts[0].text == text


def test_a_sentence_goes_on_after_an_image_that_is_not_there(tmp_path):
    (tmp_path / "a.png").write_bytes(png())
    body = """<p>Click the <img src="i.svg"> button, <img src="j.svg"><img src="k.svg"> twice.</p>
      <img src="l.svg"><p>Then wait.</p><img src="a.png"><p>The end.</p>"""
    *_, draft = read_html(tmp_path, body)
    texts = [p.text for p in draft.parts]
    assert texts == ["Click the button, twice.\n\nThen wait.", None, "The end."]
