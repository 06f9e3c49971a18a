"""Reads everything that a run has written again, and says what is not true of it."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from PIL import Image

from pipelines.run import stages_of
from pipelines.shard import INDEX
from records import (
    BUCKETS,
    ERROR_SCHEMA,
    LEVELS,
    PART_TYPES,
    REFUSED_SCHEMA,
    SAMPLE_SCHEMA,
    Dataset,
    FileEntry,
    NoDataset,
    count_rows,
    file_sha256,
    pack_members,
    read_batches,
    valid,
)

_PHASH = re.compile(r"[0-9a-f]{64}")
_SCHEMAS = {
    "part": SAMPLE_SCHEMA,
    "dropped": REFUSED_SCHEMA,
    "rejected": REFUSED_SCHEMA,
    "errors": ERROR_SCHEMA,
}


@dataclass(frozen=True)
class Problem:
    """Something that is wrong, and where."""

    where: str
    what: str


@dataclass
class Checked:
    """How much was looked at."""

    stages: int = 0
    files: int = 0
    rows: int = 0
    boxes: int = 0
    images: int = 0
    shards: int = 0


#: (pack, offset) -> (sha256, size, width, height) of every packed image of a run.
Packed = dict[tuple[str, int], tuple[str, int, int, int]]


def validate(run_dir: Path) -> tuple[Checked, list[Problem]]:
    """Verify every manifest, file, row, box, image and shard of a run.

    Raises StageError where there is no run.
    """
    checked, packed = Checked(), Packed()
    problems: list[Problem] = []
    datasets: list[Dataset] = []
    for name in stages_of(run_dir):
        try:
            datasets.append(Dataset.open(run_dir / name))
        except NoDataset as error:
            problems.append(Problem(name, str(error)))
            break
    for before, dataset in pairwise([None, *datasets]):
        assert dataset is not None
        checked.stages += 1
        problems += _check_manifest(dataset, before)
        problems += _check_packs(dataset, packed, checked)
        ids: set[str] = set()
        for entry in dataset.manifest.files:
            problems += _check_file(dataset, entry, packed, ids, checked)
        if (dataset.root / INDEX).exists():
            problems += _check_shards(dataset, checked)
    return checked, problems


def _check_manifest(dataset: Dataset, before: Dataset | None) -> Iterator[Problem]:
    rows, name = dataset.manifest.rows, dataset.manifest.stage
    if rows["in"] != rows["kept"] + rows["dropped"] + rows["errors"]:
        yield Problem(name, f"rows in {rows['in']} is not kept + dropped + errors: {rows}")
    if before is not None:
        given = before.manifest.rows["kept"] + before.manifest.rows["made"]
        if given != rows["in"]:
            yield Problem(
                name, f"reads {rows['in']} rows, but {before.manifest.stage} left {given}"
            )
        if before.manifest.fingerprint != dataset.manifest.input_fingerprint:
            yield Problem(
                name, f"was made from another output of {before.manifest.stage}: run again"
            )
    named = {f.path for f in dataset.manifest.files} | {"manifest.json", INDEX}
    for path in sorted(dataset.root.rglob("*")):
        if path.is_file() and path.relative_to(dataset.root).as_posix() not in named:
            yield Problem(name, f"{path.name} is not in the manifest")


def _check_packs(dataset: Dataset, packed: Packed, checked: Checked) -> Iterator[Problem]:
    for path in dataset.files("pack"):
        if not path.exists():
            continue  # said by _check_file
        pack = f"{dataset.manifest.stage}/{path.relative_to(dataset.root).as_posix()}"
        try:
            for name, offset, data in pack_members(path):
                sha256 = hashlib.sha256(data).hexdigest()
                if name.split(".")[0] != sha256:
                    yield Problem(pack, f"{name} holds the bytes of {sha256}")
                size = _decoded_size(data)
                if size is None:
                    yield Problem(pack, f"{name} does not decode")
                packed[pack, offset] = (sha256, len(data), *(size or (0, 0)))
                checked.images += 1
        except (tarfile.TarError, ValueError, OSError) as error:
            yield Problem(pack, f"cannot be read: {error}")


def _decoded_size(data: bytes) -> tuple[int, int] | None:
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            return image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _check_file(
    dataset: Dataset, entry: FileEntry, packed: Packed, ids: set[str], checked: Checked
) -> Iterator[Problem]:
    path, name = dataset.root / entry.path, f"{dataset.manifest.stage}/{entry.path}"
    checked.files += 1
    if not path.exists():
        yield Problem(name, "is missing")
        return
    if file_sha256(path) != entry.sha256:
        yield Problem(name, "does not have the checksum of the manifest")
        return
    if entry.kind not in _SCHEMAS:
        return
    if not pq.read_schema(path).equals(_SCHEMAS[entry.kind]):
        yield Problem(name, "does not have the schema")
        return
    if count_rows(path) != entry.rows:
        yield Problem(name, f"has {count_rows(path)} rows, the manifest says {entry.rows}")
    if entry.kind == "errors":
        return
    for batch in read_batches(path):
        checked.rows += batch.num_rows
        for what in _row_problems(batch, packed, checked):
            yield Problem(name, what)
        if entry.kind == "part":
            new = set(batch["id"].to_pylist())
            if len(new) < batch.num_rows or new & ids:
                yield Problem(name, "has an id twice")
            ids |= new


def _row_problems(batch: pa.RecordBatch, packed: Packed, checked: Checked) -> Iterator[str]:
    regions, parts, images = (batch[n].flatten() for n in ("regions", "parts", "images"))
    boxes = pc.struct_field(regions, "box").flatten().to_numpy().reshape(-1, 4)
    checked.boxes += len(boxes)
    if not valid(boxes).all():
        yield f"{int((~valid(boxes)).sum())} boxes are not within 0..1000 or have no area"
    for column, values in (
        (batch["bucket"], BUCKETS),
        (pc.struct_field(parts, "type"), PART_TYPES),
        (pc.struct_field(regions, "level"), LEVELS),
    ):
        unknown = set(pc.unique(column).to_pylist()) - set(values)
        if unknown:
            yield f"unknown values {sorted(map(str, unknown))}"
    lengths = pc.list_value_length(batch["images"]).to_numpy()
    for lists, values in (("parts", parts), ("regions", regions)):
        owner = pc.list_parent_indices(batch[lists]).to_numpy()
        index = pc.fill_null(pc.struct_field(values, "image"), -1).to_numpy()
        least = -1 if lists == "parts" else 0
        if ((index >= lengths[owner]) | (index < least)).any():
            yield f"{lists} point at images that are not there"
    for image in images.to_pylist():
        found = packed.get((image["pack"], image["offset"]))
        told = tuple(image[k] for k in ("sha256", "size", "width", "height"))
        if not _PHASH.fullmatch(image["phash"] or "0" * 64):
            yield f"the image {image['sha256'][:12]} has the perceptual hash {image['phash']!r}"
        if found != told:
            yield f"the image {image['sha256'][:12]} is not what {image['pack']} holds: {found}"


def _check_shards(dataset: Dataset, checked: Checked) -> Iterator[Problem]:
    index = json.loads((dataset.root / INDEX).read_text())
    by_format: dict[str, list[int]] = {}
    tars: dict[str, list[str]] = {}
    for shard in index["shards"]:
        path = dataset.root / shard["file"]
        checked.shards += 1
        if not path.exists() or file_sha256(path) != shard["sha256"]:
            yield Problem(shard["file"], "is missing or does not have the checksum of the index")
            continue
        if path.suffix == ".tar":
            ids, bad = _read_tar(path)
            yield from (Problem(shard["file"], what) for what in bad)
            tars[path.stem] = ids
        else:
            ids = pq.read_table(path, columns=["id"])["id"].to_pylist()
            if tars.get(path.stem, ids) != ids:
                yield Problem(shard["file"], "has other samples than the tar")
        if len(ids) != shard["samples"]:
            yield Problem(
                shard["file"], f"has {len(ids)} samples, the index says {shard['samples']}"
            )
        by_format.setdefault(path.suffix, []).append(len(ids))
    for suffix, counts in by_format.items():
        if np.ptp(counts) > 1:
            yield Problem(INDEX, f"{suffix} shards are not of equal counts: {counts}")
        if sum(counts) != index["samples"]:
            yield Problem(
                INDEX, f"{suffix} shards hold {sum(counts)} of {index['samples']} samples"
            )


def _read_tar(path: Path) -> tuple[list[str], list[str]]:
    """The ids of a WebDataset shard in order, and what is wrong with its samples."""
    problems: list[str] = []
    records: dict[str, dict] = {}
    with tarfile.open(path, "r:") as tar:
        for member in tar:
            key, _, rest = member.name.partition(".")
            stream = tar.extractfile(member)
            assert stream is not None
            data = stream.read()
            if rest == "json":
                records[key] = json.loads(data)
                continue
            told = next((i for i in records[key]["images"] if i["file"] == rest), None)
            if told is None or hashlib.sha256(data).hexdigest() != told.pop("sha256"):
                problems.append(f"{member.name} is not the image that its sample names")
    for key, record in records.items():
        if any("sha256" in image for image in record["images"]):
            problems.append(f"{key} lacks an image")
    return list(records), problems
