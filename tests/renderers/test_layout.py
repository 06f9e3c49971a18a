from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from renderers import BLOCKS, LEVELS
from tests.renderers.pages import page


def labels(browser, body, level="word", **changes):
    return browser.draw(page(body, **changes)).layout.level(level).labels


def test_words_stand_between_white_space(browser):
    body = "<p data-block=paragraph>다음 <b>글</b>을\n읽고,  <i>the</i>\u00a0sum</p>"
    assert labels(browser, body) == ["다음", "글을", "읽고,", "the", "sum"]


def test_japanese_words_are_those_of_the_segmenter(browser):
    body = "<p data-block=paragraph>最大公約数を求めなさい。</p>"
    words = labels(browser, body, lang="ja")
    assert "".join(words) == "最大公約数を求めなさい。"
    assert "を" in words
    # And are written in one.
    assert labels(browser, body, "line", lang="ja") == ["最大公約数を求めなさい。"]


def test_characters_are_grapheme_clusters(browser):
    body = "<p data-block=paragraph>각e\u0301n\u0303</p>"
    assert labels(browser, body, "char") == ["각", "e\u0301", "n\u0303"]


def test_lines_are_what_a_reader_sees(browser):
    body = """<p data-block=paragraph style="font-size:16px">one <span style="font-size:34px">two
        </span>x<sup>2</sup><sub>1</sub> three <br>four <span data-tex="\\frac{1}{2}"></span>
        five</p>"""
    found = labels(browser, body, "line")
    assert found == ["one two x21 three", "four $\\frac{1}{2}$ five"]


def test_lines_set_solid_are_still_lines(browser):
    text = "가나다라마바사 " * 20
    body = f'<p data-block=paragraph style="line-height:1;word-break:keep-all">{text}</p>'
    layout = browser.draw(page(body)).layout
    tops = np.round(layout.line.boxes[:, 1])
    assert len(layout.line) > 4
    assert len(set(tops.tolist())) == len(layout.line)
    assert " ".join(layout.line.labels).split() == text.split()


def test_a_word_broken_across_lines_has_an_entry_on_each(browser):
    body = '<p data-block=paragraph style="overflow-wrap:anywhere">' + "x" * 80 + "</p>"
    layout = browser.draw(page(body)).layout
    assert len(layout.word) == len(layout.line) > 1
    assert "".join(layout.word.labels) == "x" * 80


def test_columns_of_one_paragraph_are_read_one_after_the_other(browser):
    body = f'<p data-block=paragraph style="columns:2">{" ".join(map(str, range(10, 60)))}</p>'
    layout = browser.draw(page(body)).layout
    assert layout.word.labels == [str(n) for n in range(10, 60)]
    lines = layout.line.boxes
    second = int(np.argmax(lines[:, 0] > 200))
    assert (lines[:second, 2] < 200).all()
    assert (lines[second:, 0] > 190).all()


def test_every_level_is_the_union_of_the_one_below(browser):
    body = """<h1 data-block=heading>제목</h1><p data-block=paragraph>긴 글이 여러 줄로 나뉘어 이어지는
        문단입니다. It goes on and on, so that it has lines.</p>"""
    layout = browser.draw(page(body)).layout
    for below, above in pairwise(LEVELS):
        part, whole = layout.level(below), layout.level(above)
        assert sorted(set(part.parent.tolist())) == list(range(len(whole)))
        for k, box in enumerate(whole.boxes):
            mine = part.boxes[part.parent == k]
            assert np.allclose(box, [*mine[:, :2].min(axis=0), *mine[:, 2:].max(axis=0)])


def test_reading_order_is_the_documents_unless_it_says_otherwise(browser):
    body = """<div data-order=2><p data-block=paragraph>셋</p><p data-block=paragraph>넷</p></div>
        <p data-block=paragraph>하나</p><p data-block=paragraph data-order=1>둘</p>"""
    layout = browser.draw(page(body)).layout
    assert layout.word.labels == layout.block.labels == ["하나", "둘", "셋", "넷"]
    assert (np.diff(layout.word.parent) > 0).all()


def test_blocks_nest_and_text_in_none_makes_its_own(browser):
    body = """<table data-block=table><tr><td data-block=cell>가 나</td><td data-block=cell>다</td>
        </tr></table><div>맨 글</div>"""
    block = browser.draw(page(body)).layout.block
    assert block.kinds == ["table", "cell", "cell", "text"]
    assert set(block.kinds) <= set(BLOCKS)
    assert block.labels == ["가 나\n다", "가 나", "다", "맨 글"]
    assert block.parent.tolist() == [-1, 0, 0, -1]
    table, cell = block.frames[0], block.frames[1]
    assert (table[:2] <= cell[:2]).all()
    assert (cell[2:] <= table[2:]).all()


def test_a_formula_is_one_piece_of_its_word(browser):
    body = '<p data-block=paragraph>값은 <span data-tex="\\sqrt{x^2}+\\text{거리}"></span>이다.</p>'
    layout = browser.draw(page(body)).layout
    assert layout.word.labels == ["값은", "$\\sqrt{x^2}+\\text{거리}$이다."]
    assert layout.formulas.tex == ["\\sqrt{x^2}+\\text{거리}"]
    glyphs = [c for c, f in zip(layout.char.labels, layout.char.formula, strict=True) if f == 0]
    assert sorted(glyphs) == sorted("x2+거리")
    box = layout.formulas.boxes[0]
    inside = layout.char.boxes[layout.char.formula == 0]
    assert (inside[:, :2] >= box[:2]).all()
    assert (inside[:, 2:] <= box[2:]).all()


def test_text_that_is_not_seen_is_told_and_not_labelled(browser):
    body = """<p data-block=paragraph>보임<span style="opacity:0">투명</span>
        <span style="visibility:hidden">숨김</span><span style="color:transparent">무색</span></p>
        <div style="height:20px;overflow:hidden;line-height:30px">첫 줄<br>둘째</div>
        <p style="position:absolute;left:500px">밖</p>"""
    layout = browser.draw(page(body, height=200)).layout
    assert layout.word.labels == ["보임", "첫", "줄"]
    assert {(h.text, h.reason) for h in layout.hidden} == {
        ("투명", "hidden"), ("숨김", "hidden"), ("무색", "transparent"),
        ("둘째", "clipped"), ("밖", "outside"),
    }  # fmt: skip


def test_nothing_is_drawn_that_is_not_measured(browser):
    """Markers, generated content, hyphens, ellipses and changed case would not be in the labels."""
    css = """p::before { content: '몰래' } .u.u { text-transform: uppercase !important }
        .u.u.u::after { content: '몰래' !important } li { list-style: '몰래' !important }"""
    marked = """<ul><li>하나</li></ul><p class=u>abc</p><p><q>따옴</q></p>
        <p style="width:60px;hyphens:auto" lang=en>extra\u00adordinary</p><input value=입력>"""
    plain = """<ul><li style="list-style:none">하나</li></ul><p>abc</p><p>따옴</p>
        <p style="width:60px">extraordinary</p>"""
    first, second = browser.draw(page(marked, css)), browser.draw(page(plain))
    assert (first.pixels == second.pixels).all()


def test_styles_tell_size_colour_and_what_is_behind(browser):
    body = """<p data-block=paragraph style="background:#fed"><b style="color:#a00">굵은</b>
        <i style="background:rgba(0,0,0,.5);font-size:12px">겹</i></p>
        <p style="background:linear-gradient(red,blue)">색</p>"""
    layout = browser.draw(page(body, scale=2.0)).layout
    bold, slanted, on_gradient = (layout.styles[k] for k in dict.fromkeys(layout.char.style))
    assert (bold.colour, bold.background, bold.weight) == ((170, 0, 0), (255, 238, 221), 700)
    assert bold.families == '"Noto Sans CJK KR"'
    assert (slanted.size, slanted.italic, slanted.background) == (24.0, True, (128, 119, 111))
    assert on_gradient.background is None


@pytest.mark.parametrize("scale", [1.0, 1.5, 3.0])
def test_boxes_are_in_pixels_of_the_picture(browser, scale):
    box = '<div style="position:absolute;left:100px;top:60px;width:40px">가</div>'
    drawing = browser.draw(page(box, scale=scale, height=200))
    assert drawing.pixels.shape == (200 * scale, 400 * scale, 3)
    assert np.abs(drawing.layout.char.boxes[0, 0] - 100 * scale) <= 1
    ys, xs = np.nonzero(drawing.pixels[:, :, 1] < 128)
    x1, y1, x2, y2 = drawing.layout.char.boxes[0]
    assert x1 <= xs.min() <= xs.max() < x2
    assert y1 <= ys.min() <= ys.max() < y2


def test_a_level_that_is_not_there_is_named(browser):
    with pytest.raises(ValueError, match="no level 'page'"):
        browser.draw(page("x")).layout.level("page")
