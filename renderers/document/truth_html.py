r"""A document as clean, semantic HTML: what a parser of its picture should say.

No classes but four that have no element of their own: `math` (TeX as \(…\) or
\[…\]), `stamp`, `signature`, `footnotes`. Blocks beside each other stand one
after another, from left to right.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

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


def to_html(document: Document) -> str:
    """The document, a block a line; its running head and foot as <header> and <footer>."""
    lines = [f"<header>{_words(document.header)}</header>"] if document.header else []
    lines += _blocks(document.blocks)
    if document.footnotes:
        notes = [f"<p><sup>{number}</sup> {inline(n)}</p>" for number, n in document.footnotes]
        lines += ['<section class="footnotes">', *notes, "</section>"]
    foot = [_words(text) for text in (document.footer, document.numbers) if text]
    lines += [f"<footer>{'<br>'.join(foot)}</footer>"] if foot else []
    return "\n".join(lines) + "\n"


def inline(content: Runs) -> str:
    """Runs as HTML."""
    return "".join(map(_run, content))


def table_html(table: Table) -> str:
    """A table with its caption, its unit after it."""
    lines = ["<table>"]
    if table.caption or table.unit:
        above = [inline(table.caption)] if table.caption else []
        above += [_words(table.unit)] if table.unit else []
        lines.append(f"<caption>{'<br>'.join(above)}</caption>")
    for name, rows in (("thead", table.rows[: table.head]), ("tbody", table.rows[table.head :])):
        if rows:
            lines += [f"<{name}>", *map(_row, rows), f"</{name}>"]
    return "\n".join([*lines, "</table>"])


def _blocks(blocks: Iterable[Block]) -> list[str]:
    lines: list[str] = []
    for entry in group(flat(blocks)):
        if isinstance(entry, list):
            lines += _list(entry)
        else:
            lines.append(_block(entry))
    return lines


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{inline(block.runs)}</h{block.level}>"
    if isinstance(block, Paragraph):
        return f"<p>{inline(block.runs)}</p>"
    if isinstance(block, Table):
        return table_html(block)
    if isinstance(block, Figure):
        caption = f"<figcaption>{inline(block.caption)}</figcaption>" if block.caption else ""
        return f'<figure><img alt="{escape(block.alt)}">{caption}</figure>'
    if isinstance(block, Code):
        language = f' class="language-{escape(block.language)}"' if block.language else ""
        # A parser drops the first line end inside <pre>.
        return f"<pre><code{language}>{_words(block.text)}</code></pre>"
    if isinstance(block, Equation):
        number = f" {_words(block.number)}" if block.number else ""
        return f'<p><span class="math">\\[{_words(block.tex)}\\]</span>{number}</p>'
    if isinstance(block, Quote):
        return f"<blockquote><p>{inline(block.runs)}</p></blockquote>"
    if isinstance(block, KeyValue):
        pairs = [f"<dt>{inline(n)}</dt><dd>{inline(v)}</dd>" for n, v in block.pairs]
        return f"<dl>{''.join(pairs)}</dl>"
    if isinstance(block, Stamp):
        return f'<p class="stamp">{inline(block.runs)}</p>'
    assert isinstance(block, Signature)
    words = " ".join(filter(None, (block.label, block.name, block.mark)))
    signed = f'<p class="signature">{_words(words)}</p>'
    return signed + ("\n" + _block(block.stamp) if block.stamp else "")


def _list(branches: list[Branch]) -> list[str]:
    first = branches[0].item
    # HTML has no numbers but 1., so others are text, and are not numbered again.
    native = first.number is not None and first.numbering == "decimal"
    start = f' start="{first.number}"' if native and first.number != 1 else ""
    name = "ul" if first.number is None else "ol"
    hidden = "" if native or name == "ul" else ' style="list-style: none"'
    lines = [f"<{name}{start}{hidden}>"]
    for branch in branches:
        marker = "" if native or name == "ul" else _words(branch.item.marker) + " "
        inner = _blocks_of(branch)
        text = f"<li>{marker}{inline(branch.item.runs)}"
        lines += [text, *inner, "</li>"] if inner else [f"{text}</li>"]
    return [*lines, f"</{name}>"]


def _blocks_of(branch: Branch) -> list[str]:
    lines: list[str] = []
    for entry in branch.inner:
        lines += _list(entry) if isinstance(entry, list) else [_block(entry)]
    return lines


def _row(row: Iterable) -> str:
    cells = []
    for cell in row:
        name = "th" if cell.header else "td"
        spans = f' rowspan="{cell.rowspan}"' if cell.rowspan > 1 else ""
        spans += f' colspan="{cell.colspan}"' if cell.colspan > 1 else ""
        cells.append(f"<{name}{spans}>{inline(cell.runs)}</{name}>")
    return f"<tr>{''.join(cells)}</tr>"


def _run(run: Run) -> str:
    if isinstance(run, Break):
        return "<br>"
    if isinstance(run, Math):
        return f'<span class="math">\\({_words(run.tex)}\\)</span>'
    if isinstance(run, Mark):
        return f"<sup>{run.number}</sup>"
    assert isinstance(run, Text)
    words = _words(run.text)
    for wanted, name in ((run.code, "code"), (run.italic, "em"), (run.bold, "strong")):
        words = f"<{name}>{words}</{name}>" if wanted else words
    return words


def _words(text: str) -> str:
    return escape(text, quote=False)
