from __future__ import annotations

import random

import pytest

from pipelines.readers import RawImage
from pipelines.readers.ocr import is_simple, ocr_draft, reading_order, text_shape
from pipelines.readers.shapes import Shape

IMAGE = RawImage(b"", "png", 1000, 1000)


def row(top, *lefts, height=20, width=50):
    return [(x, top, x + width, top + height) for x in lefts]


def order(boxes):
    return [[boxes[k] for k in line] for line in reading_order(boxes)]


@pytest.mark.parametrize("seed", range(5))
def test_lines_are_read_from_top_to_bottom_and_left_to_right(seed):
    lines = [row(0, 0, 60, 200), row(25, 10, 90), row(300, 0)]
    shuffled = [box for line in lines for box in line]
    random.Random(seed).shuffle(shuffled)
    assert order(shuffled) == lines


def test_a_sloping_line_is_one_line():
    lines = [
        [(x, x * 0.15 + top, x + 40, x * 0.15 + top + 20) for x in range(0, 400, 50)]
        for top in (0, 30)
    ]
    assert order(lines[1] + lines[0]) == lines


def test_a_word_as_high_as_two_lines_does_not_join_them():
    stamp = (100, 0, 150, 45)
    upper, lower = row(0, 0, 200, 300), row(25, 0, 200, 300)
    found = order([*lower, stamp, *upper])
    assert [[b for b in line if b != stamp] for line in found] == [upper, lower]


def test_small_marks_stay_on_their_line():
    quote = (55, 2, 60, 8)
    assert order([*row(0, 0, 70), quote]) == [[(0, 0, 50, 20), quote, (70, 0, 120, 20)]]


def test_no_boxes_have_no_lines():
    assert reading_order([]) == []


def test_the_text_is_of_the_coarsest_level_and_of_what_is_legible():
    words = [
        Shape("world", (60, 0, 100, 20)),
        Shape("hello", (0, 0, 50, 20)),
        Shape("", (0, 30, 9, 40)),
    ]
    chars = [Shape("h", (0, 0, 9, 20))]
    draft = ocr_draft(IMAGE, {"char": chars, "word": words}, "n", "ko")
    assert [p.text for p in draft.parts] == [None, "hello world"]
    assert [r["level"] for r in draft.regions.to_pylist()] == ["word"] * 3 + ["char"]
    assert (draft.bucket, draft.lang, draft.url) == ("ocr", "ko", "n")


@pytest.mark.parametrize(
    ("level", "text"), [("line", "가나\n다\n라"), ("word", "가나 다\n라"), ("char", "가나다\n라")]
)
def test_levels_are_joined_by_what_stands_between_them(level, text):
    shapes = [
        Shape("가나", (0, 0, 40, 20)),
        Shape("다", (50, 0, 70, 20)),
        Shape("라", (0, 30, 20, 50)),
    ]
    assert ocr_draft(IMAGE, {level: shapes}, "n", None).parts[1].text == text


def test_a_picture_without_legible_text_has_no_text():
    draft = ocr_draft(IMAGE, {"word": [text_shape(None, (0, 0, 9, 9))]}, "n", None)
    assert [p.type for p in draft.parts] == ["image"]
    assert draft.regions.to_pylist()[0]["flags"] == ["illegible"]


def test_a_text_whose_place_is_not_in_the_picture_is_not_said():
    draft = ocr_draft(IMAGE, {"word": [Shape("x", (2000, 0, 2009, 9))]}, "n", None)
    assert (len(draft.parts), draft.lacks[0].reason) == (1, "box_outside_image")


@pytest.mark.parametrize(
    ("points", "polygon"),
    [
        ((0, 0, 10, 0, 10, 5, 0, 5), ()),
        ((0, 0, 0, 5, 10, 0, 10, 5), ()),  # column by column
        ((0, 0, 10, 1, 10, 6, 0, 5), (0, 0, 10, 1, 10, 6, 0, 5)),
        ((0, 0, 0, 5, 10, 1, 10, 6), ()),  # crosses itself
    ],
)
def test_a_polygon_is_kept_where_it_says_more_than_its_box(points, polygon):
    assert text_shape("t", points).polygon == polygon
    assert text_shape("t", points).box[:3] == (0, 0, 10)


def test_polygons_that_cross_themselves_are_told():
    assert is_simple((0, 0, 4, 2, 8, 0, 8, 4, 4, 6, 0, 4))
    assert not is_simple((0, 0, 8, 0, 8, 4, 4, -2, 0, 4))
