"""Which rows are worth more: a higher chance to stay, and more passes over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Scores by which rows are preferred, with the values that are worst and best.
PRIORITIES = {"education": (0.0, 5.0), "quality": (0.0, 1.0), "visual_complexity": (0.0, 1.0)}

#: Score -> its value in every row, NaN where a row has none.
Scores = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class RepeatRule:
    """A row whose `score` is `at_least` so much is shown `add` times more."""

    score: str
    at_least: float
    add: int = 1


def preference(scores: Scores, doublings: float) -> NDArray[np.float64]:
    """What a row's chance is multiplied by: 2^-doublings (worst) to 2^doublings (best).

    The mean of what it has of `PRIORITIES`, each on a scale from -1 to 1; a row
    that has none is in the middle, 1. `scores` needs all of `PRIORITIES`.
    """
    scaled = []
    for name, (worst, best) in PRIORITIES.items():
        share = np.clip((scores[name] - worst) / (best - worst), 0.0, 1.0)
        scaled.append(2.0 * share - 1.0)
    known = ~np.isnan(scaled)
    total = np.where(known, scaled, 0.0).sum(axis=0)
    mean = total / np.maximum(known.sum(axis=0), 1)
    return np.asarray(2.0 ** (doublings * mean))


def repeats(scores: Scores, rules: Sequence[RepeatRule], most: int) -> NDArray[np.int64]:
    """How many times each row is shown in an epoch: 1 and what the rules add, up to `most`."""
    length = len(next(iter(scores.values())))
    count = np.ones(length, np.int64)
    for rule in rules:
        # Nothing is at least NaN.
        count += rule.add * (scores[rule.score] >= rule.at_least)
    return np.minimum(count, most)
