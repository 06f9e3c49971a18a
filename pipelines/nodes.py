"""Rows as numbers: a **node** is the index of a row's unit and its place in the unit's part."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Nodes = NDArray[np.uint64]

_ROW_BITS = 32
_ROW_MASK = np.uint64((1 << _ROW_BITS) - 1)


def node_range(first: int, last: int) -> tuple[int, int]:
    """The nodes of the units first to last - 1, as a range."""
    return first << _ROW_BITS, last << _ROW_BITS


def nodes_of(unit: int, rows: NDArray[np.int64]) -> Nodes:
    """The nodes of some rows of a unit."""
    return rows.astype(np.uint64) | np.uint64(unit << _ROW_BITS)


def rows_of(nodes: Nodes) -> NDArray[np.int64]:
    """The place of each node in its unit's part."""
    return (nodes & _ROW_MASK).astype(np.int64)


def by_unit(nodes: Nodes) -> list[tuple[int, NDArray[np.int64]]]:
    """(unit, places of its nodes in `nodes`), by unit."""
    units = (nodes >> np.uint64(_ROW_BITS)).astype(np.int64)
    order = np.argsort(units, kind="stable")
    names, starts = np.unique(units[order], return_index=True)
    ends = np.append(starts, len(order))[1:]
    pairs = zip(names, starts, ends, strict=True)
    return [(int(name), order[start:end]) for name, start, end in pairs]
