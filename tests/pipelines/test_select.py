"""The stage select: the same files with any number of workers, whatever the rows name."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from pipelines.config import RunConfig
from pipelines.errors import StageError
from pipelines.explain import explain
from pipelines.progress import Silence
from pipelines.runner import LocalRunner
from pipelines.select import NAMED, Select
from pipelines.stage import run_stage
from records import (
    Dataset,
    FileEntry,
    Manifest,
    file_name,
    scores,
    to_batch,
    write_json,
    write_table,
)
from tests.conftest import make_image, make_sample


def dataset(run, *parts):
    """What a stage before would have left."""
    root = run / "filter"
    files = []
    for index, rows in enumerate(parts):
        path = file_name("part", index, len(parts))
        table = pa.Table.from_batches([to_batch(rows)]).sort_by("id")
        write_table(root / path, table)
        files.append(FileEntry.of(root, path, "part", len(rows)))
    rows = {"in": 0, "kept": sum(f.rows for f in files), "made": 0, "dropped": 0, "errors": 0}
    Manifest("filter", len(parts), rows, {}, {}, {}, files, {}, "x", "y").write(root)
    write_json(run / "config.json", {"stages": ["filter", "select"]})
    return Dataset.open(root)


def run_select(run, source, runner, **settings):
    config = RunConfig.model_validate(
        {"sources": [{"name": "s", "kind": "html", "path": run}], "out": run, "select": settings}
    )
    run_stage(Select(config, run), source, runner, Silence())
    return Dataset.open(run / "select")


@pytest.fixture
def select(local_runner):
    def run(folder, source, runner=local_runner, **settings):
        return run_select(folder, source, runner, **settings)

    return run


def rows(found, kind="part", *columns):
    return [row for batch in found.batches(kind) for row in batch.select(columns).to_pylist()]


def pages(count, name, *, start=0, lang="en", **fields):
    return [
        make_sample(f"This is page {i} and it is about {name}.", f"{name}{i}", lang=lang, **fields)
        for i in range(start, start + count)
    ]


def test_an_entity_in_every_row_is_capped_and_rare_ones_stay(tmp_path, select):
    hot = pages(400, "NASA")
    source = dataset(tmp_path, hot[:200] + pages(20, "ESA"), hot[200:] + pages(20, "ESA", start=20))
    found = select(tmp_path, source, max_per_entity=40)
    kept = Counter(r["source"]["url"][:3] for r in rows(found, "part", "source"))
    assert kept["ESA"] == 40
    assert 15 < kept["NAS"] < 65
    dropped = rows(found, "dropped", "reason", "score", "threshold", "detail")
    assert len(dropped) == 400 - kept["NAS"]
    for row in dropped:
        assert (row["reason"], row["detail"]) == ("entity_too_frequent", "nasa: 400 rows, cap 40")
        assert row["score"] == 0.1 <= row["threshold"]


def test_explain_names_entity_count_and_cap(tmp_path, select):
    found = select(tmp_path, dataset(tmp_path, pages(50, "NASA")), max_per_entity=1)
    gone = rows(found, "dropped", "id")[0]["id"]
    told = [e.sentence() for e in explain(tmp_path, gone) if e.stage == "select"]
    assert "entity_too_frequent: 0.02 against 0." in told[0]
    assert "[nasa: 50 rows, cap 1]" in told[0]


def test_any_number_of_workers_leaves_the_same_files(tmp_path, samples):
    texts = [
        (path.read_text("utf-8", "replace")[:3000], "ko" if "/ko/" in str(path) else "en")
        for lang in ("ko", "en-US")
        for path in sorted(
            (samples / "libreoffice-help" / lang / "text" / "schart" / "01").glob("*.html")
        )[:30]
    ]
    samples_ = [make_sample(text, str(i), lang=lang) for i, (text, lang) in enumerate(texts)]
    files = []
    for workers in (1, 2):
        run = tmp_path / str(workers)
        source = dataset(run, samples_[::3], samples_[1::3], samples_[2::3])
        with LocalRunner(workers) as runner:
            found = run_select(run, source, runner, max_per_entity=2)
        files.append(found.manifest.files)
    assert files[0] == files[1]
    assert any(f.kind == "dropped" for f in files[0])
    assert not (tmp_path / "2" / "select" / NAMED).exists()


def test_how_rows_are_dealt_into_parts_does_not_decide_about_them(tmp_path, select):
    hot = pages(60, "NASA")
    kept = []
    for name, parts in (("one", [hot]), ("many", [hot[:7], hot[7:8], hot[8:]])):
        found = select(tmp_path / name, dataset(tmp_path / name, *parts), max_per_entity=20)
        kept.append({r["id"] for r in rows(found, "part", "id")})
    assert kept[0] == kept[1]
    assert 0 < len(kept[0]) < 60


@pytest.mark.parametrize("parts", [[[]], [[make_sample("")]], [[make_sample("", lang=None)], []]])
def test_no_rows_no_text_and_no_language_are_no_trouble(tmp_path, parts, select):
    found = select(tmp_path, dataset(tmp_path, *parts), max_per_entity=1)
    assert found.manifest.rows["kept"] == sum(map(len, parts))


def test_rows_that_name_nothing_stay_unless_they_are_capped(tmp_path, select):
    plain = [make_sample(f"a hammer {i}", str(i), bucket="caption") for i in range(80)]
    other = [make_sample(f"a nail {i}", f"text{i}") for i in range(20)]
    for cap, least, most in ((None, 80, 80), (20, 5, 40)):
        run = tmp_path / str(cap)
        found = select(run, dataset(run, plain + other), max_per_entity=1, max_without_entity=cap)
        kept = Counter(r["bucket"] for r in rows(found, "part", "bucket"))
        assert kept["text"] == 20
        assert least <= kept["caption"] <= most
        assert found.manifest.metrics["rows_without_entity"] == 100
    details = {r["detail"] for r in rows(found, "dropped", "detail")}
    assert details == {"nothing in caption: 80 rows, cap 20"}


def test_problems_are_not_balanced(tmp_path, select):
    problems = pages(30, "Alice", bucket="stem")
    found = select(
        tmp_path, dataset(tmp_path, problems + pages(30, "Alice", start=30)), max_per_entity=1
    )
    assert Counter(r["bucket"] for r in rows(found, "part", "bucket"))["stem"] == 30
    assert {r["detail"] for r in rows(found, "dropped", "detail")} == {"alice: 30 rows, cap 1"}


def test_good_rows_are_preferred(tmp_path, select):
    good = pages(200, "NASA", scores={"education": 5.0})
    bad = pages(200, "NASA", start=200, scores={"education": 0.0})
    found = select(tmp_path, dataset(tmp_path, good + bad), max_per_entity=100, max_repeat=1)
    kept = Counter(dict(r["scores"])["education"] for r in rows(found, "part", "scores"))
    assert 80 < kept[5.0] < 120
    assert 10 < kept[0.0] < 45


def test_dense_and_educational_rows_are_shown_again_up_to_the_most(tmp_path, select):
    image = (make_image(),)
    given = [
        make_sample("word " * 2000, "dense", bucket="interleaved", images=image),
        make_sample("word", "thin", bucket="interleaved", images=image),
        make_sample("word", "taught", scores={"education": 3.5, "stem": 0.7}),
        make_sample("word " * 2000, "all", images=image, scores={"education": 4.0, "stem": 1.0}),
    ]
    found = select(tmp_path, dataset(tmp_path, given))
    repeat = {
        r["source"]["url"]: dict(r["scores"])["repeat"]
        for r in rows(found, "part", "source", "scores")
    }
    assert repeat == {"dense": 2, "thin": 1, "taught": 3, "all": 3}
    (batch,) = found.batches()
    assert np.nanmax(scores(batch, "tokens_per_image")) == pytest.approx(10_000 / 4.2, abs=1)


def test_without_a_cap_nothing_is_counted_and_all_rows_stay(tmp_path, select):
    found = select(tmp_path, dataset(tmp_path, pages(30, "NASA")), max_per_entity=None)
    assert found.manifest.rows["kept"] == 30
    assert "rows_without_entity" not in found.manifest.metrics


def test_a_runner_that_loses_a_part_of_a_sweep_fails_the_stage(tmp_path, select, local_runner):
    class Loses:
        def run(self, step, units):
            if step.name == "count":
                return
            local_runner.run(step, units)

    source = dataset(tmp_path, pages(5, "NASA"))
    with pytest.raises(StageError, match="count: the runner said it was done, but 1 of"):
        select(tmp_path, source, runner=Loses(), max_per_entity=1)
    assert not (tmp_path / "select").exists()
    # What the first sweep left is not done again.
    named = next(tmp_path.glob(".select.*.partial")) / NAMED / "counts-00000.npy"
    stamp = named.stat().st_mtime_ns
    with pytest.raises(StageError):
        select(tmp_path, source, runner=Loses(), max_per_entity=1)
    assert named.stat().st_mtime_ns == stamp
    assert select(tmp_path, source, max_per_entity=1).manifest.rows["in"] == 5
