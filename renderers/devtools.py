"""A Chromium that Playwright started, spoken to over a DevTools connection of ours.

Playwright starts the browser, with its own arguments and its own download where
there is no other, and clears up after it. Pages and pictures do not pass through
its driver's process, which costs more than the boxes do (see
`benchmarks/render.py`): they go by a second connection, from a local port of
the browser's. Playwright lets go of tabs that it did not open, so its driver
idles meanwhile. Content cannot use the port: its requests are refused, and the
browser turns away websockets with an `Origin`.

The driver ends when its pipe to us does, and the browser with it, so neither
outlives its worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import msgspec
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Playwright, ProxySettings, async_playwright

from renderers.errors import BrowserMissing, RenderError

T = TypeVar("T")

#: Seconds that the driver may take to clear up and end, before it is killed.
CLOSE_DEADLINE = 2.0
#: Seconds between looks for the file in which the browser tells its port.
_PORT_EVERY = 0.01
#: Were a request to pass, it would end here, at a closed port.
_NOWHERE = ProxySettings(server="http://127.0.0.1:9")


class _Message(msgspec.Struct):
    id: int | None = None
    method: str = ""
    params: msgspec.Raw = msgspec.Raw(b"{}")
    result: msgspec.Raw = msgspec.Raw(b"{}")
    error: dict[str, Any] | None = None


@dataclass(frozen=True)
class Asked:
    """A command on its way."""

    method: str
    number: int


class DevTools:
    """A running Chromium. Not for several threads at once."""

    def __init__(
        self,
        executable: str | None,
        arguments: list[str],
        on_event: Callable[[str, bytes], None],
        *,
        until: float,
    ):
        """Start `executable`, or Playwright's own download if None, by `until` (monotonic).

        `on_event` is told the name and parameters of every event, in a thread of ours, while
        a call waits. Raises BrowserMissing if there is no such browser, RenderError if it does
        not start.
        """
        self._on_event = on_event
        self._numbers = itertools.count(1)
        #: Answers by their command's number, None until they come.
        self._answers: dict[int, _Message | None] = {}
        #: The ids of the driver's process and of the browser's group.
        self._driver, self._group = 0, 0
        self._folder = ""
        self._playwright: Playwright | None = None
        self._http: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        # Playwright's synchronous interface belongs to one thread, and lets no other event loop
        # run in it.
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="vlmforge-browser", daemon=True
        )
        self._thread.start()
        try:
            # Playwright ends a browser that is late itself, if it is let to.
            self._wait(self._open(executable, arguments, until), until + CLOSE_DEADLINE)
        except BaseException as error:
            self.close()
            if not isinstance(error, PlaywrightError | OSError | aiohttp.ClientError):
                raise
            if "executable doesn't exist" in str(error).lower():
                raise BrowserMissing(_missing(executable)) from error
            raise RenderError(f"the browser died as it started: {error}"[:500]) from error

    def call(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        session: str | None = None,
        answer: type[T] = dict,  # type: ignore[assignment]
        until: float,
    ) -> T:
        """The answer to one command; RenderError if it fails or `until` (monotonic) passes."""
        return self.answer(self.ask(method, params, session=session), answer, until=until)

    def ask(
        self, method: str, params: Mapping[str, Any] | None = None, *, session: str | None = None
    ) -> Asked:
        """Send a command; its answer is to be waited for later."""
        asked = Asked(method, next(self._numbers))
        self._answers[asked.number] = None
        self._send(asked, params, session)
        return asked

    def answer(self, asked: Asked, answer: type[T] = dict, *, until: float) -> T:  # type: ignore[assignment]
        """The answer to a command that was sent; errors as of `call`."""
        message = self._wait(self._answer(asked.number), until)
        if message.error:
            raise RenderError(f"{asked.method}: {message.error.get('message')}")
        return msgspec.json.decode(message.result, type=answer)

    def send(
        self, method: str, params: Mapping[str, Any] | None = None, *, session: str | None = None
    ) -> None:
        """Send a command whose answer nobody wants."""
        self._send(Asked(method, next(self._numbers)), params, session)

    def memory(self) -> int:
        """Bytes of memory that all processes of the browser have to themselves."""
        return sum(map(_private_bytes, self.processes()))

    def processes(self) -> list[int]:
        """The ids of the browser's processes, Playwright's driver first."""
        found, todo = [], [self._driver]
        while todo:
            pid = todo.pop()
            found.append(pid)
            with contextlib.suppress(OSError):
                for task in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{task}/children") as file:
                        todo += map(int, file.read().split())
        return found

    def close(self) -> None:
        """End the browser and the driver."""
        with contextlib.suppress(RenderError):
            self._wait(self._end(), time.monotonic() + 4 * CLOSE_DEADLINE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, T], until: float) -> T:
        """What `work` gives, done in the browser's thread."""

        async def in_time() -> T:
            # The loop's clock is the monotonic one.
            async with asyncio.timeout_at(until):
                return await work

        future = asyncio.run_coroutine_threadsafe(in_time(), self._loop)
        try:
            return future.result()
        except TimeoutError as error:
            raise RenderError("no answer in time") from error
        finally:
            future.cancel()

    async def _open(self, executable: str | None, arguments: list[str], until: float) -> None:
        self._playwright = await async_playwright().start()
        chromium = await self._playwright.chromium.launch(
            executable_path=executable,
            args=["--enable-automation", "--remote-debugging-port=0", *arguments],
            proxy=_NOWHERE,
            timeout=1000 * max(1.0, until - time.monotonic()),
        )
        session = await chromium.new_browser_cdp_session()
        told = await session.send("SystemInfo.getProcessInfo")
        pid = next(p["id"] for p in told["processInfo"] if p["type"] == "browser")
        # The driver makes each browser, or a script that starts it, the leader of a group.
        self._group = os.getpgid(pid)
        self._driver = _parent(self._group)
        switches = (await session.send("Browser.getBrowserCommandLine"))["arguments"]
        await session.detach()
        folder = "--user-data-dir="
        self._folder = next(s.removeprefix(folder) for s in switches if s.startswith(folder))
        address = await _address(Path(self._folder))
        self._http = aiohttp.ClientSession()
        patience = aiohttp.ClientWSTimeout(ws_close=CLOSE_DEADLINE)
        self._socket = await self._http.ws_connect(address, timeout=patience, max_msg_size=0)

    def _send(self, asked: Asked, params: Mapping[str, Any] | None, session: str | None) -> None:
        message = {"id": asked.number, "method": asked.method, "params": params or {}}
        if session:
            message["sessionId"] = session
        assert self._socket is not None
        frame = self._socket.send_frame(msgspec.json.encode(message), aiohttp.WSMsgType.TEXT)
        # If it fails, so does the wait for an answer.
        asyncio.run_coroutine_threadsafe(frame, self._loop)

    async def _answer(self, number: int) -> _Message:
        assert self._socket is not None
        while (message := self._answers[number]) is None:
            received = await self._socket.receive()
            if received.type is not aiohttp.WSMsgType.TEXT:
                raise RenderError("the browser died")
            told = msgspec.json.decode(received.data, type=_Message)
            if told.id is None:
                self._on_event(told.method, bytes(told.params))
            elif told.id in self._answers:
                self._answers[told.id] = told
        del self._answers[number]
        return message

    async def _end(self) -> None:
        # Killed and not asked: it has nothing to save, and may hang.
        if self._group:
            with contextlib.suppress(OSError):
                os.killpg(self._group, signal.SIGKILL)
        if self._socket is not None:
            await self._socket.close()
        if self._http is not None:
            await self._http.close()
        # The driver removes the browser's folders, and ends.
        stopped = asyncio.ensure_future(self._stop_driver())
        await asyncio.wait([stopped], timeout=CLOSE_DEADLINE)
        if self._driver and not stopped.done():
            with contextlib.suppress(OSError):
                os.kill(self._driver, signal.SIGKILL)
            await asyncio.wait([stopped], timeout=CLOSE_DEADLINE)
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    async def _stop_driver(self) -> None:
        if self._playwright is not None:
            with contextlib.suppress(Exception):
                await self._playwright.stop()


async def _address(folder: Path) -> str:
    """Where the browser listens, which it writes down just after it began to."""
    told = folder / "DevToolsActivePort"
    while not (told.exists() and told.read_text().count("\n")):
        await asyncio.sleep(_PORT_EVERY)
    port, path = told.read_text().split()
    return f"ws://127.0.0.1:{port}{path}"


def _missing(executable: str | None) -> str:
    if executable:
        return f"{executable} could not be started: there is no such program"
    return (
        "no Chromium was found: install the package chromium-headless-shell or chromium, run "
        "`playwright install --only-shell chromium`, or set VLMFORGE_BROWSER to one"
    )


def _parent(pid: int) -> int:
    with open(f"/proc/{pid}/stat") as file:
        return int(file.read().rpartition(")")[2].split()[1])


def _private_bytes(pid: int) -> int:
    total = 0
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith(("RssAnon:", "RssShmem:")):
                total += int(line.split()[1]) * 1024
    return total
