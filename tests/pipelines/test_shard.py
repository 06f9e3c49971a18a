"""Copies in shards: as many as `repeat` says, apart from each other, counted as made."""

from __future__ import annotations

import io
import json
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import webdataset
from PIL import Image

from pipelines.config import RunConfig
from pipelines.explain import explain
from pipelines.progress import Silence
from pipelines.report import write_report
from pipelines.shard import Shard, read_keys
from pipelines.stage import run_stage
from pipelines.validate import validate
from pipelines.work import Unit
from records import (
    Dataset,
    FileEntry,
    Manifest,
    PackWriter,
    Part,
    file_name,
    to_batch,
    write_json,
    write_table,
)
from tests.conftest import make_image, make_sample


def before(run, rows, packs=()):
    """What the stage before has left: two parts."""
    root = run / "bucket"
    files = [FileEntry.of(root, path, "pack", 0) for path in packs]
    for index in range(2):
        path = file_name("part", index, 2)
        half = rows[index::2]
        write_table(root / path, pa.Table.from_batches([to_batch(half)]).sort_by("id"))
        files.append(FileEntry.of(root, path, "part", len(half)))
    counts = {"in": len(rows), "kept": len(rows), "made": 0, "dropped": 0, "errors": 0}
    nothing = {"dropped": {}, "rejected": {}, "errors": {}}
    Manifest("bucket", 2, counts, nothing, {}, {}, files, {}, "x", "y").write(root)
    write_json(run / "config.json", {"stages": ["bucket", "shard"]})
    return Dataset.open(root)


def shard(run, rows, runner, samples=10, packs=()):
    source = before(run, rows, packs)
    config = RunConfig.model_validate(
        {
            "sources": [{"name": "s", "kind": "html", "path": run}],
            "out": run,
            "shard": {"samples": samples},
        }
    )
    run_stage(Shard(config, run), source, runner, Silence())
    return Dataset.open(run / "shard")


def shards_of(found):
    """The ids in each shard."""
    return [pq.read_table(p, columns=["id"])["id"].to_pylist() for p in found.files("shard")]


def shown(count, repeat, **fields):
    scores = {} if repeat is None else {"repeat": float(repeat), "length_class": 1024.0}
    return [
        make_sample(f"text {i}", f"{repeat}/{i}", scores=scores, **fields) for i in range(count)
    ]


def test_a_row_is_in_as_many_shards_as_it_is_to_be_shown(tmp_path, local_runner):
    rows = shown(20, 1) + shown(9, 3) + shown(4, None)
    found = shard(tmp_path, rows, local_runner)
    counts = found.manifest.rows
    assert (counts["in"], counts["kept"], counts["made"]) == (33, 33, 18)
    shards = shards_of(found)
    assert sorted(map(len, shards)) == [8, 8, 8, 9, 9, 9]
    times = Counter(name.split("-")[0] for names in shards for name in names)
    assert times == {r.id: int(r.scores.get("repeat", 1)) for r in rows}
    for names in shards:
        rows_here = [name.split("-")[0] for name in names]
        assert len(rows_here) == len(set(rows_here))
    assert found.manifest.rows["made"] == sum("-" in name for names in shards for name in names)


def test_more_copies_than_shards_have_keys_of_their_own(tmp_path, local_runner):
    rows = shown(2, 5)
    found = shard(tmp_path, rows, local_runner, samples=100)
    (names,) = shards_of(found)
    assert sorted(names) == sorted(
        f"{r.id}{copy}" for r in rows for copy in ("", "-1", "-2", "-3", "-4")
    )
    (tar,) = map(str, found.files("webdataset"))
    read = {s["__key__"] for s in webdataset.WebDataset([tar], shardshuffle=False)}
    assert read == set(names)


def test_copies_are_told_from_their_rows_and_all_is_valid(tmp_path, local_runner):
    data = io.BytesIO()
    Image.new("RGB", (100, 80), "red").save(data, "PNG")
    pack = file_name("pack", 0, 2)
    with PackWriter(tmp_path / "bucket" / pack) as writer:
        sha256, offset, size = writer.add(data.getvalue(), "png")
    image = make_image(sha256, pack=f"bucket/{pack}", offset=offset, size=size)
    parts = (Part("image", image=0), Part("text", text="A red square."))
    rows = shown(6, 2, bucket="caption", images=(image,), parts=parts)
    found = shard(tmp_path, rows, local_runner, samples=4, packs=[pack])
    checked, problems = validate(tmp_path)
    assert problems == []
    assert checked.shards == 6
    events = explain(tmp_path, rows[0].id)
    assert [(e.stage, e.outcome) for e in events if e.id == rows[0].id] == [
        ("bucket", "kept"), ("shard", "kept"),
    ]  # fmt: skip
    assert [(e.outcome, e.parent) for e in events if e.id == f"{rows[0].id}-1"] == [
        ("made", rows[0].id)
    ]
    assert "12 samples in 3 shards" in write_report(tmp_path).read_text()
    index = json.loads((tmp_path / "shard" / "index.json").read_text())
    assert index["strata"] == {"caption.en.1024.none": 12}
    assert found.manifest.rows["in"] == 6


def test_a_copy_of_an_unreadable_picture_is_no_second_error(tmp_path, local_runner):
    lost = shown(1, 3, images=(make_image(pack="bucket/packs/gone.tar"),))
    config_rows = shown(40, 1) + lost
    found = shard(tmp_path, config_rows, local_runner, samples=50)
    assert (found.manifest.rows["kept"], found.manifest.rows["errors"]) == (40, 1)
    assert found.manifest.metrics["rows_lost_copy"] == 2


@pytest.mark.parametrize("repeat", [None, 1])
def test_a_row_that_is_shown_once_is_dealt_as_ever(tmp_path, repeat):
    rows = shown(5, repeat)
    part = tmp_path / "part.parquet"
    write_table(part, pa.Table.from_batches([to_batch(rows)]))
    dealt = [row for _, batch in read_keys(Unit(0, 1, part), 0) for row in batch.to_pylist()]
    assert sorted(row["id"] for row in dealt) == sorted(r.id for r in rows)
    assert all(len(row["key"]) == 32 and row["copy"] == 0 for row in dealt)
