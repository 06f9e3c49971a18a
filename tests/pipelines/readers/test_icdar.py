"""No set of this format comes in a package; lines are as the competitions' pages give them."""

from __future__ import annotations

import pytest

from pipelines.readers import Draft
from tests.pipelines.readers.annotated import pixel_boxes, regions, rotated_jpeg
from tests.pipelines.readers.reading import png, read


def read_icdar(root, text, name="gt_a.txt", **source):
    (root / "a.png").write_bytes(png(1000, 1000))
    (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(root, name, "icdar", source=source)


def labels(draft):
    return [r["label"] for r in regions(draft)]


@pytest.mark.parametrize(
    "text",
    [
        '38, 43, 919, 214, "say ""no"" \\"yes\\" \\\\"\r\n10, 300, 19, 319, "a, b"\r\n',
        '38 43 919 214 "say ""no"" \\"yes\\" \\\\"\n10 300 19 319 "a, b"\n',
    ],
)
def test_icdar_2013_boxes_hold_their_last_pixel(tmp_path, text):
    (draft,) = read_icdar(tmp_path, text)
    assert pixel_boxes(draft) == [
        ('say ""no"" "yes" \\', [38, 43, 920, 215]),
        ("a, b", [10, 300, 20, 320]),
    ]
    assert [r["polygon"] for r in regions(draft)] == [[], []]
    assert draft.parts[1].text == 'say ""no"" "yes" \\\na, b'
    assert (draft.bucket, draft.url) == ("ocr", "gt_a.txt")


def test_icdar_2015_texts_may_hold_commas_and_numbers(tmp_path):
    text = (
        "\ufeff100,50,200,60,200,80,100,70,2,500\n300,100,400,100,400,120,300,120,Latin,America\n"
    )
    (draft,) = read_icdar(tmp_path, text)
    assert labels(draft) == ["2,500", "Latin,America"]
    assert [r["polygon"] for r in regions(draft)] == [[100, 50, 200, 60, 200, 80, 100, 70], []]
    assert regions(draft)[0]["box"] == [100, 50, 200, 80]


def test_scripts_are_read_where_every_line_has_one(tmp_path):
    box = "0,0,50,0,50,20,0,20"
    (draft,) = read_icdar(
        tmp_path, f"{box},Korean,안녕, 하세요\n{box},None,###\n{box},Latin,Latin,x\n"
    )
    assert labels(draft) == ["안녕, 하세요", "", "Latin,x"]
    (draft,) = read_icdar(tmp_path, f"{box},Korean,food\n{box},None left\n")
    assert labels(draft) == ["Korean,food", "None left"]


@pytest.mark.parametrize("mark", ["###", "*"])
def test_an_illegible_text_is_a_flagged_place_without_label(tmp_path, mark):
    (draft,) = read_icdar(tmp_path, f"0,0,50,0,50,20,0,20,{mark}\n60,0,90,0,90,20,60,20,ok\n")
    assert [(r["label"], r["flags"]) for r in regions(draft)] == [("", ["illegible"]), ("ok", [])]
    assert draft.parts[1].text == "ok"


def test_curved_polygons_have_any_number_of_corners(tmp_path):
    line = "100,100,200,80,300,100,300,140,200,120,100,140"
    (draft,) = read_icdar(tmp_path, f"{line},####10,20 TEXT\n{line},#######\n")
    assert labels(draft) == ["10,20 TEXT", ""]
    assert regions(draft)[0]["polygon"] == [int(v) for v in line.split(",")]


def test_an_empty_file_is_a_picture_without_text(tmp_path):
    (draft,) = read_icdar(tmp_path, "\n")
    assert (len(draft.parts), regions(draft)) == (1, [])


def test_the_level_is_the_source_s(tmp_path):
    (draft,) = read_icdar(tmp_path, "0,0,50,0,50,20,0,20,a line\n", level="line")
    assert [r["level"] for r in regions(draft)] == ["line"]


@pytest.mark.parametrize("name", ["gt_a.txt", "a.txt", "deep/gt_a.txt"])
def test_the_picture_is_found_beside_or_in_the_folder_of_pictures(tmp_path, name):
    root, images = tmp_path / "gt", tmp_path / "images"
    for folder in (root / "deep", images):
        folder.mkdir(parents=True)
    (images / "a.JPG").write_bytes(rotated_jpeg(80, 60, 1))
    (root / name).write_text("0,0,50,0,50,20,0,20,x\n")
    (draft,) = read(root, name, "icdar", source={"images": images})
    assert draft.images[0].width == 80


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("words about the set\n", "not_icdar"),
        ("1,2,3,4\n", "not_icdar"),
        (b"0,0,50,0,50,20,0,20,caf\xe9\n", "bad_encoding"),
    ],
)
def test_a_bad_file_has_its_reason(tmp_path, text, reason):
    (failure,) = read_icdar(tmp_path, text)
    assert (failure.reason, failure.lost) == (reason, "row")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("0,0,50,0,50,20,0", "bad_line"),
        ("0,0,50,0,50,20,0,20,", "no_transcription"),
        ("0,0,50,0,50,0,0,0,flat", "box_without_area"),
        ("5000,0,5050,0,5050,20,5000,20,out", "box_outside_image"),
    ],
)
def test_a_bad_line_costs_its_region(tmp_path, line, reason):
    failure, draft = read_icdar(tmp_path, f"{line}\n0,0,50,0,50,20,0,20,ok\n")
    assert (failure.reason, failure.lost) == (reason, "region")
    assert labels(draft) == ["ok"]


def test_a_missing_picture_costs_the_row(tmp_path):
    (failure,) = read_icdar(tmp_path, "0,0,50,0,50,20,0,20,x\n", name="gt_b.txt")
    assert (failure.reason, failure.lost) == ("image_missing", "row")


@pytest.mark.parametrize(("orientation", "read_it"), [(1, True), (3, False), (6, False)])
def test_a_picture_whose_orientation_is_unclear_is_refused(tmp_path, orientation, read_it):
    (tmp_path / "b.jpg").write_bytes(rotated_jpeg(80, 60, orientation))
    (tmp_path / "b.txt").write_text("0,0,50,0,50,20,0,20,x\n")
    (item,) = read(tmp_path, "b.txt", "icdar")
    assert isinstance(item, Draft) if read_it else item.reason == "image_orientation_unclear"
