"""Texts as the quality models read them."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import quality_text
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
