from __future__ import annotations

import json
import math

import pytest

from pipelines.readers import Draft, LeftOut
from tests.pipelines.readers.annotated import (
    counts,
    drafts,
    grid_boxes,
    pixel_boxes,
    regions,
    rotated_jpeg,
)
from tests.pipelines.readers.packages import labelme_examples
from tests.pipelines.readers.reading import png, read

BOX = {"x": 10, "y": 20, "width": 30, "height": 40}


def result(kind="rectanglelabels", labels=("cat",), value=BOX, **fields):
    size = {"original_width": 80, "original_height": 60, "image_rotation": 0}
    named = {"id": "r", "type": kind, "to_name": "image", "from_name": "label"}
    return named | size | {"value": value | {kind: list(labels)}} | fields


def annotated(*results, **fields):
    return {"id": 1, "was_cancelled": False, "ground_truth": False, "result": results} | fields


def read_tasks(tmp_path, *tasks, **more):
    (tmp_path / "a.png").write_bytes(png())
    (tmp_path / "t.json").write_text(json.dumps(tasks))
    return read(tmp_path, "t.json", "label_studio", **more)


def read_results(tmp_path, *results, image="a.png"):
    return read_tasks(tmp_path, {"data": {"image": image}, "annotations": [annotated(*results)]})


@pytest.mark.parametrize(
    ("kind", "value", "box"),
    [
        ("rectanglelabels", BOX, (100, 200, 400, 600)),
        ("rectanglelabels", BOX | {"rotation": 0}, (100, 200, 400, 600)),
        (
            "rectanglelabels",
            {"x": 0, "y": 0, "width": 100, "height": 100, "rotation": 0},
            (0, 0, 1000, 1000),
        ),
        # A quarter turn around (40, 30): 16 x 12 pixels, to the left and down.
        (
            "rectanglelabels",
            {"x": 50, "y": 50, "width": 20, "height": 20, "rotation": 90},
            (350, 500, 500, 767),
        ),
        ("polygonlabels", {"points": [[10, 20], [40, 30], [20, 60]]}, (100, 200, 400, 600)),
        ("ellipselabels", {"x": 50, "y": 50, "radiusX": 10, "radiusY": 20}, (400, 300, 600, 700)),
        # A quarter turn: 8 x 12 pixels become 12 x 8.
        (
            "ellipselabels",
            {"x": 50, "y": 50, "radiusX": 10, "radiusY": 20, "rotation": 90},
            (350, 367, 650, 633),
        ),
    ],
)
def test_results_become_boxes(tmp_path, kind, value, box):
    (draft,) = read_results(tmp_path, result(kind, value=value))
    assert grid_boxes(draft) == [("cat", *box)]
    assert (draft.bucket, draft.url, counts(draft)) == ("grounding", "t.json#tasks[0]", {"cat": 1})


def test_a_rectangle_turns_clockwise_around_its_top_left_corner(tmp_path):
    value = {"x": 50, "y": 10, "width": 25, "height": 50, "rotation": 30}
    (draft,) = read_results(tmp_path, result(value=value))
    cos, sin = math.cos(math.radians(30)), 0.5
    # In pixels: corner (40, 6), 20 wide along (cos, sin), 30 high along (-sin, cos).
    corners = [
        (40, 6),
        (40 + 20 * cos, 6 + 20 * sin),
        (40 + 20 * cos - 30 * sin, 6 + 20 * sin + 30 * cos),
        (40 - 30 * sin, 6 + 30 * cos),
    ]
    expected = [v for x, y in corners for v in (x / 0.08, y / 0.06)]
    assert regions(draft)[0]["polygon"] == pytest.approx(expected, abs=0.51)
    xs, ys = expected[0::2], expected[1::2]
    box = [min(xs), min(ys), max(xs), max(ys)]
    assert regions(draft)[0]["box"] == pytest.approx(box, abs=0.51)


def test_the_box_of_a_turned_ellipse_is_around_all_its_points(tmp_path):
    value = {"x": 50, "y": 50, "radiusX": 20, "radiusY": 10, "rotation": 25}
    (draft,) = read_results(tmp_path, result("ellipselabels", value=value))
    a, b, turn = 16, 6, math.radians(25)
    points = [
        (
            40 + a * math.cos(t) * math.cos(turn) - b * math.sin(t) * math.sin(turn),
            30 + a * math.cos(t) * math.sin(turn) + b * math.sin(t) * math.cos(turn),
        )
        for t in (math.radians(d) for d in range(360))
    ]
    xs, ys = zip(*points, strict=True)
    ((_, box),) = pixel_boxes(draft)
    assert box == pytest.approx([min(xs), min(ys), max(xs), max(ys)], abs=0.05)


def test_a_shape_of_two_labels_is_a_region_of_each(tmp_path):
    (draft,) = read_results(tmp_path, result(labels=["car", "빨강"]))
    assert grid_boxes(draft) == [("car", 100, 200, 400, 600), ("빨강", 100, 200, 400, 600)]


def test_other_kinds_are_left_out_and_not_counted(tmp_path):
    *left_out, draft = read_results(
        tmp_path,
        result(),
        result(labels=["dog"]),
        result("brushlabels", value={"format": "rle", "rle": [1, 2]}),
        {"type": "choices", "value": {"choices": ["sunny"]}},
    )
    assert left_out == [LeftOut("regions", "brushlabels"), LeftOut("results", "not_of_a_region")]
    assert counts(draft) == {"dog": 1}
    left_out, draft = read_results(tmp_path, result(), result("rectangle", labels=[]))
    assert left_out == LeftOut("regions", "rectangle")
    assert counts(draft) == {}


def test_the_ground_truth_is_read_or_the_first_not_cancelled(tmp_path):
    def task(*annotations):
        return {"data": {"image": "a.png"}, "annotations": annotations, "predictions": [{}]}

    cancelled = annotated(result(labels=["x"]), was_cancelled=True)
    first, second = annotated(result(labels=["first"])), annotated(result(labels=["second"]))
    truth = annotated(result(labels=["truth"]), ground_truth=True)
    items = read_tasks(
        tmp_path,
        task(cancelled, first, second),
        task(cancelled, first, truth),
        task(annotated()),
        task(cancelled),
        {"data": {"image": "a.png"}},
    )
    assert [counts(d) for d in drafts(items)] == [{"first": 1}, {"truth": 1}, {}]
    assert items[3:] == [LeftOut("records", "not_annotated")] * 2


@pytest.mark.parametrize(
    ("bad", "reason", "counted"),
    [
        (result(value={"x": 1, "y": 1, "width": 5}), "bad_result", {"dog": 1}),
        (result(value=BOX | {"width": 0}), "box_without_area", {"dog": 1}),
        (result(value=BOX | {"x": 100}), "box_outside_image", {"dog": 1}),
        (result("polygonlabels", value={"points": [[1, 1], [5, 5]]}), "too_few_points", {"dog": 1}),
        (result(labels=[]), "no_label", {}),
        (result(labels=[1]), "no_label", {}),
        ({"value": {}}, "bad_result", {}),
    ],
)
def test_a_bad_result_costs_its_region(tmp_path, bad, reason, counted):
    failure, draft = read_results(tmp_path, bad, result(labels=["dog"]))
    assert (failure.reason, failure.lost) == (reason, "region")
    assert counts(draft) == counted
    assert len(regions(draft)) == 1


@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("dir/x.png", "dir/x.png"),
        ("dir/x.png", "x.png"),
        ("/data/upload/3/ab12-x.png", "data/upload/3/ab12-x.png"),
        ("/data/upload/3/ab12-x.png", "upload/3/ab12-x.png"),
        ("/data/upload/3/ab12-x.png", "ab12-x.png"),
        ("/data/upload/3/%ED%95%9C%20x.png", "한 x.png"),
        ("/data/local-files/?d=dir/x.png", "dir/x.png"),
        ("/data/local-files/?d=dir%5Cx.png", "dir/x.png"),
        ("http://localhost:8080/data/local-files/?d=dir/x.png", "x.png"),
        ("100% #1?.png", "100% #1?.png"),
    ],
)
def test_pictures_are_found_by_path_or_base_name(tmp_path, address, file):
    (tmp_path / "pictures" / file).parent.mkdir(parents=True)
    (tmp_path / "pictures" / file).write_bytes(png())
    task = {"data": {"image": address}, "annotations": [annotated(result())]}
    (draft,) = read_tasks(tmp_path, task, source={"images": tmp_path / "pictures"})
    assert isinstance(draft, Draft)


def test_the_field_of_the_picture_may_have_another_name(tmp_path):
    task = {"data": {"img": "a.png"}, "annotations": [annotated(result())]}
    (draft,) = read_tasks(tmp_path, task, source={"fields": {"image": "img"}})
    assert isinstance(draft, Draft)


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ({"data": {"image": "https://a.example/x.png"}}, "image_remote"),
        ({"data": {"image": "s3://bucket/x.png"}}, "image_remote"),
        ({"data": {"image": "gone.png"}}, "image_missing"),
        ({"data": {"image": "http://[x"}}, "image_missing"),
        ({"data": {"image": "/data/local-files/?d=../../x.png"}}, "image_path_outside_source"),
        ({"data": {"image": ["a.png"]}}, "no_image"),
        ({"data": {}}, "no_image"),
        ({"data": {"image": "a.png"}, "annotations": 3}, "bad_task"),
        ({"image": "a.png"}, "bad_task"),
        ([], "bad_task"),
    ],
)
def test_a_bad_task_has_its_reason(tmp_path, task, reason):
    if isinstance(task, dict):
        task = {"annotations": [annotated(result())]} | task
    good = {"data": {"image": "a.png"}, "annotations": [annotated(result())]}
    failure, draft = read_tasks(tmp_path, task, good)
    assert (failure.reason, failure.lost, failure.place) == (reason, "row", "tasks[0]")
    assert isinstance(draft, Draft)


def test_a_remote_picture_is_to_be_fetched_first(tmp_path):
    (failure,) = read_results(tmp_path, result(), image="https://a.example/x.png")
    assert "img2dataset" in failure.detail


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"original_width": 81}, "sizes_differ"),
        ({"image_rotation": 90}, "image_turned_by_annotator"),
        ({"to_name": "image2"}, "several_images"),
    ],
)
def test_results_that_contradict_each_other_cost_the_row(tmp_path, fields, reason):
    (failure,) = read_results(tmp_path, result(), result(**fields))
    assert (failure.reason, failure.lost) == (reason, "row")


def test_another_size_than_annotated_is_refused(tmp_path):
    (failure,) = read_results(tmp_path, result(original_width=800, original_height=600))
    assert failure.reason == "image_not_as_annotated"


def test_a_picture_is_turned_as_the_browser_turned_it(tmp_path):
    (tmp_path / "r.jpg").write_bytes(rotated_jpeg(80, 60, 6))
    turned = result(original_width=60, original_height=80)
    (draft,) = read_results(tmp_path, turned, image="r.jpg")
    assert (draft.images[0].width, draft.images[0].height) == (60, 80)
    unstated = result(original_width=None, original_height=None)
    (draft,) = read_results(tmp_path, unstated, image="r.jpg")
    assert (draft.images[0].width, draft.images[0].height) == (60, 80)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[", "not_json"),
        ("{}", "not_label_studio"),
        (" " * 300_000, "file_too_large"),
    ],
)
def test_a_bad_file_has_its_reason(tmp_path, text, reason):
    (tmp_path / "t.json").write_text(text)
    (failure,) = read(tmp_path, "t.json", "label_studio", max_index_bytes=200_000)
    assert (failure.reason, failure.lost) == (reason, "row")


def test_real_polygons_written_as_tasks_are_those_of_labelme(tmp_path):
    root = labelme_examples() / "instance_segmentation" / "data_annotated"
    file = json.loads((root / "2011_000025.json").read_text())
    (truth,) = drafts(read(root, "2011_000025.json", "labelme"))
    width, height = file["imageWidth"], file["imageHeight"]
    size = {"original_width": width, "original_height": height}
    results = [
        result(
            "polygonlabels",
            [shape["label"]],
            {"points": [[x / width * 100, y / height * 100] for x, y in shape["points"]]},
            **size,
        )
        for shape in file["shapes"]
        if shape["label"] != "__ignore__"
    ]
    task = {"data": {"image": file["imagePath"]}, "annotations": [annotated(*results)]}
    (draft,) = drafts(read_tasks(tmp_path, task, source={"images": root}))
    assert sorted(map(str, regions(draft))) == sorted(map(str, regions(truth)))
