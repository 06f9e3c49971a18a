"""The render stage over problems and pages, with a real browser."""

from __future__ import annotations

import json

import pytest

from pipelines.config import RunConfig
from pipelines.errors import UsageError
from pipelines.progress import Silence
from pipelines.render import Render
from pipelines.runner import LocalRunner
from pipelines.stage import run_stage
from records import LEVELS, Dataset, from_batch
from tests.conftest import PAGE, make_sample
from tests.pipelines.made import make_dataset

KOREAN = "1부터 100까지의 자연수 중에서 3의 배수는 모두 몇 개인지 구하시오."
ENGLISH = "Find the greatest common divisor of 780 and 461."


def rows():
    problems = [(KOREAN, "ko", "33"), (ENGLISH, "en", "1")]
    parts = [
        [
            make_sample(t, bucket="stem", lang=lang, url=t[:9], targets={"answer": a})
            for t, lang, a in problems
        ],
        [
            make_sample(f"# The garden\n\n{PAGE}\n\n## The sea\n\n{PAGE}", lang="en", url="garden"),
            make_sample("Short.", url="short"),
            make_sample(
                "As shown in the figure below, find the angle ABC.",
                bucket="stem",
                lang="en",
                url="figure",
                targets={"answer": "30"},
            ),
        ],
    ]
    return parts


def render(folder, workers, **section):
    source = {"name": "s", "kind": "html", "path": folder}
    settings = {"documents": 1.0, "papers": 3, **section}
    config = RunConfig.model_validate(
        {"sources": [source], "out": folder / f"run{workers}", "seed": 5, "render": settings}
    )
    dataset = make_dataset(config.out, "recaption", rows())
    stage = Render(config, config.out)
    with LocalRunner(workers) as runner:
        run_stage(stage, dataset, runner, Silence())
    return Dataset.open(config.out / "render")


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    return render(tmp_path_factory.mktemp("render"), 1)


def made(dataset, bucket=None):
    samples = [s for b in dataset.batches() for s in from_batch(b) if "recipe" in s.targets]
    return [s for s in samples if bucket in (None, s.bucket)]


def test_problems_pages_and_papers_become_rows_of_three_buckets(rendered):
    problems = made(rendered, "stem")
    assert {s.targets["problem"] for s in problems} == {KOREAN, ENGLISH}
    assert {s.targets["answer"] for s in problems} == {"33", "1"}
    documents, texts = made(rendered, "document"), made(rendered, "ocr")
    assert len(documents) == len(texts) >= 4
    assert {s.source.dataset for s in documents} == {"test", "invented"}
    # Each page once, in two pictures of different fates.
    assert len({s.images[0].sha256 for s in documents + texts}) > len(documents)


def test_every_picture_has_regions_of_all_levels_and_says_what_it_shows(rendered):
    for sample in made(rendered):
        assert {r.level for r in sample.regions} == set(LEVELS) - {"object"}
        assert json.loads(sample.targets["encoding"])["format"] == sample.images[0].format
        assert {"html", "markdown", "json"} <= set(sample.targets)
    garden = next(s for s in made(rendered, "document") if s.source.url == "garden")
    words = " ".join(r.label for r in garden.regions if r.level == "word")
    assert "The garden lies behind the house" in words
    assert garden.source.parent


def test_what_cannot_be_drawn_truly_is_rejected_and_its_row_stays(rendered):
    assert rendered.manifest.reasons["rejected"] == {"figure_missing": 1, "no_heading": 1}
    assert rendered.manifest.rows["kept"] == rendered.manifest.rows["in"] == 5


def test_any_number_of_workers_makes_the_same_bytes(rendered, tmp_path):
    other = render(tmp_path, 2)
    assert [(f.path, f.sha256) for f in other.manifest.files] == [
        (f.path, f.sha256) for f in rendered.manifest.files
    ]


def test_levels_and_effects_are_those_of_the_configuration(tmp_path):
    dataset = render(tmp_path, 1, levels=["line"], effects={"scan": 1}, papers=1, documents=0)
    samples = made(dataset)
    assert {r.level for s in samples for r in s.regions} == {"line"}
    assert "scan" in {json.loads(s.targets["recipe"])["kind"] for s in samples}


@pytest.mark.parametrize("effects", [{}, {"clean": 0}, {"clean": -1, "scan": 2}])
def test_effects_without_weight_are_refused(tmp_path, effects, write_config):
    from pipelines.config import load_config

    path = write_config(
        sources=[{"name": "s", "kind": "html", "path": tmp_path}], render={"effects": effects}
    )
    with pytest.raises(UsageError, match="effects are weights"):
        load_config(path)
