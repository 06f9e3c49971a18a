"""The response store: what a model answered is never paid for twice.

A folder that any number of processes share without a server. Each appends to a
file of its own (`model/answer_files.py` says how it looks); `model/compaction.py`
merges what is left when they end into few large files with sorted indexes. These
are mapped, so a process's memory does not grow with the store: 10 M answers are
400 MB of index in the page cache, once for all processes of a machine.

Of two answers to one question the older is served, wherever it lies, so
compaction never changes what a store says.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.answer_files import (
    HI,
    KEY_DIGITS,
    LO,
    WHEN,
    Rows,
    data_files,
    encode_line,
    hash_ranges,
    is_whole,
    lock,
    new_data_file,
    open_index,
    read_answer,
    read_rows,
    repeated,
    write_index,
)
from model.messages import Response

#: Answers of its own after which a process reads where they are, into a table. Until then each
#: takes 0.3 KB of its memory, then 48 bytes; reading goes at 0.5 GB/s.
RECENT_ANSWERS = 10_000
#: A process begins a new file after so many answers or bytes, and gives the full one its index.
SEAL_ANSWERS = 100_000
SEAL_BYTES = 256 << 20
#: Answers in an index below which it is copied to memory: each map holds a file open.
MAPPED_ANSWERS = 50_000

_KEY = re.compile(f"[0-9a-f]{{{KEY_DIGITS}}}")

#: An answer's place: when, file, offset, length. The first in order is the one to serve.
Place = tuple[int, str, int, int]


@dataclass(frozen=True)
class _Table:
    """Where the answers of some files are, by ascending `HI`."""

    rows: Rows
    paths: list[str]
    #: For each answer the number of its path.
    numbers: NDArray[np.intp]

    @staticmethod
    def mapped(path: str, rows: Rows) -> _Table:
        """The table of one file as it lies on disk."""
        return _Table(rows, [path], np.broadcast_to(np.intp(0), rows.shape[1]))

    def updated(self, paths: set[str], fresh: dict[str, Rows]) -> _Table:
        """Without what is in files not of `paths`, and with what was found in some files."""
        names = list(dict.fromkeys([*(p for p in self.paths if p in paths), *fresh]))
        number = {name: n for n, name in enumerate(names)}
        moved = np.array([number.get(path, -1) for path in self.paths], np.intp)[self.numbers]
        stays = moved >= 0
        counts = [found.shape[1] for found in fresh.values()]
        theirs = np.repeat(np.array([number[name] for name in fresh], np.intp), counts)
        rows = np.concatenate([self.rows[:, stays], *fresh.values()], axis=1)
        numbers = np.concatenate([moved[stays], theirs])
        order = np.argsort(rows[HI], kind="stable")
        return _Table(rows[:, order], names, numbers[order])

    def places(self, hi: np.uint64, lo: np.uint64) -> Iterator[Place]:
        column = self.rows[HI]
        place = int(column.searchsorted(hi))
        while place < len(column) and column[place] == hi:
            if self.rows[LO, place] == lo:
                when, offset, length = self.rows[WHEN:, place].tolist()
                yield when, self.paths[self.numbers[place]], offset, length
            place += 1


@dataclass
class _OwnFile:
    """The file that this process appends to. Its lock says that the process lives."""

    path: Path
    descriptor: int
    size: int = 0
    answers: int = 0
    #: Those that are in no table yet: key -> when, offset, length.
    recent: dict[bytes, tuple[int, int, int]] = field(default_factory=dict)

    @staticmethod
    def create(folder: Path) -> _OwnFile:
        folder.mkdir(parents=True, exist_ok=True)
        while True:
            path = new_data_file(folder)
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_WRONLY, 0o666)
            # Compaction removes empty files that nobody holds, as this one was for a moment.
            if lock(descriptor) and os.fstat(descriptor).st_nlink:
                return _OwnFile(path, descriptor)
            os.close(descriptor)

    def append(self, key: bytes, when: int, line: bytes) -> None:
        written = 0
        while written < len(line):
            written += os.write(self.descriptor, line[written:])
        self.recent[key] = (when, self.size, len(line))
        self.size += len(line)
        self.answers += 1

    @property
    def is_full(self) -> bool:
        return self.answers >= SEAL_ANSWERS or self.size >= SEAL_BYTES

    def close(self) -> None:
        """Have it on disk, with an index if it is full, and give up its lock."""
        try:
            os.fsync(self.descriptor)
            if self.is_full:
                write_index(self.path, read_rows(self.path)[0])
        finally:
            os.close(self.descriptor)


class ResponseStore:
    """Answers by request key. Only whole answers are kept: never failures, never cut ones.

    Several threads may use one store; both sides of a fork may not.

    A store sees what was there when it was opened, what it put itself, and what
    others put before the last `refresh`, which reads only what is new and comes by
    itself after `RECENT_ANSWERS`. Not before each question: work units are disjoint,
    so two processes seldom ask the same at the same time, and then it costs one
    answer; looking would cost every question a listing of the folder, on a network
    file system a millisecond.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._lock = threading.RLock()
        self._own: _OwnFile | None = None
        #: The files with large indexes.
        self._mapped: dict[str, _Table] = {}
        #: All others, and how many bytes of each are known.
        self._memory = _Table(np.zeros((5, 0), np.uint64), [], np.zeros(0, np.intp))
        self._known: dict[str, int] = {}
        self.refresh()

    def __enter__(self) -> ResponseStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        """Keys that have an answer. Looks at all of them, after a `refresh`."""
        with self._lock:
            self.refresh()
            tables = [t.rows for t in (*self._mapped.values(), self._memory)]
        total = 0
        for parts in hash_ranges(tables):
            rows = np.concatenate(parts, axis=1)
            rows = rows[:, np.lexsort((rows[LO], rows[HI]))]
            total += int((~repeated(rows)).sum())
        return total

    def get(self, key: str, request_id: str) -> Response | None:
        """The stored answer to that request, or None. ValueError for a key that is no digest."""
        raw = _raw(key)
        with self._lock:
            while True:
                try:
                    for _, path, offset, length in self._places(raw):
                        response = read_answer(path, offset, length, key, request_id)
                        if response is not None:
                            return response
                    return None
                except FileNotFoundError:  # merged since: the answer is elsewhere now
                    self.refresh()

    def put(self, key: str, response: Response, sampling: Mapping[str, Any] | None = None) -> None:
        """Store a whole answer; ignore any other. `sampling` is what was sent, for the record.

        When this returns the operating system has the answer, and no end of this
        process loses it. The disk may not have it: a power cut can lose what was
        put in the last half minute (Linux writes back after 30 s); `close` waits
        for the disk. ValueError for a key that is no digest, or an answer over
        `LINE_BYTES`; OSError where it cannot be written.
        """
        if not is_whole(response):
            return
        raw = _raw(key)
        with self._lock:
            if self._is_mine(raw):
                return
            when = time.time_ns() // 1000
            line = encode_line(key, when, response, sampling)
            if self._own is None:
                self._own = _OwnFile.create(self.folder)
            try:
                self._own.append(raw, when, line)
            except BaseException:
                self.close()  # it may end in half a line, which nothing may follow
                raise
            if self._own.is_full:
                self.close()
            elif len(self._own.recent) >= RECENT_ANSWERS:
                self.refresh()

    def refresh(self) -> None:
        """See what other processes stored since: list the folder, read what is new."""
        with self._lock:
            while True:
                paths = data_files(self.folder)
                self._look_at(paths)
                # A listing taken while files are merged may have neither the old nor the new.
                if data_files(self.folder) == paths:
                    return

    def close(self) -> None:
        """Close this process's file, on disk when this returns. A later `put` begins another."""
        with self._lock:
            if self._own is not None:
                own, self._own = self._own, None
                own.close()
                self.refresh()

    def _places(self, raw: bytes) -> list[Place]:
        hi = np.uint64(int.from_bytes(raw[:8], "big"))
        lo = np.uint64(int.from_bytes(raw[8:], "big"))
        found = [p for t in (*self._mapped.values(), self._memory) for p in t.places(hi, lo)]
        if self._own is not None and raw in self._own.recent:
            when, offset, length = self._own.recent[raw]
            found.append((when, str(self._own.path), offset, length))
        return sorted(found)

    def _is_mine(self, raw: bytes) -> bool:
        """Whether an answer to that is in the file that this process appends to."""
        if self._own is None:
            return False
        return any(path == str(self._own.path) for _, path, _, _ in self._places(raw))

    def _look_at(self, paths: list[Path]) -> None:
        """Make the tables those of `paths`, reading only what is not known."""
        names = {str(path) for path in paths}
        if self._own is not None and str(self._own.path) not in names:
            os.close(self._own.descriptor)  # somebody removed it
            self._own = None
        self._mapped = {name: table for name, table in self._mapped.items() if name in names}
        self._known = {name: size for name, size in self._known.items() if name in names}
        fresh: dict[str, Rows] = {}
        for path in paths:
            if str(path) not in self._mapped:
                with suppress(FileNotFoundError):  # merged meanwhile: `refresh` lists again
                    self._look_into(path, fresh)
        if fresh or not self._known.keys() >= set(self._memory.paths):
            self._memory = self._memory.updated(set(self._known), fresh)
        if self._own is not None:
            self._own.recent.clear()

    def _look_into(self, path: Path, fresh: dict[str, Rows]) -> None:
        """Map a file, or add what is new in it to `fresh`."""
        name = str(path)
        known = self._known.get(name, 0)
        if path.stat().st_size == known:
            return
        index = open_index(path)
        if index is not None and index.rows.shape[1] >= MAPPED_ANSWERS:
            self._mapped[name] = _Table.mapped(name, index.rows)
            self._known.pop(name, None)
            return
        if index is not None and not known:
            rows, self._known[name] = index.rows, index.size
        else:
            rows, self._known[name] = read_rows(path, known)
        if rows.shape[1]:
            fresh[name] = rows


def _raw(key: str) -> bytes:
    """The 16 bytes of a key, as `records.digest` makes them."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"a key is {KEY_DIGITS} hex digits, not {key!r}")
    return bytes.fromhex(key)
