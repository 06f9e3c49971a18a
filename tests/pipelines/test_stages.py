"""What filter and bucket decide."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipelines.bucket import placed
from pipelines.config import RunConfig
from pipelines.filter import Filter, keep_images, on_images
from pipelines.work import Unit, UnitOutput, UnitReport, report_path
from records import Part, Region, from_batch, region_array, to_batch, write_table
from tests.conftest import make_image, make_sample


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
