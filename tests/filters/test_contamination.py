from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import find_items, index_items
from filters.contamination import MAX_ITEMS, NGRAM

QUESTION = (
    "A train leaves the station at noon and travels north at sixty miles an hour; "
    "how far has it gone when the second train, which left at one, has gone ninety miles?"
)
KOREAN = "어떤 삼각형의 세 변의 길이가 각각 삼, 사, 오일 때 이 삼각형의 넓이는 얼마인지 구하고 그 까닭을 쓰시오."


def matches(items, texts, share=0.5):
    found = find_items(index_items(items), texts, share)
    pairs = zip(found.text.tolist(), found.item.tolist(), found.share.tolist(), strict=True)
    return [(text, item, round(value, 3)) for text, item, value in pairs]


def test_a_page_that_quotes_a_question_has_it():
    page = f"Solutions to exercises. {QUESTION.upper()} The answer follows. " * 2
    assert matches([KOREAN, QUESTION], ["nothing of it", page]) == [(1, 1, 1.0)]


def test_a_korean_question_is_found_whatever_its_spaces():
    assert matches([KOREAN], [KOREAN.replace(" ", "")]) == [(0, 0, 1.0)]


def test_half_a_question_is_a_share_of_it():
    half = " ".join(QUESTION.split()[: len(QUESTION.split()) // 2 + 6])
    ((_, _, share),) = matches([QUESTION], [half], 0.1)
    assert 0.2 < share < 0.6
    assert matches([QUESTION], [half], 0.9) == []


def test_a_short_question_is_in_no_text():
    short = "What is the difference between the highest and the lowest bar?"
    assert matches([short], [f"{short} {short}"]) == []


ASKS = " Answer with the letter of the option that is right, and with nothing else at all, please."


def test_what_all_items_say_finds_none_of_them():
    items = [
        f"Which of these {n} numbers is it, and how is it found in {n} steps at most? {n} {ASKS}"
        for n in range(MAX_ITEMS + 10)
    ]
    assert matches(items, [ASKS * 3]) == []
    assert (0, 7, 1.0) in matches(items, [items[7]])


def test_an_item_that_is_mostly_what_all_say_is_not_found_by_the_rest():
    items = [f"{ASKS} {ASKS} {n}?" for n in range(MAX_ITEMS + 10)]
    assert matches(items, [f"{ASKS} {ASKS} 7?"]) == []


def test_a_passage_that_many_questions_are_about_is_found():
    items = [f"{QUESTION} What is the answer to part {n}?" for n in range(30)]
    assert len(matches(items, [QUESTION])) == 30


def test_an_item_that_is_listed_many_times_is_found():
    assert (0, 0, 1.0) in matches([QUESTION] * 40, [QUESTION])


@pytest.mark.parametrize("items", [[], [""], ["one two"]])
def test_nothing_is_found_of_nothing(items):
    assert matches(items, ["some text of a few words", ""]) == []
    assert matches([QUESTION], []) == []


WORDS = st.lists(st.sampled_from("abc"), max_size=3 * NGRAM).map(" ".join)


@given(st.lists(WORDS, max_size=4), st.lists(WORDS, max_size=4), st.floats(0.01, 1))
def test_matches_are_those_of_plain_sets(items, texts, share):
    def ngrams(text):
        words = text.split()
        return {tuple(words[i : i + NGRAM]) for i in range(len(words) - NGRAM + 1)}

    expected = [
        (t, i, round(len(ngrams(item) & ngrams(text)) / len(ngrams(item)), 3))
        for t, text in enumerate(texts)
        for i, item in enumerate(items)
        if ngrams(item) and len(ngrams(item) & ngrams(text)) / len(ngrams(item)) >= share
    ]
    assert matches(items, texts, share) == expected
