"""One long-lived headless Chromium a process: a page of ours in, pixels and their layout out.

The tab is opened once; each picture swaps its document. Content can run no
script (the tab's policy forbids it; only our own code runs), reach no network
and no file: every request is refused and counted. A browser that dies, hangs or
grows is replaced; what it died of costs the picture at hand a `RenderError`.

`chromium-headless-shell` draws a frame when it is told to, and at no other
time, which takes a fifth less than a screenshot; other Chromiums draw as they
like, and give the same boxes. The page measures itself while its frame is made
into a PNG by other threads.
"""

from __future__ import annotations

import atexit
import base64
import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from renderers.devtools import Asked, DevTools
from renderers.errors import Refused, RenderError
from renderers.katex import MAX_EXPAND, MAX_SIZE, MAX_TEX, katex_script
from renderers.layout import Layout, Measured, layout_of
from renderers.page import Page
from renderers.png import decode_png

T = TypeVar("T")

#: Looked for on the PATH, the lightest first.
EXECUTABLES = ("chromium-headless-shell", "chromium", "google-chrome", "chromium-browser")
#: Seconds that one picture may take; one of 800 x 1000 at scale 2 takes 0.2.
DEADLINE = 20.0
#: Seconds that a browser may take to start.
START_DEADLINE = 60.0
#: Pages after which the browser is made to collect its garbage, in 30 ms: left alone it does so
#: seldom, and grows by 130 MB in 2,000 pictures.
COLLECT_EVERY = 50
#: Bytes of memory that are left then at which the browser is replaced.
MAX_MEMORY = 1 << 30
#: Pixels: the longest side of a picture, and the most it may have in all.
MAX_SIDE, MAX_PIXELS = 16_384, 64_000_000
#: CSS pixels that a page of no given height is laid out in.
WINDOW_HEIGHT = 1000
#: Characters of a page's HTML, pictures in `data:` URLs among them.
MAX_HTML = 16_000_000
#: Of one page: UTF-16 units of text, and elements. Seen before it is laid out.
MAX_TEXT, MAX_ELEMENTS = 30_000, 30_000

#: Beside Playwright's own.
_ARGUMENTS = [
    "--disable-gpu",
    "--disable-lcd-text",
    "--font-render-hinting=none",
    "--force-device-scale-factor=1",
    # Were a request to pass, it would find no names; and no way, see `devtools.py`.
    "--host-resolver-rules=MAP * ~NOTFOUND",
]
#: Frames on demand, which only the headless shell has.
_FRAMES_ON_DEMAND = ["--run-all-compositor-stages-before-draw", "--enable-begin-frame-control"]
#: Seconds to wait after each frame that holds no picture; together far more than any needed.
_FRAME_WAITS = [0.0, 0.001, 0.002, 0.005, *[0.01] * 10, *[0.1] * 30]
#: The document whose root others replace. Everything else is refused where it asks.
_BASE = (
    "<!doctype html><html><head>"
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"script-src 'none'; object-src 'none'; frame-src 'none'; worker-src 'none'; "
    "form-action 'none'; base-uri 'none'\">"
    "</head><body></body></html>"
)


@dataclass(frozen=True)
class Drawing:
    """A picture, and where everything on it stands."""

    #: uint8 (H, W, 3), red, green, blue.
    pixels: NDArray[np.uint8]
    layout: Layout


class _Target(msgspec.Struct):
    target_id: str = msgspec.field(name="targetId")


class _Session(msgspec.Struct):
    session_id: str = msgspec.field(name="sessionId")


class _Object(msgspec.Struct):
    value: str | int | None = None


class _Evaluated(msgspec.Struct):
    result: _Object
    exception: dict[str, Any] | None = msgspec.field(name="exceptionDetails", default=None)


class _Shown(msgspec.Struct):
    """What `vlmforgeShow` returns."""

    #: Reason and detail.
    refused: tuple[str, str] | None = None
    #: Width and height that the content takes, in 1/64 pixel.
    content: tuple[int, int] = (0, 0)


class _Shot(msgspec.Struct):
    data: bytes = b""


class _Frame(msgspec.Struct):
    data: bytes = msgspec.field(name="screenshotData", default=b"")


class _Paused(msgspec.Struct):
    request_id: str = msgspec.field(name="requestId")


def find_browser() -> str | None:
    """The path of a Chromium; None if the machine has none, but for Playwright's own download."""
    chosen = os.environ.get("VLMFORGE_BROWSER")
    return chosen or next(filter(None, map(shutil.which, EXECUTABLES)), None)


class Browser:
    """A Chromium that any thread may ask for pictures; it makes them one by one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tools: DevTools | None = None
        self._session = ""
        self._size = (0, 0)
        #: Pages shown since garbage was last collected.
        self._shown = 0
        self._on_demand = False
        #: Requests that pages made; none left the browser.
        self.blocked = 0

    def draw(self, page: Page) -> Drawing:
        """Draw a page and say where everything on it stands.

        Raises Refused (too_long, too_large, not_unicode, broken_image,
        tex_error) for what is the page's own fault, RenderError for what is not.
        """
        return self._do(self._draw, page)

    def measure(self, page: Page) -> Layout:
        """Where everything on a page would stand, without a picture of it. Raises as `draw`."""
        return self._do(self._lay_out, page)

    def evaluate(self, script: str) -> str | int | None:
        """The value of JavaScript of ours in the tab, as the last picture left it."""
        with self._lock:
            if self._tools is None:
                self._start()
            return self._evaluate(script, time.monotonic() + DEADLINE)

    def print_pdf(self, page: Page) -> bytes:
        """A page as a PDF of one sheet as large as its picture: 72 points are 96 pixels.

        Another way to the same page, to check layouts by. Raises as `draw` does.
        """
        drawing = self.draw(page)
        layout = drawing.layout
        paper = {"paperWidth": layout.width / 96, "paperHeight": layout.height / 96}
        margins = dict.fromkeys(("marginTop", "marginBottom", "marginLeft", "marginRight"), 0)
        options = {**paper, **margins, "printBackground": True, "pageRanges": "1"}
        with self._lock:
            try:
                done = self._call("Page.printToPDF", options, time.monotonic() + DEADLINE)
            except (RenderError, msgspec.MsgspecError) as error:
                self._stop()
                raise RenderError(str(error)) from error
        return base64.b64decode(done["data"])

    def version(self) -> str:
        """The browser's name and version."""
        with self._lock:
            if self._tools is None:
                self._start()
            assert self._tools is not None
            until = time.monotonic() + DEADLINE
            return str(self._tools.call("Browser.getVersion", until=until)["product"])

    def memory(self) -> int:
        """Bytes that the browser's processes have to themselves; 0 if none runs."""
        with self._lock:
            return self._tools.memory() if self._tools else 0

    def processes(self) -> list[int]:
        """The ids of the browser's processes."""
        with self._lock:
            return self._tools.processes() if self._tools else []

    def close(self) -> None:
        """End the browser; the next picture starts another."""
        with self._lock:
            self._stop()

    def _do(self, work: Callable[[Page, float], T], page: Page) -> T:
        if len(page.html) > MAX_HTML:
            raise Refused("too_long", f"{len(page.html)} characters of HTML")
        try:
            page.html.encode("utf-8")
        except UnicodeEncodeError as error:
            raise Refused("not_unicode", error.reason) from error
        _check_size(page, page.height or WINDOW_HEIGHT)
        with self._lock:
            try:
                if self._tools is None:
                    self._start()
                elif self._shown >= COLLECT_EVERY:
                    self._collect_garbage()
                self._shown += 1
                return work(page, time.monotonic() + DEADLINE)
            except (RenderError, msgspec.MsgspecError) as error:
                self._stop()
                raise RenderError(str(error)) from error

    def _collect_garbage(self) -> None:
        """And replace a browser that holds too much all the same."""
        assert self._tools is not None
        self._call("HeapProfiler.collectGarbage", {}, time.monotonic() + DEADLINE)
        self._shown = 0
        if self._tools.memory() > MAX_MEMORY:
            self._stop()
            self._start()

    def _start(self) -> None:
        executable = find_browser()
        # Playwright's own download is the headless shell.
        self._on_demand = executable is None or "headless-shell" in executable
        arguments = [*_ARGUMENTS, *(_FRAMES_ON_DEMAND if self._on_demand else [])]
        until = time.monotonic() + START_DEADLINE
        self._tools = DevTools(executable, arguments, self._on_event, until=until)
        self._session, self._size, self._shown = "", (0, 0), 0
        target: dict[str, Any] = {"url": "about:blank"}
        if self._on_demand:
            # The tab is beside its window, which would be drawn as well, for nobody.
            target |= {"enableBeginFrameControl": True, "left": MAX_SIDE, "top": MAX_SIDE}
        made = self._call("Target.createTarget", target, until, _Target)
        attach = {"targetId": made.target_id, "flatten": True}
        self._session = self._call("Target.attachToTarget", attach, until, _Session).session_id
        self._call("Inspector.enable", {}, until)
        self._call("Fetch.enable", {"patterns": [{"urlPattern": "*"}]}, until)
        frame = self._call("Page.getFrameTree", {}, until)["frameTree"]["frame"]["id"]
        self._call("Page.setDocumentContent", {"frameId": frame, "html": _BASE}, until)
        self._evaluate(katex_script(), until)
        self._evaluate(browser_script(), until)

    def _show(self, page: Page, until: float) -> int:
        """Put a page into the tab; its height in CSS pixels."""
        self._resize(page, page.height or WINDOW_HEIGHT, until)
        arguments = msgspec.json.encode([page.html, page.lang, page.scale]).decode()
        answer = self._evaluate(f"vlmforgeShow(...{arguments})", until)
        shown = msgspec.json.decode(str(answer), type=_Shown)
        if shown.refused:
            raise Refused(*shown.refused)
        return page.height or max(1, -(-shown.content[1] // round(64 * page.scale)))

    def _lay_out(self, page: Page, until: float) -> Layout:
        height = self._show(page, until)
        answer = self._evaluate("vlmforgeMeasure(false)", until)
        measured = msgspec.json.decode(str(answer), type=Measured)
        return layout_of(measured, *_pixels(page, height), page.scale)

    def _draw(self, page: Page, until: float) -> Drawing:
        height = self._show(page, until)
        _check_size(page, height)
        self._resize(page, height, until)
        # Measured while other threads draw and encode the frame, once the script's own has
        # painted it. Frames that are not drawn on demand may come at any time, or never.
        when_painted = msgspec.json.encode(self._on_demand).decode()
        asked = self._ask_value(f"vlmforgeMeasure({when_painted})")
        png = self._shoot(until)
        measured = msgspec.json.decode(str(self._value(asked, until)), type=Measured)
        pixels = decode_png(png)
        if pixels is None or pixels.shape[:2] != self._size[::-1]:
            raise RenderError("the browser gave no picture of the right size")
        layout = layout_of(measured, *self._size, page.scale)
        return Drawing(pixels, layout)

    def _shoot(self, until: float) -> bytes:
        kind = {"format": "png", "optimizeForSpeed": True}
        if not self._on_demand:
            return self._call("Page.captureScreenshot", kind, until, _Shot).data
        method = "HeadlessExperimental.beginFrame"
        # The first frames after a change of size, or of a new tab, may hold no picture.
        for wait in _FRAME_WAITS:
            if data := self._call(method, {"screenshot": kind}, until, _Frame).data:
                return data
            time.sleep(wait)
        raise RenderError("the browser drew no frame")

    def _resize(self, page: Page, height: int, until: float) -> None:
        size = _pixels(page, height)
        if self._size != size:
            metrics = {
                "width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False,
            }  # fmt: skip
            self._call("Emulation.setDeviceMetricsOverride", metrics, until)
            self._size = size

    def _evaluate(self, script: str, until: float) -> str | int | None:
        return self._value(self._ask_value(script), until)

    def _ask_value(self, script: str) -> Asked:
        assert self._tools is not None
        asked = {"expression": script, "awaitPromise": True, "returnByValue": True}
        return self._tools.ask("Runtime.evaluate", asked, session=self._session)

    def _value(self, asked: Asked, until: float) -> str | int | None:
        assert self._tools is not None
        done = self._tools.answer(asked, _Evaluated, until=until)
        if done.exception:
            told = done.exception.get("exception", {}).get("description", done.exception)
            raise RenderError(str(told)[:500])
        return done.result.value

    def _call(self, method: str, params: dict[str, Any], until: float, answer: type = dict) -> Any:
        assert self._tools is not None
        session = self._session or None
        return self._tools.call(method, params, session=session, answer=answer, until=until)

    def _on_event(self, name: str, params: bytes) -> None:
        if name == "Fetch.requestPaused":
            self.blocked += 1
            asked = msgspec.json.decode(params, type=_Paused)
            refusal = {"requestId": asked.request_id, "errorReason": "Aborted"}
            assert self._tools is not None
            self._tools.send("Fetch.failRequest", refusal, session=self._session)
        elif name in ("Inspector.targetCrashed", "Target.targetCrashed", "Inspector.detached"):
            raise RenderError("the tab died")

    def _stop(self) -> None:
        if self._tools is not None:
            self._tools.close()
            self._tools = None


def shared_browser() -> Browser:
    """The browser of this process, ended with it."""
    return _browser_of(os.getpid())


# A process that was forked from one with a browser has its own.
@cache
def _browser_of(pid: int) -> Browser:
    browser = Browser()

    def end() -> None:
        if os.getpid() == pid:
            browser.close()

    atexit.register(end)
    return browser


def _pixels(page: Page, height: int) -> tuple[int, int]:
    return round(page.width * page.scale), round(height * page.scale)


def _check_size(page: Page, height: int) -> None:
    wide, high = _pixels(page, height)
    if not (0 < wide <= MAX_SIDE and 0 < high <= MAX_SIDE and wide * high <= MAX_PIXELS):
        raise Refused("too_large", f"{wide} x {high} pixels")


@cache
def browser_script() -> str:
    """JavaScript that defines `vlmforgeShow` and `vlmforgeMeasure` in a page; see `measure.js`."""
    source = resources.files("renderers").joinpath("measure.js").read_text("utf-8")
    return f"{source.rstrip()}({MAX_TEXT}, {MAX_ELEMENTS}, {MAX_TEX}, {MAX_EXPAND}, {MAX_SIZE}); 0"
