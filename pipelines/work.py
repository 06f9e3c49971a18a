"""Work units: what one worker does at a time, and the files it leaves.

A unit is part k of a stage: a fixed group of raw inputs, or part k of the
stage before. It reads its input alone and writes its own files alone, so units
run anywhere, in any order, again after a crash, to the same bytes. Its report
is written last; a unit without a report has not been done.
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records import (
    ERROR_SCHEMA,
    KINDS,
    REFUSED_SCHEMA,
    SAMPLE_SCHEMA,
    FileEntry,
    PackWriter,
    file_name,
    read_batches,
    write_atomically,
    write_json,
    write_table,
)

#: Seconds between two notes of how far a unit is.
PROGRESS_INTERVAL = 0.5

#: Folders in a stage's work directory, gone when it is done: reports of units, and for
#: whoever watches, rows done and what the model was asked.
REPORTS, PROGRESS, USAGE = "reports", "progress", "usage"


@dataclass(frozen=True)
class Unit:
    """One unit of a stage."""

    index: int
    #: How many units the stage has.
    count: int
    #: The Parquet part it reads; None for a unit of raw inputs.
    part: Path | None = None
    #: Raw inputs, for a reader to read.
    inputs: tuple[Any, ...] = ()
    #: Rows of the part, by its footer; for raw inputs the number of files.
    rows: int = 0

    def batches(self, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows of its part."""
        assert self.part is not None
        yield from read_batches(self.part, columns)


@dataclass(frozen=True)
class UnitReport:
    """What became of a unit's rows."""

    index: int
    rows: dict[str, int]
    reasons: dict[str, dict[str, int]]
    sources: dict[str, dict[str, int]]
    metrics: dict[str, int]
    files: list[FileEntry]

    @staticmethod
    def read(path: Path) -> UnitReport:
        """Read a report that a unit wrote."""
        raw = json.loads(path.read_text())
        raw["files"] = [FileEntry(**f) for f in raw["files"]]
        return UnitReport(**raw)


def report_path(work: Path, index: int) -> Path:
    """Where unit `index` leaves its report."""
    return work / REPORTS / f"unit-{index:05d}.json"


class UnitOutput:
    """Collects what a stage decides about a unit's rows; on a clean exit writes it all.

    Rows are sorted by id, so the order in which they came cannot be seen. Each
    kept or made row gets `lineage` appended.
    """

    def __init__(self, work: Path, unit: Unit, lineage: str):
        self.unit, self.work, self._lineage = unit, work, lineage
        self._batches: dict[str, list[pa.RecordBatch]] = defaultdict(list)
        self._errors: list[dict[str, Any]] = []
        self._rows: Counter[str] = Counter()
        self._sources: dict[str, Counter[str]] = defaultdict(Counter)
        self._metrics: Counter[str] = Counter()
        self._stack = ExitStack()
        self._pack: PackWriter | None = None
        self._done, self._noted = 0, 0.0

    def __enter__(self) -> UnitOutput:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)
        if kind is None:
            self._write()

    def read(self, rows: int, dataset: str) -> None:
        """State that `rows` raw inputs of a dataset were found, whatever becomes of them."""
        self._tally("in", rows, dataset)

    def keep(self, batch: pa.RecordBatch) -> None:
        """Rows of the input that go on, changed or not."""
        self._add("part", "kept", batch)

    def make(self, batch: pa.RecordBatch) -> None:
        """New rows."""
        self._add("part", "made", batch)

    def drop(self, batch: pa.RecordBatch, reason: Sequence[str], **why: Sequence[Any]) -> None:
        """Rows of the input that leave; a reason each, and `score`, `threshold`, `detail`."""
        self._add("dropped", "dropped", _with_reason(batch, reason, **why))

    def reject(self, batch: pa.RecordBatch, reason: Sequence[str], **why: Sequence[Any]) -> None:
        """Made rows that a gate refused; the rows they were made from are not affected."""
        self._add("rejected", "rejected", _with_reason(batch, reason, **why))

    def error(
        self,
        dataset: str,
        path: str,
        reason: str,
        *,
        place: str | None = None,
        detail: str = "",
        head: bytes = b"",
        lost: str = "row",
    ) -> None:
        """An input that could not be read; `lost`: a "row", or an "image" or "region" of it."""
        self._errors.append(
            {
                "dataset": dataset,
                "path": path,
                "place": place,
                "lost": lost,
                "reason": reason,
                "detail": detail[:500],
                "head": head,
            }
        )
        if lost == "row":
            self._tally("errors", 1, dataset)
        else:
            self.count(f"{lost}s_lost_{reason}")

    def count(self, metric: str, number: int = 1) -> None:
        """Add to a counter of the manifest."""
        self._metrics[metric] += number

    @property
    def pack_path(self) -> str:
        """The pack's path inside the stage's directory."""
        return file_name("pack", self.unit.index, self.unit.count)

    @property
    def pack(self) -> PackWriter:
        """The unit's image pack."""
        if self._pack is None:
            self._pack = self._stack.enter_context(PackWriter(self.work / self.pack_path))
        return self._pack

    def progress(self, rows: int = 1) -> None:
        """Note that so many more of the unit's rows are done, for whoever watches."""
        self._done += rows
        now = time.monotonic()
        if now - self._noted >= PROGRESS_INTERVAL:
            self._noted = now
            path = self.work / PROGRESS / f"unit-{self.unit.index:05d}"
            write_atomically(path, str(self._done).encode())

    def _tally(self, what: str, rows: int, dataset: str) -> None:
        self._rows[what] += rows
        self._sources[dataset][what] += rows

    def _add(self, kind: str, what: str, batch: pa.RecordBatch) -> None:
        if not batch.num_rows:
            return
        schema = SAMPLE_SCHEMA if kind == "part" else REFUSED_SCHEMA
        batch = batch.select(schema.names)
        if not batch.schema.equals(schema):
            raise TypeError(f"rows do not have the {kind} schema: {batch.schema}")
        self._batches[kind].append(batch)
        for entry in pc.value_counts(pc.struct_field(batch["source"], "dataset")).to_pylist():
            self._tally(what, entry["counts"], entry["values"])

    def _write(self) -> None:
        files, reasons = [], {}
        for kind in KINDS:
            table = self._table(kind)
            if kind != "part":
                reasons[kind] = _count_values(_rows_lost(table)["reason"])
            if kind == "part" or table.num_rows:
                name = file_name(kind, self.unit.index, self.unit.count)
                write_table(self.work / name, table)
                files.append(FileEntry.of(self.work, name, kind, table.num_rows))
        if self._pack is not None and (self.work / self.pack_path).exists():
            files.append(FileEntry.of(self.work, self.pack_path, "pack", 0))
        report = UnitReport(
            index=self.unit.index,
            rows=dict(sorted(self._rows.items())),
            reasons=reasons,
            sources={name: dict(sorted(c.items())) for name, c in sorted(self._sources.items())},
            metrics=dict(sorted(self._metrics.items())),
            files=files,
        )
        write_json(report_path(self.work, self.unit.index), asdict(report))

    def _table(self, kind: str) -> pa.Table:
        if kind == "errors":
            keys = ("dataset", "path", "place", "reason")
            rows = sorted(self._errors, key=lambda e: [str(e[k]) for k in keys])
            return pa.Table.from_pylist(rows, schema=ERROR_SCHEMA)
        schema = SAMPLE_SCHEMA if kind == "part" else REFUSED_SCHEMA
        table = pa.Table.from_batches(self._batches[kind], schema=schema).sort_by("id")
        return _append_lineage(table, self._lineage)


def _with_reason(
    batch: pa.RecordBatch, reason: Sequence[str], **why: Sequence[Any]
) -> pa.RecordBatch:
    columns = [*batch.select(SAMPLE_SCHEMA.names).columns]
    values = {"reason": reason, **why}
    for field in list(REFUSED_SCHEMA)[len(SAMPLE_SCHEMA) :]:
        given = values.pop(field.name, None)
        if given is None:
            columns.append(pa.nulls(batch.num_rows, field.type))
        else:
            columns.append(pa.array(given, field.type, from_pandas=True))
    if values:
        raise TypeError(f"a refused row has no field {sorted(values)}")
    return pa.RecordBatch.from_arrays(columns, schema=REFUSED_SCHEMA)


def _append_lineage(table: pa.Table, entry: str) -> pa.Table:
    if not table.num_rows:
        return table
    lists = table["lineage"].combine_chunks()
    offsets = lists.offsets.to_numpy() - lists.offsets[0].as_py()
    values = np.insert(lists.flatten().to_numpy(zero_copy_only=False), offsets[1:], entry)
    longer = pa.ListArray.from_arrays(
        pa.array(offsets + np.arange(len(offsets)), pa.int32()), pa.array(values, pa.string())
    )
    place = table.schema.get_field_index("lineage")
    return table.set_column(place, table.schema.field(place), longer)


def _rows_lost(table: pa.Table) -> pa.Table:
    """Of errors those that cost a row; what else was lost is among the metrics."""
    if "lost" not in table.column_names:
        return table
    return table.filter(pc.equal(table["lost"], "row"))


def _count_values(column: pa.ChunkedArray) -> dict[str, int]:
    counts = {e["values"]: e["counts"] for e in pc.value_counts(column).to_pylist()}
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
