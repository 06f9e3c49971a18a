"""Preferred rows, repeats, and tiers."""

from __future__ import annotations

import numpy as np
import pytest

from filters import PRIORITIES, RepeatRule, preference, quality_tiers, repeats, stratum

NAN = np.nan


def scored(**given):
    length = len(next(iter(given.values())))
    return {name: np.array(given.get(name, [NAN] * length)) for name in PRIORITIES}


def test_the_best_are_twice_as_likely_and_the_worst_half_as_likely():
    factors = preference(scored(education=[0.0, 2.5, 5.0, NAN, 9.0]), 1.0)
    assert factors == pytest.approx([0.5, 1, 2, 1, 2])


def test_what_a_row_has_of_scores_is_averaged():
    both = scored(education=[5.0, 5.0], visual_complexity=[0.0, NAN])
    assert preference(both, 1.0) == pytest.approx([1, 2])


def test_no_preference_is_the_rule_alone():
    assert preference(scored(quality=[0.0, 1.0]), 0.0).tolist() == [1, 1]


def test_repeats_add_up_to_the_most():
    rules = [RepeatRule("education", 3.5), RepeatRule("stem", 0.5, add=2)]
    scores = {
        "education": np.array([3.4, 3.5, NAN, 5.0]),
        "stem": np.array([NAN, 0.4, 0.5, 1.0]),
    }
    assert repeats(scores, rules, 3).tolist() == [1, 2, 3, 3]
    assert repeats(scores, rules, 1).tolist() == [1, 1, 1, 1]
    assert repeats(scores, [], 3).tolist() == [1, 1, 1, 1]


def test_the_first_score_that_a_row_has_decides_its_tier():
    scores = {
        "education": np.array([1.4, 1.5, 3.0, NAN, NAN]),
        "quality": np.array([1.0, 1.0, 0.0, 0.5, NAN]),
    }
    limits = {"education": (1.5, 3.0), "quality": (0.3, 0.6)}
    assert np.array_equal(quality_tiers(scores, limits), [0, 1, 2, 1, NAN], equal_nan=True)


def test_a_stratum_names_bucket_language_length_and_tier():
    assert (
        stratum("text", "ko", {"length_class": 2048.0, "quality_tier": 2.0}) == "text.ko.2048.high"
    )
    assert stratum("ocr", None, {}) == "ocr.None.0.none"
