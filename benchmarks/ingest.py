"""How fast and how faithful `ingest` reads, beside the libraries it stands on, in one run.

    python benchmarks/ingest.py [--json]

Pages: the scikit-learn documentation with its sources, fetched by `vlmforge
samples`. PDFs: lshort-ko, by package name. All ratios are of CPU seconds, the
peer's over ours: above 1 we are faster. `make bench` brings the peers.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean

import numpy as np
import pypdfium2
import trafilatura
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

# Run as a program, it finds the checkout's other folders.
sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.sphinx_truth import found_in, read_source, trigrams, words
from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers import READERS, BadInput, Draft, Piece
from pipelines.readers.html import decode, read_page
from pipelines.readers.pictures import load_picture
from pipelines.readers.png import encode_png
from pipelines.readers.sandbox import Sandbox
from tests.pipelines.readers.packages import debian

ROOT = Path(__file__).parent.parent
SITE = ROOT / "samples" / "scikit-learn"
CONFIG = IngestConfig()
#: Rounds of which the fastest counts.
ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=int, default=300, help="HTML pages (default 300)")
    parser.add_argument("--pdf-pages", type=int, default=60, help="PDF pages (default 60)")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    arguments = parser.parse_args()
    paths = sorted(p for p in SITE.rglob("*.html") if "generated" not in p.parts)
    paths = paths[:: max(1, len(paths) // arguments.pages)][: arguments.pages]
    result = html_speed(paths) | pdf_speed(arguments.pdf_pages) | linear() | fidelity()
    if arguments.json:
        print(json.dumps(result))


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of the fastest of some rounds, children included."""

    def used() -> float:
        kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        usage = [resource.getrusage(kind) for kind in kinds]
        return sum(u.ru_utime + u.ru_stime for u in usage)

    times = []
    for _ in range(ROUNDS):
        started = used()
        work()
        times.append(used() - started)
    return min(times)


def html_speed(paths: Sequence[Path]) -> dict[str, float]:
    pages = [decode(p.read_bytes()) for p in paths]
    seconds = {
        "trafilatura": cpu(lambda: [trafilatura.extract(p) for p in pages]),
        "resiliparse": cpu(lambda: [_resiliparse(p) for p in pages]),
        "vlmforge": cpu(lambda: [_ours(p) for p in pages]),
        "and pictures, sandboxed": cpu(lambda: _read_sandboxed(paths)),
    }
    print(f"HTML, {len(pages)} pages of the scikit-learn documentation")
    for name, used in seconds.items():
        print(f"  {name:24} {1000 * used / len(pages):7.2f} CPU ms a page")
    return {
        "html_vs_trafilatura": round(seconds["trafilatura"] / seconds["vlmforge"], 3),
        "html_vs_resiliparse": round(seconds["resiliparse"] / seconds["vlmforge"], 3),
    }


def pdf_speed(count: int) -> dict[str, float]:
    path = next(debian("texlive-lang-korean").rglob("lshort-ko.pdf"))
    seconds = {
        "pypdfium2 and Pillow": cpu(lambda: _pdfium(path, count, _pillow)),
        "pypdfium2 and our PNG": cpu(lambda: _pdfium(path, count, _our_png)),
        "vlmforge": cpu(lambda: _pdf_rows(path, count)),
    }
    print(f"PDF, {count} pages of lshort-ko at {CONFIG.pdf_dpi} DPI, encoded")
    for name, used in seconds.items():
        print(f"  {name:24} {1000 * used / count:7.2f} CPU ms a page")
    return {"pdf_vs_pypdfium2": round(seconds["pypdfium2 and Pillow"] / seconds["vlmforge"], 3)}


def linear() -> dict[str, float]:
    """Seconds over the number of files, on logarithmic axes: 1 is linear."""
    paths = sorted(SITE.rglob("*.html"))
    sizes = [len(paths) // 8, len(paths) // 4, len(paths) // 2, len(paths)]
    mixed = np.random.default_rng(0).permutation(len(paths))
    print("Files, and the memory of the process that reads them")
    seconds = []
    for size in sizes:
        sandbox = Sandbox()
        started = time.process_time(), resource.getrusage(resource.RUSAGE_CHILDREN)
        for place in mixed[:size]:
            list(sandbox.read(*_piece(paths[place]), CONFIG))
        assert sandbox._child is not None
        memory = _peak_memory(sandbox._child.pid)
        sandbox.close()
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = time.process_time() - started[0] + children.ru_utime - started[1].ru_utime
        used += children.ru_stime - started[1].ru_stime
        seconds.append(used)
        print(f"  {size:6} files {used:7.2f} CPU s, {memory:5} MB at most")
    slope = float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
    print(f"  slope {slope:.3f}")
    return {"slope": round(slope, 3)}


def fidelity() -> dict[str, float]:
    """Against the pages' reStructuredText."""
    sources = {
        path: read_source((SITE / "_sources" / name).read_text("utf-8"))
        for path in sorted(SITE.rglob("*.html"))
        if "generated" not in path.parts
        and (
            SITE / "_sources" / (name := f"{path.relative_to(SITE).with_suffix('')}.rst.txt")
        ).exists()
    }
    extractors: dict[str, Callable[[str], str]] = {
        "vlmforge": lambda page: "\n\n".join(p.text or "" for p in _ours(page).parts),
        "resiliparse": _resiliparse,
        "trafilatura": lambda page: trafilatura.extract(page) or "",
    }
    print(f"Text, {len(sources)} pages against their sources")
    scores = {}
    for name, extract in extractors.items():
        recalled = there = placed = blocks = 0
        for path, source in sources.items():
            try:
                text = extract(decode(path.read_bytes()))
            except BadInput:
                text = ""
            present = set(trigrams(words(text)))
            recalled += sum(found_in(p, present) for p in source.paragraphs)
            there += len(source.paragraphs)
            lines = [w for w in map(words, text.split("\n")) if len(w) >= 3]
            placed += sum(found_in(line, source.trigrams) for line in lines)
            blocks += len(lines)
        scores[name] = (recalled / max(1, there), placed / max(1, blocks))
        print(
            f"  {name:24} {scores[name][0]:.3f} of {there} paragraphs found, "
            f"{scores[name][1]:.3f} of {blocks} lines from the source"
        )
    order = image_order({p: s.images for p, s in sources.items() if s.images})
    return {
        "paragraph_recall": round(scores["vlmforge"][0], 4),
        "boilerplate_precision": round(scores["vlmforge"][1], 4),
        "image_order_accuracy": round(order, 4),
    }


def image_order(wanted: dict[Path, list[str]]) -> float:
    """The mean share of a page's images that come in the order of its source."""
    names = {}
    for path in sorted((SITE / "_images").iterdir()):
        try:
            names[hashlib.sha256(load_picture(path, CONFIG).data).digest()] = path.name
        except BadInput:
            continue
    scores = []
    for path, expected in wanted.items():
        draft = next(iter(_drafts([path])), None)
        images = draft.images if draft else ()
        found = [names.get(hashlib.sha256(i.data).digest(), "") for i in images]
        scores.append(_common(expected, found) / max(len(expected), len(found)))
    print(f"Images in order: {mean(scores):.3f} on {len(scores)} pages")
    return mean(scores)


def _common(a: Sequence[str], b: Sequence[str]) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(b) + 1)
    for x in a:
        before = 0
        for j, y in enumerate(b, start=1):
            before, row[j] = row[j], before + 1 if x == y else max(row[j], row[j - 1])
    return row[-1]


def _resiliparse(page: str) -> str:
    return str(extract_plain_text(HTMLTree.parse(page), main_content=True))


def _ours(page: str) -> Draft:
    return read_page(page, "page.html", "/page.html", None, lambda address: None)


def _piece(path: Path, kind: str = "html") -> tuple[Piece, SourceConfig]:
    folder = SITE if kind == "html" else path.parent
    source = SourceConfig.model_validate({"name": "bench", "kind": kind, "path": folder})
    name = path.relative_to(folder).as_posix()
    return Piece(0, path, name, 0, path.stat().st_size), source


def _drafts(paths: Sequence[Path]) -> list[Draft]:
    drafts = []
    for path in paths:
        for row in READERS["html"].rows(*_piece(path), CONFIG):
            try:
                drafts.append(row.read())  # type: ignore[union-attr]
            except BadInput:
                continue
    return drafts


def _read_sandboxed(paths: Sequence[Path]) -> None:
    sandbox = Sandbox()
    for path in paths:
        for _ in sandbox.read(*_piece(path), CONFIG):
            pass
    sandbox.close()


def _pdfium(path: Path, count: int, encode: Callable[[pypdfium2.PdfBitmap], object]) -> None:
    """What a script of ten lines does: render each page, and write it; no text, no boxes."""
    document = pypdfium2.PdfDocument(path)
    for index in range(count):
        page = document[index]
        encode(page.render(scale=CONFIG.pdf_dpi / 72, rev_byteorder=True))
        page.close()
    document.close()


def _pillow(bitmap: pypdfium2.PdfBitmap) -> None:
    bitmap.to_pil().save(io.BytesIO(), "PNG", compress_level=1)


def _our_png(bitmap: pypdfium2.PdfBitmap) -> None:
    pixels = bitmap.to_numpy()
    grey = np.array_equal(pixels[:, :, 0], pixels[:, :, 1]) and np.array_equal(
        pixels[:, :, 0], pixels[:, :, 2]
    )
    encode_png(np.ascontiguousarray(pixels[:, :, 0]) if grey else pixels)


def _pdf_rows(path: Path, count: int) -> None:
    for index, row in enumerate(READERS["pdf"].rows(*_piece(path, "pdf"), CONFIG)):
        if index == count:
            break
        row.read()  # type: ignore[union-attr]


def _peak_memory(pid: int) -> int:
    """Megabytes that a process held at most."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.split("\n") if "VmHWM" in line)) >> 10


if __name__ == "__main__":
    main()
