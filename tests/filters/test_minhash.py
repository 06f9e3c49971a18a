from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import (
    ENGINES,
    PLACES,
    Units,
    band_keys,
    bands_and_rows,
    set_signatures,
    shingles,
    similarity,
    text_signatures,
    units,
)
from filters.minhash import SHINGLE
from records import generator


def as_sets(found: Units) -> list[set[int]]:
    pairs = zip(found.offsets[:-1], found.offsets[1:], strict=True)
    return [set(found.hashes[a:b].tolist()) for a, b in pairs]


def of_sets(*sets) -> Units:
    hashes = np.concatenate([np.array(sorted(s), np.uint64) for s in sets])
    return Units(hashes, np.concatenate([[0], np.cumsum([len(s) for s in sets])]))


TEXTS = st.lists(st.text(st.sampled_from("ab 가나.\n"), max_size=60), max_size=6)


@given(TEXTS)
def test_shingles_are_equal_where_runs_of_units_are(texts):
    found, words = shingles(texts), units(texts)
    known: dict[object, int] = {}
    for row, text in enumerate(texts):
        mine = words.hashes[words.offsets[row] : words.offsets[row + 1]].tolist()
        runs: list[object] = [tuple(mine[i : i + SHINGLE]) for i in range(len(mine) - SHINGLE + 1)]
        runs = runs or [text]
        hashes = found.hashes[found.offsets[row] : found.offsets[row + 1]].tolist()
        assert len(hashes) == len(runs)
        for run, number in zip(runs, hashes, strict=True):
            assert known.setdefault(run, number) == number
    assert len(set(known.values())) == len(known)


def test_short_texts_are_compared_exactly():
    texts = ["a red car", "a red bus", "5 - 3 = 2", "5 + 3 = 2", "", " ", "?", "a red car"]
    signatures = text_signatures(texts)
    alike = [
        [one, other]
        for one in range(len(texts))
        for other in range(one)
        if similarity(signatures[[one]], signatures[[other]])[0] > 0.5
    ]
    assert alike == [[7, 0]]


def plain_signature(hashes: set[int]) -> list[int]:
    """Each place is the least value of its permutation."""
    random = generator(0, "minhash")
    factors = random.integers(0, 1 << 31, PLACES, dtype=np.uint32).astype(int) * 2 + 1
    terms = random.integers(0, 1 << 32, PLACES, dtype=np.uint32).astype(int)
    return [
        min((int(a) * (h >> 32) + int(b)) % (1 << 32) for h in hashes)
        for a, b in zip(factors, terms, strict=True)
    ]


@given(st.lists(st.sets(st.integers(0, 2**64 - 1), min_size=1, max_size=8), min_size=1, max_size=4))
def test_signatures_equal_plain_minhash(sets):
    assert set_signatures(of_sets(*sets)).tolist() == [plain_signature(s) for s in sets]


@settings(max_examples=40)
@given(st.integers(1, 400), st.floats(0, 1), st.integers(0, 2**32))
def test_the_share_of_equal_places_estimates_the_jaccard_index(size, shared, seed):
    random = np.random.default_rng(seed)
    everything = random.integers(0, 2**64, 2 * size, dtype=np.uint64)
    same = int(shared * size)
    one, other = (
        everything[:size],
        np.concatenate([everything[:same], everything[size:][same:size]]),
    )
    jaccard = len(set(one) & set(other)) / len(set(one) | set(other))
    for engine in ENGINES:
        signatures = set_signatures(of_sets(set(one), set(other)), engine)
        estimate = similarity(signatures[:1], signatures[1:])[0]
        # Five sigma of a binomial of PLACES draws.
        assert abs(estimate - jaccard) <= 5 * np.sqrt(0.25 / PLACES)


def test_the_engines_differ_in_numbers_and_agree_in_what_is_alike():
    sets = of_sets(set(range(0, 2**60, 2**54)), set(range(0, 2**60, 2**54)), {1 << 40})
    for engine in ENGINES:
        found = set_signatures(sets, engine)
        assert similarity(found[:1], found[1:2])[0] == 1
        assert similarity(found[:1], found[2:])[0] < 0.1


def test_a_large_set_is_signed_in_blocks():
    large = np.arange(10_000, dtype=np.uint64) << np.uint64(32)
    whole = set_signatures(Units(large, np.array([0, len(large)])))
    halves = set_signatures(Units(large, np.array([0, 5000, len(large)])))
    assert np.array_equal(whole[0], halves.min(axis=0))


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.9, 1.0])
def test_bands_find_nearly_all_pairs_at_the_threshold(threshold):
    bands, rows = bands_and_rows(threshold)
    assert bands * rows <= PLACES
    assert 1 - (1 - threshold**rows) ** bands >= 0.95


def test_a_threshold_that_cannot_be_found_is_refused():
    with pytest.raises(ValueError, match="cannot be found"):
        bands_and_rows(0.001)


def test_bands_have_equal_keys_where_their_rows_are_equal():
    signatures = np.arange(3 * PLACES, dtype=np.uint32).reshape(3, PLACES)
    signatures[1, :7] = signatures[0, :7]
    signatures[2, 7:14] = signatures[0, :7]
    keys = band_keys(signatures, 18, 7)
    assert keys.shape == (3, 18)
    assert keys[0, 0] == keys[1, 0]
    # The same numbers in another band are another key.
    assert len(np.unique(keys)) == keys.size - 1
