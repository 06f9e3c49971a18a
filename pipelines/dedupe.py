"""Exact duplicates: a site's boilerplate, normalised text, image bytes.

A document is its text, without the paragraphs that many pages of its site have;
a row whose picture is the point (a caption, an OCR sample) is its text, its
pictures, its regions and its targets. Of equal rows the one with the smallest
id stays. Identical pictures are not a reason to leave: all rows are pointed at
one copy, so that a shard stores it once.

Sweeps (`pipelines.exchange`): *sign* gives a part's rows and pictures their
hashes, of which equal ones go on once a part, so that a million copies do not
meet in one place; *meet* finds, in a range of hashes, whom the parts share;
*count* and *total* find the boilerplate of pages that are no copies; rows are
signed and meet again without it; the stage itself decides.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters import normalise_text
from pipelines.boilerplate import count, total, without_boilerplate
from pipelines.config import DedupeConfig
from pipelines.exchange import (
    count_rows_of,
    hash_ranges,
    open_array,
    read_range,
    write_array,
    write_sorted,
)
from pipelines.nodes import by_unit, node_range, nodes_of, rows_of
from pipelines.stage import Runner, Stage, Step
from pipelines.work import Unit, UnitOutput
from records import Manifest, digest, texts

#: Buckets whose rows are equal when their texts are, whatever their pictures.
DOCUMENTS = frozenset({"interleaved", "text", "stem"})
#: Rows of a range; sorting them takes 100 MB.
RANGE_ROWS = 1_000_000
_FOLDER = "exact"
#: Keys of rows as they are, boilerplate included.
RAW = "raw"
Numbers = NDArray[np.uint64]
#: Where a picture is; packs have short names (`ingest/packs/pack-00000-of-00008.tar`).
_PLACE = np.dtype([("sha256", "U64"), ("pack", "U96"), ("offset", "i8")])
_PLACE_FIELDS = ("sha256", "pack", "offset")


class Dedupe(Stage):
    """Drops boilerplate and exact duplicates, and points identical images at one copy."""

    name = "dedupe"
    config: DedupeConfig

    def drive(self, runner: Runner, units: Sequence[Unit], waiting: Sequence[Unit]) -> None:
        """Count, total, sign, meet, decide; what an earlier try left is not done again."""
        if not waiting:
            return
        self._sweep(runner, "read", self.read, units, RAW)
        self._sweep(runner, "compare", self.meet, self._ranges(RAW), f"{RAW}-met")
        self._sweep(runner, "count", self.count, units, "pages")
        self._sweep(runner, "total", self.total, self._ranges("pages"), "total")
        self._sweep(runner, "sign", self.sign, units, "keys")
        ranges = [*self._ranges("images"), *self._ranges("keys")]
        Step("meet", self.meet).run(
            runner, ranges, lambda u: self._path(f"{u.inputs[0]}-met", u.index)
        )
        runner.run(self, waiting)

    def _sweep(
        self,
        runner: Runner,
        name: str,
        work: Callable[[Unit], None],
        units: Sequence[Unit],
        left: str,
    ) -> None:
        Step(name, work).run(runner, units, lambda unit: self._path(left, unit.index))

    def read(self, unit: Unit) -> None:
        """The hashes of a part's rows as they are."""
        keys: list[str] = []
        ids: list[str] = []
        for batch in unit.batches():
            keys += row_keys(batch)
            ids += batch["id"].to_pylist()
        self._write_keys(RAW, unit, keys, ids)

    def count(self, unit: Unit) -> None:
        """On how many of a part's pages, copies apart, each paragraph is."""
        firsts = open_array(self._path(f"{RAW}-firsts", unit.index))
        repeated = firsts != np.arange(len(firsts))
        span = node_range(unit.index, unit.index + 1)
        elsewhere = read_range(self._paths(f"{RAW}-met"), *span, columns=3)[0]
        repeated[rows_of(elsewhere)] = True
        count(unit, repeated, self._path("pages", unit.index))

    def total(self, unit: Unit) -> None:
        """On how many pages of all parts each paragraph of a range is."""
        _, low, high = unit.inputs
        pages = self.config.boilerplate_pages
        total(self._paths("pages"), low, high, pages, self._path("total", unit.index))

    def sign(self, unit: Unit) -> None:
        """The hashes of a part's rows, without boilerplate, and of its pictures.

        Leaves `places` (of the part's different pictures) and what goes on to
        meet others: `images` (hash, node), and what `_write_keys` does.
        """
        keys: list[str] = []
        ids: list[str] = []
        places: set[tuple[str, str, int]] = set()
        for batch in unit.batches():
            mine = batch["id"].to_pylist()
            cleaned, lost = self._cleaned(batch)
            emptied = _emptied(cleaned, lost)
            # What is nothing without its boilerplate is no copy of other such rows.
            keys += [
                digest("emptied", id_) if gone else key
                for key, id_, gone in zip(row_keys(cleaned), mine, emptied, strict=True)
            ]
            ids += mine
            places |= _places(batch)
        ordered = sorted(places)
        write_array(self._path("places", unit.index), np.array(ordered, _PLACE))
        shas = _numbers([sha256[:32] for sha256, _, _ in ordered])
        nodes = nodes_of(unit.index, np.arange(len(ordered)))
        write_sorted(self._path("images", unit.index), *shas, nodes)
        self._write_keys("keys", unit, keys, ids)

    def _write_keys(self, kind: str, unit: Unit, keys: list[str], ids: list[str]) -> None:
        """Write the first equal row of the part by row, and of those (hash, id, node).

        Hashes and ids are two numbers each.
        """
        high, low = _numbers(keys)
        # Rows are in the order of their ids, so the first of equal ones has the smallest.
        _, first, group = np.unique(
            np.stack([high, low]), axis=1, return_index=True, return_inverse=True
        )
        firsts = first[group.reshape(-1)] if len(keys) else first
        write_array(self._path(f"{kind}-firsts", unit.index), firsts)
        columns = [column[first] for column in (high, low, *_numbers(ids))]
        write_sorted(self._path(kind, unit.index), *columns, nodes_of(unit.index, first))

    def meet(self, unit: Unit) -> None:
        """Whom the rows, or the pictures, of a range of hashes have in other parts.

        Leaves (node, …): of a row the id of the first that is equal, of a picture
        the node of its first copy; for those that are not the first themselves.
        """
        name, low, high = unit.inputs
        table = read_range(self._paths(name), low, high, columns=3 if name == "images" else 5)
        # By hash, then by id or node; the node is the last column.
        table = table[:, np.lexsort(table[::-1])]
        same = (table[0, 1:] == table[0, :-1]) & (table[1, 1:] == table[1, :-1])
        first = np.concatenate([[True], ~same])[: table.shape[1]]
        leader = np.maximum.accumulate(np.where(first, np.arange(table.shape[1]), 0))[~first]
        what = table[2:] if name == "images" else table[2:4]
        path = self._path(f"{name}-met", unit.index)
        write_sorted(path, table[-1, ~first], *what[:, leader])

    def process(self, unit: Unit, out: UnitOutput) -> None:
        """Let boilerplate and duplicates leave, and point pictures at their first copies."""
        firsts = open_array(self._path("keys-firsts", unit.index))
        span = node_range(unit.index, unit.index + 1)
        nodes, *ids = read_range(self._paths("keys-met"), *span, columns=3)
        elsewhere = dict(zip(rows_of(nodes).tolist(), _hex(*ids), strict=True))
        copies = self._copies(unit, span)
        own: list[str] = []
        for batch in unit.batches():
            rows = np.arange(len(own), len(own) + batch.num_rows)
            own += batch["id"].to_pylist()
            twins = [
                elsewhere.get(first, None if first == row else own[first])
                for row, first in zip(rows.tolist(), firsts[rows].tolist(), strict=True)
            ]
            self._decide(batch, twins, copies, out)

    def _decide(
        self,
        batch: pa.RecordBatch,
        twins: list[str | None],
        copies: dict[tuple[str, str, int], tuple[str, int]],
        out: UnitOutput,
    ) -> None:
        cleaned, lost = self._cleaned(batch)
        out.count("paragraphs_dropped_boilerplate", int(lost.sum()))
        reasons = np.full(batch.num_rows, None, object)
        reasons[_emptied(cleaned, lost)] = "only_boilerplate"
        for row, bucket in enumerate(batch["bucket"].to_pylist()):
            if twins[row] is not None:
                reasons[row] = "duplicate_text" if bucket in DOCUMENTS else "duplicate_row"
        gone = reasons != None  # noqa: E711
        out.keep(_point_at_copies(cleaned.filter(pa.array(~gone)), copies, out))
        where = np.flatnonzero(gone)
        out.drop(
            batch.filter(pa.array(gone)), list(reasons[gone]), detail=[twins[row] for row in where]
        )
        out.progress(batch.num_rows)

    def _copies(
        self, unit: Unit, span: tuple[int, int]
    ) -> dict[tuple[str, str, int], tuple[str, int]]:
        """(sha256, pack, offset) -> (pack, offset) of the first copy, where that is another."""
        mine = open_array(self._path("places", unit.index))
        nodes, leaders = read_range(self._paths("images-met"), *span, columns=2)
        found = {}
        for index, places in by_unit(leaders):
            theirs = open_array(self._path("places", index))
            for place in places:
                here, there = mine[rows_of(nodes[place])], theirs[rows_of(leaders[place])]
                found[tuple(here.tolist())] = (str(there["pack"]), int(there["offset"]))
        return found

    def _cleaned(self, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, NDArray[np.int64]]:
        return without_boilerplate(batch, self._paths("total"), self.config.boilerplate_share)

    def _ranges(self, kind: str) -> list[Unit]:
        ranges = hash_ranges(max(1, math.ceil(count_rows_of(self._paths(kind)) / RANGE_ROWS)))
        return [Unit(i, len(ranges), inputs=(kind, *span)) for i, span in enumerate(ranges)]

    def _path(self, kind: str, index: int) -> Path:
        return self.work / _FOLDER / f"{kind}-{index:05d}.npy"

    def _paths(self, kind: str) -> list[Path]:
        return sorted((self.work / _FOLDER).glob(f"{kind}-[0-9]*.npy"))

    def finish(self, manifest: Manifest) -> None:
        """What the sweeps left is not part of the output."""
        shutil.rmtree(self.work / _FOLDER, ignore_errors=True)


def _emptied(cleaned: pa.RecordBatch, lost: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which rows are nothing without the boilerplate that they have lost."""
    left = pc.list_value_length(cleaned["parts"]).to_numpy(zero_copy_only=False)
    return (lost > 0) & (left == 0)


def row_keys(batch: pa.RecordBatch) -> list[str]:
    """For each row a hash of all that makes it equal to another."""
    normalised = normalise_text(texts(batch)).to_pylist()
    pictures = pc.list_value_length(batch["images"]).to_pylist()
    keys = []
    for row, bucket in enumerate(batch["bucket"].to_pylist()):
        text = normalised[row]
        # Problems about pictures ask the same of each.
        shown = bucket == "stem" and pictures[row] > 0
        whole = bucket not in DOCUMENTS or not text or shown
        keys.append(digest(bucket, text, *_shown(batch, row)) if whole else digest(text))
    return keys


def _shown(batch: pa.RecordBatch, row: int) -> list[str | bytes]:
    """What a row says beside its text: pictures, boxes, labels, targets."""
    pictures = [i["sha256"].as_py() for i in batch["images"][row]]
    regions = batch["regions"][row].values
    boxes = pc.struct_field(regions, "box").flatten().to_numpy().tobytes()
    labels = "\x1f".join(pc.struct_field(regions, "label").to_pylist())
    targets = [part for pair in sorted(batch["targets"][row].as_py()) for part in pair]
    return [*pictures, boxes, labels, *targets]


def _places(batch: pa.RecordBatch) -> set[tuple[str, str, int]]:
    """(sha256, pack, offset) of every picture of a batch, each once."""
    flat = batch["images"].flatten()
    table = pa.table({name: pc.struct_field(flat, name) for name in _PLACE_FIELDS})
    distinct = table.group_by(list(_PLACE_FIELDS)).aggregate([])
    return {tuple(row.values()) for row in distinct.select(list(_PLACE_FIELDS)).to_pylist()}


def _numbers(hashes: Sequence[str]) -> tuple[Numbers, Numbers]:
    """128-bit hashes in hexadecimal as two numbers each, in the same order."""
    pairs = np.frombuffer(bytes.fromhex("".join(hashes)), ">u8").reshape(-1, 2)
    return pairs[:, 0].astype(np.uint64), pairs[:, 1].astype(np.uint64)


def _hex(high: Numbers, low: Numbers) -> list[str]:
    """The hashes that `_numbers` split."""
    return [f"{a:016x}{b:016x}" for a, b in zip(high.tolist(), low.tolist(), strict=True)]


def _point_at_copies(
    batch: pa.RecordBatch,
    copies: dict[tuple[str, str, int], tuple[str, int]],
    out: UnitOutput,
) -> pa.RecordBatch:
    images = batch["images"]
    flat = images.flatten()
    fields = {field.name: pc.struct_field(flat, field.name) for field in flat.type}
    here = list(zip(*(fields[name].to_pylist() for name in _PLACE_FIELDS), strict=True))
    there = [copies.get(place, place[1:]) for place in here]
    moved = sum(place[1:] != copy for place, copy in zip(here, there, strict=True))
    if not moved:
        return batch
    out.count("images_pointed_elsewhere", moved)
    fields["pack"] = pa.array([pack for pack, _ in there], pa.string())
    fields["offset"] = pa.array([offset for _, offset in there], pa.int64())
    offsets = pa.array(images.offsets.to_numpy() - images.offsets[0].as_py(), pa.int32())
    struct = pa.StructArray.from_arrays(list(fields.values()), fields=list(flat.type))
    place = batch.schema.get_field_index("images")
    lists = pa.ListArray.from_arrays(offsets, struct, type=images.type)
    return batch.set_column(place, batch.schema.field(place), lists)
