"""The real SmolLM2 behind its real endpoint."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from model import Client, Request, ResponseStore, embedded_endpoint, generate
from synth.recaption import SCHEMA


@pytest.fixture(scope="module")
def endpoint():
    with embedded_endpoint() as model:
        yield model


def ask(model, asked, folder):
    with model.open() as engine:
        return generate(Client(model, engine, ResponseStore(folder)), asked)


def requests(count):
    texts = [f"Alt text: a plot of {i} clusters of points.\n\nDescribe it." for i in range(count)]
    return [
        Request(
            str(i),
            "text",
            text,
            60,
            seed=i,
            system="Write captions as JSON.",
            schema=SCHEMA,
            thinking=False,
        )
        for i, text in enumerate(texts)
    ]


def test_it_answers_by_the_schema(endpoint, tmp_path):
    found = ask(endpoint, requests(3), tmp_path)
    whole = [r for r in found if r.finish == "stop"]
    assert all(r.text and r.completion_tokens for r in found)
    assert all(list(json.loads(r.text)) == ["caption"] for r in whole)


def test_an_answer_depends_on_its_request_alone(endpoint, tmp_path):
    asked = requests(3)
    forward = ask(endpoint, asked, tmp_path / "a")
    backward = ask(endpoint, asked[::-1], tmp_path / "b")[::-1]
    assert [r.text for r in forward] == [r.text for r in backward]


def test_it_is_on_loopback_and_says_that_it_is_blind(endpoint):
    assert endpoint.where.startswith("http://127.0.0.1:")
    assert not endpoint.teacher.sees_images


def test_it_stops_when_nothing_was_asked():
    # In a process of its own: one that hangs cannot be stopped from within.
    program = (
        "from model import embedded_endpoint\nfor _ in range(4):\n with embedded_endpoint(): pass"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
