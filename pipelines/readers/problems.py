"""Text problems -> stem drafts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers.drafts import Draft, LeftOut, Piece, Row
from pipelines.readers.rows import SPLITS, SUFFIXES, Record, records, string
from records import Part


class ProblemsReader:
    """Reads rows with `problem` and `answer`, and perhaps `id` and `lang`."""

    suffixes = SUFFIXES
    splits = SPLITS

    def rows(
        self, piece: Piece, source: SourceConfig, config: IngestConfig
    ) -> Iterator[Row | LeftOut]:
        """A row a problem."""
        for record in records(piece, config):
            yield Row(record.place, partial(_draft, record, piece, source))


def _draft(record: Record, piece: Piece, source: SourceConfig) -> Draft:
    row = record.read()
    lang = row.get("lang") or source.lang
    return Draft(
        bucket="stem",
        lang=lang if isinstance(lang, str) else None,
        # The row's place tells two rows with the same id apart.
        url=f"{piece.name}#{row.get('id', '')}@{record.key}",
        parts=(Part("text", text=string(row, "problem")),),
        targets={"answer": string(row, "answer")},
    )
