"""The whole run on real input, by the command line, as a user would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import datasets
import pytest
import webdataset
from PIL import Image

VLMFORGE = [sys.executable, "-m", "pipelines.cli"]


def vlmforge(*arguments, code=0):
    done = subprocess.run([*VLMFORGE, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == code, done.stderr[-2000:]
    return done


@pytest.fixture(scope="module")
def config(samples, tmp_path_factory):
    """A small mixture: pages in two languages, figures, problems, and bad input."""
    folder = tmp_path_factory.mktemp("input")
    bad = folder / "bad"
    bad.mkdir()
    (bad / "empty.html").write_bytes(b"")
    (bad / "latin.html").write_bytes(b"<p>caf\xe9</p>")
    (bad / "gone.html").write_text(
        "<p>" + "The page of the picture is here. " * 20 + '<img src="no.png">'
    )
    help_pages = samples / "libreoffice-help"
    sources = [
        {"name": "ko", "kind": "html", "path": help_pages, "include": ["ko/text/schart/01/*.html"]},
        {"name": "en", "kind": "html", "path": help_pages, "include": ["en-US/text/schart/01/*.html"]},
        {"name": "sk", "kind": "html", "path": samples / "scikit-learn",
         "include": ["auto_examples/svm/*.html"]},
        {"name": "rg", "kind": "problems", "path": samples / "problems", "license": "Apache-2.0"},
        {"name": "bad", "kind": "html", "path": bad},
    ]  # fmt: skip
    path = folder / "config.yaml"
    content = {
        "sources": sources,
        "ingest": {"unit_files": 20},
        "recaption": {"rate": 0.15},
        "render": {"scale": 1},
        "shard": {"samples": 70},
    }
    path.write_text(json.dumps(content, default=str))
    return path


def run(config, out, *more, code=0):
    # Each run has responses of its own, so that equal shards mean equal answers.
    own = f"model.responses={out}-responses"
    return vlmforge("run", config, "--out", out, "--set", own, "--json", *more, code=code)


def checksums(out):
    index = json.loads((out / "shard" / "index.json").read_text())
    return {shard["file"]: shard["sha256"] for shard in index["shards"]}


@pytest.fixture(scope="module")
def finished(config, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "first"
    run(config, out, "--workers", "2")
    return out


def test_the_funnel_adds_up(finished):
    stages = json.loads(vlmforge("status", finished, "--json").stdout)["stages"]
    assert [s["state"] for s in stages] == ["done"] * 10
    for stage in stages:
        rows = stage["rows"]
        assert rows["in"] == rows["kept"] + rows["dropped"] + rows["errors"]
    ingest, render = stages[0], stages[8]
    assert ingest["sources"]["bad"] == {"in": 3, "kept": 1, "errors": 2}
    assert ingest["metrics"]["images_lost_image_missing"] >= 1
    assert render["rows"]["made"] > 150


def test_everything_that_was_written_is_true(finished):
    found = json.loads(vlmforge("validate", finished, "--json").stdout)
    assert found["problems"] == []
    assert found["checked"]["boxes"] > 1000


def test_a_flipped_bit_is_found(finished, tmp_path):
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", finished, copy], check=True)
    victim = sorted((copy / "shard").glob("*.tar"))[0]
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    assert victim.name in vlmforge("validate", copy, code=1).stdout


def test_another_run_with_another_number_of_workers_gives_the_same_shards(finished, config):
    out = finished.parent / "second"
    run(config, out, "--workers", "1")
    assert checksums(out) == checksums(finished)


def test_a_killed_run_goes_on_to_the_same_bytes(finished, config):
    out = finished.parent / "killed"
    command = [*VLMFORGE, "run", str(config), "--out", str(out), "--workers", "2"]
    command += ["--set", f"model.responses={out}-responses"]
    for stage in ("ingest", "recaption", "render"):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while not list(out.glob(f".{stage}.*.partial/reports/*")) and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    done = {s: (out / s / "manifest.json").stat().st_mtime_ns for s in ("ingest", "filter")}
    run(config, out)
    assert checksums(out) == checksums(finished)
    assert done == {s: (out / s / "manifest.json").stat().st_mtime_ns for s in done}


def test_webdataset_reads_back_every_sample_image_and_box(finished):
    index = json.loads((finished / "shard" / "index.json").read_text())
    tars = [
        str(finished / "shard" / s["file"]) for s in index["shards"] if s["file"].endswith("tar")
    ]
    read = list(webdataset.WebDataset(tars, shardshuffle=False).decode("pil"))
    assert len(read) == index["samples"]
    words = 0
    for sample in read:
        record = sample["json"]
        assert record["id"] == sample["__key__"]
        for image in record["images"]:
            assert sample[image["file"]].size == (image["width"], image["height"])
        words += len(record["regions"])
        assert all(0 <= edge <= 1000 for region in record["regions"] for edge in region["box"])
    assert words > 1000


def test_datasets_reads_back_the_same(finished):
    files = sorted(map(str, (finished / "shard").glob("train-*.parquet")))
    read = datasets.load_dataset("parquet", data_files=files, split="train")
    tars = sorted(map(str, (finished / "shard").glob("train-*.tar")))
    other = {s["json"]["id"]: s for s in webdataset.WebDataset(tars, shardshuffle=False).decode()}
    assert {row["id"] for row in read} == set(other)
    for row in read:
        record = other[row["id"]]["json"]
        assert [list(r["box"]) for r in row["regions"]] == [r["box"] for r in record["regions"]]
        assert [p["text"] for p in row["parts"]] == [p["text"] for p in record["parts"]]
        assert {t["key"]: t["value"] for t in row["targets"]} == record["targets"]
        for image, told in zip(row["images"], record["images"], strict=True):
            assert isinstance(image, Image.Image)
            assert image.size == (told["width"], told["height"])


def test_shards_are_equal_slices(finished):
    index = json.loads((finished / "shard" / "index.json").read_text())
    counts = [s["samples"] for s in index["shards"]]
    assert max(counts) - min(counts) <= 1
    assert sum(index["strata"].values()) == index["samples"]


def test_explain_tells_where_a_row_went(finished):
    made = vlmforge("explain", finished, "problems.jsonl#gcd-ko-0@").stdout
    assert "render     made (stem, ko" in made
    events = json.loads(vlmforge("explain", finished, "gone.html", "--json").stdout)
    assert ("ingest", "error (image lost)", "image_missing") in {
        (e["stage"], e["outcome"], e["reason"]) for e in events
    }
    assert "no row" in vlmforge("explain", finished, "ffffffffff", code=1).stderr


def test_the_report_shows_a_picture_with_its_boxes(finished, config):
    from pipelines.report import write_report

    html = write_report(finished).read_text()
    assert "data:image/webp;base64," in html
    assert "<rect" in html
    assert "SmolLM2-135M-Instruct-Q4_1 (cannot see pictures)" in html
    assert "<script" not in html


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["nonsense"], 2, "invalid choice"),
        (["run", "none.yaml"], 2, "cannot read the config"),
        (["status", "nowhere"], 1, "is not a run"),
        (["status", "nowhere", "--", "--runner=x"], 2, "go with run"),
    ],
)
def test_exit_codes_and_messages(arguments, code, told):
    assert told in vlmforge(*arguments, code=code).stderr


def test_a_stage_alone_says_what_it_needs(config, tmp_path):
    failed = vlmforge("filter", config, "--out", tmp_path / "r", code=1)
    assert "vlmforge ingest" in failed.stderr
