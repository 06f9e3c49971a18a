"""The recaption stage over a page with a picture, and an endpoint that fails before it works."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from model import Endpoints, Teacher
from pipelines.config import RunConfig
from pipelines.errors import StageError
from pipelines.ingest import Ingest
from pipelines.progress import Silence
from pipelines.recaption import Recaption
from pipelines.runner import LocalRunner
from pipelines.stage import run_stage
from records import Dataset, from_batch
from tests.model.endpoint import FakeEndpoint, completion

PAGE = """<html lang="en"><body><main><h1>Water wheels</h1>
<p>The miller opens the sluice, and the river turns the wheel with all its weight.</p>
<img src="wheel.png" alt="A wheel at a mill">
<p>Behind the wall, wooden gears carry the motion on to two heavy stones.</p>
</main></body></html>"""
CAPTION = "An old wooden wheel stands beside a stone building on a calm stream."


@pytest.fixture
def config(tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    (site / "mill.html").write_text(PAGE)
    Image.effect_noise((200, 160), 60).save(site / "wheel.png")
    source = {"name": "site", "kind": "html", "path": site}
    return RunConfig.model_validate({"sources": [source], "out": tmp_path / "run"})


def recaption(config, url):
    stage = Recaption(config, config.out)
    teacher = Teacher("test", None, "free", sees_images=True)
    stage.model = Endpoints(teacher, (url,), timeout=10, tries=2)
    with LocalRunner(1) as runner:
        source = Dataset.open(config.out / "ingest")
        run_stage(stage, source, runner, Silence())
    return Dataset.open(config.out / "recaption")


def test_after_an_endpoint_failed_the_same_command_asks_again(config):
    with LocalRunner(1) as runner:
        run_stage(Ingest(config, config.out), None, runner, Silence())
    working = False

    def answer(body, times):
        if not working:
            return 500, "down"
        return 200, completion(json.dumps({"caption": CAPTION}))

    with FakeEndpoint(answer) as endpoint:
        with pytest.raises(StageError, match=r"1 of 1 requests to .* failed"):
            recaption(config, endpoint.url)
        assert not (config.out / "recaption").exists()
        working = True
        made = [s for b in recaption(config, endpoint.url).batches() for s in from_batch(b)]
        captions = [s for s in made if s.bucket == "caption"]
        assert [s.text for s in captions] == [CAPTION]
        asked = len(endpoint.asked)
        # Told again to make what it made, it pays nothing.
        changed = config.model_copy(update={"out": config.out.parent / "again"})
        changed = changed.model_copy(
            update={"model": config.model.model_copy(update={"responses": config.responses})}
        )
        with LocalRunner(1) as runner:
            run_stage(Ingest(changed, changed.out), None, runner, Silence())
        assert recaption(changed, endpoint.url).manifest.metrics["requests_stored"] == 1
        assert len(endpoint.asked) == asked
