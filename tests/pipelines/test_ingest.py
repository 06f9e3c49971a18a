"""One run over sources of every kind, and over inputs that mean harm."""

from __future__ import annotations

import random
import shutil

import pytest

from pipelines.config import RunConfig
from pipelines.ingest import Ingest
from pipelines.progress import Silence
from pipelines.readers import READERS
from pipelines.stage import run_stage
from records import Dataset, from_batch
from tests.pipelines.readers import mixed


@pytest.fixture(scope="module")
def sources(samples, tmp_path_factory):
    return mixed.build(tmp_path_factory.mktemp("mixed"), samples / "scikit-learn")


def ingest(sources, out, runner, **settings):
    config = RunConfig.model_validate(
        {"sources": sources, "out": out, "stages": ["ingest"], "ingest": settings}
    )
    run_stage(Ingest(config, out), None, runner, Silence())
    return Dataset.open(out / "ingest")


def test_a_folder_of_all_kinds_is_read_in_one_run(sources, tmp_path, local_runner):
    assert True
    found = ingest(sources, tmp_path, local_runner)
    rows = found.manifest.rows
    assert rows["in"] == rows["kept"] > 0
    #
    buckets = {}
    for batch in found.batches():
        for sample in from_batch(batch):
            buckets.setdefault(sample.source.dataset, set()).add(sample.bucket)
    assert buckets["coco"] == buckets["voc"] == buckets["yolo"] == {"grounding"}
    assert buckets["conversations"] == {"conversation"}
    assert buckets["webdataset"] == buckets["captions"] == {"caption"}
    again = ingest(sources, tmp_path / "again", local_runner, unit_files=1)
    assert again.manifest.rows == rows


def cut(data, dice):
    return data[: dice.randrange(len(data))]


def flip(data, dice):
    changed = bytearray(data)
    for _ in range(dice.randint(1, 20)):
        changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def blank(data, dice):
    start = dice.randrange(len(data))
    return data[:start] + bytes(len(data[start : start + 64])) + data[start + 64 :]


def remove(data, dice):
    start = dice.randrange(len(data))
    return data[:start] + data[start + dice.randint(1, 1000) :]


def repeat(data, dice):
    start = dice.randrange(len(data))
    return data[:start] + data[start : start + 200] * 50 + data[start:]


def enlarge(data, dice):
    """Some of the digits become large numbers."""
    places = [i for i, byte in enumerate(data) if chr(byte).isdigit()] or [0]
    changed = data
    for place in sorted(dice.sample(places, min(5, len(places))), reverse=True):
        changed = changed[:place] + b"99999999999" + changed[place:]
    return changed


def nest(data, dice):
    place = dice.randrange(len(data))
    opener = dice.choice([b"[", b"{", b"<a>", b"<div>", b"((", b"<<"])
    return data[:place] + opener * 5000 + data[place:]


def swap(data, dice):
    place = dice.randrange(len(data))
    return data[place:] + data[:place]


MUTATIONS = (cut, flip, blank, remove, repeat, enlarge, nest, swap)


def test_mutated_files_cost_themselves_and_nothing_else(sources, tmp_path, local_runner):
    dice = random.Random(9)
    whole = ingest(sources, tmp_path / "whole", local_runner)
    kept = {i for batch in whole.batches() for i in batch["id"].to_pylist()}
    hostile, names = [], set()
    for source in sources:
        folder = tmp_path / "hostile" / source["name"]
        shutil.copytree(source["path"], folder)
        hostile.append({**source, "path": folder})
        suffixes = tuple(READERS[source["kind"]].suffixes)
        files = sorted(p for p in folder.rglob("*") if p.name.lower().endswith(suffixes))
        for number, mutate in enumerate(MUTATIONS * 2):
            victim = files[number % len(files)]
            if victim.stat().st_size < 10:
                continue
            mutant = victim.with_name(f"mutant{number}-{victim.name}")
            mutant.write_bytes(mutate(victim.read_bytes(), dice))
            names.add((source["name"], mutant.relative_to(folder).as_posix()))
    assert len(names) >= 100
    found = ingest(hostile, tmp_path / "run", local_runner, max_error_rate=1, max_seconds=10)
    after = {i for batch in found.batches() for i in batch["id"].to_pylist()}
    assert kept <= after
    errors = [e for batch in found.batches("errors") for e in batch.to_pylist()]
    assert not [e for e in errors if e["reason"] == "reader_failed"]
    assert {(e["dataset"], e["path"]) for e in errors if e["lost"] == "row"} <= names
    seen = {(e["dataset"], e["path"]) for e in errors}
    for batch in found.batches():
        seen |= {(s["dataset"], s["url"].split("#")[0]) for s in batch["source"].to_pylist()}
    assert names - seen <= quiet(names)


def quiet(names):
    """Those that may say nothing: what they hold is left out, and counted."""
    return {n for n in names if n[0] in ("webdataset", "label_studio", "warc", "yolo")}
