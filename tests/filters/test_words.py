from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import units
from filters.words import CHUNK

#: Letters that are units of their own, as a pattern.
SINGLE = r"[\u0e00-\u0eff\u3041-\u312f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff]"


def reference(text: str) -> list[str]:
    """What units are, in plain Python."""
    text = unicodedata.normalize("NFC", text)
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    found = re.findall(rf"{SINGLE}|(?:(?!{SINGLE})[\w\u0300-\u036f])+", text)
    return ["".join(c.lower()[0] for c in word) for word in found]


def lists(texts):
    found = units(texts)
    pairs = zip(found.offsets[:-1], found.offsets[1:], strict=True)
    return [found.hashes[a:b].tolist() for a, b in pairs]


LETTERS = "abAB_1é가나다学校かのไ -.,\n\u200b\u00ad\u0301…🙂"


@given(st.lists(st.text(st.sampled_from(LETTERS), max_size=30), max_size=6))
def test_units_are_equal_where_plain_words_are(texts):
    hashes, words = lists(texts), [reference(text) for text in texts]
    assert [len(h) for h in hashes] == [len(w) for w in words]
    of_word: dict[str, int] = {}
    for h, w in zip(hashes, words, strict=True):
        for number, word in zip(h, w, strict=True):
            assert of_word.setdefault(word, number) == number
    assert len(set(of_word.values())) == len(of_word)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello, World", "hello world!"),
        ("caf\u00e9", "cafe\u0301"),
        ("가", "\u1100\u1161"),
        ("he\u200bllo wor\u00adld", "hello world"),
        ("학교에 간다", "학교 에간다"),
    ],
)
def test_what_looks_the_same_is_the_same(one, other):
    assert lists([one]) == lists([other])


def test_a_text_is_read_the_same_alone_and_among_others():
    texts = ["one two", "", "세 단어", "x " * CHUNK, "four"]
    assert lists(texts) == [lists([text])[0] for text in texts]


def test_a_text_longer_than_a_chunk_keeps_its_words():
    text = "word " * (CHUNK // 2)
    found = units([text])
    # A word that lies across the end of a chunk is cut.
    assert abs(int(found.counts[0]) - CHUNK // 2) <= 3


def test_no_texts_have_no_units():
    assert units([]).offsets.tolist() == [0]
    assert units(["", " \n"]).counts.tolist() == [0, 0]
