"""The request for a grade, and the gates of its answer."""

from __future__ import annotations

import json

import pytest

from filters import FIELDS, GRADES
from model import Response
from synth import excerpt, grade_request, read_grade


def answer(**changes):
    fields = {"reason": "It explains  force.", "education": 4, "field": "physics", **changes}
    return json.dumps({k: v for k, v in fields.items() if v != "missing"})


def read(text, finish="stop"):
    return read_grade(Response("r", text, finish))


def test_a_grade_is_read_with_its_reason():
    grade = read(answer())
    assert (grade.education, grade.field, grade.why) == (4, "physics", "It explains force.")
    assert grade.reason is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no JSON", "not_the_schema"),
        ("[1]", "not_the_schema"),
        ("[" * 100_000, "not_the_schema"),
        (answer(education="missing"), "not_the_schema"),
        (answer(education="4"), "not_the_schema"),
        (answer(education=True), "not_the_schema"),
        (answer(education=4.0), "not_the_schema"),
        (answer(reason=None), "not_the_schema"),
        (answer(field=["physics"]), "not_the_schema"),
        (answer(education=6), "out_of_range"),
        (answer(education=-1), "out_of_range"),
        (answer(field="alchemy"), "unknown_field"),
    ],
)
def test_each_gate_has_its_reason_and_tells_what_came(text, reason):
    grade = read(text)
    assert grade.reason == reason
    assert grade.education is None
    assert grade.detail == text[:300]


def test_a_cut_answer_is_not_read_and_a_failure_tells_why():
    assert read(answer(), "length").reason == "truncated"
    failed = read_grade(Response("r", None, "error", error="HTTP 500"))
    assert (failed.reason, failed.detail) == ("request_failed", "HTTP 500")


@pytest.mark.parametrize(
    ("lang", "spoken"), [("ko", "한 문장"), ("en", "sentence"), ("vi", "sentence")]
)
def test_the_rubric_is_korean_for_korean_texts_and_names_every_field(lang, spoken):
    request = grade_request("row", "text", lang, max_tokens=9, seed=0)
    assert spoken in request.system
    assert all(field in request.system for field in FIELDS)
    assert request.schema["properties"]["education"]["enum"] == list(GRADES)
    assert "maxLength" not in json.dumps(request.schema)
    assert (request.sampling.temperature, request.thinking) == (0, False)


def test_an_excerpt_says_that_it_goes_on():
    assert excerpt("  short ", 10) == "short"
    assert excerpt("a" * 11, 10) == "a" * 10 + " […]"
