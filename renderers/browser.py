"""One long-lived headless Chromium a process: a page of ours in, pixels and their layout out.

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
import io
import os
import shutil
import threading
from collections.abc import Coroutine
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.async_api import Browser as Chromium
from playwright.async_api import CDPSession, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page as Tab

from renderers.errors import BrowserMissing, Refused, RenderError
from renderers.katex import MAX_EXPAND, MAX_SIZE, MAX_TEX, katex_script
from renderers.layout import Layout, Measured, layout_of
from renderers.page import Page

T = TypeVar("T")

#: Looked for on the PATH, the lightest first.
EXECUTABLES = ("chromium-headless-shell", "chromium", "google-chrome", "chromium-browser")
#: Seconds that one picture may take.
DEADLINE = 30.0
#: Seconds that a browser may take to start.
START_DEADLINE = 60.0
#: Pictures after which the browser is replaced, so that its memory stays flat.
PICTURES_PER_BROWSER = 2000
#: CSS pixels: of the window for pages that are as high as their content, and the most a page has.
WINDOW_HEIGHT, MAX_HEIGHT = 1000, 10_000
#: Graphemes on a page.
MAX_CHARS = 50_000

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
#: The document that others replace: nothing may be loaded or run.
_BASE = (
    "<!doctype html><html><head>"
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
    "</head><body></body></html>"
)


@dataclass(frozen=True)
class Drawing:
    """A picture, and where everything on it stands."""

    #: uint8 (H, W, 3), red, green, blue.
    pixels: NDArray[np.uint8]
    layout: Layout


def find_browser() -> str | None:
    """The path of a Chromium on this machine; None to use Playwright's own download."""
    chosen = os.environ.get("VLMFORGE_BROWSER")
    if chosen:
        return chosen
    return next((path for name in EXECUTABLES if (path := shutil.which(name))), None)


class Browser:
    """Chromium, driven from a thread of its own, so that any thread may ask for pictures."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True, name="browser").start()
        self._lock = threading.Lock()
        self._playwright: Playwright | None = None
        self._browser: Chromium | None = None
        self._page: Tab | None = None
        self._session: CDPSession | None = None
        self._size: tuple[int, int, float] | None = None
        self._pictures = 0

    def draw(self, page: Page) -> Drawing:
        """Draw a page and say where everything on it stands.

        Raises Refused (too_long, too_tall, tex_error, no_text) for what is the
        page's own fault, RenderError for what is not.
        """
        with self._lock:
            if self._pictures >= PICTURES_PER_BROWSER:
                self._stop()
            if self._page is None:
                self._wait(self._start(), START_DEADLINE)
            try:
                drawing = self._wait(self._draw(page), DEADLINE)
            except (PlaywrightError, FutureTimeoutError, ValueError) as error:
                self._stop()
                reason = (
                    str(error).splitlines()[0] if str(error) else f"no answer in {DEADLINE:g} s"
                )
                raise RenderError(reason) from error
            self._pictures += 1
            return drawing

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
        self._size, self._pictures = None, 0
        await self._page.set_content(_BASE)
        await self._page.evaluate(katex_script())
        await self._page.evaluate(_measure_script())

    async def _draw(self, page: Page) -> Drawing:
        assert self._page is not None and self._session is not None
        await self._resize(page.width, page.height or WINDOW_HEIGHT, page.scale)
        text = await self._page.evaluate(
            "([html, lang]) => vlmforgeDraw(html, lang)", [page.html, page.lang]
        )
        measured = msgspec.json.decode(text, type=Measured)
        if measured.errors:
            tex, message = measured.errors[0]
            raise Refused("tex_error", f"{message} in {tex}")
        height = page.height or -(-measured.content[1] // 64)
        if height > MAX_HEIGHT:
            raise Refused("too_tall", f"{height} CSS pixels")
        clip = {"x": 0, "y": 0, "width": page.width, "height": height, "scale": 1}
        shot = await self._session.send(
            "Page.captureScreenshot",
            {
                "format": "png",
                "optimizeForSpeed": True,
                "captureBeyondViewport": True,
                "clip": clip,
            },
        )
        with Image.open(io.BytesIO(base64.b64decode(shot["data"]))) as picture:
            pixels = np.asarray(picture.convert("RGB"))
        layout = layout_of(measured, pixels.shape[1], pixels.shape[0], page.scale)
        return Drawing(pixels, layout)

    async def _resize(self, width: int, height: int, scale: float) -> None:
        assert self._session is not None
        if self._size != (width, height, scale):
            await self._session.send(
                "Emulation.setDeviceMetricsOverride",
                {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False},
            )
            self._size = (width, height, scale)

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
def shared_browser() -> Browser:
    """The browser of this process, ended with it."""
    browser = Browser()
    atexit.register(browser.close)
    return browser


@cache
def _measure_script() -> str:
    source = resources.files("renderers").joinpath("measure.js").read_text("utf-8")
    limits = f"{MAX_CHARS}, {MAX_TEX}, {MAX_EXPAND}, {MAX_SIZE}"
    return f"globalThis.vlmforgeDraw = {source.rstrip()}({limits}); 0"
