"""Image packs: plain tar files in which each image is stored once and read by range.

A pack belongs to one work unit, so one worker writes it, to a temporary name,
and renames it when whole. A row keeps (pack, offset, size): a reader needs one
seek and one read, and `tar xf` still works for a person.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from records.files import temporary_name

_BLOCK = tarfile.BLOCKSIZE


class PackWriter:
    """Appends images to a pack; leaves nothing behind unless `with` ends well.

    The same images in the same order give the same bytes: headers carry no
    time, owner or mode of this machine. A pack to which nothing was added is
    not created.
    """

    def __init__(self, path: Path):
        self.path = path
        self._temporary = temporary_name(path)
        self._file: io.BufferedWriter | None = None
        self._offsets: dict[str, int] = {}

    def __enter__(self) -> PackWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is None:
            return
        if kind is None:
            self._file.write(b"\0" * (2 * _BLOCK))  # the end-of-archive mark
            self._file.flush()
            os.fsync(self._file.fileno())
        self._file.close()
        if kind is None:
            os.replace(self._temporary, self.path)
        else:
            self._temporary.unlink(missing_ok=True)

    def add(self, data: bytes, format: str) -> tuple[str, int, int]:
        """Store `data` unless the pack has it; return (sha256, offset, size) of the bytes."""
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 not in self._offsets:
            self._offsets[sha256] = self._append(f"{sha256}.{format}", data)
        return sha256, self._offsets[sha256], len(data)

    def _append(self, name: str, data: bytes) -> int:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(self._temporary, "wb")
        member = tarfile.TarInfo(name)
        member.size = len(data)
        self._file.write(member.tobuf(tarfile.PAX_FORMAT))
        offset = self._file.tell()
        self._file.write(data)
        self._file.write(b"\0" * (-len(data) % _BLOCK))
        return offset


class PackReader:
    """Reads images of the packs below `root`, keeping a few files open."""

    MAX_OPEN_FILES = 32

    def __init__(self, root: Path):
        self.root = root.resolve()
        self._open: dict[str, int] = {}

    def __enter__(self) -> PackReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, pack: str, offset: int, size: int) -> bytes:
        """The bytes at that range.

        Raises ValueError where the pack lies outside `root` or is shorter than
        the range, FileNotFoundError where it is missing.
        """
        data = os.pread(self._descriptor(pack), size, offset)
        if len(data) != size:
            raise ValueError(f"{pack} ends inside the range {offset}+{size}")
        return data

    def close(self) -> None:
        """Close all files."""
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()

    def _descriptor(self, pack: str) -> int:
        if pack not in self._open:
            path = (self.root / pack).resolve()
            if not path.is_relative_to(self.root):
                raise ValueError(f"the pack {pack} lies outside {self.root}")
            while len(self._open) >= self.MAX_OPEN_FILES:
                os.close(self._open.pop(next(iter(self._open))))
            self._open[pack] = os.open(path, os.O_RDONLY)
        return self._open[pack]


def pack_members(path: Path) -> Iterator[tuple[str, int, bytes]]:
    """(name, offset, bytes) of every image in a pack, in order."""
    with tarfile.open(path, "r:") as tar:
        for member in tar:
            stream = tar.extractfile(member)
            if stream is None:
                raise ValueError(f"{path}: {member.name} is not a plain file")
            yield member.name, member.offset_data, stream.read()
