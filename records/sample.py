"""`Sample`, the one record of the project, and its Arrow schema.

Whatever the bucket, a row is a `Sample`: parts in reading order, references to
images (never their bytes), regions with boxes on the 0..1000 grid, structured
ground truth, the scores that filters measured, and where it all came from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from records.identity import digest

BUCKETS = (
    "caption",
    "interleaved",
    "ocr",
    "document",
    "chart",
    "grounding",
    "counting",
    "stem",
    "conversation",
    "text",
)
PART_TYPES = ("text", "image", "think")
ROLES = (None, "system", "user", "assistant")
LEVELS = ("char", "word", "line", "block", "object")
#: What annotators say of a region: a crowd is many objects in one box; a truncated
#: one goes on outside the picture; a difficult one is not held against a detector;
#: of an illegible text only the place is known.
FLAGS = ("crowd", "truncated", "occluded", "difficult", "illegible")


@dataclass(frozen=True, slots=True)
class Part:
    """One step of the reading order: a text, a thought, or a picture."""

    type: str
    text: str | None = None
    #: Index into `Sample.images`, for a picture.
    image: int | None = None
    #: None for pre-training documents; system, user or assistant in conversations.
    role: str | None = None


@dataclass(frozen=True, slots=True)
class ImageRef:
    """Where an image's bytes are: a range of a pack, never the bytes themselves."""

    sha256: str
    #: The pack's path, relative to the run's directory.
    pack: str
    #: Bytes from the start of the pack, and how many.
    offset: int
    size: int
    #: Lower-case name of the encoding: png, jpeg, webp or gif.
    format: str
    #: Pixels.
    width: int
    height: int
    alt: str | None = None
    #: Perceptual hash, 64 hex digits, set by the filter; None where there is too little to hash.
    phash: str | None = None


@dataclass(frozen=True, slots=True)
class Region:
    """A labelled box on one of the sample's images."""

    #: Index into `Sample.images`.
    image: int
    level: str
    label: str
    #: (x1, y1, x2, y2) on the 0..1000 grid; see `records.boxes`.
    box: tuple[int, int, int, int]
    #: The fraction that nothing else covers, 0..1.
    visible: float = 1.0
    #: Of FLAGS, in alphabetical order.
    flags: tuple[str, ...] = ()
    #: x1, y1, x2, y2, … on the grid, where the shape is known and is not the box.
    polygon: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Where a row came from."""

    dataset: str
    #: A path inside the dataset (with `#place` for a row of a file), or an address.
    url: str | None = None
    license: str | None = None
    #: The language that the source claims; `Sample.lang` is what we found.
    lang: str | None = None
    #: The id of the row that this one was made from.
    parent: str | None = None
    #: The model that wrote the row's text, where one did.
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One row. `id` is fixed when the row is made, and stays when its fields change."""

    id: str
    bucket: str
    lang: str | None
    parts: tuple[Part, ...]
    images: tuple[ImageRef, ...] = ()
    regions: tuple[Region, ...] = ()
    targets: Mapping[str, str] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    source: Source = Source(dataset="")
    lineage: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All text parts, a blank line between them."""
        return "\n\n".join(p.text for p in self.parts if p.type == "text" and p.text)

    def replace(self, **changes: Any) -> Sample:
        """A copy with some fields changed."""
        return replace(self, **changes)


def sample_id(source: Source, parts: Sequence[Part], images: Sequence[ImageRef]) -> str:
    """The id of a new row: a hash of what it says and where it came from.

    The place is part of it, so that two copies of one page are two rows with
    two ids, and `explain` can tell which of them was dropped as the duplicate.
    """
    fields: list[str | None] = [source.dataset, source.url, source.parent]
    for part in parts:
        picture = images[part.image].sha256 if part.image is not None else None
        fields += [part.type, part.role, part.text, picture]
    return digest(*fields)


_PART = pa.struct(
    [("type", pa.string()), ("text", pa.string()), ("image", pa.int32()), ("role", pa.string())]
)
_IMAGE = pa.struct(
    [
        ("sha256", pa.string()),
        ("pack", pa.string()),
        ("offset", pa.int64()),
        ("size", pa.int64()),
        ("format", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("alt", pa.string()),
        ("phash", pa.string()),
    ]
)
REGION = pa.struct(
    [
        ("image", pa.int32()),
        ("level", pa.string()),
        ("label", pa.string()),
        ("box", pa.list_(pa.int16(), 4)),
        ("visible", pa.float32()),
        ("flags", pa.list_(pa.string())),
        ("polygon", pa.list_(pa.int16())),
    ]
)
_SOURCE = pa.struct(
    [(name, pa.string()) for name in ("dataset", "url", "license", "lang", "parent", "model")]
)

_SCORE = pa.struct([pa.field("key", pa.string(), nullable=False), ("value", pa.float64())])

#: A row that goes on.
SAMPLE_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("bucket", pa.string()),
        ("lang", pa.string()),
        ("parts", pa.list_(_PART)),
        ("images", pa.list_(_IMAGE)),
        ("regions", pa.list_(REGION)),
        ("targets", pa.map_(pa.string(), pa.string())),
        ("scores", pa.map_(pa.string(), pa.float64())),
        ("source", _SOURCE),
        ("lineage", pa.list_(pa.string())),
    ]
)

#: A row that left (`dropped`), or a made row that a gate refused (`rejected`): why.
REFUSED_SCHEMA = pa.schema(
    [
        *SAMPLE_SCHEMA,
        ("reason", pa.string()),
        # The measured value that decided, and the limit it was held against.
        ("score", pa.float64()),
        ("threshold", pa.float64()),
        # What a number cannot say, such as the id that this row duplicates.
        ("detail", pa.string()),
    ]
)

#: An input that could not be read.
ERROR_SCHEMA = pa.schema(
    [
        ("dataset", pa.string()),
        ("path", pa.string()),
        # Where in the file: "line 17", "img src=…".
        ("place", pa.string()),
        # What the error cost: the whole "row", or one "image" of it.
        ("lost", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("head", pa.binary()),
    ]
)


def to_batch(samples: Iterable[Sample]) -> pa.RecordBatch:
    """Samples as one batch of `SAMPLE_SCHEMA`."""
    return pa.RecordBatch.from_pylist([_to_row(s) for s in samples], schema=SAMPLE_SCHEMA)


def region_array(
    level: str,
    labels: Sequence[str],
    boxes: ArrayLike,
    *,
    image: int = 0,
    flags: Sequence[Sequence[str]] | None = None,
    polygons: Sequence[Sequence[int]] | None = None,
) -> pa.StructArray:
    """Regions of one level on one image as a `REGION` array; a page's characters in one call.

    `boxes` has the shape (N, 4), on the grid, as `boxes.normalise` gives them.
    """
    count = len(labels)
    grid = np.ascontiguousarray(boxes, dtype=np.int16).reshape(count, 4)
    nothing = [()] * count
    columns = [
        pa.array(np.full(count, image, np.int32)),
        pa.DictionaryArray.from_arrays(np.zeros(count, np.int8), [level]).cast(pa.string()),
        pa.array(labels, pa.string()),
        pa.FixedSizeListArray.from_arrays(pa.array(grid.ravel()), 4),
        pa.array(np.ones(count, np.float32)),
        pa.array([sorted(f) for f in flags] if flags else nothing, REGION.field("flags").type),
        pa.array(polygons or nothing, REGION.field("polygon").type),
    ]
    return pa.StructArray.from_arrays(columns, fields=list(REGION))


def set_regions(batch: pa.RecordBatch, regions: Sequence[pa.StructArray]) -> pa.RecordBatch:
    """The batch with row k's regions set to `regions[k]`, a `REGION` array."""
    offsets = np.concatenate([[0], np.cumsum([len(r) for r in regions])])
    values = pa.concat_arrays([*regions, pa.array([], REGION)])
    lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)
    return batch.set_column(
        SAMPLE_SCHEMA.get_field_index("regions"), SAMPLE_SCHEMA.field("regions"), lists
    )


def from_batch(batch: pa.RecordBatch | pa.Table, *, regions: bool = True) -> Iterator[Sample]:
    """The batch's rows as samples; columns beyond the schema are ignored.

    Without `regions` they come back with none: a page may have thousands, and a
    stage that only passes them on does so with the column (`set_regions`).
    """
    names = [n for n in SAMPLE_SCHEMA.names if regions or n != "regions"]
    for row in batch.select(names).to_pylist():
        yield _from_row(row)


def texts(batch: pa.RecordBatch | pa.Table) -> pa.StringArray:
    """`Sample.text` of every row: its text parts, a blank line between them."""
    parts = batch["parts"]
    if isinstance(parts, pa.ChunkedArray):
        parts = parts.combine_chunks()
    steps, owner = parts.flatten(), pc.list_parent_indices(parts)
    text = pc.struct_field(steps, "text")
    spoken = pc.and_(
        pc.equal(pc.struct_field(steps, "type"), "text"),
        pc.greater(pc.fill_null(pc.utf8_length(text), 0), 0),
    )
    counts = np.bincount(owner.filter(spoken).to_numpy(), minlength=len(parts))
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())
    return pc.binary_join(pa.ListArray.from_arrays(offsets, text.filter(spoken)), "\n\n")


def scores(batch: pa.RecordBatch | pa.Table, name: str) -> NDArray[np.float64]:
    """The score `name` of every row; NaN where a row has none."""
    column = batch["scores"]
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    found = np.full(len(column), np.nan)
    mine = pc.equal(_entries(column).field(0), name)
    owner = pc.list_parent_indices(_as_lists(column)).filter(mine)
    found[owner.to_numpy()] = _entries(column).field(1).filter(mine).to_numpy()
    return found


def set_scores(batch: pa.RecordBatch, values: Mapping[str, NDArray[np.float64]]) -> pa.RecordBatch:
    """The batch with scores set in every row, an array of a number a row each; NaN removes one."""
    column = batch["scores"]
    entries, owner = _entries(column), pc.list_parent_indices(_as_lists(column)).to_numpy()
    old = ~pc.is_in(entries.field(0), pa.array(list(values), pa.string())).to_numpy(False)
    names = [entries.field(0).filter(pa.array(old))]
    numbers, owners = [entries.field(1).filter(pa.array(old)).to_numpy()], [owner[old]]
    for name, given in values.items():
        rows = np.flatnonzero(~np.isnan(given))
        names.append(pa.array([name] * len(rows), pa.string()))
        numbers.append(np.asarray(given, np.float64)[rows])
        owners.append(rows)
    table = pa.table(
        {
            "owner": np.concatenate(owners),
            "name": pa.concat_arrays(names),
            "number": np.concatenate(numbers),
        }
    )
    # In the order in which `to_batch` has them.
    table = table.sort_by([("owner", "ascending"), ("name", "ascending")])
    counts = np.bincount(table["owner"].to_numpy(), minlength=batch.num_rows)
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())
    maps = pa.MapArray.from_arrays(
        offsets, table["name"].combine_chunks(), table["number"].combine_chunks()
    )
    place = SAMPLE_SCHEMA.get_field_index("scores")
    return batch.set_column(place, SAMPLE_SCHEMA.field("scores"), maps)


def _as_lists(maps: pa.MapArray) -> pa.ListArray:
    """The same entries as a plain list, which more functions of Arrow know."""
    return maps.cast(pa.list_(_SCORE))


def _entries(maps: pa.MapArray) -> pa.StructArray:
    return _as_lists(maps).flatten()


def _to_row(sample: Sample) -> dict[str, Any]:
    return {
        "id": sample.id,
        "bucket": sample.bucket,
        "lang": sample.lang,
        "parts": [asdict(p) for p in sample.parts],
        "images": [asdict(i) for i in sample.images],
        "regions": [asdict(r) for r in sample.regions],
        # Sorted, so that the order in which keys were set cannot reach the bytes.
        "targets": sorted(sample.targets.items()),
        "scores": sorted(sample.scores.items()),
        "source": asdict(sample.source),
        "lineage": list(sample.lineage),
    }


def _from_row(row: dict[str, Any]) -> Sample:
    return Sample(
        id=row["id"],
        bucket=row["bucket"],
        lang=row["lang"],
        parts=tuple(Part(**p) for p in row["parts"]),
        images=tuple(ImageRef(**i) for i in row["images"]),
        regions=tuple(_to_region(r) for r in row.get("regions", ())),
        targets=dict(row["targets"]),
        scores=dict(row["scores"]),
        source=Source(**row["source"]),
        lineage=tuple(row["lineage"]),
    )


def _to_region(row: dict[str, Any]) -> Region:
    lists = {name: tuple(row[name]) for name in ("box", "flags", "polygon")}
    return Region(**{**row, **lists})
