"""What the sweeps of `near_dedupe` leave for each other, and how it is looked up.

Rows are nodes (`pipelines.nodes`). All files are arrays; `U` is a unit, `V` a
view, `R` a range:

    facts-U          by row: id, quality, size; written last, so it says that U is signed
    rows-V-U         the rows of U that the view judges, ascending
    signatures-V-U   their signatures
    bands-V-U        by band key: the nodes that may meet nodes of other units
    edges-V-U        similar nodes of U; by node: node, other, similarity, in both directions
    met-V-R          the same of nodes of any units whose band keys are in the range
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from filters import Stars
from pipelines.exchange import open_array, write_array, write_sorted
from pipelines.nodes import Nodes, by_unit, rows_of

#: What decides which row of a cluster is the best.
FACTS = np.dtype([("id", "S32"), ("quality", "f4"), ("size", "i4")])


class NearFiles:
    """The files of one run of the stage; keeps those it has looked into mapped."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._open: dict[str, NDArray] = {}

    def path(self, kind: str, index: int) -> Path:
        """The file of one kind, and the view where it has one, of a unit or a range."""
        return self.folder / f"{kind}-{index:05d}.npy"

    def paths(self, kind: str) -> list[Path]:
        """All files of one kind, in order."""
        return sorted(self.folder.glob(f"{kind}-[0-9]*.npy"))

    def edge_paths(self, view: str) -> list[Path]:
        """All files of similar nodes as a view sees them."""
        return self.paths(f"edges-{view}") + self.paths(f"met-{view}")

    def write(self, kind: str, index: int, array: NDArray) -> None:
        """Write an array."""
        write_array(self.path(kind, index), array)

    def write_bands(self, view: str, unit: int, keys: NDArray[np.uint64], nodes: Nodes) -> None:
        """Write who may meet whom."""
        write_sorted(self.path(f"bands-{view}", unit), keys, nodes)

    def write_edges(self, kind: str, index: int, nodes: Nodes, stars: Stars) -> None:
        """Write the pairs of stars whose rows are places in `nodes`, each pair once a direction."""
        score = stars.similarity.view(np.uint64)
        pairs = np.unique(np.stack([nodes[stars.centre], nodes[stars.member], score]), axis=1)
        both = np.concatenate([pairs, pairs[[1, 0, 2]]], axis=1)
        write_sorted(self.path(kind, index), *both)

    def facts(self, nodes: Nodes) -> NDArray:
        """The facts of each node, of the type FACTS."""
        found = np.empty(len(nodes), FACTS)
        for unit, mine in by_unit(nodes):
            found[mine] = self._array("facts", unit)[rows_of(nodes[mine])]
        return found

    def signatures(self, view: str, nodes: Nodes) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
        """The signatures of the nodes that the view judges, and which of `nodes` those are."""
        found: list[NDArray[np.uint32]] = []
        judged = np.zeros(len(nodes), bool)
        places = np.zeros(len(nodes), np.int64)
        order: list[NDArray[np.int64]] = []
        for unit, mine in by_unit(nodes):
            rows, wanted = self._array(f"rows-{view}", unit), rows_of(nodes[mine])
            place = np.minimum(np.searchsorted(rows, wanted), max(0, len(rows) - 1))
            known = rows[place] == wanted if len(rows) else np.zeros(len(mine), bool)
            judged[mine[known]] = True
            found.append(self._array(f"signatures-{view}", unit)[place[known]])
            order.append(mine[known])
        if not found:
            return np.zeros((0, 0), np.uint32), judged
        places = np.argsort(np.concatenate(order), kind="stable")
        return np.concatenate(found)[places], judged

    def _array(self, kind: str, index: int) -> NDArray:
        path = self.path(kind, index)
        if path.name not in self._open:
            self._open[path.name] = open_array(path)
        return self._open[path.name]
