"""Lossless where it was drawn, JPEG where it was photographed."""

from __future__ import annotations

import io
import json

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image

from records import generator
from renderers.effects import apply_recipe, choose_recipe
from renderers.encoding import MAX_JPEG, MAX_WEBP, encode, looks_noisy
from tests.pipelines.readers.packages import ocrmypdf_pdfs
from tests.renderers.effects.pages import blank

#: Decibels of a noisy page after JPEG: what is lost is less than its noise.
LEAST_PSNR = 36.0


@pytest.fixture(scope="module")
def drawn():
    """A page of text as PDFium draws it."""
    document = pdfium.PdfDocument(ocrmypdf_pdfs() / "francais.pdf")
    return np.asarray(document[0].render(scale=2).to_pil().convert("RGB"))


@pytest.fixture(scope="module", params=["scan", "photo", "copy"])
def taken(request, drawn):
    recipe = choose_recipe(request.param, 0.6, generator(1, request.param), text_height=24)
    return apply_recipe(recipe, drawn, np.zeros((0, 2)))[0]


def decoded(encoded):
    picture = Image.open(io.BytesIO(encoded.data))
    assert picture.format.lower() == encoded.format
    return np.asarray(picture.convert("RGB"))


def bytes_as(pixels, kind, **how):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **how)
    return len(file.getvalue())


def test_a_drawn_page_comes_back_exactly_and_is_smallest(drawn):
    encoded = encode(drawn)
    assert encoded.format == "webp"
    assert np.array_equal(decoded(encoded), drawn)
    assert len(encoded.data) < bytes_as(drawn, "PNG")
    assert len(encoded.data) < bytes_as(drawn, "JPEG", quality=92, subsampling=0)


def test_a_page_taken_by_a_camera_is_a_jpeg_of_less_than_half(taken):
    encoded = encode(taken)
    assert encoded.format == "jpeg"
    assert len(encoded.data) < 0.5 * bytes_as(taken, "PNG")
    error = np.square(decoded(encoded).astype(float) - taken).mean()
    assert 10 * np.log10(255**2 / error) > LEAST_PSNR


def test_jpegs_keep_the_colour_of_thin_strokes(drawn):
    red = drawn.copy()
    red[..., 0] = 255
    strokes = drawn[..., 0] < 100
    kept = decoded(encode(red, noisy=True)).astype(int)
    assert np.abs(kept[strokes] - red[strokes]).mean() < 6


def test_a_fax_is_kept_without_loss(drawn):
    recipe = choose_recipe("fax", 0.8, generator(1), text_height=24)
    fax, _ = apply_recipe(recipe, drawn, np.zeros((0, 2)))
    assert np.array_equal(decoded(encode(fax)), fax)


def test_the_caller_may_know_better(drawn):
    assert encode(drawn, noisy=True).format == "jpeg"
    noise = np.random.default_rng(1).integers(0, 256, (50, 50, 3), dtype=np.uint8)
    assert looks_noisy(noise)
    assert np.array_equal(decoded(encode(noise, noisy=False)), noise)


def test_the_same_pixels_are_the_same_bytes(drawn, taken):
    assert encode(drawn).data == encode(drawn.copy()).data
    assert encode(taken).data == encode(taken.copy()).data


@pytest.mark.parametrize(
    ("size", "noisy", "expected"),
    [
        ((1, 1), None, "webp"),
        ((MAX_WEBP, 2), None, "webp"),
        ((2, MAX_WEBP + 1), None, "png"),
        ((MAX_JPEG, 1), True, "jpeg"),
        ((1, MAX_JPEG + 1), True, "png"),
    ],
)
def test_every_size_has_an_encoding(size, noisy, expected):
    pixels = blank(*size, 77)
    encoded = encode(pixels, noisy=noisy)
    assert encoded.format == expected
    assert decoded(encoded).shape == pixels.shape


def test_how_it_was_done_is_told():
    assert json.loads(encode(blank(9, 9)).as_json()) == {
        "format": "webp", "lossless": True, "method": 2, "quality": 20,
    }  # fmt: skip
    assert json.loads(encode(blank(9, 9), noisy=True).as_json()) == {
        "format": "jpeg", "quality": 92, "subsampling": "4:4:4",
    }  # fmt: skip
