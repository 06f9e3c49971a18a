"""Vega-Lite specifications (https://vega.github.io/vega-lite/docs) -> chart drafts.

A file is a row: its title and description, and the table that it draws, as
text; the specification and the table as targets. Versions 4 to 6 are read, by
`$schema`; without it, only where the file's name ends in `.vl.json`.

The table is of the first data source that is found: the specification's own,
or else that of its views, from the first, depth first. It may be

    values        objects in the specification
    name          of an entry of `datasets`, as Altair writes
    url           a file, beside the specification or below the folder of pictures;
                  one on a server is left out, and the row is without a table

Names of columns stay as they are, for the specification uses them. A unit is
taken from the titles of a field's axes and legends, or else from its name.
Not where a transform puts other values in the field's place.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers.chart_tables import Column, Table
from pipelines.readers.drafts import BadInput, Draft, LeftOut, Piece, Row
from pipelines.readers.files import inside, read_whole
from pipelines.readers.lookup import decode
from pipelines.readers.tables import SUFFIXES, load_table, objects_table
from pipelines.readers.units import split_unit
from records import Part

_SCHEMA = re.compile(r".*/vega-lite/v(\d+)\b.*")
_VERSIONS = ("4", "5", "6")
#: Where a view holds views.
_COMPOSED = ("layer", "concat", "hconcat", "vconcat", "spec")
#: Aggregates whose unit is not that of the field.
_OTHER_UNIT = ("count", "valid", "missing", "distinct", "variance", "variancep", "product")
#: What transforms make that do not say how it is called.
_MADE = {"fold": ["key", "value"], "density": ["value", "density"]}

Spec = dict[str, Any]


class VegaLiteReader:
    """Reads specifications; one is a row."""

    suffixes = frozenset({".json"})
    splits: frozenset[str] = frozenset()
    fields: tuple[str, ...] = ()

    def rows(
        self, piece: Piece, source: SourceConfig, config: IngestConfig
    ) -> Iterator[Row | LeftOut]:
        """The chart. Other JSON, such as the data of charts, is left out."""
        content = decode(read_whole(piece.path, config.max_file_bytes), object, "not_json")
        if isinstance(content, dict) and _is_spec(content, piece):
            yield Row(None, partial(_draft, content, piece, source, config))
        else:
            yield LeftOut("files", "not_vega_lite")


def _is_spec(content: Spec, piece: Piece) -> bool:
    schema = content.get("$schema")
    return "/vega-lite/" in str(schema) if schema else piece.name.lower().endswith(".vl.json")


def _draft(spec: Spec, piece: Piece, source: SourceConfig, config: IngestConfig) -> Draft:
    version = _SCHEMA.fullmatch(str(spec.get("$schema", "")))
    if version is not None and version[1] not in _VERSIONS:
        raise BadInput("unsupported_version", str(spec["$schema"])[:200])
    data = next((d for _, d in _views(spec) if isinstance(d, dict)), None)
    if data is None:
        raise BadInput("no_data", "neither the chart nor a view of it has data")
    try:
        table, left_out = _table(data, spec, piece, source, config)
    except BadInput as bad:
        if bad.reason != "not_a_table":
            raise
        table, left_out = None, [LeftOut("tables", "not_a_table")]
    texts = [_text(spec.get("title")), _text(spec.get("description"))]
    targets = {"vega_lite": msgspec.json.encode(spec).decode()}
    if table is not None:
        table = _with_units(table, _titles(spec, data))
        texts.append(table.markdown())
        targets["table"] = table.target()
    text = "\n\n".join(t for t in texts if t)
    parts = (Part("text", text=text),) if text else ()
    return Draft("chart", source.lang, piece.name, parts, targets=targets, lacks=tuple(left_out))


def _table(
    data: Spec, spec: Spec, piece: Piece, source: SourceConfig, config: IngestConfig
) -> tuple[Table | None, list[LeftOut]]:
    """The table, or why there is none. Raises BadInput where there should be one."""
    if "url" in data:
        return _file(data, piece, source, config)
    values = data.get("values")
    datasets = spec.get("datasets")
    if values is None and isinstance(datasets, dict):
        values = datasets.get(str(data.get("name")))
    if values is None:
        raise BadInput("no_data", f"data has {', '.join(data)}"[:200])
    if isinstance(values, str):
        return None, [LeftOut("tables", "inline_text")]
    rows = values if isinstance(values, list) else [values]
    # A value that is no object is the field "data" of one, as Vega-Lite sees it.
    objects = [row if isinstance(row, dict) else {"data": row} for row in rows]
    return objects_table(objects[: config.max_table_rows], len(objects))


def _file(
    data: Spec, piece: Piece, source: SourceConfig, config: IngestConfig
) -> tuple[Table | None, list[LeftOut]]:
    try:
        url = urlsplit(str(data["url"]))
    except ValueError as error:
        raise BadInput("bad_url", str(error)) from error
    if url.scheme or url.netloc:
        return None, [LeftOut("tables", "remote")]
    name = unquote(url.path)
    form = data.get("format")
    if isinstance(form, dict) and ("property" in form or form.get("type") == "topojson"):
        return None, [LeftOut("tables", "not_flat")]
    path = _find(source.pictures, posixpath.join(posixpath.dirname(piece.name), name), name)
    if path.suffix.lower() not in SUFFIXES:
        return None, [LeftOut("tables", "other_format")]
    return load_table(path, config)


def _find(root: Path, *names: str) -> Path:
    for name in names:
        path = inside(root, name)
        if path.is_file():
            return path
    raise BadInput("data_missing", names[-1][:200])


def _views(spec: Spec, data: Any = None) -> Iterator[tuple[Spec, Any]]:
    """The specification and the views in it, depth first, each with the data that it draws."""
    data = spec.get("data", data)
    yield spec, data
    for key in _COMPOSED:
        inner = spec.get(key)
        for view in inner if isinstance(inner, list) else [inner]:
            if isinstance(view, dict):
                yield from _views(view, data)


def _with_units(table: Table, titles: dict[str, list[str]]) -> Table:
    columns = tuple(_with_unit(c, titles.get(c.name, [])) for c in table.columns)
    return replace(table, columns=columns)


def _with_unit(column: Column, titles: list[str]) -> Column:
    if column.unit is not None or column.type not in ("integer", "number"):
        return column
    units = (split_unit(title)[1] for title in (*titles, column.name))
    return Column(column.name, column.type, next((u for u in units if u is not None), None))


def _titles(spec: Spec, data: Spec) -> dict[str, list[str]]:
    """The titles under which views of the data show each field's values as they are."""
    computed = set(_computed(spec))
    titles: dict[str, list[str]] = {}
    for view, drawn in _views(spec):
        encoding = view.get("encoding") if drawn == data else None
        for channel in encoding.values() if isinstance(encoding, dict) else ():
            field = channel.get("field") if isinstance(channel, dict) else None
            if isinstance(field, str) and field not in computed and _shows_values(channel):
                titles.setdefault(field, []).extend(_channel_titles(channel))
    return titles


def _shows_values(channel: Spec) -> bool:
    """Whether what a channel shows has the unit of its field's values."""
    guides = [g for g in (channel.get("axis"), channel.get("legend")) if isinstance(g, dict)]
    return (
        channel.get("aggregate") not in _OTHER_UNIT
        and channel.get("stack") != "normalize"
        and not any("labelExpr" in g or "%" in str(g.get("format", "")) for g in guides)
        and "%" not in str(channel.get("format", ""))
    )


def _channel_titles(channel: Spec) -> Iterator[str]:
    for holder in (channel, channel.get("axis"), channel.get("legend"), channel.get("header")):
        if isinstance(holder, dict) and isinstance(holder.get("title"), str):
            yield holder["title"]


def _computed(spec: Spec) -> Iterator[str]:
    """Fields that transforms make."""
    for view, _ in _views(spec):
        transforms = view.get("transform")
        for transform in transforms if isinstance(transforms, list) else ():
            for step in _steps(transform):
                made = step.get("as", next((_MADE[k] for k in _MADE if k in step), None))
                made = made if isinstance(made, list) else [made]
                yield from (field for field in made if isinstance(field, str))


def _steps(transform: object) -> Iterator[Spec]:
    """A transform, and the fields that an aggregate, window or such makes in it."""
    if isinstance(transform, dict):
        yield transform
        for value in transform.values():
            if isinstance(value, list):
                yield from (v for v in value if isinstance(v, dict))


def _text(title: object) -> str:
    """A title or description: a text, lines of text, or an object with the `text`."""
    if isinstance(title, dict):
        title = title.get("text")
    lines = title if isinstance(title, list) else [title]
    return " ".join(" ".join(ln.split()) for ln in lines if isinstance(ln, str))
