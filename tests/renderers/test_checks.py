from __future__ import annotations

import pytest

from renderers import check_drawing, check_text, tighten
from renderers.checks import contrast_ratio
from tests.renderers.pages import page

#: The picture processor's budget: far above these small pages.
BUDGET = 1e7


def check(browser, body, css="", budget=BUDGET, **changes):
    drawing = browser.draw(page(body, css, **{"scale": 2.0, **changes}))
    return check_drawing(tighten(drawing.layout, drawing.pixels), drawing.pixels, budget)


def reason(browser, body, css="", budget=BUDGET, **changes):
    found = check(browser, body, css, budget, **changes)
    return found and found.reason


def test_a_good_page_has_no_reason_to_be_refused(browser):
    body = """<h1 data-block=heading>문제 1</h1><p data-block=paragraph>다음 <i>글</i>을 읽고
        <span data-tex="\\sum_{k=1}^{n} \\frac{a_k}{\\text{거리}}"></span>의 값을 구하시오.</p>
        <table data-block=table><tr><td data-block=cell style="border:1px solid">2</td></tr></table>
        <div data-block=figure><svg width=90 height=60><circle cx=30 cy=30 r=25 fill="#fc8" />
        <text x=20 y=36 font-size=16>점 P</text></svg></div>
        <footer data-block=page_number style="color:#777">- 3 -</footer>"""
    assert check(browser, body) is None


@pytest.mark.parametrize(
    ("body", "css", "wanted"),
    [
        ("<p style='white-space:nowrap'>" + "긴 글 " * 30 + "</p>", "", "cut_off"),
        ("<p style='height:20px;overflow:hidden'>한 줄<br>두 줄</p>", "", "cut_off"),
        ("<div style='width:700px;height:9px;background:#ccc'></div>글", "", "overflow"),
        ("글<span style='opacity:0'>몰래</span>", "", "hidden_text"),
        ("가 글자 😀", "", "missing_glyph"),
        ("글자", "body { font-family: serif }", "missing_glyph"),
        ("<p style='color:#bbb'>흐린 글</p>", "", "low_contrast"),
        ("<p>글</p>", "p { background: linear-gradient(#222, #111) }", "low_contrast"),
        ("하나<p style='margin-top:-24px'>둘</p>", "", "overlap"),
        (
            "글자<div data-block=figure style='position:absolute;left:10px;top:10px'>"
            "<svg width=90 height=60><rect width=90 height=60 fill='rgba(255,0,0,.2)' /></svg></div>",
            "",
            "overlap",
        ),
        (
            "가나다<div style='position:absolute;left:0;top:0;width:36px;height:60px;"
            "background:#fff'></div>",
            "",
            "without_ink",
        ),
        ("<p style='font-size:7px'>Hamburg</p>", "", None),
        ("<p style='font-size:4px'>Hamburg</p>", "", "too_small"),
        ("<p style='font-size:5px'>글</p>", "", "too_small"),
        ("<div style='height:90px'></div>", "", "blank"),
    ],
)
def test_each_fault_has_its_reason(browser, body, css, wanted):
    height = 200 if wanted in ("cut_off", "overlap") else None
    assert reason(browser, body, css, height=height) == wanted


def test_small_print_is_judged_after_the_processor_has_scaled_the_picture(browser):
    body = "<p style='font-size:12px'>작은 글씨 small print</p>"
    drawn = 400 * 2 * 300 * 2
    assert reason(browser, body, height=300, budget=drawn) is None
    assert reason(browser, body, height=300, budget=drawn / 8) == "too_small"


def test_exponents_may_be_smaller_than_their_line(browser):
    body = "<p style='font-size:9px'>Hamburg<sup style='font-size:5px'>2</sup> next</p>"
    assert reason(browser, body) is None
    assert reason(browser, "<p style='font-size:5px'>Hamburg</p>", scale=1.5) == "too_small"


def test_a_stamp_may_lie_over_text(browser):
    body = "<p>계약서 내용</p><div data-block={} style='margin-top:-24px'>확인</div>"
    assert reason(browser, body.format("stamp"), height=200) is None
    assert reason(browser, body.format("caption"), height=200) == "overlap"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("다음 글을 읽고, find\tx.\n", None),
        ("e\u0301 \u200b \u00ad", None),
        ("a\u0378b", "unassigned"),
        ("a\ue000b", "unassigned"),
        ("a\x07b", "control"),
        ("שלום", "right_to_left"),
        ("٣ مرحبا", "right_to_left"),
        ("a\u202eb", "right_to_left"),
    ],
)
def test_text_is_checked_before_it_is_drawn(text, wanted):
    found = check_text(text)
    assert (found and found.reason) == wanted
    if found:
        assert found.detail.startswith("U+")


def test_contrast_is_wcags():
    assert contrast_ratio(1.0, 0.0) == pytest.approx(21)
    assert contrast_ratio(0.3, 0.3) == 1
