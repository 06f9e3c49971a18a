"""What a Sphinx page says, from its reStructuredText source: the truth for text extraction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

#: Words of a paragraph that is worth counting, and of a block that can be placed.
MIN_WORDS = 8
#: The share of a text's word trigrams that must be found for it to count as there.
FOUND = 0.8

_IMAGE = re.compile(r"^\s*\.\. (?:image|figure|image-sg)::\s+(\S+)", re.M)
_ADORNMENT = re.compile(r"^([=\-`:'\"~^_*+#<>.])\1{2,}\s*$")
_MARKUP = (
    (re.compile(r":[\w:+-]+:`([^`<]*?)\s*<[^`>]*>`"), r"\1"),  # :ref:`text <target>`
    (re.compile(r":[\w:+-]+:`~?([^`]*)`"), r"\1"),
    (re.compile(r"`([^`<]*?)\s*<[^`>]*>`_{1,2}"), r"\1"),
    (re.compile(r"[`*|]"), " "),
    (re.compile(r"\[\w+\]_"), " "),
    (re.compile(r"\\ "), ""),
)
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Source:
    """A page's source."""

    #: Each as its words.
    paragraphs: list[list[str]]
    #: Trigrams of all its words, titles, lists, code and captions among them.
    trigrams: set[tuple[str, ...]]
    #: File names of its images in order.
    images: list[str]


def words(text: str) -> list[str]:
    """Lower-case words; digits and signs are left out, as formulas differ in writing."""
    return _WORD.findall(text.lower())


def trigrams(tokens: list[str]) -> list[tuple[str, ...]]:
    """Runs of three words; a shorter text is one run."""
    if len(tokens) < 3:
        return [tuple(tokens)] if tokens else []
    return list(zip(tokens, tokens[1:], tokens[2:], strict=False))


def found_in(tokens: list[str], there: set[tuple[str, ...]]) -> bool:
    """Whether a text stands in another, given as trigrams."""
    runs = trigrams(tokens)
    return bool(runs) and sum(run in there for run in runs) / len(runs) >= FOUND


def read_source(rst: str) -> Source:
    """Read a page's source; what is not plain text (directives, comments) is no paragraph."""
    images = [m[1].rsplit("/", 1)[-1] for m in _IMAGE.finditer(rst)]
    paragraphs = [p for p in map(words, _paragraphs(rst)) if len(p) >= MIN_WORDS]
    return Source(paragraphs, set(trigrams(words(_plain(rst)))), images)


def _plain(text: str) -> str:
    for pattern, replacement in _MARKUP:
        text = pattern.sub(replacement, text)
    return text


def _paragraphs(rst: str) -> Iterator[str]:
    """Blocks at the left margin, or of a list there, that are running text."""
    literal = False
    for block in re.split(r"\n\s*\n", rst):
        lines = block.strip("\n").split("\n")
        indented = lines[0].startswith(" ")
        if indented and literal:
            continue
        literal = lines[-1].rstrip().endswith("::")
        first = lines[0].lstrip()
        if first.startswith((".. ", ":", "|", ">>>", "+-", "==")) or indented:
            literal = literal or first.startswith(".. ")
            continue
        if any(_ADORNMENT.match(line) for line in lines):
            continue
        # A formula or a reference by label prints something else than its source.
        text = re.sub(r":(?:math|ref|eq|numref|doc):`[^`<]*`", " ", block)
        yield _plain(text)
