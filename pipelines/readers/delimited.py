"""Files of delimited text (CSV, RFC 4180, and its kin), the first rows of them.

They may be larger than memory: rows are read in blocks, and those that are not
kept are counted, and checked to have as many fields as the header.

    encoding     by a byte order mark, or UTF-8; or CP949, as Korean Excel writes,
                 where it is not UTF-8 and nearly all of it is in EUC-KR
    delimiter    what a first line such as `sep=;`, Excel's own, states; or of `.tsv` a tab;
                 or else of , ; tab | the one that parts all of the first rows into the
                 same number of fields, the most fields
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc

from pipelines.readers.drafts import BadInput

#: Bytes of a block, and so of the longest row.
_BLOCK = 1 << 20
#: Characters and rows by which the delimiter is chosen.
_HEAD, _HEAD_ROWS = 1 << 16, 50
_MAX_COLUMNS = 1000
_DELIMITERS = (",", ";", "\t", "|")
#: CP949 has 8,822 syllables beyond EUC-KR, which Korean hardly uses. A Latin-1 text
#: that decodes as CP949 is full of them.
_MIN_EUC_KR = 0.9
_STATED = re.compile(r'"?sep=([\t -~])"?\r?\n', re.IGNORECASE)
_BLANK_QUOTED = re.compile(r'\s+"(.*)"\s*', re.DOTALL)


@dataclass(frozen=True)
class _Form:
    """How a file is written."""

    encoding: str
    delimiter: str
    #: Lines before the header.
    skipped: int


@dataclass(frozen=True)
class Delimited:
    """The first rows of a file, as texts."""

    names: list[str]
    #: By column. None is an NA without quotes.
    columns: list[list[str | None]]
    total_rows: int
    delimiter: str


def read_delimited(path: Path, max_rows: int) -> Delimited:
    """At most `max_rows` rows after the header, and how many there are.

    Raises BadInput: `bad_encoding`, `ragged_rows`, `not_a_table` for a single
    column, `too_many_columns`, `no_rows`, `not_csv`.
    """
    form = _form(path)
    names = _header(path, form)
    kept: list[pa.RecordBatch] = []
    count = 0
    for batch in _batches(path, form, len(names), whole=True):
        kept.append(batch)
        count += batch.num_rows
        if count > max_rows:
            break
    table = pa.Table.from_batches(kept).slice(1, max_rows) if kept else None
    if table is None or not table.num_rows:
        raise BadInput("no_rows", ", ".join(names)[:200])
    if count > max_rows:
        batches = _batches(path, form, len(names), whole=False)
        count = sum(batch.num_rows for batch in batches)
    columns = [[_unquoted(text) for text in c.to_pylist()] for c in table.columns]
    return Delimited([_unquoted(n) or "" for n in names], columns, count - 1, form.delimiter)


def _form(path: Path) -> _Form:
    encoding = _encoding(path)
    with open(path, encoding=encoding, newline="") as file:
        head = file.read(_HEAD)
    stated = _STATED.match(head)
    if stated is not None:
        return _Form(encoding, stated[1], 1)
    return _Form(encoding, "\t" if path.suffix.lower() == ".tsv" else _delimiter(head), 0)


def _unquoted(text: str | None) -> str | None:
    """A field without the quotes that some programs write after a blank: `a, "b"`."""
    quoted = _BLANK_QUOTED.fullmatch(text) if text is not None else None
    return text if quoted is None else quoted[1].replace('""', '"')


def _encoding(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            start = file.read(2)
        if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) and _decodes(path, "utf-16"):
            return "utf-16"
        if _decodes(path, "utf-8"):
            return "utf-8-sig"
        if _decodes(path, "cp949") and _is_korean(path):
            return "cp949"
    except OSError as error:
        raise BadInput("file_unreadable", str(error.strerror)) from error
    raise BadInput("bad_encoding", "neither UTF-8 nor CP949")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_korean(path: Path) -> bool:
    """Whether the first mebibyte with other than ASCII is in EUC-KR for the most part."""
    with open(path, encoding="cp949") as file:
        while text := file.read(1 << 20):
            other = [c for c in text if not c.isascii()]
            if other:
                usual = "".join(other).encode("euc_kr", "ignore")
                return len(usual) >= 2 * _MIN_EUC_KR * len(other)
    return False


def _delimiter(head: str) -> str:
    """The delimiter of a file that begins so: where none parts it evenly, that of the header."""
    # Where the head is cut, its last row may be.
    whole = slice(None if len(head) < _HEAD else -1)

    def evenness(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in list(_rows(head, delimiter))[whole]] or [0]
        return (widths[0] if len(set(widths)) == 1 and widths[0] > 1 else 0, widths[0])

    return max(_DELIMITERS, key=evenness)


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            if row:
                yield row
            if reader.line_num > _HEAD_ROWS:
                return
    except csv.Error:
        return


def _header(path: Path, form: _Form) -> list[str]:
    with open(path, encoding=form.encoding, newline="") as file:
        try:
            lines = itertools.islice(file, form.skipped, None)
            reader = csv.reader(lines, delimiter=form.delimiter)
            names = next((row for row in reader if row), [])
        except csv.Error as error:  # a field of more than 128 KiB
            raise BadInput("not_csv", str(error)) from error
    if len(names) < 2:
        raise BadInput("not_a_table", f"one column: {names[0][:200]}" if names else "no rows")
    if len(names) > _MAX_COLUMNS:
        raise BadInput("too_many_columns", f"{len(names)}, limit {_MAX_COLUMNS}")
    return names


def _batches(path: Path, form: _Form, width: int, whole: bool) -> Iterator[pa.RecordBatch]:
    """The rows, the header too; unless `whole`, of the first column alone."""
    fields = [str(k) for k in range(width)]
    convert = pc.ConvertOptions(
        column_types=dict.fromkeys(fields, pa.string()),
        include_columns=fields if whole else fields[:1],
        null_values=["NA"],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        check_utf8=False,  # `_encoding` did
    )
    read = pc.ReadOptions(
        use_threads=False,
        block_size=_BLOCK,
        column_names=fields,
        encoding="utf-8" if form.encoding == "utf-8-sig" else form.encoding,
        skip_rows=form.skipped,
    )
    parse = pc.ParseOptions(delimiter=form.delimiter, newlines_in_values=True)
    try:
        with pc.open_csv(path, read, parse, convert) as reader:
            yield from reader
    except pa.ArrowInvalid as error:
        reason = "ragged_rows" if "Expected" in str(error) else "not_csv"
        raise BadInput(reason, str(error)[:300]) from error
    except OSError as error:
        raise BadInput("file_unreadable", str(error)) from error
