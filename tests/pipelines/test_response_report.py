from __future__ import annotations

import json
import time

import pytest

from model import ResponseStore
from pipelines.cli import main
from tests.model.answers import answer, fill, key, plain_lines, text


@pytest.fixture
def store(tmp_path):
    """Five answers of EXAONE, two of them to documents, and one of another model."""
    folder = tmp_path / "responses"
    with ResponseStore(folder) as answers:
        for number in range(5):
            task = "document" if number < 2 else "general"
            answers.put(key(number), answer("답", model="EXAONE", task=task))
        answers.put(key(9), answer("답", model="other"))
    return folder


def told(capsys, *command: object) -> dict:
    assert main([*map(str, command), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_answers_and_tokens_are_told_by_model_and_task(store, capsys):
    found = told(capsys, "responses", store)
    rows = {(r["model"], r["task"]): r for r in found["responses"]}
    assert {name: row["answers"] for name, row in rows.items()} == {
        ("EXAONE", "document"): 2,
        ("EXAONE", "general"): 3,
        ("other", "general"): 1,
    }
    assert rows["EXAONE", "general"]["prompt_tokens"] == 300
    assert rows["EXAONE", "general"]["completion_tokens"] == 21
    (path,) = store.glob("*.jsonl")
    assert found["total"]["bytes"] == path.stat().st_size
    assert found["total"]["answers"] == 6
    assert found["total"]["oldest"][:4] == time.strftime("%Y", time.gmtime())
    assert "cost" not in found["total"]


def test_cost_is_that_of_a_million_tokens(store, capsys):
    found = told(capsys, "responses", store, "--input-price", "2", "--output-price", "10")
    assert found["total"]["cost"] == pytest.approx((600 * 2 + 42 * 10) / 1e6)


def test_a_person_reads_a_table(store, capsys):
    assert main(["responses", str(store), "--input-price", "5000"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["model", "task", "answers"]
    assert lines[1].split()[:6] == ["EXAONE", "document", "2", "200", "14", "1.00"]
    assert lines[4].split()[:5] == ["all", "6", "600", "42", "3.00"]


def test_answers_of_an_older_version_are_listed_as_unknown(store, capsys):
    (path,) = store.glob("*.jsonl")
    path.write_text(path.read_text().replace('"model":"other","task":"general"', '"new":1'))
    rows = told(capsys, "responses", store)["responses"]
    assert (rows[-1]["model"], rows[-1]["task"], rows[-1]["answers"]) == ("unknown", "unknown", 1)


def test_a_config_and_a_run_name_their_store(store, tmp_path, capsys):
    config = tmp_path / "my.yaml"
    run = tmp_path / "run"
    settings = {"out": str(run), "sources": [{"name": "a", "kind": "html", "path": "x"}]}
    config.write_text(json.dumps(settings))
    run.mkdir()
    (run / "config.json").write_text(json.dumps(settings))
    for path in (config, run):
        assert told(capsys, "responses", path)["store"] == str(store)


def test_pruning_says_what_would_go_and_removes_nothing(store, capsys):
    before = plain_lines(store)
    assert main(["responses", "prune", str(store), "--model", "EXAONE"]) == 0
    out = capsys.readouterr().out
    assert "document" in out and "--yes" in out
    assert plain_lines(store) == before


def test_with_yes_a_model_is_removed(store, capsys):
    found = told(capsys, "responses", "prune", store, "--model", "EXAONE", "--yes")
    assert (found["removed"], found["files_in_use"]) == (5, 0)
    assert [line.model for line in plain_lines(store)] == ["other"]


def test_what_is_old_is_removed(store, capsys):
    (path,) = store.glob("*.jsonl")
    old = int(time.time()) - 31 * 86_400
    lines = path.read_text().splitlines(keepends=True)
    lines[0] = lines[0][:49] + str(old) + lines[0][59:]
    lines[1] = lines[1][:49] + str(old + 2 * 86_400) + lines[1][59:]
    path.write_text("".join(lines))
    assert told(capsys, "responses", "prune", store, "--older-than", "30d", "--yes")["removed"] == 1
    both = ["--older-than", "4w", "--model", "other"]
    assert told(capsys, "responses", "prune", store, *both, "--yes")["removed"] == 0
    assert [text(ResponseStore(store), n) for n in (0, 1, 9)] == [None, "답", "답"]


def test_answers_in_use_are_left_and_named(store, capsys):
    with ResponseStore(store) as living:
        living.put(key(50), answer("답", model="EXAONE"))
        assert main(["responses", "prune", str(store), "--model", "EXAONE", "--yes"]) == 0
        said = capsys.readouterr()
        assert "5 answers removed" in said.out
        assert "1 files" in said.err
        assert text(ResponseStore(store), 50) == "답"


@pytest.mark.parametrize(
    "command, said",
    [
        (["responses", "prune", "STORE"], "--model NAME"),
        (["responses", "prune", "STORE", "--model", "EXAON"], "did you mean 'EXAONE'?"),
        (["responses", "prune", "STORE", "--older-than", "30"], "12h, 30d, 4w"),
        (["responses", "prune", "STORE", "--older-than", "9" * 20 + "d"], "older than time"),
        (["responses", "STORE/nothing"], "no stored answers"),
    ],
)
def test_a_wrong_command_says_what_is_right(store, capsys, command, said):
    assert main([word.replace("STORE", str(store)) for word in command]) == 2
    assert said in capsys.readouterr().err


def test_compacting_says_what_was_merged(store, capsys):
    fill(store, range(20, 22))
    assert main(["responses", "compact", str(store)]) == 0
    assert "2 files merged into 1" in capsys.readouterr().out
    assert told(capsys, "responses", "compact", store)["files"] == 0
