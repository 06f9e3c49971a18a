"""Personal data out of rows: everything in them that is prose, or only counted.

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

#: Targets that hold prose of the page. Answers, tables and markup of charts and
#: sheets are ground truth of a picture or of a verifier.
PROSE_TARGETS = ("alternatives", "alt", "captions", "tables")
#: Targets that repeat what a picture shows.
PICTURE_TARGETS = ("html", "json", "markdown", "ocr_text", "table")

Counts = dict[str, NDArray[np.int64]]


def mask_rows(batch: pa.RecordBatch, masked: NDArray[np.bool_]) -> tuple[pa.RecordBatch, Counts]:
    """The batch with personal data masked in the rows of `masked`, and how much each row has.

    Masked are the texts and thoughts of its parts, alternative texts of its
    images, and its prose targets. Ids stay: they name the row, not its text.
    """
    counts = {name: np.zeros(batch.num_rows, np.int64) for name in MASKS}
    fields = (("parts", "text", ()), ("images", "alt", ()), ("targets", "value", PROSE_TARGETS))
    for column, field, keys in fields:
        lists = batch[column]
        items, owner = lists.flatten(), pc.list_parent_indices(lists).to_numpy()
        values = pc.struct_field(items, field)
        wanted = pa.array(np.ones(len(items), bool))
        if keys:
            wanted = pc.is_in(pc.struct_field(items, "key"), pa.array(keys))
        found, new = _mask(values, wanted)
        _add(counts, found, owner)
        changes = pa.array(masked[owner])
        if any(c[masked[owner]].any() for c in found.values()):
            new = pc.if_else(changes, new, values)
            place = batch.schema.get_field_index(column)
            batch = batch.set_column(
                place, batch.schema.field(place), _with_field(lists, items, field, new)
            )
    _count_pictures(batch, counts)
    return batch, counts


def _mask(values: pa.StringArray, wanted: pa.BooleanArray) -> tuple[Counts, pa.StringArray]:
    masked, found = mask_personal(pc.if_else(wanted, values, None))
    return found, pc.if_else(wanted, masked, values)


def _count_pictures(batch: pa.RecordBatch, counts: Counts) -> None:
    """Add what is written on the rows' pictures, as far as the parts do not say it."""
    for column, field in (("regions", "label"), ("targets", "value")):
        lists = batch[column]
        items, owner = lists.flatten(), pc.list_parent_indices(lists).to_numpy()
        values = pc.struct_field(items, field)
        if column == "targets":
            shown = pc.is_in(pc.struct_field(items, "key"), pa.array(PICTURE_TARGETS))
            values = pc.if_else(shown, values, None)
        _add(counts, mask_personal(values)[1], owner)


def _add(counts: Counts, found: Counts, owner: NDArray[np.int64]) -> None:
    for name, values in found.items():
        counts[name] += np.bincount(owner, weights=values, minlength=len(counts[name])).astype(int)


def _with_field(
    lists: pa.ListArray, items: pa.StructArray, field: str, values: pa.StringArray
) -> pa.ListArray:
    """The lists with one field of their items replaced."""
    columns = [
        values if f.name == field else pc.struct_field(items, f.name) for f in list(items.type)
    ]
    offsets = pc.subtract(lists.offsets, lists.offsets[0])
    if pa.types.is_map(lists.type):
        return pa.MapArray.from_arrays(offsets, *columns)
    new = pa.StructArray.from_arrays(columns, fields=list(items.type))
    return pa.ListArray.from_arrays(offsets, new)
