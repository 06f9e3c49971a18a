"""Texts as the quality models read them, and what their answers say."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import FIELDS, GRADES, expectation, quality_text, stem_probability, tempered
from filters.quality import MAX_CHARACTERS


def words(text):
    return quality_text(pa.array([text], pa.string()))[0].as_py()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Newton's <b>Second</b> Law", "newton s second law"),
        ("See https://a.example/x?y and /usr/share/doc/x or C:\\temp.", "see and or"),
        ("3.14 apples, 1,000 pears", "0 0 apples 0 0 pears"),
        ("물은 100도에서 끓는다.", "물 은 0 도 에 서 끓 는 다"),
        ("水は沸騰する", "水 は 沸 騰 す る"),
        ("Nước sôi ở 100 độ", "nước sôi ở 0 độ"),
        ("Text.\n```\ncode = 1\n```\nMore.", "text more"),
        ("?!", ""),
    ],
)
def test_what_tells_the_source_rather_than_the_subject_is_gone(text, read):
    assert words(text) == read


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=200))
def test_what_is_read_is_one_line_with_single_blanks(text):
    once = words(text)
    assert "\n" not in once
    assert once == once.strip()
    assert "  " not in once


def test_a_long_line_is_read_to_its_limit_only():
    assert len(words("a" * 5_000_000)) == MAX_CHARACTERS


@given(rows=st.integers(1, 40), seed=st.integers(0, 2**32 - 1))
def test_a_row_has_the_same_score_alone_and_among_others(rows, seed):
    made = np.random.default_rng(seed)

    def grades(raw):
        return expectation(tempered(raw, 0.7), GRADES)

    def stem(raw):
        return stem_probability(tempered(raw, 0.7), FIELDS)

    for score, classes in ((grades, len(GRADES)), (stem, len(FIELDS))):
        raw = made.dirichlet(np.ones(classes), rows)
        alone = [score(raw[i : i + 1])[0] for i in range(rows)]
        assert np.array_equal(score(raw), alone)


def test_an_expectation_lies_between_the_values_that_are_possible():
    assert expectation(np.array([[0.0, 1.0], [0.25, 0.75]]), [0, 5]).tolist() == [5.0, 3.75]
