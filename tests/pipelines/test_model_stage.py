"""Stages that ask a model, over several units and an endpoint that speaks the real protocol."""

from __future__ import annotations

import json
import threading
import time

import pytest

from model import Endpoints, Teacher
from pipelines.config import RunConfig
from pipelines.errors import UsageError
from pipelines.funnel import notes, read_status
from pipelines.model_stage import MAX_OPEN
from pipelines.progress import Silence
from pipelines.recaption import Recaption
from pipelines.run import CONFIG, run
from pipelines.runner import LocalRunner
from pipelines.stage import run_stage
from records import Dataset, ImageRef, Part, digest, from_batch
from tests.conftest import make_sample
from tests.model.endpoint import FakeEndpoint, completion
from tests.pipelines.made import make_dataset

TEACHER = Teacher("test", None, "free", sees_images=False)


def document(number):
    alt = f"A water wheel number {number} that stands beside a stone mill on a calm stream"
    image = ImageRef(digest(str(number)), "pack", 0, 1, "png", 200, 200, alt)
    parts = (Part("text", text=f"Page {number}."), Part("image", image=0))
    return make_sample(url=str(number), bucket="interleaved", parts=parts, images=(image,))


def caption(body):
    number = body["messages"][1]["content"].split("number ")[1].split()[0]
    told = f"The wheel with number {number} stands beside a stone mill on a calm stream."
    return 200, completion(json.dumps({"caption": told}))


def make_run(folder, units, **sections):
    source = {"name": "s", "kind": "html", "path": folder}
    stages = ["ingest", "bucket", "recaption"]
    config = RunConfig.model_validate(
        {"sources": [source], "out": folder / "run", "stages": stages, **sections}
    )
    return config, make_dataset(config.out, "bucket", [[document(i)] for i in range(units)])


def recaption(config, source, url, **model):
    stage = Recaption(config, config.out)
    stage.model = Endpoints(TEACHER, (url,), **model)
    with LocalRunner(1) as runner:
        run_stage(stage, source, runner, Silence())
    return Dataset.open(config.out / "recaption")


def captions(dataset):
    made = [s for b in dataset.batches() for s in from_batch(b) if s.bucket == "caption"]
    return {s.text.split("number ")[1].split()[0] for s in made}


def test_a_slow_answer_does_not_hold_up_the_next_units(tmp_path):
    config, source = make_run(tmp_path, MAX_OPEN)
    others_asked = threading.Event()

    def answer(body, _):
        # The first unit's only answer comes when the last unit's question has come.
        if "number 0 " in body["messages"][1]["content"]:
            assert others_asked.wait(30)
        if f"number {MAX_OPEN - 1} " in body["messages"][1]["content"]:
            others_asked.set()
        return caption(body)

    with FakeEndpoint(answer) as endpoint:
        made = recaption(config, source, endpoint.url)
    assert captions(made) == {str(i) for i in range(MAX_OPEN)}


def test_no_more_units_are_open_than_may_be(tmp_path):
    units = 2 * MAX_OPEN
    config, source = make_run(tmp_path, units)
    waiting: set[str] = set()
    full = threading.Event()
    seen = []

    def let_go():
        seen.append(len(waiting))
        full.set()

    def answer(body, _):
        waiting.add(body["messages"][1]["content"])
        if len(waiting) == MAX_OPEN:
            # Time enough for the others to come, if they did.
            threading.Timer(1, let_go).start()
        assert full.wait(30)
        return caption(body)

    with FakeEndpoint(answer) as endpoint:
        made = recaption(config, source, endpoint.url)
    assert len(captions(made)) == units
    assert seen == [MAX_OPEN]


def test_status_tells_what_the_model_is_asked_while_it_is_asked(tmp_path):
    config, source = make_run(tmp_path, 3)
    config.out.joinpath(CONFIG).write_text(config.model_dump_json())
    told = {}

    def answer(body, _):
        content = body["messages"][1]["content"]
        if "number 1 " in content:
            return 400, "not this one"
        if "number 2 " in content:
            deadline = time.monotonic() + 20
            while told.get("answered", 0) < 2 and time.monotonic() < deadline:
                time.sleep(0.1)
                stage = read_status(config.out)[-1]
                told.update(stage.as_json().get("model", {}), line=" ".join(notes([stage])))
        return caption(body)

    with FakeEndpoint(answer) as endpoint:
        changed = config.model_copy(
            update={"recaption": config.recaption.model_copy(update={"max_failure_rate": 1.0})}
        )
        made = recaption(changed, source, endpoint.url)
    assert (told["answered"], told["failures"]) == (2, {"refused": 1})
    assert (told["prompt_tokens"], told["completion_tokens"], told["stored"]) == (7, 3, 0)
    assert told["answers_per_second"] > 0
    assert "2 answers" in told["line"] and "refused 1" in told["line"]
    assert made.manifest.metrics["failures_refused"] == 1
    assert not (made.root / "usage").exists()


def test_a_teacher_whose_licence_is_not_allowed_is_refused_before_anything_runs(tmp_path):
    asked = {"endpoint": "http://127.0.0.1:9/v1", "allowed_licenses": ["Apache-2.0", "MIT"]}
    config, _ = make_run(tmp_path, 1, model=asked)
    with pytest.raises(UsageError, match=r"EXAONE-4.5-33B .*'EXAONE 1.2-NC .*allowed_licenses"):
        run(config)
    assert not (config.out / "ingest").exists()
    # Who stays silent about a licence is not believed to have a free one.
    config, _ = make_run(tmp_path, 1, model={**asked, "name": "other"})
    with pytest.raises(UsageError, match=r"model\.license: under which licence"):
        run(config)


@pytest.mark.parametrize("allowed", [["free"], ["fr*"], None])
def test_the_licence_of_the_teacher_goes_into_the_row(tmp_path, allowed):
    asked = {"endpoint": "http://h/v1", "name": "test", "license": "free"}
    config, source = make_run(tmp_path, 1, model={**asked, "allowed_licenses": allowed})
    Recaption.check(config)
    with FakeEndpoint(lambda body, _: caption(body)) as endpoint:
        made = recaption(config, source, endpoint.url)
    rows = [s for b in made.batches() for s in from_batch(b) if s.bucket == "caption"]
    assert [(s.source.model, s.targets["model_license"]) for s in rows] == [("test", "free")]
