"""Tables of data -> chart drafts: a title, and the table as text and as a target.

    .csv .tsv    delimited text; see `delimited`
    .json        an array of flat objects, or {"columns": […], "data": [[…], …]}, which
                 pandas calls the orient "split"
    .parquet     columns that hold plain values; a field's metadata may state its `unit`

A file is a row. The first rows of a table are kept, and how many it has; types
are those of the kept ones. The title is the file's name, its `_` and `-` blanks.
"""

from __future__ import annotations

import datetime
import decimal
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Raw, Struct

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers.chart_tables import Column, Table, table_of, table_of_text
from pipelines.readers.delimited import read_delimited
from pipelines.readers.drafts import BadInput, Draft, LeftOut, Piece, Row
from pipelines.readers.files import read_whole
from pipelines.readers.lookup import decode
from records import Part

SUFFIXES = frozenset({".csv", ".tsv", ".json", ".parquet"})


#: What pandas calls an index without a name.
_PANDAS_INDEX = re.compile(r"__index_level_\d+__")


class _Split(Struct):
    """What `DataFrame.to_json(orient="split")` writes."""

    columns: list[Any]
    data: list[list[Any]]
    index: list[Any] | None = None


class TablesReader:
    """Reads a table a file."""

    suffixes = SUFFIXES
    splits: frozenset[str] = frozenset()
    fields: tuple[str, ...] = ()

    def rows(
        self, piece: Piece, source: SourceConfig, config: IngestConfig
    ) -> Iterator[Row | LeftOut]:
        """The table."""
        yield Row(None, lambda: _draft(piece, source, config))


def load_table(path: Path, config: IngestConfig) -> tuple[Table, list[LeftOut]]:
    """The table of a file, by its suffix, and what of it was left out. Raises BadInput."""
    suffix, limit = path.suffix.lower(), config.max_table_rows
    if suffix == ".json":
        return json_table(read_whole(path, config.max_index_bytes), limit)
    if suffix == ".parquet":
        return _parquet_table(path, limit)
    found = read_delimited(path, limit)
    decimal_comma = found.delimiter != ","
    return table_of_text(found.names, found.columns, found.total_rows, decimal_comma)


def json_table(data: bytes, max_rows: int) -> tuple[Table, list[LeftOut]]:
    """The table that JSON holds. Raises BadInput where it holds none."""
    if not data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        raws = decode(data, list[Raw], "not_a_table")
        objects = [decode(raw, dict[str, Any], "not_a_table") for raw in raws[:max_rows]]
        return objects_table(objects, len(raws))
    split = decode(data, _Split, "not_a_table")
    width = len(split.columns)
    rows = split.data[:max_rows]
    if any(len(row) != width for row in rows):
        raise BadInput("ragged_rows", f"the header has {width} columns")
    columns = [[row[k] for row in rows] for k in range(width)]
    names = [str(name) for name in split.columns]
    if split.index is not None:
        if len(split.index) != len(split.data):
            raise BadInput("ragged_rows", "the index is not as long as the data")
        names, columns = ["", *names], [split.index[:max_rows], *columns]
    return _flat_table(names, columns, len(split.data))


def objects_table(rows: Sequence[dict[str, Any]], total: int) -> tuple[Table, list[LeftOut]]:
    """The table of JSON objects; what some of them lack is missing. Raises BadInput."""
    names = list(dict.fromkeys(key for row in rows for key in row))
    return _flat_table(names, [[row.get(name) for row in rows] for name in names], total)


def _flat_table(
    names: Sequence[str], columns: Sequence[list[Any]], total: int
) -> tuple[Table, list[LeftOut]]:
    for name, values in zip(names, columns, strict=True):
        if any(isinstance(v, dict | list) for v in values):
            raise BadInput("not_a_table", f"{name[:100]!r} has values that are not plain")
    return table_of(names, columns, total)


def _parquet_table(path: Path, max_rows: int) -> tuple[Table, list[LeftOut]]:
    try:
        with pq.ParquetFile(path) as file:
            fields = [f for f in file.schema_arrow if _is_plain(f.type)]
            nested = len(file.schema_arrow) - len(fields)
            total = file.metadata.num_rows
            batches = file.iter_batches(max_rows, columns=[f.name for f in fields])
            batch = next(batches, None)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadInput("not_parquet", str(error)) from error
    columns = [[] if batch is None else _values(batch[f.name]) for f in fields]
    names = ["" if _PANDAS_INDEX.fullmatch(f.name) else f.name for f in fields]
    table, left_out = table_of(names, columns, total)
    units = {f.name: unit for f in fields if (unit := _stated_unit(f)) is not None}
    with_units = tuple(Column(c.name, c.type, units.get(c.name)) for c in table.columns)
    left_out += [LeftOut("columns", "nested")] * nested
    return replace(table, columns=with_units), left_out


def _is_plain(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return any(is_kind(kind) for is_kind in _PLAIN)


_PLAIN = (
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
    pa.types.is_boolean,
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_date,
    pa.types.is_timestamp,
)


def _values(column: pa.Array) -> list[Any]:
    """Python values, dates as ISO 8601, decimals as floats."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return [_plain_value(value) for value in column.to_pylist()]


def _plain_value(value: Any) -> Any:
    if isinstance(value, decimal.Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, datetime.date) else value


def _stated_unit(field: pa.Field) -> str | None:
    unit = (field.metadata or {}).get(b"unit", b"").decode("utf-8", "replace").strip()
    return unit or None


def _draft(piece: Piece, source: SourceConfig, config: IngestConfig) -> Draft:
    table, left_out = load_table(piece.path, config)
    table = table.with_units()
    text = f"{_title(piece.path.stem)}\n\n{table.markdown()}"
    return Draft(
        "chart",
        source.lang,
        piece.name,
        (Part("text", text=text),),
        targets={"table": table.target()},
        lacks=tuple(left_out),
    )


def _title(stem: str) -> str:
    return " ".join(re.sub(r"[_-]", " ", stem).split()) or stem
