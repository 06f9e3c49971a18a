"""Marks: private-use characters that stand in a page while the extractor works.

They come out in the extracted text where images, tables and formulas stood, and
before list items, with their number. A page's own private-use characters (icons,
mostly) are removed before.
"""

from __future__ import annotations

import re

IMAGE, TABLE, DISPLAY, INLINE = "\ue000", "\ue001", "\ue002", "\ue003"
_END = "\ue004"
#: The number of a list item is the index of its mark.
NUMBER = "\ue005"

_PRIVATE = re.compile("[\ue000-\uf8ff]")
#: A numeric character reference, decimal or hexadecimal.
_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")
#: A pattern to build others with.
NUMBERED = f"{NUMBER}(-?\\d+){_END}"
IMAGES = re.compile(f"{IMAGE}(\\d+){_END}")
TABLES = re.compile(f"{TABLE}(\\d+){_END}")
FORMULAS = re.compile(f"[{INLINE}{DISPLAY}](\\d+){_END}")
#: What stands on lines of its own: runs of it, and one, as (kind, index).
BLOCKS = re.compile(f"((?:[{TABLE}{DISPLAY}]\\d+{_END}\\s*)+)")
BLOCK = re.compile(f"([{TABLE}{DISPLAY}])(\\d+){_END}")


def mark(kind: str, index: int) -> str:
    """The mark of the image, table or formula with this index."""
    return f"{kind}{index}{_END}"


def without_private_use(page: str) -> str:
    """The page without private-use characters, written out or as references."""
    page = _PRIVATE.sub("", page)
    return _REFERENCE.sub(_unless_private, page) if "&#" in page else page


def _unless_private(reference: re.Match[str]) -> str:
    digits = reference[1] or reference[2]
    # Longer ones are no characters, and slow to read.
    code = int(digits, 16 if reference[1] else 10) if len(digits) < 9 else 0
    return "" if 0xE000 <= code <= 0xF8FF else reference[0]
