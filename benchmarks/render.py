"""What a picture with all its boxes costs, beside other ways to draw the same pages.

    python benchmarks/render.py [--pictures 24] [--json]
    python benchmarks/render.py --memory 5000

Pages of 800 x 1000 CSS pixels at scale 2: Korean and English text, formulas, a
table, a drawing. CPU milliseconds over all processes of the way measured (this
one's share, the browser's, a driver's), since wall time depends on what else
the machine does; the ways take turns, page by page.

- `draw`: ours, `Browser.draw`: pixels and boxes of every character, word, line, block
- `bare shot`: the same browser, connection and pages, formulas set, picture decoded; no boxes
- `playwright shot`: one page of Playwright's, its DOM swapped, a fast screenshot; no boxes
- `new page`: what most do: Playwright, a new page a picture, `page.screenshot()`
- `new browser`: CoSyn's way: a browser a picture, 2 s of sleep. By wall time, sleep included

All set the formulas: the last two load KaTeX into each page, with fonts as `data:` URLs that
the browser decodes where it needs them.

`--memory N` draws N pictures in one browser and prints what its processes hold.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import random
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

# Run as a program, it finds the checkout's other folders.
sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from playwright.sync_api import sync_playwright

from renderers import Browser, Page, find_browser
from renderers.browser import browser_script
from renderers.katex import find_katex, katex_script

WIDTH, HEIGHT, SCALE = 800, 1000, 2.0
#: Rounds before anything is counted.
WARM_UP = 3
#: Seconds that CoSyn's renderer sleeps for each picture.
SLEEP = 2.0
#: Memory may grow by this share from a tenth of the pictures to the last.
MAX_GROWTH = 0.2

KOREAN = [
    "다음",
    "글을",
    "읽고",
    "물음에",
    "답하시오",
    "자연수",
    "함수의",
    "그래프와",
    "직선으로",
    "둘러싸인",
    "부분의",
    "넓이를",
    "구하시오",
    "이때",
    "양수",
    "조건을",
    "만족하는",
    "모든",
    "실수에",
    "대하여",
    "최댓값과",
    "최솟값의",
    "합은",
    "수열이",
    "등차일",
    "확률을",
    "풀이",
    "과정과",
    "함께",
    "서술하시오",
]
ENGLISH = [
    "Find",
    "the",
    "value",
    "of",
    "the",
    "function",
    "where",
    "every",
    "positive",
    "integer",
    "divides",
    "the",
    "greatest",
    "common",
    "divisor",
    "and",
    "show",
    "that",
    "the",
    "area",
    "under",
    "this",
    "curve",
    "is",
    "equal",
    "to",
    "its",
    "sum",
]
FORMULAS = (
    r"x^2+\frac{1}{2}", r"\sqrt{a^2+b^2}", r"\int_0^1 f(x)\,dx", r"\sum_{k=1}^{n} k^2",
    r"\frac{a}{b+c}", r"\lim_{n\to\infty} a_n", r"\alpha+\beta=\gamma", r"\ce{H2SO4}",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pictures", type=int, default=24, help="counted pictures of each way")
    parser.add_argument("--memory", type=int, metavar="N", help="draw N pictures in one browser")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    options = parser.parse_args()
    result = memory(options.memory) if options.memory else speed(options.pictures)
    if options.json:
        print(json.dumps(result))


def speed(pictures: int) -> dict[str, float]:
    """`vs_new_page`, `vs_browser_per_picture`, `vs_bare_shot`, `cpu_ms` and others."""
    cpu: dict[str, list[float]] = defaultdict(list)
    wall: dict[str, list[float]] = defaultdict(list)
    with ExitStack() as stack:
        ways = _ways(stack)
        for k in range(WARM_UP + pictures):
            for name, way in ways.items():
                page = example(k)
                # A browser a picture takes seconds, and varies little.
                if name == "new browser" and k % 4:
                    continue
                _settle()
                spent, begun = _cpu_seconds(), time.monotonic()
                way(page)
                if k >= WARM_UP:
                    wall[name].append(time.monotonic() - begun)
                    cpu[name].append(_cpu_seconds() - spent)
        drawn = ways["draw"](example(0)).layout
    print(
        f"{pictures} pages of {WIDTH} x {HEIGHT} at scale {SCALE:g}, the first of "
        f"{len(drawn.char)} characters"
    )
    print(f"  {'':18}{'CPU ms':>8}{'wall ms':>9}{'pictures a CPU s':>18}")
    for name in ways:
        mean = 1000 * float(np.mean(cpu[name]))
        print(f"  {name:18}{mean:8.0f}{1000 * np.mean(wall[name]):9.0f}{1000 / mean:18.1f}")
    ours = float(np.mean(cpu["draw"]))
    return {
        "cpu_ms": round(1000 * ours, 1),
        "pictures_per_cpu_s": round(1 / ours, 2),
        "vs_new_page": round(float(np.mean(cpu["new page"])) / ours, 2),
        "vs_browser_per_picture": round(
            float(np.mean(wall["new browser"]) / np.mean(wall["draw"])), 2
        ),
        "vs_bare_shot": round(ours / float(np.mean(cpu["bare shot"])), 3),
        "vs_playwright_shot": round(ours / float(np.mean(cpu["playwright shot"])), 3),
    }


def memory(pictures: int) -> dict[str, float]:
    """`memory_mb` at the end, and `growth` from a tenth of the pictures to the last."""
    browser, held = Browser(), []
    for k in range(pictures):
        browser.draw(example(k))
        if (k + 1) % max(1, pictures // 10) == 0:
            held.append(browser.memory() / 1e6)
            print(f"  {k + 1:6} pictures: {held[-1]:6.0f} MB", flush=True)
    browser.close()
    growth = held[-1] / held[0] - 1
    print(f"  grew by {growth:.0%}; {'flat' if growth <= MAX_GROWTH else 'NOT flat'}")
    return {"memory_mb": round(held[-1], 1), "growth": round(growth, 3)}


def example(number: int) -> Page:
    """A page like no other, always the same for a number."""
    pick = random.Random(number)
    parts = []
    for part in range(7):
        words = [pick.choice(KOREAN if pick.random() < 0.6 else ENGLISH) for _ in range(26)]
        for _ in range(3):
            tex = pick.choice(FORMULAS)
            words.insert(pick.randrange(len(words)), f'<span data-tex="{tex}"></span>')
        parts.append(f"<p data-block=paragraph>{part + 1}. {' '.join(words)}</p>")
    cell = "<td data-block=cell>{} {}</td>"
    rows = [
        "<tr>" + "".join(cell.format(pick.choice(KOREAN), pick.randint(1, 999)) for _ in range(4))
        for _ in range(4)
    ]
    parts.insert(3, f"<table data-block=table>{''.join(rows)}</table>")
    parts.insert(
        4,
        '<svg data-block=figure width=300 height=100><path d="M0 90 Q 100 0 200 70 T 300 20" '
        'stroke="#247" fill=none stroke-width=3 /><circle cx=80 cy=50 r=28 fill="#c84" />'
        "<text x=190 y=30 font-size=16>점 P</text></svg>",
    )
    html = f"""<!doctype html><html><head><style>* {{ box-sizing: border-box; margin: 0 }}
        body {{ width: {WIDTH}px; padding: 32px; color: #111; background: #fffdf8;
        font: 16px/1.5 "Noto Serif CJK KR" }} p {{ margin: 0 0 8px }}
        td {{ border: 1px solid #888; padding: 2px 12px }} table {{ border-collapse: collapse }}
        </style></head><body><h2 data-block=heading>{pick.choice(KOREAN)} {number}</h2>
        {"".join(parts)}</body></html>"""
    return Page(html, WIDTH, HEIGHT, SCALE, "ko")


def _ways(stack: ExitStack) -> dict[str, Callable[[Page], Any]]:
    ours, bare = Browser(), Browser()
    stack.callback(ours.close)
    stack.callback(bare.close)
    size = f"[{round(64 * WIDTH * SCALE)}, {round(64 * HEIGHT * SCALE)}]"
    bare.evaluate(f"vlmforgeMeasure = async () => '{{\"content\":{size}}}'; 0")
    playwright = stack.enter_context(sync_playwright())

    def launch() -> Any:
        return playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])

    chromium = launch()
    stack.callback(chromium.close)
    view = {"viewport": {"width": WIDTH, "height": HEIGHT}, "device_scale_factor": SCALE}
    kept = chromium.new_page(**view)
    kept.set_content("<!doctype html><html><body></body></html>")
    kept.evaluate(katex_script())
    kept.evaluate(browser_script())
    session = kept.context.new_cdp_session(kept)
    metrics = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": SCALE, "mobile": False}
    session.send("Emulation.setDeviceMetricsOverride", metrics)

    def playwright_shot(page: Page) -> None:
        kept.evaluate("([html, lang]) => vlmforgeShow(html, lang, 1)", [page.html, page.lang])
        session.send("Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True})

    script, sheet = _katex_as_a_page_has_it()

    def fill(page: Page, tab: Any) -> None:
        tab.set_content(page.html)
        tab.add_style_tag(content=sheet)
        tab.add_script_tag(content=script)
        tab.evaluate(
            "() => { for (const e of document.querySelectorAll('[data-tex]'))"
            " katex.render(e.dataset.tex, e); return document.fonts.ready.then(() => 0) }"
        )

    def new_page(page: Page) -> None:
        tab = chromium.new_page(**view)
        fill(page, tab)
        tab.screenshot()
        tab.close()

    def new_browser(page: Page) -> None:
        browser = launch()
        tab = browser.new_page(**view)
        fill(page, tab)
        time.sleep(SLEEP)
        tab.screenshot()
        browser.close()

    return {
        "draw": ours.draw,
        "bare shot": bare.draw,
        "playwright shot": playwright_shot,
        "new page": new_page,
        "new browser": new_browser,
    }


def _katex_as_a_page_has_it() -> tuple[str, str]:
    """KaTeX's scripts, and its style sheet with the fonts in it."""
    folder = find_katex()
    scripts = [(folder / f).read_text("utf-8") for f in ("katex.min.js", "contrib/mhchem.min.js")]

    def data_url(found: re.Match[str]) -> str:
        font = base64.b64encode((folder / found[1]).read_bytes()).decode()
        return f"src:url(data:font/woff2;base64,{font})"

    css = (folder / "katex.min.css").read_text("utf-8")
    return "\n".join(scripts), re.sub(r"src:url\((fonts/[^)]*woff2)\)[^}]*", data_url, css)


def _settle() -> None:
    """Wait until what the way before left behind, as a tab that closes, is done."""
    before = -1.0
    while (now := _cpu_seconds()) > before:
        before = now
        time.sleep(0.1)


def _cpu_seconds() -> float:
    """Of this process and all below it, those that have ended among them."""
    times, parents = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(stat.parent.name)
        parents[pid] = int(fields[1])
        times[pid] = sum(map(int, fields[11:15]))
    total, todo = 0, [os.getpid()]
    while todo:
        pid = todo.pop()
        total += times.get(pid, 0)
        todo += [child for child, parent in parents.items() if parent == pid]
    return total / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
