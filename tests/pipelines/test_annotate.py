"""`vlmforge annotate` over a finished stage, and an endpoint that speaks the real protocol."""

from __future__ import annotations

import json
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import Endpoints, Teacher
from pipelines.annotate import EMBEDDED_CHARACTERS, NAME, choose, deal_evenly, notes, rows_to_grade
from pipelines.annotate import annotate as annotate_rows
from pipelines.cli import main
from pipelines.config import RunConfig
from pipelines.errors import StageError
from records import Dataset, FileEntry, Manifest, Source, file_name, to_batch, write_table
from tests.conftest import make_sample
from tests.model.endpoint import FakeEndpoint, completion

LONG = "Water boils when its vapour pressure reaches the pressure of the air above it. " * 4


def rows():
    """Three strata of 40, 8 and 3 rows, and rows that nobody asks about."""
    for source, lang, count in (("big", "en", 40), ("small", "ko", 8), ("tiny", "en", 3)):
        for i in range(count):
            text = f"{LONG} {source} {i}"
            yield make_sample(text, lang=lang, source=Source(source, f"{source}/{i}"))
    yield make_sample("Short.", url="short")
    yield make_sample(LONG, url="chart", bucket="chart")


@pytest.fixture
def config(tmp_path):
    root = tmp_path / "run" / "filter"
    samples = list(rows())
    name = file_name("part", 0, 1)
    write_table(root / name, pa.Table.from_batches([to_batch(samples)]))
    files = [FileEntry.of(root, name, "part", len(samples))]
    Manifest("filter", 1, {}, {}, {}, {}, files, {}, "hash", "input").write(root)
    source = {"name": "s", "kind": "html", "path": tmp_path}
    return RunConfig.model_validate(
        {
            "sources": [source],
            "out": tmp_path / "run",
            "annotate": {"rows": 20},
            "model": {"endpoint": "http://named/v1", "license": "free"},
        }
    )


def annotate(config, endpoint):
    return annotate_rows(config, rows_to_grade(config), endpoint)


def endpoint_for(server, model="judge"):
    # No more at a time than the server's queue holds: a refused connection would be a failure.
    teacher = Teacher(model, None, "free", sees_images=False)
    return Endpoints(teacher, (server.url,), tries=1, concurrency=4)


def graded(body, _):
    text = body["messages"][1]["content"]
    if "tiny 0" in text:
        return 200, completion("I would rather not.")
    if "tiny 1" in text:
        return 200, completion('{"reason": "It was', finish="length")
    return 200, completion(json.dumps({"reason": "Clear.", "education": 3, "field": "physics"}))


def read(config, kind):
    return pq.read_table(config.out / NAME / file_name(kind, 0, 1)).to_pylist()


def test_rows_are_graded_evenly_over_strata_and_refusals_tell_why(config):
    with FakeEndpoint(graded) as server:
        manifest = annotate(config, endpoint_for(server))
    assert manifest.rows == {"in": 20, "made": 18, "rejected": 2}
    assert manifest.reasons == {"rejected": {"not_the_schema": 1, "truncated": 1}}
    assert manifest.metrics["education_3"] == 18
    good, bad = read(config, "part"), read(config, "rejected")
    # Nothing divides 20 by three, and "tiny" has only three rows.
    assert Counter(r["source"] for r in good + bad) == {"big": 9, "small": 8, "tiny": 3}
    assert {(r["education"], r["field"], r["why"], r["model"]) for r in good} == {
        (3, "physics", "Clear.", "judge")
    }
    assert {r["detail"] for r in bad} == {"I would rather not.", '{"reason": "It was'}
    assert Dataset.open(config.out / NAME).is_whole()


def test_an_answer_is_paid_for_once_and_a_larger_sample_holds_the_smaller(config):
    more = config.model_copy(update={"annotate": config.annotate.model_copy(update={"rows": 30})})
    with FakeEndpoint(graded) as server:
        annotate(config, endpoint_for(server))
        first = {r["id"] for r in read(config, "part")}
        asked = len(server.asked)
        annotate(config, endpoint_for(server))
        # Only the cut answer was not stored.
        assert len(server.asked) == asked + 1
        annotate(more, endpoint_for(server))
        assert len(server.asked) == asked + 1 + 1 + 10
    assert first <= {r["id"] for r in read(config, "part")}


def test_the_sample_does_not_depend_on_anything_but_seed_and_ids(config):
    source = Dataset.open(config.out / "filter")
    chosen = choose(source, config)
    assert chosen == choose(source, config)
    assert chosen != choose(source, config.model_copy(update={"seed": 1}))


def test_an_endpoint_that_fails_is_a_failure(config):
    with (
        FakeEndpoint(lambda body, times: (400, "no such model")) as server,
        pytest.raises(StageError, match=r"20 of 20 requests .* HTTP 400: no such model"),
    ):
        annotate(config, endpoint_for(server))
    assert not (config.out / NAME / "manifest.json").exists()


def test_only_the_grades_of_the_embedded_model_are_warned_of(config):
    with FakeEndpoint(graded) as server:
        weak = annotate(config, endpoint_for(server, "SmolLM2-135M-Instruct-Q4_1"))
        assert "not to be trusted" in notes(weak)[0]
        assert notes(annotate(config, endpoint_for(server))) == []


def test_the_embedded_model_is_asked_about_what_its_context_holds(config):
    embedded = config.model.model_copy(update={"endpoint": None})
    sample = rows_to_grade(config.model_copy(update={"model": embedded}))
    assert {row["text"][EMBEDDED_CHARACTERS:].strip() for row in sample.rows} == {"[…]"}
    assert all(len(row["text"]) > EMBEDDED_CHARACTERS + 10 for row in rows_to_grade(config).rows)


def test_a_stage_that_has_not_finished_is_named(config, write_config, capsys):
    path = write_config(sources=[{"name": "s", "kind": "html", "path": "x"}], out=config.out)
    assert main(["annotate", str(path), "--set", "annotate.stage=bucket"]) == 1
    assert "bucket has no manifest.json" in capsys.readouterr().err


def test_the_command_tells_what_it_did(config, write_config, capsys):
    with FakeEndpoint(graded) as server:
        path = write_config(
            sources=[{"name": "s", "kind": "html", "path": "x"}],
            out=config.out,
            annotate={"rows": 20},
            model={"endpoint": server.url, "name": "judge", "license": "free"},
        )
        assert main(["annotate", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"] == {"in": 20, "made": 18, "rejected": 2}
    assert told["warnings"] == []


def test_the_embedded_model_grades_by_the_schema_and_is_not_believed(config, write_config, capsys):
    path = write_config(
        sources=[{"name": "s", "kind": "html", "path": "x"}],
        out=config.out,
        annotate={"rows": 2},
    )
    assert main(["annotate", str(path)]) == 0
    printed = capsys.readouterr()
    assert "not to be trusted" in printed.err
    good, bad = read(config, "part"), read(config, "rejected")
    assert f"2 rows asked about, {len(good)} graded, {len(bad)} rejected" in printed.out
    # It may go on until it is cut, and never fails: what it is asked fits its context.
    assert {row["reason"] for row in bad} <= {"truncated"}
    assert all(row["education"] in range(6) for row in good)


@given(
    st.dictionaries(st.tuples(*[st.sampled_from("ab")] * 3), st.integers(1, 50), min_size=1),
    st.integers(1, 200),
)
def test_quotas_fill_the_sample_and_differ_only_where_a_stratum_is_used_up(sizes, rows):
    quotas = deal_evenly(sizes, rows)
    assert sum(quotas.values()) == min(rows, sum(sizes.values()))
    open_quotas = [quotas[s] for s in sizes if quotas[s] < sizes[s]]
    assert all(quotas[s] <= min(open_quotas, default=50) + 1 for s in sizes)
    assert max(open_quotas, default=0) - min(open_quotas, default=0) <= 1
