from __future__ import annotations

import errno
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from model import Response, ResponseStore, compact_store
from model import responses as responses_module
from records import digest
from tests.model.answers import answer, fill, key, plain_lines, text


def test_what_one_process_stored_the_next_one_reads(tmp_path):
    ResponseStore(tmp_path).put(key(1), Response("a", "답", "stop", prompt_tokens=3))
    found = ResponseStore(tmp_path).get(key(1), "b")
    assert found == Response("b", "답", "stop", prompt_tokens=3, stored=True)


def test_a_process_reads_what_it_stored_itself(tmp_path):
    with ResponseStore(tmp_path / "not" / "there") as store:
        store.put(key(1), answer("one"))
        assert (text(store, 1), text(store, 2), len(store)) == ("one", None, 1)
    assert (text(store, 1), len(store)) == ("one", 1)


def test_failures_and_cut_answers_are_not_stored(tmp_path):
    store = ResponseStore(tmp_path)
    store.put(key(1), Response("a", None, "error", error="no"))
    store.put(key(2), Response("a", "cut", "length"))
    store.put(key(3), Response("a", None, "stop"))
    assert len(store) == 0
    assert not list(tmp_path.iterdir())


def _write(path: Path, entry: dict) -> None:
    """One line, as a store writes it: JSON alone would drop a zero at the end of its time."""
    line = json.dumps(entry | {"when": 1764000000.123456}, separators=(",", ":"))
    path.write_text(line + "\n")


@pytest.mark.parametrize("finish, stored", [("length", "cut"), ("error", None), ("stop", None)])
def test_cut_answers_in_a_file_are_not_served(tmp_path, finish, stored):
    fill(tmp_path, range(1))
    (path,) = tmp_path.iterdir()
    entry = json.loads(path.read_text())
    entry["answer"] |= {"finish": finish, "text": stored}
    _write(path, entry)
    assert text(ResponseStore(tmp_path), 0) is None
    fill(tmp_path, range(1))
    for _ in range(2):
        assert text(ResponseStore(tmp_path), 0) == "답 0"
        compact_store(tmp_path)
    assert len(list(tmp_path.glob("*.jsonl"))) == 1


def test_a_folder_that_is_empty_or_not_there_has_no_answers(tmp_path):
    for folder in (tmp_path, tmp_path / "not there"):
        store = ResponseStore(folder)
        assert (text(store, 1), len(store)) == (None, 0)
        assert compact_store(folder).files == 0
    assert not (tmp_path / "not there").exists()


def test_a_line_has_the_time_the_model_and_the_sampling_that_was_sent(tmp_path):
    with ResponseStore(tmp_path) as store:
        store.put(key(1), answer("답", model="EXAONE", task="document"), {"top_p": 0.95})
    (path,) = tmp_path.iterdir()
    entry = json.loads(path.read_text("utf-8"))
    assert entry["key"] == key(1)
    assert path.stat().st_mtime == pytest.approx(entry["when"], abs=60)
    assert entry["sampling"] == {"top_p": 0.95}
    assert entry["answer"] == {
        "text": "답",
        "finish": "stop",
        "error": None,
        "prompt_tokens": 100,
        "completion_tokens": 7,
        "model": "EXAONE",
        "task": "document",
    } | {k: v for k, v in entry["answer"].items() if v is None}


def test_fields_of_other_versions_are_passed_over_and_missing_ones_get_defaults(tmp_path):
    fill(tmp_path, range(1))
    (path,) = tmp_path.iterdir()
    entry = json.loads(path.read_text())
    entry["answer"] = {"finish": "stop", "text": "old", "mood": "good"}
    entry["weather"] = ["fine"]
    _write(path, entry)
    found = ResponseStore(tmp_path).get(key(0), "b")
    assert found == Response("b", "old", "stop", stored=True)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "줄\n바꿈\r\n\u2028",
        "\x00\x7f",
        "\ud83d half",
        "{\\boxed{}}\n",
        '"}}\n{"key":"',
        "🙂" * 1000,
    ],
)
def test_any_text_comes_back_as_it_was(tmp_path, written):
    with ResponseStore(tmp_path) as store:
        store.put(key(1), answer(written))
        store.put(key(2), answer("next"))
    fill(tmp_path, range(3, 4))
    for files in (2, 1):
        assert len(list(tmp_path.glob("*.jsonl"))) == files
        store = ResponseStore(tmp_path)
        assert (text(store, 1), text(store, 2), len(store)) == (written, "next", 3)
        compact_store(tmp_path)


@pytest.mark.parametrize(
    "wrong", ["", "k", "g" * 32, key(1).upper(), key(1)[:-1] + "\n", key(1) * 2]
)
def test_a_key_that_is_no_digest_is_refused(tmp_path, wrong):
    store = ResponseStore(tmp_path)
    with pytest.raises(ValueError, match="32 hex digits"):
        store.get(wrong, "a")
    with pytest.raises(ValueError, match="32 hex digits"):
        store.put(wrong, answer("x"))


def test_keys_at_the_ends_of_the_range_are_found(tmp_path):
    ends = ["0" * 32, "f" * 32, "0" * 31 + "1", "f" * 31 + "e", "0" * 16 + "f" * 16]
    for end in ends:
        with ResponseStore(tmp_path) as store:
            store.put(end, answer(end))
    for _ in range(2):
        store = ResponseStore(tmp_path)
        assert [store.get(end, "a").text for end in ends] == ends
        assert store.get("f" * 16 + "0" * 16, "a") is None
        assert len(store) == len(ends)
        compact_store(tmp_path)


def test_a_line_cut_by_a_crash_at_any_byte_is_asked_again(tmp_path):
    fill(tmp_path / "whole", range(2))
    (path,) = (tmp_path / "whole").iterdir()
    data = path.read_bytes()
    first = data.index(b"\n") + 1
    for cut in range(first - 2, len(data)):
        path.write_bytes(data[:cut])
        store = ResponseStore(tmp_path / "whole")
        assert text(store, 0) == ("답 0" if cut >= first else None)
        assert text(store, 1) is None
        assert len(store) == (cut >= first)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\n\n\n",
        b"\x00" * 5000 + b"\n",
        b"{}\n",
        b'{"key": "' + b"0" * 32 + b'"}\n',
        b'{"key":"' + b"z" * 32 + b'","when":1764000000.123456,"answer":{"text":"a"}}\n',
        b'{"key":"' + b"0" * 32 + b'","when":176400000\xff.123456,"answer":{"text":"a"}}\n',
        b"\xff\xfe" * 3_000_000 + b"\n",
    ],
)
def test_lines_of_garbage_are_passed_over(tmp_path, garbage):
    fill(tmp_path, range(3))
    (path,) = tmp_path.iterdir()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(garbage + garbage.join(lines) + garbage)
    for _ in range(2):
        store = ResponseStore(tmp_path)
        assert [text(store, n) for n in range(3)] == ["답 0", "답 1", "답 2"]
        assert len(store) == 3
        fill(tmp_path, range(3))
        compact_store(tmp_path)
    (path,) = tmp_path.glob("*.jsonl")
    assert path.read_bytes().splitlines(keepends=True) == lines


def test_garbage_that_looks_like_an_answer_does_not_hide_a_later_one(tmp_path):
    fill(tmp_path, range(2))
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes().replace(b'"text":"', b'"text":\x00"'))
    store = ResponseStore(tmp_path)
    assert text(store, 0) is None
    store.put(key(0), answer("asked again"))
    store.close()
    assert [text(store, n) for n in range(2)] == ["asked again", None]
    compact_store(tmp_path)
    assert [text(ResponseStore(tmp_path), n) for n in range(2)] == ["asked again", None]


def test_a_line_longer_than_any_answer_is_read_in_bounded_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("model.answer_files.LINE_BYTES", 4 << 20)
    fill(tmp_path, range(2))
    (path,) = tmp_path.iterdir()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"x" * (19 << 20) + b"\n" + lines[1])
    assert [text(ResponseStore(tmp_path), n) for n in range(2)] == ["답 0", "답 1"]
    with pytest.raises(ValueError, match="over the limit"):
        ResponseStore(tmp_path).put(key(9), answer("x" * (5 << 20)))


def test_of_two_answers_to_one_question_the_older_is_served_wherever_it_lies(tmp_path):
    early, late = ResponseStore(tmp_path), ResponseStore(tmp_path)
    late.put(key(9), answer("begins its file first"))
    early.put(key(1), answer("older"))
    late.put(key(1), answer("newer"))
    assert (text(early, 1), text(late, 1)) == ("older", "newer")
    late.close()
    assert text(ResponseStore(tmp_path), 1) == "older"
    fill(tmp_path, range(20, 22))
    assert compact_store(tmp_path).files == 2  # not the one that `early` holds
    assert text(ResponseStore(tmp_path), 1) == "older"
    early.close()
    compact_store(tmp_path)
    store = ResponseStore(tmp_path)
    assert (text(store, 1), len(store)) == ("older", 4)


def test_an_answer_is_written_once_however_often_it_is_put(tmp_path):
    with ResponseStore(tmp_path) as store:
        store.put(key(1), answer("one"))
        store.put(key(1), answer("two"))
        assert text(store, 1) == "one"
    (path,) = tmp_path.iterdir()
    assert path.read_bytes().count(b"\n") == 1


def test_answers_of_others_are_seen_after_a_refresh(tmp_path):
    reader, writer = ResponseStore(tmp_path), ResponseStore(tmp_path)
    for number in range(3):
        writer.put(key(number), answer(f"답 {number}"))
        assert text(reader, number) is None
        reader.refresh()
        assert text(reader, number) == f"답 {number}"
    assert len(reader) == 3


def test_a_long_writer_holds_few_answers_in_memory_and_sees_those_of_others(tmp_path, monkeypatch):
    monkeypatch.setattr(responses_module, "RECENT_ANSWERS", 4)
    with ResponseStore(tmp_path) as store:
        fill(tmp_path, range(100, 103))
        for number in range(10):
            store.put(key(number), answer(f"답 {number}"))
            store.put(key(number), answer("again"))
            assert text(store, 101) == (None if number < 3 else "답 101")
            assert [text(store, n) for n in range(number + 1)] == [
                f"답 {n}" for n in range(number + 1)
            ]
        store.put(key(0), answer("again"))
    assert len(plain_lines(tmp_path)) == len(ResponseStore(tmp_path)) == 13


def test_a_reader_goes_on_while_its_files_are_merged(tmp_path):
    fill(tmp_path, range(10))
    readers = [ResponseStore(tmp_path) for _ in range(2)]
    fill(tmp_path, range(10, 20))
    compact_store(tmp_path)
    for reader in readers:
        assert [text(reader, n) for n in range(20)] == [f"답 {n}" for n in range(20)]


def test_a_listing_that_missed_the_old_files_and_the_new_one_is_taken_again(tmp_path, monkeypatch):
    fill(tmp_path, range(3))
    listings = iter([[]])
    really = responses_module.data_files
    monkeypatch.setattr(
        responses_module, "data_files", lambda folder: next(listings, None) or really(folder)
    )
    assert text(ResponseStore(tmp_path), 1) == "답 1"


def test_several_threads_use_one_store(tmp_path, monkeypatch):
    monkeypatch.setattr(responses_module, "SEAL_ANSWERS", 50)
    store = ResponseStore(tmp_path)

    def ask(first: int) -> list[str | None]:
        for number in range(first, 400, 4):
            store.put(key(number), answer(f"답 {number}"))
        return [text(store, number) for number in range(first, 400, 4)]

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(ask, range(4)))
    assert found == [[f"답 {n}" for n in range(first, 400, 4)] for first in range(4)]
    store.close()
    assert len(ResponseStore(tmp_path)) == 400


def test_a_full_file_gets_an_index_and_another_begins(tmp_path, monkeypatch):
    monkeypatch.setattr(responses_module, "SEAL_ANSWERS", 10)
    monkeypatch.setattr(responses_module, "MAPPED_ANSWERS", 5)
    with ResponseStore(tmp_path) as store:
        for number in range(25):
            store.put(key(number), answer(f"답 {number}"))
        assert len(list(tmp_path.glob("*.jsonl"))) == 3
        assert len(list(tmp_path.glob("*.npy"))) == 2
        for reader in (store, ResponseStore(tmp_path)):
            assert [text(reader, n) for n in range(26)] == [f"답 {n}" for n in range(25)] + [None]
            assert len(reader) == 25


def test_an_index_that_is_not_of_its_data_is_not_believed(tmp_path):
    fill(tmp_path, range(5))
    fill(tmp_path, range(5, 10))
    compact_store(tmp_path)
    (data,) = tmp_path.glob("*.jsonl")
    index = data.with_suffix(".npy")
    good, lines = index.read_bytes(), data.read_bytes()
    whole = [f"답 {n}" for n in range(10)]

    def served():
        return [text(ResponseStore(tmp_path), n) for n in range(10)]

    for cut in (0, 5, 90, len(good) - 8, len(good) - 1):
        index.write_bytes(good[:cut])
        assert served() == whole
    np.save(index, np.zeros(3))
    assert served() == whole
    index.unlink()
    assert served() == whole
    index.write_bytes(good)
    data.write_bytes(lines[:-1])
    assert served() == [*whole[:9], None]
    compact_store(tmp_path)
    assert served() == [*whole[:9], None]


def test_a_store_whose_folder_was_removed_begins_again(tmp_path):
    folder = tmp_path / "store"
    store = ResponseStore(folder)
    store.put(key(1), answer("gone"))
    shutil.rmtree(folder)
    assert text(store, 1) is None
    store.put(key(2), answer("new"))
    assert text(ResponseStore(folder), 2) == "new"


def test_after_a_write_that_failed_half_way_the_next_answer_is_whole(tmp_path, monkeypatch):
    store = ResponseStore(tmp_path)
    store.put(key(1), answer("one"))
    write = os.write

    def disk_fills_up(descriptor, data):
        monkeypatch.setattr(os, "write", no_space)
        return write(descriptor, data[:20])

    def no_space(descriptor, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", disk_fills_up)
    with pytest.raises(OSError, match="No space"):
        store.put(key(2), answer("two"))
    monkeypatch.setattr(os, "write", write)
    store.put(key(3), answer("three"))
    for reader in (store, ResponseStore(tmp_path)):
        assert [text(reader, n) for n in (1, 2, 3)] == ["one", None, "three"]


def test_keys_are_digests():
    assert len(key(1)) == len(digest()) == responses_module.KEY_DIGITS
