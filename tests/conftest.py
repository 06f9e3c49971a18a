"""Fixtures: real input by package name, and a browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from pipelines.config import RunConfig
from pipelines.runner import LocalRunner
from pipelines.samples import fetch
from records import ImageRef, Part, Sample, Source, sample_id
from renderers import Browser, shared_browser

# How long a call takes says more of the machine than of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def samples() -> Path:
    """The demo's input, fetched once and shared with it."""
    folder = ROOT / "samples"
    fetch(folder)
    return folder


@pytest.fixture(scope="session")
def browser() -> Browser:
    return shared_browser()


@pytest.fixture(scope="session")
def local_runner():
    with LocalRunner(2) as runner:
        yield runner


@pytest.fixture
def write_config(tmp_path: Path) -> Callable[..., Path]:
    """Writes a config (JSON is YAML) and returns its path."""

    def write(**sections) -> Path:
        path = tmp_path / "config.yaml"
        path.write_text(json.dumps(sections, default=str))
        return path

    return write


#: A page that no heuristic objects to.
PAGE = (
    "The garden lies behind the house, and a low wall keeps the wind from the sea away. My aunt "
    "planted the first apple trees when she was young. Most of them still bear fruit in October. "
    "Nobody knows why the pear tree near the gate has never done so, although it flowers every "
    "spring. In the evening we sit under it and talk about what has to be done. There is always "
    "something: a fence that leans, a path to clear, or seeds that want to be sown before the rain "
    "comes. When the work is over, the children run down to the water with the dogs."
)


def make_sample(text: str = "text", url: str = "page", **fields) -> Sample:
    """A sample of one text part, changed as asked."""
    source = fields.pop("source", Source("test", url))
    parts = fields.pop("parts", (Part("text", text=text),))
    images = fields.pop("images", ())
    return Sample(
        id=fields.pop("id", sample_id(source, parts, images)),
        bucket=fields.pop("bucket", "text"),
        lang=fields.pop("lang", "en"),
        parts=parts,
        images=images,
        source=source,
        **fields,
    )


def make_image(sha256: str = "a" * 64, width: int = 100, height: int = 80, **fields) -> ImageRef:
    values = {"pack": "ingest/packs/p.tar", "offset": 512, "size": 10, "format": "png", **fields}
    return ImageRef(sha256=sha256, width=width, height=height, **values)


def problems_config(folder: Path, out: Path, **changes) -> RunConfig:
    """A run over the JSON lines in `folder`."""
    source = {"name": "problems", "kind": "problems", "path": folder, "lang": "en"}
    return RunConfig.model_validate({"sources": [source], "out": out, "workers": 1, **changes})
