from __future__ import annotations

import json

import numpy as np
import pytest
from pycocotools.coco import COCO

from pipelines.readers import Draft, Failure, LeftOut
from records import denormalise
from tests.pipelines.readers.annotated import (
    counts,
    drafts,
    grid_boxes,
    regions,
    rotated_jpeg,
)
from tests.pipelines.readers.packages import labelme_examples
from tests.pipelines.readers.reading import png, read

IMAGE = {"id": 7, "file_name": "a.png", "width": 80, "height": 60}
CATEGORIES = [{"id": 1, "name": "cat"}, {"id": 2, "name": "개"}]


def annotation(**fields):
    return {"id": 1, "image_id": 7, "category_id": 1, "bbox": [8, 6, 16, 12], "iscrowd": 0} | fields


def read_coco(tmp_path, annotations, images=(IMAGE,), categories=CATEGORIES, **more):
    (tmp_path / "a.png").write_bytes(png())
    file = {"images": images, "annotations": annotations, "categories": categories} | more
    (tmp_path / "c.json").write_text(json.dumps(file))
    return read(tmp_path, "c.json", "coco")


def test_instances_become_a_row_an_image(tmp_path):
    image2 = IMAGE | {"id": "b"}
    items = read_coco(
        tmp_path,
        [
            annotation(image_id="b", category_id=2),
            annotation(),
            annotation(bbox=[0.0, 0, 80, 60], segmentation=[[1, 2]], keypoints=[1]),
        ],
        [IMAGE, image2, IMAGE | {"id": 9}],
    )
    first, second, empty = items
    assert grid_boxes(first) == [("cat", 100, 100, 300, 300), ("cat", 0, 0, 1000, 1000)]
    assert grid_boxes(second) == [("개", 100, 100, 300, 300)]
    assert (counts(first), counts(second), counts(empty)) == ({"cat": 2}, {"개": 1}, {})
    assert regions(empty) == []
    assert (first.bucket, first.url) == ("grounding", "c.json#images[0]")
    assert len({d.url for d in items}) == 3
    assert first.images[0].data == png()


def test_categories_that_are_not_annotated_throughout_are_not_counted(tmp_path):
    image = IMAGE | {"not_exhaustive_category_ids": [1.0, 99], "neg_category_ids": [5]}
    (draft,) = read_coco(tmp_path, [annotation(), annotation(category_id=2)], [image])
    assert counts(draft) == {"개": 1}
    assert len(regions(draft)) == 2


def test_numbers_may_be_written_as_pandas_does(tmp_path):
    image = IMAGE | {"id": 7.0, "width": 80.0, "height": 60.0, "license": float("nan")}
    rows = [annotation(image_id=7.0, category_id=1.0, area=float("nan"), iscrowd=0.0)]
    rows += [annotation(image_id=7, iscrowd=float("nan"))]
    (draft,) = read_coco(tmp_path, rows, [image], [{"id": 1.0, "name": "cat"}])
    assert counts(draft) == {"cat": 2}


def test_a_crowd_is_flagged_and_not_counted(tmp_path):
    (draft,) = read_coco(tmp_path, [annotation(iscrowd=1), annotation(), annotation(category_id=2)])
    assert [r["flags"] for r in regions(draft)] == [["crowd"], [], []]
    assert counts(draft) == {"개": 1}


@pytest.mark.parametrize(
    ("fields", "reason", "counted"),
    [
        ({"bbox": [8, 6, 0, 12]}, "box_without_area", {"개": 1}),
        ({"bbox": [80, 6, 5, 5]}, "box_outside_image", {"개": 1}),
        ({"bbox": [8, 6, 16]}, "bad_annotation", {"개": 1}),
        ({"bbox": ["8", 6, 16, 12]}, "bad_annotation", {"개": 1}),
        ({"category_id": 3}, "category_missing", {}),
        ({"category_id": None}, "bad_annotation", {}),
    ],
)
def test_a_bad_annotation_costs_a_region_and_the_counts_it_would_change(
    tmp_path, fields, reason, counted
):
    failure, draft = read_coco(
        tmp_path, [annotation(), annotation(**fields), annotation(category_id=2)]
    )
    assert (failure.reason, failure.lost) == (reason, "region")
    assert counts(draft) == counted
    assert len(regions(draft)) == 2


def test_annotations_of_no_image_are_failures(tmp_path):
    draft, *lost = read_coco(
        tmp_path, [annotation(image_id=8), annotation(), annotation(image_id=None)]
    )
    assert len(regions(draft)) == 1
    assert [(f.reason, f.place, f.lost) for f in lost] == [
        ("image_not_listed", "annotations[0]", "row"),
        ("bad_annotation", "annotations[2]", "row"),
    ]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"file_name": "gone.png"}, "image_missing"),
        ({"file_name": "../../etc/passwd"}, "image_path_outside_source"),
        ({"file_name": 5}, "bad_image_entry"),
        ({"width": 60, "height": 80}, "image_not_as_annotated"),
        ({"width": None}, "no_size"),
        ({"width": 80.5}, "bad_image_entry"),
    ],
)
def test_a_bad_image_costs_its_row(tmp_path, fields, reason):
    failure, draft = read_coco(tmp_path, [annotation()], [IMAGE | fields, IMAGE | {"id": 8}])
    assert (failure.reason, failure.lost, failure.place) == (reason, "row", "images[0]")
    assert isinstance(draft, Draft)


def test_two_images_with_one_id_are_refused(tmp_path):
    items = read_coco(tmp_path, [annotation()], [IMAGE, IMAGE, IMAGE | {"id": 8}])
    assert [getattr(i, "reason", "") for i in items] == ["image_id_repeated"] * 2 + [""]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not_json"),
        ("[]", "not_coco"),
        ('{"images": [], "categories": []}', "not_coco"),
        ('{"images": [], "annotations": []}', "no_categories"),
        (
            '{"images": [], "annotations": [], "categories": '
            '[{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]}',
            "category_repeated",
        ),
        ('{"images": [], "x": ' + "[" * 100_000, "not_json"),
        (" " * 300_000, "file_too_large"),
    ],
)
def test_a_bad_file_has_its_reason(tmp_path, text, reason):
    (tmp_path / "c.json").write_text(text)
    (failure,) = read(tmp_path, "c.json", "coco", max_index_bytes=200_000)
    assert (failure.reason, failure.lost) == (reason, "row")


def test_captions_become_a_row_each(tmp_path):
    captions = [
        {"id": 1, "image_id": 7, "caption": " A red field. "},
        {"id": 2, "image_id": 9, "caption": "Nowhere."},
        {"id": 3, "image_id": 7, "caption": "빨간 들판"},
        {"id": 4, "image_id": 7, "caption": " "},
    ]
    images = [IMAGE, IMAGE | {"id": 8}]
    (tmp_path / "a.png").write_bytes(png())
    (tmp_path / "c.json").write_text(json.dumps({"images": images, "annotations": captions}))
    first, second, blank, left_out, orphan = read(tmp_path, "c.json", "coco", source={"lang": "en"})
    assert [(p.type, p.text) for p in first.parts] == [("image", None), ("text", "A red field.")]
    assert second.parts[1].text == "빨간 들판"
    assert (first.bucket, first.lang) == ("caption", "en")
    assert first.url != second.url
    assert (blank.reason, orphan.reason) == ("no_caption", "image_not_listed")
    assert left_out == LeftOut("images", "without_caption")


@pytest.mark.parametrize(
    ("orientation", "stated", "seen"),
    [
        (6, (60, 80), (60, 80)),
        (6, (80, 60), (80, 60)),
        (3, (80, 60), "image_orientation_unclear"),
    ],
)
def test_pixels_are_turned_as_the_boxes_were_drawn(tmp_path, orientation, stated, seen):
    (tmp_path / "r.jpg").write_bytes(rotated_jpeg(80, 60, orientation))
    image = {"id": 7, "file_name": "r.jpg", "width": stated[0], "height": stated[1]}
    (item,) = read_coco(tmp_path, [annotation(bbox=[0, 0, 60, 60])], [image])
    if isinstance(item, Failure):
        assert item.reason == seen
    else:
        assert (item.images[0].width, item.images[0].height) == seen
        assert grid_boxes(item) == [("cat", 0, 0, 60_000 // seen[0], 60_000 // seen[1])]


def test_pictures_may_be_in_a_folder_of_their_own(tmp_path):
    (tmp_path / "train2017").mkdir()
    (tmp_path / "annotations").mkdir()
    (tmp_path / "train2017" / "b.png").write_bytes(png())
    file = {"images": [IMAGE | {"file_name": "b.png"}], "annotations": [], "categories": []}
    (tmp_path / "annotations" / "c.json").write_text(json.dumps(file))
    images = {"images": tmp_path / "train2017"}
    (draft,) = read(tmp_path / "annotations", "c.json", "coco", source=images)
    assert isinstance(draft, Draft)


def test_a_real_file_comes_back_within_half_a_grid_step(tmp_path):
    root = labelme_examples() / "instance_segmentation" / "data_dataset_coco"
    truth = COCO(root / "annotations.json")
    rows = drafts(read(root, "annotations.json", "coco"))
    assert len(rows) == len(truth.imgs) == 3
    ids = {c["name"]: c["id"] for c in truth.cats.values()}
    images, annotations = [], []
    for row in rows:
        image = truth.dataset["images"][len(images)]
        picture = row.images[0]
        images.append({"id": image["id"], "width": picture.width, "height": picture.height})
        for region in regions(row):
            x1, y1, x2, y2 = denormalise([region["box"]], picture.width, picture.height)[0]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image["id"],
                    "category_id": ids[region["label"]],
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "area": (x2 - x1) * (y2 - y1),
                    "iscrowd": int("crowd" in region["flags"]),
                }
            )
    made = {"images": images, "annotations": annotations, "categories": list(truth.cats.values())}
    (tmp_path / "made.json").write_text(json.dumps(made))
    back = COCO(tmp_path / "made.json")
    for image in truth.imgs.values():
        before = truth.loadAnns(truth.getAnnIds(image["id"]))
        after = back.loadAnns(back.getAnnIds(image["id"]))
        assert [(a["category_id"], a["iscrowd"]) for a in after] == [
            (a["category_id"], a["iscrowd"]) for a in before
        ]
        step = np.array([image["width"], image["height"]] * 2) / 1000
        assert (np.abs(_corners(after) - _corners(before)) <= step / 2 + 1e-9).all()


def _corners(annotations):
    boxes = np.array([a["bbox"] for a in annotations])
    return np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])
