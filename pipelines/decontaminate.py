"""Rows that hold an item of an evaluation set leave.

The sets are read as sources are, into `<run>/evaluation`. A row holds an item
if it has most of its n-grams, or one of its pictures. What is dropped says which
item it was, and by how much.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters import Index, find_items, index_items
from pipelines.config import DecontaminateConfig, RunConfig, SourceConfig
from pipelines.exchange import open_array, write_array
from pipelines.ingest import Ingest
from pipelines.progress import Silence
from pipelines.stage import Runner, Stage, run_stage
from pipelines.work import Unit, UnitOutput
from records import Dataset, Manifest, digest, texts

_FOLDER = "items"
_TEXT, _PICTURE = "evaluation_text", "evaluation_picture"


@dataclass(frozen=True)
class _Match:
    """Why a row leaves: the share of the item's n-grams that it has, and which item."""

    reason: str
    score: float | None
    threshold: float | None
    item: str


class Evaluation(Ingest):
    """Reads the evaluation sets."""

    name = "evaluation"

    @staticmethod
    def sources_of(config: RunConfig) -> list[SourceConfig]:
        """What to read."""
        return config.evaluation


class Decontaminate(Stage):
    """Drops rows that hold items of evaluation sets."""

    name = "decontaminate"
    config: DecontaminateConfig

    def __init__(self, config: RunConfig, run: Path):
        super().__init__(config, run)
        self.evaluation = Evaluation(config, run) if config.evaluation else None

    def plan(self, source: Dataset | None) -> tuple[list[Unit], str]:
        """One unit a part; the evaluation sets are part of the input."""
        units, fingerprint = super().plan(source)
        if self.evaluation is None:
            return units, fingerprint
        _, listing = self.evaluation.plan(None)
        return units, digest(fingerprint, listing, self.evaluation.config_hash)

    def drive(self, runner: Runner, units: Sequence[Unit], waiting: Sequence[Unit]) -> None:
        """Read the evaluation sets, index them, and look at all rows."""
        if self.evaluation is not None and waiting:
            run_stage(self.evaluation, None, runner, Silence())
            self._index(Dataset.open(self.run / Evaluation.name))
        super().drive(runner, units, waiting)

    def _index(self, evaluation: Dataset) -> None:
        """Write the items' n-grams and pictures where workers can map them."""
        names: list[str] = []
        text: list[str] = []
        pictures: list[str] = []
        owners: list[int] = []
        for batch in evaluation.batches(columns=["parts", "images", "source"]):
            for source in batch["source"].to_pylist():
                names.append(f"{source['dataset']} {source['url'] or ''}".strip())
            text += texts(batch).to_pylist()
            pictures += pc.struct_field(batch["images"].flatten(), "sha256").to_pylist()
            parents = pc.list_parent_indices(batch["images"]).to_numpy(zero_copy_only=False)
            owners += (parents + len(names) - batch.num_rows).tolist()
        index = index_items(text)
        order = sorted(range(len(pictures)), key=lambda i: (pictures[i], owners[i]))
        arrays = {
            "ngram": index.ngram,
            "item": index.item,
            "sizes": index.sizes,
            "names": np.array(names, str),
            "pictures": np.array([pictures[i] for i in order], "U64"),
            "owners": np.array([owners[i] for i in order], np.int64),
        }
        for name, array in arrays.items():
            write_array(self.work / _FOLDER / f"{name}.npy", array)

    def process(self, unit: Unit, out: UnitOutput) -> None:
        """Let the rows leave that hold an item."""
        items = _Items(self.work / _FOLDER) if self.evaluation is not None else None
        for batch in unit.batches():
            found: dict[int, _Match] = {}
            if items is not None:
                found = _find_pictures(items, batch)
                found |= _find_texts(items, batch, self.config.min_share)
            gone = np.zeros(batch.num_rows, bool)
            gone[list(found)] = True
            why = [found[row] for row in sorted(found)]
            out.keep(batch.filter(pa.array(~gone)))
            out.drop(
                batch.filter(pa.array(gone)),
                [match.reason for match in why],
                score=[match.score for match in why],
                threshold=[match.threshold for match in why],
                detail=[match.item for match in why],
            )
            for match in why:
                out.count(f"rows_dropped_{match.item.split()[0]}")
            out.progress(batch.num_rows)

    def finish(self, manifest: Manifest) -> None:
        """The index is not part of the output."""
        shutil.rmtree(self.work / _FOLDER, ignore_errors=True)


class _Items:
    """The index, as it lies in its files."""

    def __init__(self, folder: Path):
        def array(name: str) -> NDArray:
            return open_array(folder / f"{name}.npy")

        self.index = Index(array("ngram"), array("item"), array("sizes"))
        self.names, self.pictures, self.owners = map(array, ("names", "pictures", "owners"))


def _find_texts(items: _Items, batch: pa.RecordBatch, min_share: float) -> dict[int, _Match]:
    """Row -> the item of which it has the most."""
    found = find_items(items.index, texts(batch).to_pylist(), min_share)
    best: dict[int, _Match] = {}
    for row, item, share in zip(found.text, found.item, found.share, strict=True):
        if row not in best or share > best[row].score:
            best[int(row)] = _Match(_TEXT, float(share), min_share, str(items.names[item]))
    return best


def _find_pictures(items: _Items, batch: pa.RecordBatch) -> dict[int, _Match]:
    """Row -> an item that has one of its pictures."""
    sha256 = pc.struct_field(batch["images"].flatten(), "sha256").to_numpy(zero_copy_only=False)
    row = pc.list_parent_indices(batch["images"]).to_numpy(zero_copy_only=False)
    if not len(items.pictures) or not len(sha256):
        return {}
    wanted = sha256.astype("U64")
    place = np.minimum(np.searchsorted(items.pictures, wanted), len(items.pictures) - 1)
    there = np.flatnonzero(items.pictures[place] == wanted)
    return {
        int(row[i]): _Match(_PICTURE, None, None, str(items.names[items.owners[place[i]]]))
        for i in there[::-1]
    }
