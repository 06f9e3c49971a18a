"""The stage contract: sums, resuming, skipping."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from pipelines.errors import StageError, UsageError
from pipelines.explain import explain
from pipelines.filter import Filter
from pipelines.funnel import notes, read_status
from pipelines.ingest import Ingest
from pipelines.progress import Silence
from pipelines.runner import BeamRunner, run_pipeline
from pipelines.stage import run_stage
from records import Dataset, count_rows
from tests.conftest import problems_config


@pytest.fixture
def config(tmp_path):
    folder = tmp_path / "problems"
    folder.mkdir()
    for name in "abcd":
        rows = [{"problem": f"{name} {i}?", "answer": "x"} for i in range(25)]
        (folder / f"{name}.jsonl").write_text("\n".join(json.dumps(r) for r in rows))
    return problems_config(folder, tmp_path / "run", ingest={"unit_files": 1})


class Here:
    """Runs in this process, so that a test can see inside."""

    def __init__(self, lose=lambda units: units):
        self.lose = lose
        self.seen = []

    def run(self, stage, units):
        self.seen += [u.index for u in units]
        run_pipeline(stage, self.lose(units), FnApiRunner())


def ingest(config, runner=None):
    run_stage(Ingest(config, config.out), None, runner or Here(), Silence())
    return Dataset.open(config.out / "ingest")


def test_rows_in_are_kept_dropped_or_errors(config):
    rows = ingest(config).manifest.rows
    assert (rows["in"], rows["kept"], rows["errors"]) == (100, 100, 0)


def test_a_runner_that_loses_a_unit_fails_the_stage(config):
    with pytest.raises(StageError, match=r"unit 3 of 4 .* was never processed"):
        ingest(config, Here(lose=lambda units: units[:-1]))
    assert not (config.out / "ingest").exists()


def test_a_stage_that_loses_rows_fails(config):
    source = ingest(config)

    class Loses(Filter):
        def process(self, unit, out):
            for batch in unit.batches():
                out.keep(batch.slice(1))

    with pytest.raises(StageError, match=r"rows were lost in unit 0: 25 in, but 24 kept"):
        run_stage(Loses(config, config.out), source, Here(), Silence())
    assert not (config.out / "filter").exists()


def test_a_stage_that_doubles_rows_fails(config):
    source = ingest(config)

    class Doubles(Filter):
        def process(self, unit, out):
            for batch in unit.batches():
                out.keep(batch)
                out.keep(batch.slice(0, 1))

    with pytest.raises(StageError, match="rows were lost"):
        run_stage(Doubles(config, config.out), source, Here(), Silence())


def test_a_finished_stage_is_skipped(config):
    ingest(config)
    runner = Here()
    assert run_stage(Ingest(config, config.out), None, runner, Silence()).skipped
    assert runner.seen == []


def test_a_damaged_output_is_made_again(config):
    whole = ingest(config).manifest
    part = config.out / "ingest" / whole.files[1].path
    part.write_bytes(part.read_bytes()[:-1])
    runner = Here()
    assert ingest(config, runner).manifest.files == whole.files
    assert runner.seen == [0, 1, 2, 3]


def test_a_newer_try_that_failed_is_told(config, tmp_path):
    ingest(config)
    (config.out / "config.json").write_text(json.dumps({"stages": ["ingest"]}))
    assert notes(read_status(config.out)) == []
    (tmp_path / "problems" / "a.jsonl").write_text("{}\n" * 99)
    with pytest.raises(StageError, match=r"problems: no_problem 99, such as a.jsonl line 1\n"):
        ingest(config)
    (note,) = notes(read_status(config.out))
    assert "a newer try of ingest has not finished" in note


def test_what_failed_a_first_try_can_be_asked(config, tmp_path):
    (tmp_path / "problems" / "a.jsonl").write_text("{}\n" * 99)
    with pytest.raises(StageError):
        ingest(config)
    (config.out / "config.json").write_text(json.dumps({"stages": ["ingest"]}))
    events = explain(config.out, "problems")
    assert [e.reason for e in events] == ["no_problem"] * len(events)
    assert events[0].id == "a.jsonl line 1"


def test_a_changed_input_or_config_runs_again(config, tmp_path):
    ingest(config)
    (tmp_path / "problems" / "e.jsonl").write_text('{"problem": "new?", "answer": "1"}')
    assert ingest(config).manifest.rows["in"] == 101
    changed = config.model_copy(update={"seed": 5})
    assert not run_stage(Ingest(changed, config.out), None, Here(), Silence()).skipped


def test_an_interrupted_stage_does_only_what_is_missing_to_the_same_bytes(config):
    whole = ingest(config).manifest
    other = config.model_copy(update={"out": config.out.parent / "other"})
    with pytest.raises(StageError):
        ingest(other, Here(lose=lambda units: units[:2]))
    runner = Here()
    assert ingest(other, runner).manifest.files == whole.files
    assert runner.seen == [2, 3]


def test_what_was_left_for_another_input_is_thrown_away(config, tmp_path):
    with pytest.raises(StageError):
        ingest(config, Here(lose=lambda units: units[:2]))
    (tmp_path / "problems" / "a.jsonl").write_text('{"problem": "other?", "answer": "1"}')
    runner = Here()
    assert ingest(config, runner).manifest.rows["in"] == 76
    assert runner.seen == [0, 1, 2, 3]


def test_too_many_errors_fail_the_stage_and_say_what_to_do(config, tmp_path):
    bad = tmp_path / "problems" / "a.jsonl"
    bad.write_text("not json\n" * 10 + bad.read_text())
    with pytest.raises(StageError) as error:
        ingest(config)
    for words in ("10 of 110", "not_json 10", "--set ingest.max_error_rate=0.10"):
        assert words in str(error.value)
    allowed = {"ingest": {"unit_files": 1, "max_error_rate": 0.1}}
    rows = ingest(problems_config(tmp_path / "problems", config.out, **allowed)).manifest.rows
    assert (rows["in"], rows["kept"], rows["errors"]) == (110, 100, 10)


def test_a_missing_or_empty_source_says_so(config, tmp_path):
    (tmp_path / "empty").mkdir()
    for folder, words in ((tmp_path / "none", "is not there"), (tmp_path / "empty", "no inputs")):
        with pytest.raises(StageError, match=words):
            ingest(problems_config(folder, tmp_path / "run2"))


def test_rows_are_sorted_by_id_and_carry_their_lineage(config):
    dataset = ingest(config)
    for path in dataset.files():
        assert count_rows(path) == 25
    for batch in dataset.batches():
        assert batch["id"].to_pylist() == sorted(batch["id"].to_pylist())
        assert set(map(tuple, batch["lineage"].to_pylist())) == {
            (f"ingest:{dataset.manifest.config_hash}",)
        }


def test_any_beam_runner_gives_the_same_files(config):
    here = ingest(config).manifest.files
    other = config.model_copy(update={"out": config.out.parent / "beam"})
    assert ingest(other, BeamRunner(["--runner=FnApiRunner"])).manifest.files == here


@pytest.mark.parametrize(
    "option", ["--direct_running_mode=multi_processing", "--runner=DirectRunner"]
)
def test_runners_that_lose_rows_are_refused(option):
    with pytest.raises(UsageError, match="lose rows"):
        BeamRunner([option])


def test_batches_cross_a_shuffle_as_arrow():
    from pipelines.coders import RecordBatchCoder

    batch = pa.record_batch({"a": list(range(100_000))}).slice(10, 3)
    encoded = RecordBatchCoder().encode(batch)
    assert RecordBatchCoder().decode(encoded).equals(batch)
    assert len(encoded) < 1000  # the slice, not the buffer it was cut from
