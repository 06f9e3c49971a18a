from __future__ import annotations

import io
import random
import warnings

import numpy as np
import pytest
from PIL import Image, ImageOps

from pipelines.config import IngestConfig
from pipelines.readers import BadInput
from pipelines.readers.pictures import SUFFIXES, check_picture, load_picture
from tests.pipelines.readers.packages import pillow
from tests.pipelines.readers.reading import png

CONFIG = IngestConfig()


@pytest.fixture(scope="module")
def images():
    """Pillow's own test pictures: every mode, broken ones among them."""
    return pillow()


def seen(raw):
    """The pixels that a trainer gets."""
    with Image.open(io.BytesIO(raw.data)) as picture:
        return np.asarray(picture.convert("RGB"), dtype=int)


def difference(raw, other):
    return np.abs(seen(raw) - np.asarray(other.convert("RGB"), dtype=int)).mean()


def test_every_picture_is_plain_afterwards_or_refused_with_a_reason(images):
    reasons, formats = set(), set()
    paths = [p for p in sorted(images.iterdir()) if p.suffix.lower() in SUFFIXES]
    assert len(paths) > 500
    for path in paths:
        try:
            raw = load_picture(path, CONFIG)
        except BadInput as bad:
            assert bad.reason.startswith("image_"), path
            reasons.add(bad.reason)
            continue
        formats.add(raw.format)
        with warnings.catch_warnings(), Image.open(io.BytesIO(raw.data)) as picture:
            warnings.simplefilter("ignore")
            assert picture.size == (raw.width, raw.height), path
            assert picture.mode in ("1", "L", "P", "RGB"), path
            assert "transparency" not in picture.info, path
            assert getattr(picture, "n_frames", 1) == 1, path
            assert picture.getexif().get(0x0112, 1) not in range(2, 9), path
    assert {"image_broken", "image_unknown_format", "image_too_many_pixels"} <= reasons
    assert formats == {"png", "jpeg", "webp", "gif"}


@pytest.mark.parametrize("name", ["hopper.jpg", "hopper.png", "hopper.webp", "hopper.gif"])
def test_a_plain_picture_is_kept_byte_for_byte(images, name):
    path = images / name
    assert load_picture(path, CONFIG).data == path.read_bytes()


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("suffix", ["jpg", "webp"])
def test_exif_orientation_is_in_the_pixels(images, orientation, suffix):
    raw = load_picture(images / f"hopper_orientation_{orientation}.{suffix}", CONFIG)
    with Image.open(images / "hopper.jpg") as upright:
        # Both were compressed once more.
        assert difference(raw, upright) < 6


def test_boxes_decide_whether_a_picture_is_turned(images):
    path = images / "orientation_rectangle.jpg"
    with Image.open(path) as picture:
        lying, turned = picture.size, ImageOps.exif_transpose(picture)
        assert lying != turned.size
        raw = load_picture(path, CONFIG, annotated=turned.size)
        assert difference(raw, turned) < 3
        raw = load_picture(path, CONFIG, annotated=lying)
        assert difference(raw, picture) < 3
    with pytest.raises(BadInput, match="image_not_as_annotated"):
        load_picture(path, CONFIG, annotated=(lying[0] + 1, lying[1]))


@pytest.mark.parametrize("orientation", [2, 3, 4, 6])
def test_boxes_on_a_picture_that_could_lie_either_way_are_refused(images, orientation):
    # hopper is a square, so its size says nothing of a quarter turn.
    path = images / f"hopper_orientation_{orientation}.jpg"
    with pytest.raises(BadInput, match="image_orientation_unclear"):
        load_picture(path, CONFIG, annotated=(128, 128))


def test_transparency_is_laid_on_white(images):
    raw = load_picture(images / "transparent.webp", CONFIG)
    with Image.open(images / "transparent.webp") as picture:
        clear = np.asarray(picture.convert("RGBA"))[:, :, 3] == 0
    assert clear.any()
    assert (seen(raw)[clear] == 255).all()


def test_sixteen_bits_are_scaled_and_not_cut(images):
    deep = load_picture(images / "hopper_16bit.pgm", CONFIG)
    with Image.open(images / "hopper_8bit.pgm") as shallow:
        assert difference(deep, shallow) <= 1


def test_cmyk_is_inverted_where_adobe_says_so(images):
    raw = load_picture(images / "pil_sample_cmyk.jpg", CONFIG)
    with Image.open(images / "pil_sample_rgb.jpg") as rgb:
        assert difference(raw, rgb) < 12


def test_of_an_animation_the_first_frame_is_kept(images):
    raw = load_picture(images / "chi.gif", CONFIG)
    with Image.open(images / "chi.gif") as picture:
        first = picture.convert("RGBA")
        assert picture.n_frames > 1
    white = Image.new("RGBA", first.size, "white")
    assert difference(raw, Image.alpha_composite(white, first)) == 0


def test_mutated_pictures_decode_or_say_why():
    dice = random.Random(1)
    for _ in range(200):
        data = bytearray(png(40, 30))
        for _ in range(dice.randint(1, 6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        try:
            assert check_picture(bytes(data), CONFIG).width > 0
        except BadInput as bad:
            assert bad.reason.startswith("image_")


def test_a_large_image_file_is_not_read(tmp_path):
    (tmp_path / "a.png").write_bytes(png())
    with pytest.raises(BadInput, match="image_too_large"):
        load_picture(tmp_path / "a.png", IngestConfig(max_image_bytes=10))
