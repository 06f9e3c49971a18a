"""What readers hand over: a draft of a sample, with its pictures as bytes, or a failure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pipelines.config import IngestConfig, SourceConfig
from records import Part


@dataclass(frozen=True)
class RawImage:
    """A picture as it was found, known to decode."""

    data: bytes
    format: str
    #: Pixels.
    width: int
    height: int
    alt: str | None = None


@dataclass(frozen=True)
class Draft:
    """A sample before its pictures have a place. `Part.image` is an index into `images`."""

    bucket: str
    lang: str | None
    #: The input's name inside the dataset; unique in it.
    url: str
    parts: tuple[Part, ...]
    images: tuple[RawImage, ...] = ()
    targets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """Something that could not be read, and what that cost: the "row", or one "image" of it."""

    path: str
    reason: str
    place: str | None = None
    detail: str = ""
    head: bytes = b""
    lost: str = "row"


@dataclass(frozen=True)
class LeftOut:
    """A picture that is not an input of ours, such as a remote one; counted by reason."""

    reason: str


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
    #: Whether a large file may be read in ranges.
    splits: bool

    def inputs(self, piece: Piece) -> int:
        """How many rows the piece should give, counted without reading them."""

    def read(
        self, piece: Piece, source: SourceConfig, config: IngestConfig
    ) -> Iterator[Draft | Failure | LeftOut]:
        """The piece's rows: for each input one Draft or one Failure with lost="row"."""
