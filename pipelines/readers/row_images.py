"""Pictures in rows: how they are given, and where they stand in a text."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers.drafts import BadInput, RawImage
from pipelines.readers.files import inside
from pipelines.readers.pictures import check_picture, load_picture
from records import Part

#: Stands for a picture in a text: LLaVA's convention.
PLACEHOLDER = "<image>"
#: "<image 1>", "<image_2>": pictures by number, of which it is not known where they are.
_NUMBERED = re.compile(r"<image[ _]?\d+>")
_REMOTE = re.compile(r"(?:https?|ftp|s3|gs|hf)://", re.I)
_DATA_URI = re.compile(r"data:[^,]{0,100};base64,", re.I)


def row_images(row: dict[str, Any]) -> list[Any]:
    """The pictures of the fields `image` or `images`, as they are given."""
    found = row.get("images") or row.get("image") or []
    return [i for i in found if i is not None] if isinstance(found, list) else [found]


def is_remote(value: Any) -> bool:
    """Whether that is the address of a picture elsewhere."""
    return isinstance(value, str) and _REMOTE.match(value) is not None


def load_given(value: Any, source: SourceConfig, config: IngestConfig) -> RawImage:
    """The picture that a row gives: its bytes, a data URI, or a path below the source's pictures.

    A dict with `bytes` and `path` is how Hugging Face datasets store either.
    Raises BadInput with a reason that begins `image_`.
    """
    if isinstance(value, dict) and value.keys() & {"bytes", "path"}:
        value = value.get("bytes") or value.get("path")
    if isinstance(value, bytes):
        _check_length(len(value), config)
        return check_picture(value, config)
    if not isinstance(value, str) or not value.strip():
        raise BadInput("image_not_given", f"a {type(value).__name__} is no picture")
    if is_remote(value):
        raise BadInput(
            "image_remote", f"{value[:200]}: download the pictures first, with img2dataset"
        )
    if value.startswith("data:"):
        return check_picture(_data_uri(value, config), config)
    try:
        path = inside(source.pictures, value)
    except BadInput as bad:
        raise BadInput(f"image_{bad.reason}", bad.detail) from None
    return load_picture(path, config)


def place_images(parts: Iterable[Part], images: int) -> tuple[Part, ...]:
    """The texts cut at their placeholders, each of which is one of the pictures, in order.

    Where there is no placeholder, the pictures come first, after what the system
    says. Raises BadInput where there are not as many placeholders as pictures:
    which picture is where is not known, or the text is about one that is missing.
    """
    steps = [step for part in parts for step in _cut(part)]
    marks = sum(step.type == "image" for step in steps)
    if not marks and images:
        start = next((i for i, step in enumerate(steps) if step.role != "system"), len(steps))
        role = steps[start].role if start < len(steps) else None
        steps[start:start] = [Part("image", role=role)] * images
    elif marks != images:
        raise BadInput("placeholders_not_as_images", f"{marks} placeholders, {images} images")
    index = count()
    return tuple(replace(s, image=next(index)) if s.type == "image" else s for s in steps)


def _cut(part: Part) -> Iterator[Part]:
    text = part.text or ""
    if part.type != "text":
        yield part
        return
    if numbered := _NUMBERED.search(text):
        raise BadInput("placeholder_numbered", numbered[0])
    for index, piece in enumerate(text.split(PLACEHOLDER)):
        if index:
            yield Part("image", role=part.role)
        if piece.strip():
            yield replace(part, text=piece.strip())


def _data_uri(value: str, config: IngestConfig) -> bytes:
    head = _DATA_URI.match(value)
    if head is None:
        raise BadInput("image_bad_data_uri", value[:100])
    _check_length((len(value) - head.end()) * 3 // 4, config)
    try:
        return base64.b64decode(value[head.end() :], validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInput("image_bad_data_uri", str(error)) from error


def _check_length(size: int, config: IngestConfig) -> None:
    if size > config.max_image_bytes:
        raise BadInput("image_too_large", f"{size} bytes, limit {config.max_image_bytes}")
