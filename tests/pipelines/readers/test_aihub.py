"""AI-Hub's sets may not be passed on, so none comes in a package; forms are as programs read them."""

from __future__ import annotations

import json

import pytest

from tests.pipelines.readers.annotated import drafts, pixel_boxes, regions
from tests.pipelines.readers.reading import png, read

IMAGE = {"id": "01", "file_name": "a.png", "width": 1000, "height": 1000, "type": "book"}


def read_aihub(root, label, name="l.json", **source):
    (root / "a.png").write_bytes(png(1000, 1000))
    (root / name).write_text(json.dumps(label, ensure_ascii=False), "utf-8")
    return read(root, name, "aihub", source=source)


def wild(**fields):
    return {"id": "1", "image_id": "01", "text": "가게", "bbox": [10, 20, 30, 40]} | fields


def read_wild(root, *annotations, images=(IMAGE,), **source):
    return read_aihub(root, {"info": {}, "images": images, "annotations": annotations}, **source)


def test_text_in_the_wild_has_words_and_characters(tmp_path):
    classes = [{"attributes": {"class": c}} for c in ("word", "character", "ignored")]
    (draft,) = read_wild(
        tmp_path,
        wild(**classes[1], text="가", bbox=[10, 20, 15, 40]),
        wild(**classes[0]),
        wild(**classes[2], text=None, bbox=[500, 500, 5, 5]),
        wild(text="xxx", bbox=[600, 500, 5, 5]),
        wild(text="열림", bbox=[50, 20, 30, 40]),
    )
    assert pixel_boxes(draft)[0] == ("가게", [10, 20, 40, 60])
    assert [(r["label"], r["level"], r["flags"]) for r in regions(draft)] == [
        ("가게", "word", []),
        ("", "word", ["illegible"]),
        ("", "word", ["illegible"]),
        ("열림", "word", []),
        ("가", "char", []),
    ]
    assert draft.parts[1].text == "가게 열림"
    assert (draft.bucket, draft.url) == ("ocr", "l.json#images[0]")


def test_a_file_of_many_pictures_is_a_row_each(tmp_path):
    images = [IMAGE, IMAGE | {"id": "02"}, IMAGE | {"id": "03", "file_name": "b.png"}]
    items = read_wild(
        tmp_path, wild(image_id="02"), wild(text="나"), wild(image_id=9), images=images
    )
    first, second, missing, orphan = items
    assert [[r["label"] for r in regions(d)] for d in (first, second)] == [["나"], ["가게"]]
    assert (missing.reason, missing.place) == ("image_missing", "images[2]")
    assert (orphan.reason, orphan.place) == ("image_not_listed", "annotations[2]")


def test_a_text_without_a_box_is_what_the_whole_picture_says(tmp_path):
    annotation = wild(text="값", attributes={"type": "글자(음절)"})
    del annotation["bbox"]
    (draft,) = read_wild(tmp_path, annotation)
    assert (draft.parts[1].text, regions(draft)) == ("값", [])


def test_public_documents_are_read(tmp_path):
    image = {"image.file.name": "a.png", "image.width": 1000, "image.height": 1000}
    annotations = [
        {
            "id": 2,
            "annotation.text": "목",
            "annotation.bbox": [100, 10, 20, 20],
            "annotation.ttype": "textType1",
        },
        {"id": 2, "annotation.text": "제", "annotation.bbox": [10, 10, 20, 20]},
    ]
    label = {"images": [image], "annotations": annotations}
    (draft,) = read_aihub(tmp_path, label, level="line")
    assert draft.parts[1].text == "제\n목" and draft.url == "l.json"
    assert {r["level"] for r in regions(draft)} == {"line"}
    (failure,) = read_aihub(tmp_path, label | {"images": [image, image]})
    assert failure.reason == "several_images"


@pytest.mark.parametrize("key", ["Bbox", "bbox"])
def test_forms_give_corners_column_by_column(tmp_path, key):
    image = {"identifier": "a", "type": "png", "width": 1000, "height": 1000, "dpi": 300}
    boxes = [
        {"data": "신청서", "id": 1, "x": [10, 10, 90, 90], "y": [20, 50, 20, 50]},
        {"data": "도장", "id": 2, "x": [200, 290, 300, 210], "y": [20, 10, 50, 60]},
    ]
    (draft,) = read_aihub(tmp_path, {"Dataset": {}, "Images": image, key: boxes})
    assert pixel_boxes(draft) == [("신청서", [10, 20, 90, 50]), ("도장", [200, 10, 300, 60])]
    assert [r["polygon"] for r in regions(draft)] == [[], [200, 20, 290, 10, 300, 50, 210, 60]]


def test_words_of_the_letter_form_have_letters(tmp_path):
    letters = [{"value": v, "charbox": [x, 20, x + 20, 40]} for v, x in (("한", 10), ("글", 30))]
    word = {"value": "한글", "wordbox": [10, 20, 50, 40], "letter": letters}
    image = {"file_name": "a.png", "width": 1000, "height": 1000}
    (draft,) = read_aihub(tmp_path, {"info": {}, "image": image, "text": {"word": [word]}})
    assert [(r["label"], r["level"]) for r in regions(draft)] == [
        ("한글", "word"),
        ("한", "char"),
        ("글", "char"),
    ]
    assert draft.parts[1].text == "한글"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"text": " "}, "no_transcription"),
        ({"bbox": [1, 2, 3]}, "bad_annotation"),
        ({"bbox": None}, "bad_annotation"),
        ({"text": 5}, "bad_annotation"),
        ({"bbox": [10, 20, 0, 5]}, "box_without_area"),
        ({"bbox": [-50, 20, 30, 5]}, "box_outside_image"),
    ],
)
def test_a_bad_annotation_costs_its_region(tmp_path, fields, reason):
    failure, draft = read_wild(tmp_path, wild(**fields), wild())
    assert (failure.reason, failure.lost) == (reason, "region")
    assert [r["label"] for r in regions(draft)] == ["가게"]


@pytest.mark.parametrize(
    ("label", "reason", "detail"),
    [
        ({"annotations": [], "categories": []}, "unknown_form", "keys: annotations, categories"),
        ([1], "not_aihub", ""),
        ({"images": {}, "annotations": []}, "not_aihub", ""),
        ({"images": [{"id": 1}], "annotations": []}, "bad_image_entry", ""),
        ({"images": [IMAGE, IMAGE], "annotations": []}, "image_id_repeated", ""),
        ({"images": [IMAGE | {"width": 900}], "annotations": []}, "image_not_as_annotated", ""),
        (
            {"images": [IMAGE | {"file_name": "../a.png"}], "annotations": []},
            "image_path_outside_source",
            "",
        ),
    ],
)
def test_a_bad_label_has_its_reason(tmp_path, label, reason, detail):
    failure = read_aihub(tmp_path, label)[0]
    assert (failure.reason, failure.lost) == (reason, "row")
    assert failure.detail.startswith(detail)


def test_text_that_is_not_json_is_refused(tmp_path):
    (tmp_path / "l.json").write_text("{")
    (failure,) = read(tmp_path, "l.json", "aihub")
    assert failure.reason == "not_json"


def test_labels_and_pictures_may_be_in_trees_of_the_same_folders(tmp_path):
    labels, images = tmp_path / "라벨", tmp_path / "원천"
    for folder in (labels / "2011", images / "2011"):
        folder.mkdir(parents=True)
    (images / "2011" / "a.png").write_bytes(png(1000, 1000))
    label = {"images": [IMAGE], "annotations": [wild()]}
    (labels / "2011" / "l.json").write_text(json.dumps(label))
    items = read(labels, "2011/l.json", "aihub", source={"images": images})
    assert len(drafts(items)) == 1
