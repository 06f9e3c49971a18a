from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from records import denormalise, valid
from renderers import Refused, missing_glyphs, render_problem
from renderers.browser import DEADLINE, Browser

KOREAN = (
    "1부터 100까지의 자연수 중에서 3의 배수의 개수를 구하시오.\n\n(1) 가장 큰 수는?\n(2) 그 합은?"
)
ENGLISH = "Find the greatest common divisor of 780 and 461. Show each step of your work."
JAPANESE = "次の二つの数の最大公約数を求めなさい。780、461。"


def render(browser, problem, lang="en", key="k", **changes):
    return render_problem(browser, problem, lang, **{"scale": 2, "seed": 0, "key": key, **changes})


def pixels(sheet):
    return np.asarray(Image.open(io.BytesIO(sheet.image)).convert("L"), dtype=np.int16)


@pytest.mark.parametrize(("lang", "problem"), [("ko", KOREAN), ("en", ENGLISH), ("ja", JAPANESE)])
@pytest.mark.parametrize("key", ["a", "b", "c", "d"])
def test_every_box_has_ink_and_lies_on_the_picture(browser, lang, problem, key):
    sheet = render(browser, problem, lang, key)
    assert valid(sheet.boxes).all()
    picture = pixels(sheet)
    assert picture.shape == (sheet.height, sheet.width)
    for word, box in zip(
        sheet.words, denormalise(sheet.boxes, sheet.width, sheet.height), strict=True
    ):
        x1, y1, x2, y2 = box.round().astype(int)
        inside = picture[y1:y2, x1:x2]
        assert np.ptp(inside) > 60, f"no ink in the box of {word!r}"


@pytest.mark.parametrize("key", ["a", "b", "c", "d"])
def test_there_is_no_ink_outside_the_boxes(browser, key):
    """A shifted box would leave part of its word outside. Rules and badges are not text."""
    sheet = render(browser, KOREAN, "ko", key)
    picture = pixels(sheet).copy()
    paper = int(np.median(picture))
    for x1, y1, x2, y2 in denormalise(sheet.boxes, sheet.width, sheet.height):
        picture[int(y1) - 2 : int(y2) + 3, int(x1) - 4 : int(x2) + 5] = paper
    text_area = picture[int(sheet.height * 0.3) :, int(sheet.width * 0.13) :]
    assert (np.abs(text_area - paper) > 60).sum() == 0


def test_the_words_are_the_problem_in_reading_order(browser):
    sheet = render(browser, KOREAN, "ko")
    assert " ".join(sheet.words).endswith(" ".join(KOREAN.split()))
    assert "".join(render(browser, JAPANESE, "ja").words).endswith(JAPANESE)


def test_a_word_broken_across_lines_has_a_box_on_each(browser):
    word = "x" * 150
    sheet = render(browser, f"Read {word} aloud.")
    pieces = [w for w in sheet.words if set(w) == {"x"}]
    assert len(pieces) > 1
    assert "".join(pieces) == word


def test_the_same_problem_gives_the_same_bytes_in_any_order_and_browser(browser):
    first = render(browser, ENGLISH)
    render(browser, KOREAN, "ko")
    again = render(browser, ENGLISH)
    other = Browser()
    try:
        fresh = render(other, ENGLISH)
    finally:
        other.close()
    assert first.image == again.image == fresh.image
    assert (first.boxes == fresh.boxes).all()


def test_styles_differ_by_key(browser):
    assert len({render(browser, ENGLISH, key=k).style for k in "abcdefgh"}) == 3


def test_scale_changes_pixels_and_not_boxes(browser):
    small, large = (render(browser, ENGLISH, scale=s) for s in (1, 2))
    assert large.width == 2 * small.width == 1600
    # Fonts are as high as whole pixels of the picture.
    assert np.abs(small.boxes - large.boxes).max() <= 3


def test_markup_in_a_problem_is_text(browser):
    problem = (
        "Is <script>document.body.remove()</script> or <img src=x onerror=alert(1)> &amp; safe?"
    )
    assert " ".join(render(browser, problem).words).endswith(problem)


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        ("", "no_text"),
        ("x" * 6001, "too_long"),
        ("Count the 😀 and the ꙮ.", "missing_glyph"),
        ("line\n" * 200, "too_tall"),
    ],
)
def test_what_cannot_be_drawn_truly_is_refused(browser, problem, reason):
    with pytest.raises(Refused) as refused:
        render(browser, problem)
    assert refused.value.reason == reason


def test_glyphs_are_looked_up_in_the_font():
    assert missing_glyphs("가힣 abc ½ ×\n", "Noto Sans CJK KR") == ""
    assert missing_glyphs("a😀b😀", "NanumGothic") == "😀"


def test_the_fonts_have_all_hangul():
    syllables = "".join(map(chr, range(0xAC00, 0xD7A4)))
    for family in ("Noto Serif CJK KR", "Noto Sans CJK KR", "NanumGothic"):
        assert missing_glyphs(syllables, family) == ""


def test_deadlines_are_seconds():
    assert 1 < DEADLINE < 120
