from __future__ import annotations

import dataclasses

import pytest

from model import Client, Endpoints, Picture, Request, ResponseStore, Teacher, generate
from tests.model.endpoint import FakeEndpoint, completion

TEACHER = Teacher("m", None, "free", sees_images=True)


def request(text="hello", **changes):
    fields = {"id": text, "task": "text", "text": text, "max_tokens": 9, "seed": 1, "system": "s"}
    return Request(**{**fields, "thinking": False, **changes})


def ask(endpoint, requests, folder, **changes):
    model = Endpoints(TEACHER, (endpoint.url,), **{"tries": 3, **changes})
    return ask_model(model, requests, folder)


def ask_model(model, requests, folder):
    with model.open() as engine:
        return generate(Client(model, engine, ResponseStore(folder)), requests)


def test_answers_come_in_the_order_of_the_requests(tmp_path):
    with FakeEndpoint(lambda body, _: (200, completion(body["messages"][1]["content"][::-1]))) as e:
        found = ask(e, [request(f"text {i}") for i in range(40)], tmp_path)
    assert [r.text for r in found] == [f"text {i}"[::-1] for i in range(40)]
    assert {(r.finish, r.prompt_tokens, r.completion_tokens) for r in found} == {("stop", 7, 3)}


def test_an_answer_is_never_paid_for_twice(tmp_path):
    with FakeEndpoint(lambda body, _: (200, completion("yes"))) as e:
        first = ask(e, [request("a"), request("b")], tmp_path)
        again = ask(e, [request("a"), request("b"), request("c")], tmp_path)
    assert len(e.asked) == 3
    assert [r.stored for r in first] == [False, False]
    assert [r.stored for r in again] == [True, True, False]
    assert [dataclasses.replace(r, stored=False) for r in again[:2]] == first


def test_cut_answers_are_asked_again(tmp_path):
    with FakeEndpoint(
        lambda body, times: (200, completion("x", "length" if not times else "stop"))
    ) as e:
        assert ask(e, [request()], tmp_path)[0].finish == "length"
        assert ask(e, [request()], tmp_path)[0].finish == "stop"
    assert len(e.asked) == 2


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_fault_is_tried_again(tmp_path, status):
    def answer(body, times):
        return (200, completion("ok")) if times else (status, "busy")

    with FakeEndpoint(answer) as e:
        assert ask(e, [request()], tmp_path)[0].text == "ok"
    assert len(e.asked) == 2


def test_a_fault_that_stays_is_a_value_and_the_others_finish(tmp_path):
    def answer(body, times):
        poison = body["messages"][1]["content"] == "poison"
        return (400, "bad request") if poison else (200, completion("ok"))

    with FakeEndpoint(answer) as e:
        found = ask(e, [request("a"), request("poison"), request("b")], tmp_path)
    assert [r.text for r in found] == ["ok", None, "ok"]
    assert found[1].finish == "error"
    assert "400" in found[1].error
    assert len(e.asked) == 3  # what cannot get better is not tried again


@pytest.mark.parametrize("body", ["", "not json", "{}", '{"choices": []}', "[1]", completion(None)])
def test_a_malformed_answer_is_a_value(tmp_path, body):
    with FakeEndpoint(lambda *_: (200, body)) as e:
        found = ask(e, [request()], tmp_path)[0]
    assert (found.text, found.finish) == (None, "error")
    assert found.error


def test_nobody_listening_is_a_value(tmp_path):
    model = Endpoints(TEACHER, ("http://127.0.0.1:9/v1",), tries=1)
    found = ask_model(model, [request()], tmp_path)[0]
    assert (found.finish, found.failure) == ("error", "unreachable")
    assert "Connect" in found.error


def test_the_request_says_what_the_model_needs(tmp_path):
    picture = Picture("f" * 64, "png", lambda: b"\x89PNG")
    schema = {"type": "object"}
    with FakeEndpoint(lambda *_: (200, completion("{}"))) as e:
        ask(
            e, [request(pictures=(picture,), schema=schema, task="document")], tmp_path, api_key="k"
        )
    body = e.asked[0]
    assert [m["role"] for m in body["messages"]] == ["system", "user"]
    image, text = body["messages"][1]["content"]
    assert image["image_url"]["url"] == "data:image/png;base64,iVBORw=="
    assert text == {"type": "text", "text": "hello"}
    assert body["response_format"]["json_schema"]["schema"] == schema
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    sampling = {k: body[k] for k in ("temperature", "top_p", "top_k", "presence_penalty")}
    assert sampling == {"temperature": 0.6, "top_p": 0.95, "top_k": 20, "presence_penalty": 1.5}
    assert e.headers[0]["Authorization"] == "Bearer k"
