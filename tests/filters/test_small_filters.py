"""Normalised text, prose, lengths, strata."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import (
    LENGTH_CLASSES,
    cell,
    deal,
    estimate_tokens,
    first_ranks,
    length_class,
    normalise_text,
    prose,
)
from records import digest


def normal(text):
    return normalise_text(pa.array([text]))[0].as_py()


def test_white_space_case_and_composition_do_not_matter():
    assert normal("  The\tCAFE\u0301\n\u3000is \u00a0open ") == "the café is open"
    assert normal("\u1112\u1161\u11ab") == "한"


@pytest.mark.parametrize(("one", "two"), [("5 - 3", "5 + 3"), ("x²", "x2"), ("a,b", "ab")])
def test_what_means_something_stays(one, two):
    assert normal(one) != normal(two)


def test_prose_has_no_code_no_tables_and_no_formulas():
    text = (
        "## Before.\n\n```\nfor x in y: pass\n```\n\nBetween.\n\n| a | b |\n| --- | --- |\n\n"
        "It costs $5 or $6, $x_{1}$ or $$\n\\frac{1}{2}\n$$ of it. After ``` open"
    )
    words = prose(pa.array([text]))[0].as_py().split()
    assert words == [
        "Before.",
        "Between.",
        "It",
        "costs",
        "$5",
        "or",
        "$6,",
        "or",
        "of",
        "it.",
        "After",
    ]


def test_korean_takes_more_tokens_a_character_than_english():
    texts, languages = pa.array(["x" * 420] * 3), pa.array(["en", "ko", None])
    tokens = estimate_tokens(texts, languages)
    assert tokens[0] == 100
    assert tokens[1] > tokens[2] > tokens[0]


def test_the_length_class_is_the_smallest_context_that_fits():
    tokens = [0, 1024, 1025, 262_144, 10**9]
    assert length_class(tokens).tolist() == [1024, 1024, 2048, 262_144, LENGTH_CLASSES[-1]]


@given(
    st.lists(st.sampled_from(["a", "b", "c", "rare"]), min_size=1, max_size=300), st.integers(1, 9)
)
def test_shards_are_equal_and_each_a_slice_of_the_whole(strata, shards):
    keys = [digest(str(i)) for i in range(len(strata))]
    dealt = deal_all(strata, keys, shards)
    sizes = Counter(dict.fromkeys(range(shards), 0) | Counter(dealt))
    assert max(sizes.values()) - min(sizes.values()) <= 1
    for name in set(strata):
        of_stratum = [d for d, s in zip(dealt, strata, strict=True) if s == name]
        counts = [of_stratum.count(shard) for shard in range(shards)]
        assert max(counts) - min(counts) <= 1


@given(
    st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=200), st.integers(1, 5), st.randoms()
)
def test_dealing_by_cells_equals_sorting_everything(strata, shards, random):
    keys = [digest(str(i)) for i in range(len(strata))]
    order = sorted(range(len(keys)), key=lambda i: (strata[i], keys[i]))
    expected = {i: rank % shards for rank, i in enumerate(order)}
    shuffled = list(range(len(keys)))
    random.shuffle(shuffled)
    dealt = deal_all([strata[i] for i in shuffled], [keys[i] for i in shuffled], shards)
    assert dict(zip(shuffled, dealt, strict=True)) == expected


def deal_all(strata, keys, shards):
    cells = [cell(s, k) for s, k in zip(strata, keys, strict=True)]
    first = first_ranks(Counter(cells))
    dealt = np.full(len(keys), -1)
    for name in set(cells):
        rows = [i for i, c in enumerate(cells) if c == name]
        dealt[rows] = deal([keys[i] for i in rows], first[name], shards)
    return dealt.tolist()
