"""What files hold and name: JSON, and pictures by their paths."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

import msgspec

from pipelines.readers.drafts import BadInput
from pipelines.readers.files import inside

_BOM = b"\xef\xbb\xbf"
#: Numbers that JSON does not have, as Python writes them; group 1. Strings are passed over:
#: one that is not closed goes to the end, so no byte is looked at twice. `*+` gives nothing
#: back, so a long string takes no memory.
_NOT_FINITE = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|(-?\b(?:NaN|Infinity)\b)', re.S)
T = TypeVar("T")


def decode(data: bytes | msgspec.Raw, kind: type[T], reason: str) -> T:
    """JSON as a `kind`. Raises BadInput: with `reason` where it is JSON of another form.

    NaN and Infinity, which Python's `json` and pandas write as they are, are
    null. Fields that `kind` does not have are skipped, not stored.
    """
    data = data.removeprefix(_BOM) if isinstance(data, bytes) else data
    try:
        return _decode(data, kind, reason)
    except BadInput as bad:
        finite = _without_nan(bytes(data)) if bad.reason == "not_json" else None
        if finite is None:
            raise
    return _decode(finite, kind, reason)


def _decode(data: bytes | msgspec.Raw, kind: type[T], reason: str) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except UnicodeDecodeError as error:
        raise BadInput("bad_encoding", str(error), bytes(data)) from error
    except msgspec.ValidationError as error:
        raise BadInput(reason, str(error), bytes(data)) from error
    except (msgspec.DecodeError, RecursionError) as error:
        broken = "bad_encoding" if "surrogate" in str(error) else "not_json"
        raise BadInput(broken, str(error), bytes(data)) from error


def _without_nan(data: bytes) -> bytes | None:
    """The JSON with null for numbers that are not finite; None where it has none."""
    if b"NaN" not in data and b"Infinity" not in data:
        return None
    pieces, end = list[bytes](), 0
    for found in _NOT_FINITE.finditer(data):
        if found[1]:
            pieces += (data[end : found.start()], b"null")
            end = found.end()
    return b"".join((*pieces, data[end:])) if pieces else None


def find_picture(root: Path, *names: str) -> Path:
    """The first of the paths below `root` at which a file is.

    Raises BadInput where there is none: `image_missing`, or that the first
    path is not below `root`.
    """
    refused: BadInput | None = None
    for name in names:
        try:
            path = inside(root, name)
        except BadInput as bad:
            refused = refused or BadInput(f"image_{bad.reason}", bad.detail)
            continue
        if path.is_file():
            return path
    raise refused or BadInput("image_missing", names[0][:200])
