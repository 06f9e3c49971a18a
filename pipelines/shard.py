"""Training shards: WebDataset tars and Parquet files of equal sample counts.

Each shard is a stratified slice of the whole mixture (bucket, language, length
class, quality tier), in an order that depends only on the seed. Ids cross one
shuffle to be dealt, rows a second one to meet in their shard; image bytes are
read from the packs where a shard is written.

A row with the score `repeat` is dealt as many times, into different shards. Its
copies are made rows: `<id>-1`, `<id>-2` …, with the row as their parent.

    train-00000-of-00012.tar       <id>.json, <id>.0.webp, <id>.1.png …
    train-00000-of-00012.parquet   the same samples, images inside
    index.json                     files with samples, bytes, sha256, strata
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

import pipelines.coders  # noqa: F401  (registers the coder of Arrow batches)
from filters import Cell, cell, deal, first_ranks, stratum
from pipelines.bucket import STRATUM, strata_of
from pipelines.config import RunConfig, ShardConfig
from pipelines.errors import StageError
from pipelines.shard_formats import write_parquet, write_webdataset
from pipelines.stage import Stage
from pipelines.work import Unit
from records import (
    SAMPLE_SCHEMA,
    Dataset,
    FileEntry,
    Manifest,
    PackReader,
    Sample,
    digest,
    from_batch,
    scores,
    to_batch,
    write_json,
)

INDEX = "index.json"
#: Before the number of a copy, in its id. No other id has it.
COPY = "-"
Cells = tuple[Cell, pa.RecordBatch]
Keyed = tuple[int, pa.RecordBatch]


class Shard(Stage):
    """Deals rows into shards and writes them. A unit of its output is a shard."""

    name = "shard"
    config: ShardConfig
    shuffles = True

    def __init__(self, config: RunConfig, run: Path):
        super().__init__(config, run)
        self.shards = 0
        self.rows = 0

    def plan(self, source: Dataset | None) -> tuple[list[Unit], str]:
        """One unit a shard; each shard reads rows of every part."""
        self.inputs, fingerprint = super().plan(source)
        self.rows = sum(unit.rows for unit in self.inputs)
        if not self.rows:
            raise StageError("shard: no rows are left: see the funnel for where they went")
        samples = sum(
            int(repeat_counts(batch).sum())
            for unit in self.inputs
            for batch in unit.batches(["scores"])
        )
        self.shards = math.ceil(samples / self.config.samples)
        small, larger = divmod(samples, self.shards)
        sizes = [small + (i < larger) for i in range(self.shards)]
        return [Unit(i, self.shards, rows=n) for i, n in enumerate(sizes)], fingerprint

    def expand(self, units: beam.PCollection[Unit]) -> beam.PCollection[int]:
        parts = units.pipeline | "CreateParts" >> beam.Create(self.inputs)
        keys = parts | "ReadKeys" >> beam.FlatMap(read_keys, self.seed).with_output_types(Cells)
        sizes = (
            keys
            | "CountCells" >> beam.Map(lambda item: (item[0], item[1].num_rows))
            | "SumCells" >> beam.CombinePerKey(sum)
        )
        dealt = (
            keys
            | "GroupCells" >> beam.GroupByKey()
            | "DealCells"
            >> beam.FlatMap(deal_cell, beam.pvalue.AsDict(sizes), self.shards).with_output_types(
                Keyed
            )
        )
        rows = (
            {"unit": parts | "KeyParts" >> beam.Map(lambda u: (u.index, u)), "dealt": dealt}
            | "MeetParts" >> beam.CoGroupByKey()
            | "ReadRows" >> beam.FlatMap(read_rows).with_output_types(Keyed)
        )
        return (
            {"unit": units | "KeyShards" >> beam.Map(lambda u: (u.index, u)), "rows": rows}
            | "MeetShards" >> beam.CoGroupByKey()
            | "WriteShards" >> beam.Map(self.write_shard).with_output_types(int)
        )

    def write_shard(self, item: tuple[int, dict[str, Iterable[Any]]]) -> int:
        """Write one shard in every format; return its index."""
        index, found = item
        unit = next(iter(found["unit"]))
        with self.output(unit) as out, PackReader(self.run) as packs:
            samples: list[tuple[Sample, list[bytes]]] = []
            order = sorted(
                (s for batch in found["rows"] for s in from_batch(batch)),
                key=lambda s: digest(str(self.seed), "order", s.id),
            )
            for sample in order:
                is_copy = COPY in sample.id
                if not is_copy:
                    out.read(1, sample.source.dataset)
                try:
                    pixels = [packs.read(i.pack, i.offset, i.size) for i in sample.images]
                except (OSError, ValueError) as error:
                    if is_copy:  # the row itself is the error
                        out.count("rows_lost_copy")
                        continue
                    out.error(
                        sample.source.dataset, sample.id, "pack_unreadable", detail=str(error)
                    )
                    continue
                samples.append((sample, pixels))
                out.count(STRATUM + stratum(sample.bucket, sample.lang, sample.scores))
            out.keep(to_batch(sample for sample, _ in samples if COPY not in sample.id))
            out.make(to_batch(sample for sample, _ in samples if COPY in sample.id))
            self._write(unit, samples)
        return index

    def finish(self, manifest: Manifest) -> None:
        """Check that all rows came, add the shards to the manifest, and write the index."""
        if self.rows != sum(manifest.rows[name] for name in ("kept", "errors")):
            raise StageError("shard: the runner lost rows in a shuffle; run the same command again")
        shards = []
        parts = [f for f in manifest.files if f.kind == "part"]
        for index, part in enumerate(parts):
            for suffix, kind in (("tar", "webdataset"), ("parquet", "shard")):
                path = self._name(index, suffix)
                if (self.work / path).exists():
                    entry = FileEntry.of(self.work, path, kind, part.rows)
                    manifest.files.append(entry)
                    shards.append(
                        {
                            "file": path,
                            "samples": part.rows,
                            "bytes": entry.bytes,
                            "sha256": entry.sha256,
                        }
                    )
        strata = strata_of(manifest)
        samples = sum(part.rows for part in parts)
        write_json(
            self.work / INDEX,
            {"split": self.config.split, "samples": samples, "strata": strata, "shards": shards},
        )

    def _name(self, index: int, suffix: str) -> str:
        return f"{self.config.split}-{index:05d}-of-{self.shards:05d}.{suffix}"

    def _write(self, unit: Unit, samples: list[tuple[Sample, list[bytes]]]) -> None:
        if "webdataset" in self.config.formats:
            write_webdataset(self.work / self._name(unit.index, "tar"), samples)
        if "parquet" in self.config.formats:
            write_parquet(self.work / self._name(unit.index, "parquet"), samples)


def repeat_counts(batch: pa.RecordBatch) -> NDArray[np.int64]:
    """How many times each row is to be shown: its score `repeat`, or once."""
    return np.fmax(scores(batch, "repeat"), 1.0).astype(np.int64)


def read_keys(unit: Unit, seed: int) -> Iterator[Cells]:
    """(cell, batch of key, id, unit, copy) of every row of a part and of its copies."""
    cells: dict[Cell, list[tuple[str, str, int]]] = {}
    for batch in unit.batches(["id", "bucket", "lang", "scores"]):
        for row, times in zip(batch.to_pylist(), repeat_counts(batch), strict=True):
            key = digest(str(seed), "deal", row["id"])
            name = cell(stratum(row["bucket"], row["lang"], dict(row["scores"])), key)
            rows = cells.setdefault(name, [])
            rows.append((key, row["id"], 0))
            # Copies come right after their row, and so go to the next shards.
            rows += [(f"{key}{COPY}{n}", row["id"], n) for n in range(1, times)]
    for name, rows in cells.items():
        keys, ids, copies = zip(*rows, strict=True)
        yield (
            name,
            pa.record_batch(
                {
                    "key": keys,
                    "id": ids,
                    "unit": pa.array([unit.index] * len(rows), pa.int32()),
                    "copy": pa.array(copies, pa.int32()),
                }
            ),
        )


def deal_cell(
    item: tuple[Cell, Iterable[pa.RecordBatch]], sizes: dict[Cell, int], shards: int
) -> Iterator[Keyed]:
    """(part, batch of id, copy, shard) for the rows of a cell."""
    name, batches = item
    rows = pa.Table.from_batches(batches)
    shard = deal(rows["key"].to_pylist(), first_ranks(sizes)[name], shards)
    dealt = rows.append_column("shard", pa.array(shard))
    for unit in pc.unique(dealt["unit"]).to_pylist():
        chosen = dealt.filter(pc.equal(dealt["unit"], unit)).select(["id", "copy", "shard"])
        yield unit, chosen.combine_chunks().to_batches()[0]


def read_rows(item: tuple[int, dict[str, Iterable[Any]]]) -> Iterator[Keyed]:
    """(shard, batch of rows) of one part."""
    _, found = item
    unit = next(iter(found["unit"]))
    batches = list(found["dealt"])
    if not batches:
        return
    dealt = pa.Table.from_batches(batches).sort_by("copy").combine_chunks()
    for batch in unit.batches(SAMPLE_SCHEMA.names):
        mine = dealt.filter(pc.is_in(dealt["id"], batch["id"])).combine_chunks()
        row = pc.index_in(mine["id"], value_set=batch["id"])
        lost = int(repeat_counts(batch).sum()) - len(mine)
        if lost:
            raise StageError(f"{lost} rows got no shard: the runner lost keys in a shuffle")
        for number in pc.unique(mine["shard"]).to_pylist():
            chosen = pc.equal(mine["shard"], number)
            copies = mine["copy"].filter(chosen).to_numpy()
            yield number, _as_copies(batch.take(row.filter(chosen).combine_chunks()), copies)


def _as_copies(batch: pa.RecordBatch, copies: NDArray[np.int32]) -> pa.RecordBatch:
    """The rows, those of which `copies` is not 0 as the copy of that number."""
    if not copies.any():
        return batch
    samples = (
        sample.replace(
            id=f"{sample.id}{COPY}{copy}", source=replace(sample.source, parent=sample.id)
        )
        if copy
        else sample
        for sample, copy in zip(from_batch(batch), copies, strict=True)
    )
    return to_batch(samples)
