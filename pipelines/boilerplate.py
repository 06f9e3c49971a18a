"""Paragraphs that stand on many pages of one site leave them: menus, licences, "see also".

A site is a source and, where rows come from addresses, the host. `count` sums
up a part; `total` a range of keys over all parts, and keeps what is on enough
pages to matter; `without_boilerplate` looks those up. No worker has all
paragraphs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters import join_paragraphs, on_site, paragraphs, site_keys
from pipelines.exchange import lookup, read_range, write_sorted
from pipelines.work import Unit

#: Buckets whose rows are pages of running text.
PAGES = ("interleaved", "text")
COLUMNS = ("bucket", "parts", "source")


def count(unit: Unit, repeated: NDArray[np.bool_], path: Path) -> None:
    """Write on how many pages of a part each paragraph is, and how many pages each site has.

    Rows that are `repeated` do not count: the copies of a page do not make it boilerplate.
    """
    keys = [np.zeros(0, np.uint64)]
    row = 0
    for batch in unit.batches(list(COLUMNS)):
        once = ~repeated[row : row + batch.num_rows]
        row += batch.num_rows
        pages = _Pages(batch.filter(pa.array(once)))
        once = np.unique(np.stack([pages.row.astype(np.uint64), pages.key]), axis=1)[1]
        keys += [once, pages.sites]
    names, counts = np.unique(np.concatenate(keys), return_counts=True)
    write_sorted(path, names[names > 0], counts[names > 0].astype(np.uint64))


def total(counts: Sequence[Path], low: int, high: int, min_pages: int, path: Path) -> None:
    """Write on how many pages each key of a range is, of those that are on enough."""
    keys, pages = read_range(counts, low, high, columns=2)
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])[: len(keys)])
    sums = np.add.reduceat(pages, first) if len(first) else pages
    enough = sums >= min_pages
    write_sorted(path, keys[first][enough], sums[enough])


def without_boilerplate(
    batch: pa.RecordBatch, totals: Sequence[Path], share: float
) -> tuple[pa.RecordBatch, NDArray[np.int64]]:
    """The batch without its boilerplate, and how many paragraphs each row has lost."""
    if share >= 1:
        return batch, np.zeros(batch.num_rows, np.int64)
    pages = _Pages(batch)
    of_paragraph = lookup(totals, pages.key)
    of_site = lookup(totals, pages.site)
    # A site of too few pages has no total, and so no boilerplate.
    gone = (of_paragraph > 0) & (of_paragraph >= share * of_site) & (of_site > 0)
    lost = np.bincount(pages.row[gone], minlength=batch.num_rows)
    if not gone.any():
        return batch, lost
    return pages.replaced(batch, ~gone), lost


class _Pages:
    """The paragraphs of a batch's pages.

    Attributes:
        row: of each paragraph.
        site: the key of each paragraph's site.
        key: of each paragraph on its site; 0 where it is too short to matter.
        sites: the key of each page's site.
    """

    def __init__(self, batch: pa.RecordBatch):
        self._parts = batch["parts"].flatten()
        self._part_row = pc.list_parent_indices(batch["parts"]).to_numpy()
        is_page = pc.is_in(batch["bucket"], pa.array(PAGES)).to_numpy(zero_copy_only=False)
        is_text = pc.equal(pc.struct_field(self._parts, "type"), "text")
        self._chosen = is_page[self._part_row] & is_text.to_numpy(zero_copy_only=False)
        text = pc.struct_field(self._parts, "text").filter(pa.array(self._chosen))
        self._found = paragraphs(pc.fill_null(text, ""))
        of_row = site_keys([_site(source) for source in batch["source"].to_pylist()])
        self.row = self._part_row[self._chosen][self._found.owner]
        self.site = of_row[self.row]
        self.key = np.where(self._found.key > 0, on_site(self.site, self._found.key), 0)
        self.sites = of_row[is_page]

    def replaced(self, batch: pa.RecordBatch, stays: NDArray[np.bool_]) -> pa.RecordBatch:
        """The batch with the paragraphs that stay; a text part without any goes."""
        joined = join_paragraphs(self._found, stays, int(self._chosen.sum()))
        text = pc.replace_with_mask(
            pc.struct_field(self._parts, "text"), pa.array(self._chosen), joined
        )
        empty = self._chosen & (pc.fill_null(pc.utf8_length(text), 0).to_numpy() == 0)
        fields = {f.name: pc.struct_field(self._parts, f.name) for f in self._parts.type}
        fields["text"] = text
        parts = pa.StructArray.from_arrays(list(fields.values()), fields=list(self._parts.type))
        counts = np.bincount(self._part_row[~empty], minlength=batch.num_rows)
        offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())
        place = batch.schema.get_field_index("parts")
        lists = pa.ListArray.from_arrays(offsets, parts.filter(pa.array(~empty)))
        return batch.set_column(place, batch.schema.field(place), lists)


def _site(source: dict[str, str | None]) -> str:
    try:
        host = urlsplit(source["url"] or "").hostname
    except ValueError:  # an address that is none
        host = None
    return f"{source['dataset']} {host or ''}"
