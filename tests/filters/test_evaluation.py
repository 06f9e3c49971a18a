"""Metrics and calibration against plain references."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import (
    class_scores,
    confusion,
    fit_temperature,
    rank_correlation,
    reliability,
    tempered,
)

PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60)


@given(PAIRS)
def test_scores_of_each_class_equal_counting_by_hand(pairs):
    truth, predicted = zip(*pairs, strict=True)
    scores = class_scores(confusion(truth, predicted, 4))
    for k in range(4):
        both = sum(t == k == p for t, p in pairs)
        named, support = predicted.count(k), truth.count(k)
        assert scores.support[k] == support
        assert scores.precision[k] == (both / named if named else 0)
        assert scores.recall[k] == (both / support if support else 0)
        assert scores.f1[k] == (2 * both / (named + support) if named + support else 0)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80), st.integers(1, 20)
)
def test_the_calibration_error_equals_its_definition(rows, bins):
    expected = 0.0
    for k in range(bins):
        of_bin = [(p, y) for p, y in rows if min(int(p * bins), bins - 1) == k]
        if of_bin:
            gap = np.mean([p for p, _ in of_bin]) - np.mean([y for _, y in of_bin])
            expected += len(of_bin) / len(rows) * abs(gap)
    p, y = zip(*rows, strict=True)
    assert reliability(p, y, bins).error == pytest.approx(expected)


def test_no_rows_have_no_calibration_error():
    assert reliability([], []).error == 0


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=40))
def test_rank_correlation_is_that_of_the_mean_ranks(pairs):
    def ranks(values):
        return [np.mean([i for i, w in enumerate(sorted(values), 1) if w == v]) for v in values]

    one, other = (list(c) for c in zip(*pairs, strict=True))
    found = rank_correlation(one, other)
    if len(set(one)) == 1 or len(set(other)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(np.corrcoef(ranks(one), ranks(other))[0, 1])


def drawn(temperature, rows=4000):
    """Probabilities that claim more than they know: the truth is drawn at another temperature."""
    random = np.random.default_rng(7)
    claimed = random.dirichlet([0.7] * 4, rows).clip(1e-4)
    claimed /= claimed.sum(axis=1, keepdims=True)
    true = tempered(claimed, temperature)
    return claimed, (random.random((rows, 1)) > true.cumsum(axis=1)).sum(axis=1).clip(max=3)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_made_the_labels_is_found(temperature):
    assert fit_temperature(*drawn(temperature)) == pytest.approx(temperature, rel=0.1)


def test_no_temperature_on_a_grid_is_better():
    claimed, labels = drawn(1.7, rows=300)

    def loss(temperature):
        return -np.log(tempered(claimed, temperature)[np.arange(300), labels]).mean()

    best = loss(fit_temperature(claimed, labels))
    assert all(best <= loss(t) + 1e-9 for t in np.geomspace(0.06, 15, 60))


def test_calibration_lowers_the_error_and_keeps_the_order():
    claimed, labels = drawn(2.5)
    honest = tempered(claimed, fit_temperature(claimed, labels))
    assert (honest.argmax(axis=1) == claimed.argmax(axis=1)).all()
    assert honest.sum(axis=1) == pytest.approx(1)
    errors = [reliability(p[:, 0], labels == 0).error for p in (claimed, honest)]
    assert errors[1] < errors[0] / 2


def test_without_rows_nothing_is_calibrated():
    assert fit_temperature(np.zeros((0, 3)), []) == 1
