from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from records import denormalise, valid
from renderers import LEVELS, RECIPE_KINDS, Page, take, tighten

PAGE = """<!doctype html><html><head><style>
body { margin: 60px; font: 26px/1.6 "Noto Sans CJK KR"; color: #111; background: #fff }
</style></head><body>
<p data-block="paragraph">Water boils when its vapour pressure reaches that of the air.</p>
<p data-block="paragraph">물은 증기압이 대기압과 같아지면 끓는다.</p>
<div data-block="figure" style="height:40px"></div>
</body></html>"""


@pytest.fixture(scope="module")
def drawn(browser):
    drawing = browser.draw(Page(PAGE, 900, None, 2.0, "ko"))
    return drawing.pixels, tighten(drawing.layout, drawing.pixels).layout


def taken(drawn, kind, key="k"):
    return take(*drawn, kinds={kind: 1.0}, seed=3, key=key)


def pixels(picture):
    return np.asarray(Image.open(io.BytesIO(picture.encoded.data)).convert("RGB"))


def test_a_clean_picture_is_the_page_itself(drawn):
    picture = taken(drawn, "clean")
    assert picture.encoded.format == "webp"
    assert np.array_equal(pixels(picture), drawn[0])
    assert [len(picture.places[name].labels) for name in LEVELS[:3]] == [
        len(drawn[1].level(name)) for name in LEVELS[:3]
    ]
    # A figure has no text to tell of.
    assert len(picture.places["block"].labels) == 2
    assert not any(polygon for p in picture.places.values() for polygon in p.polygons)


@pytest.mark.parametrize("kind", RECIPE_KINDS)
def test_words_are_where_their_boxes_say_after_every_recipe(drawn, kind):
    for key in "abc":
        picture = taken(drawn, kind, key)
        image = pixels(picture)
        assert image.shape[:2] == (picture.height, picture.width)
        grey = image.mean(axis=2)
        word = picture.places["word"]
        assert word.labels == drawn[1].word.labels
        assert valid(word.boxes).all()
        boxes = denormalise(word.boxes, picture.width, picture.height).round().astype(int)
        for label, (x1, y1, x2, y2) in zip(word.labels, boxes.tolist(), strict=True):
            inside, around = grey[y1:y2, x1:x2], grey[max(0, y1 - 8) : y2 + 8, x1:x2]
            # Ink is darker than the paper around it, and all of it is inside.
            assert inside.min() < np.median(around) - 25, (label, kind)
            assert inside.mean() < around.mean() + 1, (label, kind)


@pytest.mark.parametrize("kind", RECIPE_KINDS)
def test_the_same_key_gives_the_same_bytes_in_any_order(drawn, kind):
    first = taken(drawn, kind, "one")
    other = taken(drawn, kind, "two")
    again = taken(drawn, kind, "one")
    assert first.encoded.data == again.encoded.data
    assert np.array_equal(first.places["char"].boxes, again.places["char"].boxes)
    assert kind in ("clean", "screen") or first.encoded.data != other.encoded.data


def test_what_leans_has_its_corners(drawn):
    picture = next(
        p
        for key in range(20)
        if (p := taken(drawn, "photo", str(key))).recipe.steps and any(p.places["line"].polygons)
    )
    line = picture.places["line"]
    for box, polygon in zip(line.boxes.tolist(), line.polygons, strict=True):
        if polygon:
            xs, ys = polygon[::2], polygon[1::2]
            assert min(xs) >= box[0] - 1 and max(xs) <= box[2] + 1
            assert min(ys) >= box[1] - 1 and max(ys) <= box[3] + 1


def test_weights_choose_the_kinds(drawn):
    kinds = {"clean": 1.0, "scan": 1.0, "fax": 0.0}
    found = [take(*drawn, kinds=kinds, seed=0, key=str(k)).recipe.kind for k in range(24)]
    assert {"clean", "scan"} == set(found)


def test_regions_are_of_the_levels_asked_for(drawn):
    regions = taken(drawn, "clean").regions(["word", "block"], image=2).to_pylist()
    assert {r["level"] for r in regions} == {"word", "block"}
    assert {r["image"] for r in regions} == {2}
    assert regions[0]["label"] == "Water"


def test_a_page_that_no_camera_can_read_stays_clean(browser):
    # Of pale text of nine pixels a fax leaves nothing.
    html = PAGE.replace("#111", "#949494").replace("26px", "9px")
    drawing = browser.draw(Page(html, 500, None, 1.0, "ko"))
    layout = tighten(drawing.layout, drawing.pixels).layout
    kinds = [
        take(drawing.pixels, layout, kinds={"fax": 1.0}, seed=0, key=str(k)).recipe.kind
        for k in range(6)
    ]
    assert "clean" in kinds
