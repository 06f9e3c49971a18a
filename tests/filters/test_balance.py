"""The rule of balancing, against the plain one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from filters import balance, draws, entity_keys, row_keys

ROWS = st.lists(st.lists(st.sampled_from("abcdefg"), unique=True, max_size=4), max_size=40)


def plain(rows, cap, seed=0):
    """The rule as the paper has it: which rows stay."""
    counts = {}
    for named in rows.values():
        for entity in named:
            counts[entity] = counts.get(entity, 0) + 1
    stays = []
    for row, named in rows.items():
        if not named:
            stays.append(row)
        for entity in named:
            chance = min(1, cap / counts[entity])
            if draw(seed, row, entity) < chance:
                stays.append(row)
                break
    return stays


def draw(seed, row, entity):
    key = entity_keys(pa.array([[entity]]), pa.array(["en"]))
    return draws(row_keys(seed, [row]), key)[0]


def run(rows, cap, seed=0, languages=None):
    lists = pa.array(list(rows.values()), pa.list_(pa.string()))
    keys = entity_keys(lists, pa.array(languages or ["en"] * len(rows), pa.string()))
    _, place, counts = np.unique(keys, return_inverse=True, return_counts=True)
    offsets = lists.offsets.to_numpy()
    return balance(row_keys(seed, list(rows)), offsets, keys, counts[place], cap)


@given(ROWS, st.integers(1, 10), st.integers(0, 3))
def test_it_is_the_rule_of_the_paper(entities, cap, seed):
    rows = {f"row{i}": named for i, named in enumerate(entities)}
    verdict = run(rows, cap, seed)
    assert [row for row, stays in zip(rows, verdict.stays, strict=True) if stays] == plain(
        rows, cap, seed
    )


@given(ROWS, st.integers(1, 10))
def test_a_row_leaves_by_the_entity_that_came_nearest(entities, cap):
    rows = {f"row{i}": named for i, named in enumerate(entities)}
    verdict = run(rows, cap)
    flat = [entity for named in entities for entity in named]
    for (row, named), stays, entity, chance, drawn in zip(
        rows.items(), verdict.stays, verdict.entity, verdict.chance, verdict.drawn, strict=True
    ):
        assert (entity == -1) == (not named)
        if named:
            assert stays == (drawn < chance)
            assert flat[entity] in named
            assert drawn == draw(0, row, flat[entity])
            margins = [min(1, cap / flat.count(e)) - draw(0, row, e) for e in named]
            assert chance - drawn == max(margins)


@given(ROWS, st.integers(1, 9))
def test_a_higher_cap_keeps_all_that_a_lower_one_keeps(entities, cap):
    rows = {f"row{i}": named for i, named in enumerate(entities)}
    assert not (run(rows, cap).stays & ~run(rows, cap + 1).stays).any()


def test_the_head_is_flattened_and_the_tail_stays():
    # Counts as names have them: the k-th most frequent is named n / k times.
    count, cap, top = 60_000, 500, 400
    rng = np.random.default_rng(1)
    weights = 1 / np.arange(1, top + 1)
    named = rng.choice(top, count, p=weights / weights.sum())
    rows = {f"row{i}": [f"e{n}"] for i, n in enumerate(named)}
    before = np.bincount(named, minlength=top)
    after = np.bincount(named[run(rows, cap).stays], minlength=top)
    tail = before <= cap
    assert before.max() > 15 * cap and tail.sum() > 300
    assert (after[tail] == before[tail]).all()
    # A binomial of mean `cap` is within five standard deviations.
    assert (np.abs(after[~tail] - cap) < 5 * np.sqrt(cap)).all()


def test_draws_are_uniform_and_those_of_a_row_are_independent():
    rows = row_keys(0, [f"row{i}" for i in range(20_000)])
    keys = entity_keys(pa.array([["a", "b"]]), pa.array(["en"]))
    one, other = (draws(rows, np.repeat(key, len(rows))) for key in keys)
    for drawn in (one, other):
        assert drawn.min() >= 0 and drawn.max() < 1
        assert np.abs(np.histogram(drawn, 20, (0, 1))[0] - 1000).max() < 5 * np.sqrt(1000)
    assert abs(np.corrcoef(one, other)[0, 1]) < 5 / np.sqrt(len(rows))


def test_each_language_has_counts_of_its_own():
    rows = {f"row{i}": ["nasa"] for i in range(300)}
    verdict = run(rows, 20, languages=["en"] * 280 + ["ko"] * 20)
    assert verdict.stays[280:].all()
    assert verdict.stays[:280].sum() < 60


def test_another_seed_keeps_other_rows():
    rows = {f"row{i}": ["nasa"] for i in range(300)}
    assert (run(rows, 100, seed=1).stays != run(rows, 100, seed=2).stays).any()


def test_a_slice_of_the_rows_is_decided_as_the_whole():
    lists = pa.array([["a", "b"], [], ["a"], ["c"], ["a", "c"]]).slice(1)
    keys = entity_keys(lists, pa.array(["en"] * 4))
    verdict = balance(row_keys(0, "bcde"), lists.offsets.to_numpy(), keys, np.full(4, 9), 3)
    whole = balance(row_keys(0, "bcde"), [0, 0, 1, 2, 4], keys, np.full(4, 9), 3)
    assert (verdict.stays == whole.stays).all() and (verdict.entity == whole.entity).all()


def test_no_rows_are_no_verdicts():
    assert run({}, 5).stays.tolist() == []
