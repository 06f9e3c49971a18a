"""Whether two rows show the same picture, by its pixels: a hash cannot tell plots apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from filters import MAX_DIFFERENCE, differences
from pipelines.judge_images import PictureUnreadable, read_view
from pipelines.nodes import Nodes, by_unit, rows_of
from records import PackReader

#: Views that are kept while pairs are compared: 200 MB of the largest.
_KEPT = 256


class RowPictures:
    """The first pictures of rows, read from their packs when they are asked for."""

    def __init__(self, run: Path, parts: Sequence[Path], max_pixels: int):
        self.run, self.parts, self.max_pixels = run, list(parts), max_pixels

    def same(self, one: Nodes, other: Nodes) -> NDArray[np.bool_]:
        """Whether each pair shows the same; a picture that cannot be read is like no other."""
        nodes = np.unique(np.concatenate([one, other]))
        places = self._places(nodes)
        found = np.zeros(len(one), bool)
        views: dict[int, NDArray[np.uint8] | None] = {}
        with PackReader(self.run) as packs:

            def view(node: int) -> NDArray[np.uint8] | None:
                if node not in views:
                    if len(views) >= _KEPT:
                        views.pop(next(iter(views)))
                    views[node] = self._view(packs, places[node])
                return views[node]

            for pair, (a, b) in enumerate(zip(one.tolist(), other.tolist(), strict=True)):
                left, right = view(a), view(b)
                if left is not None and right is not None:
                    found[pair] = differences([left], [right])[0] <= MAX_DIFFERENCE
        return found

    def _places(self, nodes: Nodes) -> dict[int, tuple[str, int, int]]:
        """node -> pack, offset and size of its first picture."""
        found: dict[int, tuple[str, int, int]] = {}
        for unit, mine in by_unit(nodes):
            table = pq.read_table(self.parts[unit], columns=["images"])
            images = table["images"].take(pa.array(rows_of(nodes[mine])))
            first = pc.list_element(images, 0).combine_chunks()
            columns = [pc.struct_field(first, name) for name in ("pack", "offset", "size")]
            rows = zip(*(column.to_pylist() for column in columns), strict=True)
            found |= dict(zip(nodes[mine].tolist(), rows, strict=True))
        return found

    def _view(self, packs: PackReader, place: tuple[str, int, int]) -> NDArray[np.uint8] | None:
        try:
            return read_view(packs.read(*place), self.max_pixels)
        except PictureUnreadable:
            return None
