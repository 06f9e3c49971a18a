"""Why a row is where it is: its way through the stages of a run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from pipelines.errors import StageError
from pipelines.run import stages_of
from records import Dataset, NoDataset

#: Hex digits of an id that are enough to ask by.
MIN_PREFIX = 6
#: Rows explained at once, when a path or a prefix fits many.
MAX_ROWS = 20


@dataclass(frozen=True)
class Event:
    """What one stage did with one row."""

    id: str
    stage: str
    #: kept, made, dropped, rejected, or error.
    outcome: str
    bucket: str | None
    lang: str | None
    url: str | None
    #: The row it was made from.
    parent: str | None
    reason: str | None = None
    score: float | None = None
    threshold: float | None = None
    detail: str | None = None
    file: str | None = None

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints of it."""
        return asdict(self)

    def sentence(self) -> str:
        """For a person."""
        where = f"{self.bucket or '-'}, {self.lang or 'language unknown'}, {self.file}"
        if self.outcome in ("kept", "made"):
            return f"{self.outcome} ({where})"
        why = self.reason or "?"
        if self.score is not None:
            why += f": {self.score:.4g}"
            why += f" against {self.threshold:.4g}" if self.threshold is not None else ""
        if self.detail:
            why += f" [{self.detail}]"
        return f"{self.outcome}: {why} ({where})"


def explain(run_dir: Path, what: str) -> list[Event]:
    """The events of the rows that `what` names, in the order of the stages.

    `what` is an id, its first digits (at least six), part of the path or
    address that a row came from, or for inputs that could not be read the name
    of their source. Rows made from a named row are told too.
    Raises StageError where nothing fits.
    """
    is_id = re.fullmatch(rf"[0-9a-f]{{{MIN_PREFIX},32}}", what) is not None
    events: list[Event] = []
    for name in stages_of(run_dir):
        try:
            events += _events(Dataset.open(run_dir / name), what, is_id)
        except NoDataset:
            # It did not finish; perhaps because of what it could not read.
            paths = sorted(run_dir.glob(f".{name}.*.partial/errors-*.parquet"))
            events += _errors(name, paths, what)
            break
    if not events:
        raise StageError(
            f"no row of {run_dir} has the id or path {what!r}, or of an id at least its first "
            f"{MIN_PREFIX} digits"
        )
    ids = list(dict.fromkeys(e.id for e in events))[:MAX_ROWS]
    return list(_mark_made([e for e in events if e.id in ids]))


def _events(dataset: Dataset, what: str, is_id: bool) -> Iterator[Event]:
    for kind, outcome in (("part", "kept"), ("dropped", "dropped"), ("rejected", "rejected")):
        for path in dataset.files(kind):
            for row in _find(path, what, is_id):
                yield _event(dataset, outcome, path, row)
    yield from _errors(dataset.manifest.stage, dataset.files("errors"), what)


def _errors(stage: str, paths: Sequence[Path], what: str) -> Iterator[Event]:
    fits = pc.match_substring(pc.field("path"), what) | (pc.field("dataset") == what)
    for path in paths:
        for row in ds.dataset(path).to_table(filter=fits).to_pylist():
            place = f"{row['path']} {row['place'] or ''}".strip()
            yield Event(
                id=place, stage=stage, outcome=f"error ({row['lost']} lost)",
                bucket=None, lang=None, url=row["path"], parent=None, reason=row["reason"],
                detail=row["detail"] or None, file=path.name,
            )  # fmt: skip


def _find(path: Path, what: str, is_id: bool) -> list[dict[str, Any]]:
    wanted = ("id", "bucket", "lang", "source", "reason", "score", "threshold", "detail")
    data = ds.dataset(path)
    columns = [name for name in wanted if name in data.schema.names]
    url, parent = pc.field("source", "url"), pc.field("source", "parent")
    if is_id:
        # Parts are sorted by id: row groups that cannot hold it are not read.
        condition = pc.starts_with(pc.field("id"), what) | pc.starts_with(parent, what)
    else:
        condition = pc.match_substring(url, what)
    table: pa.Table = data.to_table(columns=columns, filter=condition)
    return table.to_pylist()


def _event(dataset: Dataset, outcome: str, path: Path, row: dict[str, Any]) -> Event:
    return Event(
        id=row["id"],
        stage=dataset.manifest.stage,
        outcome=outcome,
        bucket=row["bucket"],
        lang=row["lang"],
        url=row["source"]["url"],
        parent=row["source"]["parent"],
        reason=row.get("reason"),
        score=row.get("score"),
        threshold=row.get("threshold"),
        detail=row.get("detail"),
        file=path.name,
    )


def _mark_made(events: list[Event]) -> Iterator[Event]:
    """A row that is first seen in a stage that has an input was made there."""
    seen: set[str] = set()
    for event in events:
        if event.outcome == "kept" and event.parent and event.id not in seen:
            event = replace(event, outcome="made")
        seen.add(event.id)
        yield event
