"""What can go wrong with a real vLLM server, and before it, on the network."""

from __future__ import annotations

import io
import json
import threading
import time
from http.client import HTTPConnection, HTTPException

import pytest
from PIL import Image

from model import Client, Endpoints, Picture, Request, ResponseStore, Teacher, generate
from records import digest
from tests.model.endpoint import FakeEndpoint, Say
from tests.model.vllm_server import NAME

TEACHER = Teacher(NAME, None, "free", sees_images=True)
SCHEMA = {
    "type": "object",
    "properties": {"kind": {"enum": ["bar", "line", "pie"]}, "grid": {"type": "boolean"}},
    "required": ["kind", "grid"],
    "additionalProperties": False,
}


def request(i, text="", **changes):
    fields = {
        "id": str(i),
        "task": "text",
        "text": f"{text} Number {i}.",
        "max_tokens": 12,
        "seed": i if isinstance(i, int) else 0,
        "thinking": False,
    }
    return Request(**{**fields, **changes})


def ask(url, requests, folder, **changes):
    model = Endpoints(TEACHER, (url,), **{"timeout": 120, **changes})
    with model.open() as engine:
        return generate(Client(model, engine, ResponseStore(folder)), requests)


class Network(FakeEndpoint):
    """A proxy before the real server; `fault` says what it does instead of passing on, or None."""

    def __init__(self, server, fault=lambda body, times: None):
        self._real, self._fault = server, fault
        super().__init__(self._pass_on)
        self.health = lambda: 200 if server.lives() else 502

    def _pass_on(self, body, times):
        fault = self._fault(body, times)
        if fault is not None and fault.manner in ("whole", "reset") and not fault.after:
            return fault
        connection = HTTPConnection("127.0.0.1", self._real.port, timeout=120)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
            reply = connection.getresponse()
            text = reply.read().decode()
        except (OSError, HTTPException):
            return Say(manner="reset")
        finally:
            connection.close()
        if fault is None:
            return Say(text, reply.status)
        return Say(text, reply.status, manner=fault.manner, after=fault.after)


def all_are_answered(found, expected):
    assert [r.id for r in found] == [r.id for r in expected]
    # A model of noise may end its answer at once; that is an answer, too.
    assert {r.error for r in found if r.failure != "empty"} == {None}
    assert sum(r.failure == "empty" for r in found) < len(found) / 10


def test_killed_and_restarted_it_loses_nothing_and_answers_nothing_twice(vllm_server, tmp_path):
    asked = [request(i) for i in range(300)]
    starts = vllm_server.starts
    with Network(vllm_server) as network:

        def kill():
            until = time.monotonic() + 60
            while sum(network.answered.values()) < 100 and time.monotonic() < until:
                time.sleep(0.005)
            vllm_server.kill()

        killer = threading.Thread(target=kill)
        killer.start()
        found = ask(network.url, asked, tmp_path)
        killer.join()
    assert vllm_server.starts == starts + 1
    all_are_answered(found, asked)
    assert set(network.answered.values()) <= {0, 1}
    assert sum(network.answered.values()) == 300


def test_without_a_proxy_it_loses_nothing_either(vllm_server, tmp_path):
    asked = [request(i, "Directly.") for i in range(200)]
    starts, answers = vllm_server.starts, []

    def kill_at_the_fiftieth():
        answers.append(1)
        if len(answers) == 50:
            vllm_server.kill()

    model = Endpoints(TEACHER, (vllm_server.url,), timeout=120)
    with model.open() as engine:
        client = Client(model, engine, ResponseStore(tmp_path))
        all_are_answered(generate(client, asked, kill_at_the_fiftieth), asked)
    assert vllm_server.starts == starts + 1


def test_poison_that_kills_the_engine_each_time_is_found_and_the_rest_finish(vllm_server, tmp_path):
    from tests.model.poison import POISON

    asked = [request(i, "Beside.") for i in range(120)]
    asked.insert(50, request("poison", POISON))
    starts = vllm_server.starts
    found = ask(vllm_server.url, asked, tmp_path, concurrency=16)
    poison = found.pop(50)
    assert (poison.failure, poison.text) == ("crashed", None)
    assert "died of it 3 times" in poison.error
    del asked[50]
    all_are_answered(found, asked)
    vllm_server.wait()
    assert vllm_server.starts == starts + 3


@pytest.mark.parametrize("status", [429, 503])
def test_storms_cost_no_request(vllm_server, tmp_path, status):
    ends = []

    def fault(body, times):
        if len(network.asked) == 40:
            ends.append(time.monotonic() + 2)
        return Say("too much", status) if ends and time.monotonic() < ends[0] else None

    with Network(vllm_server, fault) as network:
        asked = [request(i, f"Storm {status}.") for i in range(100)]
        all_are_answered(ask(network.url, asked, tmp_path, tries=1), asked)
    assert len(network.asked) > 100
    assert sum(network.answered.values()) == 100


def test_what_breaks_on_the_way_is_asked_again(vllm_server, tmp_path):
    faults = {0: Say(manner="half"), 1: Say("<html>"), 2: Say(manner="reset"), 3: Say("", 500)}

    def fault(body, times):
        number = int(body["messages"][0]["content"].split()[-1].strip("."))
        return None if times else faults.get(number % 10)

    with Network(vllm_server, fault) as network:
        asked = [request(i, "Broken.") for i in range(60)]
        all_are_answered(ask(network.url, asked, tmp_path), asked)
    assert len(network.asked) == 60 + 4 * 6


def test_slow_answers_are_waited_for_and_too_slow_ones_end(vllm_server, tmp_path):
    def fault(body, times):
        text = body["messages"][0]["content"]
        if "dripping" in text:
            return Say(manner="drip")
        return Say(after=1.0) if "late" in text else None

    with Network(vllm_server, fault) as network:
        asked = [request(0, "late"), request(1, "dripping"), request(2)]
        late, dripping, quick = ask(network.url, asked, tmp_path, timeout=3, tries=2)
    assert (late.failure, quick.failure) == (None, None)
    assert (dripping.failure, dripping.error) == ("timed_out", "no answer in 3 s (tries: 2)")


def test_an_answer_cut_at_its_tokens_says_so(vllm_server, tmp_path):
    for found in ask(vllm_server.url, [request(i, max_tokens=5) for i in range(4)], tmp_path):
        assert found.failure is None
        assert (found.finish, found.completion_tokens) == ("length", 5)
        assert found.prompt_tokens > 5


def test_json_by_schema_about_a_picture_is_the_same_sent_or_named(vllm_server, tmp_path):
    def picture(color):
        data = io.BytesIO()
        Image.new("RGB", (120, 90), color).save(data, "png")
        return Picture(digest(data.getvalue()) * 2, "png", data.getvalue)

    asked = [
        request(i, task="general", max_tokens=60, schema=SCHEMA, pictures=(picture(color),))
        for i, color in enumerate(["red", "green", "blue", "white"])
    ]
    sent = ask(vllm_server.url, asked, tmp_path / "a")
    named = ask(vllm_server.url, asked, tmp_path / "b", media=vllm_server.media)
    assert len(list(vllm_server.media.rglob("*.png"))) == 4
    for one, other in zip(sent, named, strict=True):
        assert one.failure is None
        assert set(json.loads(one.text)) == {"kind", "grid"}
        assert (one.text, one.prompt_tokens) == (other.text, other.prompt_tokens)


def test_a_thought_is_parted_from_the_answer(vllm_server, tmp_path):
    asked = [request(i, thinking=i < 2) for i in range(4)]
    found = ask(vllm_server.url, asked, tmp_path)
    for thought in found[:2]:  # a model of noise never ends its thought
        assert (thought.failure, thought.text) == ("empty", None)
        assert thought.thought
        assert thought.completion_tokens == 12
    for answer in found[2:]:
        assert (answer.failure, answer.thought) == (None, None)


def test_what_the_server_refuses_is_refused_in_its_words(vllm_server, tmp_path):
    wrong = [request(0, max_tokens=100_000), request(1, "x" * 9000), request(2)]
    found = ask(vllm_server.url, wrong, tmp_path)
    assert [r.failure for r in found] == ["refused", "refused", None]
    assert "HTTP 400" in found[0].error
    assert "4096" in found[0].error
