"""What annotation files hold and name: typed JSON, and pictures by their paths."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from pipelines.readers.drafts import BadInput
from pipelines.readers.files import inside

_BOM = b"\xef\xbb\xbf"
T = TypeVar("T")


def decode(data: bytes | msgspec.Raw, kind: type[T], reason: str) -> T:
    """JSON as a `kind`. Raises BadInput: with `reason` where it is JSON of another form.

    Fields that `kind` does not have are skipped, not stored.
    """
    try:
        return msgspec.json.decode(
            data.removeprefix(_BOM) if isinstance(data, bytes) else data, type=kind
        )
    except UnicodeDecodeError as error:
        raise BadInput("bad_encoding", str(error), bytes(data)) from error
    except msgspec.ValidationError as error:
        raise BadInput(reason, str(error), bytes(data)) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadInput("not_json", str(error), bytes(data)) from error


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
