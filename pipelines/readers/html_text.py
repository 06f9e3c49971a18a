"""What the extractor would lose of a page's text: raised and lowered signs, list numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable

from resiliparse.parse.html import DocumentNode, ElementNode

from pipelines.readers.marks import NUMBER, mark

#: Signs that Unicode has raised or lowered; some are raised by themselves.
_RAISED = dict(zip("0123456789+-\u2212=()ni™®℠*", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ™®℠*", strict=True))
_LOWERED = dict(zip("0123456789+-\u2212=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎", strict=True))
#: Characters; what is longer is an element that the page forgot to close.
_MAX_SCRIPT = 50
_INTEGER = re.compile(r"\s*([+-]?[0-9]{1,9})")


def write_scripts(document: DocumentNode, scripts: Iterable[ElementNode]) -> None:
    """Write <sup> and <sub> out: 10⁶, x^{k+1}, a_{k}.

    One that holds a link is a footnote's sign, and stays the text that it is.
    """
    for element in reversed(list(scripts)):
        text = " ".join((element.text or "").split())
        if len(text) > _MAX_SCRIPT or element.query_selector("a, img") is not None:
            continue
        signs, sign = (_RAISED, "^") if element.tag == "sup" else (_LOWERED, "_")
        if all(character in signs for character in text):
            text = "".join(signs[character] for character in text)
        else:
            text = f"{sign}{{{text}}}"
        element.replace_with(document.create_text_node(text))


def number_items(document: DocumentNode, numbered: Iterable[ElementNode]) -> None:
    """Mark the items of lists that count otherwise than from 1, each with its number.

    `numbered` are <ol> with such an attribute, and <li> with a value.
    """
    lists = [element.parent if element.tag == "li" else element for element in numbered]
    for element in dict.fromkeys(lists):
        if not isinstance(element, ElementNode) or element.tag != "ol":
            continue
        items = [child for child in element.children.values() if child.tag == "li"]
        step = -1 if element.hasattr("reversed") else 1
        number = _integer(element, "start", 1 if step > 0 else len(items))
        for item in items:
            number = _integer(item, "value", number)
            item.prepend(document.create_text_node(mark(NUMBER, number)))
            number += step


def _integer(element: ElementNode, name: str, default: int) -> int:
    found = _INTEGER.match(element.getattr(name) or "")
    return int(found[1]) if found else default
