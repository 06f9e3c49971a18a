"""`vlmforge train-classifier`: labelled texts to a quality model with its card.

Two fastText models, one for the grade and one for the field, trained on the
training rows, calibrated on the validation rows, measured on the test rows.

What is deterministic: everything but the search. A model is trained in one
thread from a fixed seed, on rows in an order of their own, so the same rows and
parameters give the same bytes. The search for parameters (fastText's autotune)
depends on the machine's speed; what it found is in `model.json`, and the model
is trained again with it.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import fasttext
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters import (
    FIELDS,
    GRADES,
    MODEL_FILE,
    NORMALISER,
    SPLITS,
    Head,
    fasttext_label,
    fit_temperature,
    group,
    near_duplicate_keys,
    quality_text,
    split,
)
from model.embedded import NAME as EMBEDDED_NAME
from pipelines.classifier_card import CARD, card
from pipelines.classifier_metrics import measure_head
from pipelines.errors import StageError, UsageError
from pipelines.labels import WEAK_GRADER, document_keys, labels_digest, read_labels, strata
from records import digest, write_json

#: The heads of a quality model, and the labels that each may have.
HEADS: Mapping[str, tuple[Any, ...]] = {"education": GRADES, "field": FIELDS}
#: Graders whose word is not to be trusted, and why.
WEAK = {
    EMBEDDED_NAME: "it shows that the path works, and cannot judge",
    WEAK_GRADER: "the label is that of the kind of text, and nobody read it",
}
#: Rows of a batch of predictions.
_BATCH = 1000


@dataclass(frozen=True)
class Parameters:
    """fastText's own; the defaults are those that docs/classifier.md compares."""

    lr: float = 0.3
    epoch: int = 10
    #: Words of an n-gram: syllables in Korean, letters in Japanese.
    wordNgrams: int = 2  # noqa: N815 (fastText's name)
    #: Characters of a subword; 0 for none.
    minn: int = 0
    maxn: int = 0
    dim: int = 16
    #: Rows of n-gram vectors: 12.8 MB before they are quantised.
    bucket: int = 200_000
    minCount: int = 3  # noqa: N815


#: What the search may change.
SEARCHED = ("lr", "epoch", "wordNgrams")


@dataclass(frozen=True)
class Trained:
    """What `train_classifier` did."""

    folder: Path
    #: What is in `model.json`.
    told: dict[str, Any]
    #: Sentences that whoever reads the figures must know.
    warnings: list[str]


def train_classifier(
    data: Path,
    out: Path,
    *,
    columns: Mapping[str, str],
    seed: int = 0,
    autotune_seconds: int = 0,
    parameters: Parameters = Parameters(),
) -> Trained:
    """Train a quality model on the labels at `data` and write it to the folder `out`.

    `autotune_seconds` are for each head; 0: no search. Raises UsageError and StageError.
    """
    table = read_labels(data, columns)
    splits, leaked = assign(table, seed)
    table = table.append_column("part", pa.array(splits))
    words = quality_text(table["text"].combine_chunks())
    table = table.append_column("words", words)
    heads, out = {}, out.absolute()
    if out.exists() and not (out / MODEL_FILE).exists():
        raise UsageError(f"{out} is there already and is not a quality model: name another folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as temporary:
        work = Path(temporary) / "new"
        work.mkdir()
        for name, labels in HEADS.items():
            rows = table.filter(pc.is_valid(table[name]))
            if len(rows):
                heads[name] = _train_head(
                    name, labels, rows, work, seed, autotune_seconds, parameters
                )
        told = {
            "normaliser": NORMALISER,
            "heads": heads,
            "training": {
                "rows": {s: splits.count(s) for s in SPLITS} | {"left_out": leaked},
                "fingerprint": labels_digest(table),
                "labels_by": _counts(table["model"]),
                "sources": {s: sorted(set(_of(table, s, "source"))) for s in SPLITS},
                "seed": seed,
            },
        }
        warnings = _warnings(told)
        write_json(work / MODEL_FILE, told)
        (work / CARD).write_text(card(told, warnings), "utf-8")
        if out.exists():
            out.rename(Path(temporary) / "old")
        work.rename(out)
    return Trained(out, told, warnings)


def assign(table: pa.Table, seed: int) -> tuple[list[str | None], int]:
    """The split of each row, None for one that is left out, and how many those are.

    Given splits stay. Rows of one document and near-duplicates are never in two:
    those of a given split leave training, or validation, where test has their like.
    """
    given = table["split"].to_pylist()
    bands = near_duplicate_keys(table["text"].to_pylist())
    groups = group([document_keys(table), *bands.T])
    chosen = split(groups, strata(table), table["id"].to_pylist(), seed)
    place = {name: i for i, name in enumerate(SPLITS)}
    asked = np.array([place.get(name, -1) for name in given])
    # The last split that any row of a group was given is the only one of the group.
    last = np.full(len(groups), -1)
    np.maximum.at(last, groups, asked)
    last = last[groups]
    decided = np.where(last < 0, chosen, last)
    left_out = (asked >= 0) & (asked < last)
    names = [None if out else SPLITS[i] for i, out in zip(decided, left_out, strict=True)]
    return names, int(left_out.sum())


def _train_head(
    name: str,
    labels: tuple[Any, ...],
    rows: pa.Table,
    work: Path,
    seed: int,
    autotune_seconds: int,
    parameters: Parameters,
) -> dict[str, Any]:
    by_split = {s: rows.filter(pc.equal(rows["part"], s)).sort_by("id") for s in SPLITS}
    seen = set(by_split["train"][name].to_pylist())
    known = [label for label in labels if label in seen]
    if len(known) < 2:
        raise StageError(
            f"train-classifier: the training rows hold {len(known)} values of {name}; "
            "a classifier takes two. Annotate more rows, or more kinds of them."
        )
    train, validation = work / "train.txt", work / "validation.txt"
    _write_lines(train, by_split["train"], name, seed)
    used = asdict(parameters)
    if autotune_seconds and len(by_split["validation"]):
        _write_lines(validation, by_split["validation"], name, seed)
        used |= _search(train, validation, autotune_seconds, seed, used)
        validation.unlink()
    model = fasttext.train_supervised(str(train), thread=1, seed=seed, verbose=0, **used)
    model.quantize(input=str(train), qnorm=True, retrain=False, thread=1, verbose=0)
    train.unlink()
    path = work / f"{name}.ftz"
    model.save_model(str(path))
    raw = Head(fasttext.load_model(str(path)), known, temperature=1.0)
    temperature = fit_temperature(*_with_truth(raw, by_split["validation"], name, known))
    head = replace(raw, temperature=temperature)
    return {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "bytes": path.stat().st_size,
        "labels": known,
        "temperature": temperature,
        "parameters": used,
        "autotune_seconds": autotune_seconds,
        "metrics": {
            s: measure_head(name, by_split[s], predict(head, by_split[s]), known)
            for s in ("validation", "test")
            if len(by_split[s])
        },
    }


def _search(
    train: Path, validation: Path, seconds: int, seed: int, start: Mapping[str, Any]
) -> dict[str, Any]:
    """The parameters that do best on the validation rows, of those that may change."""
    fixed = {key: value for key, value in start.items() if key not in SEARCHED}
    model = fasttext.train_supervised(
        str(train),
        autotuneValidationFile=str(validation),
        autotuneDuration=seconds,
        thread=os.cpu_count() or 1,
        seed=seed,
        verbose=0,
        **fixed,
    )
    found = model.f.getArgs()
    return {key: type(start[key])(getattr(found, key)) for key in SEARCHED}


def _write_lines(path: Path, rows: pa.Table, name: str, seed: int) -> None:
    """fastText's lines, in an order by hash: neighbours must not be of one source."""
    columns = (rows[key].to_pylist() for key in ("id", name, "words"))
    lines = sorted(
        (digest(str(seed), row), f"{fasttext_label(label)} {words}\n")
        for row, label, words in zip(*columns, strict=True)
    )
    path.write_text("".join(line for _, line in lines), "utf-8")


def predict(head: Head, rows: pa.Table) -> NDArray[np.float64]:
    """Calibrated probabilities of all rows, of shape (rows, labels)."""
    words = rows["words"].to_pylist()
    starts = range(0, len(words), _BATCH)
    found = [head.probabilities(words[start : start + _BATCH]) for start in starts]
    return np.concatenate([np.zeros((0, len(head.labels))), *found])


def _with_truth(
    head: Head, rows: pa.Table, name: str, labels: list[Any]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Probabilities and true labels, of rows whose label the model knows."""
    place = {label: i for i, label in enumerate(labels)}
    truth = np.array([place.get(label, -1) for label in rows[name].to_pylist()], np.int64)
    return predict(head, rows)[truth >= 0], truth[truth >= 0]


def _of(table: pa.Table, part: str, column: str) -> list[str]:
    return table.filter(pc.equal(table["part"], part))[column].to_pylist()


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    counts = pc.value_counts(pc.fill_null(column, "unknown")).to_pylist()
    return {c["values"]: c["counts"] for c in sorted(counts, key=lambda c: c["values"])}


def _warnings(told: dict[str, Any]) -> list[str]:
    rows, by = told["training"]["rows"], told["training"]["labels_by"]
    found = [f"labels by {name!r}: {why}" for name, why in WEAK.items() if name in by]
    for part in ("validation", "test"):
        if not rows[part]:
            missing = "the probabilities are not calibrated" if part == "validation" else "no test"
            found.append(f"no {part} rows: {missing}")
    return found
