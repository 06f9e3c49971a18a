from __future__ import annotations

import dataclasses

from model import Picture, Request, Response, ResponseStore

REQUEST = Request("id", "system", "text", "general", 10, 0)


def test_the_key_changes_with_everything_that_changes_the_answer():
    changes = [
        {"system": "x"},
        {"text": "x"},
        {"preset": "document"},
        {"max_tokens": 11},
        {"seed": 1},
        {"picture": Picture(b"", "png", "a")},
        {"picture": Picture(b"", "png", "b")},
        {"schema": {"type": "object"}},
    ]
    keys = {dataclasses.replace(REQUEST, **c).key("m") for c in changes}
    assert len(keys | {REQUEST.key("m"), REQUEST.key("n")}) == len(changes) + 2


def test_the_key_does_not_change_with_the_name_of_the_request():
    assert dataclasses.replace(REQUEST, id="other").key("m") == REQUEST.key("m")


def test_the_store_is_read_by_the_next_process(tmp_path):
    first = ResponseStore(tmp_path)
    first.put("k", Response("a", "답", "stop"))
    found = ResponseStore(tmp_path).get("k", "b")
    assert found == Response("b", "답", "stop", stored=True)


def test_failures_and_cut_answers_are_not_stored(tmp_path):
    store = ResponseStore(tmp_path)
    store.put("k", Response("a", None, "error", error="no"))
    store.put("l", Response("a", "cut", "length"))
    assert len(store) == len(ResponseStore(tmp_path)) == 0


def test_a_line_cut_by_a_crash_is_asked_again(tmp_path):
    store = ResponseStore(tmp_path)
    store.put("k", Response("a", "whole", "stop"))
    store.put("l", Response("a", "cut", "stop"))
    store.close()
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-20] + b"\xff")
    again = ResponseStore(tmp_path)
    assert again.get("k", "a") is not None
    assert again.get("l", "a") is None
