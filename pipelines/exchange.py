"""How the passes of a stage hand numbers to each other: as files of sorted columns.

Each worker sorts what it has by a key and writes it; who needs a range of keys
reads that slice of every file. It is a shuffle without a service: Beam's
in-process runner holds a `GroupByKey` in memory at four times its size, in one
process, while these files keep memory at one slice, use every core, and a
killed stage goes on with those that are there.

A file is one array of the shape (columns, rows) of uint64; column 0 is the key.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from records import write_atomically

Columns = NDArray[np.uint64]


def write_sorted(path: Path, *columns: NDArray[np.uint64]) -> None:
    """Write rows by ascending key, rows of one key in the order given; atomically."""
    table = np.stack(columns).astype(np.uint64, copy=False)
    table = table[:, np.argsort(table[0], kind="stable")]
    write_array(path, table)


def write_array(path: Path, array: NDArray) -> None:
    """Write any array as `.npy`, atomically."""
    data = io.BytesIO()
    np.save(data, np.ascontiguousarray(array), allow_pickle=False)
    write_atomically(path, data.getvalue())


def open_array(path: Path) -> NDArray:
    """An array as it lies in its file: only what is looked at is read."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError:  # an empty array cannot be mapped
        return np.load(path, allow_pickle=False)


def read_range(paths: Sequence[Path], low: int, high: int, columns: int) -> Columns:
    """The rows of all files with low <= key < high, file after file; shape (columns, rows)."""
    slices = [np.zeros((columns, 0), np.uint64)]
    for path in paths:
        table = open_array(path)
        first = np.searchsorted(table[0], np.uint64(low))
        # 2^64, the end of the last range, is no uint64.
        last = table.shape[1] if high > _LAST else np.searchsorted(table[0], np.uint64(high))
        slices.append(np.asarray(table[:, first:last]))
    return np.concatenate(slices, axis=1)


def count_rows_of(paths: Sequence[Path]) -> int:
    """The rows of all files."""
    return sum(open_array(path).shape[1] for path in paths)


def hash_ranges(count: int) -> list[tuple[int, int]]:
    """The space of 64-bit hashes in `count` equal ranges."""
    edges = [i * (_LAST + 1) // count for i in range(count + 1)]
    return list(pairwise(edges))


_LAST = (1 << 64) - 1
