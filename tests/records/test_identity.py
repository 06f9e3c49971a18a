from __future__ import annotations

import statistics

from hypothesis import given
from hypothesis import strategies as st

from records import digest, digest_json, generator, uniform


@given(st.lists(st.text()), st.lists(st.text()))
def test_different_fields_have_different_hashes(a, b):
    assert (digest(*a) == digest(*b)) == (a == b)


def test_none_and_empty_differ():
    assert len({digest(None), digest(""), digest(), digest(None, None)}) == 4


def test_lone_surrogates_are_hashed():
    assert digest("\ud800") != digest("\ud801")


def test_the_hash_is_the_same_on_every_machine():
    assert digest("가나다", b"\x00", None) == "aadf034a152df9152373cdc167f6cd16"


def test_json_hash_ignores_the_order_of_keys():
    assert digest_json({"a": 1, "b": [2]}) == digest_json({"b": [2], "a": 1})


def test_uniform_is_uniform_and_repeats():
    values = [uniform(1, str(i)) for i in range(4000)]
    assert values == [uniform(1, str(i)) for i in range(4000)]
    assert all(0 <= v < 1 for v in values)
    assert abs(statistics.mean(values) - 0.5) < 0.02


def test_generators_differ_by_key_and_seed():
    draws = {tuple(generator(s, k).integers(0, 1000, 4)) for s in (0, 1) for k in ("a", "b")}
    assert len(draws) == 4
    assert generator(0, "a").integers(0, 1000) == generator(0, "a").integers(0, 1000)
