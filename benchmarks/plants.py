"""Documents with planted near-duplicates, and documents that only look alike.

Windows of 200 words of real English and Korean pages, no two of which share
much, and for one in three a copy:

    replaced-K    K of its words are others
    truncated     its last third is missing
    wrapped       a menu and a licence stand around it
    particles     one Korean particle in six is another (은/는, 이/가, 을/를 …)

Not duplicates, and to be left alone: different documents inside the same menu
and licence (`framed`), and different captions of two to four words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.real_pages import read_site, real_pages
from records import generator
from tests.pipelines.readers.packages import debian

SITE = Path(__file__).parent.parent / "samples" / "scikit-learn"
WORDS = 200
#: A window that has more of its runs of five words in common with earlier ones is not used.
MAX_SHARED = 0.2
REPLACED = (2, 4, 8, 20)
MENU = (
    "Home News Products Downloads Documentation Support Community About us Contact Search this "
    "site Sign in Register Your cart Language Skip to main content You are here Home Articles"
)
LICENCE = (
    "All rights reserved. No part of this page may be reproduced without the written permission of "
    "the publisher. Terms of use Privacy policy Cookies Accessibility Careers Press Sitemap"
)
#: Other particles of the same place in a sentence.
PARTICLES = {
    "은": "이", "는": "가", "이": "은", "가": "는", "을": "도", "를": "도", "에": "에서",
    "에서": "에", "의": "에", "와": "랑", "과": "이랑", "로": "로도",
}  # fmt: skip
CAPTIONS = tuple(
    f"{size} {thing}"
    for size in ("a red", "the old", "two small", "my new", "a broken", "one green")
    for thing in ("car", "house", "bird", "chair", "map", "bottle", "train", "lamp", "boat", "cup")
)


@dataclass(frozen=True)
class Document:
    """One document; `copy_of` names the one that it is planted as a copy of."""

    id: str
    text: str
    copy_of: str | None = None
    kind: str = "base"


def planted(count: int) -> list[Document]:
    """About `count` documents, in an order that tells nothing; the same on every machine."""
    base = [Document(f"b{i}", text) for i, text in enumerate(_windows(count * 3 // 4))]
    made: list[Document] = []
    for place, document in enumerate(base):
        if place % 3 == 0:
            made.append(_copy(document, place))
        elif place % 3 == 1 and place % 4 == 1:
            base[place] = Document(
                document.id, f"{MENU}\n{document.text}\n{LICENCE}", kind="framed"
            )
    captions = [Document(f"c{i}", text, kind="caption") for i, text in enumerate(CAPTIONS)]
    everything = [*base, *made, *captions]
    order = generator(0, "plants").permutation(len(everything))
    return [everything[i] for i in order]


def _copy(document: Document, place: int) -> Document:
    random = generator(0, "copy", document.id)
    words = re.split(r"(\s+)", document.text)
    kind = [*(f"replaced-{k}" for k in REPLACED), "truncated", "wrapped"][place // 3 % 6]
    if re.search("[가-힣]", document.text) and place // 3 % 3 != 2:
        kind = "particles"
        words = [_other_particle(word, random) for word in words]
    elif kind.startswith("replaced"):
        places = [i for i, word in enumerate(words) if word.strip()]
        for i in random.choice(places, int(kind.split("-")[1]), replace=False):
            words[i] = words[int(random.choice(places))][::-1] or "x"
    elif kind == "truncated":
        words = words[: len(words) * 2 // 3]
    text = "".join(words)
    if kind == "wrapped":
        text = _wrapped(text)
    return Document(f"p-{document.id}", text, document.id, kind)


def _wrapped(text: str) -> str:
    return f"{MENU}\n{text}\n{LICENCE}"


def _other_particle(word: str, random: np.random.Generator) -> str:
    for length in (2, 1):
        other = PARTICLES.get(word[-length:])
        if other and len(word) > length and re.match("[가-힣]", word):
            return word[:-length] + other if random.random() < 1 / 3 else word
    return word


def _windows(count: int) -> Iterator[str]:
    seen: set[tuple[str, ...]] = set()
    given = 0
    for text in _texts():
        words = re.split(r"(\s+)", text.strip())
        for start in range(0, len(words) - 2 * WORDS, 2 * WORDS):
            window = "".join(words[start : start + 2 * WORDS]).strip()
            runs = _runs(window)
            if given < count and sum(run in seen for run in runs) <= MAX_SHARED * len(runs):
                seen |= runs
                given += 1
                yield window


def _texts() -> Iterator[str]:
    """Pages; Korean and English ones in turn."""
    korean = [p.text for p in real_pages() if p.claimed == "ko" and p.untranslated < 0.2]
    english = [text for root in (SITE, _python()) for _, text in read_site(root)]
    english += [p.text for p in real_pages() if p.claimed == "en"]
    for place in range(max(len(korean), len(english))):
        yield from (texts[place] for texts in (korean, english) if place < len(texts))


def _python() -> Path:
    return debian("python3.11-doc") / "usr/share/doc/python3.11/html"


def _runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + 5]) for i in range(len(words) - 4)}


def score(documents: Sequence[Document], removed: set[str]) -> dict[str, float]:
    """Recall of the planted copies, precision of what was removed, and their F1.

    A copy is found when it or what it is a copy of was removed. All else that
    was removed is wrong.
    """
    copies = [d for d in documents if d.copy_of]
    found = sum(d.id in removed or d.copy_of in removed for d in copies)
    families = {name for d in copies for name in (d.id, d.copy_of)}
    recall = found / len(copies)
    precision = len(removed & families) / max(1, len(removed))
    return {
        "recall": recall,
        "precision": precision,
        "f1": 2 * recall * precision / (recall + precision),
    }


def by_kind(documents: Sequence[Document], removed: set[str]) -> dict[str, str]:
    """For each kind of copy how many of them were found."""
    kinds = sorted({d.kind for d in documents if d.copy_of})
    of = {kind: [d for d in documents if d.copy_of and d.kind == kind] for kind in kinds}
    hit = {k: sum(d.id in removed or d.copy_of in removed for d in of[k]) for k in kinds}
    return {kind: f"{hit[kind]}/{len(of[kind])}" for kind in kinds}
