"""Small pieces that several kinds of documents are put together from."""

from __future__ import annotations

import numpy as np

from renderers.document import Cell, Stamp, Table, runs
from synth.invented import person


def head(text: str, **fields: object) -> Cell:
    """A head cell, centred."""
    return Cell(runs(text), header=True, align="center", **fields)  # type: ignore[arg-type]


def cell(text: str = "", align: str = "left", **fields: object) -> Cell:
    """A cell."""
    return Cell(runs(text), align=align, **fields)  # type: ignore[arg-type]


def number(text: str, **fields: object) -> Cell:
    """A cell of a number, at the right."""
    return cell(text, "right", **fields)


def approval(random: np.random.Generator, *, signed: int) -> Table:
    """The box at the head of Korean office papers in which superiors sign; `signed` have."""
    ranks = ("담당", "팀장", "부장", "대표")[: int(random.integers(3, 5))]
    names = [person(random, "ko") if k < signed else "" for k in range(len(ranks))]
    top = (head("결\n재", rowspan=2), *(head(rank) for rank in ranks))
    below = tuple(cell(name + "\n" if name else "\n", "center") for name in names)
    return Table((top, below), look="boxed", widths=(1.0, *(2.2 for _ in ranks)))


def seal(name: str) -> Stamp:
    """A person's or company's seal: round with the name, or square with its letters in two rows."""
    letters = "".join(c for c in name if "가" <= c <= "힣")
    if len(letters) <= 4:
        half = (len(letters) + 1) // 2
        return Stamp(runs(f"{letters[:half]}\n{letters[half:]}"), "round")
    first = letters[:4]
    return Stamp(runs(f"{first[:2]}\n{first[2:]}\n직인"), "square")


def paged(lang: str) -> str:
    """How page numbers are printed."""
    return "- {page} -" if lang == "ko" else "Page {page} of {pages}"
