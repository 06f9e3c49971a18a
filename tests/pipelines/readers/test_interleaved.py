from __future__ import annotations

import json

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.readers import Draft, LeftOut
from tests.pipelines.readers.packages import llamafactory
from tests.pipelines.readers.reading import png, read


def items(root, row):
    (root / "a.png").write_bytes(png())
    (root / "b.png").write_bytes(png(colour="blue"))
    (root / "d.jsonl").write_text(json.dumps(row))
    return read(root, "d.jsonl", "interleaved")


def steps(draft):
    return [p.text if p.type == "text" else p.image for p in draft.parts]


def test_obelics_keeps_its_order(tmp_path):
    row = {
        "images": [None, "a.png", None, "b.png"],
        "texts": ["First.\n", None, " Second. ", None],
        "metadata": json.dumps([None, {"alt_text": " A red field "}, None, {"src": "x"}]),
    }
    (draft,) = items(tmp_path, row)
    assert steps(draft) == ["First.", 0, "Second.", 1]
    assert [i.alt for i in draft.images] == ["A red field", None]
    assert draft.bucket == "interleaved"


def test_remote_pictures_are_left_out_and_counted(tmp_path):
    row = {"images": ["https://a.example/x.jpg", None], "texts": [None, "Text."]}
    left_out, draft = items(tmp_path, row)
    assert left_out == LeftOut("images", "remote")
    assert steps(draft) == ["Text."]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("gone.png", "image_missing"),
        ("../x.png", "image_path_outside_source"),
        ("text.png", "image_unknown_format"),
        (5, "image_not_given"),
    ],
)
def test_a_bad_picture_costs_the_picture(tmp_path, given, reason):
    (tmp_path / "text.png").write_text("not a picture")
    failure, draft = items(tmp_path, {"images": [given, None], "texts": [None, "Text."]})
    assert (failure.reason, failure.lost, failure.path) == (reason, "image", draft.url)
    assert steps(draft) == ["Text."]


def test_mmc4_pictures_come_before_their_texts(tmp_path):
    infos = [
        {"image_name": "b.png", "raw_url": "https://x/b.png", "matched_text_index": 1},
        {"image_name": "a.png", "raw_url": "https://x/a.png", "matched_text_index": 0},
        {"image_name": "dead.png", "raw_url": "https://x/d.png", "matched_text_index": 1},
        {"image_name": "a.png", "raw_url": "https://x/a.png", "matched_text_index": 2},
    ]
    row = {"text_list": ["One.", "Two."], "image_info": infos}
    failure, left_out, draft = items(tmp_path, row)
    assert steps(draft) == [0, "One.", 1, "Two."]
    assert draft.images[0].data == png()
    assert (failure.reason, failure.lost) == ("image_without_text", "image")
    assert left_out == LeftOut("images", "remote")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"texts": ["a"], "images": []}, "lists_not_aligned"),
        ({"texts": ["a"], "images": ["a.png"]}, "order_unclear"),
        ({"texts": [5], "images": [None]}, "no_texts"),
        ({"texts": "a", "images": [None]}, "no_texts"),
        ({"texts": [None, " "], "images": ["https://x/y.png", None]}, "empty_page"),
        ({"text_list": "a"}, "no_texts"),
        ({"text_list": ["a"], "image_info": ["b.png"]}, "bad_image_info"),
        ({"problem": "p"}, "no_texts"),
    ],
)
def test_a_row_without_a_clear_order_is_refused(tmp_path, row, reason):
    *_, failure = items(tmp_path, row)
    assert (failure.reason, failure.lost) == (reason, "row")


def test_parquet_written_by_datasets_is_read(tmp_path):
    """Real photos of LlamaFactory's in the shape of OBELICS, written by `datasets`."""
    root = llamafactory()
    photos = [root / f"mllm_demo_data/{i}.jpg" for i in (1, 2)]
    stored = [{"bytes": p.read_bytes(), "path": p.name} for p in photos]
    rows = {
        "images": [[None, *stored]],
        "texts": [["Two photos.", None, None]],
        "metadata": ["[null, {}, {}]"],
    }
    features = datasets.Features(
        {
            "images": datasets.List(datasets.Image()),
            "texts": datasets.List(datasets.Value("string")),
            "metadata": datasets.Value("string"),
        }
    )
    dataset = datasets.Dataset.from_dict(rows, features=features)
    dataset.to_parquet(tmp_path / "d.parquet")
    (draft,) = read(tmp_path, "d.parquet", "interleaved")
    assert steps(draft) == ["Two photos.", 0, 1]
    assert [i.data for i in draft.images] == [p.read_bytes() for p in photos]


def test_urls_in_parquet_are_remote(tmp_path):
    row = {"images": ["https://a.example/x.jpg", None], "texts": [None, "Text."]}
    pq.write_table(pa.Table.from_pylist([row] * 3), tmp_path / "d.parquet")
    found = read(tmp_path, "d.parquet", "interleaved")
    assert found[::2] == [LeftOut("images", "remote")] * 3
    assert all(isinstance(d, Draft) for d in found[1::2])
