r"""A document as GitHub-flavoured Markdown, with TeX between dollar signs and footnotes.

What Markdown cannot say is HTML inside it: a table with spans, or with other
than one head row; emphasis where the signs would not be read as such (`**"가"**나`).
Numbers such as 가. or ① are text at the head of a bullet. The running head and foot
of pages are left out, as they are no part of the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from renderers.document.lists import Branch, group
from renderers.document.model import (
    Block,
    Break,
    Code,
    Document,
    Equation,
    Figure,
    Heading,
    KeyValue,
    Mark,
    Math,
    Paragraph,
    Quote,
    Run,
    Runs,
    Signature,
    Stamp,
    Table,
    Text,
    flat,
)
from renderers.document.truth_html import table_html

#: Escaped wherever they stand; a backslash before any ASCII punctuation is Markdown.
_SPECIAL = re.compile(r"([\\`*_\[\]<>&$~|])")
#: What makes a line something else than text when it begins one.
_LINE_START = re.compile(r"^(#{1,6}(?= |$)|[-+=:]|\d{1,9}(?=[.)]))")
_SPACES = re.compile(r"[ \t]+")
#: Between two lists that would be read as one.
_APART = "<!-- -->"
_MARKS = {"decimal": "{}.", "paren": "{})"}


def to_markdown(document: Document) -> str:
    """The document; a blank line between blocks."""
    blocks = _blocks(group(flat(document.blocks)))
    blocks += [f"[^{number}]: {_line(note)}" for number, note in document.footnotes]
    return "\n\n".join(filter(None, blocks)) + "\n"


def _blocks(entries: Iterable[Block | Paragraph | list[Branch]]) -> list[str]:
    found: list[str] = []
    before: object = None
    for entry in entries:
        if isinstance(entry, list):
            if isinstance(before, list) and _bullet(before[-1]) == _bullet(entry[0]):
                found.append(_APART)
            found.append(_list(entry))
        else:
            found.append(_block(entry))
        before = entry
    return found


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {_line(block.runs)}"
    if isinstance(block, Paragraph):
        return _text(block.runs)
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Figure):
        return "\n\n".join([f"![{_escape(block.alt)}]()", _text(block.caption)]).strip()
    if isinstance(block, Code):
        fence = "`" * max(3, 1 + _longest(block.text))
        return f"{fence}{block.language}\n{block.text}\n{fence}"
    if isinstance(block, Equation):
        return f"$${block.tex}$$" + (f" {_escape(block.number)}" if block.number else "")
    if isinstance(block, Quote):
        return "\n".join(f"> {line}" for line in _text(block.runs).split("\n"))
    if isinstance(block, KeyValue):
        pairs = [(*_bold(n), Text(" "), *v) for n, v in block.pairs]
        return "\\\n".join(_text(pair) for pair in pairs)
    if isinstance(block, Stamp):
        return _text(block.runs)
    assert isinstance(block, Signature)
    signed = _text((Text(" ".join(filter(None, (block.label, block.name, block.mark)))),))
    return signed + (f"\n\n{_text(block.stamp.runs)}" if block.stamp else "")


def _list(branches: list[Branch]) -> str:
    lines: list[str] = []
    for branch in branches:
        item = branch.item
        bullet = _bullet(branch).format(item.number) + " "
        own: Runs = item.runs
        if item.number is not None and item.numbering not in _MARKS:
            own = (Text(f"{item.marker} "), *own)
        body = [_text(own)]
        for piece, entry in zip(_blocks(branch.inner), _kinds(branch), strict=True):
            # A list that begins with 1 or a bullet may follow its item's text at once.
            at_once = isinstance(entry, list) and entry[0].item.number in (None, 1)
            body.append(piece if at_once else f"\n{piece}")
        text = "\n".join(body).replace("\n", "\n" + " " * len(bullet))
        lines.append(bullet + re.sub(r"(?m)^ +$", "", text))
    return "\n".join(lines)


def _kinds(branch: Branch) -> list[Paragraph | list[Branch] | None]:
    """The entries that `_blocks` wrote: with None for what keeps two lists apart."""
    kinds: list[Paragraph | list[Branch] | None] = []
    for entry in branch.inner:
        before = kinds[-1] if kinds else None
        both = isinstance(before, list) and isinstance(entry, list)
        if both and _bullet(before[-1]) == _bullet(entry[0]):  # type: ignore[index]
            kinds.append(None)
        kinds.append(entry)
    return kinds


def _bullet(branch: Branch) -> str:
    item = branch.item
    return "-" if item.number is None else _MARKS.get(item.numbering, "-")


def _table(table: Table) -> str:
    spans = any(c.rowspan > 1 or c.colspan > 1 for _, _, c in table.placed)
    barred = any(map(_has_bar, (r for _, _, c in table.placed for r in c.runs)))
    if spans or barred or table.head != 1:
        return table_html(table)
    above = [_text(table.caption)] if table.caption else []
    above += [_text((Text(table.unit),))] if table.unit else []
    lines = [f"| {' | '.join(_line(cell.runs) for cell in row)} |" for row in table.rows]
    lines.insert(1, f"| {' | '.join(_rule(table, c) for c in range(table.columns))} |")
    return "\n\n".join([*above, "\n".join(lines)])


def _has_bar(run: Run) -> bool:
    """Whether a bar cuts the cell: GFM does so unless it is escaped, and here it cannot be."""
    if isinstance(run, Math):
        return "|" in run.tex
    return isinstance(run, Text) and run.code and "|" in run.text


def _rule(table: Table, column: int) -> str:
    found = {row[column].align for row in table.rows[1:]}
    return {"right": "---:", "center": ":---:"}.get(found.pop() if len(found) == 1 else "", "---")


def _text(content: Runs) -> str:
    """Runs as lines: a break is a backslash at the line's end."""
    return _join(content, "\\\n")


def _line(content: Runs) -> str:
    """Runs on one line: a break is <br>."""
    return _join(content, "<br>")


def _join(content: Runs, end: str) -> str:
    kept = list(content)
    # A break at an end of a block ends nothing.
    while kept and _is_blank(kept[0]):
        del kept[0]
    while kept and _is_blank(kept[-1]):
        del kept[-1]
    written, start = "", True
    for index, run in enumerate(kept):
        piece = _run(run, kept[max(0, index - 1) : index], kept[index + 1 : index + 2], end)
        if start:
            piece = _LINE_START.sub(_at_start, piece.lstrip(" "))
        written += piece
        start = isinstance(run, Break) or (start and not piece)
    return written.strip(" ")


def _is_blank(run: Run) -> bool:
    return isinstance(run, Break) or (isinstance(run, Text) and not run.text.strip())


def _at_start(match: re.Match[str]) -> str:
    found = match[1]
    return f"{found}\\" if found[0].isdigit() else f"\\{found}"


def _run(run: Run, before: Sequence[Run], after: Sequence[Run], end: str) -> str:
    if isinstance(run, Break):
        return end
    if isinstance(run, Math):
        return f"${run.tex}$"
    if isinstance(run, Mark):
        return f"[^{run.number}]"
    text = _SPACES.sub(" ", run.text)
    if run.code:
        # Backticks that meet would be one fence.
        alone = not any(isinstance(r, Text) and r.code for r in (*before, *after))
        return _code(text) if alone else f"<code>{_escape(text)}</code>"
    if not (run.bold or run.italic) or not text.strip():
        return _escape(text)
    words = text.strip(" ")
    head, tail = text[: text.index(words)], text[text.index(words) + len(words) :]
    sign = ("**" if run.bold else "") + ("*" if run.italic else "")
    left, right = head or _edge(before, -1), tail or _edge(after, 0)
    if _opens(left, words[0]) and _opens(right, words[-1]):
        return f"{head}{sign}{_escape(words)}{sign[::-1]}{tail}"
    names = ["strong"] * run.bold + ["em"] * run.italic
    opening, closing = "".join(f"<{n}>" for n in names), "".join(f"</{n}>" for n in names[::-1])
    return f"{head}{opening}{_escape(words)}{closing}{tail}"


def _edge(neighbour: Sequence[Run], place: int) -> str:
    """The character of the run beside; a star where that run has signs of its own."""
    if not neighbour or isinstance(neighbour[0], Break):
        return " "
    run = neighbour[0]
    plain = isinstance(run, Text) and not (run.bold or run.italic or run.code)
    return run.text[place] if plain and run.text else "*"  # type: ignore[union-attr]


def _opens(outside: str, inside: str) -> bool:
    """Whether stars between these two are emphasis (CommonMark 6.2, "flanking")."""
    if outside == "*":
        return False
    beside = outside.isspace() or _is_punctuation(outside)
    return not inside.isspace() and (beside or not _is_punctuation(inside))


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


def _code(text: str) -> str:
    if not text.strip():
        return _escape(text)
    fence = "`" * (1 + _longest(text) if "`" in text else 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _longest(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def _bold(content: Runs) -> Runs:
    return tuple(
        Text(r.text, True, r.italic, r.code) if isinstance(r, Text) else r for r in content
    )


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
