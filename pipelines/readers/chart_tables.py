"""Tables to draw charts of: columns with types and units, rows of plain values.

A type is a column's only if all its values are of it. So identifiers stay
texts: "01234" has a digit too many for a number, "1E5" (programs write 1e+05)
may be a code.

    integer    5, -12; of 18 digits at most
    number     5, 1.25, 1e-07; with thousands separators, where the whole column has them;
               1,234 and 1.234 only where the file proves what the mark in them means;
               3.5%, $900, 500원 where the whole column has the unit
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
from functools import partial
from itertools import pairwise
from typing import Any

import msgspec

from pipelines.readers.drafts import BadInput, LeftOut
from pipelines.readers.units import split_unit

#: Rows of a table that its text shows.
_SHOWN = 50
#: What files write for a value that is not there.
_NULLS = frozenset(("", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL"))

#: What they write for it among numbers.
_DASHES = frozenset(("-", "–", "—", "n/a", "N.A.", "n.a."))
#: A number with the unit that is written with it, where it is one of a few.
_MEASURE = re.compile(
    r"(?P<sign>[+-]?)(?P<before>[$€£¥₩]?)(?P<number>\.?\d[\d.,]*(?:[eE][+-]\d+)?)"
    r"\s?(?P<after>%|‰|원|달러|엔|€|명|개|건|°C|℃)?"
)

_INTEGER = re.compile(r"[+-]?(?:0|[1-9]\d{0,17})")
#: What numbers look like by their decimal mark; the other mark parts thousands. What only
#: one of the two allows, such as 0,125 or 1.5 or 1,234,567, proves that one.
_READINGS = {
    ".": re.compile(
        r"[+-]?(?:(?:0|[1-9]\d{0,17}|[1-9]\d{0,2}(?:,\d{3})+)(?:\.\d*)?|\.\d+)(?:[eE][+-]\d+)?"
    ),
    ",": re.compile(r"[+-]?(?:0|[1-9]\d{0,17}|[1-9]\d{0,2}(?:\.\d{3})+)(?:,\d+)?"),
}
_UNGROUPED = re.compile(r"[+-]?\d{4}")
_BOOLEAN = re.compile(r"true|false|True|False|TRUE|FALSE")
_DATE = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})")
_DATETIME = re.compile(
    r"\d{4}([-/])\d\d\1\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?"
)
_DECIMAL = re.compile(r"[+-]?\d+(?:\.\d+)?")
#: So many numbers hardly ever increase by chance: one time in 120.
_SCALE = 5
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
    parts the fields. Raises BadInput also where the names look like a row, or
    like the title of the table.
    """
    cleaned = [_without_units(values) for values in columns]
    columns = [values for values, _ in cleaned]
    readings = [_decimal_marks(_present(values)) for values in columns]
    proven = {mark for marks in readings if len(marks) == 1 for mark in marks}
    mark = proven.pop() if len(proven) == 1 else None
    typed = [parse(values, mark, decimal_comma) for values in columns]
    if _is_row(names, typed) or _is_title(names, typed):
        raise BadInput("no_header", f"the first row looks like data: {', '.join(names)}"[:200])
    return _assemble(names, typed, total_rows, [unit for _, unit in cleaned])


def parse(
    values: Sequence[str | None], mark: str | None = None, decimal_comma: bool = False
) -> tuple[str, list[Any]]:
    """The type of a column of texts, and its values.

    `mark` is the decimal mark that the file proves, for a column that proves none.
    """
    texts = [None if v is None else v.strip() for v in values]
    present = _present(values)
    name, convert = _parser(present, mark, decimal_comma)
    try:
        if convert is not None:
            return name, [None if t is None or t in _NULLS else convert(t) for t in texts]
    except ValueError:  # such as the 30th of February
        pass
    # Among codes of two letters, NA is one: Namibia, North America.
    codes = bool(present) and all(_CODE.fullmatch(t) for t in present)
    nulls = _NULLS - {"NA"} if codes else _NULLS
    return "string", [None if t in nulls else t for t in texts]


def _without_units(values: Sequence[str | None]) -> tuple[Sequence[str | None], str | None]:
    """A column of numbers without the unit that each is written with, and that unit.

    So `$1,200` and `3.5%` are numbers, if all of the column are of that unit.
    Among numbers, a dash is a missing value.
    """
    texts = [None if v is None or v.strip() in _NULLS | _DASHES else v.strip() for v in values]
    found = [_MEASURE.fullmatch(t) for t in texts if t is not None]
    units = {(m["before"], m["after"]) if m else None for m in found}
    if len(units) != 1 or None in units:
        return values, None
    ((before, after),) = (u for u in units if u is not None)
    if before and after:
        return values, None
    matches = iter(found)
    numbers = [None if t is None else _number_of(next(matches)) for t in texts]
    return numbers, before or after or None


def _number_of(match: re.Match[str] | None) -> str:
    assert match is not None
    return match["sign"] + match["number"]


def _present(values: Sequence[str | None]) -> list[str]:
    """The texts that are not missing."""
    stripped = (v.strip() for v in values if v is not None)
    return [text for text in stripped if text not in _NULLS]


def _parser(
    texts: list[str], mark: str | None, decimal_comma: bool
) -> tuple[str, Callable[[str], Any] | None]:
    """The type that all the texts are of, and what converts one; None for strings."""
    for name, pattern, convert in _PARSERS if texts else ():
        if all(pattern.fullmatch(t) for t in texts):
            return name, convert
    proven = _proven_mark(texts, mark, decimal_comma)
    return ("string", None) if proven is None else ("number", partial(_to_number, mark=proven))


def _decimal_marks(texts: list[str]) -> frozenset[str]:
    """The decimal marks that all the texts may be read with."""
    return frozenset(
        mark for mark, reading in _READINGS.items() if texts and all(map(reading.fullmatch, texts))
    )


def _proven_mark(texts: list[str], mark: str | None, decimal_comma: bool) -> str | None:
    """The decimal mark of the texts, if they are numbers and it is known."""
    marks = _decimal_marks(texts)
    if len(marks) == 1:
        (mark,) = marks
    elif mark is None and not decimal_comma and not any("," in t for t in texts):
        mark = "."  # who parts fields with commas
    if mark not in marks or (mark == "," and not decimal_comma):
        return None
    grouped = any(_group(mark) in t for t in texts)
    return None if grouped and any(map(_UNGROUPED.match, texts)) else mark


def _group(mark: str) -> str:
    """What parts thousands beside a decimal mark."""
    return "," if mark == "." else "."


def _to_number(text: str, mark: str) -> int | float:
    plain = text.replace(_group(mark), "").replace(mark, ".")
    return int(plain) if _INTEGER.fullmatch(plain) else float(plain)


def _to_date(text: str) -> str:
    match = _DATE.fullmatch(text)
    assert match is not None
    return datetime.date(int(match[1]), int(match[3]), int(match[4])).isoformat()


def _to_datetime(text: str) -> str:
    return datetime.datetime.fromisoformat(text.replace("/", "-")).isoformat()


_PARSERS: tuple[tuple[str, re.Pattern[str], Callable[[str], Any]], ...] = (
    ("integer", _INTEGER, int),
    ("boolean", _BOOLEAN, lambda t: t.lower() == "true"),
    ("date", _DATE, _to_date),
    ("datetime", _DATETIME, _to_datetime),
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
    """Whether the names are values of their columns, and not numbers that name them."""
    if not any(name.strip() for name in names):
        return True
    pairs = zip(names, columns, strict=True)
    named = [(name, kind, values) for name, (kind, values) in pairs if kind != "string" and name]
    if not named or any(_family(_kind(name)) != _family(kind) for name, kind, _ in named):
        return False
    return not _are_labels([name for name, _, _ in named], [values for *_, values in named])


def _are_labels(names: Sequence[str], columns: Sequence[list[Any]]) -> bool:
    """Whether values that name columns of their kind are years, count, or are a scale.

    A scale increases, as few rows of values do by chance; where they all do, it is one of them.
    """
    if all(_INTEGER.fullmatch(n) for n in names):
        counting = [int(n) for n in names]
        years = all(1000 <= n < 3000 for n in counting) and len(set(counting)) == len(counting)
        if years or {b - a for a, b in pairwise(counting)} == {1}:
            return True
    if len(names) < _SCALE or not all(_DECIMAL.fullmatch(n) for n in names):
        return False
    rows = zip(*columns, strict=True)
    return _increases([float(n) for n in names]) and not all(map(_increases, rows))


def _increases(values: Sequence[Any]) -> bool:
    present = [v for v in values if v is not None]
    return all(a < b for a, b in pairwise(present))


def _is_title(names: Sequence[str], columns: Sequence[tuple[str, list[Any]]]) -> bool:
    """Whether columns of data have no name, as below a title; the first may hold names of rows."""
    unnamed = [v for n, (_, v) in zip(names[1:], columns[1:], strict=True) if not n.strip()]
    return any(
        2 * sum(v is not None for v in values) > len(values) and _useless(values) is None
        for values in unnamed
    )


def _kind(name: str) -> str:
    return "number" if _decimal_marks([name.strip()]) else parse([name])[0]


def _family(kind: str) -> str:
    return "number" if kind == "integer" else kind


def _assemble(
    names: Sequence[str],
    columns: Sequence[tuple[str, list[Any]]],
    total_rows: int,
    units: Sequence[str | None] | None = None,
) -> tuple[Table, list[LeftOut]]:
    left_out: list[LeftOut] = []
    kept: list[tuple[Column, list[Any]]] = []
    units = units or [None] * len(names)
    for name, (kind, values), unit in zip(names, columns, units, strict=True):
        reason = None if name.strip() else _useless(values)
        if reason is None:
            kept.append((Column(name.strip(), kind, unit), values))
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
    if column.type not in ("integer", "number"):
        return column
    name, unit = split_unit(column.name)
    return Column(name, column.type, unit or column.unit)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else _plain(value)
    return " ".join(text.split()).replace("|", "\\|")
