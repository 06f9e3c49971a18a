from __future__ import annotations

import gzip
import io
import json
import os
import tarfile

import pytest
import webdataset

from pipelines.readers import Draft, Failure, LeftOut
from tests.pipelines.readers.packages import llamafactory
from tests.pipelines.readers.reading import png, read


def tar(*members, end=True):
    """A shard with these (name, bytes)."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as shard:
        for name, body in members:
            member = tarfile.TarInfo(name)
            member.size = len(body)
            shard.addfile(member, io.BytesIO(body))
        size = shard.offset
    return data.getvalue() if end else data.getvalue()[:size]


def shard(root, data, name="s.tar", **config):
    (root / name).write_bytes(data)
    return read(root, name, "webdataset", **config)


def steps(draft):
    return [p.text if p.type == "text" else p.image for p in draft.parts]


def sample(key, text="A red field."):
    return (f"{key}.png", png()), (f"{key}.txt", text.encode())


def reasons(items):
    return [getattr(i, "reason", "ok") for i in items]


def test_shards_of_webdatasets_writer_are_read(tmp_path):
    """Real photos and what LlamaFactory's data says of them, as img2dataset lays them out."""
    root = llamafactory()
    photos = [(root / f"mllm_demo_data/{i}.jpg").read_bytes() for i in (1, 2, 3)]
    captions = ["Two players.", "He slides on his knees.", "An astronaut gives a speech."]
    with webdataset.TarWriter(str(tmp_path / "00000.tar")) as writer:
        for index, (photo, caption) in enumerate(zip(photos, captions, strict=True)):
            facts = {"caption": caption, "status": "success", "width": 500, "sha256": "0"}
            writer.write(
                {"__key__": f"{index:09}", "jpg": photo, "txt": caption, "json": facts, "cls": 3}
            )
    items = read(tmp_path, "00000.tar", "webdataset")
    drafts = [i for i in items if isinstance(i, Draft)]
    assert [steps(d) for d in drafts] == [[0, c] for c in captions]
    assert [d.images[0].data for d in drafts] == photos
    assert {d.bucket for d in drafts} == {"caption"}
    assert [i for i in items if not isinstance(i, Draft)] == [LeftOut("members", "other_type")] * 3


@pytest.mark.parametrize("name", ["s.tar.gz", "s.tgz"])
def test_packed_shards_are_read(tmp_path, name):
    data = gzip.compress(tar(*sample("a/1"), *sample("a/2"), *sample("b/2")))
    drafts = shard(tmp_path, data, name)
    assert [d.url.partition("#")[2].partition("@")[0] for d in drafts] == ["a/1", "a/2", "b/2"]


def test_a_json_has_the_caption_where_there_is_no_text_or_it_is_asked_for(tmp_path):
    facts = json.dumps({"caption": "Short.", "long": "A long caption.", "lang": "en"}).encode()
    members = ("1.png", png()), ("1.json", facts)
    (draft,) = shard(tmp_path, tar(*members))
    assert (steps(draft), draft.lang) == ([0, "Short."], "en")
    fields = {"caption": "long"}
    (draft,) = shard(tmp_path, tar(*members, ("1.txt", b"No.")), source={"fields": fields})
    assert steps(draft) == [0, "A long caption."]


def test_a_sample_may_have_several_pictures(tmp_path):
    members = ("1.left.png", png()), ("1.right.png", png(colour="blue")), ("1.txt", b"Two.")
    (draft,) = shard(tmp_path, tar(*members))
    assert steps(draft) == [0, 1, "Two."]


def test_documents_find_their_pictures_among_their_members(tmp_path):
    images = [None, "1.a.png", "gone.png", "https://x/y.png"]
    row = json.dumps({"texts": ["Text.", None, None, None], "images": images}).encode()
    missing, remote, draft = shard(tmp_path, tar(("1.a.png", png()), ("1.json", row)))
    assert (draft.bucket, steps(draft)) == ("interleaved", ["Text.", 0])
    assert (missing.reason, missing.lost) == ("image_missing", "image")
    assert remote == LeftOut("images", "remote")


def test_a_number_that_is_none_costs_nothing(tmp_path):
    facts = json.dumps({"caption": "A red field.", "similarity": float("nan")}).encode()
    (draft,) = shard(tmp_path, tar(("x.png", png()), ("x.json", facts)))
    assert steps(draft) == [0, "A red field."]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([("x.png", png())], "no_text"),
        ([("x.txt", b"Red.")], "no_image"),
        ([("x.png", png()), ("x.json", b"{}")], "no_text"),
        ([("x.png", png()), ("x.json", b'{"key": 1}')], "no_caption"),
        ([("x.png", png()), ("x.json", b'{"caption')], "not_json"),
        ([("x.png", png()), ("x.json", b"[]")], "not_an_object"),
        ([("x.png", png()), ("x.txt", b"\xff")], "bad_encoding"),
        ([("x.png", png()), ("x.txt", b" ")], "no_caption"),
        ([("x.png", png()), ("x.txt", b"a"), ("x.text", b"b")], "several_texts"),
        ([("x.png", png()), ("x.json", b"{}"), ("x.y.json", b"{}")], "several_json"),
        ([("x.png", b"no picture"), ("x.txt", b"a")], "image_unknown_format"),
        ([("x.png", png()), ("x.png", png()), ("x.txt", b"a")], "member_twice"),
        ([("x.png", bytes(9000)), ("x.txt", b"a")], "sample_too_large"),
        ([("x.png", png()), ("x.txt", bytes(9000))], "sample_too_large"),
        ([(f"x.{i}.png", bytes(4000)) for i in range(9)], "sample_too_large"),
        ([("x.json", b'{"status": "failed_to_download", "caption": "a"}')], "download_failed"),
    ],
)
def test_a_bad_sample_costs_that_sample(tmp_path, members, reason):
    data = tar(*sample("a"), *members, *sample("z"))
    first, failure, last = shard(tmp_path, data, max_file_bytes=8000, max_image_bytes=8000)
    assert isinstance(first, Draft)
    assert isinstance(last, Draft)
    assert (failure.reason, failure.place, failure.lost) == (reason, "x", "row")


def test_links_and_paths_outside_are_left_out(tmp_path):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as writer:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE):
            member = tarfile.TarInfo("x.png")
            member.type, member.linkname = kind, "/etc/passwd"
            writer.addfile(member)
        for name in ("/etc/x.txt", "../x.txt", "a/../../x.txt", "a/.hidden.txt", "a.npy"):
            writer.addfile(tarfile.TarInfo(name))
    items = shard(tmp_path, data.getvalue())
    assert all(isinstance(i, LeftOut) for i in items)
    assert reasons(items) == [*["not_a_file"] * 3, *["outside"] * 3, "without_key", "other_type"]


def test_samples_with_one_key_have_urls_of_their_own(tmp_path):
    drafts = shard(tmp_path, tar(*sample("a"), *sample("b"), *sample("a")))
    assert len({d.url for d in drafts}) == 3


NOISE = os.urandom(3000)
LONG = tar(*sample("a"), *sample("b"), ("c.txt", NOISE), ("c.png", png()))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (LONG[: LONG.index(b"b.txt") + 515], "tar_truncated"),
        (LONG[: LONG.index(NOISE) + 500], "tar_truncated"),
        (LONG[: LONG.index(b"c.txt") + 100], "tar_truncated"),
        (tar(*sample("a"), *sample("b"), end=False), "tar_truncated"),
        (LONG.replace(b"c.txt", b"d.txt"), "tar_broken"),
    ],
)
def test_samples_before_a_cut_stay(tmp_path, data, reason):
    *drafts, failure = shard(tmp_path, data)
    assert [steps(d) for d in drafts if isinstance(d, Draft)][:1] == [[0, "A red field."]]
    assert (failure.reason, failure.place) == (reason, "the rest of the file")


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("s.tar", b"", "tar_truncated"),
        ("s.tar", os.urandom(5000), "tar_broken"),
        ("s.tar.gz", b"not packed", "tar_broken"),
        ("s.tar.gz", gzip.compress(LONG)[:60], "tar_truncated"),
    ],
)
def test_a_bad_shard_has_its_reason(tmp_path, name, data, reason):
    *_, failure = shard(tmp_path, data, name)
    assert isinstance(failure, Failure)
    assert failure.reason == reason


def test_a_shard_may_be_empty(tmp_path):
    assert shard(tmp_path, tar()) == []
