"""Which words can still be read."""

from __future__ import annotations

import numpy as np
import pytest

from renderers.effects import (
    Recipe,
    Step,
    apply_recipe,
    faint_words,
    legible_after,
    moved_boxes,
    outlines,
)
from tests.renderers.effects.pages import blank, page

SIZE = 24


def after(pixels, boxes, *steps):
    recipe = Recipe("test", tuple(Step(name, 1, given) for name, given in steps))
    changed, points = apply_recipe(recipe, pixels, outlines(boxes))
    return changed, moved_boxes(points, changed.shape[1], changed.shape[0])


@pytest.mark.parametrize(
    ("step", "legible"),
    [
        (("blur", {"sigma": 0.05 * SIZE}), True),
        (("blur", {"sigma": 0.16 * SIZE}), False),
        (("light", {"exposure": 0.4}), True),
        (("light", {"exposure": 0.02}), False),
        (("noise", {"read": 15.0, "shot": 0.0}), True),
        (("rescale", {"factor": 0.6}), True),
        (("rescale", {"factor": 0.15}), False),
        (("rotate", {"degrees": 3.0, "border": [255, 255, 255]}), True),
    ],
)
def test_words_are_faint_when_their_strokes_are_gone(step, legible):
    pixels, _, boxes = page(size=SIZE)
    changed, moved = after(pixels, boxes, step)
    refused = legible_after(pixels, changed, boxes, moved)
    assert (refused is None) == legible
    if refused:
        assert refused.reason == "too_faint"
        assert refused.detail.endswith(f" of {len(boxes)} words")
        assert int(refused.detail.split()[0]) > 0.9 * len(boxes)


def test_noise_does_not_pass_for_ink():
    pixels, _, boxes = page()
    _, moved = after(pixels, boxes)
    without = blank(*pixels.shape[1::-1], 128)
    noise, _ = after(without, boxes, ("noise", {"read": 20.0, "shot": 0.0}))
    assert faint_words(pixels, noise, boxes, moved).mean() > 0.95


def test_pale_words_lost_in_a_fax_are_told_by_name():
    pixels, _, boxes = page()
    pale = pixels.copy()
    x1, y1, x2, y2 = boxes[5].astype(int)
    pale[y1:y2, x1:x2] = 255 - (255 - pale[y1:y2, x1:x2]) // 3
    sent = {"threshold": 150, "ragged": 5.0, "specks": 0.0, "drops": 0}
    changed, moved = after(pale, boxes, ("fax", sent))
    assert np.flatnonzero(faint_words(pale, changed, boxes, moved)).tolist() == [5]
    assert legible_after(pale, changed, boxes, moved) is None, "one word of many is only flagged"


def test_words_outside_the_picture_are_not_faint():
    pixels, _, boxes = page()
    away = moved_boxes(outlines(boxes) + 5000, *pixels.shape[1::-1])
    assert not faint_words(pixels, pixels, boxes, away).any()


def test_a_page_without_words_is_not_refused():
    nothing = np.zeros((0, 4))
    pixels = blank(50, 50)
    assert legible_after(pixels, pixels, nothing, moved_boxes(outlines(nothing), 50, 50)) is None
