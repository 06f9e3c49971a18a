"""What people write, by accident or on purpose, costs a reason and never the browser."""

from __future__ import annotations

import html
import time
from itertools import pairwise

import pytest

from renderers import Browser, Refused
from renderers.browser import DEADLINE, MAX_TEXT
from tests.renderers.pages import page


@pytest.fixture(scope="module")
def kept():
    """One browser that must outlive everything in this file."""
    browser = Browser()
    browser.draw(page("first"))
    first = browser.processes()[0]
    yield browser
    assert browser.draw(page("last")).layout.word.labels == ["last"]
    assert browser.processes()[0] == first
    assert browser.blocked == 0
    browser.close()


def refused(browser, body, **changes):
    begun = time.monotonic()
    with pytest.raises(Refused) as caught:
        browser.draw(page(body, **changes))
    assert time.monotonic() - begun < DEADLINE / 2
    return caught.value.reason


def tex(source):
    return f'<span data-tex="{html.escape(source)}"></span>'


@pytest.mark.parametrize(
    "text",
    [
        "<script>document.body.remove()</script>",
        "</p></body></html><iframe src=http://localhost/>",
        "<img src=x onerror=alert(1)> &amp; &#x41; ${1+1} {{7*7}}",
        "`'\"; vlmforgeShow = 0 //",
        "]]> --> <!-- \\u003cb\\u003e",
        "\u2028 line \u2029 separators",
    ],
)
def test_markup_in_text_is_text(kept, text):
    layout = kept.draw(page(f"<p data-block=paragraph>{html.escape(text)}</p>")).layout
    assert "".join(layout.word.labels) == "".join(text.split())


def test_a_problem_of_a_megabyte_is_too_long(kept):
    assert refused(kept, "<p>" + "긴 문제 " * 250_000 + "</p>") == "too_long"
    assert refused(kept, "x" * (MAX_TEXT + 1)) == "too_long"


def test_a_table_of_ten_thousand_columns_is_drawn_or_refused_in_time(kept):
    row = "".join(f"<td data-block=cell>{k}</td>" for k in range(10_000))
    assert refused(kept, f"<table>{'<tr>' + row + '</tr>'}</table>") == "too_long"
    row = "<td data-block=cell></td>" * 10_000
    drawing = kept.draw(page(f"<table data-block=table><tr>{row}</tr></table>"))
    assert drawing.layout.content_width > drawing.layout.width
    assert refused(kept, f"<table>{('<tr>' + row + '</tr>') * 10}</table>") == "too_long"


def test_deep_nesting_is_drawn_or_refused_in_time(kept):
    assert kept.draw(page("<div>" * 20_000 + "깊은")).layout.char.labels == ["깊", "은"]
    assert refused(kept, "<b>" * 40_000 + "깊은") == "too_long"


@pytest.mark.parametrize(
    "source",
    [
        r"\def\a{\a\a}\a",
        r"\def\a{x\b}\def\b{y\a}\a",
        r"\newcommand{\a}{\a}\a",
        r"\frac{1}{",
        r"\unknowncommand{x}",
        r"\href{javascript:alert(1)}{x}",
        r"\includegraphics{http://localhost/x.png}",
        r"\htmlStyle{position:fixed}{x}",
        "{" * 400 + "}" * 399,
        "x" * 3000,
        "\\left(" * 200,
        r"\ce{H2O",
    ],
)
def test_bad_tex_is_refused(kept, source):
    assert refused(kept, tex(source)) == "tex_error"


@pytest.mark.parametrize("source", [r"\rule{900000em}{900000em}", r"\kern 99999em x"])
def test_sizes_in_tex_are_bounded(kept, source):
    layout = kept.draw(page(tex(source), height=300)).layout
    assert layout.content_width < 3000


def test_doubling_macros_end_in_time(kept):
    bomb = "".join(rf"\def\{b}{{\{a}\{a}}}" for a, b in pairwise("abcdefghijklmn"))
    assert refused(kept, tex(r"\def\a{x}" + bomb + r"\n")) == "tex_error"


def test_many_formulas_that_each_take_long_end_in_time(kept):
    slow = r"\def\a#1{#1#1}" + r"\frac{\sqrt{x}}{y}" * 100
    begun = time.monotonic()
    kept.draw(page(tex(slow) * 5, height=1000))
    assert time.monotonic() - begun < DEADLINE / 2


def test_a_macro_of_one_formula_is_not_known_to_the_next(kept):
    assert refused(kept, tex(r"\gdef\mine{x} \mine") + tex(r"\mine")) == "tex_error"


def test_what_is_not_unicode_is_refused(kept):
    assert refused(kept, "a\ud800b") == "not_unicode"
    # In a formula, where no parser of HTML stands before.
    assert refused(kept, tex("a\udfffb")) == "not_unicode"


@pytest.mark.parametrize("text", ["שלום עולם", "مرحبا", "👩‍👩‍👧 🏳️‍🌈", "a\u0378b", "\x00\x07"])
def test_scripts_that_are_refused_later_are_still_measured(kept, text):
    assert kept.draw(page(f"<p>{text} 끝</p>")).layout.word.labels[-1] == "끝"


@pytest.mark.parametrize(
    ("width", "height", "scale"), [(100_000, 10, 1.0), (4000, 4000, 3.0), (0, 10, 1.0)]
)
def test_pictures_that_are_too_large_are_refused(kept, width, height, scale):
    assert refused(kept, "x", width=width, height=height, scale=scale) == "too_large"


def test_content_that_is_too_high_is_refused(kept):
    assert refused(kept, "<div style='height:99999px'>x</div>") == "too_large"


def test_a_picture_that_is_none_is_refused(kept):
    assert refused(kept, '<img src="data:image/png;base64,AAAA">') == "broken_image"
