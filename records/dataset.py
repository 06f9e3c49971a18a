"""Dataset directories: Parquet parts, packs, and a manifest that is written last.

    part-00000-of-00008.parquet      rows that go on
    dropped-00000-of-00008.parquet   rows that left, each with its reason
    rejected-00000-of-00008.parquet  made rows that a gate refused
    errors-00000-of-00008.parquet    inputs that could not be read
    packs/pack-00000-of-00008.tar    images, if the stage makes any
    manifest.json                    written last: no manifest, no dataset

A file exists only if it has rows (`part-…` always does). Part k of a stage is
made from part k of its input alone, so parts can be made by any worker, in any
order, and made again after a crash, to the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from records.files import file_sha256, read_batches, write_json
from records.identity import digest_json

MANIFEST = "manifest.json"
#: The kinds of row files, in the order in which the funnel names them.
KINDS = ("part", "dropped", "rejected", "errors")


class NoDataset(Exception):
    """There is no finished dataset at a path."""


def file_name(kind: str, index: int, count: int) -> str:
    """`part-00003-of-00008.parquet`, or `packs/pack-00003-of-00008.tar` for the kind `pack`."""
    stem = f"{kind}-{index:05d}-of-{count:05d}"
    return f"packs/{stem}.tar" if kind == "pack" else f"{stem}.parquet"


@dataclass(frozen=True)
class FileEntry:
    """One file of a dataset, as the manifest knows it."""

    path: str
    kind: str
    rows: int
    bytes: int
    sha256: str

    @staticmethod
    def of(root: Path, path: str, kind: str, rows: int) -> FileEntry:
        """The entry of a file that exists below `root`."""
        full = root / path
        return FileEntry(path, kind, rows, full.stat().st_size, file_sha256(full))


@dataclass(frozen=True)
class Manifest:
    """What a stage did. Times and versions are for people; identity is `fingerprint`."""

    stage: str
    #: Number of parts.
    parts: int
    #: in, kept, made, dropped, rejected, errors.
    rows: dict[str, int]
    #: For each of dropped, rejected, errors: reason -> rows.
    reasons: dict[str, dict[str, int]]
    #: Counters beyond rows, such as images; name -> number.
    metrics: dict[str, int]
    #: Per source dataset: in, kept, made, dropped, errors.
    sources: dict[str, dict[str, int]]
    files: list[FileEntry]
    config: dict[str, Any]
    config_hash: str
    #: The fingerprint of the input dataset, or of the listing of raw files.
    input_fingerprint: str
    #: The stage whose output was read; None for the first.
    input_stage: str | None = None
    #: The model that the stage called, where it called one.
    model: str | None = None
    versions: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def fingerprint(self) -> str:
        """Changes when any row or image of the output does, and only then."""
        return digest_json(sorted((f.path, f.sha256) for f in self.files))

    def write(self, root: Path) -> None:
        """Write `manifest.json`, atomically."""
        write_json(root / MANIFEST, asdict(self))

    @staticmethod
    def read(root: Path) -> Manifest:
        """Read the manifest; NoDataset where there is none or it cannot be read."""
        path = root / MANIFEST
        try:
            raw = json.loads(path.read_text())
            raw["files"] = [FileEntry(**f) for f in raw["files"]]
            return Manifest(**raw)
        except FileNotFoundError:
            raise NoDataset(f"{root} has no {MANIFEST}: the stage has not finished") from None
        except (ValueError, TypeError, KeyError) as error:
            raise NoDataset(f"{path} is not a manifest of this version: {error}") from error


@dataclass(frozen=True)
class Dataset:
    """A finished dataset directory."""

    root: Path
    manifest: Manifest

    @staticmethod
    def open(root: Path) -> Dataset:
        """Open the dataset at `root`; NoDataset where none is finished."""
        return Dataset(root, Manifest.read(root))

    def files(self, kind: str = "part") -> list[Path]:
        """The paths of one kind of files, in order."""
        return [self.root / f.path for f in self.manifest.files if f.kind == kind]

    def is_whole(self) -> bool:
        """Whether all files are there, with their sizes; `vlmforge validate` looks closer."""
        paths = ((self.root / f.path, f.bytes) for f in self.manifest.files)
        return all(path.is_file() and path.stat().st_size == size for path, size in paths)

    def batches(
        self, kind: str = "part", columns: list[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """All rows of one kind, batch by batch, in the order of the files."""
        for path in self.files(kind):
            yield from read_batches(path, columns)
