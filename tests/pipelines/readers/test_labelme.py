from __future__ import annotations

import base64
import json

import pytest

from pipelines.readers import Draft, LeftOut
from tests.pipelines.readers.annotated import (
    PHOTOS,
    counts,
    drafts,
    grid_boxes,
    pixel_boxes,
    regions,
)
from tests.pipelines.readers.packages import labelme_examples
from tests.pipelines.readers.reading import png, read


def shape(kind="rectangle", points=((8, 6), (24, 18)), label="cat", **fields):
    return {"label": label, "shape_type": kind, "points": points, "group_id": None} | fields


def read_labelme(tmp_path, *shapes, **fields):
    (tmp_path / "a.png").write_bytes(png())
    file = {"version": "5.0.1", "flags": {}, "shapes": shapes, "imagePath": "a.png"}
    file |= {"imageData": None, "imageWidth": 80, "imageHeight": 60} | fields
    (tmp_path / "a.json").write_text(json.dumps(file))
    return read(tmp_path, "a.json", "labelme")


@pytest.mark.parametrize(
    ("kind", "points", "box"),
    [
        ("rectangle", [[8, 6], [24, 18]], (100, 100, 300, 300)),
        ("rectangle", [[24, 6], [8, 18]], (100, 100, 300, 300)),
        ("rectangle", [[0, 0], [80, 60]], (0, 0, 1000, 1000)),
        ("circle", [[40, 30], [40, 36]], (425, 400, 575, 600)),
        ("circle", [[40, 30], [36, 33]], (438, 417, 563, 583)),
        ("polygon", [[8, 6], [24, 12], [12, 18]], (100, 100, 300, 300)),
        (None, [[8, 6], [24, 12], [12, 18]], (100, 100, 300, 300)),
        ("oriented_rectangle", [[16, 6], [24, 12], [16, 18], [8, 12]], (100, 100, 300, 300)),
    ],
)
def test_shapes_become_boxes(tmp_path, kind, points, box):
    (draft,) = read_labelme(tmp_path, shape(kind, points))
    assert grid_boxes(draft) == [("cat", *box)]
    assert counts(draft) == {"cat": 1}


def test_a_polygon_is_kept(tmp_path):
    points = [[8, 6], [24, 12], [12, 18]]
    polygon, rectangle = regions(read_labelme(tmp_path, shape("polygon", points), shape())[0])
    assert polygon["polygon"] == [100, 100, 300, 200, 150, 300]
    assert rectangle["polygon"] == []


@pytest.mark.parametrize("kind", ["point", "line", "linestrip", "points", "mask"])
def test_shapes_without_an_extent_are_left_out_and_not_counted(tmp_path, kind):
    left_out, draft = read_labelme(tmp_path, shape(kind), shape(), shape(label="dog"))
    assert left_out == LeftOut("regions", kind)
    assert counts(draft) == {"dog": 1}


@pytest.mark.parametrize(
    ("bad", "reason", "counted"),
    [
        (shape("hexagon"), "unknown_shape_type", {"dog": 1}),
        (shape("polygon"), "too_few_points", {"dog": 1}),
        (shape("circle", [[1, 1]]), "too_few_points", {"dog": 1}),
        (shape("circle", [[9, 9], [9, 9]]), "box_without_area", {"dog": 1}),
        (shape(points=[[90, 1], [99, 9]]), "box_outside_image", {"dog": 1}),
        (shape(points=[[1, 1, 1], [2, 2, 2]]), "bad_shape", {}),
        (shape(label=""), "no_label", {}),
    ],
)
def test_a_bad_shape_costs_its_region(tmp_path, bad, reason, counted):
    failure, draft = read_labelme(tmp_path, bad, shape(label="dog"))
    assert (failure.reason, failure.lost, failure.path) == (reason, "region", "a.json")
    assert counts(draft) == counted
    assert len(regions(draft)) == 1


def test_pieces_of_one_object_become_one_region(tmp_path):
    pieces = [shape(group_id=1), shape(points=[[40, 6], [48, 30]], group_id=1)]
    other = shape(label="dog", group_id=1)
    (draft,) = read_labelme(tmp_path, *pieces, other, shape(group_id=2))
    assert grid_boxes(draft)[0] == ("cat", 100, 100, 600, 500)
    assert counts(draft) == {"cat": 2, "dog": 1}
    left_out, draft = read_labelme(tmp_path, *pieces, shape("line", group_id=1), other)
    assert left_out == LeftOut("regions", "line")
    assert [r["label"] for r in regions(draft)] == ["dog"]


def test_what_is_to_be_ignored_makes_all_counts_unsure(tmp_path):
    left_out, draft = read_labelme(tmp_path, shape(), shape(label="__ignore__"))
    assert left_out == LeftOut("regions", "ignored")
    assert counts(draft) == {}
    assert [r["label"] for r in regions(draft)] == ["cat"]


def test_flags_of_our_names_are_kept(tmp_path):
    flags = {"occluded": True, "truncated": False, "shiny": True}
    (draft,) = read_labelme(tmp_path, shape(flags=flags))
    assert regions(draft)[0]["flags"] == ["occluded"]


def test_the_picture_inside_goes_before_the_one_named(tmp_path):
    inside = base64.b64encode(png(colour="blue")).decode()
    (draft,) = read_labelme(tmp_path, shape(), imageData=inside, imagePath="gone.png")
    assert draft.images[0].data == png(colour="blue")
    broken = base64.encodebytes(png(colour="blue")).decode().rstrip("=\n")
    (draft,) = read_labelme(tmp_path, shape(), imageData=broken)
    assert draft.images[0].data == png(colour="blue")


def test_the_path_starts_from_the_file(tmp_path):
    (tmp_path / "json").mkdir()
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "b.png").write_bytes(png())
    read_labelme(tmp_path, shape(), imagePath="..\\pictures\\b.png")
    (tmp_path / "a.json").rename(tmp_path / "json" / "a.json")
    (draft,) = read(tmp_path, "json/a.json", "labelme")
    assert isinstance(draft, Draft)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"imageWidth": 60, "imageHeight": 80}, "image_not_as_annotated"),
        ({"imageWidth": None}, "no_size"),
        ({"imagePath": None}, "no_image_path"),
        ({"imagePath": "gone.png"}, "image_missing"),
        ({"imagePath": "../gone.png"}, "image_path_outside_source"),
        ({"imageData": "A"}, "image_bad_base64"),
        ({"imageData": "é"}, "image_bad_base64"),
        ({"imageData": "QU*JD"}, "image_bad_base64"),
        ({"imageData": "QUJD"}, "image_unknown_format"),
        ({"shapes": 3}, "not_labelme"),
        ({"version": "x" * 300_000}, "file_too_large"),
    ],
)
def test_a_bad_file_has_its_reason(tmp_path, fields, reason):
    (tmp_path / "a.png").write_bytes(png())
    file = {"shapes": [], "imagePath": "a.png", "imageWidth": 80, "imageHeight": 60} | fields
    (tmp_path / "a.json").write_text(json.dumps(file))
    (failure,) = read(tmp_path, "a.json", "labelme", max_file_bytes=200_000)
    assert (failure.reason, failure.lost) == (reason, "row")


def test_a_file_that_is_no_json_is_refused(tmp_path):
    (tmp_path / "a.json").write_text("{")
    (failure,) = read(tmp_path, "a.json", "labelme")
    assert failure.reason == "not_json"


def test_a_real_file_of_all_shapes():
    left_out = read(labelme_examples() / "primitives", "primitives.json", "labelme")
    draft = left_out.pop()
    assert {i.reason for i in left_out} == {"line", "point", "linestrip", "mask"}
    boxes = dict(pixel_boxes(draft))
    # The circle: centre (195, 84), rim (225, 125), so a radius of 50.8.
    assert boxes["circle"] == pytest.approx([144.2, 33.2, 245.8, 134.8], abs=0.3)
    assert set(boxes) == {"rectangle", "circle", "polygon"}


def test_a_real_file_with_its_picture_inside():
    (draft,) = read(labelme_examples() / "tutorial", "apc2016_obj3.json", "labelme")
    assert len(regions(draft)) == 4
    assert (draft.images[0].width, draft.images[0].height) == (1210, 907)


@pytest.mark.parametrize("photo", PHOTOS)
def test_real_files_agree_with_the_coco_file_made_of_them(photo):
    """The converter draws the polygons and takes the pixels' box: within 2 px of the corners'."""
    root = labelme_examples() / "instance_segmentation"
    (labelme,) = drafts(read(root, f"data_annotated/{photo}.json", "labelme"))
    coco_root = root / "data_dataset_coco"
    images = json.loads((coco_root / "annotations.json").read_text())["images"]
    index = [i["file_name"] for i in images].index(f"JPEGImages/{photo}.jpg")
    coco = drafts(read(coco_root, "annotations.json", "coco"))[index]
    assert len(regions(coco)) >= 3
    for (label, a), (same, b) in zip(
        sorted(pixel_boxes(labelme)), sorted(pixel_boxes(coco)), strict=True
    ):
        assert label == same
        assert a == pytest.approx(b, abs=2)
