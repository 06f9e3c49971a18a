"""The extractor's minimal HTML, and data tables, as light Markdown."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

#: Marks that stand for an image or a table while the extractor works: private-use
#: characters, which are removed from the page before.
IMAGE_MARK, TABLE_MARK, MARK_END = "\ue000", "\ue001", "\ue002"
PRIVATE_USE = re.compile("[\ue000-\uf8ff]")

#: Characters; a table with a longer cell is layout, not data.
MAX_CELL = 300

_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)[^>]*>")
_TABLES = re.compile(f"\n*{TABLE_MARK}(\\d+){MARK_END}\n*")
_IMAGES = re.compile(f"{IMAGE_MARK}\\d+{MARK_END}")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


def from_html(minimal: str, tables: Sequence[str]) -> str:
    """Markdown of what resiliparse calls minimal HTML, with table marks replaced."""
    writer = _Writer()
    position = 0
    for tag in _TAG.finditer(minimal):
        writer.text(html.unescape(minimal[position : tag.start()]))
        writer.tag(tag[2], closing=bool(tag[1]))
        position = tag.end()
    writer.text(html.unescape(minimal[position:]))
    return _TABLES.sub(lambda m: f"\n\n{tables[int(m[1])]}\n\n", writer.finish())


class _Writer:
    """Blocks of Markdown from a stream of texts and tags."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._current = ""
        self._prefix = ""
        #: Open lists: the last number of an ordered one, None for bullets.
        self._lists: list[int | None] = []
        self._code = False
        #: Whether the last block was an item of a list.
        self._after_item = False

    def text(self, text: str) -> None:
        # White space means something in code alone.
        self._current += text if self._code else re.sub(r"\s+", " ", text)

    def tag(self, name: str, *, closing: bool) -> None:
        if name == "br":
            self._current += "\n"
            return
        if name in ("pre", "ul", "ol", "li", "p", *_HEADINGS):
            self._end_block()
        if name == "pre":
            self._code = not closing
        elif name in ("ul", "ol"):
            if not closing:
                self._lists.append(0 if name == "ol" else None)
            elif self._lists:
                self._lists.pop()
        elif name == "li":
            self._prefix = "" if closing else self._bullet()
        elif name in _HEADINGS:
            self._prefix = "" if closing else "#" * int(name[1]) + " "

    def finish(self) -> str:
        self._end_block()
        return "".join(self._blocks).strip()

    def _bullet(self) -> str:
        indent = "  " * max(0, len(self._lists) - 1)
        number = self._lists[-1] if self._lists else None
        if number is None:
            return f"{indent}- "
        self._lists[-1] = number + 1
        return f"{indent}{number + 1}. "

    def _end_block(self) -> None:
        text, self._current = self._current, ""
        if self._code:
            self._code = self._after_item = False
            if text.strip():
                self._blocks.append("\n\n```\n" + text.strip("\n").rstrip() + "\n```")
            return
        lines = (" ".join(line.split()) for line in text.split("\n"))
        text = "\n".join(line for line in lines if line)
        if not text:
            return
        in_list = bool(self._prefix and self._lists)
        separator = "\n" if in_list and self._after_item else "\n\n"
        self._after_item = in_list
        self._blocks.append(separator + self._prefix + text)
        # What follows in the same item is its continuation.
        self._prefix = "  " * len(self._lists)


def table(element: Any) -> str | None:
    """A <table> as a Markdown table, its pictures after it; None if it only lays out a page.

    A data table has at least two rows and two columns, no other block inside
    its cells, and no long cell. Spans are not repeated.
    """
    if element.query_selector("table, pre, ul, ol, h1, h2, h3, h4") is not None:
        return None
    rows = [
        [_cell(cell) for cell in row.children if cell.tag in ("td", "th")]
        for row in element.query_selector_all("tr")
    ]
    rows = [row for row in rows if row]
    columns = max((len(row) for row in rows), default=0)
    if len(rows) < 2 or columns < 2 or max(len(c) for row in rows for c in row) > MAX_CELL:
        return None
    padded = [
        [_IMAGES.sub("", c).strip() for c in row] + [""] * (columns - len(row)) for row in rows
    ]
    if not any(cell for row in padded for cell in row):
        return None
    lines = ["| " + " | ".join(row) + " |" for row in padded]
    lines.insert(1, "|" + " --- |" * columns)
    return "\n\n".join(["\n".join(lines), *_IMAGES.findall(element.text)])


def _cell(cell: Any) -> str:
    return " ".join(cell.text.split()).replace("|", "\\|")
