"""Pictures from untrusted files: bounded, decoded once to know that they decode, kept as found."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

from PIL import Image

from pipelines.readers.drafts import RawImage

#: Encodings that go into packs as they are.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
#: What Pillow may raise for a bad file.
_DECODE_ERRORS = (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError)


class BadPicture(Exception):
    """A picture that cannot be used, and why."""

    def __init__(self, reason: str, detail: str = "", head: bytes = b""):
        super().__init__(reason)
        self.reason, self.detail, self.head = reason, detail, head


def load_picture(path: Path, *, max_bytes: int, max_pixels: int) -> RawImage:
    """Read and check a picture file. Raises BadPicture."""
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise BadPicture("image_file_too_large", f"{size} bytes, limit {max_bytes}")
        data = path.read_bytes()
    except FileNotFoundError:
        raise BadPicture("image_missing") from None
    except OSError as error:
        raise BadPicture("image_unreadable", str(error.strerror)) from error
    return check_picture(data, max_pixels=max_pixels)


def check_picture(data: bytes, *, max_pixels: int) -> RawImage:
    """Check a picture's bytes by decoding them. Raises BadPicture.

    The size is read from the header first: a picture with more than
    `max_pixels` is never decoded.
    """
    try:
        with warnings.catch_warnings():
            # Pillow's own limit only warns; ours decides.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                width, height = picture.size
                if width * height > max_pixels:
                    detail = f"{width} x {height}, limit {max_pixels}"
                    raise BadPicture("image_too_many_pixels", detail, data[:64])
                picture.load()
                encoding = (picture.format or "").lower()
    except Image.UnidentifiedImageError as error:
        raise BadPicture("image_unknown_format", head=data[:64]) from error
    except Image.DecompressionBombError as error:
        raise BadPicture("image_too_many_pixels", str(error), data[:64]) from error
    except _DECODE_ERRORS as error:
        raise BadPicture("image_broken", str(error), data[:64]) from error
    return RawImage(data, encoding, width, height)
