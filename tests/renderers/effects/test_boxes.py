"""Boxes through warps, against plain clipping of polygons."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from renderers.effects import move_boxes
from renderers.effects.boxes import clipped_hulls, visible_share
from renderers.effects.geometry import Bend

WIDTH, HEIGHT = 100.0, 60.0


def clip_plainly(polygon, width, height):
    """Sutherland and Hodgman (1974): the polygon's part in the picture."""
    for axis, sign, limit in ((0, 1, 0.0), (0, -1, -width), (1, 1, 0.0), (1, -1, -height)):
        clipped = []
        for a, b in zip(polygon, polygon[1:] + polygon[:1], strict=True):
            in_a, in_b = sign * a[axis] >= limit, sign * b[axis] >= limit
            if in_a:
                clipped.append(a)
            if in_a != in_b:
                t = (sign * limit - a[axis]) / (b[axis] - a[axis])
                clipped.append(tuple(p + t * (q - p) for p, q in zip(a, b, strict=True)))
        polygon = clipped
    return polygon


def area(polygon):
    following = polygon[1:] + polygon[:1]
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(polygon, following, strict=True))) / 2


@st.composite
def convex_polygons(draw):
    """Points of an ellipse, in order."""
    x, y = draw(st.floats(-60, 160)), draw(st.floats(-60, 120))
    a, b = draw(st.floats(1, 120)), draw(st.floats(1, 120))
    turn = draw(st.floats(0, 7))
    steps = draw(st.lists(st.floats(0.3, 1), min_size=5, max_size=5))
    angles = np.cumsum(steps) * 2 * math.pi / sum(steps)
    points = np.stack([a * np.cos(angles), b * np.sin(angles)], axis=1)
    rotate = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return points @ rotate.T + [x, y]


@given(st.lists(convex_polygons(), min_size=1, max_size=4))
def test_convex_polygons_are_clipped_as_sutherland_and_hodgman_do(polygons):
    shares = visible_share(np.array(polygons), WIDTH, HEIGHT)
    hulls = clipped_hulls(np.array(polygons), WIDTH, HEIGHT)
    for polygon, share, hull in zip(polygons, shares, hulls, strict=True):
        corners = [tuple(p) for p in polygon]
        clipped = clip_plainly(corners, WIDTH, HEIGHT)
        inside = area(clipped) if clipped else 0.0
        assert abs(share - inside / area(corners)) < 1e-9
        if inside > 1e-6:
            expected = [*np.min(clipped, axis=0), *np.max(clipped, axis=0)]
            assert np.abs(hull - expected).max() < 1e-6


@given(st.lists(st.tuples(st.floats(-80, 180), st.floats(-80, 140)), min_size=6, max_size=6))
def test_the_area_of_stars_is_right_too(points):
    middle = np.mean(points, axis=0)
    around = sorted(points, key=lambda p: math.atan2(p[1] - middle[1], p[0] - middle[0]))
    whole = area(around)
    if whole > 1:
        clipped = clip_plainly(around, WIDTH, HEIGHT)
        share = visible_share(np.array([around]), WIDTH, HEIGHT)[0]
        assert abs(share - (area(clipped) if clipped else 0) / whole) < 1e-9


def test_what_does_not_move_stays_as_it_is():
    boxes = [[10, 10, 30, 20], [0, 0, 100, 60]]
    moved = move_boxes(boxes, lambda points: points, WIDTH, HEIGHT)
    assert moved.boxes.tolist() == boxes
    assert moved.visible.tolist() == [1, 1]
    assert moved.quads[0].tolist() == [[10, 10], [30, 10], [30, 20], [10, 20]]


def test_boxes_are_cut_at_the_pictures_edge():
    boxes = [[10, 10, 30, 20], [80, 10, 90, 20]]
    moved = move_boxes(boxes, lambda points: points - [20, 0], WIDTH, HEIGHT)
    assert moved.visible.tolist() == [0.5, 1]
    assert moved.boxes[0].tolist() == [0, 10, 10, 20]
    assert moved.quads[0][0].tolist() == [-10, 10]


def test_a_box_outside_the_picture_is_nothing():
    moved = move_boxes([[10, 10, 30, 20]], lambda points: points + 500, WIDTH, HEIGHT)
    assert moved.visible.tolist() == [0]
    assert moved.boxes.tolist() == [[0, 0, 0, 0]]


def test_no_boxes_are_no_boxes():
    moved = move_boxes(np.zeros((0, 4)), lambda points: points, WIDTH, HEIGHT)
    assert moved.boxes.shape == (0, 4) and moved.quads.shape == (0, 4, 2)
    assert moved.visible.shape == (0,)


def test_a_bent_lines_box_holds_its_belly():
    bend = Bend(1600, 2000, 0.5, -0.5, 0.8)
    (box,) = move_boxes([[100, 500, 1500, 530]], bend.forward, 1600, 2000).boxes
    along = np.linspace(100, 1500, 5000)
    for y in (500, 530):
        seen = bend.forward(np.stack([along, np.full(5000, y)], axis=1))
        assert seen[:, 1].min() > box[1] - 0.5 and seen[:, 1].max() < box[3] + 0.5
    assert box[3] - box[1] > 60
