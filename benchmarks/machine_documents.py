"""English documents that every Debian machine has: pieces of /usr/share/doc, and sample pages."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.readers import BadInput
from pipelines.readers.html import decode, read_page
from records import generator

DOC = Path("/usr/share/doc")
SAMPLES = Path(__file__).parent.parent / "samples"
_NAMES = re.compile(r"(\.txt|\.md|\.rst|(README|NEWS|FAQ|HOWTO|changelog|copyright)[^/]*)(\.gz)?$")
#: Bytes of one file: a few changelogs are longer than all else together.
MAX_FILE = 1 << 20
#: Words of a piece; it ends with the line that reaches them.
PIECE_WORDS = 200
#: Characters; a longer piece is a table of one word a line and the like.
MAX_PIECE = 4000
SEED = 4


def pieces(count: int) -> list[str]:
    """Pieces of the machine's text files, chosen by hash; no two begin with the same line."""
    paths = sorted(p for p in DOC.rglob("*") if _NAMES.search(p.name) and p.is_file())
    found: dict[str, str] = {}
    for place in generator(SEED, "files").permutation(len(paths)):
        for piece in _cut(_read(paths[place])):
            if len(piece) <= MAX_PIECE:
                found.setdefault(piece.split("\n", 1)[0], piece)
        if len(found) >= count:
            break
    return list(found.values())[:count]


def sample_pages(count: int) -> list[str]:
    """Pages that `vlmforge samples` fetched, evenly taken from all English ones."""
    paths = sorted(
        p
        for folder in ("libreoffice-help/en-US/text", "scikit-learn")
        for p in (SAMPLES / folder).rglob("*.html")
    )
    texts = []
    for path in paths[:: max(1, len(paths) // count)]:
        try:
            draft = read_page(decode(path.read_bytes()), path.name, "/", None, lambda _: None)
        except BadInput:
            continue
        texts.append("\n\n".join(part.text or "" for part in draft.parts))
    return texts[:count]


def _read(path: Path) -> str:
    opened = gzip.open(path) if path.suffix == ".gz" else path.open("rb")
    with opened as file:
        return file.read(MAX_FILE).decode("utf-8", "ignore")


def _cut(text: str) -> Iterator[str]:
    lines: list[str] = []
    words = 0
    for line in text.splitlines():
        lines.append(line.strip())
        words += len(line.split())
        if words >= PIECE_WORDS:
            yield "\n".join(lines).strip()
            lines, words = [], 0
