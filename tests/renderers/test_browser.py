from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

from renderers import Browser, BrowserMissing, Refused, RenderError, find_browser, shared_browser
from tests.renderers.pages import page


@pytest.fixture
def own_browser():
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def server():
    """A server that remembers what it was asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    listening = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_address[1]}", asked
    listening.shutdown()
    listening.server_close()


PAGES = [
    page(f"<p data-block=paragraph>{text} <span data-tex='x^{k}'></span></p>", scale=1.0 + k % 3)
    for k, text in enumerate(["하나 둘", "Three four", "다섯\n여섯", "<b>seven</b>", "여덟 아홉"])
]


def same(one, other):
    return (
        np.array_equal(one.pixels, other.pixels)
        and one.layout.char.labels == other.layout.char.labels
        and np.array_equal(one.layout.char.boxes, other.layout.char.boxes)
    )


def test_a_page_gives_the_same_picture_in_any_order_and_on_any_browser(own_browser):
    first = [own_browser.draw(p) for p in PAGES]
    order = list(range(len(PAGES))) * 2
    random.Random(0).shuffle(order)
    assert all(same(own_browser.draw(PAGES[k]), first[k]) for k in order)
    own_browser.close()
    other = Browser()
    try:
        for browser in (own_browser, other):
            assert all(same(browser.draw(p), first[k]) for k, p in enumerate(PAGES))
    finally:
        other.close()


def test_fonts_of_nearly_the_same_size_do_not_take_each_others_place(own_browser):
    """Chromium keeps one font for all sizes of a hundredth of a pixel, and more below it."""
    sizes = np.random.default_rng(3).uniform(18.2, 18.4, 60)
    scales = [1.0, 1.37, 2.0]

    def boxes(size, scale):
        formula = r'<span data-tex="x_1+\frac{a}{b}"></span>'
        text = f'<p style="font-size:{size / scale}px">다음 글을 읽고 답하시오 The {formula}</p>'
        drawn = own_browser.measure(page(text * 4, width=900, scale=scale))
        return drawn.char.boxes.tolist()

    first = {(size, scale): boxes(size, scale) for size in sizes for scale in scales}
    own_browser.close()
    others = random.Random(0).sample(sorted(first), len(first))
    assert all(boxes(*k) == first[k] for k in others)


def test_any_thread_may_ask(own_browser):
    wanted = [own_browser.draw(p) for p in PAGES]
    with ThreadPoolExecutor(4) as threads:
        drawn = list(threads.map(own_browser.draw, PAGES * 3))
    assert all(same(d, wanted[k % len(PAGES)]) for k, d in enumerate(drawn))


def test_content_reaches_neither_network_nor_files(own_browser, server, tmp_path):
    address, asked = server
    (tmp_path / "secret.html").write_text("secret")
    body = f"""<p>글</p><iframe src="{address}/frame"></iframe><iframe srcdoc="{address}"></iframe>
        <iframe src="file://{tmp_path}/secret.html"></iframe><object data="{address}/o"></object>
        <link rel=stylesheet href="{address}/css"><link rel=preconnect href="{address}">
        <link rel=dns-prefetch href="//example.org"><video src="{address}/v"></video>
        <svg><image href="{address}/svg" /><use href="{address}/use#a" /></svg>
        <form action="{address}/form"><input autofocus></form><base href="{address}">
        <meta http-equiv="refresh" content="0; url={address}/go">
        <style>@import url("{address}/import"); p {{ background: url("{address}/background") }}
        @font-face {{ font-family: f; src: url("{address}/font") }} p {{ font-family: f }}</style>"""
    drawing = own_browser.draw(page(body))
    time.sleep(0.5)
    assert drawing.layout.word.labels[0] == "글"
    assert own_browser.draw(page("다음")).layout.word.labels == ["다음"]
    assert own_browser.blocked >= 3
    with pytest.raises(Refused) as refused:
        own_browser.draw(page(f'<img src="{address}/picture">'))
    assert refused.value.reason == "broken_image"
    with pytest.raises(Refused):
        own_browser.draw(page(f'<img src="file://{tmp_path}/secret.png">'))
    assert asked == []


def test_scripts_of_the_content_do_not_run(own_browser):
    change = "document.body.textContent = 'ran'"
    body = f"""<p>글</p><script>{change}</script><svg onload="{change}"><script>{change}</script>
        </svg><body onload="{change}"><details open ontoggle="{change}"></details>
        <a href="javascript:{change}" autofocus onfocus="{change}">x</a>
        <div style="animation: a 1s" onanimationstart="{change}"></div>
        <style>@keyframes a {{ from {{ opacity: 0 }} }}</style>"""
    assert own_browser.draw(page(body)).layout.word.labels == ["글", "x"]
    time.sleep(0.2)
    assert own_browser.draw(page("다음")).layout.word.labels == ["다음"]


def test_one_page_leaves_nothing_for_the_next(own_browser):
    before = own_browser.draw(page("<p>글</p>"))
    own_browser.draw(
        page(
            "<p id=katex>다른</p>",
            "@font-face { font-family: 'Noto Sans CJK KR'; src: url(data:font/woff2,x) }"
            "html { filter: invert(1); zoom: 3 } p { color: red }",
            height=900,
            scale=2.0,
        )
    )
    assert same(own_browser.draw(page("<p>글</p>")), before)


def test_the_port_that_we_draw_by_is_local_and_closed_to_web_pages(own_browser):
    own_browser.draw(page("one"))
    port = int(_folder(own_browser).joinpath("DevToolsActivePort").read_text().split()[0])
    listening = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    assert set(re.findall(rf"([0-9A-F]+):{port:04X} 0+:0000 0A", listening)) == {"0100007F"}
    connection = HTTPConnection("127.0.0.1", port)
    upgrade = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Origin": "http://127.0.0.1",
        "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }  # fmt: skip
    connection.request("GET", "/devtools/browser", headers=upgrade)
    assert connection.getresponse().status == 403
    connection.close()
    blocked = own_browser.blocked
    with pytest.raises(Refused, match="broken_image"):
        own_browser.draw(page(f'<img src="http://127.0.0.1:{port}/json/version">'))
    assert own_browser.blocked == blocked + 1


def test_a_layout_without_its_picture_is_the_same(own_browser):
    for one in [*PAGES, replace(PAGES[0], height=300)]:
        drawn, measured = own_browser.draw(one).layout, own_browser.measure(one)
        assert measured.char.labels == drawn.char.labels
        assert np.array_equal(measured.char.boxes, drawn.char.boxes)
        assert (measured.width, measured.height) == (drawn.width, drawn.height)


def test_a_killed_browser_is_replaced(own_browser):
    own_browser.draw(page("one"))
    for pid in own_browser.processes():
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(RenderError, match="died"):
        own_browser.draw(page("two"))
    assert own_browser.draw(page("three")).layout.word.labels == ["three"]


def test_a_killed_driver_costs_one_picture(own_browser):
    own_browser.draw(page("one"))
    processes, folder = own_browser.processes(), _folder(own_browser)
    assert "run-driver" in _command(processes[0])
    os.kill(processes[0], signal.SIGKILL)
    _wait_for_the_end(processes)
    with pytest.raises(RenderError, match="died"):
        own_browser.draw(page("two"))
    assert not folder.exists()
    assert own_browser.draw(page("three")).layout.word.labels == ["three"]


def test_a_killed_tab_costs_one_picture_at_once(own_browser):
    own_browser.draw(page("one"))
    tabs = [pid for pid in own_browser.processes() if "--type=renderer" in _command(pid)]
    assert tabs
    for pid in tabs:
        os.kill(pid, signal.SIGKILL)
    begun = time.monotonic()
    with pytest.raises(RenderError):
        own_browser.draw(page("two"))
    assert time.monotonic() - begun < 5
    assert own_browser.draw(page("three")).layout.word.labels == ["three"]


def test_a_browser_that_hangs_is_replaced_at_the_deadline(own_browser, monkeypatch):
    own_browser.draw(page("one"))
    for pid in (hung := own_browser.processes()):
        os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr("renderers.browser.DEADLINE", 1.0)
    begun = time.monotonic()
    with pytest.raises(RenderError, match="no answer in time"):
        own_browser.draw(page("two"))
    assert time.monotonic() - begun < 5
    monkeypatch.undo()
    assert own_browser.draw(page("three")).layout.word.labels == ["three"]
    assert not set(hung) & set(own_browser.processes())


def test_a_browser_that_grows_is_replaced(own_browser, monkeypatch):
    own_browser.draw(page("one"))
    first = own_browser.processes()[0]
    monkeypatch.setattr("renderers.browser.MAX_MEMORY", own_browser.memory() // 2)
    monkeypatch.setattr("renderers.browser.COLLECT_EVERY", 2)
    wanted = own_browser.draw(page("two"))
    assert own_browser.processes()[0] == first
    assert same(own_browser.draw(page("two")), wanted)
    assert own_browser.processes()[0] != first


def test_no_process_is_left_behind(own_browser):
    own_browser.draw(page("one"))
    processes = own_browser.processes()
    assert len(processes) > 1
    folder = _folder(own_browser)
    own_browser.close()
    _wait_for_the_end(processes)
    assert not folder.exists()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_no_process_outlives_a_killed_worker(how):
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORKER], stdout=subprocess.PIPE, text=True, cwd=_ROOT
    )
    assert worker.stdout is not None
    processes = json.loads(worker.stdout.readline())
    assert len(processes) > 2
    assert all(map(_runs, processes))
    worker.send_signal(how)
    worker.communicate()
    _wait_for_the_end(processes)


def test_a_forked_worker_has_a_browser_of_its_own():
    wanted, processes = shared_browser().draw(PAGES[0]), shared_browser().processes()
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    worker = context.Process(target=_draw_and_end, args=(answers,))
    worker.start()
    drawn, its_processes = answers.get()
    worker.join()
    assert same(drawn, wanted)
    assert not set(its_processes) & set(processes)
    _wait_for_the_end(its_processes)
    assert shared_browser().processes() == processes
    assert same(shared_browser().draw(PAGES[0]), wanted)


def test_a_browser_works_inside_an_event_loop(own_browser):
    async def draw():
        return own_browser.draw(page("one")).layout.word.labels

    assert asyncio.run(draw()) == ["one"]


def test_a_browser_without_frames_on_demand_draws_the_same(own_browser, tmp_path, monkeypatch):
    """By its name it is an ordinary Chromium, which is asked for screenshots."""
    other = tmp_path / "chromium"
    other.symlink_to(find_browser())
    monkeypatch.setenv("VLMFORGE_BROWSER", str(other))
    plain = Browser()
    try:
        assert all(same(plain.draw(p), own_browser.draw(p)) for p in PAGES)
    finally:
        plain.close()


def test_a_chromium_that_does_not_start_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("VLMFORGE_BROWSER", str(tmp_path / "none"))
    with pytest.raises(BrowserMissing, match="none could not be started"):
        Browser().draw(page("x"))
    monkeypatch.setenv("VLMFORGE_BROWSER", "/bin/true")
    with pytest.raises(RenderError, match="died"):
        Browser().draw(page("x"))


def test_without_a_chromium_playwrights_own_is_taken_or_asked_for(monkeypatch, tmp_path):
    found = find_browser()
    monkeypatch.delenv("VLMFORGE_BROWSER", raising=False)
    monkeypatch.setattr("renderers.browser.EXECUTABLES", ())
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    with pytest.raises(BrowserMissing, match="playwright install") as missing:
        Browser().draw(page("x"))
    downloaded = Path(re.search(rf"{tmp_path}\S+", str(missing.value.__cause__))[0])
    assert "headless_shell" in str(downloaded)
    downloaded.parent.mkdir(parents=True)
    downloaded.symlink_to(found)
    browser = Browser()
    try:
        assert browser.draw(page("one")).layout.word.labels == ["one"]
        assert str(downloaded) in _command(browser.processes()[1])
    finally:
        browser.close()


def test_a_chromium_that_hangs_as_it_starts_is_ended(monkeypatch, tmp_path):
    program, started = tmp_path / "hangs", tmp_path / "started"
    program.write_text(f"#!/bin/sh\necho $$ >{started}\nexec sleep 100\n")
    program.chmod(0o755)
    monkeypatch.setenv("VLMFORGE_BROWSER", str(program))
    monkeypatch.setattr("renderers.browser.START_DEADLINE", 5.0)
    with pytest.raises(RenderError):
        Browser().draw(page("x"))
    _wait_for_the_end([int(started.read_text())])


_ROOT = Path(__file__).parent.parent.parent
_WORKER = """
import json, time
from renderers import shared_browser
from tests.renderers.pages import page
shared_browser().draw(page("one"))
print(json.dumps(shared_browser().processes()), flush=True)
time.sleep(60)
"""


def _draw_and_end(answers):
    browser = shared_browser()
    answers.put((browser.draw(PAGES[0]), browser.processes()))
    browser.close()


def _wait_for_the_end(processes):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(map(_runs, processes)):
        time.sleep(0.05)
    assert not any(map(_runs, processes))


def _folder(browser):
    """The browser's own, as its arguments name it."""
    commands = "".join(map(_command, browser.processes()))
    return Path(commands.partition("--user-data-dir=")[2].partition("\0")[0])


def _command(pid):
    with open(f"/proc/{pid}/cmdline") as file:
        return file.read()


def _runs(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
