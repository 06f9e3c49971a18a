"""Training shards: WebDataset tars and Parquet files of equal sample counts.

Each shard is a stratified slice of the whole mixture (bucket, language, length
class), in an order that depends only on the seed. Ids cross one shuffle to be
dealt, rows a second one to meet in their shard; image bytes are read from the
packs where a shard is written.

    train-00000-of-00012.tar       <id>.json, <id>.0.webp, <id>.1.png …
    train-00000-of-00012.parquet   the same samples, images inside
    index.json                     files with samples, bytes, sha256, strata
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

import pipelines.coders  # noqa: F401  (registers the coder of Arrow batches)
from filters import Cell, cell, deal, first_ranks
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
    to_batch,
    write_json,
)

INDEX = "index.json"
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
        self.shards = math.ceil(self.rows / self.config.samples)
        small, larger = divmod(self.rows, self.shards)
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
                out.read(1, sample.source.dataset)
                try:
                    pixels = [packs.read(i.pack, i.offset, i.size) for i in sample.images]
                except (OSError, ValueError) as error:
                    out.error(
                        sample.source.dataset, sample.id, "pack_unreadable", detail=str(error)
                    )
                    continue
                samples.append((sample, pixels))
                out.count(f"stratum.{stratum(sample)}")
            out.keep(to_batch(sample for sample, _ in samples))
            self._write(unit, samples)
        return index

    def finish(self, manifest: Manifest) -> None:
        """Check that all rows came, add the shards to the manifest, and write the index."""
        if manifest.rows["in"] != self.rows:
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
        strata = {
            name.removeprefix("stratum."): count
            for name, count in manifest.metrics.items()
            if name.startswith("stratum.")
        }
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


def stratum(sample: Sample) -> str:
    """What a shard must have its share of: bucket, language, length class."""
    return f"{sample.bucket}.{sample.lang}.{int(sample.scores.get('length_class', 0))}"


def read_keys(unit: Unit, seed: int) -> Iterator[Cells]:
    """(cell, batch of key, id, unit) of every row of a part."""
    cells: dict[Cell, list[tuple[str, str]]] = {}
    for batch in unit.batches(["id", "bucket", "lang", "scores"]):
        for row in batch.to_pylist():
            length = int(dict(row["scores"]).get("length_class", 0))
            key = digest(str(seed), "deal", row["id"])
            name = cell(f"{row['bucket']}.{row['lang']}.{length}", key)
            cells.setdefault(name, []).append((key, row["id"]))
    for name, rows in cells.items():
        yield (
            name,
            pa.record_batch(
                {
                    "key": [key for key, _ in rows],
                    "id": [id_ for _, id_ in rows],
                    "unit": pa.array([unit.index] * len(rows), pa.int32()),
                }
            ),
        )


def deal_cell(
    item: tuple[Cell, Iterable[pa.RecordBatch]], sizes: dict[Cell, int], shards: int
) -> Iterator[Keyed]:
    """(part, batch of id, shard) for the rows of a cell."""
    name, batches = item
    rows = pa.Table.from_batches(batches)
    shard = deal(rows["key"].to_pylist(), first_ranks(sizes)[name], shards)
    dealt = rows.append_column("shard", pa.array(shard))
    for unit in pc.unique(dealt["unit"]).to_pylist():
        chosen = dealt.filter(pc.equal(dealt["unit"], unit)).select(["id", "shard"])
        yield unit, chosen.combine_chunks().to_batches()[0]


def read_rows(item: tuple[int, dict[str, Iterable[Any]]]) -> Iterator[Keyed]:
    """(shard, batch of rows) of one part."""
    _, found = item
    unit = next(iter(found["unit"]))
    batches = list(found["dealt"])
    if not batches:
        return
    dealt = pa.Table.from_batches(batches).combine_chunks()
    for batch in unit.batches(SAMPLE_SCHEMA.names):
        place = pc.index_in(batch["id"], value_set=dealt["id"].combine_chunks())
        if place.null_count:
            raise StageError(
                f"{place.null_count} rows got no shard: the runner lost keys in a shuffle"
            )
        shard = dealt["shard"].combine_chunks().take(place)
        for number in pc.unique(shard).to_pylist():
            yield number, batch.filter(pc.equal(shard, number))
