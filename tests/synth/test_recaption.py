from __future__ import annotations

import dataclasses
import json

import pytest

from model import Picture, Response
from synth import Limits, Scene, caption_request, copied_share, read_caption

LIMITS = Limits(min_characters=20, max_characters=300, max_copied=0.6)
EN = Scene(
    "row", 0, "en", "scatter plot of iris", "The dataset has three species of iris flowers.",
    "Petal length and width separate them well in the plot.", seen=True,
)  # fmt: skip
KO = Scene(
    "row", 0, "ko", "저장 대화 상자", "파일을 저장하려면 메뉴에서 저장을 선택하십시오.",
    "형식과 이름을 입력합니다.", seen=True,
)  # fmt: skip
GOOD_EN = "Three groups of coloured points, one for each iris species, spread over the plane."
GOOD_KO = "파일 이름과 형식을 입력하는 칸이 있는 저장 대화 상자가 화면 가운데에 보인다."


def read(caption, scene=EN, **changes):
    answer = caption if caption.startswith("{") else json.dumps({"caption": caption})
    return read_caption(Response("r", answer, changes.pop("finish", "stop")), scene, LIMITS)


@pytest.mark.parametrize(("caption", "scene"), [(GOOD_EN, EN), (GOOD_KO, KO)])
def test_a_good_caption_passes(caption, scene):
    verdict = read(caption, scene)
    assert (verdict.reason, verdict.caption) == (None, caption)


@pytest.mark.parametrize(
    ("caption", "scene", "reason"),
    [
        ("{not json", EN, "not_the_schema"),
        ('{"title": "x"}', EN, "not_the_schema"),
        ('{"caption": 5}', EN, "not_the_schema"),
        ("Too short.", EN, "too_short"),
        ("word " * 100 + ".", EN, "too_long"),
        ("decision_tree_test_007_202302211611218.csv.json", EN, "not_a_sentence"),
        ("Feature importance and permutation importance", EN, "not_a_sentence"),
        ("Feature importance, permutation importance (test set)", EN, "not_a_sentence"),
        (GOOD_KO, EN, "wrong_language"),
        (GOOD_EN, KO, "wrong_language"),
        ("Drei Gruppen von Punkten liegen in der Ebene, eine für jede Art der Schwertlilie.", EN,
         "wrong_language"),
        ("The points are blue and red. " * 6, EN, "repeats_itself"),
        ("Say what the picture shows: objects, text, structure, and how they relate.", EN,
         "copies_prompt"),
        ("The dataset has three species of iris flowers.", EN, "copies_context"),
    ],
)  # fmt: skip
def test_each_gate_has_its_reason(caption, scene, reason):
    assert read(caption, scene).reason == reason


def test_a_cut_answer_is_not_read():
    assert read(GOOD_EN, finish="length").reason == "truncated"


def test_a_failed_request_tells_why():
    verdict = read_caption(Response("r", None, "error", error="HTTP 500"), EN, LIMITS)
    assert (verdict.reason, verdict.detail) == ("request_failed", "HTTP 500")


def test_who_did_not_see_the_picture_can_say_only_what_was_given():
    blind = dataclasses.replace(EN, seen=False)
    made_up = "Spectral energy rises to 168.13 percent over several consecutive months."
    assert read(made_up, EN).reason is None
    assert read(made_up, blind).reason == "unsupported"
    told = "This scatter plot separates three iris species by the length of each petal."
    assert read(told, blind).reason is None


def test_the_broken_limit_is_told():
    verdict = read("Too short.")
    assert (verdict.score, verdict.threshold) == (10, 20)


def test_copying_is_measured_in_word_ngrams():
    given = ["a b c d e f g"]
    assert copied_share("a b c d e f g", given) == 1
    assert copied_share("a b c d x y z", given) == 0.25
    assert copied_share("b c", given) == 1
    assert copied_share("c b", given) == 0


def test_a_request_gives_what_is_known_and_no_more():
    request = caption_request(KO, Picture("x", "png", bytes), max_tokens=99, seed=3)
    assert (request.task, request.thinking) == ("korean", False)
    assert [KO.alt in request.text, KO.before in request.text, KO.after in request.text] == [
        True
    ] * 3
    assert "maxLength" not in json.dumps(request.schema)
    bare = caption_request(Scene("r", 0, "en", "alt", "", "", False), None, max_tokens=9, seed=0)
    assert bare.text == "Alt text: alt\n\nDescribe the picture."
