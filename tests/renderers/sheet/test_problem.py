from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderers import Refused, parse_problem
from renderers.sheet import MAX_CHARACTERS, Span
from renderers.sheet.problem import parse_spans


def spans(text):
    return [(s.text, s.display) for s in parse_spans(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Find $x^2$.", [("Find ", None), ("x^2", False), (".", None)]),
        (r"Find \(x\) and \[y\]", [("Find ", None), ("x", False), (" and ", None), ("y", True)]),
        ("$$a+b$$", [("a+b", True)]),
        (r"$\text{if } n$ odd", [(r"\text{if } n", False), (" odd", None)]),
        (r"$\text{속력}=\frac{s}{t}$", [(r"\text{속력}=\frac{s}{t}", False)]),
        (r"\begin{align*}a&=b\end{align*}", [(r"\begin{align*}a&=b\end{align*}", True)]),
    ],
)
def test_formulas_stand_between_their_delimiters(text, expected):
    assert spans(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5.",
        "From $5 to $10 a day",
        "It pays $20,000 and $30,000 a year.",
        "Between $5 and 10$ is all he has.",
        "$3 each; 4 of them and a $2 fee",
        "5$ 주고 산 사과와 3$ 주고 산 배",
    ],
)
def test_money_is_not_tex(text):
    assert spans(text) == [(text, None)]


def test_an_escaped_dollar_is_money_beside_formulas():
    assert spans(r"Pay \$5 for $n$ pens, or \$9.") == [
        ("Pay $5 for ", None), ("n", False), (" pens, or $9.", None)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        r"Find \frac{1}{2} of it.",
        r"An open \( x + 1 formula",
        "An open $x + 1 formula",
        "An open $$x + 1 formula",
        r"\begin{align} a &= b",
        r"What is \sqrt 2?",
    ],
)
def test_tex_outside_of_formulas_is_refused(text):
    with pytest.raises(Refused) as refused:
        parse_problem(text)
    assert refused.value.reason == "tex_error"


def test_empty_lines_part_paragraphs_and_displayed_formulas_stand_alone():
    problem = parse_problem("Let\n$$x=1$$\nand so.\n\nNow\nsolve.")
    assert [(b.kind, [s.text for s in b.spans]) for b in problem.blocks] == [
        ("paragraph", ["Let"]), ("equation", ["x=1"]), ("paragraph", ["and so."]),
        ("paragraph", ["Now\nsolve."]),
    ]  # fmt: skip


def test_code_and_columns_of_spaces_keep_their_spaces():
    grid = "  1  2  3\n  4  5  6"
    problem = parse_problem(f"Sum the grid.\n\n{grid}\n\n```python\nprint(1)\n  x = '$'\n```\nEnd.")
    assert [(b.kind, b.spans[0].text) for b in problem.blocks] == [
        ("paragraph", "Sum the grid."), ("code", grid), ("code", "print(1)\n  x = '$'"),
        ("paragraph", "End."),
    ]  # fmt: skip


def test_choices_have_their_formulas_in_the_line():
    problem = parse_problem("Which?", ["$$x$$", "$5 to $10"], lang="en")
    assert problem.choices == ((Span("x", False),), (Span("$5 to $10"),))


@pytest.mark.parametrize(
    ("text", "choices", "reason"),
    [
        ("", [], "no_text"),
        (" \n\t", [], "no_text"),
        ("Which?", ["a", " "], "no_text"),
        ("x" * (MAX_CHARACTERS + 1), [], "too_long"),
        ("x" * 1_000_000, [], "too_long"),
        ("Which?", list("abcdefghijk"), "too_many_choices"),
    ],
)
def test_what_is_no_problem_is_refused(text, choices, reason):
    with pytest.raises(Refused) as refused:
        parse_problem(text, choices)
    assert refused.value.reason == reason


def test_other_languages_get_english_headings():
    assert parse_problem("x", lang="fr").lang == "en"
    assert parse_problem("x", lang="vi").lang == "vi"


@given(st.text(alphabet="ab $\\{}()[]\n^5가.", max_size=60))
def test_nothing_but_delimiters_is_lost(text):
    try:
        found = parse_spans(text)
    except Refused:
        return
    said = "".join(s.text for s in found)
    kept = [c for c in text if c not in "$\\()[] \n"]
    assert [c for c in said if c not in "$\\()[] \n"] == kept
