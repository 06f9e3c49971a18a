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

from filters import (
    BANDS,
    HASH_BITS,
    MAX_DIFFERENCE,
    MAX_DISTANCE,
    Index,
    differences,
    find_items,
    hamming,
    hash_words,
    index_items,
    near_hashes,
    perceptual_hashes,
    thumbnails,
)
from pipelines.config import DecontaminateConfig, RunConfig, SourceConfig
from pipelines.exchange import open_array, write_array
from pipelines.ingest import Ingest
from pipelines.judge_images import PictureUnreadable, read_view
from pipelines.progress import Silence
from pipelines.stage import Runner, Stage, Step, run_stage
from pipelines.work import Unit, UnitOutput
from records import Dataset, Manifest, PackReader, digest, read_batches, texts

_FOLDER = "items"
_TEXT, _PICTURE = "evaluation_text", "evaluation_picture"
#: The share of equal bits of two hashes from which on the pictures are compared.
_LIKENESS = 1 - MAX_DISTANCE / HASH_BITS
#: Pictures of the evaluation sets: of which item, where they are, and their hashes.
_PICTURES = np.dtype(
    [
        ("item", "i8"),
        ("sha256", "U64"),
        ("pack", "U96"),
        ("offset", "i8"),
        ("size", "i8"),
        ("hashed", "?"),
        ("words", "u4", (BANDS,)),
    ]
)


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
        self.max_pixels = config.ingest.max_image_pixels

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
            evaluation = Dataset.open(self.run / Evaluation.name)
            parts = evaluation.files("part")
            looks = [Unit(i, len(parts), part) for i, part in enumerate(parts)]
            Step("look", self.look).run(runner, looks, lambda u: self._pictures_path(u.index))
            self._index(evaluation)
        super().drive(runner, units, waiting)

    def look(self, unit: Unit) -> None:
        """Hash the pictures of a part of the evaluation sets."""
        found: list[tuple] = []
        row = 0
        with PackReader(self.run) as packs:
            for batch in unit.batches(["images"]):
                for images in batch["images"].to_pylist():
                    for image in images:
                        place = (image["pack"], image["offset"], image["size"])
                        found.append(
                            (row, image["sha256"], *place, *_hash(packs, place, self.max_pixels))
                        )
                    row += 1
        write_array(self._pictures_path(unit.index), np.array(found, _PICTURES))

    def _pictures_path(self, index: int) -> Path:
        return self.work / _FOLDER / f"pictures-{index:05d}.npy"

    def _index(self, evaluation: Dataset) -> None:
        """Write the items' n-grams and pictures where workers can map them."""
        names: list[str] = []
        text: list[str] = []
        pictures = [np.zeros(0, _PICTURES)]
        for number, part in enumerate(evaluation.files("part")):
            mine = np.array(open_array(self._pictures_path(number)))
            mine["item"] += len(names)
            pictures.append(mine)
            for batch in read_batches(part, ["parts", "source"]):
                for source in batch["source"].to_pylist():
                    names.append(f"{source['dataset']} {source['url'] or ''}".strip())
                text += texts(batch).to_pylist()
        index = index_items(text)
        arrays = {
            "ngram": index.ngram,
            "item": index.item,
            "sizes": index.sizes,
            "names": np.array(names, str),
            "pictures": np.sort(np.concatenate(pictures), order=["sha256", "item"]),
        }
        for name, array in arrays.items():
            write_array(self.work / _FOLDER / f"{name}.npy", array)

    def process(self, unit: Unit, out: UnitOutput) -> None:
        """Let the rows leave that hold an item."""
        items = _Items(self.work / _FOLDER) if self.evaluation is not None else None
        for batch in unit.batches():
            found: dict[int, _Match] = {}
            if items is not None:
                found = _find_pictures(items, batch, self.run, self.max_pixels)
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
        self.names, self.pictures = array("names"), array("pictures")


def _find_texts(items: _Items, batch: pa.RecordBatch, min_share: float) -> dict[int, _Match]:
    """Row -> the item of which it has the most."""
    found = find_items(items.index, texts(batch).to_pylist(), min_share)
    best: dict[int, _Match] = {}
    for row, item, share in zip(found.text, found.item, found.share, strict=True):
        if row not in best or share > best[row].score:
            best[int(row)] = _Match(_TEXT, float(share), min_share, str(items.names[item]))
    return best


def _find_pictures(
    items: _Items, batch: pa.RecordBatch, run: Path, max_pixels: int
) -> dict[int, _Match]:
    """Row -> an item that has one of its pictures, in whatever size and encoding."""
    images = batch["images"].flatten().to_pylist()
    rows = pc.list_parent_indices(batch["images"]).to_pylist()
    if not images or not len(items.pictures):
        return {}
    found: dict[int, _Match] = {}

    def matched(image: int, picture: int, likeness: float) -> None:
        name = str(items.names[items.pictures["item"][picture]])
        found.setdefault(rows[image], _Match(_PICTURE, likeness, _LIKENESS, name))

    known = items.pictures["sha256"]
    wanted = np.array([image["sha256"] for image in images], known.dtype)
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    for image in np.flatnonzero(known[place] == wanted):
        matched(int(image), int(place[image]), 1.0)
    hashed = [i for i, image in enumerate(images) if image["phash"] and rows[i] not in found]
    having = np.flatnonzero(items.pictures["hashed"])
    words = hash_words([images[i]["phash"] for i in hashed])
    theirs = items.pictures["words"][having]
    with PackReader(run) as packs:
        for mine, other in zip(*near_hashes(words, theirs), strict=True):
            image, picture = images[hashed[mine]], items.pictures[having[other]]
            if _same(packs, image, picture, max_pixels):
                bits = int(hamming(words[mine], theirs[other]))
                matched(hashed[mine], int(having[other]), 1 - bits / HASH_BITS)
    return found


def _same(packs: PackReader, image: dict, picture: np.void, max_pixels: int) -> bool:
    """Whether a row's and an item's picture look the same, as a hash cannot tell plots apart."""
    places = [(str(p["pack"]), int(p["offset"]), int(p["size"])) for p in (image, picture)]
    try:
        views = [read_view(packs.read(*place), max_pixels) for place in places]
    except PictureUnreadable:
        return False
    return bool(differences(views[:1], views[1:])[0] <= MAX_DIFFERENCE)


def _hash(
    packs: PackReader, place: tuple[str, int, int], max_pixels: int
) -> tuple[bool, NDArray[np.uint32]]:
    """Whether a picture has a perceptual hash, and its words."""
    nothing = np.zeros(BANDS, np.uint32)
    try:
        view = read_view(packs.read(*place), max_pixels)
    except PictureUnreadable:
        return False, nothing
    (found,) = perceptual_hashes(thumbnails([view]))
    return (False, nothing) if found is None else (True, hash_words([found])[0])
