r"""A document as JSON: blocks with types, tables as cells with their places and spans."""

from __future__ import annotations

import json
from typing import Any

from renderers.document.model import (
    Block,
    Code,
    Document,
    Equation,
    Figure,
    Heading,
    Item,
    KeyValue,
    Paragraph,
    Quote,
    Signature,
    Stamp,
    Table,
    flat,
    plain,
)


def to_json(document: Document) -> str:
    r"""{"kind", "lang", "blocks": [{"type", …}, …], "footnotes", "header", "footer", "numbers"}.

    Blocks are in reading order. Texts are plain, TeX in them as \(…\), a
    footnote's mark as [^1]. A table has "rows" and "columns" (how many),
    "caption", "unit", and "cells" of {"row", "col", "rowspan", "colspan",
    "text", "header"}, rows and columns counted from 0.
    """
    content: dict[str, Any] = {"kind": document.kind, "lang": document.lang}
    if document.header:
        content["header"] = document.header
    content["blocks"] = [entry for block in flat(document.blocks) for entry in _entries(block)]
    if document.footnotes:
        content["footnotes"] = [{"number": n, "text": plain(t)} for n, t in document.footnotes]
    for name in ("footer", "numbers"):
        if getattr(document, name):
            content[name] = getattr(document, name)
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _entries(block: Block) -> list[dict[str, Any]]:
    if isinstance(block, Heading):
        return [{"type": "heading", "level": block.level, "text": plain(block.runs)}]
    if isinstance(block, Paragraph):
        kind = {"type": "paragraph", "text": plain(block.runs)}
        return [kind | ({"depth": block.depth} if block.depth else {})]
    if isinstance(block, Item):
        numbered = {"marker": block.marker} if block.number is not None else {}
        return [{"type": "list_item", "depth": block.depth, **numbered, "text": plain(block.runs)}]
    if isinstance(block, Table):
        return [_table(block)]
    if isinstance(block, Figure):
        return [{"type": "figure", "alt": block.alt, "caption": plain(block.caption)}]
    if isinstance(block, Code):
        return [{"type": "code", "language": block.language, "text": block.text}]
    if isinstance(block, Equation):
        return [{"type": "equation", "tex": block.tex, "number": block.number}]
    if isinstance(block, Quote):
        return [{"type": "quote", "text": plain(block.runs)}]
    if isinstance(block, KeyValue):
        pairs = [{"name": plain(n), "value": plain(v)} for n, v in block.pairs]
        return [{"type": "key_values", "pairs": pairs}]
    if isinstance(block, Stamp):
        return [{"type": "stamp", "text": plain(block.runs)}]
    assert isinstance(block, Signature)
    signed = {"label": block.label, "name": block.name, "mark": block.mark}
    stamp = _entries(block.stamp) if block.stamp else []
    return [{"type": "signature", **signed}, *stamp]


def _table(table: Table) -> dict[str, Any]:
    return {
        "type": "table",
        "caption": plain(table.caption),
        "unit": table.unit,
        "rows": len(table.rows),
        "columns": table.columns,
        "cells": [
            {
                "row": row,
                "col": column,
                "rowspan": cell.rowspan,
                "colspan": cell.colspan,
                "text": plain(cell.runs),
                "header": cell.header,
            }
            for row, column, cell in table.placed
        ],
    }
