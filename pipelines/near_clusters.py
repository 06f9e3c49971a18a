"""Clusters of similar nodes, and the best node of each; `near_dedupe`'s third sweep.

Few edges are clustered where the stage is driven from. More are clustered by
all workers: rounds of large stars and small stars (`filters.clusters`) over
ranges of nodes, each round's edges in files, until a round changes nothing. A
graph that has not settled after `MAX_ROUNDS` fails the stage: half a cluster is
a wrong answer.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from filters import components, large_star, small_star
from pipelines.errors import StageError
from pipelines.exchange import count_rows_of, read_range, write_array, write_sorted
from pipelines.near_files import NearFiles
from pipelines.nodes import Nodes, node_range
from pipelines.stage import Runner, Step
from pipelines.work import Unit

#: Rounds needed grow with the logarithm of a cluster's diameter.
MAX_ROUNDS = 20
Star = Callable[[Nodes, Nodes], tuple[Nodes, Nodes, int]]


def cluster(
    edges: Sequence[Path], files: NearFiles, runner: Runner, *, units: int, max_edges: int
) -> None:
    """Write `leaders-…`: by node, the best node of its cluster, for every node with an edge.

    `edges` are files of (node, other, …) in both directions; beyond `max_edges`
    of them the workers do it.
    """
    count = count_rows_of(edges)
    if count <= max_edges:
        table = read_range(edges, *node_range(0, units), columns=3)
        once = table[0] > table[1]
        nodes, roots = components(table[0][once], table[1][once])
        write_sorted(files.path("leaders", 0), nodes, best_of(nodes, roots, files.facts(nodes)))
        return
    parts = min(units, math.ceil(count / max_edges))
    bounds = [i * units // parts for i in range(parts + 1)]
    ranges = [node_range(*pair) for pair in itertools.pairwise(bounds)]
    stars = _settle(edges, files.folder, runner, ranges)
    Step("lead", Lead(files.folder, stars)).run(
        runner,
        [Unit(i, parts, inputs=r) for i, r in enumerate(ranges)],
        lambda u: files.path("leaders", u.index),
    )


def best_of(nodes: Nodes, roots: Nodes, facts: NDArray) -> Nodes:
    """For each node the best of those of its root: by quality, then size, then the smaller id."""
    order = np.lexsort([facts["id"], -facts["size"], -facts["quality"], roots])
    ordered = roots[order]
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(order)]
    best = np.empty_like(nodes)
    best[order] = nodes[order][first][np.cumsum(first) - 1]
    return best


def _settle(
    edges: Sequence[Path], folder: Path, runner: Runner, ranges: Sequence[tuple[int, int]]
) -> list[Path]:
    """Files of edges in both directions, in which every node is tied to its cluster's smallest."""
    units = [Unit(i, len(ranges), inputs=r) for i, r in enumerate(ranges)]
    for number in range(MAX_ROUNDS):
        changed = 0
        for name in ("large", "small"):
            stars = Stars(name, folder / f"round-{number:02d}-{name}", tuple(edges))
            Step(f"{name}_stars", stars).run(runner, units, stars.changed_path)
            edges = [stars.path(unit) for unit in units]
            changed += sum(int(np.load(stars.changed_path(unit))[0]) for unit in units)
        if not changed:
            return list(edges)
    raise StageError(
        f"near_dedupe: clusters have not settled after {MAX_ROUNDS} rounds. Raise the similarity "
        "that makes a duplicate (near_dedupe.threshold), or near_dedupe.max_edges if there is "
        "memory for them all in one place."
    )


class Stars:
    """One kind of star over ranges of nodes: reads edges by node, writes them for the next."""

    def __init__(self, name: str, folder: Path, edges: tuple[Path, ...]):
        self.name, self.folder, self.edges = name, folder, edges

    def __call__(self, unit: Unit) -> None:
        """Do the stars of a range."""
        low, high = unit.inputs
        columns = 3 if self.edges[0].name.startswith(("edges", "met")) else 2
        table = read_range(self.edges, low, high, columns)
        star: Star = large_star if self.name == "large" else small_star
        larger, smaller, changed = star(table[0], table[1])
        pairs = np.unique(np.stack([larger, smaller]), axis=1)
        if self.name == "small":  # a large star needs each edge at both its ends
            pairs = np.concatenate([pairs, pairs[::-1]], axis=1)
        write_sorted(self.path(unit), *pairs)
        write_array(self.changed_path(unit), np.array([changed]))

    def path(self, unit: Unit) -> Path:
        """Where the edges of a range go."""
        return self.folder / f"stars-{unit.index:05d}.npy"

    def changed_path(self, unit: Unit) -> Path:
        """Where the number of edges that a range has changed goes."""
        return self.folder / f"changed-{unit.index:05d}.npy"


class Lead:
    """Chooses the best node of each cluster whose smallest node is in a range."""

    def __init__(self, folder: Path, stars: Sequence[Path]):
        self.folder, self.stars = folder, tuple(stars)

    def __call__(self, unit: Unit) -> None:
        """Write the leaders of a range's clusters."""
        root, member = read_range(self.stars, unit.inputs[0], unit.inputs[1], columns=2)
        of_root = member > root
        roots = np.concatenate([np.unique(root[of_root]), root[of_root]])
        nodes = np.concatenate([np.unique(root[of_root]), member[of_root]])
        files = NearFiles(self.folder)
        leaders = best_of(nodes, roots, files.facts(nodes))
        write_sorted(files.path("leaders", unit.index), nodes, leaders)
