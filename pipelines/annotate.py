"""`vlmforge annotate`: the model grades a sample of a finished stage's rows.

Rows are dealt evenly to strata (bucket, language, source), chosen within each
by hash: the same rows on every run, and those of a smaller sample are among
those of a larger one. Answers are stored, so a command that is given again
pays only for what is new.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from model import Client, Model, Response, ResponseStore, generate
from model.embedded import NAME as EMBEDDED_NAME
from pipelines.config import AnnotateConfig, RunConfig
from pipelines.errors import StageError
from pipelines.labels import ANNOTATION_SCHEMA, REJECTED_SCHEMA
from records import (
    Dataset,
    FileEntry,
    Manifest,
    NoDataset,
    digest_json,
    file_name,
    texts,
    uniform,
    write_table,
)
from synth import Grade, excerpt, grade_request, read_grade

#: The folder of the run in which the grades are.
NAME = "annotations"

#: The embedded model's context holds the rubric and this many characters, even of Korean,
#: which it reads at three tokens a syllable.
EMBEDDED_CHARACTERS = 200

Stratum = tuple[str, str | None, str]
#: (key, id): the rows of a stratum with the smallest keys are chosen.
Candidate = tuple[float, str]


@dataclass(frozen=True)
class RowsToGrade:
    """The rows that were chosen of a stage's output, with the beginnings of their texts."""

    source: Dataset
    rows: list[dict[str, Any]]


def rows_to_grade(config: RunConfig) -> RowsToGrade:
    """Choose and read them; no model is needed yet.

    Raises StageError where the stage has not finished, or has no such rows.
    """
    settings = config.annotate
    try:
        source = Dataset.open(config.out / settings.stage)
    except NoDataset as error:
        raise StageError(f"annotate: {error}. Run: vlmforge run CONFIG") from error
    characters = settings.excerpt_characters
    if config.model.kind == "embedded":
        characters = min(characters, EMBEDDED_CHARACTERS)
    rows = list(read_rows(source, choose(source, config), settings, characters))
    if not rows:
        raise StageError(
            f"annotate: {source.root} has no rows of {settings.min_characters} characters "
            f"in the buckets {', '.join(settings.buckets)}"
        )
    return RowsToGrade(source, rows)


def annotate(
    config: RunConfig,
    sample: RowsToGrade,
    model: Model,
    on_answer: Callable[[], None] = lambda: None,
) -> Manifest:
    """Have the rows graded, and write them to `annotations` in the run's directory.

    Raises StageError where too many requests fail.
    """
    rows = sample.rows
    responses = _ask(rows, config, model, on_answer)
    grades = [read_grade(response) for response in responses]
    failed = sum(grade.reason == "request_failed" for grade in grades)
    if failed / len(rows) > config.annotate.max_failure_rate:
        why = next(g.detail for g in grades if g.reason == "request_failed")
        raise StageError(
            f"annotate: {failed} of {len(rows)} requests to {model.where} failed, such as: {why}\n"
            f"The answers that came are stored in {config.responses}: see that the model answers, "
            "and run the same command again."
        )
    return _write(config, sample.source, model.teacher.name, rows, grades, _usage(responses))


def notes(manifest: Manifest) -> list[str]:
    """Sentences that whoever uses the grades must know."""
    if manifest.model != EMBEDDED_NAME:
        return []
    return [
        f"{EMBEDDED_NAME} shows that the path works; its grades are not to be trusted. Name a "
        "model that can judge: --set model.endpoint=http://host:port/v1"
    ]


def choose(source: Dataset, config: RunConfig) -> set[str]:
    """The ids of the rows to grade."""
    candidates: dict[Stratum, list[Candidate]] = {}
    for batch in _eligible(source, config.annotate):
        origin = pc.struct_field(batch["source"], "dataset").to_pylist()
        columns = (batch["bucket"].to_pylist(), batch["lang"].to_pylist(), origin)
        for row, *stratum in zip(batch["id"].to_pylist(), *columns, strict=True):
            # Negated: the heap gives up its largest key first.
            item = (-uniform(config.seed, "annotate", row), row)
            heap = candidates.setdefault(tuple(stratum), [])
            if len(heap) < config.annotate.rows:
                heapq.heappush(heap, item)
            else:
                heapq.heappushpop(heap, item)
    quotas = deal_evenly({s: len(heap) for s, heap in candidates.items()}, config.annotate.rows)
    return {
        row
        for stratum, heap in candidates.items()
        for _, row in heapq.nlargest(quotas[stratum], heap)
    }


def deal_evenly(sizes: Mapping[Stratum, int], rows: int) -> dict[Stratum, int]:
    """How many rows of each stratum: the same of each, or all of one that has fewer.

    The rows that do not divide go to the first strata by name.
    """
    order = sorted(sizes, key=lambda s: (sizes[s], str(s)))
    quotas, left = {}, rows
    for place, stratum in enumerate(order):
        quotas[stratum] = min(sizes[stratum], -(-left // (len(order) - place)))
        left -= quotas[stratum]
    return quotas


def read_rows(
    source: Dataset, chosen: set[str], config: AnnotateConfig, characters: int
) -> Iterator[dict[str, Any]]:
    """The chosen rows with the beginnings of their texts, in the order of the dataset."""
    wanted = pa.array(sorted(chosen), pa.string())
    for batch in _eligible(source, config):
        batch = batch.filter(pc.is_in(batch["id"], value_set=wanted))
        columns = {name: batch[name].to_pylist() for name in ("id", "bucket", "lang", "source")}
        for place, text in enumerate(texts(batch).to_pylist()):
            origin = columns["source"][place]
            yield {
                "id": columns["id"][place],
                "source": origin["dataset"],
                "document": _document(columns["id"][place], columns["bucket"][place], origin),
                "lang": columns["lang"][place],
                "bucket": columns["bucket"][place],
                "text": excerpt(text, characters),
            }


def _document(row: str, bucket: str, origin: dict[str, Any]) -> str:
    """What a row is a part of: pages of one PDF are one document."""
    url = origin["url"] or row
    return url.partition("#")[0] if bucket == "document" else url


def _eligible(source: Dataset, config: AnnotateConfig) -> Iterator[pa.RecordBatch]:
    buckets = pa.array(config.buckets, pa.string())
    for batch in source.batches(columns=["id", "bucket", "lang", "parts", "source"]):
        long = pc.greater_equal(pc.utf8_length(texts(batch)), config.min_characters)
        yield batch.filter(pc.and_(pc.is_in(batch["bucket"], value_set=buckets), long))


def _ask(
    rows: list[dict[str, Any]],
    config: RunConfig,
    model: Model,
    on_answer: Callable[[], None],
) -> list[Response]:
    settings = config.annotate
    requests = [
        grade_request(
            row["id"], row["text"], row["lang"], max_tokens=settings.max_tokens, seed=config.seed
        )
        for row in rows
    ]
    with ResponseStore(config.responses) as store, model.open() as engine:
        return generate(Client(model, engine, store), requests, on_answer)


def _usage(responses: list[Response]) -> dict[str, int]:
    return {
        "requests": len(responses),
        "requests_stored": sum(r.stored for r in responses),
        "prompt_tokens": sum(r.prompt_tokens for r in responses),
        "completion_tokens": sum(r.completion_tokens for r in responses),
    }


def _write(
    config: RunConfig,
    source: Dataset,
    model: str,
    rows: list[dict[str, Any]],
    grades: list[Grade],
    metrics: dict[str, int],
) -> Manifest:
    out = config.out / NAME
    good, bad = [], []
    for row, grade in zip(rows, grades, strict=True):
        if grade.reason is None:
            told = {"education": grade.education, "field": grade.field, "why": grade.why}
            good.append({**row, **told, "model": model})
        else:
            bad.append({**row, "reason": grade.reason, "detail": grade.detail})
    files = []
    for kind, found, schema in (
        ("part", good, ANNOTATION_SCHEMA),
        ("rejected", bad, REJECTED_SCHEMA),
    ):
        table = pa.Table.from_pylist(found, schema=schema).sort_by("id")
        write_table(out / file_name(kind, 0, 1), table)
        files.append(FileEntry.of(out, file_name(kind, 0, 1), kind, len(found)))
    reasons = Counter(row["reason"] for row in bad)
    settings = config.annotate.model_dump(mode="json")
    manifest = Manifest(
        stage=NAME,
        parts=1,
        rows={"in": len(rows), "made": len(good), "rejected": len(bad)},
        reasons={"rejected": dict(sorted(reasons.items()))},
        metrics=metrics | _counts(good),
        sources={},
        files=files,
        config=settings,
        config_hash=digest_json({"annotate": settings, "seed": config.seed})[:12],
        input_fingerprint=source.manifest.fingerprint,
        input_stage=source.manifest.stage,
        model=model,
    )
    manifest.write(out)
    return manifest


def _counts(rows: list[dict[str, Any]]) -> dict[str, int]:
    names = [f"education_{row['education']}" for row in rows]
    names += [f"field_{row['field']}" for row in rows]
    return dict(sorted(Counter(names).items()))
