"""Exact duplicates: normalised text, and image bytes.

A document is its text; a row whose picture is the point (a caption, an OCR
sample) is its text, its pictures, its regions and its targets. Of equal rows
the one with the smallest id stays. Identical pictures are not a reason to
leave: all rows are pointed at one copy, so that a shard stores it once.

Only hashes and ids cross the shuffle. Every row must get its verdict back: a
runner that loses one fails the stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import pipelines.coders  # noqa: F401  (registers the coder of Arrow batches)
from filters import normalise_text
from pipelines.config import DedupeConfig
from pipelines.errors import StageError
from pipelines.stage import Stage
from pipelines.work import Unit, UnitOutput
from records import digest, texts

#: Buckets whose rows are equal when their texts are, whatever their pictures.
DOCUMENTS = frozenset({"interleaved", "text", "stem"})

Keyed = tuple[int, pa.RecordBatch]


class Dedupe(Stage):
    """Drops exact duplicates, and points identical images at one copy."""

    name = "dedupe"
    config: DedupeConfig
    shuffles = True

    def expand(self, units: beam.PCollection[Unit]) -> beam.PCollection[int]:
        partitions = self.config.partitions
        verdicts = (
            units
            | "ReadKeys" >> beam.FlatMap(read_keys, partitions).with_output_types(Keyed)
            | "GroupKeys" >> beam.GroupByKey()
            | "FindTwins" >> beam.FlatMap(find_twins).with_output_types(Keyed)
        )
        places = (
            units
            | "ReadImages" >> beam.FlatMap(read_images, partitions).with_output_types(Keyed)
            | "GroupImages" >> beam.GroupByKey()
            | "ChooseCopies" >> beam.FlatMap(choose_copies).with_output_types(Keyed)
        )
        return (
            {
                "unit": units | "KeyUnits" >> beam.Map(lambda unit: (unit.index, unit)),
                "verdicts": verdicts,
                "places": places,
            }
            | "MeetUnits" >> beam.CoGroupByKey()
            | "WriteUnits" >> beam.Map(self.write_unit).with_output_types(int)
        )

    def write_unit(self, item: tuple[int, dict[str, Iterable[Any]]]) -> int:
        """Apply the verdicts to a unit's rows; return its index."""
        index, found = item
        unit = next(iter(found["unit"]))
        verdicts = _join(found["verdicts"], ["id", "twin_of"])
        places = _join(found["places"], ["sha256", "pack", "offset"])
        with self.output(unit) as out:
            for batch in unit.batches():
                self._decide(batch, verdicts, places, out)
        return index

    def _decide(
        self, batch: pa.RecordBatch, verdicts: pa.Table, places: pa.Table, out: UnitOutput
    ) -> None:
        place = pc.index_in(batch["id"], value_set=verdicts["id"].combine_chunks())
        if place.null_count:
            raise StageError(
                f"{place.null_count} rows got no verdict: the runner lost keys in a shuffle"
            )
        twin_of = verdicts["twin_of"].combine_chunks().take(place)
        stays = pc.is_null(twin_of)
        out.keep(_point_at_copies(batch.filter(stays), places, out))
        gone = batch.filter(pc.invert(stays))
        reasons = [
            "duplicate_text" if b in DOCUMENTS else "duplicate_row"
            for b in gone["bucket"].to_pylist()
        ]
        out.drop(gone, reasons, detail=twin_of.filter(pc.is_valid(twin_of)).to_pylist())
        out.progress(batch.num_rows)


def read_keys(unit: Unit, partitions: int) -> Iterator[Keyed]:
    """(partition, batch of key, id, unit) of every row of a unit."""
    for batch in unit.batches(["id", "bucket", "parts", "images", "regions", "targets"]):
        normalised = normalise_text(texts(batch)).to_pylist()
        buckets = batch["bucket"].to_pylist()
        pictures = pc.list_value_length(batch["images"]).to_pylist()
        keys = []
        for row, (text, bucket) in enumerate(zip(normalised, buckets, strict=True)):
            # Problems about pictures ask the same of each.
            shown = bucket == "stem" and pictures[row] > 0
            whole = bucket not in DOCUMENTS or not text or shown
            keys.append(digest(bucket, text, *_shown(batch, row)) if whole else digest(text))
        yield from _partition(
            keys,
            partitions,
            {
                "key": pa.array(keys),
                "id": batch["id"],
                "unit": pa.array([unit.index] * batch.num_rows, pa.int32()),
            },
        )


def _shown(batch: pa.RecordBatch, row: int) -> list[str | bytes]:
    """What a row says beside its text: pictures, boxes, labels, targets."""
    pictures = [i["sha256"].as_py() for i in batch["images"][row]]
    regions = batch["regions"][row].values
    boxes = pc.struct_field(regions, "box").flatten().to_numpy().tobytes()
    labels = "\x1f".join(pc.struct_field(regions, "label").to_pylist())
    targets = [part for pair in sorted(batch["targets"][row].as_py()) for part in pair]
    return [*pictures, boxes, labels, *targets]


def find_twins(item: tuple[int, Iterable[pa.RecordBatch]]) -> Iterator[Keyed]:
    """(unit, batch of id, twin_of) for every row; twin_of is null for the one that stays."""
    rows = pa.Table.from_batches(item[1]).sort_by([("key", "ascending"), ("id", "ascending")])
    rows = rows.combine_chunks()
    keys = rows["key"].to_numpy()
    first = np.concatenate([[True], keys[1:] != keys[:-1]])
    leader = np.maximum.accumulate(np.where(first, np.arange(len(keys)), 0))
    twin_of = rows["id"].combine_chunks().take(pa.array(leader))
    twin_of = pc.if_else(pa.array(first), pa.scalar(None, pa.string()), twin_of)
    yield from _by_unit(rows["unit"], {"id": rows["id"], "twin_of": twin_of})


def read_images(unit: Unit, partitions: int) -> Iterator[Keyed]:
    """(partition, batch of sha256, pack, offset, unit), each image of a unit once."""
    for batch in unit.batches(["images"]):
        flat = batch["images"].flatten()
        names = ("sha256", "pack", "offset")
        columns = {name: pc.struct_field(flat, name) for name in names}
        table = pa.table(columns).group_by(list(names)).aggregate([])
        table = table.append_column("unit", pa.array([unit.index] * len(table), pa.int32()))
        columns = {name: table[name].combine_chunks() for name in table.column_names}
        yield from _partition(columns["sha256"].to_pylist(), partitions, columns)


def choose_copies(item: tuple[int, Iterable[pa.RecordBatch]]) -> Iterator[Keyed]:
    """(unit, batch of sha256, pack, offset): for each image the first of its copies."""
    order = [(name, "ascending") for name in ("sha256", "pack", "offset")]
    rows = pa.Table.from_batches(item[1]).sort_by(order).combine_chunks()
    keys = rows["sha256"].to_numpy()
    first = np.concatenate([[True], keys[1:] != keys[:-1]])
    leader = pa.array(np.maximum.accumulate(np.where(first, np.arange(len(keys)), 0)))
    chosen = {name: rows[name].combine_chunks().take(leader) for name in ("pack", "offset")}
    yield from _by_unit(rows["unit"], {"sha256": rows["sha256"], **chosen})


def _partition(keys: list[str], partitions: int, columns: dict[str, pa.Array]) -> Iterator[Keyed]:
    group = np.array([int(key[:8], 16) % partitions for key in keys], dtype=np.int64)
    yield from _split(group, columns)


def _by_unit(unit: pa.ChunkedArray, columns: dict[str, Any]) -> Iterator[Keyed]:
    yield from _split(unit.to_numpy(), columns)


def _split(group: np.ndarray, columns: dict[str, Any]) -> Iterator[Keyed]:
    if not len(group):
        return
    table = pa.table(columns)
    order = np.argsort(group, kind="stable")
    values, starts = np.unique(group[order], return_index=True)
    for value, rows in zip(values, np.split(order, starts[1:]), strict=True):
        chosen = table.take(pa.array(rows)).combine_chunks()
        yield int(value), chosen.to_batches()[0]


def _join(batches: Iterable[pa.RecordBatch], names: list[str]) -> pa.Table:
    found = list(batches)
    if found:
        return pa.Table.from_batches(found).combine_chunks()
    return pa.table({name: pa.array([], pa.string()) for name in names}).combine_chunks()


def _point_at_copies(batch: pa.RecordBatch, places: pa.Table, out: UnitOutput) -> pa.RecordBatch:
    images = batch["images"]
    flat = images.flatten()
    if not len(flat):
        return batch
    copy = pc.index_in(pc.struct_field(flat, "sha256"), value_set=places["sha256"].combine_chunks())
    if copy.null_count:
        raise StageError(
            f"{copy.null_count} images got no place: the runner lost keys in a shuffle"
        )
    fields = {field.name: pc.struct_field(flat, field.name) for field in flat.type}
    moved = {name: places[name].combine_chunks().take(copy) for name in ("pack", "offset")}
    out.count(
        "images_pointed_elsewhere", pc.sum(pc.not_equal(fields["pack"], moved["pack"])).as_py()
    )
    fields |= moved
    offsets = pa.array(images.offsets.to_numpy() - images.offsets[0].as_py(), pa.int32())
    struct = pa.StructArray.from_arrays(list(fields.values()), fields=list(flat.type))
    place = batch.schema.get_field_index("images")
    return batch.set_column(
        place,
        batch.schema.field(place),
        pa.ListArray.from_arrays(offsets, struct, type=images.type),
    )
