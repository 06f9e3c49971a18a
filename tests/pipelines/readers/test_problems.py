from __future__ import annotations

import json

import pytest

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers import Draft, Piece
from tests.pipelines.readers.reading import SANDBOX, read


def test_problems_are_read_line_by_line(tmp_path):
    rows = [
        {"id": "a", "problem": "1+1?", "answer": "2", "lang": "en"},
        {"problem": "문제", "answer": "답"},
    ]
    (tmp_path / "p.jsonl").write_text("\n\n".join(json.dumps(r) for r in rows))
    first, second = read(tmp_path, "p.jsonl", "problems")
    assert (first.parts[0].text, first.targets, first.lang) == ("1+1?", {"answer": "2"}, "en")
    assert (second.parts[0].text, second.bucket) == ("문제", "stem")
    assert first.url != second.url


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{not json", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"[1]", "not_an_object"),
        (b'{"answer": "2"}', "no_problem"),
        (b'{"problem": " ", "answer": "2"}', "no_problem"),
        (b'{"problem": "p", "answer": 2}', "no_answer"),
        (b'{"problem": "\xff", "answer": "2"}', "bad_encoding"),
        (b'{"problem": "\\ud800", "answer": "2"}', "bad_encoding"),
        (b'{"problem": "' + b"x" * 300_000 + b'", "answer": "2"}', "line_too_long"),
    ],
)
def test_a_bad_line_has_its_reason_and_number(tmp_path, line, reason):
    good = b'{"problem": "p", "answer": "a"}'
    (tmp_path / "p.jsonl").write_bytes(good + b"\n\n" + line + b"\n" + good)
    before, failure, after = read(tmp_path, "p.jsonl", "problems", max_file_bytes=200_000)
    assert isinstance(before, Draft)
    assert isinstance(after, Draft)
    assert (failure.reason, failure.place, failure.lost) == (reason, "line 3", "row")


@pytest.mark.parametrize("size", [1, 7, 40, 1000])
def test_ranges_of_a_file_give_each_line_once(tmp_path, size):
    rows = [{"problem": f"문제 {i}" * (i % 5 + 1), "answer": str(i)} for i in range(30)]
    path = tmp_path / "p.jsonl"
    path.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows))
    end = path.stat().st_size
    source = SourceConfig(name="s", kind="problems", path=path)
    pieces = [Piece(0, path, "p", s, min(s + size, end)) for s in range(0, end, size)]
    found = [d for p in pieces for d in SANDBOX.read(p, source, IngestConfig())]
    assert [d.targets["answer"] for d in found] == [str(i) for i in range(30)]
