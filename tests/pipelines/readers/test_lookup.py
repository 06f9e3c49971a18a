from __future__ import annotations

import json
import math
import time

import pytest
from msgspec import Raw, Struct

from pipelines.readers.drafts import BadInput
from pipelines.readers.lookup import decode


class Point(Struct):
    x: float
    note: str | None = None


def test_numbers_that_json_does_not_have_are_null():
    value = {"a": [math.nan, -math.inf, 1], "b": math.inf, "c": "x: NaN, [-Infinity]", "NaN": 'q"'}
    finite = {"a": [None, None, 1], "b": None, "c": "x: NaN, [-Infinity]", "NaN": 'q"'}
    data = json.dumps(value).encode()
    assert decode(data, object, "r") == decode(b"\xef\xbb\xbf" + data, object, "r") == finite
    assert decode(Raw(data), object, "r") == finite
    assert [bytes(raw) for raw in decode(b"[NaN, 2]", list[Raw], "r")] == [b"null", b"2"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"x": NaN}', "not_a_point"),
        (b'{"x": "1"}', "not_a_point"),
        (b'{"x": NaNs}', "not_json"),
        (b'{"x": --Infinity}', "not_json"),
        (b'{"x": 1, "y": NaN', "not_json"),
        (b'{"x": 1, "note": "\xff", "y": NaN}', "bad_encoding"),
        (b'{"x": 1, "note": "\\ud800 and more"}', "bad_encoding"),
    ],
)
def test_what_is_wrong_has_its_reason(data, reason):
    with pytest.raises(BadInput) as bad:
        decode(data, Point, "not_a_point")
    assert bad.value.reason == reason


@pytest.mark.parametrize("end", [b'"', b"", b"\\"])
def test_long_strings_cost_a_look_at_each_byte(end):
    data = b'[NaN, "' + b'\\"' * 2_000_000 + end
    start = time.monotonic()
    with pytest.raises(BadInput, match="not_json"):
        decode(data, object, "r")
    assert time.monotonic() - start < 5
