from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import tempfile
import time
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from model import (
    Compaction,
    ResponseStore,
    compact_store,
    compact_store_if_due,
    prune_store,
    stored_entries,
)
from model import compaction as compaction_module
from tests.model.answers import answer, fill, key, oldest, plain_lines, text


def data(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jsonl"))


def test_many_files_become_one_with_an_index(tmp_path):
    for number in range(20):
        fill(tmp_path, range(number * 10, number * 10 + 15))
    before = plain_lines(tmp_path)
    told = compact_store(tmp_path)
    (path,) = data(tmp_path)
    assert told == Compaction(20, 1, path.stat().st_size)
    assert path.with_suffix(".npy").exists()
    assert oldest(plain_lines(tmp_path)) == oldest(before)
    assert len(plain_lines(tmp_path)) == len(ResponseStore(tmp_path)) == 205
    assert compact_store(tmp_path) == Compaction(0, 0, 0)


def test_answers_keep_the_order_in_which_they_were_written(tmp_path):
    for start in (50, 0, 80, 20):
        fill(tmp_path, range(start, start + 10))
    compact_store(tmp_path)
    (path,) = data(tmp_path)
    whens = [entry.when for _, entry in stored_entries(tmp_path)]
    assert whens == sorted(whens)
    assert path.read_text().index("답 59") < path.read_text().index("답 80")


def test_files_of_living_writers_are_left_alone(tmp_path):
    with ResponseStore(tmp_path) as living:
        living.put(key(1), answer("one"))
        fill(tmp_path, range(10, 12))
        fill(tmp_path, range(12, 14))
        assert compact_store(tmp_path).files == 2
        living.put(key(2), answer("two"))
        assert [text(ResponseStore(tmp_path), n) for n in (1, 2, 13)] == ["one", "two", "답 13"]
    assert compact_store(tmp_path).files == 2
    assert len(data(tmp_path)) == 1


def test_a_large_file_is_not_copied_for_small_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(compaction_module, "_SMALL_BYTES", 0)
    fill(tmp_path, range(1000))
    compact_store(tmp_path)
    (large,) = data(tmp_path)
    for number in range(8):
        fill(tmp_path, range(2000 + 10 * number, 2010 + 10 * number))
        compact_store(tmp_path)
    assert large.exists()
    assert len(data(tmp_path)) < 5
    fill(tmp_path, range(3000, 4000))
    compact_store(tmp_path)
    assert len(data(tmp_path)) == 1
    assert len(ResponseStore(tmp_path)) == 1000 + 80 + 1000


def test_more_files_than_can_be_merged_at_once_become_one(tmp_path, monkeypatch):
    monkeypatch.setattr(compaction_module, "_MERGED_FILES", 4)
    for number in range(15):
        fill(tmp_path, range(number, number + 2))
    compact_store(tmp_path)
    assert len(data(tmp_path)) == 1
    assert len(ResponseStore(tmp_path)) == 16


def test_keys_are_compared_range_by_range(tmp_path, monkeypatch):
    monkeypatch.setattr("model.answer_files._RANGE_ANSWERS", 7)
    for start in (0, 50, 25, 10):
        fill(tmp_path, range(start, start + 40))
    assert len(ResponseStore(tmp_path)) == 90
    before = oldest(plain_lines(tmp_path))
    compact_store(tmp_path)
    assert oldest(plain_lines(tmp_path)) == before
    store = ResponseStore(tmp_path)
    assert [text(store, n) for n in range(91)] == [f"답 {n}" for n in range(90)] + [None]


def test_a_store_is_compacted_when_it_has_many_files_or_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(compaction_module, "DUE_FILES", 4)
    fill(tmp_path, range(3))
    fill(tmp_path, range(3, 6))
    assert compact_store_if_due(tmp_path) is None
    monkeypatch.setattr(compaction_module, "DUE_BYTES", 500)
    told = compact_store_if_due(tmp_path)
    assert told is not None and told.files == 2
    monkeypatch.setattr(compaction_module, "DUE_BYTES", 1 << 30)
    with ResponseStore(tmp_path) as living:
        living.put(key(9), answer("held"))
        for number in range(2):
            fill(tmp_path, range(10 + number, 11 + number))
        assert compact_store_if_due(tmp_path) is None
        fill(tmp_path, range(20, 21))
        told = compact_store_if_due(tmp_path)
        assert told is not None and told.files == 4
    assert compact_store_if_due(tmp_path / "not there") is None


def test_a_driver_does_not_wait_for_another_one(tmp_path, monkeypatch):
    monkeypatch.setattr(compaction_module, "DUE_FILES", 1)
    fill(tmp_path, range(3))
    with compaction_module._only_one(tmp_path, wait=True):
        assert compact_store_if_due(tmp_path) is None
    assert compact_store_if_due(tmp_path) is not None


def test_pruning_takes_out_what_it_is_told_to_and_nothing_else(tmp_path):
    for model in ("a", "b"):
        with ResponseStore(tmp_path) as store:
            for number in range(10):
                store.put(key(number + 5 * (model == "b")), answer(f"{model} {number}", model))
    compact_store(tmp_path)
    with ResponseStore(tmp_path) as living:
        living.put(key(50), answer("in use", "a"))
        fill(tmp_path, range(60, 61))
        told = prune_store(tmp_path, lambda entry: entry.answer["model"] == "a")
        assert (told.answers, told.held) == (10, 1)
        store = ResponseStore(tmp_path)
        # The newer answers of "b" to questions 5 to 9 went when the files were merged.
        expected = [None] * 10 + [f"b {n}" for n in range(5, 10)] + ["in use", "답 60"]
        assert [text(store, n) for n in (*range(15), 50, 60)] == expected
    assert prune_store(tmp_path, lambda entry: True).answers == 7
    assert not data(tmp_path)
    assert prune_store(tmp_path, lambda entry: True).answers == 0


def test_indexes_of_removed_files_stay_a_day_for_other_machines(tmp_path):
    fill(tmp_path, range(3))
    fill(tmp_path, range(3, 6))
    compact_store(tmp_path)
    fill(tmp_path, range(6, 9))
    compact_store(tmp_path)
    assert len(list(tmp_path.glob("*.npy"))) == 5
    for path in tmp_path.glob("*.npy"):
        os.utime(path, (time.time() - 90_000,) * 2)
    compact_store(tmp_path)
    assert [p.stem for p in tmp_path.glob("*.npy")] == [p.stem for p in data(tmp_path)]


def test_killed_at_any_step_no_answer_is_lost(tmp_path, monkeypatch):
    """Every call that changes a folder is where it ends once."""

    class Killed(BaseException):
        pass

    steps = ("fsync", "replace", "unlink", "open")

    for last in itertools.count():
        folder = tmp_path / str(last)
        for number in range(3):
            fill(folder, range(number * 2, number * 2 + 3))
        (folder / "answers-0-garbage.jsonl").write_bytes(b"garbage\n")
        expected = oldest(plain_lines(folder))
        left = last

        def step(call, *args, **kwargs):
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            return call(*args, **kwargs)

        with monkeypatch.context() as patch:
            for name in steps:
                call = getattr(os, name)
                patch.setattr(os, name, lambda *a, _call=call, **k: step(_call, *a, **k))
            try:
                compact_store(folder)
                killed = False
            except Killed:
                killed = True
        assert oldest(plain_lines(folder)) == expected
        store = ResponseStore(folder)
        assert [text(store, n) for n in range(7)] == [f"답 {n}" for n in range(7)]
        compact_store(folder)
        assert oldest(plain_lines(folder)) == expected
        assert len(data(folder)) == 1
        assert not list(folder.glob(".answers*"))
        if not killed:
            break
    assert last > 10


QUESTIONS = range(12)
SLOTS = st.integers(0, 2)
MODELS = st.sampled_from(["a", "b"])


class AnyOrder(RuleBasedStateMachine):
    """Writers, crashes, compactions and prunings in any order, beside a plain dict."""

    def __init__(self):
        super().__init__()
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name)
        self.expected: dict[str, str] = {}
        self.ever: dict[str, set[str | None]] = {key(n): {None} for n in QUESTIONS}
        self.writers: dict[int, ResponseStore] = {}
        self.reader = ResponseStore(self.folder)
        self.asked = 0

    def teardown(self):
        for writer in self.writers.values():
            writer.close()
        self.temporary.cleanup()

    @rule(slot=SLOTS, number=st.sampled_from(QUESTIONS), model=MODELS, size=st.integers(0, 300))
    def put(self, slot, number, model, size):
        writer = self.writers.setdefault(slot, ResponseStore(self.folder))
        self.asked += 1
        told = f"{self.asked} " + "답" * size
        writer.put(key(number), answer(told, model))
        self.expected.setdefault(key(number), told)
        self.ever[key(number)].add(told)

    @rule(slot=SLOTS)
    def close(self, slot):
        if slot in self.writers:
            self.writers.pop(slot).close()

    @rule(slot=SLOTS)
    def refresh(self, slot):
        if slot in self.writers:
            self.writers[slot].refresh()

    @rule(data=st.data())
    def crash(self, data):
        """Files of ended processes are cut, with or without an index."""
        held = {line.path for line in plain_lines(self.folder) if line.held}
        paths = [p for p in sorted(self.folder.glob("answers-*")) if str(p) not in held]
        if paths:
            path = data.draw(st.sampled_from(paths))
            # Not to nothing: a page of an open map would be gone, which no crash does.
            os.truncate(path, data.draw(st.integers(1, max(1, path.stat().st_size))))
            self.expected = oldest(plain_lines(self.folder))

    @rule()
    def compact(self):
        compact_store(self.folder)

    @rule()
    def compact_if_due(self):
        compact_store_if_due(self.folder)

    @rule(model=MODELS)
    def prune_a_model(self, model):
        lines = plain_lines(self.folder)
        self.expected = oldest([x for x in lines if x.held or x.model != model])
        prune_store(self.folder, lambda entry: entry.answer["model"] == model)

    @rule(data=st.data())
    def prune_the_old(self, data):
        lines = plain_lines(self.folder)
        if lines:
            since = data.draw(st.sampled_from([x.when for x in lines]))
            self.expected = oldest([x for x in lines if x.held or x.when >= since])
            prune_store(self.folder, lambda entry: entry.when < since)

    @rule(again=st.booleans())
    def read_on(self, again):
        """A reader that opened long ago says what was stored once, and all after a refresh."""
        if again:
            self.reader.refresh()
        for number in QUESTIONS:
            found = text(self.reader, number)
            assert found in self.ever[key(number)]
            assert not again or found == self.expected.get(key(number))

    @invariant()
    def a_new_reader_says_what_is_expected(self):
        store = ResponseStore(self.folder)
        assert [text(store, n) for n in QUESTIONS] == [self.expected.get(key(n)) for n in QUESTIONS]
        assert len(store) == len(self.expected)


def test_any_order_of_writing_crashing_merging_and_pruning_equals_a_dict(monkeypatch):
    monkeypatch.setattr("model.responses.RECENT_ANSWERS", 2)
    monkeypatch.setattr("model.responses.SEAL_ANSWERS", 4)
    monkeypatch.setattr("model.responses.MAPPED_ANSWERS", 3)
    monkeypatch.setattr("model.answer_files._RANGE_ANSWERS", 3)
    monkeypatch.setattr("model.answer_files._BLOCK_BYTES", 256)
    monkeypatch.setattr(compaction_module, "_SMALL_BYTES", 300)
    monkeypatch.setattr(compaction_module, "_MERGED_FILES", 3)
    monkeypatch.setattr(compaction_module, "DUE_FILES", 3)
    run_state_machine_as_test(
        AnyOrder, settings=settings(max_examples=50, stateful_step_count=25, deadline=None)
    )


def store_for_ever(folder: Path, acknowledged: Path, seed: int) -> None:
    """A process that opens the store for each of its units, as workers do."""
    chosen = random.Random(seed)
    with open(acknowledged, "ab", buffering=0) as done:
        while True:
            with ResponseStore(folder) as store:
                for _ in range(chosen.randrange(80)):
                    number = chosen.randrange(20_000)
                    store.put(key(number), answer(f"답 {number}"))
                    done.write(b"%d\n" % number)


def compact_for_ever(folder: Path, acknowledged: Path, seed: int) -> None:
    while True:
        compact_store(folder)


def test_processes_killed_while_they_write_and_merge_lose_nothing(tmp_path):
    folder, acknowledged = tmp_path / "store", tmp_path / "acknowledged"
    folder.mkdir()
    chosen = random.Random(5)
    fork = multiprocessing.get_context("fork")
    jobs = [compact_for_ever, store_for_ever, store_for_ever, store_for_ever]

    def start(job, seed):
        process = fork.Process(target=job, args=(folder, acknowledged, seed), daemon=True)
        process.start()
        return process

    def check():
        done = {int(n) for n in acknowledged.read_bytes().split()}
        store = ResponseStore(folder)
        assert {n: text(store, n) for n in done} == {n: f"답 {n}" for n in done}
        return len(done)

    acknowledged.touch()
    processes = [start(job, seed) for seed, job in enumerate(jobs)]
    try:
        for seed in range(4, 22):
            time.sleep(chosen.random() / 5)
            victim = chosen.randrange(len(jobs))
            processes[victim].kill()
            processes[victim].join()
            processes[victim] = start(jobs[victim], seed)
            if seed % 6 == 0:
                check()
    finally:
        for process in processes:
            process.kill()
            process.join()
    assert check() > 200
    compact_store(folder)
    check()
    assert len(data(folder)) == 1
    assert {line.text for line in plain_lines(folder)} <= {f"답 {n}" for n in range(20_000)}
