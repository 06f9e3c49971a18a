"""Tables to draw charts of: columns with types and units, rows of plain values.

A type is a column's only if all its values are of it. So identifiers stay
texts: "01234" has a digit too many for a number, "1E5" (programs write 1e+05)
may be a code.

    integer    5, -12; of 18 digits at most
    number     5, 1.25, 1e-07; with thousands separators, where the whole column has them
    boolean    true, false
    date       2024-01-31, 2024/01/31, 2024.01.31; given as ISO 8601
    datetime   2024-01-31T09:30:00Z, or with slashes, a blank for the T, no seconds, no zone
    string     all else
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import msgspec

from pipelines.readers.drafts import BadInput, LeftOut
from pipelines.readers.units import split_unit

#: Rows of a table that its text shows.
_SHOWN = 50
#: What files write for a value that is not there.
_NULLS = frozenset(("", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL"))

_INTEGER = re.compile(r"[+-]?(?:0|[1-9]\d{0,17})")
_DECIMAL = re.compile(r"[+-]?(?:(?:0|[1-9]\d{0,17})(?:\.\d*)?|\.\d+)(?:[eE][+-]\d+)?")
_GROUPED = re.compile(r"[+-]?(?:0|[1-9]\d{0,2})(?:,\d{3})*(?:\.\d*)?")
_COMMA = re.compile(r"[+-]?(?:0|[1-9]\d*)(?:,\d+)?")
_BOOLEAN = re.compile(r"true|false|True|False|TRUE|FALSE")
_DATE = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})")
_DATETIME = re.compile(
    r"\d{4}([-/])\d\d\1\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?"
)
_CODE = re.compile(r"[A-Z]{2}")


class Column(msgspec.Struct, frozen=True):
    """A column of a table."""

    name: str
    #: integer, number, boolean, date, datetime or string.
    type: str
    unit: str | None = None


@dataclass(frozen=True)
class Table:
    """The first rows of a table, and how many it has."""

    columns: tuple[Column, ...]
    #: Values by row: int, float, bool, str or None; dates as ISO 8601.
    rows: list[list[Any]]
    total_rows: int

    def with_units(self) -> Table:
        """The units that its columns' names state go from the names into `unit`."""
        return replace(self, columns=tuple(_with_unit(c) for c in self.columns))

    def target(self) -> str:
        """{"columns": [{"name", "type", "unit"}], "rows": [[…]], "total_rows": n} as JSON."""
        columns, rows = self.columns, self.rows
        fields = {"columns": columns, "rows": rows, "total_rows": self.total_rows}
        return msgspec.json.encode(fields).decode()

    def markdown(self) -> str:
        """The first rows as a Markdown table, and how many more there are."""
        names = [c.name + (f" ({c.unit})" if c.unit else "") for c in self.columns]
        lines = [_line([_cell(name) for name in names]), "|" + " --- |" * len(names)]
        lines += [_line([_cell(v) for v in row]) for row in self.rows[:_SHOWN]]
        more = self.total_rows - min(len(self.rows), _SHOWN)
        return "\n".join(lines) + (f"\n\n… {more} more rows" if more else "")


def table_of(
    names: Sequence[str], columns: Sequence[Sequence[Any]], total_rows: int
) -> tuple[Table, list[LeftOut]]:
    """A table of columns whose values have types, but for texts that may be dates.

    Columns without a name that count the rows, or are empty, are left out.
    Raises BadInput `not_a_table` where no two columns remain, `no_rows`.
    """
    return _assemble(names, [_typed(values) for values in columns], total_rows)


def table_of_text(
    names: Sequence[str],
    columns: Sequence[Sequence[str | None]],
    total_rows: int,
    decimal_comma: bool = False,
) -> tuple[Table, list[LeftOut]]:
    """The same of columns of texts, as in CSV. None is a missing value, "NA" may be one.

    `decimal_comma` says that 1,5 may be a number: where commas are not what
    parts the fields. Raises BadInput also where the names look like a row.
    """
    typed = [parse(values, decimal_comma) for values in columns]
    if _is_row(names, typed):
        raise BadInput("no_header", f"the first row looks like data: {', '.join(names)}"[:200])
    return _assemble(names, typed, total_rows)


def parse(values: Sequence[str | None], decimal_comma: bool = False) -> tuple[str, list[Any]]:
    """The type of a column of texts, and its values."""
    texts = [None if v is None else v.strip() for v in values]
    present = [t for t in texts if t is not None and t not in _NULLS]
    name, convert = _parser(present, decimal_comma)
    try:
        if convert is not None:
            return name, [None if t is None or t in _NULLS else convert(t) for t in texts]
    except ValueError:  # such as the 30th of February
        pass
    # Among codes of two letters, NA is one: Namibia, North America.
    codes = bool(present) and all(_CODE.fullmatch(t) for t in present)
    nulls = _NULLS - {"NA"} if codes else _NULLS
    return "string", [None if t in nulls else t for t in texts]


def _parser(texts: list[str], decimal_comma: bool) -> tuple[str, Callable[[str], Any] | None]:
    """The type that all the texts are of, and what converts one; None for strings."""
    for name, fits, convert in _PARSERS if texts else ():
        if fits(texts):
            return name, convert
    if texts and decimal_comma and _are_comma_decimals(texts):
        return "number", _from_comma
    return "string", None


def _all(pattern: re.Pattern[str]) -> Callable[[list[str]], bool]:
    return lambda texts: all(pattern.fullmatch(t) for t in texts)


def _are_grouped(texts: list[str]) -> bool:
    return any("," in t for t in texts) and all(_GROUPED.fullmatch(t) for t in texts)


def _are_comma_decimals(texts: list[str]) -> bool:
    """Where all groups have three digits, commas may part thousands as well: not known."""
    ends = [t.rpartition(",")[2] for t in texts if "," in t]
    return all(_COMMA.fullmatch(t) for t in texts) and any(len(e) != 3 for e in ends)


def _from_comma(text: str) -> float:
    return float(text.replace(",", "."))


def _from_groups(text: str) -> int | float:
    plain = text.replace(",", "")
    return float(plain) if "." in plain else int(plain)


def _to_date(text: str) -> str:
    match = _DATE.fullmatch(text)
    assert match is not None
    return datetime.date(int(match[1]), int(match[3]), int(match[4])).isoformat()


def _to_datetime(text: str) -> str:
    return datetime.datetime.fromisoformat(text.replace("/", "-")).isoformat()


_PARSERS: tuple[tuple[str, Callable[[list[str]], bool], Callable[[str], Any]], ...] = (
    ("integer", _all(_INTEGER), int),
    ("number", _all(_DECIMAL), float),
    ("number", _are_grouped, _from_groups),
    ("boolean", _all(_BOOLEAN), lambda t: t.lower() == "true"),
    ("date", _all(_DATE), _to_date),
    ("datetime", _all(_DATETIME), _to_datetime),
)


def _typed(values: Sequence[Any]) -> tuple[str, list[Any]]:
    present = [v for v in values if v is not None]
    kinds = {type(v) for v in present}
    if kinds == {str}:
        name, parsed = parse(values)
        # A number in quotes was written as a text on purpose.
        return (name, parsed) if name in ("date", "datetime") else ("string", list(values))
    if kinds == {bool}:
        return "boolean", list(values)
    if kinds == {int}:
        return "integer", list(values)
    if kinds <= {int, float} and kinds:
        numbers = [v if v is not None and math.isfinite(v) else None for v in values]
        return "number", numbers
    return "string", [v if v is None or isinstance(v, str) else _plain(v) for v in values]


def _plain(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _is_row(names: Sequence[str], columns: Sequence[tuple[str, list[Any]]]) -> bool:
    """Whether the names are values of their columns, and not years or numbers that count."""
    if not any(name.strip() for name in names):
        return True
    named = [(n, t) for n, (t, _) in zip(names, columns, strict=True) if t != "string" and n]
    if not named or any(_family(parse([n])[0]) != _family(t) for n, t in named):
        return False
    counting = [int(n) for n, _ in named if _INTEGER.fullmatch(n)]
    if len(counting) < len(named):
        return True
    years = all(1000 <= n < 3000 for n in counting) and len(set(counting)) == len(counting)
    steps = {b - a for a, b in pairwise(counting)}
    return not (years or (len(counting) > 1 and steps == {1}))


def _family(kind: str) -> str:
    return "number" if kind == "integer" else kind


def _assemble(
    names: Sequence[str], columns: Sequence[tuple[str, list[Any]]], total_rows: int
) -> tuple[Table, list[LeftOut]]:
    left_out: list[LeftOut] = []
    kept: list[tuple[Column, list[Any]]] = []
    for name, (kind, values) in zip(names, columns, strict=True):
        reason = None if name.strip() else _useless(values)
        if reason is None:
            kept.append((Column(name.strip(), kind), values))
        else:
            left_out.append(LeftOut("columns", reason))
    if len(kept) < 2:
        raise BadInput("not_a_table", f"columns: {', '.join(c.name for c, _ in kept)}"[:200])
    if not total_rows:
        raise BadInput("no_rows", ", ".join(c.name for c, _ in kept)[:200])
    rows = [list(row) for row in zip(*(values for _, values in kept), strict=True)]
    return Table(tuple(c for c, _ in kept), rows, total_rows), left_out


def _useless(values: list[Any]) -> str | None:
    """Why a column without a name is left out, if it is."""
    if all(v is None for v in values):
        return "empty"
    # Programs write the numbers of rows so: R from 1, pandas from 0.
    counts = any(values == list(range(k, k + len(values))) for k in (0, 1))
    return "row_numbers" if counts else None


def _with_unit(column: Column) -> Column:
    if column.unit is not None or column.type not in ("integer", "number"):
        return column
    name, unit = split_unit(column.name)
    return Column(name, column.type, unit)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else _plain(value)
    return " ".join(text.split()).replace("|", "\\|")
