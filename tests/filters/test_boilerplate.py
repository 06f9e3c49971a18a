from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from filters import join_paragraphs, on_site, paragraphs, site_keys

LONG = "Click here to download the full example code"


def test_paragraphs_are_what_blank_lines_separate():
    found = paragraphs(pa.array([f"one\nline\n\n{LONG}", "", LONG.upper() + "!"]))
    assert found.text.to_pylist() == ["one\nline", LONG, "", LONG.upper() + "!"]
    assert found.owner.tolist() == [0, 0, 1, 2]


def test_case_and_punctuation_do_not_make_another_paragraph_but_words_do():
    found = paragraphs(pa.array([LONG, LONG.upper() + "!", LONG.replace("example", "sample")]))
    assert found.key[0] == found.key[1] != found.key[2]


def test_short_paragraphs_have_no_key():
    assert paragraphs(pa.array(["See also", "관련 항목", "1 2 3 4 5 6 7"])).key.tolist() == [
        0,
        0,
        0,
    ]


def test_no_paragraph_of_code_has_a_key():
    text = f"{LONG}\n\n```\n{LONG}\n\n{LONG}\n\n{LONG}\n```\n\n{LONG}"
    keys = paragraphs(pa.array([text, LONG])).key
    assert (keys > 0).tolist() == [True, False, False, False, True, True]


def test_a_paragraph_of_another_site_is_another():
    sites, key = site_keys(["a", "b", "a"]), paragraphs(pa.array([LONG])).key
    assert sites[0] == sites[2] != sites[1]
    assert on_site(sites[:1], key)[0] != on_site(sites[1:2], key)[0]


@given(st.lists(st.lists(st.text("ab\n", max_size=5), max_size=4), max_size=4), st.randoms())
def test_what_stays_is_joined_as_it_was(texts, random):
    joined = ["\n\n".join(parts) for parts in texts]
    found = paragraphs(pa.array(joined, pa.string()))
    everything = np.ones(len(found.owner), bool)
    assert join_paragraphs(found, everything, len(joined)).to_pylist() == joined
    stays = np.array([random.random() < 0.5 for _ in found.owner], bool)
    expected = [
        "\n\n".join(
            t
            for t, o, s in zip(found.text.to_pylist(), found.owner, stays, strict=True)
            if s and o == row
        )
        for row in range(len(joined))
    ]
    assert join_paragraphs(found, stays, len(joined)).to_pylist() == expected
