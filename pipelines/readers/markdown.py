"""The extractor's minimal HTML as light Markdown: headings, lists, fenced code."""

from __future__ import annotations

import re
from typing import Any

from pipelines.readers.marks import NUMBERED

#: The tags of minimal HTML, an item's with the mark of its number; `<br>` is a line's
#: end and no more.
_TAG = re.compile(rf"<(/?(?:p|pre|ul|ol|li|h[1-6]))>(?:\s*{NUMBERED})?")
#: What minimal HTML escapes; the ampersand comes last.
_ESCAPES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&"))


def from_html(minimal: str) -> str:
    """Markdown of what resiliparse calls minimal HTML."""
    blocks: list[str] = []
    #: Open lists: the last number of an ordered one, None for bullets.
    lists: list[int | None] = []
    prefix, after_item = "", False
    pieces: list[Any] = ["", None, *_TAG.split(minimal.replace("<br>", "\n"))]
    for tag, number, text in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
        prefix = _prefix(tag, number, prefix, lists)
        if not text or text.isspace():
            continue
        if tag == "pre":
            code = text.strip("\n").rstrip()
            blocks.append(f"\n\n```\n{code}\n```")
            after_item = False
            continue
        # Where it is not code, a line's end is the end of a block or a <br>.
        lines = text.strip().split("\n")
        body = "\n".join([" ".join(words) for line in lines if (words := line.split())])
        in_item = bool(prefix and lists)
        blocks += ("\n" if in_item and after_item else "\n\n", prefix, body)
        after_item = in_item
        # What follows in the same item is its continuation.
        prefix = "  " * len(lists)
    markdown = "".join(blocks)
    for escaped, character in _ESCAPES:
        markdown = markdown.replace(escaped, character)
    return markdown.strip()


def _prefix(tag: str, number: str | None, prefix: str, lists: list[int | None]) -> str:
    """What stands before the text after this tag; `lists` changes with it."""
    if tag == "li":
        return _bullet(number, lists)
    if tag in ("ul", "ol"):
        lists.append(0 if tag == "ol" else None)
    elif tag in ("/ul", "/ol"):
        if lists:
            lists.pop()
    elif tag.startswith("h"):
        return "#" * int(tag[1]) + " "
    elif tag.startswith(("/h", "/li")):
        return ""
    return prefix


def _bullet(number: str | None, lists: list[int | None]) -> str:
    indent = "  " * (len(lists) - 1)
    last = lists[-1] if lists else None
    if last is None:
        return f"{indent}- "
    lists[-1] = last + 1 if number is None else int(number)
    return f"{indent}{lists[-1]}. "
