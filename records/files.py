"""Files that are there whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

#: A batch has at most this many rows …
BATCH_ROWS = 1000
#: … and, where rows are large, about this many bytes.
BATCH_BYTES = 16 << 20


def temporary_name(path: Path) -> Path:
    """A name beside `path` that no other writer uses."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")


def write_atomically(path: Path, data: bytes) -> None:
    """Write `path` so that a reader sees the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(path)
    with open(temporary, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def write_json(path: Path, value: Any) -> None:
    """`value` as indented JSON, atomically."""
    write_atomically(path, (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode())


def write_table(path: Path, table: pa.Table) -> None:
    """`table` as Parquet, atomically. The same rows give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(path)
    pq.write_table(table, temporary, compression="zstd", row_group_size=BATCH_ROWS)
    os.replace(temporary, path)


def read_batches(path: Path, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The file's rows in batches of at most `BATCH_ROWS` and about `BATCH_BYTES`."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            meta = file.metadata.row_group(group)
            row_bytes = max(1, meta.total_byte_size // max(1, meta.num_rows))
            rows = max(1, min(BATCH_ROWS, BATCH_BYTES // row_bytes))
            yield from file.iter_batches(batch_size=rows, row_groups=[group], columns=columns)


def count_rows(path: Path) -> int:
    """Rows, read from the Parquet footer."""
    return int(pq.read_metadata(path).num_rows)


def file_sha256(path: Path) -> str:
    """The file's SHA-256 as hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
