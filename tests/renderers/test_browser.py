from __future__ import annotations

import contextlib
import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from renderers import Browser, RenderError

MEASURE = "() => JSON.stringify({height: 50, title: document.title})"


@pytest.fixture
def own_browser():
    browser = Browser()
    yield browser
    browser.close()


def shoot(browser, body, script=MEASURE):
    html = f"<!doctype html><html><head><title>t</title></head><body>{body}</body></html>"
    return browser.shoot(html, script, None, width=100, scale=1)


def test_content_reaches_neither_network_nor_files(own_browser, tmp_path):
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "secret.html").write_text("secret")
    address = f"http://127.0.0.1:{server.server_address[1]}"
    body = f"""<img src="{address}/img"><link rel=stylesheet href="{address}/css">
        <iframe src="{address}/frame"></iframe><iframe src="file://{tmp_path}/secret.html"></iframe>
        <style>@import url("{address}/import"); body {{ background: url("{address}/bg") }}</style>"""
    script = "() => new Promise(r => setTimeout(() => r(JSON.stringify({height: 50})), 500))"
    assert shoot(own_browser, body, script).measured == {"height": 50}
    # A page that sends the browser elsewhere is lost, and still reaches nothing.
    with pytest.raises(RenderError):
        shoot(own_browser, f'<meta http-equiv="refresh" content="0; url={address}/go">', script)
    server.shutdown()
    server.server_close()
    assert asked == []


def test_scripts_of_the_content_do_not_run(own_browser):
    body = "<script>document.title = 'ran'</script><img src=x onerror=\"document.title = 'ran'\">"
    assert shoot(own_browser, body).measured["title"] == "t"


def test_a_killed_browser_is_replaced(own_browser):
    shoot(own_browser, "one")
    for pid in _browser_processes():
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(RenderError):
        shoot(own_browser, "two")
    assert shoot(own_browser, "three").measured["height"] == 50


def test_a_script_that_fails_costs_one_picture(own_browser):
    with pytest.raises(RenderError):
        shoot(own_browser, "x", "() => { throw new Error('no') }")
    assert shoot(own_browser, "x").png.startswith(b"\x89PNG")


def _browser_processes():
    """The browsers below this process: shell scripts and all."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    drivers = {pid for pid, parent in parents.items() if parent == os.getpid()}
    below, found = drivers, set()
    while below:
        below = {pid for pid, parent in parents.items() if parent in below}
        found |= below
    return found
