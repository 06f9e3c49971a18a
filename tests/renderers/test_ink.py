from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderers import Layout, tighten
from renderers.ink import MIN_DIFFERENCE
from renderers.layout import Measured, layout_of
from tests.renderers.pages import page


def inked(browser, body, css="", **changes):
    drawing = browser.draw(page(body, css, **changes))
    return tighten(drawing.layout, drawing.pixels), drawing.pixels


def ink_within(pixels, box, paper=(255, 255, 255)):
    x1, y1, x2, y2 = (int(e) for e in box)
    part = pixels[y1:y2, x1:x2].astype(int)
    return (np.abs(part - paper) > MIN_DIFFERENCE).any(axis=2)


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_every_box_ends_where_its_ink_does(browser, scale):
    body = "<p data-block=paragraph>다음 글을 읽고, Find the sum: x = 3·7 – “y”.</p>"
    result, pixels = inked(browser, body, scale=scale)
    assert result.inked.all()
    for box in result.layout.char.boxes:
        ink = ink_within(pixels, box)
        assert ink[0].any() and ink[-1].any() and ink[:, 0].any() and ink[:, -1].any()


def test_levels_are_still_the_unions_of_those_below(browser):
    result, _ = inked(browser, "<p data-block=paragraph>가나 다라<br>gap <b>Fe</b></p>")
    layout = result.layout
    for below, above in (("char", "word"), ("word", "line"), ("line", "block")):
        part, whole = layout.level(below), layout.level(above)
        for k, box in enumerate(whole.boxes):
            mine = part.boxes[part.parent == k]
            assert box.tolist() == [*mine[:, :2].min(axis=0), *mine[:, 2:].max(axis=0)]


def test_the_neighbouring_lines_ink_stays_outside(browser):
    """Set solid, the boxes of lines overlap by a third, and descenders come in from above."""
    css = "p { line-height: 1 }"
    result, _ = inked(browser, "<p data-block=paragraph>gjpqy<br>acenx<br>gjpqy</p>", css)
    middle = result.layout.word.boxes[1]
    alone, _ = inked(browser, "<p data-block=paragraph>acenx</p>", css)
    expected = alone.layout.word.boxes[0]
    assert (middle[2:] - middle[:2]).tolist() == (expected[2:] - expected[:2]).tolist()


def test_a_rule_close_to_text_stays_outside(browser):
    body = '<span style="border:1px solid #000;padding:0 8px;line-height:1">acenx</span>'
    result, _ = inked(browser, body)
    alone, _ = inked(browser, "acenx")
    size = np.diff(result.layout.word.boxes.reshape(-1, 2, 2), axis=1)
    assert size.tolist() == np.diff(alone.layout.word.boxes.reshape(-1, 2, 2), axis=1).tolist()


def test_a_formula_has_its_root_and_its_bar(browser):
    result, pixels = inked(browser, r'<span data-tex="\sqrt{\frac{a}{b}}" data-display></span>')
    x1, y1, x2, y2 = result.layout.formulas.boxes[0]
    ys, xs = np.nonzero((np.abs(pixels.astype(int) - 255) > MIN_DIFFERENCE).any(axis=2))
    assert [x1, y1, x2, y2] == [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]


def test_a_box_with_nothing_in_it_is_told(browser):
    css = (
        "b { position: absolute; left: 10px; top: 0; width: 30px; height: 60px; background: #fff }"
    )
    result, _ = inked(browser, "<p data-block=paragraph>가나 다라<b></b></p>", css)
    gone = [c for c, has in zip(result.layout.char.labels, result.inked, strict=True) if not has]
    assert gone[0] == "가"
    assert "라" not in gone


def test_text_on_a_gradient_keeps_its_boxes(browser):
    css = "p { background: linear-gradient(#fff, #ccc) }"
    drawing = browser.draw(page("<p data-block=paragraph>가나</p>", css))
    result = tighten(drawing.layout, drawing.pixels)
    assert (result.layout.char.boxes == drawing.layout.char.boxes).all()
    assert result.inked.all()


def test_light_text_on_dark_is_ink_too(browser):
    result, pixels = inked(browser, "<p>가나</p>", "p { background: #123; color: #fec }")
    for box in result.layout.char.boxes:
        ink = ink_within(pixels, box, (17, 34, 51))
        assert ink[0].any() and ink[-1].any() and ink[:, 0].any() and ink[:, -1].any()


def _layout(boxes: np.ndarray, width: int, height: int) -> Layout:
    """One block of one line of words of one character each."""
    count = len(boxes)
    measured = Measured(
        chars=["가"] * count,
        boxes=(boxes * 64).astype(int).ravel().tolist(),
        spaces=list(range(count)),
        runs=[(0, 0, 0, -1, -1)],
        styles=[("x", 10.0, 400, False, [0, 0, 0], [255, 255, 255])],
        blocks=[("text", 0.0, -1, [0, 0, width * 64, height * 64])],
    )
    return layout_of(measured, width, height, 1.0)


@given(st.integers(0, 2**32 - 1))
def test_boxes_are_those_of_a_plain_search(seed):
    random = np.random.default_rng(seed)
    width, height = 60, 40
    pixels = np.full((height, width, 3), 255, np.uint8)
    ink = random.random((height, width)) < random.choice([0.002, 0.02, 0.3])
    pixels[ink] = random.integers(0, 255 - MIN_DIFFERENCE, 3)
    corner = random.integers(0, [width - 12, height - 12], (5, 2))
    boxes = np.hstack([corner, corner + random.integers(4, 12, (5, 2))]).astype(float)
    result = tighten(_layout(boxes, width, height), pixels)
    for before, after, has in zip(boxes, result.layout.char.boxes, result.inked, strict=True):
        plain = _plain(ink, before.astype(int))
        assert has == (plain is not None)
        assert after.tolist() == (plain or before.tolist())


def _plain(ink, box):
    """Rows and columns one by one: the module's rules as they are told."""
    x1, y1, x2, y2 = box.tolist()
    rows = [ink[y, x1:x2] for y in range(y1, y2)]
    margin = int((y2 - y1) / 3)
    above = _outside(rows, margin)
    below = _outside(rows[::-1], margin)
    own = range(above, len(rows) - below)
    inky = [k for k in own if rows[k].any()]
    if not inky:
        return None
    columns = np.any([rows[k] for k in range(inky[0], inky[-1] + 1)], axis=0).nonzero()[0]
    return [x1 + columns[0], y1 + inky[0], x1 + columns[-1] + 1, y1 + inky[-1] + 1]


def _outside(rows, margin):
    skip = 0
    if rows[0].any():
        skip = next((k for k in range(margin) if not rows[k].any()), 0)
    return max([skip, *(k + 1 for k in range(margin) if rows[k].all())])
