"""Pixels to bytes: lossless where they were drawn, JPEG where they were photographed."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]

#: Of neighbours in a row, the share that must be equal for a picture to be clean. Drawn
#: pages have 0.9, with a photo on half of them 0.7; scans and photos of pages 0.25 to
#: 0.58. There lossless WebP takes 2 to 3 times the bytes of JPEG; above, 0.06 to 1.7.
MIN_EQUAL = 0.6
#: Pixels of a side of the largest WebP, and of the largest JPEG that libjpeg writes.
MAX_WEBP, MAX_JPEG = 16_383, 65_500
#: Effort of lossless WebP.
WEBP_QUALITY, WEBP_METHOD = 20, 2
#: Of 90..95; colour is kept at full resolution, as text may be coloured.
JPEG_QUALITY = 92
#: Effort of PNG, where a picture is too large for WebP.
PNG_LEVEL = 6


@dataclass(frozen=True)
class Encoded:
    """A picture's bytes, and how they were made."""

    data: bytes
    #: As in `records.ImageRef.format`: webp, jpeg or png.
    format: str
    parameters: Mapping[str, Any]

    def as_json(self) -> str:
        """For a sample's targets."""
        return json.dumps({"format": self.format, **self.parameters}, sort_keys=True)


def encode(pixels: Pixels, *, noisy: bool | None = None) -> Encoded:
    """A picture (H, W, 3) as lossless WebP, or as JPEG if it is `noisy`.

    Without `noisy` its pixels tell (`looks_noisy`). What is too large for either
    becomes a PNG. The same pixels give the same bytes.
    """
    picture = Image.fromarray(pixels)
    longest = max(picture.size)
    if looks_noisy(pixels) if noisy is None else noisy:
        if longest <= MAX_JPEG:
            how = {"quality": JPEG_QUALITY, "subsampling": "4:4:4"}
            return Encoded(_save(picture, "JPEG", how), "jpeg", how)
    elif longest <= MAX_WEBP:
        how = {"lossless": True, "quality": WEBP_QUALITY, "method": WEBP_METHOD}
        return Encoded(_save(picture, "WEBP", how), "webp", how)
    how = {"compress_level": PNG_LEVEL}
    return Encoded(_save(picture, "PNG", how), "png", how)


def looks_noisy(pixels: Pixels) -> bool:
    """Whether JPEG is the smaller by far: less than MIN_EQUAL of neighbours are equal."""
    return equal_neighbours(pixels) < MIN_EQUAL


def equal_neighbours(pixels: Pixels) -> float:
    """The share of pixels equal to the next one to the right, of every 16th row; 1 if none has."""
    rows = pixels[::16]
    same = (rows[:, 1:] == rows[:, :-1]).all(axis=2)
    return float(same.mean()) if same.size else 1.0


def _save(picture: Image.Image, kind: str, how: Mapping[str, Any]) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **how)
    return file.getvalue()
