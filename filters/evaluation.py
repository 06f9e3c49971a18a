"""How good a classifier is, and whether its probabilities mean what they say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: fastText adds this to every probability before it takes the logarithm.
SMALLEST = 1e-5
#: Temperatures that are looked for lie between this and its inverse.
MIN_TEMPERATURE = 0.05
#: Halvings of that range: the temperature is exact to a double's last digits.
_STEPS = 60
#: Bins of the expected calibration error, of equal width.
BINS = 10


@dataclass(frozen=True)
class ClassScores:
    """Per class, as arrays of one length; 0 where there is nothing to divide by."""

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    #: How many rows truly are of the class.
    support: NDArray[np.int64]


@dataclass(frozen=True)
class Reliability:
    """Bins of predicted probability, empty ones left out."""

    #: The mean probability that was predicted, and the share that was true.
    predicted: NDArray[np.float64]
    true: NDArray[np.float64]
    count: NDArray[np.int64]

    @property
    def error(self) -> float:
        """Expected calibration error (Naeini et al. 2015), 0..1; 0: every bin tells the truth."""
        rows = int(self.count.sum())
        gaps = np.abs(self.predicted - self.true)
        return float((gaps * self.count).sum() / rows) if rows else 0.0


def confusion(truth: ArrayLike, predicted: ArrayLike, classes: int) -> NDArray[np.int64]:
    """How often each class (row) was taken for each (column); both are indexes of classes."""
    pairs = np.asarray(truth, np.int64) * classes + np.asarray(predicted, np.int64)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def class_scores(matrix: NDArray[np.int64]) -> ClassScores:
    """Precision, recall and F1 of each class of a confusion matrix."""
    right = np.diag(matrix)
    support, named = matrix.sum(axis=1), matrix.sum(axis=0)
    return ClassScores(
        _ratio(right, named), _ratio(right, support), _ratio(2 * right, support + named), support
    )


def reliability(probability: ArrayLike, happened: ArrayLike, bins: int = BINS) -> Reliability:
    """How often what was predicted with each probability came true."""
    p, true = np.asarray(probability, np.float64), np.asarray(happened, np.float64)
    place = np.clip((p * bins).astype(np.int64), 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    some = count > 0
    return Reliability(
        np.bincount(place, p, bins)[some] / count[some],
        np.bincount(place, true, bins)[some] / count[some],
        count[some],
    )


def rank_correlation(one: ArrayLike, other: ArrayLike) -> float | None:
    """Spearman's, -1..1, ties ranked in their middle; None where one of them never changes."""
    x, y = _ranks(np.asarray(one)), _ranks(np.asarray(other))
    spread = np.sqrt((x * x).sum() * (y * y).sum())
    return float((x * y).sum() / spread) if spread else None


def tempered(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Probabilities, shape (rows, classes), raised to 1 / temperature; each row sums to 1."""
    logits = np.log(np.maximum(probabilities, SMALLEST)) / temperature
    scaled = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    return scaled / scaled.sum(axis=1, keepdims=True)


def fit_temperature(probabilities: NDArray[np.float64], labels: ArrayLike) -> float:
    """The temperature under which `labels`, indexes of columns, are most probable.

    Guo et al. 2017, "On Calibration of Modern Neural Networks". The loss is convex
    in 1 / temperature, so its slope is halved down to zero. Without rows: 1.
    """
    truth = np.asarray(labels, np.int64)
    if not len(truth):
        return 1.0
    logits = np.log(np.maximum(probabilities, SMALLEST))
    of_truth = logits[np.arange(len(truth)), truth].mean()
    low, high = MIN_TEMPERATURE, 1 / MIN_TEMPERATURE
    for _ in range(_STEPS):
        inverse = (low + high) / 2
        expected = (tempered(probabilities, 1 / inverse) * logits).sum(axis=1).mean()
        low, high = (inverse, high) if expected < of_truth else (low, inverse)
    return 2 / (low + high)


def _ranks(values: NDArray) -> NDArray[np.float64]:
    """Ranks around their mean, which is 0."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks - (len(values) + 1) / 2


def _ratio(over: NDArray, under: NDArray) -> NDArray[np.float64]:
    return np.divide(over, under, out=np.zeros(len(under)), where=np.asarray(under) > 0)
