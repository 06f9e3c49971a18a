"""A page of a document as the HTML that the browser draws."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from unicodedata import east_asian_width

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from renderers.document.model import (
    Block,
    Break,
    Document,
    KeyValue,
    Mark,
    Math,
    Picture,
    Runs,
    Table,
    Text,
    plain,
)
from renderers.document.theme import LAST, Theme

#: Ems of a character that is as wide as it is high, and of the others on average.
_WIDE, _NARROW = 1.0, 0.58
#: Ems of one column beyond which more text makes it no wider.
_WIDEST = 26.0
#: Ems of a cell's padding and rules, both sides; how much wider bold print is.
_PADDING, _BOLD = 1.5, 1.08
#: Share of a page's height that a figure has at most.
_FIGURE_SHARE = 0.45
#: Ems of the print of tables, and of those whose columns are many.
_TABLE_SIZE, _LEAST_SIZE = 0.94, 0.7
#: How much wider than its text a table of short cells is; beyond this share it is whole;
#: and the least share, so that few narrow columns look like a table.
_AIR, _NEARLY_ALL, _LEAST_WIDTH = 1.3, 0.8, 0.5


@dataclass(frozen=True)
class Sheet:
    """What stands on one page."""

    spanning: Sequence[Block]
    columns: Sequence[Sequence[Block]]
    footnotes: Sequence[tuple[int, Runs]] = ()
    header: str = ""
    footer: str = ""
    numbers: str = ""


def page_html(document: Document, theme: Theme, sheet: Sheet, *, measuring: bool = False) -> str:
    """The page; where it is for measuring, every block is in a `text` block of its own."""
    template = _environment().get_template("page.html.j2")
    return template.render(
        document=document, theme=theme, sheet=sheet, measuring=measuring, styles=_styles(),
        variables=_variables(theme),
    )  # fmt: skip


def _inline(content: Runs) -> Markup:
    return Markup("").join(map(_run, content))


def _run(run: object) -> Markup:
    if isinstance(run, Break):
        return Markup("<br>")
    if isinstance(run, Math):
        return Markup('<span data-tex="{}"></span>').format(run.tex)
    if isinstance(run, Mark):
        return Markup("<sup>{}</sup>").format(run.number)
    assert isinstance(run, Text)
    said = escape(run.text)
    for wanted, name in ((run.code, "code"), (run.italic, "i"), (run.bold, "b")):
        if wanted:
            said = Markup(f"<{name}>{{}}</{name}>").format(said)
    return said


def _shares(table: Table, theme: Theme) -> list[float]:
    """Percentages of the columns: what cannot break has room first, the rest goes by length."""
    if table.widths:
        return [100 * w / sum(table.widths) for w in table.widths]
    natural, least = _column_ems(table)
    free = theme.measure * _table_width(table, theme) / 100 / theme.size - sum(least)
    more = [max(n - m, 0.3) for n, m in zip(natural, least, strict=True)]
    widths = [m + max(free, 0.0) * x / sum(more) for m, x in zip(least, more, strict=True)]
    return [100 * w / sum(widths) for w in widths]


def _table_width(table: Table, theme: Theme) -> float:
    """Percent of the column's width."""
    if table.widths or table.look != "data":
        return 100.0
    share = sum(_column_ems(table)[0]) * _AIR * theme.size / theme.measure
    return 100.0 if share > _NEARLY_ALL else 100 * max(share, _LEAST_WIDTH)


def _print_size(table: Table, theme: Theme) -> float:
    """Ems of a table's print: smaller where its longest words would not fit."""
    free = theme.measure * _table_width(table, theme) / 100 / theme.size
    if table.widths:
        return _TABLE_SIZE
    return max(
        _LEAST_SIZE, _TABLE_SIZE * min(1.0, free / (sum(_column_ems(table)[1]) * _TABLE_SIZE))
    )


def _column_ems(table: Table) -> tuple[list[float], list[float]]:
    """Ems of each column's longest line, up to a bound, and of its longest word."""
    natural, least = [3.0] * table.columns, [3.0] * table.columns
    for _, column, cell in table.placed:
        if cell.colspan == 1:
            text = plain(cell.runs)
            bold = _BOLD if cell.header else 1.0
            longest = max(map(_ems, text.split("\n"))) * bold
            word = max(map(_ems, text.split()), default=0.0) * bold
            natural[column] = max(natural[column], min(longest, _WIDEST) + _PADDING)
            least[column] = max(least[column], min(word, _WIDEST) + _PADDING)
    return natural, least


def _name_width(block: KeyValue) -> float:
    """Ems of the longest name."""
    return max(_ems(line) for name, _ in block.pairs for line in plain(name).split("\n")) + 1.2


def _ems(text: str) -> float:
    return sum(_WIDE if east_asian_width(c) in "WF" else _NARROW for c in text)


def _figure_size(picture: Picture, theme: Theme) -> tuple[float, float]:
    """CSS pixels: as large as the picture is, or as its column and its share of the page allow."""
    highest = _FIGURE_SHARE * theme.room if theme.room else picture.height
    scale = min(1.0, theme.measure / picture.width, highest / picture.height)
    return round(picture.width * scale, 2), round(picture.height * scale, 2)


def _source(picture: Picture) -> str:
    return f"data:image/{picture.format};base64,{base64.b64encode(picture.data).decode()}"


def _variables(theme: Theme) -> str:
    paper, palette = theme.paper, theme.palette
    top, right, bottom, left = paper.margin
    variables = {
        "ink": palette.ink, "faint": palette.faint, "paper": palette.paper,
        "accent": palette.accent, "tint": palette.tint, "rule": palette.rule,
        "body": _stack(theme.body), "heading": _stack(theme.heading), "mono": _stack(theme.mono),
        "written": _stack(theme.written),
        "size": f"{theme.size}px", "leading": f"{theme.leading}px",
        "top": f"{top}px", "right": f"{right}px", "bottom": f"{bottom}px", "left": f"{left}px",
        "gutter": f"{theme.gutter}px", "measure": f"{theme.measure}px",
    }  # fmt: skip
    return "; ".join(f"--{name}: {value}" for name, value in variables.items())


def _stack(family: str) -> str:
    return f"'{family}', '{LAST}'"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("renderers.document"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "inline": _inline, "kind": lambda block: type(block).__name__,
        "name_width": _name_width, "source": _source,
    }  # fmt: skip
    environment.globals |= {
        "table_width": _table_width,
        "shares": _shares,
        "print_size": _print_size,
        "figure_size": _figure_size,
    }
    return environment


@cache
def _styles() -> Markup:
    folder = resources.files("renderers.document").joinpath("templates")
    names = ("base.css", "tables.css", "kinds.css")
    return Markup("\n".join(folder.joinpath(name).read_text("utf-8") for name in names))
