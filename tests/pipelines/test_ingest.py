"""One run over sources of every kind, and over inputs that mean harm."""

from __future__ import annotations

import gzip
import io
import random
import shutil
import struct
import tarfile
import time
import zlib

import pytest

from pipelines.config import KINDS, RunConfig
from pipelines.errors import StageError, UsageError
from pipelines.ingest import Ingest
from pipelines.progress import Silence
from pipelines.readers import READERS, LeftOut
from pipelines.stage import run_stage
from records import Dataset, from_batch
from tests.pipelines.readers import mixed
from tests.pipelines.readers.reading import read


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
    assert {s["kind"] for s in sources} == set(KINDS) == set(READERS)
    found = ingest(sources, tmp_path, local_runner)
    rows = found.manifest.rows
    assert rows["in"] == rows["kept"] + rows["errors"] > 100
    assert rows["errors"] <= 1
    assert set(found.manifest.sources) == set(KINDS)
    buckets = {}
    for batch in found.batches():
        for sample in from_batch(batch):
            buckets.setdefault(sample.source.dataset, set()).add(sample.bucket)
    assert buckets["coco"] == buckets["voc"] == buckets["yolo"] == {"grounding"}
    assert buckets["conversations"] == {"conversation"}
    assert buckets["webdataset"] == buckets["captions"] == {"caption"}
    again = ingest(sources, tmp_path / "again", local_runner, unit_files=1)
    assert again.manifest.rows == rows


def test_a_field_that_no_row_can_have_is_named(tmp_path):
    source = {"name": "s", "kind": "problems", "path": tmp_path, "fields": {"anser": "label"}}
    config = RunConfig.model_validate({"sources": [source]})
    with pytest.raises(UsageError, match="no field 'anser'; did you mean 'answer'"):
        Ingest(config, tmp_path)


def test_a_link_out_of_the_source_is_named(tmp_path, local_runner):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.html").write_text("<p>Text.</p>")
    (tmp_path / "in" / "b").symlink_to(tmp_path / "elsewhere")
    source = {"name": "s", "kind": "html", "path": tmp_path / "in", "include": ["*.html", "b/*"]}
    with pytest.raises(StageError, match="in/b is a link that leads out of the source s"):
        ingest([source], tmp_path / "run", local_runner)
    found = ingest([{**source, "exclude": ["b"]}], tmp_path / "run", local_runner)
    assert found.manifest.rows["kept"] == 1


def test_another_folder_of_pictures_is_another_input(tmp_path):
    (tmp_path / "gt.txt").write_text("")
    prints = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        source = {"name": "s", "kind": "icdar", "path": tmp_path, "images": tmp_path / name}
        config = RunConfig.model_validate({"sources": [source], "out": tmp_path / "run"})
        prints.append(Ingest(config, config.out).plan(None)[1])
    assert prints[0] != prints[1]


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
    dice = random.Random(2)
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
    assert len(names) >= 200
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
    return {n for n in names if n[0] in ("webdataset", "label_studio", "warc", "yolo", "vega_lite")}


def png_of(width, height, body):
    """A PNG whose header says a size, whatever follows."""

    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def looping_pdf():
    """A page tree that contains itself."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 1000000 /Parent 2 0 R >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R /Resources "
        b"<< /XObject << /X 4 0 R >> >> >>",
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 100 100] /Resources "
        b"<< /XObject << /X 4 0 R >> >> /Length 12 >> stream\n/X Do /X Do \nendstream",
    ]
    data = b"%PDF-1.7\n"
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj %s endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return data + b"trailer << /Root 1 0 R /Size %d >>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1,
        start,
    )


def hostile_tar():
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for name, kind, target in (
            ("../../outside.txt", tarfile.REGTYPE, ""),
            ("/etc/outside.txt", tarfile.REGTYPE, ""),
            ("link.jpg", tarfile.SYMTYPE, "/etc/passwd"),
            ("hard.jpg", tarfile.LNKTYPE, "/etc/passwd"),
            ("device.jpg", tarfile.CHRTYPE, ""),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            tar.addfile(member)
        member = tarfile.TarInfo("bomb.jpg")
        member.size = 1 << 40  # a header that promises a terabyte
        data.write(member.tobuf())
    return data.getvalue() + b"little"


FLOOD = png_of(60_000, 60_000, zlib.compress(bytes(1 << 20)))
BOMB = png_of(9000, 9000, zlib.compress(bytes(9000 * 27_001), 9))
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY l0 "lol">'
    + b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 12))
    + b"]><annotation><filename>&l11;</filename></annotation>"
)
ZEROS = gzip.compress(bytes(1 << 28))


@pytest.mark.parametrize(
    ("kind", "name", "data", "reasons"),
    [
        ("html", "deep.html", b"<div>" * 500_000, {"nested_too_deep"}),
        ("html", "attributes.html", b"<p " + b"a=1 " * 500_000 + b">x</p>", {None}),
        ("html", "tables.html", b"<table><tr><td>" * 400 + b"x", {None, "empty_page"}),
        ("html", "flood.html", b"<p>Text.</p><img src=flood.png>", {None, "image_too_many_pixels"}),
        ("html", "bomb.html", b"<p>Text.</p><img src=bomb.png>", {None, "image_broken"}),
        ("html", "up.html", b"<p>Text.</p><img src=../../../etc/passwd>", {None, "image_missing"}),
        ("voc", "laughs.xml", LAUGHS, {"xml_with_dtd"}),
        ("voc", "deep.xml", b"<a>" * 200_000, {"not_xml"}),
        ("coco", "deep.json", b"[" * 1_000_000, {"not_json", "not_coco"}),
        ("coco", "deep2.json", b'{"images":' + b"[" * 1_000_000, {"not_json", "not_coco"}),
        ("problems", "zeros.jsonl.gz", ZEROS, {"line_too_long"}),
        ("problems", "deep.jsonl", b'{"a":' * 500_000, {"not_json", "line_too_long"}),
        ("webdataset", "hostile.tar", hostile_tar(), {"tar_truncated"}),
        ("webdataset", "zeros.tar.gz", ZEROS, {None, "tar_truncated", "tar_broken"}),
        ("pdf", "loop.pdf", looping_pdf(), {None, "pdf_broken", "page_broken", "reader_died"}),
        ("pdf", "deep.pdf", b"%PDF-1.4\n1 0 obj" + b"<<" * 1_000_000, {"pdf_broken"}),
        ("warc", "zeros.warc.gz", ZEROS, {"warc_broken", "not_warc"}),
        ("tables", "wide.csv", b"a,b\n" + b"1," * 2_000_000, {"ragged_rows", "not_csv"}),
        ("captions", "zeros.parquet", b"PAR1" + bytes(1 << 20) + b"PAR1", {"not_parquet"}),
    ],
)
def test_harm_is_bounded_and_has_its_reason(tmp_path, kind, name, data, reasons):
    (tmp_path / "flood.png").write_bytes(FLOOD)
    (tmp_path / "bomb.png").write_bytes(BOMB)
    (tmp_path / name).write_bytes(data)
    started = time.monotonic()
    items = read(tmp_path, name, kind, max_seconds=10, max_memory=1 << 30)
    assert time.monotonic() - started < 60  # no more than a few losses of 10 s
    assert len(items) <= 200  # what a file claims to have is not believed
    assert {
        getattr(item, "reason", None) for item in items if not isinstance(item, LeftOut)
    } <= reasons
