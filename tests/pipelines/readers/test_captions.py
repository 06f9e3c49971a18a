from __future__ import annotations

import json

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.readers import Draft
from tests.pipelines.readers.packages import llamafactory
from tests.pipelines.readers.reading import png, read

RED, BLUE = png(), png(colour="blue")


def parquet(root, rows, **options):
    pq.write_table(pa.Table.from_pylist(rows), root / "c.parquet")
    return read(root, "c.parquet", "captions", **options)


def struct(data, path=None):
    return {"bytes": data, "path": path}


def steps(draft):
    return [p.text if p.type == "text" else p.image for p in draft.parts]


def test_parquet_written_by_datasets_is_read(tmp_path):
    """Real photos and what LlamaFactory's data says of them, written by `datasets`."""
    root = llamafactory()
    photos = [root / f"mllm_demo_data/{i}.jpg" for i in (1, 2, 3)]
    captions = ["Two players.", "He slides on his knees.", "An astronaut gives a speech."]
    features = datasets.Features(
        {
            "sound": {"bytes": datasets.Value("binary"), "path": datasets.Value("string")},
            "photo": datasets.Image(),
            "caption": datasets.Value("string"),
        }
    )
    rows = [
        {"sound": struct(b"RIFF"), "photo": struct(p.read_bytes(), p.name), "caption": c}
        for p, c in zip(photos, captions, strict=True)
    ]
    dataset = datasets.Dataset.from_list(rows, features=features)
    dataset.to_parquet(tmp_path / "c.parquet")
    drafts = read(tmp_path, "c.parquet", "captions")
    assert [steps(d) for d in drafts] == [[0, c] for c in captions]
    assert [d.images[0].data for d in drafts] == [p.read_bytes() for p in photos]
    assert {d.bucket for d in drafts} == {"caption"}
    assert len({d.url for d in drafts}) == 3


def test_all_pictures_of_a_row_come_in_the_order_of_its_columns(tmp_path):
    row = {"z": struct(BLUE), "a": struct(RED), "text": "Two fields.", "n": 1}
    (draft,) = parquet(tmp_path, [row])
    assert steps(draft) == [0, 1, "Two fields."]
    assert [i.data for i in draft.images] == [BLUE, RED]


def test_of_several_captions_the_first_is_said_and_none_is_lost(tmp_path):
    row = {"image": struct(RED), "captions": ["A red field.", " ", "Red."]}
    (draft,) = parquet(tmp_path, [row])
    assert steps(draft) == [0, "A red field."]
    assert json.loads(draft.targets["alternatives"]) == ["A red field.", "Red."]


def test_fields_name_columns_that_cannot_be_known(tmp_path):
    rows = [{"photo": RED, "image": struct(BLUE), "words": "A red field.", "text": "no"}]
    fields = {"image": "photo", "caption": "words"}
    (draft,) = parquet(tmp_path, rows, source={"fields": fields})
    assert steps(draft) == [0, "A red field."]
    assert draft.images[0].data == RED


@pytest.mark.parametrize(
    ("row", "reason", "named"),
    [
        ({"image": struct(RED), "label": 3}, "no_caption", "image, label"),
        ({"url": "https://x", "text": "Red."}, "no_image", "url, text"),
    ],
)
def test_a_file_without_the_columns_says_which_it_has(tmp_path, row, reason, named):
    (failure,) = parquet(tmp_path, [row] * 3)
    assert failure.reason == reason
    assert named in failure.detail
    assert "fields" in failure.detail


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"file_name": "a.png", "text": " "}, "no_caption"),
        ({"text": "Red."}, "no_image"),
        ({"file_name": "gone.png", "text": "Red."}, "image_missing"),
        ({"image": "https://x/a.png", "text": "Red."}, "image_remote"),
        ({"image": ["a.png", "text.png"], "text": "Red."}, "image_unknown_format"),
    ],
)
def test_a_caption_without_its_picture_is_refused(tmp_path, row, reason):
    (tmp_path / "a.png").write_bytes(RED)
    (tmp_path / "text.png").write_text("not a picture")
    good = {"file_name": "a.png", "text": "A red field."}
    (tmp_path / "metadata.jsonl").write_text("\n".join(json.dumps(r) for r in (good, row)))
    draft, failure = read(tmp_path, "metadata.jsonl", "captions")
    assert isinstance(draft, Draft)
    assert steps(draft) == [0, "A red field."]
    assert (failure.reason, failure.place) == (reason, "line 2")
