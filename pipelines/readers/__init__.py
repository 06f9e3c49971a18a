"""Readers of raw sources: each turns one file into drafts of samples and their pictures."""

from pipelines.readers.drafts import (
    BadInput,
    Draft,
    Failure,
    LeftOut,
    Piece,
    RawImage,
    Reader,
    Row,
)
from pipelines.readers.html import HtmlReader
from pipelines.readers.problems import ProblemsReader

#: By `kind` of the source.
READERS: dict[str, Reader] = {"html": HtmlReader(), "problems": ProblemsReader()}

__all__ = [
    "READERS",
    "BadInput",
    "Draft",
    "Failure",
    "LeftOut",
    "Piece",
    "RawImage",
    "Reader",
    "Row",
]
