from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from filters import cluster_texts, find_stars
from filters.near_duplicates import MAX_STARS

WORDS = [f"word{n}" for n in range(3000)]


def page(seed: int, words: int = 200) -> list[str]:
    return np.random.default_rng(seed).choice(WORDS, words).tolist()


def changed(words: list[str], count: int, seed: int = 0) -> list[str]:
    random = np.random.default_rng(seed)
    copy = list(words)
    for place in random.choice(len(words), count, replace=False):
        copy[place] = f"other{place}"
    return copy


def clusters(*texts, threshold=0.8):
    joined = [t if isinstance(t, str) else " ".join(t) for t in texts]
    return cluster_texts(joined, threshold).tolist()


def test_copies_are_one_cluster_and_others_are_not():
    one, other = page(1), page(2)
    assert clusters(one, other, changed(one, 2), changed(other, 1), page(3)) == [0, 1, 0, 1, 4]


def test_the_threshold_decides():
    one = page(1)
    assert clusters(one, changed(one, 8)) == [0, 1]
    assert clusters(one, changed(one, 8), threshold=0.5) == [0, 0]


def test_a_chain_of_copies_is_one_cluster():
    pages = [page(1)]
    for step in range(6):
        pages.append(changed(pages[-1], 2, seed=step))
    assert clusters(pages[-1], *pages) == [0] * 8


def test_korean_copies_with_other_particles_are_found():
    text = (
        "학교는 학생이 배우는 곳이다. 선생님은 학생에게 지식을 가르치고, 학생은 책을 읽으며 생각을 키운다. "
        "도서관에는 여러 나라의 책이 있고, 운동장에서는 아이들이 공을 찬다. 점심시간이 되면 식당은 붐빈다. "
        "오후에는 과학실에서 실험을 하고 그 결과를 공책에 적는다. 수업이 끝나면 청소를 하고 집으로 돌아간다."
    )
    copy = text.replace("학교는", "학교가").replace("지식을", "지식도").replace("식당은", "식당이")
    assert text != copy
    assert clusters(text, copy, "다른 문서는 다른 이야기를 한다. " * 8) == [0, 0, 2]


def test_no_distinct_short_captions_are_merged():
    captions = ["a red car", "a red bus", "two dogs", "map of France", "", "고양이", "개"]
    assert clusters(*captions) == list(range(len(captions)))


def test_right_to_left_and_mixed_scripts_are_texts_like_others():
    arabic = "هذا نص عربي طويل يتحدث عن القراءة والكتابة في المدرسة وعن الكتب الجديدة " * 2
    mixed = "이 문서는 Python 코드와 日本語 문장을 함께 설명하는 튜토리얼 페이지 입니다 그리고 더 "
    assert clusters(arabic, mixed, arabic + "نهاية", mixed + "끝") == [0, 1, 0, 1]


def test_a_flood_of_characters_without_width_hides_no_copy():
    one = " ".join(page(1))
    assert clusters(one, "\u200b".join(one)) == [0, 0]


def test_one_line_of_fifty_megabytes_is_a_text():
    line = "lorem ipsum dolor sit amet " * (50_000_000 // 27)
    assert clusters(line, "short text of some words here", line[27:]) == [0, 1, 0]


def test_no_texts_have_no_clusters():
    assert clusters() == []


@given(st.lists(st.integers(0, 3), max_size=40))
def test_stars_tie_all_that_share_a_key_and_are_similar(values):
    """Keys are equal for all; rows are similar if their values are."""
    array = np.array(values, np.int64)

    def compare(one, other):
        return (array[one] == array[other]).astype(float)

    stars = find_stars(np.zeros((len(values), 1), np.uint64), compare, 0.5)
    first = {}
    for row, value in enumerate(values):
        first.setdefault(value, row)
    tied = dict(zip(stars.member.tolist(), stars.centre.tolist(), strict=True))
    assert tied == {row: first[v] for row, v in enumerate(values) if first[v] != row}
    assert stars.left[0].tolist() == sorted(first.values())


def test_a_bucket_of_many_copies_takes_one_comparison_each():
    compared = 0

    def compare(one, other):
        nonlocal compared
        compared += len(one)
        return np.ones(len(one))

    stars = find_stars(np.zeros((1_000_000, 1), np.uint64), compare, 0.8)
    assert compared == len(stars.member) == 999_999
    assert stars.left[0].tolist() == [0]


def test_a_bucket_of_different_rows_is_given_up_after_some_stars():
    compared = 0

    def compare(one, other):
        nonlocal compared
        compared += len(one)
        return np.zeros(len(one))

    stars = find_stars(np.zeros((10_000, 1), np.uint64), compare, 0.8)
    assert compared <= 10_000 * MAX_STARS
    assert len(stars.left[0]) == 10_000
