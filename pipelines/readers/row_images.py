"""Pictures in rows: how they are given, and where they stand in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers.data_uri import decode_data_uri, is_data_uri
from pipelines.readers.drafts import BadInput, RawImage
from pipelines.readers.files import inside
from pipelines.readers.pictures import check_picture, load_picture
from records import Part

#: Stands for a picture in a text: LLaVA's convention.
PLACEHOLDER = "<image>"
#: "<image 1>", "<image_2>": pictures by number, of which it is not known where they are.
_NUMBERED = re.compile(r"<image[ _]?\d+>")
_REMOTE = re.compile(r"(?:https?|ftp|s3|gs|hf)://", re.I)


def row_images(row: dict[str, Any]) -> list[Any]:
    """The pictures of the fields `image` or `images`, as they are given.

    None at the end of a list only fills it. One before a picture is a picture
    that is missing: without it, the others would be in its place.
    """
    found = row.get("images") or row.get("image") or []
    given = list(found) if isinstance(found, list) else [found]
    while given and given[-1] is None:
        given.pop()
    return given


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
        if len(value) > config.max_image_bytes:
            raise BadInput("image_too_large", f"{len(value)} bytes, limit {config.max_image_bytes}")
        return check_picture(value, config)
    if not isinstance(value, str) or not value.strip():
        raise BadInput("image_not_given", f"a {type(value).__name__} is no picture")
    if is_remote(value):
        raise BadInput(
            "image_remote", f"{value[:200]}: download the pictures first, with img2dataset"
        )
    if is_data_uri(value):
        return check_picture(decode_data_uri(value, config.max_image_bytes), config)
    try:
        path = inside(source.pictures, value)
    except BadInput as bad:
        raise BadInput(f"image_{bad.reason}", bad.detail) from None
    return load_picture(path, config)


def place_images(parts: Iterable[Part], images: int) -> tuple[Part, ...]:
    """The texts cut at their placeholders, each of which is one of the pictures, in order.

    Pictures whose place is known are parts already; placeholders are the others.
    Where there is neither, the pictures come first, after what the system says.
    Raises BadInput where there are not as many placeholders as pictures: which
    picture is where is not known, or the text is about one that is missing.
    """
    steps = [step for part in parts for step in _cut(part)]
    placed = {step.image for step in steps if step.image is not None}
    others = [index for index in range(images) if index not in placed]
    marks = sum(_is_placeholder(step) for step in steps)
    if not marks and not placed:
        start = next((i for i, step in enumerate(steps) if step.role != "system"), len(steps))
        role = steps[start].role if start < len(steps) else None
        steps[start:start] = [Part("image", role=role)] * images
    elif marks != len(others):
        detail = f"{marks} placeholders, {len(others)} images"
        raise BadInput("placeholders_not_as_images", detail)
    index = iter(others)
    return tuple(replace(s, image=next(index)) if _is_placeholder(s) else s for s in steps)


def _is_placeholder(step: Part) -> bool:
    return step.type == "image" and step.image is None


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
