"""Merging the files of a response store, and taking answers out of it.

One process at a time does either, under the store's lock; writers and readers go
on meanwhile. What a living writer holds is left alone. A merged file is written
under a hidden name, on the disk before it is renamed, and renamed before those it
replaces are removed; so a process killed at any point leaves each answer at least
once, and of those that are there twice any is right. A reader that meets a file
gone looks again (`ResponseStore.get`).

Data is copied in the order of writing, which is the order in which a run that
starts again will ask. Memory does not grow with the store: indexes are mapped,
and compared a range of keys at a time.
"""

from __future__ import annotations

import fcntl
import os
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from model.answer_files import (
    HI,
    LO,
    OFFSET,
    WHEN,
    Entry,
    Index,
    Rows,
    create_index,
    data_files,
    hash_ranges,
    hidden,
    index_path,
    lock,
    new_data_file,
    open_index,
    read_answer,
    read_entries,
    read_rows,
    repeated,
    sync,
    write_index,
)

#: `compact_store_if_due` compacts from so many files of ended processes on; opening a store costs
#: 0.1 ms a file …
DUE_FILES = 64
#: … or from so many bytes without index on, which each process that opens the store scans in 0.5 s.
DUE_BYTES = 256 << 20
#: Bytes that are worth no thought: files of so many together are always merged.
_SMALL_BYTES = 64 << 20
#: Files merged at once; each holds a file open.
_MERGED_FILES = 128
#: Seconds for which the index of a removed file stays: where another machine has it mapped
#: over NFS, it would crash on reading what is gone.
_INDEX_STAYS = 86_400
_COPY_BYTES = 1 << 20


@dataclass(frozen=True)
class Compaction:
    """What was merged."""

    #: Files that were merged, and into how many.
    files: int
    into: int
    #: Bytes written.
    bytes: int


@dataclass(frozen=True)
class Pruning:
    """What was taken out."""

    answers: int
    #: Files that could not be looked into, as living processes hold them.
    held: int


def compact_store(folder: Path) -> Compaction:
    """Merge the files of ended processes, with what was merged before; wait if another is at it.

    Files are merged up to the largest one that all smaller ones together match,
    so that a store has few files, and an answer is copied again only when its
    file about doubles.
    """
    if not data_files(folder):
        return Compaction(0, 0, 0)
    with _only_one(folder, wait=True):
        return _compact(folder)


def compact_store_if_due(folder: Path) -> Compaction | None:
    """`compact_store` where it is worth it and nobody else is at it; for drivers, at any time.

    None where nothing was done. Costs a listing of the folder where it is not due.
    """
    if not _is_due(data_files(folder)):
        return None
    with _only_one(folder, wait=False) as mine:
        return _compact(folder) if mine and _is_due(_idle(folder)) else None


def prune_store(folder: Path, doomed: Callable[[Entry], bool]) -> Pruning:
    """Remove the answers for which `doomed` is true, but for those in files in use."""
    if not data_files(folder):
        return Pruning(0, 0)
    with _only_one(folder, wait=True):
        _sweep(folder)
        idle = _idle(folder)
        removed, held = 0, len(data_files(folder)) - len(idle)
        for path in idle:
            places = array("Q")  # 16 bytes an answer, where tuples are 100
            for offset, length, entry in read_entries(path):
                if doomed(entry):
                    places.extend((offset, length))
            if places:
                removed += len(places) // 2
                _merge(folder, [path], np.array(places, np.uint64).reshape(-1, 2).T)
        return Pruning(removed, held)


def stored_entries(folder: Path) -> Iterator[tuple[int, Entry]]:
    """The size in bytes and the entry of every answer; nothing is merged meanwhile.

    An answer that two processes asked for at once is there twice until it is merged.
    """
    if not data_files(folder):
        return
    with _only_one(folder, wait=True):
        for path in data_files(folder):
            for _, length, entry in read_entries(path):
                yield length, entry


def _compact(folder: Path) -> Compaction:
    _sweep(folder)
    for path in _idle(folder):
        _indexed(path)
    files = into = size = 0
    while group := _group(_idle(folder)):
        size += _merge(folder, group)
        files, into = files + len(group), into + 1
    return Compaction(files, into, size)


def _group(paths: list[Path]) -> list[Path]:
    """The files to merge next: the smallest, up to one that the smaller ones match; or none."""
    sized = sorted((path.stat().st_size, path) for path in paths)
    count = smaller = 0
    for number, (size, _) in enumerate(sized, 1):
        if size <= smaller + _SMALL_BYTES:
            count = number
        smaller += size
    return [path for _, path in sized[:count]][:_MERGED_FILES] if count > 1 else []


@dataclass
class _Source:
    """A file being merged: its index, and what of it does not go on."""

    path: Path
    index: Index
    #: Offset and length of answers that are left out, shape (2, answers).
    lost: Rows
    #: Offset and length of all bytes that are left out, by offset.
    cuts: Rows = field(default_factory=lambda: np.zeros((2, 0), np.uint64))
    #: Where it begins in the merged file.
    base: int = 0

    def going(self, rows: Rows) -> Rows:
        """Those of its answers that go on."""
        return rows[:, ~np.isin(rows[OFFSET], self.lost[0])] if self.lost.size else rows

    def moved(self, rows: Rows) -> Rows:
        """Those that go on, at their places in the merged file."""
        rows = self.going(rows).copy()
        cut = np.concatenate([np.zeros(1, np.uint64), self.cuts[1].cumsum(dtype=np.uint64)])
        rows[OFFSET] += np.uint64(self.base) - cut[self.cuts[0].searchsorted(rows[OFFSET])]
        return rows

    def copy(self, out: BinaryIO) -> None:
        """Append what goes on to the merged file."""
        self.cuts, self.base = self._cuts(), out.tell()
        starts = [0, *self.cuts.sum(axis=0, dtype=np.uint64).tolist()]
        ends = [*self.cuts[0].tolist(), self.index.size]
        with open(self.path, "rb") as file:
            for start, end in zip(starts, ends, strict=True):
                file.seek(start)
                while start < end:
                    block = file.read(min(_COPY_BYTES, end - start))
                    if not block:
                        raise EOFError(f"{self.path} became shorter while it was merged")
                    out.write(block)
                    start += len(block)

    def _cuts(self) -> Rows:
        if self.index.covered == self.index.size:
            return self.lost[:, np.argsort(self.lost[0])]
        # Garbage and cut lines are in no index: all between the lines that go on is left out.
        rows = self.going(self.index.rows)[OFFSET:]
        rows = rows[:, np.argsort(rows[0])]
        starts = np.concatenate([np.zeros(1, np.uint64), rows.sum(axis=0, dtype=np.uint64)])
        ends = np.append(rows[0], np.uint64(self.index.size))
        return np.stack([starts, ends - starts])[:, ends > starts]


def _merge(folder: Path, paths: list[Path], doomed: Rows | None = None) -> int:
    """Merge files into one, without the answers at `doomed`; return its bytes."""
    if doomed is None:
        doomed = np.zeros((2, 0), np.uint64)
    # In the order of their names, which is that of their beginnings.
    sources = [_Source(path, _indexed(path), doomed) for path in sorted(paths)]
    answers = 0
    lost = [[doomed] for _ in sources]
    for rows, numbers in _ranges(sources, _Source.going):
        spare = _spare(rows, numbers, sources)
        answers += int((~spare).sum())
        for number in np.unique(numbers[spare]):
            lost[number].append(rows[OFFSET:, spare & (numbers == number)])
    target = new_data_file(folder)
    with open(hidden(target), "wb") as out:
        for source, parts in zip(sources, lost, strict=True):
            source.lost = np.concatenate(parts, axis=1)
            source.copy(out)
        out.flush()
        os.fsync(out.fileno())
        size = out.tell()
    if answers:
        _write_index(target, sources, answers, size)
        os.replace(hidden(index_path(target)), index_path(target))
        os.replace(hidden(target), target)
        sync(folder)
    else:
        hidden(target).unlink()
    for source in sources:
        source.path.unlink()
    return size


def _spare(rows: Rows, numbers: NDArray[np.intp], sources: list[_Source]) -> NDArray[np.bool_]:
    """All answers to a question but the oldest that can be served. Lines are read only there."""

    def is_served(n: int) -> bool:
        hi, lo, _, offset, length = rows[:, n].tolist()
        path = sources[numbers[n]].path
        return read_answer(path, offset, length, f"{hi:016x}{lo:016x}", "") is not None

    again = repeated(rows)
    spare = again.copy()
    for first in np.flatnonzero(again[1:] & ~again[:-1]).tolist():
        last = first + 1
        while last + 1 < len(again) and again[last + 1]:
            last += 1
        kept = next((n for n in range(first, last + 1) if is_served(n)), first)
        spare[first], spare[kept] = True, False
    return spare


def _write_index(target: Path, sources: list[_Source], answers: int, size: int) -> None:
    path = hidden(index_path(target))
    table = create_index(path, answers, size, size)
    done = 0
    for rows, _ in _ranges(sources, _Source.moved):
        table[:, done : done + rows.shape[1]] = rows
        done += rows.shape[1]
    del table  # unmapped
    sync(path)


def _ranges(
    sources: list[_Source], take: Callable[[_Source, Rows], Rows]
) -> Iterator[tuple[Rows, NDArray[np.intp]]]:
    """The answers of all files by key, the oldest of a key first, and the file of each.

    A range of keys at a time; of each file what `take` makes of its rows.
    """
    for slices in hash_ranges([source.index.rows for source in sources]):
        parts = [take(source, rows) for source, rows in zip(sources, slices, strict=True)]
        rows = np.concatenate(parts, axis=1)
        numbers = np.repeat(np.arange(len(parts)), [part.shape[1] for part in parts])
        order = np.lexsort((rows[OFFSET], numbers, rows[WHEN], rows[LO], rows[HI]))
        yield rows[:, order], numbers[order]


def _indexed(path: Path) -> Index:
    """The index of a file that nobody writes to, made if there is none."""
    index = open_index(path)
    if index is None:
        write_index(path, read_rows(path)[0])
        index = open_index(path)
    assert index is not None, "nobody else changes a file that no writer holds"
    return index


def _idle(folder: Path) -> list[Path]:
    """The data files that no living writer holds; empty ones are removed."""
    idle = []
    for path in data_files(folder):
        with open(path, "rb+") as file:
            if lock(file.fileno()):
                if os.fstat(file.fileno()).st_size:
                    idle.append(path)
                else:
                    path.unlink()  # while it is locked: its writer may be about to begin
    return idle


def _is_due(paths: list[Path]) -> bool:
    unindexed = 0
    for path in paths:
        with suppress(FileNotFoundError):
            unindexed += 0 if index_path(path).exists() else path.stat().st_size
    return len(paths) >= DUE_FILES or unindexed >= DUE_BYTES


def _sweep(folder: Path) -> None:
    """Remove what killed processes left half done, and indexes of files removed a while ago."""
    idle = set(_idle(folder))
    for path in folder.glob(".answers-*.tmp"):
        data = (folder / path.name.removeprefix(".").removesuffix(".tmp")).with_suffix(".jsonl")
        if data in idle or not data.exists():
            path.unlink(missing_ok=True)
    for path in folder.glob("answers-*.npy"):
        is_old = path.stat().st_mtime < time.time() - _INDEX_STAYS
        if is_old and not path.with_suffix(".jsonl").exists():
            path.unlink()


@contextmanager
def _only_one(folder: Path, wait: bool) -> Iterator[bool]:
    """Hold the store's lock, which the system releases even if this process is killed.

    Says whether it is held; without `wait` it may not be.
    """
    with open(folder / ".lock", "w") as file:
        if wait:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield wait or lock(file.fileno())
