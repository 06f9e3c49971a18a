"""Where things move, pixels and points alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import generator
from renderers.effects.geometry import (
    MAX_SIDE,
    Bend,
    Chain,
    photograph,
    rescale,
    rotate,
    rotation,
    view,
)
from tests.renderers.effects.pages import blank, dot_middle, dots

WIDTH, HEIGHT = 640, 800
CAMERA = {
    "yaw": 14.0, "pitch": -18.0, "roll": 4.0, "distance": 1.5, "margin": 0.03,
    "shift": [0.01, -0.01],
}  # fmt: skip
BENT = {"start": 0.5, "end": -0.4, "tilt": 0.8, "axis": "x"}
SLIGHTLY_BENT = {**BENT, "start": 0.15, "end": -0.1}
BORDER = [255, 255, 255]
MOVES = {
    "a small turn": (rotate, {"degrees": 2.3, "border": BORDER}),
    "a large turn": (rotate, {"degrees": -37.0, "border": BORDER, "expand": True}),
    "a bent scan": (rotate, {"degrees": 1.0, "border": BORDER, "bend": SLIGHTLY_BENT}),
    "a photo": (photograph, {"camera": CAMERA, "surface": "white"}),
    "a larger photo": (photograph, {"camera": {**CAMERA, "zoom": 1.3}, "surface": "white"}),
    "a bent photo": (photograph, {"camera": CAMERA, "surface": "white", "bend": BENT}),
    "a photo bent down": (
        photograph, {"camera": CAMERA, "surface": "oak", "bend": {**BENT, "axis": "y"}}
    ),
    "smaller": (rescale, {"factor": 0.61}),
    "larger": (rescale, {"factor": 1.7}),
}  # fmt: skip


@pytest.mark.parametrize("move", MOVES)
def test_dots_are_where_their_points_went(move):
    effect, parameters = MOVES[move]
    x, y = np.meshgrid(np.linspace(40.3, WIDTH - 40.8, 7), np.linspace(40.1, HEIGHT - 40.6, 9))
    points = np.stack([x.ravel(), y.ravel()], axis=1)
    pixels, moved = effect(dots(WIDTH, HEIGHT, points), points, generator(1), **parameters)
    found = np.array([dot_middle(pixels, point) for point in moved])
    assert np.abs(found - moved).max() < 0.35
    assert np.abs(moved - points).max() > 2


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_quarter_turn_keeps_every_pixel(quarters):
    pixels = np.random.default_rng(1).integers(0, 256, (40, 70, 3), dtype=np.uint8)
    corner = np.array([[70.0, 0.0]])
    turned, point = rotate(
        pixels, corner, generator(1), degrees=90.0 * quarters, border=[9, 9, 9], expand=True
    )
    assert np.array_equal(turned, np.rot90(pixels, -quarters))
    assert point.tolist() == {1: [[40, 70]], 2: [[0, 40]], 3: [[0, 0]]}[quarters]


def test_the_edge_of_a_sheet_has_no_steps():
    # Along a slightly turned edge, each row's darkness grows by a share of a pixel.
    camera = {**CAMERA, "yaw": 0.0, "pitch": 0.0, "roll": 1.0, "margin": 0.1}
    pixels, _ = photograph(
        blank(WIDTH, HEIGHT), np.zeros((0, 2)), generator(3), camera=camera, surface="black"
    )
    rows = pixels[200:600, : WIDTH // 2].mean(axis=2)
    edge = (255 - rows).sum(axis=1) / 220
    assert np.abs(np.diff(edge)).max() < 0.3


slopes = st.floats(-0.6, 0.6)
angles = st.floats(-25, 25)


@given(slopes, slopes, st.floats(0, 1), st.sampled_from(["x", "y"]), angles, angles, angles)
def test_a_view_leads_back_to_the_page(start, end, tilt, axis, yaw, pitch, roll):
    bend = Bend(WIDTH, HEIGHT, start, end, tilt, axis)
    camera = {**CAMERA, "yaw": yaw, "pitch": pitch, "roll": roll}
    warp, width, height = view(WIDTH, HEIGHT, bend=bend, **camera)
    points = np.random.default_rng(2).uniform(0, [WIDTH, HEIGHT], (50, 2))
    seen = warp.forward(points)
    assert np.abs(warp.backward(seen) - points).max() < 1e-6
    assert (seen > 0).all() and (seen < [width, height]).all()


def test_bent_paper_is_not_stretched():
    bend = Bend(1000, 500, 0.5, -0.3, 0.7)
    along = np.linspace(0, 1000, 200)
    seen = bend.forward(np.stack([along, np.zeros(200)], axis=1))
    x, z = seen[:, 0], -seen[:, 1] / 0.7
    steps = np.hypot(np.diff(x), np.diff(z))
    assert steps.std() < 1e-2 * steps.mean()
    assert np.ptp(np.diff(x)) > 0.05 * steps.mean()


def test_outside_a_bent_page_stays_outside():
    warp = Chain((Bend(WIDTH, HEIGHT, 0.5, 0.5, 1.0), rotation(WIDTH, HEIGHT, 3, expand=False)[0]))
    outside = warp.backward(warp.forward(np.array([[-30.0, 400.0], [WIDTH + 30.0, 400.0]])))
    assert outside[0, 0] < -1 and outside[1, 0] > WIDTH + 1


def test_a_page_seen_beyond_its_horizon_is_an_error():
    with pytest.raises(ValueError, match="no camera"):
        view(WIDTH, HEIGHT, **{**CAMERA, "yaw": 75.0})


def test_what_opencv_cannot_warp_is_an_error():
    with pytest.raises(ValueError, match="cannot be warped"):
        rotate(blank(1, MAX_SIDE + 1), np.zeros((0, 2)), generator(1), degrees=1, border=BORDER)
