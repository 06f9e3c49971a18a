"""Recipes: repeatable, true to their points, within what text bears."""

from __future__ import annotations

import io
import subprocess

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from records import generator
from renderers.effects import (
    RECIPE_KINDS,
    Recipe,
    Step,
    apply_recipe,
    choose_recipe,
    legible_after,
    moved_boxes,
    outlines,
)
from renderers.effects.recipes import MAX_BLUR, MAX_MOTION, MIN_TEXT, MOVING, STILL
from tests.renderers.effects.pages import blank, page

NOWHERE = np.zeros((0, 2))
#: The most of a page's letters that Tesseract may get wrong at half strength.
MOST_WRONG = {"scan": 0.02, "photo": 0.05}


def chosen(kind, strength=0.5, key="", text_height=24.0):
    return choose_recipe(kind, strength, generator(7, kind, key), text_height=text_height)


def test_a_clean_picture_stays_as_it_is():
    pixels, _, boxes = page()
    after, points = apply_recipe(chosen("clean", 1.0), pixels, outlines(boxes))
    assert np.array_equal(after, pixels)
    assert np.array_equal(points, outlines(boxes))


@pytest.mark.parametrize("kind", RECIPE_KINDS)
def test_a_stored_recipe_gives_the_same_bytes(kind):
    pixels, _, boxes = page(500, 600)
    recipe = chosen(kind, 0.8)
    first, points = apply_recipe(recipe, pixels, outlines(boxes))
    apply_recipe(chosen("photo", 0.3, "another in between"), pixels, NOWHERE)
    again, same = apply_recipe(Recipe.from_json(recipe.as_json()), pixels, outlines(boxes))
    assert first.tobytes() == again.tobytes()
    assert points.tobytes() == same.tobytes()
    assert chosen(kind, 0.8) == recipe


def test_global_generators_are_left_alone_and_decide_nothing():
    pixels, _, _ = page(300, 300)
    outcomes = set()
    for seed in (1, 2):
        np.random.seed(seed)
        cv2.setRNGSeed(seed)
        before = np.random.get_state()[1].tobytes()
        outcomes.add(apply_recipe(chosen("copy", 1.0), pixels, NOWHERE)[0].tobytes())
        assert np.random.get_state()[1].tobytes() == before
    assert len(outcomes) == 1


def test_opencv_runs_in_one_thread():
    assert cv2.getNumThreads() == 1


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("kind", RECIPE_KINDS)
def test_words_are_in_their_boxes(kind, number):
    # The page less the same one without words, under the same recipe, is the words.
    pixels, _, boxes = page()
    recipe = chosen(kind, 0.9, str(number))
    steps = tuple(s for s in recipe.steps if s.effect != "show_through")  # it adds words
    recipe = Recipe(kind, steps)
    with_words, points = apply_recipe(recipe, pixels, outlines(boxes))
    without, _ = apply_recipe(recipe, blank(*pixels.shape[1::-1]), NOWHERE)
    height, width = with_words.shape[:2]
    moved = moved_boxes(points, width, height)
    ink = np.abs(with_words.astype(int) - without).max(axis=2) > 60
    held = np.zeros_like(ink)
    for x1, y1, x2, y2 in moved.boxes.round().astype(int):
        held[max(0, y1 - 1) : y2 + 1, max(0, x1 - 1) : x2 + 1] = True
        assert ink[y1:y2, x1:x2].mean() > 0.03
    assert moved.visible.min() > 0.99
    assert ink[~held].sum() <= 0.002 * ink.sum()
    assert held.mean() < 0.5


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (7, 5)])
@pytest.mark.parametrize("kind", RECIPE_KINDS)
def test_tiny_and_narrow_pictures_pass_through(kind, size):
    for number in range(4):
        pixels, points = apply_recipe(
            chosen(kind, 1.0, str(number)), blank(*size), np.array([[0.5, 0.5]])
        )
        assert pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.size
        assert np.isfinite(points).all()


@pytest.mark.parametrize("kind", RECIPE_KINDS)
def test_a_grey_picture_and_a_large_one_pass_through(kind):
    for pixels in (blank(200, 300, 128), blank(5000, 4000)):
        after, _ = apply_recipe(chosen(kind, 1.0), pixels, NOWHERE)
        assert min(after.shape[0] / pixels.shape[0], after.shape[1] / pixels.shape[1]) > 0.4


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((5, 5), np.uint8), np.zeros((5, 5, 4), np.uint8), np.zeros((5, 5, 3)),
     np.zeros((0, 5, 3), np.uint8)],
)  # fmt: skip
def test_what_is_no_picture_is_an_error(pixels):
    with pytest.raises(ValueError, match="pixels are uint8"):
        apply_recipe(chosen("scan"), pixels, NOWHERE)


def test_an_unknown_kind_strength_or_effect_is_an_error():
    with pytest.raises(ValueError, match=r"no kind 'polaroid'.*photo"):
        chosen("polaroid")
    with pytest.raises(ValueError, match=r"within 0\.\.1"):
        chosen("photo", 1.5)
    with pytest.raises(ValueError, match=r"no effect 'sepia'.*jpeg"):
        Recipe.from_json(Recipe("x", (Step("sepia", 1),)).as_json())


@given(st.sampled_from(RECIPE_KINDS), st.floats(0, 1), st.floats(8, 60), st.integers(0, 10**6))
def test_blur_and_scale_stay_within_what_the_text_bears(kind, strength, text, key):
    height = text
    for step in chosen(kind, strength, str(key), text).steps:
        given_ = step.parameters
        if step.effect == "rescale":
            height *= given_["factor"]
            assert height >= min(text, MIN_TEXT) - 0.01
        elif step.effect == "blur":
            assert given_["sigma"] <= MAX_BLUR * 1.3 * height
        elif step.effect == "motion":
            assert given_["length"] <= max(1.0, MAX_MOTION * 1.3 * height)


def test_every_effect_is_used_by_some_recipe():
    used = {
        step.effect
        for kind in RECIPE_KINDS
        for number in range(60)
        for step in chosen(kind, 1.0, str(number)).steps
    }
    assert used == {*MOVING, *STILL}


@pytest.mark.parametrize("kind", ["scan", "photo"])
def test_tesseract_still_reads_the_page(kind):
    pixels, words, boxes = page(900, 700, size=28)
    wrong = []
    for number in range(3):
        recipe = chosen(kind, 0.5, str(number), 28.0)
        after, points = apply_recipe(recipe, pixels, outlines(boxes))
        moved = moved_boxes(points, after.shape[1], after.shape[0])
        assert legible_after(pixels, after, boxes, moved) is None
        wrong.append(error_rate(" ".join(words), read(after)))
    assert np.median(wrong) <= MOST_WRONG[kind], wrong


def read(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    command = ["tesseract", "-", "-", "-l", "eng", "--psm", "6"]
    text = subprocess.run(command, input=file.getvalue(), capture_output=True, check=True).stdout
    return " ".join(text.decode().split())


def error_rate(truth, found):
    """Levenshtein's distance over the length of the truth."""
    row = list(range(len(found) + 1))
    for i, a in enumerate(truth, 1):
        left = [i]
        for j, b in enumerate(found, 1):
            left.append(min(row[j] + 1, left[-1] + 1, row[j - 1] + (a != b)))
        row = left
    return row[-1] / len(truth)
