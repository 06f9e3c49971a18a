from __future__ import annotations

import dataclasses

import pytest

from model import Picture, Request, Teacher

REQUEST = Request("id", "general", "text", max_tokens=10, seed=0, thinking=False)
TEACHER = Teacher("m", None, "free", sees_images=True)


def test_the_key_changes_with_everything_that_changes_the_answer():
    changes = [
        {"system": "x"},
        {"text": "x"},
        {"task": "document"},
        {"thinking": True},
        {"sample": 1},
        {"max_tokens": 11},
        {"seed": 1},
        {"pictures": (Picture("a", "png", bytes),)},
        {"pictures": (Picture("b", "png", bytes),)},
        {"pictures": (Picture("a", "png", bytes), Picture("b", "png", bytes))},
        {"schema": {"type": "object"}},
    ]
    keys = {dataclasses.replace(REQUEST, **c).key(TEACHER) for c in changes}
    others = [dataclasses.replace(TEACHER, **c) for c in ({"name": "n"}, {"revision": "2"})]
    keys |= {REQUEST.key(teacher) for teacher in (TEACHER, *others)}
    assert len(keys) == len(changes) + 3


def test_the_key_does_not_change_with_the_licence():
    other = dataclasses.replace(TEACHER, license="other")
    assert REQUEST.key(other) == REQUEST.key(TEACHER)


def test_what_no_engine_can_do_is_refused_at_once():
    schema = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 9}}}
    with pytest.raises(ValueError, match="no task 'x'; there are general"):
        dataclasses.replace(REQUEST, task="x")
    with pytest.raises(ValueError, match="inside a thought"):
        dataclasses.replace(REQUEST, schema={}, thinking=True)
    with pytest.raises(ValueError, match="maxLength"):
        dataclasses.replace(REQUEST, schema=schema)
    within = {"anyOf": [{"type": "null"}, schema]}
    with pytest.raises(ValueError, match="maxLength"):
        dataclasses.replace(REQUEST, schema=within)


def test_samples_of_one_question_have_other_seeds():
    seeds = {
        dataclasses.replace(REQUEST, sample=i, seed=s).engine_seed
        for i in range(50)
        for s in range(4)
    }
    assert len(seeds) == 200
    assert max(seeds) < 2**31


def test_the_prompt_is_system_pictures_text():
    pictures = (Picture("a", "png", bytes), Picture("b", "webp", bytes))
    asked = dataclasses.replace(REQUEST, system="s", pictures=pictures)
    system, user = asked.messages(lambda picture: picture.sha256)
    assert system == {"role": "system", "content": "s"}
    assert [part["type"] for part in user["content"]] == ["image_url", "image_url", "text"]
    assert [p["image_url"]["url"] for p in user["content"][:2]] == ["a", "b"]
    assert REQUEST.messages(str) == [{"role": "user", "content": "text"}]


def test_the_key_does_not_change_with_the_name_of_the_request():
    assert dataclasses.replace(REQUEST, id="other").key(TEACHER) == REQUEST.key(TEACHER)
