"""One long-lived headless Chromium a process: HTML in, picture and measurements out.

The page is opened once; each picture swaps its document. Content can run no
script (the page's policy forbids it; only our measuring code runs), reach no
network and no file: every request is refused. A browser that dies or hangs is
replaced, and costs the picture at hand a `RenderError`.
"""

from __future__ import annotations

import asyncio
import atexit
import base64
import contextlib
import json
import os
import shutil
import threading
from collections.abc import Coroutine
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from playwright.async_api import Browser, CDPSession, Page, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError

T = TypeVar("T")

#: Looked for on the PATH, the lightest first.
EXECUTABLES = ("chromium-headless-shell", "chromium", "google-chrome", "chromium-browser")
#: Seconds that one picture may take.
DEADLINE = 30.0
#: Seconds that a browser may take to start.
START_DEADLINE = 60.0
#: Pictures after which the browser is replaced, so that its memory stays flat.
PICTURES_PER_BROWSER = 2000

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--font-render-hinting=none",
    "--disable-lcd-text",
    "--hide-scrollbars",
)
_NOTHING_REACHABLE = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
)


class RenderError(Exception):
    """This picture could not be made; the next one can."""


class BrowserMissing(RuntimeError):
    """No Chromium is installed."""


@dataclass(frozen=True)
class Shot:
    """A picture of a page, and what the page said of itself."""

    png: bytes
    #: What the measuring script returned.
    measured: Any


def find_browser() -> str | None:
    """The path of a Chromium on this machine; None to use Playwright's own download."""
    chosen = os.environ.get("VLMFORGE_BROWSER")
    if chosen:
        return chosen
    return next((path for name in EXECUTABLES if (path := shutil.which(name))), None)


class BrowserThread:
    """Chromium, driven from a thread of its own, so that any thread may ask for pictures."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True, name="browser").start()
        self._lock = threading.Lock()
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._page: Page | None = None
        self._session: CDPSession | None = None
        self._scale: tuple[int, float] | None = None
        self._pictures = 0

    def shoot(self, html: str, script: str, argument: Any, *, width: int, scale: float) -> Shot:
        """Show `html` at `width` CSS pixels, measure it, and take the whole page.

        `script` is the source of a JavaScript function of one argument that
        returns a string of JSON with a `height` in CSS pixels, which becomes
        the picture's. The picture is `width * scale` by `height * scale`
        pixels. Raises RenderError.
        """
        with self._lock:
            if self._pictures >= PICTURES_PER_BROWSER:
                self._stop()
            if self._page is None:
                self._wait(self._start(), START_DEADLINE)
            try:
                shot = self._wait(self._shoot(html, script, argument, width, scale), DEADLINE)
            except (PlaywrightError, FutureTimeoutError, ValueError) as error:
                self._stop()
                reason = (
                    str(error).splitlines()[0] if str(error) else f"no answer in {DEADLINE:g} s"
                )
                raise RenderError(reason) from error
            self._pictures += 1
            return shot

    def version(self) -> str:
        """The browser's name and version."""
        with self._lock:
            if self._browser is None:
                self._wait(self._start(), START_DEADLINE)
            assert self._browser is not None
            return f"{self._browser.browser_type.name} {self._browser.version}"

    def close(self) -> None:
        """End the browser."""
        with self._lock:
            self._stop()

    def _wait(self, coroutine: Coroutine[Any, Any, T], seconds: float) -> T:
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result(seconds)
        except FutureTimeoutError:
            future.cancel()
            raise

    async def _start(self) -> None:
        self._playwright = await async_playwright().start()
        try:
            self._browser = await self._playwright.chromium.launch(
                executable_path=find_browser(), args=list(_ARGUMENTS), headless=True
            )
        except PlaywrightError as error:
            raise BrowserMissing(
                "no Chromium could be started: install the package chromium-headless-shell or "
                f"chromium, or set VLMFORGE_BROWSER to one ({str(error).splitlines()[0]})"
            ) from error
        context = await self._browser.new_context(offline=True)
        await context.route("**/*", lambda route: route.abort())
        self._page = await context.new_page()
        self._session = await context.new_cdp_session(self._page)
        self._scale, self._pictures = None, 0

    async def _shoot(self, html: str, script: str, argument: Any, width: int, scale: float) -> Shot:
        assert self._page is not None and self._session is not None
        if self._scale != (width, scale):
            await self._session.send(
                "Emulation.setDeviceMetricsOverride",
                {"width": width, "height": 800, "deviceScaleFactor": scale, "mobile": False},
            )
            self._scale = (width, scale)
        await self._page.set_content(html.replace("<head>", f"<head>{_NOTHING_REACHABLE}", 1))
        measured = json.loads(await self._page.evaluate(script, argument))
        clip = {"x": 0, "y": 0, "width": width, "height": measured["height"], "scale": 1}
        shot = await self._session.send(
            "Page.captureScreenshot",
            {
                "format": "png",
                "optimizeForSpeed": True,
                "captureBeyondViewport": True,
                "clip": clip,
            },
        )
        return Shot(base64.b64decode(shot["data"]), measured)

    def _stop(self) -> None:
        # One that is dead or hangs cannot be ended in order; its process goes with the driver's.
        with contextlib.suppress(PlaywrightError, FutureTimeoutError):
            self._wait(self._end(), 10.0)
        self._playwright = self._browser = self._page = self._session = None

    async def _end(self) -> None:
        if self._browser is not None:
            await self._browser.close()
        if self._playwright is not None:
            await self._playwright.stop()


@cache
def shared_browser() -> BrowserThread:
    """The browser of this process, ended with it."""
    browser = BrowserThread()
    atexit.register(browser.close)
    return browser
