"""Chromium, started by us and spoken to over a pipe in its DevTools protocol.

A pipe and not Playwright's driver: every answer would pass through that
driver's process, which costs more than the boxes do (see `benchmarks/render.py`).
The browser ends when the pipe does, so none outlives its worker.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from renderers.errors import RenderError

T = TypeVar("T")

#: Bytes read at once: a picture is some hundred kB.
_CHUNK = 1 << 20
#: The browser's ends of the pipe, by its own convention.
_ITS_INPUT, _ITS_OUTPUT = 3, 4
#: Descriptors of ours are moved above these.
_FIRST_FREE = 10


class _Message(msgspec.Struct):
    id: int | None = None
    method: str = ""
    params: msgspec.Raw = msgspec.Raw(b"{}")
    result: msgspec.Raw = msgspec.Raw(b"{}")
    error: dict[str, Any] | None = None


class DevTools:
    """A running Chromium. Not for several threads at once."""

    def __init__(
        self, executable: str, arguments: list[str], on_event: Callable[[str, bytes], None]
    ):
        """Start `executable`. `on_event` is told the name and parameters of every event."""
        self._on_event = on_event
        self._buffer = bytearray()
        self._calls = 0
        self._folder = tempfile.mkdtemp(prefix="vlmforge-browser-")
        its_input, self._output = _pipe()
        self._input, its_output = _pipe()
        os.set_blocking(self._input, False)
        os.set_blocking(self._output, False)
        command = [
            executable, "--remote-debugging-pipe", f"--user-data-dir={self._folder}", *arguments,
        ]  # fmt: skip
        quiet = os.open(os.devnull, os.O_RDWR)
        try:
            self.pid = os.posix_spawn(
                executable,
                command,
                dict(os.environ),
                file_actions=[
                    *((os.POSIX_SPAWN_DUP2, quiet, own) for own in (0, 1, 2)),
                    (os.POSIX_SPAWN_DUP2, its_input, _ITS_INPUT),
                    (os.POSIX_SPAWN_DUP2, its_output, _ITS_OUTPUT),
                ],
                # A group of its own, so that all its processes end together.
                setpgroup=0,
            )
        except OSError:
            os.close(self._input)
            os.close(self._output)
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        finally:
            for descriptor in (quiet, its_input, its_output):
                os.close(descriptor)

    def call(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        *,
        session: str | None = None,
        answer: type[T] = dict,  # type: ignore[assignment]
        until: float,
    ) -> T:
        """The answer to one command; RenderError if it fails or `until` (monotonic) passes."""
        number = self.send(method, params, session=session, until=until)
        for message in self._messages(until):
            if message.id == number:
                if message.error:
                    raise RenderError(f"{method}: {message.error.get('message')}")
                return msgspec.json.decode(message.result, type=answer)
            if message.id is None:
                self._on_event(message.method, bytes(message.params))
        raise AssertionError("messages end by an error")

    def send(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        *,
        session: str | None = None,
        until: float,
    ) -> int:
        """Send a command without waiting for its answer; returns its number."""
        self._calls += 1
        message: dict[str, Any] = {"id": self._calls, "method": method, "params": params or {}}
        if session:
            message["sessionId"] = session
        rest = memoryview(msgspec.json.encode(message) + b"\0")
        while rest:
            self._wait([], [self._output], until)
            try:
                rest = rest[os.write(self._output, rest) :]
            except OSError as error:
                raise RenderError("the browser died") from error
        return self._calls

    def memory(self) -> int:
        """Bytes of memory that all processes of the browser have to themselves."""
        return sum(map(_private_bytes, self.processes()))

    def processes(self) -> list[int]:
        """The ids of the browser's processes."""
        found, todo = [], [self.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            with contextlib.suppress(OSError):
                for task in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{task}/children") as file:
                        todo += map(int, file.read().split())
        return found

    def close(self) -> None:
        """End all processes of the browser."""
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        os.close(self._input)
        os.close(self._output)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _messages(self, until: float) -> Iterator[_Message]:
        while True:
            end = self._buffer.find(b"\0")
            while end < 0:
                self._wait([self._input], [], until)
                chunk = os.read(self._input, _CHUNK)
                if not chunk:
                    raise RenderError("the browser died")
                at = chunk.find(b"\0")
                end = at if at < 0 else len(self._buffer) + at
                self._buffer += chunk
            message = bytes(memoryview(self._buffer)[:end])
            del self._buffer[: end + 1]
            yield msgspec.json.decode(message, type=_Message)

    def _wait(self, readable: list[int], writable: list[int], until: float) -> None:
        # `poll` has no limit on descriptors' numbers, which `select` has.
        poll = select.poll()
        for descriptor in readable:
            poll.register(descriptor, select.POLLIN)
        for descriptor in writable:
            poll.register(descriptor, select.POLLOUT)
        if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
            raise RenderError("no answer in time")


def _pipe() -> tuple[int, int]:
    """A pipe whose ends are above the numbers that the browser wants."""
    ends = os.pipe()
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE) for end in ends]
    for end in ends:
        os.close(end)
    return moved[0], moved[1]


def _private_bytes(pid: int) -> int:
    total = 0
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith(("RssAnon:", "RssShmem:")):
                total += int(line.split()[1]) * 1024
    return total
