"""What readers hand over: rows to read one at a time, drafts of samples, and failures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from pipelines.config import IngestConfig, SourceConfig
from records import Part

#: Bytes of a bad input that its error row keeps.
HEAD_BYTES = 64


class BadInput(Exception):
    """An input that cannot be used: a reason for counting, and what was seen."""

    def __init__(self, reason: str, detail: str = "", head: bytes = b""):
        super().__init__(reason)
        self.reason, self.detail, self.head = reason, detail, head[:HEAD_BYTES]


@dataclass(frozen=True)
class RawImage:
    """A picture, known to decode, with the pixels that a trainer will see."""

    data: bytes
    format: str
    #: Pixels.
    width: int
    height: int
    alt: str | None = None


@dataclass(frozen=True)
class Failure:
    """Something that could not be read, and what that cost: the "row", or an "image" or
    a "region" of it."""

    path: str
    reason: str
    place: str | None = None
    detail: str = ""
    head: bytes = b""
    lost: str = "row"


@dataclass(frozen=True)
class LeftOut:
    """Something that is not an input of ours, such as a remote picture; only counted."""

    #: What: "images", "records".
    what: str
    reason: str


@dataclass(frozen=True)
class Draft:
    """A sample before its pictures have a place. `Part.image` is an index into `images`."""

    bucket: str
    lang: str | None
    #: The row's name inside the dataset; unique in it.
    url: str
    parts: tuple[Part, ...]
    images: tuple[RawImage, ...] = ()
    #: A `records.REGION` array; see `records.region_array`.
    regions: pa.StructArray | None = None
    targets: Mapping[str, str] = field(default_factory=dict)
    #: What the row lacks although it should have it.
    lacks: tuple[Failure | LeftOut, ...] = ()


@dataclass(frozen=True)
class Row:
    """An input that gives one sample, and how to read it. `read` raises BadInput."""

    #: Where in the file: "page 3", "line 17"; None where the file is the row.
    place: str | None
    read: Callable[[], Draft]


@dataclass(frozen=True)
class Piece:
    """A range of a file's bytes; of most files, the whole."""

    #: Index into the run's sources.
    source: int
    path: Path
    #: The path inside the source, with forward slashes.
    name: str
    start: int
    #: Exclusive.
    end: int


class Reader(Protocol):
    """Reads one kind of source."""

    #: Suffixes of the files that are inputs, in lower case.
    suffixes: frozenset[str]
    #: Those of which a large file may be read in ranges.
    splits: frozenset[str]
    #: Fields of its rows, by our names: what a source's `fields` may rename.
    fields: tuple[str, ...]

    def rows(
        self, piece: Piece, source: SourceConfig, config: IngestConfig
    ) -> Iterator[Row | LeftOut]:
        """The piece's rows in order, found without the work that reading one takes.

        A row is read before the next one is asked for. May raise BadInput:
        where the file (the rest of it) cannot be read, that is one row.
        """


class FileReader:
    """Reads files of which each is one row."""

    splits: frozenset[str] = frozenset()
    fields: tuple[str, ...] = ()

    def __init__(
        self,
        *suffixes: str,
        read: Callable[[Piece, SourceConfig, IngestConfig], Draft],
    ):
        self.suffixes = frozenset(suffixes)
        self._read = read

    def rows(
        self, piece: Piece, source: SourceConfig, config: IngestConfig
    ) -> Iterator[Row | LeftOut]:
        """The file."""
        yield Row(None, partial(self._read, piece, source, config))
