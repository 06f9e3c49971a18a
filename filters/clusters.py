"""Clusters: the connected components of a graph whose edges are similar pairs.

`components` has all edges at hand. Where they are too many for one worker,
`large_star` and `small_star` (Kiveris et al. 2014, "Connected Components in
MapReduce and Beyond") each look at the edges of some nodes at a time; taken in
turn until neither changes an edge, they leave the same answer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Nodes = NDArray[np.uint64]


def components(one: Nodes, other: Nodes) -> tuple[Nodes, Nodes]:
    """The nodes of all edges, in order, and for each the smallest node of its component.

    Every round hooks each root to the smallest root beside it; as only roots
    smaller than all around them are left, there are at most log2(nodes) rounds.
    """
    nodes, place = np.unique(np.concatenate([one, other]), return_inverse=True)
    left, right = np.split(place.reshape(-1), 2)
    root = np.arange(len(nodes))
    while True:
        a, b = root[left], root[right]
        apart = a != b
        if not apart.any():
            return nodes, nodes[root]
        left, right, a, b = left[apart], right[apart], a[apart], b[apart]
        np.minimum.at(root, np.maximum(a, b), np.minimum(a, b))
        while (shorter := root[root]).tobytes() != root.tobytes():
            root = shorter


def large_star(node: Nodes, neighbour: Nodes) -> tuple[Nodes, Nodes, int]:
    """Ties the larger neighbours of each node to its smallest one (or itself).

    `node` and `neighbour` are all edges of some nodes, each seen from that node.
    Returns edges from larger to smaller nodes, and how many have changed.
    """
    order, first = _grouped(node)
    node, neighbour = node[order], neighbour[order]
    least = np.minimum(np.minimum.reduceat(neighbour, first), node[first]) if len(first) else node
    least = np.repeat(least, np.diff([*first, len(node)]))
    larger = neighbour > node
    changed = int(np.count_nonzero(least[larger] != node[larger]))
    return neighbour[larger], least[larger], changed


def small_star(node: Nodes, neighbour: Nodes) -> tuple[Nodes, Nodes, int]:
    """Ties each node and its smaller neighbours to the smallest of them.

    `node` and `neighbour` are all edges of some nodes to smaller ones. Returns
    edges from larger to smaller nodes, and how many have changed.
    """
    order, first = _grouped(node)
    node, neighbour = node[order], neighbour[order]
    if not len(first):
        return node, neighbour, 0
    least = np.minimum.reduceat(neighbour, first)
    of_edge = np.repeat(least, np.diff([*first, len(node)]))
    moved = neighbour != of_edge
    ends = np.concatenate([node[first], neighbour[moved]])
    return ends, np.concatenate([least, of_edge[moved]]), int(np.count_nonzero(moved))


def _grouped(node: Nodes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The order that brings equal nodes together, and where each group then starts."""
    order = np.argsort(node, kind="stable")
    ordered = node[order]
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(node)])
    return order, first
