from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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

SIZE = "<size><width>80</width><height>60</height><depth>3</depth></size>"


def box(xmin, ymin, xmax, ymax):
    return (
        f"<bndbox><xmax>{xmax}</xmax><xmin>{xmin}</xmin>"
        f"<ymin>{ymin}</ymin><ymax>{ymax}</ymax></bndbox>"
    )


def thing(place, name="cat", more=""):
    return f"<object><name>{name}</name>{more}{place}</object>"


def read_voc(tmp_path, objects, size=SIZE, filename="a.png"):
    (tmp_path / "a.png").write_bytes(png())
    body = f"<filename>{filename}</filename>{size}{objects}"
    (tmp_path / "a.xml").write_text(f"<annotation>{body}</annotation>")
    return read(tmp_path, "a.xml", "voc")


def test_the_box_of_a_whole_picture_is_the_whole_grid(tmp_path):
    (draft,) = read_voc(tmp_path, thing(box(1, 1, 80, 60)))
    assert grid_boxes(draft) == [("cat", 0, 0, 1000, 1000)]
    assert (draft.bucket, draft.url, counts(draft)) == ("grounding", "a.xml", {"cat": 1})


@settings(max_examples=30, deadline=None)
@given(x=st.integers(1, 80), y=st.integers(1, 60))
def test_a_box_of_one_pixel_is_that_pixel(tmp_path_factory, x, y):
    (draft,) = read_voc(tmp_path_factory.mktemp("voc"), thing(box(x, y, x, y)))
    ((_, found),) = pixel_boxes(draft)
    # Half a grid step is 0.04 and 0.03 pixels.
    assert found == pytest.approx([x - 1, y - 1, x, y], abs=0.041)


def test_flags_are_read(tmp_path):
    more = "<truncated>1</truncated><difficult>0</difficult><occluded>1</occluded>"
    (draft,) = read_voc(
        tmp_path,
        thing(box(1, 1, 9, 9), more=more)
        + thing(box(1, 1, 9, 9), more="<difficult>1</difficult><truncated/>"),
    )
    assert [r["flags"] for r in regions(draft)] == [["occluded", "truncated"], ["difficult"]]


def test_parts_of_objects_are_left_out_and_counted(tmp_path):
    part = f"<part><name>head</name>{box(1, 1, 4, 4)}</part>"
    left_out, draft = read_voc(tmp_path, thing(box(1, 1, 9, 9), "person", part))
    assert left_out == LeftOut("regions", "part")
    assert counts(draft) == {"person": 1}
    assert len(regions(draft)) == 1


@pytest.mark.parametrize(
    ("bad", "reason", "counted"),
    [
        (thing("", "dog"), "bad_bndbox", {"cat": 1}),
        (thing(box("x", 1, 2, 2), "dog"), "bad_bndbox", {"cat": 1}),
        (thing(box("nan", 1, 2, 2), "dog"), "box_not_finite", {"cat": 1}),
        (thing(box(9, 1, 8, 2), "dog"), "box_without_area", {"cat": 1}),
        (thing(box(81, 1, 90, 2), "dog"), "box_outside_image", {"cat": 1}),
        (thing(box(1, 1, 9, 9), ""), "no_label", {}),
    ],
)
def test_a_bad_object_costs_its_region(tmp_path, bad, reason, counted):
    failure, draft = read_voc(tmp_path, bad + thing(box(1, 1, 9, 9)))
    assert (failure.reason, failure.lost, failure.path) == (reason, "region", "a.xml")
    assert counts(draft) == counted


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"filename": ""}, "no_filename"),
        ({"filename": "b.png"}, "image_missing"),
        ({"filename": "../../../b.png"}, "image_path_outside_source"),
        ({"size": ""}, "no_size"),
        ({"size": "<size><width>60</width><height>80</height></size>"}, "image_not_as_annotated"),
    ],
)
def test_a_bad_picture_has_its_reason(tmp_path, changes, reason):
    (failure,) = read_voc(tmp_path, "", **changes)
    assert (failure.reason, failure.lost) == (reason, "row")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"<annotation>", "not_xml"),
        (b'<?xml version="1.0" encoding="nonsense"?><annotation/>', "not_xml"),
        (b"<html/>", "not_voc"),
        (b"<!DOCTYPE annotation><annotation/>", "xml_with_dtd"),
        (b'<!DOCTYPE a [<!ENTITY e "x">]><annotation>&e;</annotation>', "xml_with_dtd"),
        (b"<annotation>" + b" " * 300_000, "file_too_large"),
    ],
)
def test_a_bad_file_has_its_reason(tmp_path, text, reason):
    (tmp_path / "a.xml").write_bytes(text)
    (failure,) = read(tmp_path, "a.xml", "voc", max_file_bytes=200_000)
    assert (failure.reason, failure.lost) == (reason, "row")


def test_pictures_are_found_in_the_sibling_folder(tmp_path):
    for folder in ("VOC/Annotations", "VOC/JPEGImages"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "VOC/JPEGImages/a.png").write_bytes(png())
    text = f"<annotation><filename>a.png</filename>{SIZE}</annotation>"
    (tmp_path / "VOC/Annotations/a.xml").write_text(text)
    (draft,) = read(tmp_path, "VOC/Annotations/a.xml", "voc")
    assert isinstance(draft, Draft)
    (tmp_path / "VOC/Annotations/b.xml").write_text(text)
    images = {"images": tmp_path / "VOC/JPEGImages"}
    (draft,) = read(tmp_path / "VOC/Annotations", "b.xml", "voc", source=images)
    assert isinstance(draft, Draft)


@pytest.mark.parametrize("photo", PHOTOS)
def test_real_files_agree_with_the_labelme_files_they_were_made_of(photo):
    """labelme's converter writes its 0-based edges as they are: so left and top differ by 1."""
    root = labelme_examples() / "bbox_detection"
    (voc,) = read(root, f"data_dataset_voc/Annotations/{photo}.xml", "voc")
    (labelme,) = drafts(read(root, f"data_annotated/{photo}.json", "labelme"))
    assert len(regions(voc)) >= 2
    for (label, a), (same, b) in zip(pixel_boxes(voc), pixel_boxes(labelme), strict=True):
        assert label == same
        shift = [p - q for p, q in zip(a, b, strict=True)]
        assert shift == pytest.approx([-1, -1, 0, 0], abs=0.51)
