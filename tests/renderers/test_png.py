from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from pipelines.readers.png import encode_png
from renderers.png import decode_png

#: uint8 (H, W, 3).
PICTURES = hnp.arrays(
    np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=8).map(lambda size: (*size, 3))
)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_of(width: int, height: int, inflated: bytes, parts: int = 1) -> bytes:
    """Rows of RGB with their filters, in as many IDAT chunks."""
    body = zlib.compress(inflated)
    cut = -(-len(body) // parts)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
            *(chunk(b"IDAT", body[k : k + cut]) for k in range(0, len(body), cut)),
            chunk(b"IEND", b""),
        )
    )


@given(PICTURES)
def test_rows_less_the_row_above_are_read_as_they_were(picture):
    assert np.array_equal(decode_png(encode_png(picture)), picture)


@given(PICTURES, st.data())
def test_any_filter_and_any_division_into_chunks_are_read_as_opencv_does(picture, data):
    height, width = picture.shape[:2]
    filters = data.draw(st.lists(st.integers(0, 4), min_size=height, max_size=height))
    rows = zip(filters, picture, strict=True)
    png = png_of(
        width,
        height,
        b"".join(bytes([number]) + row.tobytes() for number, row in rows),
        data.draw(st.integers(1, 5)),
    )
    wanted = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert np.array_equal(decode_png(png), wanted)


@pytest.mark.parametrize("mode", ["RGBA", "L", "P"])
def test_other_kinds_of_png_are_read_too(mode):
    picture = Image.effect_mandelbrot((30, 20), (-2, -1, 1, 1), 50).convert(mode)
    file = io.BytesIO()
    picture.save(file, "PNG")
    assert np.array_equal(decode_png(file.getvalue()), np.asarray(picture.convert("RGB")))


PICTURE = encode_png(np.arange(60, dtype=np.uint8).reshape(4, 5, 3))


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"<html>",
        PICTURE[:20],
        PICTURE[:45],
        png_of(2, 1, b"\x02" * 6),
        png_of(2, 1, b"\x02" * 8),
        png_of(0, 0, b""),
    ],
    ids=["empty", "text", "no header", "cut", "too short", "too long", "of no size"],
)
def test_what_is_no_picture_is_read_as_none_or_as_opencv_does(broken):
    data = np.frombuffer(broken, np.uint8)
    wanted = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB) if broken else None
    found = decode_png(broken)
    assert (found is None) == (wanted is None)
    assert wanted is None or np.array_equal(found, wanted)
