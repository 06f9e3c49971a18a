from __future__ import annotations

import gzip
import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers import Draft, Piece
from pipelines.readers.rows import records
from tests.pipelines.readers.reading import SANDBOX, read

ROWS = [{"problem": f"문제 {i}", "answer": str(i)} for i in range(40)]
LINES = "\n".join(json.dumps(r, ensure_ascii=False) for r in ROWS).encode()


def answers(items):
    return [d.targets["answer"] for d in items]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("p.jsonl", LINES),
        ("p.ndjson", b"\xef\xbb\xbf" + LINES),
        ("p.jsonl.gz", gzip.compress(LINES[:700]) + gzip.compress(LINES[700:])),
        ("p.jsonl.zst", zstandard.compress(LINES)),
        ("p.json", json.dumps(ROWS).encode()),
        ("p.json", b"\xef\xbb\xbf " + json.dumps(ROWS, indent=2).encode()),
        ("lines.json", LINES),
    ],
)
def test_rows_come_in_order_from_every_form_of_json(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    assert answers(read(tmp_path, name, "problems")) == [str(i) for i in range(40)]


def test_a_json_file_may_be_one_row(tmp_path):
    (tmp_path / "p.json").write_text(json.dumps(ROWS[7], indent=2))
    assert answers(read(tmp_path, "p.json", "problems")) == ["7"]


def test_a_bad_row_of_an_array_costs_that_row(tmp_path):
    (tmp_path / "p.json").write_bytes(
        b'[{"problem": "p", "answer": "1"}, 5, {"problem": "\xff"}, {"problem": "p", "answer": "4"}]'
    )
    first, number, encoding, last = read(tmp_path, "p.json", "problems")
    assert answers([first, last]) == ["1", "4"]
    assert (number.reason, number.place) == ("not_an_object", "row 1")
    assert (encoding.reason, encoding.place) == ("bad_encoding", "row 2")


@pytest.mark.parametrize("name", ["p.json", "p.jsonl"])
def test_a_row_with_a_number_that_is_none_is_read(tmp_path, name):
    rows = [{"problem": "NaN?", "answer": str(i), "score": float("nan")} for i in range(3)]
    lines = map(json.dumps, rows)
    (tmp_path / name).write_text(json.dumps(rows) if name == "p.json" else "\n".join(lines))
    drafts = read(tmp_path, name, "problems")
    assert answers(drafts) == ["0", "1", "2"]
    assert drafts[0].parts[0].text == "NaN?"


def test_places_are_lines_and_in_later_ranges_bytes(tmp_path):
    path = tmp_path / "p.jsonl"
    path.write_bytes(b'{"answer": 1}\n\n' * 3)
    source, config = SourceConfig(name="s", kind="problems", path=path), IngestConfig()
    pieces = [Piece(0, path, "p", 0, 16), Piece(0, path, "p", 16, 45)]
    first, second = ([r.place for r in records(p, source, config, ["answer"])] for p in pieces)
    assert (first, second) == (["line 1", "line 3"], ["line at byte 30"])


def test_places_in_a_packed_file_are_lines(tmp_path):
    (tmp_path / "p.jsonl.gz").write_bytes(gzip.compress(LINES + b"\n\n5"))
    *_, failure = read(tmp_path, "p.jsonl.gz", "problems")
    assert (failure.reason, failure.place) == ("not_an_object", "line 42")


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("p.json", b"[1, 2", "not_json"),
        ("p.json", b"[" * 1999, "not_json"),
        ("p.json", b"", "not_json"),
        ("p.json", b"5", "not_an_object"),
        ("p.json", b"[" + b" " * 3000 + b"]", "file_too_large"),
        ("p.jsonl.gz", b"not packed at all", "broken_compression"),
        ("p.parquet", b"PAR1 and then nothing", "not_parquet"),
    ],
)
def test_a_bad_file_has_its_reason(tmp_path, name, data, reason):
    (tmp_path / name).write_bytes(data)
    (failure,) = read(tmp_path, name, "problems", max_index_bytes=2000, max_file_bytes=200_000)
    assert (failure.reason, failure.lost) == (reason, "row")


def test_lines_before_a_cut_in_a_packed_file_stay(tmp_path):
    lines = b"\n".join(
        json.dumps({"problem": os.urandom(99).hex(), "answer": "1"}).encode() for _ in range(999)
    )
    (tmp_path / "p.jsonl.gz").write_bytes(gzip.compress(lines)[:60_000])
    *drafts, failure = read(tmp_path, "p.jsonl.gz", "problems")
    assert len(drafts) > 100
    assert (failure.reason, failure.place) == ("broken_compression", "the rest of the file")


def test_a_packed_file_that_unpacks_without_end_is_one_bad_line(tmp_path):
    (tmp_path / "p.jsonl.gz").write_bytes(gzip.compress(bytes(300 << 20)))
    (failure,) = read(tmp_path, "p.jsonl.gz", "problems", max_file_bytes=1 << 20)
    assert failure.reason == "line_too_long"


def test_fields_are_renamed(tmp_path):
    rows = [
        {"text": "1+1?", "label": "2", "answer": "not meant"},
        {"text": "2+2?", "answer": "not meant either"},
    ]
    (tmp_path / "p.json").write_text(json.dumps(rows))
    fields = {"problem": "text", "answer": "label"}
    draft, failure = read(tmp_path, "p.json", "problems", source={"fields": fields})
    assert (draft.parts[0].text, draft.targets["answer"]) == ("1+1?", "2")
    assert failure.reason == "no_answer"


@pytest.mark.parametrize("size", [50, 500, 100_000])
def test_ranges_of_a_parquet_file_give_each_row_once(tmp_path, size):
    path = tmp_path / "p.parquet"
    pq.write_table(pa.Table.from_pylist(ROWS), path, row_group_size=7)
    end = path.stat().st_size
    source = SourceConfig(name="s", kind="problems", path=path)
    pieces = [Piece(0, path, "p", s, min(s + size, end)) for s in range(0, end, size)]
    found = [d for p in pieces for d in SANDBOX.read(p, source, IngestConfig())]
    assert answers(found) == [str(i) for i in range(40)]
    assert len({d.url for d in found}) == 40


def test_bad_text_in_parquet_costs_its_row(tmp_path):
    raw = pa.array([b"fine", b"\xff\xfe", b"fine too"])
    text = pa.StringArray.from_buffers(3, raw.buffers()[1], raw.buffers()[2])
    pq.write_table(pa.table({"problem": text, "answer": ["1", "2", "3"]}), tmp_path / "p.parquet")
    first, failure, last = read(tmp_path, "p.parquet", "problems")
    assert answers([first, last]) == ["1", "3"]
    assert (failure.reason, failure.place) == ("bad_encoding", "row group 0, row 1")


def test_large_row_groups_are_read_page_by_page(tmp_path):
    path = tmp_path / "p.parquet"
    big = pa.array([os.urandom(1 << 20) for _ in range(120)])
    pq.write_table(pa.table({"image": big}), path, use_dictionary=False, write_batch_size=8)
    del big
    before, most = pa.total_allocated_bytes(), 0
    source = SourceConfig(name="s", kind="problems", path=path)
    piece = Piece(0, path, "p", 0, path.stat().st_size)
    for record in records(piece, source, IngestConfig(), ["image"]):
        assert len(record.read()["image"]) == 1 << 20
        most = max(most, pa.total_allocated_bytes() - before)
    assert most < 60 << 20


def test_only_wanted_columns_of_parquet_are_read(tmp_path):
    path = tmp_path / "p.parquet"
    pq.write_table(pa.table({"a": [1], "b": [2], "c": [3]}), path)
    source = SourceConfig(name="s", kind="problems", path=path, fields={"ours": "b"})
    piece = Piece(0, path, "p", 0, path.stat().st_size)
    (record,) = records(piece, source, IngestConfig(), ("ours", "c", "z"))
    assert record.read() == {"ours": 2, "c": 3}


def test_a_row_without_any_wanted_column_is_a_failure(tmp_path):
    pq.write_table(pa.table({"x": [1, 2]}), tmp_path / "p.parquet")
    failures = read(tmp_path, "p.parquet", "conversations")
    assert [f.reason for f in failures] == ["no_messages"] * 2
    assert not any(isinstance(f, Draft) for f in failures)
