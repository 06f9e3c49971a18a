"""Labelled texts: what `annotate` writes and `train-classifier` reads.

    id, source, document, lang, bucket, text, education, field, why, model, split

Any Parquet or JSON-lines file with a `text` and an `education` or a `field` will
do: what else is missing is filled in. Rows of one `document` are never split up.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json
import pyarrow.parquet as pq

from filters import FIELDS, GRADES, SPLITS
from pipelines.errors import UsageError, nearest
from records import Dataset, NoDataset, digest

ANNOTATION_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        # The dataset that the row is from, and the page or file in it.
        ("source", pa.string()),
        ("document", pa.string()),
        ("lang", pa.string()),
        ("bucket", pa.string()),
        # What was graded: the beginning of the row's text.
        ("text", pa.string()),
        ("education", pa.int8()),
        ("field", pa.string()),
        # Why that grade, in the model's words.
        ("why", pa.string()),
        # Who graded.
        ("model", pa.string()),
        # Of `filters.SPLITS` where whoever made the rows decided it; else null.
        ("split", pa.string()),
    ]
)
REJECTED_SCHEMA = pa.schema(
    [*list(ANNOTATION_SCHEMA)[:6], ("reason", pa.string()), ("detail", pa.string())]
)
#: In the column `model` of labels that nobody gave by reading the text.
WEAK_GRADER = "kind of text"
#: What a column may hold.
_ALLOWED = {"education": GRADES, "field": FIELDS, "split": SPLITS}
_SUFFIXES = (".parquet", ".jsonl", ".ndjson")


def read_labels(path: Path, columns: Mapping[str, str]) -> pa.Table:
    """Labelled rows with the columns of ANNOTATION_SCHEMA, those without text or label left out.

    `path` is a dataset directory, a file, or a folder of files; `columns` is our
    name -> theirs. Raises UsageError.
    """
    for ours in columns:
        if ours not in ANNOTATION_SCHEMA.names:
            raise UsageError(f"no column {ours!r}; {nearest(ours, ANNOTATION_SCHEMA.names)}")
    tables = [_columns(file, _read(file), columns) for file in _files(path)]
    table = pa.concat_tables(tables).combine_chunks()
    labelled = pc.or_(pc.is_valid(table["education"]), pc.is_valid(table["field"]))
    worded = pc.match_substring_regex(pc.fill_null(table["text"], ""), r"\p{L}")
    table = table.filter(pc.and_(labelled, worded))
    if not len(table):
        raise UsageError(f"{path}: no row has a text and a label (education or field)")
    return table


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    try:
        return Dataset.open(path).files()
    except NoDataset:
        files = sorted(p for p in path.glob("*") if p.name.endswith(_SUFFIXES))
    if not files:
        raise UsageError(f"{path}: no dataset and no files ({', '.join(_SUFFIXES)}) there")
    return files


def _read(path: Path) -> pa.Table:
    try:
        if path.suffix == ".parquet":
            return pq.read_table(path)
        return pyarrow.json.read_json(path, pyarrow.json.ReadOptions(block_size=64 << 20))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UsageError(f"cannot read {path}: {error}") from error


def _columns(path: Path, table: pa.Table, columns: Mapping[str, str]) -> pa.Table:
    found = {}
    for field in ANNOTATION_SCHEMA:
        theirs = columns.get(field.name, field.name)
        if theirs not in table.column_names:
            if field.name in columns or field.name == "text":
                raise UsageError(
                    f"{path} has no column {theirs!r}; {nearest(theirs, table.column_names)}"
                )
            found[field.name] = pa.nulls(len(table), field.type)
            continue
        try:
            found[field.name] = table[theirs].cast(field.type)
        except (pa.ArrowException, ValueError) as error:
            raise UsageError(f"{path}: the column {theirs!r}: {error}") from error
        _check(path, theirs, found[field.name], _ALLOWED.get(field.name))
    read = pa.table(found, schema=ANNOTATION_SCHEMA)
    ids = [
        given or digest(source, text)
        for given, source, text in zip(
            *(read[name].to_pylist() for name in ("id", "source", "text")), strict=True
        )
    ]
    read = _set(read, "id", pa.array(ids, pa.string()))
    read = _set(read, "source", pc.fill_null(read["source"], path.stem))
    return _set(read, "document", pc.coalesce(read["document"], read["id"]))


def _check(path: Path, name: str, column: pa.ChunkedArray, allowed: tuple | None) -> None:
    if allowed is None:
        return
    values = pc.unique(column.drop_null()).to_pylist()
    wrong = [value for value in values if value not in allowed]
    if wrong:
        known = ", ".join(map(str, allowed))
        raise UsageError(f"{path}: the column {name!r} holds {wrong[0]!r}; it may be {known}")


def _set(table: pa.Table, name: str, column: pa.Array | pa.ChunkedArray) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(place), column)


def labels_digest(table: pa.Table) -> str:
    """A fingerprint of labelled rows, whatever order they are in."""
    names = ("id", "text", "education", "field", "split")
    rows = zip(*(table[name].to_pylist() for name in names), strict=True)
    lines = sorted(digest(*(None if v is None else str(v) for v in row)) for row in rows)
    return digest(*lines)


def strata(table: pa.Table) -> list[str]:
    """What every split is to have its share of: label and language."""
    names = ("education", "field", "lang")
    rows = zip(*(table[name].to_pylist() for name in names), strict=True)
    return [" ".join(map(str, row)) for row in rows]


def document_keys(table: pa.Table) -> np.ndarray:
    """The same for rows of one document of one source."""
    pairs = zip(table["source"].to_pylist(), table["document"].to_pylist(), strict=True)
    return np.array([digest(*pair) for pair in pairs])
