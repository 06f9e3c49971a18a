from __future__ import annotations

import json

import pytest
from PIL import Image

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers import Draft, Failure, Piece
from pipelines.readers.sandbox import Sandbox
from tests.pipelines.readers.reading import png

PAGE = "<html lang=en><p>A picture stands here, and some words beside it.</p><img src='{}'>"


@pytest.fixture
def sandbox():
    box = Sandbox()
    yield box
    box.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    Image.new("RGB", (9990, 9990), "red").save(folder / "large.png", compress_level=1)
    (folder / "small.png").write_bytes(png())
    for name in ("large", "small"):
        (folder / f"{name}.html").write_text(PAGE.format(f"{name}.png"))
    rows = [{"problem": f"What is {i} + {i}?", "answer": str(2 * i)} for i in range(50_000)]
    (folder / "many.jsonl").write_text("\n".join(json.dumps(r) for r in rows))
    return folder


def piece(folder, name, kind="html"):
    path = folder / name
    source = SourceConfig(name="s", kind=kind, path=folder)
    return Piece(0, path, name, 0, path.stat().st_size), source


@pytest.mark.parametrize(
    ("limit", "reason"),
    [({"max_seconds": 0.1}, "took_too_long"), ({"max_memory": 1 << 28}, "too_much_memory")],
)
def test_a_row_that_takes_too_much_is_an_error_and_the_next_is_read(sandbox, folder, limit, reason):
    # Let it start, which takes longer than the limit.
    assert list(
        sandbox.read(*piece(folder, "small.html"), IngestConfig(**{**limit, "max_seconds": 30}))
    )
    (failure,) = sandbox.read(*piece(folder, "large.html"), IngestConfig(**limit))
    assert isinstance(failure, Failure)
    assert (failure.reason, failure.lost, failure.path) == (reason, "row", "large.html")
    limit = {**limit, "max_seconds": 30}
    (draft,) = sandbox.read(*piece(folder, "small.html"), IngestConfig(**limit))
    assert isinstance(draft, Draft)
    assert len(draft.images) == 1


def test_when_the_process_dies_every_row_still_comes_once(sandbox, folder):
    answers = []
    for item in sandbox.read(*piece(folder, "many.jsonl", "problems"), IngestConfig()):
        answers.append(int(item.targets["answer"]))
        if len(answers) == 20_000:
            sandbox._child.kill()
    assert answers == list(range(0, 100_000, 2))


def test_a_reading_that_is_given_up_leaves_nothing_behind(sandbox, folder):
    assert next(iter(sandbox.read(*piece(folder, "many.jsonl", "problems"), IngestConfig())))
    (draft,) = sandbox.read(*piece(folder, "small.html"), IngestConfig())
    assert draft.bucket == "interleaved"


def test_a_file_that_is_gone_is_an_error(sandbox, folder, tmp_path):
    source = SourceConfig(name="s", kind="html", path=folder)
    gone = Piece(0, tmp_path / "gone.html", "gone.html", 0, 10)
    (failure,) = sandbox.read(gone, source, IngestConfig())
    assert failure.reason == "file_missing"
