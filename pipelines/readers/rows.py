"""Files of rows, whatever they hold: JSON lines, JSON arrays, Parquet.

Each row is a dict of Python values; what its keys mean is for a reader to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.config import IngestConfig
from pipelines.readers.drafts import BadInput, Piece
from pipelines.readers.files import read_whole

LINES = frozenset({".jsonl", ".ndjson"})
SUFFIXES = LINES | {".json", ".parquet"}
#: Files that may be read in ranges.
SPLITS = LINES | {".parquet"}
#: Rows of Parquet in memory at once; rows with pictures are large.
_PARQUET_ROWS = 16


@dataclass(frozen=True)
class Record:
    """A row of a file. `read` raises BadInput."""

    #: Tells the row from all others of its file, whatever the ranges it is read in.
    key: str
    #: For people: "line 17", or what counts it where that takes time.
    place: str | Callable[[], str]
    read: Callable[[], dict[str, Any]]


def records(piece: Piece, config: IngestConfig) -> Iterator[Record]:
    """The rows that begin in the piece. Raises BadInput where the file cannot be read."""
    suffix = piece.path.suffix.lower()
    if suffix in LINES:
        return _lines(piece, config)
    return _parquet(piece) if suffix == ".parquet" else _array(piece, config)


def string(row: dict[str, Any], *keys: str) -> str:
    """The first of these keys that the row has. Raises BadInput unless it is a string with text."""
    key = next((k for k in keys if row.get(k) is not None), keys[0])
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"no_{keys[0]}", f"the field {key!r} is missing, empty or not a string")
    return value.strip()


def _lines(piece: Piece, config: IngestConfig) -> Iterator[Record]:
    with open(piece.path, "rb") as file:
        offset = piece.start
        if offset:
            file.seek(offset - 1)
            offset += len(file.readline()) - 1
        while offset < piece.end:
            line = file.readline(config.max_file_bytes + 1)
            size = len(line)
            while line and not line.endswith(b"\n") and len(line) > config.max_file_bytes:
                # Too long: to its end, without holding it.
                rest = file.readline(1 << 20)
                size += len(rest)
                if not rest or rest.endswith(b"\n"):
                    break
            if not line:
                return
            if line.strip():
                yield Record(
                    str(offset),
                    partial(_line_number, piece.path, offset),
                    partial(_line, line, config.max_file_bytes),
                )
            offset += size


def _line(line: bytes, max_bytes: int) -> dict[str, Any]:
    if len(line) > max_bytes:
        raise BadInput("line_too_long", f"limit {max_bytes} bytes", line)
    return _object(_decode(line), line)


def _line_number(path: Path, offset: int) -> str:
    """ "line 17", counted from 1. Only for errors: it reads the file up to there."""
    number, left = 1, offset
    with open(path, "rb") as file:
        while left > 0 and (block := file.read(min(left, 1 << 20))):
            number += block.count(b"\n")
            left -= len(block)
    return f"line {number}"


def _array(piece: Piece, config: IngestConfig) -> Iterator[Record]:
    data = read_whole(piece.path, config.max_index_bytes)
    rows = _decode(data)
    if not isinstance(rows, list):
        raise BadInput("not_an_array", f"the file is a {type(rows).__name__}", data)
    for index, row in enumerate(rows):
        yield Record(str(index), f"row {index}", partial(_object, row))


def _parquet(piece: Piece) -> Iterator[Record]:
    """Row groups that begin in the range, as Hadoop splits files."""
    try:
        with pq.ParquetFile(piece.path) as file:
            for group in range(file.num_row_groups):
                column = file.metadata.row_group(group).column(0)
                begin = min(
                    column.dictionary_page_offset or column.data_page_offset,
                    column.data_page_offset,
                )
                if not piece.start <= begin < piece.end:
                    continue
                index = 0
                for batch in file.iter_batches(_PARQUET_ROWS, row_groups=[group]):
                    for row in batch.to_pylist():
                        key = f"{group}.{index}"
                        yield Record(key, f"row group {group}, row {index}", partial(_object, row))
                        index += 1
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadInput("not_parquet", str(error)) from error


def _decode(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except UnicodeDecodeError as error:
        raise BadInput("bad_encoding", str(error), data) from error
    except (msgspec.DecodeError, RecursionError) as error:
        reason = "bad_encoding" if "surrogate" in str(error) else "not_json"
        raise BadInput(reason, str(error), data) from error


def _object(row: Any, head: bytes = b"") -> dict[str, Any]:
    if not isinstance(row, dict):
        raise BadInput("not_an_object", f"the row is a {type(row).__name__}", head)
    return row
