"""Reading in a process of its own, which may hang, grow or crash: that costs one row.

Libraries that read untrusted bytes run native code, which no exception ends.
So a child process reads, and a parent waits for each row for so many seconds;
the system holds the child to so much memory. A child that fails is replaced,
and the new one goes on after the row that failed.

Rows are sent in batches. After a failure the new child goes on slowly: it
announces each row before it reads it, so that the one to blame is known, and
the others lose nothing. A row that lacks memory is tried again so too: what
the rows before it left behind is not its fault, and differs from run to run.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers import READERS
from pipelines.readers.drafts import HEAD_BYTES, BadInput, Draft, Failure, LeftOut, Piece, Row
from pipelines.worker import start_worker

#: A child sends what it has read after this many seconds, or this many bytes of pictures.
_SEND_SECONDS, _SEND_BYTES = 0.1, 4 << 20

#: Rows that are read slowly after a failure; the one to blame was in the batch before it.
_CAREFUL_ROWS = 1000
#: Times that a file may take too much, or the process with it, before the rest is given up.
_MAX_LOSSES = 10
#: What the child runs; not `-m`, which would give its classes another name than ours.
_CHILD = "from pipelines.readers.sandbox import serve; serve({}, {}, {})"
#: The place of a failure that costs more than a row that is known.
_REST = "the rest of the file"

Item = Draft | Failure | LeftOut


@dataclass(frozen=True)
class _Order:
    piece: Piece
    source: SourceConfig
    config: IngestConfig
    #: Items that have come, to be passed over.
    skip: int
    #: Whether to announce each of the next rows, and send it alone.
    careful: bool


@dataclass(frozen=True)
class _Begin:
    """A row is about to be read."""

    place: str | None


@dataclass(frozen=True)
class _End:
    """The piece is read; how many items it had."""

    items: int


class _Lost(Exception):
    """The child is gone, and why."""

    def __init__(self, reason: str, detail: str):
        super().__init__(reason)
        self.reason, self.detail = reason, detail


class Sandbox:
    """Reads pieces in a child process, which it starts when needed and keeps."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._link: Connection | None = None
        self._memory = 0

    def read(self, piece: Piece, source: SourceConfig, config: IngestConfig) -> Iterator[Item]:
        """A Draft or a Failure with lost="row" for each row, and LeftOut beside them.

        Raises RuntimeError where the child's count of rows is not what came.
        """
        finished = False
        try:
            yield from self._read(piece, source, config)
            finished = True
        finally:
            if not finished:
                self.close()  # what it still sends is of no use to the next reader

    def close(self) -> None:
        """End the child."""
        if self._child is not None and self._link is not None:
            self._link.close()
            self._child.kill()
            self._child.wait()
        self._child = self._link = None

    def _read(self, piece: Piece, source: SourceConfig, config: IngestConfig) -> Iterator[Item]:
        done, losses, careful = 0, 0, False
        while True:
            start, begun = done, None
            try:
                for message in self._messages(_Order(piece, source, config, done, careful)):
                    if isinstance(message, _Begin):
                        begun = message
                        continue
                    begun = None
                    done += len(message)
                    yield from message
                return
            except _Lost as lost:
                self.close()
                losses += 1
                if losses > _MAX_LOSSES or (careful and begun is None and done == start):
                    # It fails too often, or between rows: what comes after cannot be reached.
                    yield Failure(piece.name, lost.reason, _REST, lost.detail)
                    return
                if begun is not None:
                    yield Failure(piece.name, lost.reason, begun.place, lost.detail)
                    done += 1
                careful = begun is None

    def _messages(self, order: _Order) -> Iterator[Any]:
        """Batches of items, and announcements of rows, until the last row."""
        link = self._start(order.config.max_memory)
        received = order.skip
        try:
            link.send(order)
            while True:
                if not link.poll(order.config.max_seconds):
                    raise _Lost("took_too_long", f"limit {order.config.max_seconds:g} s")
                message = link.recv()
                if isinstance(message, _End):
                    break
                received += len(message) if isinstance(message, list) else 0
                yield message
        except (EOFError, OSError) as error:
            code = self._child.wait() if self._child is not None else "?"
            raise _Lost("reader_died", f"its process ended with {code}") from error
        if message.items != received:
            raise RuntimeError(f"{order.piece.name}: of {message.items} rows {received} came")

    def _start(self, memory: int) -> Connection:
        if self._link is not None and self._memory == memory:
            return self._link
        self.close()
        self._link, theirs = Pipe()
        self._child = subprocess.Popen(
            [sys.executable, "-c", _CHILD.format(theirs.fileno(), os.getpid(), memory)],
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        self._memory = memory
        return self._link


def serve(descriptor: int, parent: int, memory: int) -> None:
    """The child: orders in, messages out, until the parent closes the link."""
    start_worker(parent)
    _limit_memory(memory)
    link = Connection(descriptor)
    with suppress(EOFError, ConnectionError):
        while True:
            _answer(link.recv(), link)


def _answer(order: _Order, link: Connection) -> None:
    batch: list[Item] = []
    index, size, sent = 0, 0, time.monotonic()
    for index, row in enumerate(_rows(order), start=1):
        if index <= order.skip:
            continue
        careful = order.careful and index <= order.skip + _CAREFUL_ROWS
        if careful:
            link.send(_Begin(row.place if isinstance(row, Row) else None))
        item = _read(row, order) if isinstance(row, Row) else row
        batch.append(item)
        if isinstance(item, Draft):
            size += sum(len(image.data) for image in item.images)
        now = time.monotonic()
        if careful or now - sent > _SEND_SECONDS or size > _SEND_BYTES:
            link.send(batch)
            batch, size, sent = [], 0, now
    link.send(batch)
    link.send(_End(index))


def _rows(order: _Order) -> Iterator[Row | LeftOut | Failure]:
    """The reader's rows; where it cannot go on, the rest of the file as one failure."""
    found = False
    try:
        for row in READERS[order.source.kind].rows(order.piece, order.source, order.config):
            found = found or isinstance(row, Row)
            yield row
    except Exception as error:
        yield _failure(error, order, _REST if found else None)


def _read(row: Row, order: _Order) -> Item:
    try:
        return row.read()
    except Exception as error:
        return _failure(error, order, row.place)


def _failure(error: Exception, order: _Order, place: str | None) -> Failure:
    name = order.piece.name
    if isinstance(error, BadInput):
        head = error.head or (_head(order.piece.path) if place is None else b"")
        return Failure(name, error.reason, place, error.detail, head)
    if isinstance(error, MemoryError):
        if not order.careful:
            raise SystemExit(1) from None  # the next child tries it again
        return Failure(name, "too_much_memory", place)
    # A reader met what its author did not think of; where, is in the detail.
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{os.path.basename(frame.filename)}:{frame.lineno}"  # noqa: PTH119
    return Failure(name, "reader_failed", place, f"{type(error).__name__}: {error} ({where})")


def _head(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return b""


def _limit_memory(limit: int) -> None:
    """Let this process take `limit` bytes beyond what it has taken to start."""
    with open("/proc/self/statm") as file:
        taken = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + limit, taken + limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
