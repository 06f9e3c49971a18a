from __future__ import annotations

import dataclasses
import threading
import time

import pytest

from model import Client, Endpoints, Picture, Request, ResponseStore, Teacher, generate
from model.breaker import LONGEST_WAIT
from model.fleet import AHEAD
from model.wire import MAX_ANSWER_BYTES
from tests.model.endpoint import FakeEndpoint, Say, completion

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


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_passing_fault_is_tried_again(tmp_path, status):
    def answer(body, times):
        return (200, completion("ok")) if times else (status, "busy")

    with FakeEndpoint(answer) as e:
        assert ask(e, [request()], tmp_path)[0].text == "ok"
    assert len(e.asked) == 2


@pytest.mark.parametrize("status", [400, 401, 404, 413, 422, 307, 501])
def test_a_refusal_is_a_value_in_the_servers_words_and_the_others_finish(tmp_path, status):
    def answer(body, times):
        poison = body["messages"][1]["content"] == "poison"
        return (status, "bad request") if poison else (200, completion("ok"))

    with FakeEndpoint(answer) as e:
        found = ask(e, [request("a"), request("poison"), request("b")], tmp_path)
    assert [r.text for r in found] == ["ok", None, "ok"]
    assert (found[1].failure, found[1].error) == ("refused", f"HTTP {status}: bad request")
    assert len(e.asked) == 3  # what cannot get better is not tried again


@pytest.mark.parametrize(
    "answer",
    {
        "nothing": Say(""),
        "no JSON": Say("not json"),
        "no choices": Say("{}"),
        "an empty list of them": Say('{"choices": []}'),
        "no object": Say("[1]"),
        "an answer given up": Say(completion("x", "abort")),
        "too long": Say("x" * (MAX_ANSWER_BYTES + 1)),
        "an error inside": Say("down", 500),
    }.items(),
    ids=lambda item: item[0],
)
def test_an_answer_that_stays_malformed_is_a_value(tmp_path, answer):
    with FakeEndpoint(lambda *_: answer[1]) as e:
        found = ask(e, [request()], tmp_path, tries=2)[0]
    assert (found.text, found.finish, found.failure) == (None, "error", "malformed")
    assert found.error.endswith("(tries: 2)")
    assert len(e.asked) == 2


def test_a_connection_that_breaks_is_tried_again(tmp_path):
    for manner in ("half", "reset"):
        with FakeEndpoint(
            lambda body, times, m=manner: Say(completion("ok"), manner="whole" if times else m)
        ) as e:
            assert ask(e, [request()], tmp_path / manner)[0].text == "ok"
            assert len(e.asked) == 2


def test_a_connection_that_always_breaks_is_a_value_and_no_poison(tmp_path):
    def answer(body, _):
        return Say(completion("ok"), manner="reset" if "bad" in str(body) else "whole")

    with FakeEndpoint(answer) as e:
        found = ask(e, [request("a"), request("bad"), request("b")], tmp_path)
    assert [r.failure for r in found] == [None, "unreachable", None]
    assert "connection broke" in found[1].error


def test_time_runs_from_the_first_byte_to_the_last(tmp_path):
    for manner in ("drip", "silence"):
        with FakeEndpoint(lambda *_, m=manner: Say(completion("ok"), manner=m)) as e:
            began = time.monotonic()
            found = ask(e, [request()], tmp_path, tries=2, timeout=0.4)[0]
        assert found.failure == "timed_out"
        assert "no answer in 0.4 s" in found.error
        assert time.monotonic() - began < 5


def test_a_wrong_address_is_told_soon_and_of_all_requests_at_once(tmp_path):
    model = Endpoints(TEACHER, ("http://127.0.0.1:9/v1",), patience_at_start=1)
    began = time.monotonic()
    found = ask_model(model, [request(f"{i}") for i in range(200)], tmp_path)
    assert time.monotonic() - began < 5
    assert {(r.finish, r.failure) for r in found} == {("error", "unreachable")}
    assert "has answered once in 1 s: is the address right" in found[0].error
    assert "Connect call failed" in found[0].error


def test_a_name_that_nobody_knows_is_told_too(tmp_path):
    model = Endpoints(TEACHER, ("http://nobody.invalid/v1",), patience_at_start=0.5)
    found = ask_model(model, [request()], tmp_path)[0]
    assert found.failure == "unreachable"
    assert "nobody.invalid" in found.error


def test_what_is_no_address_is_refused():
    with pytest.raises(ValueError, match="not the address of an endpoint: gpu:8000"):
        Endpoints(TEACHER, ("gpu:8000/v1",))
    with pytest.raises(ValueError, match="none given"):
        Endpoints(TEACHER, ())


def test_a_server_that_restarts_is_waited_for_and_nothing_is_lost(tmp_path):
    def answer(body, _):
        return Say(completion("ok"), after=0.05)

    with FakeEndpoint(answer) as e:

        def restart():
            time.sleep(0.3)
            e.stop()
            time.sleep(1.2)
            e.start()

        thread = threading.Thread(target=restart)
        thread.start()
        found = ask(e, [request(f"{i}") for i in range(600)], tmp_path, concurrency=16)
        thread.join()
    assert {r.text for r in found} == {"ok"}
    # Only what was in its hands when it died is asked again.
    assert 600 <= len(e.asked) <= 600 + 16


def test_patience_ends_for_all_at_once(tmp_path):
    with FakeEndpoint(lambda *_: (200, completion("ok"))) as e:
        model = Endpoints(TEACHER, (e.url,), patience=1)
        with model.open() as engine:
            assert engine.submit(request("first")).result(5).text == "ok"
            e.stop()
            began = time.monotonic()
            found = [engine.submit(request(f"{i}")) for i in range(50)]
            assert {f.result(10).failure for f in found} == {"unreachable"}
            assert engine.submit(request("late")).result(1).failure == "unreachable"
            assert time.monotonic() - began < 5
            assert "no endpoint has answered for 1 s" in found[0].result().error
            e.start()
            time.sleep(LONGEST_WAIT / 4)
            assert engine.submit(request("again")).result(5).text == "ok"


@pytest.mark.parametrize("status", [429, 503])
def test_a_storm_costs_no_request(tmp_path, status):
    ends = time.monotonic() + 2.5

    def answer(*_):
        return (status, "too much") if time.monotonic() < ends else (200, completion("ok"))

    with FakeEndpoint(answer) as e:
        found = ask(e, [request(f"{i}") for i in range(100)], tmp_path, tries=1)
    assert {r.text for r in found} == {"ok"}
    assert len(e.asked) < 100 + 100


def test_a_server_that_takes_ten_gets_ten(tmp_path):
    with FakeEndpoint(lambda *_: None) as e:

        def answer(*_):
            return (429, "full") if e.busy > 10 else Say(completion("ok"), after=0.02)

        e.answer = answer
        found = ask(e, [request(f"{i}") for i in range(400)], tmp_path, tries=1)
    assert {r.text for r in found} == {"ok"}
    assert len(e.asked) < 400 + 200


def test_a_server_that_names_a_time_is_left_alone_until_then(tmp_path):
    asked = []

    def answer(body, times):
        asked.append(time.monotonic())
        return (200, completion("ok")) if times else Say("", 429, {"Retry-After": "1.5"})

    with FakeEndpoint(answer) as e:
        assert ask(e, [request()], tmp_path)[0].text == "ok"
    assert 1.5 <= asked[1] - asked[0] < 4


def test_poison_is_found_and_the_others_finish(tmp_path):
    """The server dies whenever it is asked for "poison", and comes back half a second later."""
    deaths = []

    def die(endpoint):
        endpoint.stop()
        time.sleep(0.5)
        endpoint.start()

    with FakeEndpoint(lambda *_: None) as e:

        def answer(body, _):
            if body["messages"][1]["content"] == "poison":
                deaths.append(e.busy)
                threading.Thread(target=die, args=(e,)).start()
                return Say(manner="silence")
            return Say(completion("ok"), after=0.1)

        e.answer = answer
        texts = [f"text {i}" for i in range(60)]
        texts.insert(20, "poison")
        found = ask(e, [request(t) for t in texts], tmp_path, concurrency=8, tries=1)
    assert [r.failure for r in found if r.id == "poison"] == ["crashed"]
    assert "died of it 3 times" in next(r.error for r in found if r.id == "poison")
    assert {r.text for r in found if r.id != "poison"} == {"ok"}
    assert len(deaths) == 3
    assert deaths[-1] == 1  # the last time it was alone


def test_an_outage_of_one_endpoint_is_borne_by_the_other(tmp_path):
    def answer(*_):
        return Say(completion("ok"), after=0.02)

    with FakeEndpoint(answer) as a, FakeEndpoint(answer) as b:
        a.stop()
        model = Endpoints(TEACHER, (a.url, b.url))
        pictures = [Picture(f"{i:064x}", "png", lambda: b"") for i in range(100)]
        found = ask_model(model, [request(p.sha256, pictures=(p,)) for p in pictures], tmp_path)
    assert {r.text for r in found} == {"ok"}
    assert (len(a.asked), len(b.asked)) == (0, 100)


def test_connections_are_used_again(tmp_path):
    with FakeEndpoint(lambda *_: (200, completion("ok"))) as e:
        ask(e, [request(f"{i}") for i in range(300)], tmp_path, concurrency=8)
        assert e.connected <= 8


def test_what_is_under_way_when_the_engine_closes_fails_at_once():
    with FakeEndpoint(lambda *_: Say(manner="silence")) as e:
        began = time.monotonic()
        with Endpoints(TEACHER, (e.url,), concurrency=4).open() as engine:
            answers = [engine.submit(request(f"{i}")) for i in range(12)]  # some wait for a place
        assert {a.result(1).error for a in answers} == {"the engine was closed"}
        assert time.monotonic() - began < 5
        with pytest.raises(RuntimeError, match="closed"):
            engine.submit(request())


def test_no_more_is_under_way_than_the_endpoint_can_use():
    with FakeEndpoint(lambda *_: Say(completion("ok"), after=0.3)) as e:
        read = []
        pictures = [Picture(f"{i}", "png", lambda i=i: read.append(i) or b"") for i in range(60)]
        with Endpoints(TEACHER, (e.url,), concurrency=4).open() as engine:
            thread = threading.Thread(
                target=lambda: [engine.submit(request(pictures=(p,))) for p in pictures]
            )
            thread.start()
            time.sleep(0.2)
            assert 4 <= len(read) <= 4 + 4 // 4 + AHEAD
            thread.join()
    assert e.busiest == 4


def test_a_picture_that_cannot_be_read_costs_its_request(tmp_path):
    def missing():
        raise FileNotFoundError("pack-3.tar")

    with FakeEndpoint(lambda *_: (200, completion("ok"))) as e:
        found = ask(
            e, [request("a", pictures=(Picture("f", "png", missing),)), request("b")], tmp_path
        )
    assert (found[0].failure, found[0].error) == ("refused", "not sent: pack-3.tar")
    assert found[1].text == "ok"


def test_pictures_go_by_path_where_the_server_may_read_them(tmp_path):
    media = tmp_path / "media"
    picture = Picture("ab" * 32, "png", lambda: b"\x89PNG")
    with FakeEndpoint(lambda *_: (200, completion("ok"))) as e:
        ask(e, [request(f"{i}", pictures=(picture,)) for i in range(3)], tmp_path, media=media)
    urls = {body["messages"][1]["content"][0]["image_url"]["url"] for body in e.asked}
    assert urls == {f"file://{media}/ab/{'ab' * 32}.png"}
    assert [p.read_bytes() for p in media.rglob("*.png")] == [b"\x89PNG"]


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
