from __future__ import annotations

import os
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import PackReader, PackWriter, pack_members


def write(path, images):
    with PackWriter(path) as pack:
        return [pack.add(data, "png") for data in images]


@given(images=st.lists(st.binary(max_size=2000), min_size=1, max_size=8))
def test_every_image_comes_back_by_its_range(tmp_path_factory, images):
    root = tmp_path_factory.mktemp("packs")
    places = write(root / "p.tar", images)
    with PackReader(root) as packs:
        assert [packs.read("p.tar", offset, size) for _, offset, size in places] == images


def test_identical_images_are_stored_once(tmp_path):
    places = write(tmp_path / "p.tar", [b"one", b"two", b"one"])
    assert places[0] == places[2] != places[1]
    assert [data for _, _, data in pack_members(tmp_path / "p.tar")] == [b"one", b"two"]


def test_a_pack_is_a_tar_that_others_read(tmp_path):
    (sha256, _, _), *_ = write(tmp_path / "p.tar", [b"pixels"])
    listing = subprocess.run(
        ["tar", "tf", tmp_path / "p.tar"], capture_output=True, text=True, check=True
    )
    assert listing.stdout.split() == [f"{sha256}.png"]


def test_the_same_images_give_the_same_bytes(tmp_path):
    for name in ("a.tar", "b.tar"):
        write(tmp_path / name, [b"one", b"two"])
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()


def test_a_failed_pack_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), PackWriter(tmp_path / "p.tar") as pack:
        pack.add(b"one", "png")
        raise RuntimeError
    assert os.listdir(tmp_path) == []


def test_an_empty_pack_is_not_created(tmp_path):
    write(tmp_path / "p.tar", [])
    assert os.listdir(tmp_path) == []


def test_reading_outside_the_root_is_refused(tmp_path):
    (tmp_path / "root").mkdir()
    write(tmp_path / "p.tar", [b"one"])
    with PackReader(tmp_path / "root") as packs, pytest.raises(ValueError, match="outside"):
        packs.read("../p.tar", 512, 3)


def test_reading_past_the_end_is_refused(tmp_path):
    write(tmp_path / "p.tar", [b"one"])
    with PackReader(tmp_path) as packs, pytest.raises(ValueError, match="ends inside"):
        packs.read("p.tar", 512, 10_000_000)


def test_a_reader_keeps_few_files_open(tmp_path):
    for i in range(40):
        write(tmp_path / f"{i}.tar", [b"%d" % i])
    before = len(os.listdir("/proc/self/fd"))
    with PackReader(tmp_path) as packs:
        for i in range(40):
            assert packs.read(f"{i}.tar", 512, len(str(i))) == b"%d" % i
        assert len(os.listdir("/proc/self/fd")) <= before + PackReader.MAX_OPEN_FILES
    assert len(os.listdir("/proc/self/fd")) == before
