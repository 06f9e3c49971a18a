"""What dedupe, filter and bucket decide."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.bucket import Bucket, placed
from pipelines.config import RunConfig
from pipelines.dedupe import choose_copies, find_twins, read_keys
from pipelines.filter import Filter, keep_images, on_images
from pipelines.funnel import mixture
from pipelines.work import Unit, UnitOutput, UnitReport, report_path
from records import Part, Region, from_batch, region_array, to_batch, write_table
from tests.conftest import make_image, make_sample


def twins(rows):
    batch = pa.record_batch(
        {
            "key": [k for k, _ in rows],
            "id": [i for _, i in rows],
            "unit": pa.array([0] * len(rows), pa.int32()),
        }
    )
    return {
        i: t
        for _, b in find_twins((0, [batch]))
        for i, t in zip(b["id"].to_pylist(), b["twin_of"].to_pylist(), strict=True)
    }


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=30), st.randoms())
def test_of_equal_rows_the_smallest_id_stays(keys, random):
    rows = [(key, f"{i:03}") for i, key in enumerate(keys)]
    first = {}
    for key, i in rows:
        first.setdefault(key, i)
    random.shuffle(rows)
    assert twins(rows) == {i: None if first[k] == i else first[k] for k, i in rows}


def test_all_units_are_pointed_at_the_first_copy():
    rows = [("s", "p2", 512, 1), ("s", "p1", 900, 0), ("t", "p2", 700, 1)]
    names = ("sha256", "pack", "offset", "unit")
    batch = pa.record_batch({n: [r[i] for r in rows] for i, n in enumerate(names)})
    found = {(u, tuple(r.values())) for u, b in choose_copies((0, [batch])) for r in b.to_pylist()}
    assert found == {
        (0, ("s", "p1", 900)), (1, ("s", "p1", 900)), (1, ("t", "p2", 700))
    }  # fmt: skip


def with_images(*kinds):
    parts, images = [], []
    for kind in kinds:
        if kind == "text":
            parts.append(Part("text", text=f"t{len(parts)}"))
        else:
            parts.append(Part("image", image=len(images)))
            images.append(make_image(str(len(images)) * 64))
    return make_sample(parts=tuple(parts), images=tuple(images), bucket="interleaved")


def test_texts_around_a_lost_image_are_joined_and_indexes_follow():
    sample = keep_images(with_images("text", "image", "text", "image", "text"), [1])
    assert sample.parts == (
        Part("text", text="t0\n\nt2"), Part("image", image=0), Part("text", text="t4")
    )  # fmt: skip
    assert [i.sha256[0] for i in sample.images] == ["1"]


@pytest.fixture
def judge(tmp_path):
    source = {"name": "s", "kind": "html", "path": tmp_path}
    config = RunConfig.model_validate({"sources": [source], "filter": {"languages": ["ko", "en"]}})
    return Filter(config, tmp_path).judge


GERMAN = "Das ist ein langer Satz in deutscher Sprache, und er ist nicht für uns bestimmt. " * 8
ENGLISH = "This is a page that the package calls Korean, and it is in English to the end. " * 8


def test_a_lying_language_tag_is_found_out(judge):
    batch = to_batch([make_sample(ENGLISH, lang="ko"), make_sample(GERMAN, lang="ko")])
    verdicts = judge(batch)
    assert verdicts.languages == ["en", "de"]
    assert verdicts.reasons.tolist() == [None, "unwanted_language"]


def test_short_problems_keep_their_claim_and_are_not_judged_as_documents(judge):
    batch = to_batch([make_sample("1 + 1?", lang="ko", bucket="stem"), make_sample("1 + 1?")])
    verdicts = judge(batch)
    assert verdicts.languages == ["ko", "en"]
    assert verdicts.reasons.tolist() == [None, "too_few_words"]


def test_a_language_that_is_not_clear_is_no_fault_of_labels(judge):
    signs = "bonsai pho zur post sushi kebab bistro nandu lodz kimchi doner tapas ramen gelato pita"
    rows = [make_sample(signs, lang="ko", bucket="ocr"), make_sample("", lang=None, bucket="ocr")]
    verdicts = judge(to_batch(rows))
    assert verdicts.reasons.tolist() == [None, None]
    assert verdicts.languages == ["ko", None]


def test_a_document_without_pictures_is_text_and_pictures_count_as_tokens():
    bare, shown = with_images("text"), with_images("text", "image")
    first, second = from_batch(placed(to_batch([bare, shown]), 1_003_520))
    assert (first.bucket, second.bucket) == ("text", "interleaved")
    assert second.scores["tokens"] - first.scores["tokens"] == round(100 / 28) * round(80 / 28) + 2
    assert first.scores["length_class"] == 1024


def test_a_row_gets_the_tier_of_what_judged_it_and_strata_are_counted(tmp_path):
    rows = [
        make_sample("a", "good", scores={"education": 4.0}),
        make_sample("b", "bad", scores={"education": 1.0}, lang="ko"),
        make_sample("c", "unknown", lang=None),
    ]
    part = tmp_path / "part.parquet"
    write_table(part, pa.Table.from_batches([to_batch(rows)]))
    source = {"name": "s", "kind": "html", "path": tmp_path}
    stage = Bucket(RunConfig.model_validate({"sources": [source], "out": tmp_path}), tmp_path)
    with UnitOutput(tmp_path, Unit(0, 1, part), "bucket:x") as out:
        stage.process(Unit(0, 1, part), out)
    report = UnitReport.read(report_path(tmp_path, 0))
    counted = {"text.None.1024.none": 1, "text.en.1024.high": 1, "text.ko.1024.low": 1}
    assert report.metrics == {f"stratum.{name}": rows for name, rows in counted.items()}
    assert mixture(counted) == {
        ("text", "–", "none"): {1024: 1},
        ("text", "en", "high"): {1024: 1},
        ("text", "ko", "low"): {1024: 1},
    }


def test_samples_keep_all_else_when_placed():
    region = Region(0, "word", "x", (1, 2, 3, 4), 0.5, ("crowd",), (1, 2, 3, 2, 3, 4))
    sample = with_images("text", "image").replace(regions=(region,), targets={"answer": "1"})
    (placed_sample,) = from_batch(placed(to_batch([sample]), 1_003_520))
    assert placed_sample.replace(scores={}) == sample


def test_regions_follow_the_images_that_stay():
    boxes = [(0, 0, 10, 10)] * 2
    both = pa.concat_arrays([region_array("word", "ab", boxes, image=i) for i in (0, 1)])
    moved = on_images(both, [1])
    assert moved == region_array("word", "ab", boxes, image=0)
    assert on_images(both, [0, 1]) == both


def test_a_row_leaves_with_the_picture_that_is_its_point(tmp_path):
    small, large = make_image("a" * 64, 20, 20), make_image("b" * 64, 200, 200)
    rows = [
        make_sample(url=f"{bucket}{image.width}", bucket=bucket, images=(image,), lang=None,
                    parts=(Part("image", image=0),))
        for bucket in ("grounding", "interleaved") for image in (small, large)
    ]  # fmt: skip
    work = tmp_path / "work"
    part = work / "part.parquet"
    write_table(part, pa.Table.from_batches([to_batch(rows)]))
    source = {"name": "s", "kind": "coco", "path": tmp_path}
    stage = Filter(RunConfig.model_validate({"sources": [source]}), tmp_path)
    with UnitOutput(work, Unit(0, 1, part), "filter:x") as out:
        stage.process(Unit(0, 1, part), out)
    report = UnitReport.read(report_path(work, 0))
    assert report.reasons["dropped"] == {"image_too_small": 1, "too_few_words": 2}
    assert report.rows["kept"] == 1


def test_captions_follow_the_images_that_stay():
    sample = with_images("image", "image", "image").replace(
        targets={"captions": '{"1":"A cat.","2":"A dog."}'}
    )
    assert keep_images(sample, [1, 2]).targets == {"captions": '{"0":"A cat.","1":"A dog."}'}


def test_equal_questions_about_two_pictures_are_two_problems(tmp_path):
    rows = [
        make_sample("Find x.", url=sha, bucket="stem", images=(make_image(sha * 64),))
        for sha in ("a", "b", "b")
    ]
    part = tmp_path / "part.parquet"
    write_table(part, pa.Table.from_batches([to_batch([*rows[:2], rows[2].replace(id="c")])]))
    keyed = [b for _, b in read_keys(Unit(0, 1, part), 1)]
    ((_, verdicts),) = find_twins((0, keyed))
    assert verdicts["twin_of"].null_count == 2
