from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import GRID, area, clip, denormalise, iou, normalise, valid

SIDES = st.integers(1, 50_000)


@st.composite
def grid_boxes(draw):
    x1, y1 = draw(st.integers(0, GRID - 1)), draw(st.integers(0, GRID - 1))
    return [x1, y1, draw(st.integers(x1 + 1, GRID)), draw(st.integers(y1 + 1, GRID))]


@given(st.lists(grid_boxes(), max_size=5), SIDES, SIDES)
def test_grid_boxes_survive_the_way_to_pixels_and_back(boxes, width, height):
    back = normalise(denormalise(boxes, width, height), width, height)
    assert back.tolist() == boxes


@given(st.data(), SIDES, SIDES)
def test_an_edge_moves_by_at_most_half_a_step_unless_the_box_was_thinner(data, width, height):
    x1 = data.draw(st.floats(0, width * 0.9))
    y1 = data.draw(st.floats(0, height * 0.9))
    x2 = data.draw(st.floats(x1 + width * 0.001, width))
    y2 = data.draw(st.floats(y1 + height * 0.001, height))
    back = denormalise(normalise([[x1, y1, x2, y2]], width, height), width, height)[0]
    sides = np.array([width, height, width, height])
    assert (np.abs(back - [x1, y1, x2, y2]) <= sides / 2000 * (1 + 1e-9) + 1e-9).all()


@given(st.floats(0, 999), st.floats(0.001, 0.4))
def test_a_thin_box_keeps_an_area(x, thickness):
    box = normalise([[x, 0, x + thickness, 1000]], 1000, 1000)
    assert valid(box).all()


def test_halves_are_rounded_upward():
    assert normalise([[0.5, 1.5, 10.5, 11.5]], 1000, 1000).tolist() == [[1, 2, 11, 12]]


def test_a_thin_box_at_the_border_is_widened_inward():
    assert normalise([[999.9, 0, 1000, 10]], 1000, 1000).tolist() == [[999, 0, 1000, 10]]


def test_edges_outside_are_clipped():
    assert normalise([[-5, -5, 50, 120]], 100, 100).tolist() == [[0, 0, 500, 1000]]


@pytest.mark.parametrize(
    ("box", "size", "why"),
    [
        ([[100, 0, 120, 10]], (100, 100), "outside"),
        ([[-9, 0, 0, 10]], (100, 100), "outside"),
        ([[5, 5, 4, 10]], (100, 100), "has no area"),
        ([[5, 5, 5, 10]], (100, 100), "has no area"),
        ([[0, 0, float("nan"), 1]], (100, 100), "finite"),
        ([[0, 0, 1, 1]], (0, 100), "no area"),
        ([[0, 0, 1]], (10, 10), "shape"),
    ],
)
def test_untrue_boxes_are_refused(box, size, why):
    with pytest.raises(ValueError, match=why):
        normalise(box, *size)


def test_no_boxes_are_fine():
    assert normalise([], 10, 10).shape == (0, 4)
    assert valid([]).shape == (0,)


def test_valid_wants_order_and_range():
    boxes = [[0, 0, 1000, 1000], [0, 0, 1001, 5], [-1, 0, 5, 5], [5, 0, 5, 5], [6, 0, 5, 5]]
    assert valid(boxes).tolist() == [True, False, False, False, False]


def test_clip_cuts_to_the_picture():
    assert clip([[-5, 2, 20, 99]], 10, 50).tolist() == [[0, 2, 10, 50]]


@given(
    st.lists(grid_boxes(), min_size=1, max_size=4), st.lists(grid_boxes(), min_size=1, max_size=4)
)
def test_iou_equals_counting_cells(first, second):
    # Shrunk to a grid of 50 so that cells can be counted one by one.
    a = [[v // 20 for v in b] for b in first]
    b = [[v // 20 for v in b] for b in second]
    found = iou(a, b)
    for i, one in enumerate(a):
        for j, two in enumerate(b):
            cells = [set(_cells(box)) for box in (one, two)]
            union = len(cells[0] | cells[1])
            expected = len(cells[0] & cells[1]) / union if union else 0.0
            assert found[i, j] == pytest.approx(expected)


def _cells(box):
    return ((x, y) for x in range(box[0], box[2]) for y in range(box[1], box[3]))


def test_area_of_a_box_inside_out_is_zero():
    assert area([[0, 0, 2, 3], [5, 5, 1, 9]]).tolist() == [6, 0]
