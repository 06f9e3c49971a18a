from __future__ import annotations

import json
from collections import Counter

import pytest

from renderers import Refused, choose_style, parse_problem
from renderers.sheet import KINDS, LANGUAGES, VARIANTS
from renderers.sheet.colours import MIN_CONTRAST, contrast
from renderers.sheet.words import SUBJECTS, WORDS, subject_of

#: The default of `bucket.max_pixels`.
MAX_PIXELS = 1_003_520
SHEETS = 1000

KOREAN = parse_problem(
    "함수 $f(x)=x^3-3x$의 극댓값을 $M$, 극솟값을 $m$이라 할 때, $M-m$의 값을 구하시오.\n\n"
    "(단, $x$는 실수이고, 함수는 실수 전체의 집합에서 정의된다. 풀이 과정을 함께 쓰시오. "
    "극값을 가지는 점을 모두 구한 다음 그 값을 비교하시오.)",
    ["$2$", "$3$", "$4$", "$5$", "$6$"],
    lang="ko",
    subject="math",
)


def choose(problem, key, **changes):
    return choose_style(problem, **{"seed": 0, "key": key, "max_pixels": MAX_PIXELS, **changes})


@pytest.fixture(scope="module")
def styles():
    return [choose(KOREAN, str(k)) for k in range(SHEETS)]


def test_a_thousand_sheets_of_one_problem_are_varied(styles):
    layouts = Counter(style.layout for style in styles)
    assert len(layouts) >= 120
    assert layouts.most_common(1)[0][1] <= SHEETS * 0.05
    assert {s.kind for s in styles} == set(KINDS)
    assert {(s.kind, s.variant) for s in styles} == {(k, v) for k in KINDS for v in VARIANTS[k]}
    assert len({s.font for s in styles}) >= 8
    assert len({(s.font, s.heading_font) for s in styles}) >= 20
    assert len({s.palette for s in styles}) >= 800
    assert len({s.palette.paper for s in styles}) >= 100
    assert len({(s.width, s.height) for s in styles}) >= 300
    assert len({s.size for s in styles}) >= 30
    assert {s.scale for s in styles} >= {1.5, 2.0, 2.5, 3.0}
    assert {s.choice_columns for s in styles} == {1, 2, 3, 5}
    assert {s.columns for s in styles} == {1, 2}


def test_text_can_be_told_from_its_paper(styles):
    for style in styles:
        p = style.palette
        assert contrast(p.ink, p.paper) >= 7
        assert min(contrast(c, p.paper) for c in (p.faint, p.accent)) >= MIN_CONTRAST
        assert contrast(p.on_accent, p.accent) >= MIN_CONTRAST


def test_a_style_is_the_same_for_the_same_key_and_plain_json(styles):
    again = [choose(KOREAN, str(k)) for k in reversed(range(50))]
    assert list(reversed(again)) == styles[:50]
    assert json.loads(json.dumps(styles[0].as_json()))["kind"] == styles[0].kind
    assert choose(KOREAN, "1", seed=1) != choose(KOREAN, "1")


def test_korean_choices_are_circled_and_english_ones_are_letters():
    assert choose(KOREAN, "a").labels == tuple("①②③④⑤")
    english = parse_problem("Which?", list("wxyz"), lang="en")
    forms = {choose(english, str(k)).labels for k in range(40)}
    assert forms == {("(A)", "(B)", "(C)", "(D)"), ("A.", "B.", "C.", "D.")}
    assert choose(english, "a").label_names == ("A", "B", "C", "D")


def test_long_choices_stand_below_each_other():
    long = parse_problem("Which?", ["a long answer that takes most of a line, or all of it"] * 4)
    assert {choose(long, str(k)).choice_columns for k in range(100)} == {1}


def test_the_scale_is_the_callers_where_there_is_one():
    assert {choose(KOREAN, str(k), scale=1.25).scale for k in range(50)} == {1.25}


def test_kinds_without_room_for_a_long_problem_are_not_chosen():
    long = parse_problem("가나다라 마바사 아자차카 타파하. " * 60, lang="ko")
    assert {choose(long, str(k)).kind for k in range(60)} == {"exam", "textbook", "worksheet"}


def test_a_problem_that_could_not_be_read_is_refused():
    huge = parse_problem("가나다라 마바사 아자차카 타파하. " * 300, lang="ko")
    with pytest.raises(Refused) as refused:
        choose(huge, "a")
    assert refused.value.reason == "too_small"
    assert choose(huge, "a", max_pixels=16 * MAX_PIXELS)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Count the 😀.", "missing_glyph"),
        ("What is \U000e0fff?", "unassigned"),
        ("What does שלום mean?", "right_to_left"),
        ("A bell \x07 rings.", "control"),
    ],
)
def test_characters_that_cannot_be_drawn_are_refused(text, reason):
    with pytest.raises(Refused) as refused:
        choose(parse_problem(text), "a")
    assert refused.value.reason == reason


def test_every_language_says_everything_for_every_subject():
    assert set(WORDS) == set(LANGUAGES)
    for words in WORDS.values():
        assert len(words.subjects) == len(SUBJECTS)
        assert all(vars(words).values())
        assert all("{}" in points for points in words.points)


@pytest.mark.parametrize(
    ("label", "subject"),
    [("Algebra", "math"), ("High School Physics", "physics"), ("Biology", "biology"),
     ("", "general"), ("한국사", "history")],
)  # fmt: skip
def test_subjects_are_known_by_the_data_sets_own_labels(label, subject):
    assert subject_of(label) == subject
