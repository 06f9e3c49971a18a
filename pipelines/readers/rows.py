"""Files of rows, whatever they hold: JSON lines, JSON arrays, Parquet.

Each row is a dict of Python values, its fields renamed as the source says;
what its keys mean is for a reader to say.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers import lookup
from pipelines.readers.drafts import BadInput, Draft, LeftOut, Piece, Row
from pipelines.readers.files import read_whole

_LINES = (".jsonl", ".ndjson")
_PACKED = (".gz", ".zst")
SUFFIXES = frozenset((*_LINES, *(s + p for s in _LINES for p in _PACKED), ".json", ".parquet"))
#: Files that may be read in ranges.
SPLITS = frozenset((*_LINES, ".parquet"))
#: Rows of Parquet in memory at once; rows with pictures are large.
_PARQUET_ROWS = 16
#: Bytes of a Parquet column read ahead. With a buffer a row group is read page by page,
#: not whole: of one with pictures that may be hundreds of megabytes.
_PARQUET_BUFFER = 1 << 20
_BOM = b"\xef\xbb\xbf"

Read = Callable[[], dict[str, Any]]


@dataclass(frozen=True)
class Record:
    """A row of a file. `read` raises BadInput."""

    #: Tells the row from all others of its file, whatever the ranges it is read in.
    key: str
    #: For people: "line 17".
    place: str
    read: Read


class RowReader:
    """Reads files of rows, each of which is one sample."""

    suffixes = SUFFIXES
    splits = SPLITS

    def __init__(
        self,
        fields: tuple[str, ...],
        draft: Callable[[Record, Piece, SourceConfig, IngestConfig], Draft],
    ):
        self.fields = fields
        self._draft = draft

    def rows(
        self, piece: Piece, source: SourceConfig, config: IngestConfig
    ) -> Iterator[Row | LeftOut]:
        """The rows that begin in the piece."""
        for record in records(piece, source, config, self.fields):
            yield Row(record.place, partial(self._draft, record, piece, source, config))


def records(
    piece: Piece, source: SourceConfig, config: IngestConfig, columns: Collection[str]
) -> Iterator[Record]:
    """The rows that begin in the piece. Raises BadInput where the file cannot be read.

    A file of JSON is an array of rows, lines of rows (many call those `.json`
    too), or one row. `columns` are the fields that are wanted, by our names:
    others of a Parquet file are not read.
    """
    name = piece.path.name.lower()
    if name.endswith(".parquet"):
        found = _parquet(piece, [source.fields.get(c, c) for c in columns])
    elif name.endswith(".json") and not _begins_with_a_row(piece.path, config):
        found = _document(piece, config)
    else:
        found = _lines(piece, config)
    for record in found:
        yield replace(record, read=partial(_read_renamed, record.read, source.fields))


def decode(data: bytes) -> dict[str, Any]:
    """One row from its JSON. Raises BadInput."""
    row: Any = lookup.decode(data, object, "not_an_object")
    if not isinstance(row, dict):
        raise BadInput("not_an_object", f"the row is a {type(row).__name__}", data)
    return row


def renamed(row: dict[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    """The row with its fields under our names. `fields` is ours -> theirs.

    Where a row lacks theirs, ours is None: another field of our name is not meant.
    """
    theirs = set(fields.values())
    rest = {key: value for key, value in row.items() if key not in theirs}
    return rest | {ours: row.get(their) for ours, their in fields.items()}


def schema(path: Path) -> pa.Schema:
    """The schema of a Parquet file. Raises BadInput."""
    try:
        return pq.read_schema(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadInput("not_parquet", str(error)) from error


def row_url(piece: Piece, record: Record, row: dict[str, Any]) -> str:
    """The row's name in its source. Its place tells two rows with the same id apart."""
    identity = row.get("id")
    return f"{piece.name}#{identity if isinstance(identity, str | int) else ''}@{record.key}"


def row_lang(row: dict[str, Any], source: SourceConfig) -> str | None:
    """The language that the row claims, or else its source."""
    lang = row.get("lang")
    return lang if isinstance(lang, str) and lang else source.lang


def string(row: dict[str, Any], *keys: str) -> str:
    """The first of these keys that the row has. Raises BadInput unless it is a string with text."""
    key = next((k for k in keys if row.get(k) is not None), keys[0])
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"no_{keys[0]}", f"the field {key!r} is missing, empty or not a string")
    return value.strip()


def _read_renamed(read: Read, fields: Mapping[str, str]) -> dict[str, Any]:
    return renamed(read(), fields) if fields else read()


def _lines(piece: Piece, config: IngestConfig) -> Iterator[Record]:
    packed = piece.path.name.lower().endswith(_PACKED)
    try:
        with _open(piece.path) as file:
            offset, number = piece.start, 0
            if offset:
                file.seek(offset - 1)
                offset += len(file.readline()) - 1
            # Offsets in a packed file are of what it unpacks to.
            while packed or offset < piece.end:
                line, size = _next_line(file, config.max_file_bytes)
                if not line:
                    return
                number += 1
                if line.strip():
                    # How many lines are before a later piece, only reading them would say.
                    place = f"line at byte {offset}" if piece.start else f"line {number}"
                    yield Record(str(offset), place, partial(_line, line, config.max_file_bytes))
                offset += size
    except OSError as error:
        raise BadInput("broken_compression" if packed else "file_unreadable", str(error)) from error


def _open(path: Path) -> BinaryIO:
    """A file of lines, unpacked on the way where its name says that it is packed."""
    if path.name.lower().endswith(_PACKED):
        return io.BufferedReader(pa.input_stream(path, compression="detect"))
    return open(path, "rb")


def _next_line(file: BinaryIO, limit: int) -> tuple[bytes, int]:
    """The next line, cut after `limit` bytes and one, and the bytes that it has whole."""
    line = file.readline(limit + 1)
    size, end = len(line), line
    while len(line) > limit and end and not end.endswith(b"\n"):
        end = file.readline(1 << 20)
        size += len(end)
    return line, size


def _line(line: bytes, max_bytes: int) -> dict[str, Any]:
    if len(line) > max_bytes:
        raise BadInput("line_too_long", f"limit {max_bytes} bytes", line)
    return decode(line)


def _begins_with_a_row(path: Path, config: IngestConfig) -> bool:
    """Whether the first line is a row already."""
    try:
        with open(path, "rb") as file:
            line = file.readline(config.max_file_bytes)
        return line.removeprefix(_BOM).startswith(b"{") and bool(decode(line))
    except (BadInput, OSError):
        return False


def _document(piece: Piece, config: IngestConfig) -> Iterator[Record]:
    """Rows of an array, each decoded alone: decoded all at once, they take ten times the space."""
    data = read_whole(piece.path, config.max_index_bytes).removeprefix(_BOM)
    if not data[:64].lstrip().startswith(b"["):
        yield Record("0", "row 0", partial(decode, data))
        return
    for index, row in enumerate(lookup.decode(data, list[msgspec.Raw], "not_json")):
        yield Record(str(index), f"row {index}", partial(_raw, row))


def _raw(row: msgspec.Raw) -> dict[str, Any]:
    return decode(bytes(row))


def _parquet(piece: Piece, wanted: list[str]) -> Iterator[Record]:
    """Row groups that begin in the range, as Hadoop splits files."""
    try:
        with pq.ParquetFile(piece.path, pre_buffer=False, buffer_size=_PARQUET_BUFFER) as file:
            names = [n for n in file.schema_arrow.names if not wanted or n in wanted]
            for group in range(file.num_row_groups):
                column = file.metadata.row_group(group).column(0)
                dictionary, values = column.dictionary_page_offset, column.data_page_offset
                if not piece.start <= min(dictionary or values, values) < piece.end:
                    continue
                index = 0
                for batch in file.iter_batches(_PARQUET_ROWS, row_groups=[group], columns=names):
                    for place in range(batch.num_rows):
                        where = f"row group {group}, row {index}"
                        yield Record(f"{group}.{index}", where, partial(_row, batch, place))
                        index += 1
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, ValueError, IndexError) as error:
        raise BadInput("not_parquet", str(error)) from error


def _row(batch: pa.RecordBatch, index: int) -> dict[str, Any]:
    try:
        row: dict[str, Any] = batch.slice(index, 1).to_pylist()[0]
    except UnicodeDecodeError as error:
        raise BadInput("bad_encoding", str(error)) from error
    except (pa.ArrowException, ValueError) as error:  # such as a time before the year 1
        raise BadInput("bad_value", str(error)) from error
    return row
