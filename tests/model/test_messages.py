from __future__ import annotations

import dataclasses

from model import Picture, Request

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
