"""How good a quality model is on labelled rows, as plain JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters import (
    FIELDS,
    GRADES,
    NOT_STEM,
    class_scores,
    confusion,
    expectation,
    rank_correlation,
    reliability,
    stem_probability,
)

#: A text with this grade or more is worth upsampling (FineWeb-Edu's cut).
GOOD = 3
#: Of a text without a language.
NO_LANGUAGE = "?"


@dataclass(frozen=True)
class Answers:
    """What a head says of some rows, beside the truth; arrays of one length."""

    classes: tuple[Any, ...]
    #: Indexes of classes.
    truth: NDArray[np.int64]
    predicted: NDArray[np.int64]
    #: The question that matters most, grade 3 or more, or any field: the probability that it is
    #: so, whether the filter would take it to be so, and whether it is.
    probability: NDArray[np.float64]
    decided: NDArray[np.bool_]
    happened: NDArray[np.bool_]
    #: The score that a row gets (expected grade, or that probability), and the right one.
    score: NDArray[np.float64]
    right: NDArray[np.float64]


def measure_head(
    name: str, rows: pa.Table, probabilities: NDArray[np.float64], labels: Sequence[Any]
) -> dict[str, Any]:
    """The metrics of one head: `probabilities` has the shape (rows, labels)."""
    read = _education if name == "education" else _field
    answers = read(rows[name].to_pylist(), probabilities, labels)
    every = np.ones(len(answers.truth), dtype=bool)
    bins = reliability(answers.probability, answers.happened)
    scores = class_scores(confusion(answers.truth, answers.predicted, len(answers.classes)))
    return {
        "all": _measure(answers, every),
        "by_language": {code: _measure(answers, of) for code, of in _each(rows, "lang")},
        "by_source": {
            source: {
                "rows": int(of.sum()),
                "score": _rounded(answers.score[of].mean()),
                "right": _rounded(answers.right[of].mean()),
            }
            for source, of in _each(rows, "source")
        },
        "classes": {
            str(label): {
                "rows": int(scores.support[i]),
                "precision": _rounded(scores.precision[i]),
                "recall": _rounded(scores.recall[i]),
                "f1": _rounded(scores.f1[i]),
            }
            for i, label in enumerate(answers.classes)
        },
        "reliability": [
            {"predicted": _rounded(p), "true": _rounded(t), "rows": int(n)}
            for p, t, n in zip(bins.predicted, bins.true, bins.count, strict=True)
        ],
    }


def _education(truth: list[int], found: NDArray[np.float64], labels: Sequence[int]) -> Answers:
    """A predicted grade is the expected one, rounded: it is what the filter compares."""
    right, expected = np.array(truth), expectation(found, labels)
    predicted = np.rint(expected).astype(np.int64)
    probability = expectation(found, [grade >= GOOD for grade in labels])
    return Answers(
        GRADES, right, predicted, probability, predicted >= GOOD, right >= GOOD, expected, right
    )


def _field(truth: list[str], found: NDArray[np.float64], labels: Sequence[str]) -> Answers:
    place = {field: i for i, field in enumerate(FIELDS)}
    right = np.array([place[field] for field in truth])
    predicted = np.array([place[label] for label in labels])[found.argmax(axis=1)]
    stem, is_stem = stem_probability(found, labels), right != place[NOT_STEM]
    return Answers(
        FIELDS, right, predicted, stem, stem >= 0.5, is_stem, stem, is_stem.astype(float)
    )


def _measure(answers: Answers, of: NDArray[np.bool_]) -> dict[str, Any]:
    happened, probability = answers.happened[of], answers.probability[of]
    scores = class_scores(confusion(happened, answers.decided[of], 2))
    order = rank_correlation(answers.score[of], answers.right[of])
    matrix = confusion(answers.truth[of], answers.predicted[of], len(answers.classes))
    return {
        "rows": int(of.sum()),
        "positive": int(scores.support[1]),
        "precision": _rounded(scores.precision[1]),
        "recall": _rounded(scores.recall[1]),
        "f1": _rounded(scores.f1[1]),
        "calibration_error": _rounded(reliability(probability, happened).error),
        "mean_absolute_error": _rounded(np.abs(answers.score[of] - answers.right[of]).mean()),
        # Needs no threshold: whether what teaches more gets the higher score.
        "rank_correlation": None if order is None else _rounded(order),
        "confusion": matrix.tolist(),
    }


def _each(rows: pa.Table, column: str) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    values = np.array([value or NO_LANGUAGE for value in rows[column].to_pylist()])
    for value in np.unique(values).tolist():
        yield value, values == value


def _rounded(number: float) -> float:
    return round(float(number), 4)
