"""Pictures from untrusted files, as the pixels that a trainer will see.

What a trainer does is `Image.open(...).convert("RGB")`. A picture for which
that is right is kept byte for byte; any other is written anew, so that it is:

    EXIF orientation   the pixels are turned, the tag goes
    transparency       laid on white
    CMYK, YCCK, Lab    to sRGB
    16 and 32 bits     scaled to 8 (`convert` would cut bright values off)
    animation, pages   the first frame alone
    BMP, TIFF, AVIF …  written as PNG; what was JPEG or AVIF as JPEG of quality 95
                       without chroma subsampling
    palette, grey      kept: `convert` is right for them
    SVG                not a picture until something renders it: left out, counted

Boxes of annotations are in pixels of one of the two orientations. Which one,
the annotated size says; where it cannot (a half turn, a mirror, a square), the
picture is refused: half of the boxes would be false.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from pipelines.config import IngestConfig
from pipelines.readers.drafts import BadInput, RawImage
from pipelines.readers.files import read_whole

#: Encodings that go into packs as they are.
KEPT_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
FORMATS = (*KEPT_FORMATS, "BMP", "TIFF", "PPM", "JPEG2000", "AVIF")
_PHOTOS = (".jpg", ".jpeg", ".jpe", ".webp", ".avif", ".jp2", ".tif", ".tiff")
SUFFIXES = frozenset((*_PHOTOS, ".png", ".gif", ".bmp", ".ppm", ".pgm"))
# Pillow loads most of its decoders only when asked to.
Image.init()

#: Modes for which `convert("RGB")` gives the right pixels.
_PLAIN_MODES = ("1", "L", "P", "RGB")
_ORIENTATION = 0x0112
#: Orientations that swap width and height.
_SWAPPED = (5, 6, 7, 8)


def load_picture(
    path: Path, config: IngestConfig, annotated: tuple[int, int] | None = None
) -> RawImage:
    """Read and check a picture file. Raises BadInput with a reason that begins `image_`."""
    try:
        data = read_whole(path, config.max_image_bytes)
    except BadInput as bad:
        raise BadInput(bad.reason.replace("file", "image", 1), bad.detail) from None
    return check_picture(data, config, annotated)


def check_picture(
    data: bytes, config: IngestConfig, annotated: tuple[int, int] | None = None
) -> RawImage:
    """Check a picture's bytes by decoding them. Raises BadInput.

    The size is read from the header first: a picture with more than
    `max_image_pixels` is never decoded. `annotated` is the (width, height) for
    which its boxes were drawn; another size is refused.
    """
    try:
        with warnings.catch_warnings():
            # Pillow's own limit only warns; ours decides.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                pixels = picture.width * picture.height
                if pixels > config.max_image_pixels:
                    detail = f"{picture.width} x {picture.height}, limit {config.max_image_pixels}"
                    raise BadInput("image_too_many_pixels", detail, data)
                return _as_seen(picture, data, annotated)
    except Image.UnidentifiedImageError as error:
        raise BadInput("image_unknown_format", head=data) from error
    except Image.DecompressionBombError as error:
        raise BadInput("image_too_many_pixels", str(error), data) from error
    except (BadInput, MemoryError):
        raise
    except Exception as error:  # for a bad file Pillow may raise anything
        raise BadInput("image_broken", f"{type(error).__name__}: {error}", data) from error


def _as_seen(picture: Image.Image, data: bytes, annotated: tuple[int, int] | None) -> RawImage:
    encoding = picture.format or ""
    deep = _is_deep(picture, data)
    frames = getattr(picture, "n_frames", 1)
    picture.load()
    orientation = picture.getexif().get(_ORIENTATION, 1)
    turn = orientation in range(2, 9) and _must_turn(picture, orientation, annotated)
    _check_size(picture, turn and orientation in _SWAPPED, annotated)
    transparent = "A" in picture.mode or "transparency" in picture.info
    plain = picture.mode in _PLAIN_MODES and not transparent and not deep
    if plain and frames == 1 and orientation not in range(2, 9) and encoding in KEPT_FORMATS:
        return RawImage(data, encoding.lower(), picture.width, picture.height)
    if turn:
        picture = ImageOps.exif_transpose(picture)
    seen = _to_rgb(picture, transparent)
    lossy = encoding in ("JPEG", "MPO", "AVIF")
    out = io.BytesIO()
    if lossy:
        seen.save(out, "JPEG", quality=95, subsampling=0)
    else:
        seen.save(out, "PNG", compress_level=6)
    return RawImage(out.getvalue(), "jpeg" if lossy else "png", seen.width, seen.height)


def _must_turn(picture: Image.Image, orientation: int, annotated: tuple[int, int] | None) -> bool:
    """Whether the pixels are to be turned as EXIF says; with boxes, as these were drawn."""
    if annotated is None:
        return True
    if orientation not in _SWAPPED or picture.width == picture.height:
        raise BadInput("image_orientation_unclear", f"EXIF orientation {orientation}")
    return annotated == (picture.height, picture.width)


def _check_size(picture: Image.Image, swapped: bool, annotated: tuple[int, int] | None) -> None:
    size = (picture.height, picture.width) if swapped else picture.size
    if annotated is not None and annotated != size:
        raise BadInput(
            "image_not_as_annotated",
            f"the picture is {size[0]} x {size[1]}, annotated {annotated[0]} x {annotated[1]}",
        )


def _is_deep(picture: Image.Image, data: bytes) -> bool:
    """More than 8 bits a channel. Pillow opens a 16-bit colour PNG as 8 bits; others may not."""
    png16 = picture.format == "PNG" and len(data) > 24 and data[24] == 16
    return png16 or picture.mode.startswith(("I", "F"))


def _to_rgb(picture: Image.Image, transparent: bool) -> Image.Image:
    if picture.mode.startswith(("I", "F")):
        return _to_8_bits(picture)
    if transparent:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture).convert("RGB")
    return picture if picture.mode in ("L", "RGB") else picture.convert("RGB")


def _to_8_bits(picture: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits: integers that fit 16 bits by their range, all else by its own."""
    values = np.asarray(picture, dtype=np.float32)
    values = np.nan_to_num(values)
    low, high = values.min(initial=0.0), values.max(initial=0.0)
    if picture.mode.startswith("I") and low >= 0 and high <= 65535:
        low, high = 0.0, 65535.0
    scaled = (values - low) * (255.0 / (high - low)) if high > low else np.zeros_like(values)
    return Image.fromarray(np.rint(scaled).astype(np.uint8))
