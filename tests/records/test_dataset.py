from __future__ import annotations

import dataclasses
import os

import pyarrow as pa
import pytest

from records import (
    Dataset,
    FileEntry,
    Manifest,
    NoDataset,
    count_rows,
    file_name,
    read_batches,
    to_batch,
    write_atomically,
    write_table,
)
from tests.conftest import make_sample


def manifest(root, **changes):
    fields = {
        "stage": "s", "parts": 1, "rows": {}, "reasons": {}, "metrics": {}, "sources": {},
        "files": [FileEntry("a", "part", 1, 2, "x")], "config": {}, "config_hash": "c",
        "input_fingerprint": "i",
    }  # fmt: skip
    return Manifest(**{**fields, **changes})


def test_a_manifest_comes_back(tmp_path):
    written = manifest(tmp_path, metrics={"n": 1})
    written.write(tmp_path)
    assert Manifest.read(tmp_path) == written


@pytest.mark.parametrize("content", ["", "{", "[]", '{"stage": "s"}', '{"files": [{"path": 1}]}'])
def test_a_broken_manifest_is_no_dataset(tmp_path, content):
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(NoDataset):
        Dataset.open(tmp_path)


def test_no_manifest_no_dataset(tmp_path):
    with pytest.raises(NoDataset, match="not finished"):
        Dataset.open(tmp_path)


def test_the_fingerprint_follows_the_files_alone(tmp_path):
    one = manifest(tmp_path)
    assert dataclasses.replace(one, seconds=9.0, metrics={"n": 2}).fingerprint == one.fingerprint
    other = dataclasses.replace(one, files=[FileEntry("a", "part", 1, 2, "y")])
    assert other.fingerprint != one.fingerprint


def test_tables_come_back_in_small_batches(tmp_path):
    rows = to_batch([make_sample(f"text {i}", url=str(i)) for i in range(2500)])
    write_table(tmp_path / "t.parquet", pa.Table.from_batches([rows]))
    batches = list(read_batches(tmp_path / "t.parquet"))
    assert [b.num_rows for b in batches] == [1000, 1000, 500]
    assert pa.Table.from_batches(batches) == pa.Table.from_batches([rows])
    assert count_rows(tmp_path / "t.parquet") == 2500


def test_large_rows_make_batches_of_few(tmp_path):
    text = "x" * 300_000
    rows = to_batch([make_sample(text + str(i), url=str(i)) for i in range(100)])
    write_table(tmp_path / "t.parquet", pa.Table.from_batches([rows]))
    assert max(b.nbytes for b in read_batches(tmp_path / "t.parquet")) < 20 << 20


def test_writing_leaves_only_the_file(tmp_path):
    write_atomically(tmp_path / "deep" / "f", b"1")
    write_atomically(tmp_path / "deep" / "f", b"2")
    assert os.listdir(tmp_path / "deep") == ["f"]
    assert (tmp_path / "deep" / "f").read_bytes() == b"2"


def test_file_names():
    assert file_name("part", 3, 8) == "part-00003-of-00008.parquet"
    assert file_name("pack", 3, 8) == "packs/pack-00003-of-00008.tar"
