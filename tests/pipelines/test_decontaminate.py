"""Items of evaluation sets, in any reader's format, found in rows of any kind."""

from __future__ import annotations

import json

import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from PIL import Image

from pipelines.config import RunConfig
from pipelines.decontaminate import Decontaminate
from pipelines.explain import explain
from pipelines.progress import Silence
from pipelines.runner import run_pipeline
from pipelines.stage import run_stage
from records import Dataset, Part, from_batch
from tests.conftest import make_image, make_sample
from tests.filters.test_contamination import KOREAN, QUESTION
from tests.pipelines.made import make_dataset
from tests.pipelines.pictures import encoded, pack, photos


class Here:
    def run(self, stage, units):
        run_pipeline(stage, units, FnApiRunner())


@pytest.fixture
def benchmark(tmp_path):
    """An evaluation set of two problems, and one of a captioned picture."""
    folder = tmp_path / "benchmark"
    folder.mkdir()
    problems = [{"question": QUESTION, "answer": "90"}, {"question": KOREAN, "answer": "6"}]
    (folder / "test.jsonl").write_text("\n".join(json.dumps(p) for p in problems))
    Image.effect_noise((80, 60), 90).save(folder / "chart.png")
    (folder / "chart.json").write_text(json.dumps([{"image": "chart.png", "caption": "A chart."}]))
    return folder


def decontaminate(run, benchmark, rows, **settings):
    source = {"name": "s", "kind": "problems", "path": "none"}
    evaluation = [
        {"name": "mathtest", "kind": "problems", "path": benchmark / "test.jsonl"},
        {"name": "charttest", "kind": "captions", "path": benchmark, "include": ["*.json"]},
    ]
    config = RunConfig.model_validate(
        {"sources": [source], "evaluation": evaluation, "out": run, "decontaminate": settings}
    )
    parts = [rows[::2], rows[1::2]]
    run_stage(
        Decontaminate(config, run), make_dataset(run, "near_dedupe", parts), Here(), Silence()
    )
    return Dataset.open(run / "decontaminate")


def dropped(dataset):
    rows = [row for batch in dataset.batches("dropped") for row in batch.to_pylist()]
    return {
        row["source"]["url"]: (row["reason"], row["score"], row["detail"]) for row in rows
    }  # fmt: skip


def test_rows_that_hold_an_item_leave_and_say_which(tmp_path, benchmark):
    rows = [
        make_sample(f"Forum. Someone asks: {QUESTION} I think it is 90.", url="forum"),
        make_sample(KOREAN, url="problem", bucket="stem"),
        make_sample("A page about trains that leave at noon. " * 9, url="other"),
    ]
    dataset = decontaminate(tmp_path / "run", benchmark, rows)
    found = dropped(dataset)
    assert set(found) == {"forum", "problem"}
    assert found["forum"][:2] == ("evaluation_text", 1.0)
    assert found["forum"][2].startswith("mathtest test.jsonl")
    assert dataset.manifest.metrics["rows_dropped_mathtest"] == 2


def test_rows_with_a_picture_of_an_item_leave(tmp_path, benchmark):
    run = tmp_path / "run"
    decontaminate(run, benchmark, [make_sample("x")])
    (item,) = (
        s
        for batch in Dataset.open(run / "evaluation").batches()
        for s in from_batch(batch)
        if s.images
    )
    shown = {"bucket": "interleaved", "parts": (Part("image", image=0),)}
    rows = [
        make_sample(url="same", images=(item.images[0],), **shown),
        make_sample(url="other", images=(make_image("b" * 64),), **shown),
    ]
    found = dropped(decontaminate(run, benchmark, rows))
    assert set(found) == {"same"}
    assert found["same"][0] == "evaluation_picture"
    assert found["same"][2].startswith("charttest ")


def test_a_smaller_copy_of_an_items_picture_is_found(tmp_path, benchmark):
    one, other, *_ = photos()
    (benchmark / "chart.png").write_bytes(encoded(one))
    run = tmp_path / "run"
    images = pack(run, [encoded(one, 0.5, "JPEG", quality=80), encoded(other)])
    rows = [
        make_sample(url=url, images=(image,), bucket="interleaved", parts=(Part("image", image=0),))
        for url, image in zip(("copy", "other"), images, strict=True)
    ]
    found = dropped(decontaminate(run, benchmark, rows))
    assert set(found) == {"copy"}
    reason, likeness, item = found["copy"]
    assert reason == "evaluation_picture"
    assert 0.9 < likeness < 1
    assert item.startswith("charttest ")


def test_the_share_decides(tmp_path, benchmark):
    half = " ".join(QUESTION.split()[:23])
    rows = [make_sample(half, url="half")]
    assert dropped(decontaminate(tmp_path / "a", benchmark, rows, min_share=0.9)) == {}
    (why,) = dropped(decontaminate(tmp_path / "b", benchmark, rows, min_share=0.2)).values()
    assert 0.2 <= why[1] < 0.9


def test_explain_tells_the_item_the_share_and_the_limit(tmp_path, benchmark):
    run = tmp_path / "run"
    decontaminate(run, benchmark, [make_sample(QUESTION, url="copied")])
    (run / "config.json").write_text('{"stages": ["decontaminate"]}')
    (event,) = explain(run, "copied")
    assert (event.reason, event.score, event.threshold) == ("evaluation_text", 1.0, 0.5)
    assert event.detail.startswith("mathtest")


def test_another_evaluation_set_runs_the_stage_again(tmp_path, benchmark):
    rows = [
        make_sample(
            "the very new question of the set that has just been written by someone", url="new"
        )
    ]
    assert dropped(decontaminate(tmp_path / "run", benchmark, rows)) == {}
    (benchmark / "test.jsonl").write_text(
        json.dumps({"question": rows[0].text + " today?", "answer": "1"})
    )
    assert set(dropped(decontaminate(tmp_path / "run", benchmark, rows))) == {"new"}


def test_without_evaluation_sets_all_rows_stay(tmp_path):
    config = RunConfig.model_validate(
        {"sources": [{"name": "s", "kind": "problems", "path": "none"}], "out": tmp_path}
    )
    source = make_dataset(tmp_path, "near_dedupe", [[make_sample(QUESTION)]])
    run_stage(Decontaminate(config, tmp_path), source, Here(), Silence())
    assert Dataset.open(tmp_path / "decontaminate").manifest.rows["kept"] == 1
