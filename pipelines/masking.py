"""Personal data out of rows that are prose; of rows that repeat a picture only counted.

The text of some rows is what stands on their picture. To mask it there would
make the row untrue, and leave the data to be seen: such rows are counted, and
kept or dropped as the configuration says.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters import MASKS, mask_personal

#: Targets that hold prose of the page. Answers are for a verifier, and not prose.
PROSE_TARGETS = ("alternatives", "alt", "captions", "tables")
#: Targets that repeat what a picture shows.
PICTURE_TARGETS = ("html", "json", "markdown", "ocr_text", "table")

#: By kind, for each row.
Counts = dict[str, NDArray[np.int64]]


def mask_rows(batch: pa.RecordBatch, rows: NDArray[np.bool_]) -> tuple[pa.RecordBatch, Counts]:
    """The batch with personal data masked in some rows, and what was masked.

    Masked are the texts and thoughts of their parts, alternative texts of their
    images, and `PROSE_TARGETS`. Ids stay: they name the row, not its text.
    """
    counts = _no_counts(batch)
    fields = (("parts", "text", None), ("images", "alt", None), ("targets", "value", PROSE_TARGETS))
    for column, field, keys in fields:
        items, owner, values = _strings(batch, column, field, keys)
        values = pc.if_else(pa.array(rows[owner]), values, None)
        masked, found = mask_personal(values)
        if masked is not values:
            masked = pc.coalesce(masked, pc.struct_field(items, field))
            batch = _with_field(batch, column, items, field, masked)
            _add(counts, found, owner)
    return batch, counts


def count_pictures(batch: pa.RecordBatch, rows: NDArray[np.bool_]) -> Counts:
    """The personal data that rows say their pictures show, as often as they say it."""
    counts = _no_counts(batch)
    fields = (("parts", "text", None), ("regions", "label", None),
              ("targets", "value", PICTURE_TARGETS))  # fmt: skip
    for column, field, keys in fields:
        _, owner, values = _strings(batch, column, field, keys)
        _add(counts, mask_personal(pc.if_else(pa.array(rows[owner]), values, None))[1], owner)
    return counts


def _strings(
    batch: pa.RecordBatch, column: str, field: str, keys: tuple[str, ...] | None
) -> tuple[pa.StructArray, NDArray[np.int64], pa.StringArray]:
    """The items of a list column, the row of each, and a field of each, null for other keys."""
    lists = batch[column]
    if pa.types.is_map(lists.type):
        entry = pa.struct([lists.type.key_field, lists.type.item_field])
        lists = lists.cast(pa.list_(entry))
    items, owner = lists.flatten(), pc.list_parent_indices(lists).to_numpy()
    values = pc.struct_field(items, field)
    if keys is not None:
        values = pc.if_else(pc.is_in(pc.struct_field(items, "key"), pa.array(keys)), values, None)
    return items, owner, values


def _with_field(
    batch: pa.RecordBatch, column: str, items: pa.StructArray, field: str, values: pa.StringArray
) -> pa.RecordBatch:
    lists, place = batch[column], batch.schema.get_field_index(column)
    columns = [
        values if f.name == field else pc.struct_field(items, f.name) for f in list(items.type)
    ]
    offsets = pc.subtract(lists.offsets, lists.offsets[0])
    if pa.types.is_map(lists.type):
        new = pa.MapArray.from_arrays(offsets, *columns)
    else:
        structs = pa.StructArray.from_arrays(columns, fields=list(items.type))
        new = pa.ListArray.from_arrays(offsets, structs)
    return batch.set_column(place, batch.schema.field(place), new)


def _no_counts(batch: pa.RecordBatch) -> Counts:
    return {name: np.zeros(batch.num_rows, np.int64) for name in MASKS}


def _add(counts: Counts, found: Counts, owner: NDArray[np.int64]) -> None:
    for name, values in found.items():
        np.add.at(counts[name], owner, values)
