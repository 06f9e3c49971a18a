from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.readers import Draft, Failure, LeftOut
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

NAMES = "names: [cat, dog]\n"


def put(root, **files):
    """Files by path; `__` stands for a slash, and the last `_` for the dot."""
    for name, data in files.items():
        path = root / ".".join(name.replace("__", "/").rsplit("_", 1))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())


def read_yolo(tmp_path, labels, names=NAMES):
    put(tmp_path, images__a_png=png(), labels__a_txt=labels, data_yaml=names)
    return read(tmp_path, "images/a.png", "yolo")


@pytest.mark.parametrize(
    ("line", "box"),
    [
        ("0 0.5 0.5 1 1", (0, 0, 1000, 1000)),
        ("0 0.2 0.3 0.2 0.4", (100, 100, 300, 500)),
        ("0.0 0.99999951 0.5 1e-0 1.0000005", (500, 0, 1000, 1000)),
        ("0 0.1 0.1 0.3 0.2 0.2 0.5", (100, 100, 300, 500)),
    ],
)
def test_lines_become_boxes(tmp_path, line, box):
    (draft,) = read_yolo(tmp_path, f"\n{line}\n")
    assert grid_boxes(draft) == [("cat", *box)]
    assert (draft.url, counts(draft)) == ("images/a.png", {"cat": 1})


@settings(max_examples=30, deadline=None)
@given(x=st.integers(0, 79), y=st.integers(0, 59))
def test_a_box_of_one_pixel_is_that_pixel(tmp_path_factory, x, y):
    line = f"0 {(x + 0.5) / 80:.6f} {(y + 0.5) / 60:.6f} {1 / 80:.6f} {1 / 60:.6f}"
    (draft,) = read_yolo(tmp_path_factory.mktemp("yolo"), line)
    ((_, found),) = pixel_boxes(draft)
    assert found == pytest.approx([x, y, x + 1, y + 1], abs=0.0415)


def test_a_polygon_is_kept(tmp_path):
    (draft,) = read_yolo(tmp_path, "1 0.1 0.1 0.3 0.2 0.2 0.5")
    assert regions(draft)[0]["polygon"] == [100, 100, 300, 200, 200, 500]


def test_a_picture_without_labels_is_background(tmp_path):
    put(tmp_path, images__b_png=png(), classes_txt="cat\n")
    (draft,) = read(tmp_path, "images/b.png", "yolo")
    assert (regions(draft), counts(draft)) == ([], {})
    put(tmp_path, labels__b_txt="\n")
    (draft,) = read(tmp_path, "images/b.png", "yolo")
    assert (regions(draft), counts(draft)) == ([], {})


def test_a_line_given_twice_is_one_object(tmp_path):
    left_out, draft = read_yolo(tmp_path, "0 0.5 0.5 1 1\n1 0.5 0.5 1 1\n0 0.5 0.5 1 1")
    assert left_out == LeftOut("regions", "repeated")
    assert counts(draft) == {"cat": 1, "dog": 1}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2 0.5 0.5 1 1", "unknown_class"),
        ("-1 0.5 0.5 1 1", "unknown_class"),
        ("0.5 0.5 0.5 1 1", "unknown_class"),
        ("nan 0.5 0.5 1 1", "unknown_class"),
        ("0 0.5 0.5 1.1 1", "label_out_of_range"),
        ("0 -0.1 0.5 1 1", "label_out_of_range"),
        ("0 40 30 80 60", "label_out_of_range"),
        ("0 nan 0.5 1 1", "label_out_of_range"),
        ("0 0.5 0.5 1", "bad_label_columns"),
        ("0", "bad_label_columns"),
        ("0 0.5 0.5 1 1 0.9", "bad_label_columns"),
        ("0 0.1 0.1 0.2 0.2 0.3 0.3 0.4", "bad_label_columns"),
        ("cat 0.5 0.5 1 1", "bad_label_line"),
        ("0,0.5,0.5,1,1", "bad_label_line"),
        (b"\xff", "bad_encoding"),
        ("0 0.5 0.5 1 1\n" * 20_000, "file_too_large"),
    ],
)
def test_a_bad_line_costs_the_row(tmp_path, line, reason):
    put(tmp_path, images__a_png=png(), labels__a_txt=line, data_yaml=NAMES)
    (failure,) = read(tmp_path, "images/a.png", "yolo", max_file_bytes=200_000)
    assert (failure.reason, failure.lost) == (reason, "row")


def test_the_line_is_named(tmp_path):
    (failure,) = read_yolo(tmp_path, "0 0.5 0.5 1 1\n\n7 0.5 0.5 1 1")
    assert failure.detail == "line 3: 7"


def test_a_box_without_area_costs_its_region(tmp_path):
    failure, draft = read_yolo(tmp_path, "0 0.5 0.5 0 1\n1 0.5 0.5 1 1\n0 0.5 0.5 1 1")
    assert (failure.reason, failure.lost) == ("box_without_area", "region")
    assert counts(draft) == {"dog": 1}


def test_boxes_of_pose_files_are_read_and_keypoints_not(tmp_path):
    pose = NAMES + "kpt_shape: [3, 2]\n"
    (draft,) = read_yolo(tmp_path, "0 0.2 0.3 0.2 0.4 0.1 0.1 0.2 0.2 0 0", pose)
    assert grid_boxes(draft) == [("cat", 100, 100, 300, 500)]
    (failure,) = read_yolo(tmp_path, "0 0.1 0.1 0.3 0.2 0.2 0.5", pose)
    assert failure.reason == "bad_label_columns"


@pytest.mark.parametrize(
    ("files", "label"),
    [
        ({"data_yaml": "names:\n  0: cat\n  3: dog\n"}, "dog"),
        ({"data_yaml": "nc: 4\nnames: [a, b, c, 7]\n"}, "7"),
        ({"classes_txt": "a\r\nb\r\nc\r\n한국\r\n"}, "한국"),
        ({"set__labels__classes_txt": "a\nb\nc\nd"}, "d"),
        ({"set__obj_names": "a\nb\n\nd\n"}, "d"),
        ({"set__obj_names": "a\nb\nc\nd\n", "data_yaml": "names: [a, b, c, d]"}, "d"),
    ],
)
def test_class_names_are_found_above_the_picture(tmp_path, files, label):
    put(tmp_path, set__images__a_png=png(), set__labels__a_txt="3 0.5 0.5 1 1", **files)
    (draft,) = read(tmp_path, "set/images/a.png", "yolo")
    assert grid_boxes(draft) == [(label, 0, 0, 1000, 1000)]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "no_class_names"),
        ({"data_yaml": "names: ["}, "bad_data_yaml"),
        ({"data_yaml": "nc: 3"}, "bad_data_yaml"),
        ({"data_yaml": "[1]"}, "bad_data_yaml"),
        ({"data_yaml": "names: [yes, no]"}, "bad_data_yaml"),
        ({"data_yaml": "names: {a: b}"}, "bad_data_yaml"),
        ({"data_yaml": "[" * 100_000}, "bad_data_yaml"),
        ({"data_yaml": NAMES, "classes_txt": "dog\ncat\n"}, "class_names_differ"),
    ],
)
def test_without_sure_class_names_no_row_is_read(tmp_path, files, reason):
    put(tmp_path, images__a_png=png(), **files)
    (failure,) = read(tmp_path, "images/a.png", "yolo")
    assert (failure.reason, failure.lost) == (reason, "row")


def test_labels_lie_beside_or_in_the_sibling_folder(tmp_path):
    put(tmp_path, classes_txt="cat", a_png=png(), a_txt="0 0.5 0.5 1 1")
    put(tmp_path, images__train__b_png=png(), labels__train__b_txt="0 0.5 0.5 1 1")
    for name in ("a.png", "images/train/b.png"):
        (draft,) = read(tmp_path, name, "yolo")
        assert len(regions(draft)) == 1
    put(tmp_path, images__train__b_txt="0 0.5 0.5 1 1")
    (failure,) = read(tmp_path, "images/train/b.png", "yolo")
    assert failure.reason == "two_label_files"


def test_labels_beyond_the_source_are_not_taken_for_none(tmp_path):
    read_yolo(tmp_path, "0 0.5 0.5 1 1")
    put(tmp_path, images__classes_txt="cat\ndog")
    (failure,) = read(tmp_path / "images", "a.png", "yolo")
    assert failure.reason == "labels_outside_source"


def test_labels_without_a_picture_do_not_vanish(tmp_path):
    read_yolo(tmp_path, "0 0.5 0.5 1 1")
    put(tmp_path, labels__b_txt="", c_txt="\n0 0.5 0.5 1 1", train_txt="images/a.png\n")
    put(tmp_path, classes_txt="cat\n", images__D_JPG=png(), labels__D_txt="")
    assert read(tmp_path, "labels/a.txt", "yolo") == []
    assert read(tmp_path, "labels/D.txt", "yolo") == []
    assert read(tmp_path, "classes.txt", "yolo") == []
    for name in ("labels/b.txt", "c.txt"):
        (failure,) = read(tmp_path, name, "yolo")
        assert (failure.reason, failure.lost) == ("image_missing", "row")
    assert read(tmp_path, "train.txt", "yolo") == [LeftOut("files", "not_labels")]


def test_a_broken_picture_has_its_reason(tmp_path):
    put(tmp_path, images__a_png=b"no picture", data_yaml=NAMES)
    (failure,) = read(tmp_path, "images/a.png", "yolo")
    assert isinstance(failure, Failure)
    assert failure.reason == "image_unknown_format"


def test_a_picture_is_turned_as_exif_says(tmp_path):
    put(tmp_path, images__a_jpg=rotated_jpeg(80, 60, 6), labels__a_txt="0 0.5 0.5 1 1")
    put(tmp_path, data_yaml=NAMES)
    (draft,) = read(tmp_path, "images/a.jpg", "yolo")
    assert (draft.images[0].width, draft.images[0].height) == (60, 80)


def test_real_boxes_written_as_yolo_are_those_of_labelme(tmp_path):
    root = labelme_examples() / "bbox_detection" / "data_annotated"
    (truth,) = drafts(read(root, "2011_000006.json", "labelme"))
    picture = truth.images[0]
    sides = (picture.width, picture.height)
    lines = []
    for _, (x1, y1, x2, y2) in pixel_boxes(truth):
        place = ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
        lines.append(" ".join(["0", *(f"{v / sides[k % 2]:.6f}" for k, v in enumerate(place))]))
    put(tmp_path, a_jpg=picture.data, a_txt="\n".join(lines), obj_names="person")
    (draft,) = read(tmp_path, "a.jpg", "yolo")
    assert isinstance(draft, Draft)
    assert grid_boxes(draft) == grid_boxes(truth)
