"""Files of untrusted sources: bounded in size, and never outside their folder."""

from __future__ import annotations

from pathlib import Path

from pipelines.readers.drafts import BadInput


def read_whole(path: Path, max_bytes: int) -> bytes:
    """The file's bytes. Raises BadInput where it is too large or cannot be read."""
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise BadInput("file_too_large", f"{size} bytes, limit {max_bytes}")
        return path.read_bytes()
    except FileNotFoundError:
        raise BadInput("file_missing", path.name) from None
    except OSError as error:
        raise BadInput("file_unreadable", str(error.strerror)) from error


def inside(root: Path, name: str) -> Path:
    """The path `name` below `root`. Raises BadInput where it leaves `root` or is no path."""
    try:
        resolved = root.resolve()
        path = (resolved / name.replace("\\", "/").lstrip("/")).resolve()
        path.is_file()
    except (OSError, ValueError, RuntimeError) as error:  # a NUL, a loop of links, too long
        raise BadInput("bad_path", str(error)[:200]) from error
    if not path.is_relative_to(resolved):
        raise BadInput("path_outside_source", name[:200])
    return path
