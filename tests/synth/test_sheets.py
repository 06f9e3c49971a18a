from __future__ import annotations

import json

import pytest

from renderers import Refused, render_problem, take
from synth import sheet_problem, sheet_sample
from tests.conftest import make_image, make_sample

CHOICES = ["두 개", "세 개", "네 개"]
TEXT = "소수는 모두 몇 개인가?\n\nA. 두 개\nB. 세 개\nC. 네 개"


def choice_row(**changes):
    targets = {"answer": "B", "answer_text": "세 개", "choices": json.dumps(CHOICES), **changes}
    return make_sample(TEXT, bucket="stem", lang="ko", targets=targets)


def drawn(browser, row, **options):
    return render_problem(
        browser, sheet_problem(row), seed=0, key=row.id, max_pixels=1_003_520, **options
    )


def sample_of(row, sheet):
    taken = take(sheet.pixels, sheet.layout, kinds={"clean": 1.0}, seed=0, key=row.id)
    return sheet_sample(row, sheet, taken, make_image())


def test_choices_below_the_text_are_the_problems_choices():
    problem = sheet_problem(choice_row(subject="Algebra"))
    assert problem.characters == "소수는 모두 몇 개인가?" + "".join(CHOICES)
    assert (len(problem.choices), problem.lang, problem.subject) == (3, "ko", "math")


def test_choices_that_the_text_does_not_end_with_stay_text():
    row = make_sample(TEXT + "\n(하나만 고르시오.)", bucket="stem", lang="ko",
                      targets={"answer": "B", "choices": json.dumps(CHOICES)})  # fmt: skip
    problem = sheet_problem(row)
    assert problem.choices == ()
    assert "B. 세 개" in problem.characters


def test_a_sheet_becomes_a_question_with_its_answer(browser):
    row = make_sample("1 + 1의 값을 구하시오.", bucket="stem", lang="ko", targets={"answer": "2"})
    sheet = drawn(browser, row)
    sample = sample_of(row, sheet)
    assert [(p.type, p.role) for p in sample.parts] == [
        ("image", "user"), ("text", "user"), ("text", "assistant")
    ]  # fmt: skip
    assert sample.parts[2].text == sample.targets["answer"] == "2"
    assert sample.targets["problem"] == row.text
    assert "1 + 1의 값을 구하시오." in sample.targets["markdown"]
    assert json.loads(sample.targets["style"])["kind"] == sheet.style.kind
    assert json.loads(sample.targets["recipe"]) == {"kind": "clean", "steps": []}
    assert json.loads(sample.targets["encoding"])["format"] == "webp"
    assert sample.source.parent == row.id
    assert sample.id != row.id


def test_the_answer_to_a_multiple_choice_problem_is_the_label_that_is_printed(browser):
    sample = sample_of(choice_row(), drawn(browser, choice_row()))
    assert sample.parts[2].text == sample.targets["answer"] == "②"
    assert sample.targets["answer_text"] == "세 개"
    assert "② 세 개" in sample.targets["markdown"]


def test_an_answer_by_letter_stays_a_letter_where_choices_stay_text(browser):
    row = make_sample(TEXT + "\n하나만", bucket="stem", lang="ko",
                      targets={"answer": "B", "choices": json.dumps(CHOICES)})  # fmt: skip
    assert sample_of(row, drawn(browser, row)).targets["answer"] == "B"


def test_a_problem_without_its_figure_is_no_problem():
    row = make_sample("오른쪽 그림에서 x를 구하시오.", bucket="stem", targets={"answer": "2"})
    with pytest.raises(Refused):
        sheet_problem(row)
