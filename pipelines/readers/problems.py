"""Text problems as JSON lines -> stem drafts.

A line is an object with `problem` and `answer` (strings), and may have `id`
and `lang`. A line that is anything else is an error with its line number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers.drafts import Draft, Failure, LeftOut, Piece
from records import Part


class _BadLine(Exception):
    def __init__(self, reason: str, detail: str):
        super().__init__(reason)
        self.reason, self.detail = reason, detail


class ProblemsReader:
    """Reads JSON lines; a line belongs to the range in which it begins."""

    suffixes = frozenset({".jsonl", ".ndjson"})
    splits = True

    def inputs(self, piece: Piece) -> int:
        """The lines that begin in the range and are not blank."""
        return sum(1 for _ in _lines(piece))

    def read(
        self, piece: Piece, source: SourceConfig, config: IngestConfig
    ) -> Iterator[Draft | Failure | LeftOut]:
        """A draft a line, or the reason why not."""
        for offset, line in _lines(piece):
            try:
                yield _draft(line, offset, piece, source, config)
            except _BadLine as bad:
                place = f"line {_line_number(piece.path, offset)}"
                yield Failure(piece.name, bad.reason, place, bad.detail, line[:64])


def _draft(
    line: bytes, offset: int, piece: Piece, source: SourceConfig, config: IngestConfig
) -> Draft:
    if len(line) > config.max_file_bytes:
        raise _BadLine("line_too_long", f"{len(line)} bytes, limit {config.max_file_bytes}")
    try:
        row = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _BadLine("bad_encoding", str(error)) from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise _BadLine("not_json", str(error)) from error
    if not isinstance(row, dict):
        raise _BadLine("not_an_object", f"the line is a {type(row).__name__}")
    problem, answer = _string(row, "problem"), _string(row, "answer")
    lang = row.get("lang") or source.lang
    return Draft(
        bucket="stem",
        lang=lang if isinstance(lang, str) else None,
        # The byte where the line begins tells two lines with the same id apart.
        url=f"{piece.name}#{row.get('id', '')}@{offset}",
        parts=(Part("text", text=problem),),
        targets={"answer": answer},
    )


def _string(row: dict[str, Any], key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise _BadLine(f"no_{key}", f"the field {key!r} is missing, empty or not a string")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise _BadLine("bad_encoding", f"{key}: {error}") from error
    return value.strip()


def _lines(piece: Piece) -> Iterator[tuple[int, bytes]]:
    """(offset, line) of the lines that begin in the range, blank ones left out."""
    with open(piece.path, "rb") as file:
        offset = piece.start
        if offset:
            file.seek(offset - 1)
            offset += len(file.readline()) - 1
        while offset < piece.end:
            line = file.readline()
            if not line:
                return
            if line.strip():
                yield offset, line
            offset += len(line)


def _line_number(path: Path, offset: int) -> int:
    """Counted from 1. Only for errors: it reads the file up to there."""
    number, left = 1, offset
    with open(path, "rb") as file:
        while left > 0 and (block := file.read(min(left, 1 << 20))):
            number += block.count(b"\n")
            left -= len(block)
    return number
