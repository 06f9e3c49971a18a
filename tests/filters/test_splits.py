"""Splits that do not leak."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from filters import SPLITS, group, near_duplicate_keys, split

LINE = "The quick brown fox jumps over the lazy dog while thunder rolls across a darkening field"


def union_find(columns):
    parent = list(range(len(columns[0])))

    def root(i):
        return i if parent[i] == i else root(parent[i])

    for column in columns:
        for i, one in enumerate(column):
            for j in range(i):
                if column[j] == one:
                    a, b = sorted((root(i), root(j)))
                    parent[b] = a
    return [root(i) for i in range(len(parent))]


@given(st.lists(st.tuples(*[st.integers(0, 12)] * 3), min_size=1, max_size=30))
def test_groups_are_connected_components_named_by_their_first_row(rows):
    columns = [np.array(c) for c in zip(*rows, strict=True)]
    assert group(columns).tolist() == union_find(columns)


def grouped(*texts):
    return group(list(near_duplicate_keys(texts).T)).tolist()


def test_near_duplicates_are_one_group_in_any_script():
    korean = "물질의 상태는 온도와 압력에 따라 고체와 액체와 기체로 바뀌며 이를 상태 변화라고 한다"
    longer = [f"{t} {t.upper()} " * 3 for t in (LINE, korean)]
    changed = [
        longer[0].replace("darkening", "quiet", 1),
        longer[1].replace("기체로", "기체로도", 1),
    ]
    assert grouped(*longer, *changed) == [0, 1, 0, 1]


def test_different_texts_and_texts_without_words_stay_apart():
    other = "Bread rises because yeast turns sugar into gas, and gluten holds the bubbles that form"
    assert grouped(LINE, other, "", "?!", "one") == [0, 1, 2, 3, 4]


def test_equal_short_texts_are_one_group():
    assert grouped("Yes.", "No.", "yes") == [0, 1, 0]


ROWS = st.lists(st.tuples(st.integers(0, 25), st.sampled_from("abc")), min_size=1, max_size=120)


@given(ROWS, st.randoms())
def test_a_group_is_in_one_split_whatever_the_order_of_the_rows(rows, random):
    ids = [f"{i:03}" for i in range(len(rows))]

    def by_id(order):
        groups = np.array([rows[i][0] for i in order])
        names = split(groups, [rows[i][1] for i in order], [ids[i] for i in order], seed=3)
        return {ids[i]: int(s) for i, s in zip(order, names, strict=True)}

    order = list(range(len(rows)))
    first = by_id(order)
    random.shuffle(order)
    assert by_id(order) == first
    assert len({(g, first[i]) for (g, _), i in zip(rows, ids, strict=True)}) == len(
        {g for g, _ in rows}
    )


def test_every_stratum_has_its_share_in_every_split():
    strata = ["common"] * 900 + ["rare"] * 30
    chosen = split(np.arange(930), strata, [str(i) for i in range(930)], seed=0)
    counts = Counter(zip(strata, (SPLITS[i] for i in chosen), strict=True))
    assert [counts["common", s] for s in SPLITS] == [720, 90, 90]
    assert [counts["rare", s] for s in SPLITS] == [24, 3, 3]
