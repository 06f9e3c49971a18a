"""What is measured of pictures, and which are content."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageDraw

from filters import judge_pictures, measure_pictures
from pipelines.judge_images import read_view
from tests.pipelines.readers import packages

MAX_PIXELS = 100_000_000


def reason(picture):
    data = picture.read_bytes() if not isinstance(picture, Image.Image) else png(picture)
    with Image.open(io.BytesIO(data)) as opened:
        width, height = opened.size
        if "A" in opened.mode or "transparency" in opened.info:  # as ingest writes it
            opened = opened.convert("RGBA")
            white = Image.new("RGBA", opened.size, "white")
            data = png(Image.alpha_composite(white, opened).convert("RGB"))
    measures = measure_pictures([read_view(data, MAX_PIXELS)])
    return judge_pictures([width], [height], measures, min_side=64, max_aspect=8).reason[0]


def png(picture):
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def measured(picture, name):
    return measure_pictures([np.asarray(picture.convert("RGB"))])[name][0]


def gradient(width, height):
    return Image.linear_gradient("L").resize((width, height)).convert("RGB")


def plot():
    """One thin line between two axes, on white."""
    picture = Image.new("RGB", (400, 300), "white")
    draw = ImageDraw.Draw(picture)
    draw.line([(40, 20), (40, 260), (380, 260)], "black")
    draw.line([(40, 240), (160, 100), (380, 60)], "blue")
    return picture


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (Image.new("RGB", (1, 1), "white"), "image_tracker"),
        (Image.new("RGB", (600, 2), "grey"), "image_tracker"),
        (Image.new("RGB", (640, 480), "white"), "image_blank"),
        (Image.new("RGB", (640, 480), (3, 120, 40)), "image_blank"),
        (gradient(512, 400), "image_blank"),
        (gradient(30, 400), "image_blank"),
        (plot(), None),
    ],
)
def test_what_shows_nothing_is_blank_and_a_line_on_white_is_not(picture, expected):
    assert reason(picture) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("smzb10.png", None),  # a formula, 295 x 40
        ("smzb7.png", None),  # a formula, 255 x 60
        ("smzb1.png", None),  # a symbol with indexes, 95 x 80
        ("OptSecurityPage.png", None),  # a dialog
        ("sw_paste_range.png", "image_too_small"),
        ("calcnav.png", "image_too_small"),  # four buttons
        ("note.png", "image_too_small"),
        ("hand01.png", "image_too_small"),  # black on white, but no writing
        ("feldalle.png", "image_too_narrow"),
    ],
)
def test_formulas_and_dialogs_stay_and_buttons_leave(samples, name, expected):
    (path,) = (samples / "libreoffice-help" / "media").rglob(name)
    assert reason(path) == expected


def test_plots_of_the_documentation_stay(samples):
    plots = sorted((samples / "scikit-learn" / "_images").glob("sphx_glr_plot_*_00?.png"))[::12]
    assert len(plots) > 20
    assert {path.name: reason(path) for path in plots} == {path.name: None for path in plots}


def test_toolbar_icons_leave():
    root = packages.debian("tango-icon-theme") / "usr/share/icons/Tango/32x32/actions"
    icons = [path for path in sorted(root.glob("*.png")) if not path.is_symlink()][::5]
    assert len(icons) > 10
    assert {reason(path) for path in icons} == {"image_too_small"}


def test_a_larger_icon_leaves_and_a_photo_of_its_size_stays():
    icon = Image.new("RGB", (96, 96), "white")
    ImageDraw.Draw(icon).ellipse((12, 12, 84, 84), "orange")
    assert reason(icon) == "image_icon"
    assert reason(packages.pillow() / "hopper.jpg") is None  # 128 x 128


def test_text_covers_pages_and_not_photos():
    page = packages.ocrmypdf_pdfs() / "linn.png"
    photos = sorted(packages.labelme_examples().rglob("2011_*.jpg"))[:3]
    views = [read_view(p.read_bytes(), MAX_PIXELS) for p in (page, *photos)]
    of_page, *of_photos = measure_pictures(views)["text_area"]
    assert of_page > 0.3
    assert len(of_photos) == 3
    assert max(of_photos) < 0.05


def test_a_photo_and_a_page_are_more_complex_than_a_plot():
    photo = Image.open(packages.pillow() / "hopper.jpg")
    page = Image.open(packages.ocrmypdf_pdfs() / "linn.png").convert("L")
    page.thumbnail((512, 512))
    least = min(measured(photo, "complexity"), measured(page, "complexity"))
    assert least > 2 * measured(plot(), "complexity")


def test_entropies_are_those_of_the_counts():
    halves = Image.new("RGB", (64, 64), "white")
    halves.paste("black", (0, 0, 32, 64))
    assert measured(halves, "grey_entropy") == measured(halves, "colour_entropy") == 1
    assert measured(halves, "top_colour") == 0.5
    assert measured(halves, "edges") == 1 / 64


sizes = st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3))


@given(arrays.arrays(np.uint8, sizes))
def test_any_picture_has_measures_within_their_ranges(view):
    measures = {name: values[0] for name, values in measure_pictures([view]).items()}
    for name in ("edges", "top_colour", "border", "text_area", "complexity"):
        assert 0 <= measures[name] <= 1, name
    assert 0 <= measures["grey_entropy"] <= 8
    assert 0 <= measures["colour_entropy"] <= 15
    assert measures["strokes"] >= 0


def test_no_pictures_have_no_measures_and_no_reasons():
    measures = measure_pictures([])
    assert all(len(values) == 0 for values in measures.values())
    assert len(judge_pictures([], [], measures, min_side=1, max_aspect=1).reason) == 0
