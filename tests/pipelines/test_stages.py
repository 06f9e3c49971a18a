"""What filter and bucket decide."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest

from pipelines.bucket import Bucket, placed
from pipelines.config import RunConfig
from pipelines.errors import UsageError
from pipelines.filter import Filter, keep_images, on_images
from pipelines.funnel import mixture
from pipelines.run import run
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

    def judge(batch, rules=None):
        section = {"languages": ["ko", "en"], "rules": rules or {}}
        config = RunConfig.model_validate({"sources": [source], "filter": section})
        return Filter(config, tmp_path).judge(batch)

    return judge


GERMAN = "Das ist ein langer Satz in deutscher Sprache, und er ist nicht für uns bestimmt. " * 8
ENGLISH = (
    "This is a page that the package calls Korean, and it is in English to the end. Nobody has "
    "translated it yet, although the menus of the program were done long ago. Whoever wants to help "
    "can write to the list. There are more pages of this kind in the folder, and most of them are "
    "short, so that one evening should be enough for a few of them. "
)


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


KOREAN = (
    "이 문서를 저장하려면 파일 메뉴에서 저장을 선택한 다음 이름을 입력하십시오. 다른 형식으로 내보내는 방법은 "
    "다음 장에서 설명합니다. 그림을 넣으려면 삽입 메뉴를 열고 파일을 고르면 됩니다. 그림의 크기는 모서리를 끌어 "
    "바꿀 수 있으며, 비율을 지키려면 키를 누른 채로 끕니다. 표를 만들 때에는 행과 열의 수를 먼저 정하는 것이 "
    "좋습니다. 작업을 마친 뒤에는 변경한 내용이 저장되었는지 확인하시기 바랍니다. "
)


def test_a_row_keeps_the_measures_that_judged_it(judge):
    rows = [make_sample(KOREAN, lang="ko"), make_sample(KOREAN, lang="ko", bucket="stem")]
    document, problem = judge(to_batch(rows)).scores
    assert {"words", "function_words", "own_language", "language_confidence"} <= set(document)
    assert "english_stop_words" not in document
    assert set(problem) == {"language_confidence"}


def test_a_dropped_row_tells_the_rule_the_score_and_the_threshold(judge):
    verdicts = judge(to_batch([make_sample(KOREAN + KOREAN, lang="ko")]))
    assert verdicts.reasons.tolist() == ["repeated_phrases"]
    assert verdicts.threshold[0] == 0.15 < verdicts.score[0]


def test_misread_text_is_said_to_be_so_and_not_to_be_in_another_language(judge):
    wrong = KOREAN.encode("cp949").decode("latin-1")
    assert judge(to_batch([make_sample(wrong, lang="ko")])).reasons.tolist() == ["misread_encoding"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "too_few_words"),
        ("\u200b" * 100_000, "invisible_characters"),
        ("word " * 10_000_000, "too_many_words"),
        ("المستند محفوظ في القائمة ملف ثم اكتب اسما للملف الجديد. " * 9, "unwanted_language"),
        (f"{ENGLISH}\n\n{KOREAN}\n\n{GERMAN[:240]}", "mixed_languages"),
        (KOREAN.replace(" ", " a\u0430 "), "disguised_words"),
    ],
)
def test_texts_that_are_no_texts_are_judged_too(judge, text, reason):
    only = {"repeated_phrases": None}
    assert judge(to_batch([make_sample(text, lang="ko")]), only).reasons.tolist() == [reason]


def test_rules_are_changed_by_reason(judge):
    batch = to_batch(
        [make_sample("A short text that is all the same in English, for the most part.")]
    )
    assert judge(batch).reasons.tolist() == ["too_few_words"]
    assert judge(batch, {"too_few_words": {"low": 9}}).reasons.tolist() == ["few_sentences"]
    off = {"too_few_words": {"low": 9}, "few_sentences": False}
    assert judge(batch, off).reasons.tolist() == [None]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"too_few_word": "off"}, "did you mean 'too_few_words'?"),
        ({"too_few_words": {"high": 3}}, "too_few_words has no limit 'high'"),
    ],
)
def test_rules_that_do_not_exist_are_named_before_anything_runs(tmp_path, rules, message):
    source = {"name": "s", "kind": "html", "path": tmp_path}
    config = RunConfig.model_validate(
        {"sources": [source], "filter": {"rules": rules}, "out": tmp_path / "out"}
    )
    with pytest.raises(UsageError, match=re.escape(message)):
        run(config)
    assert not (tmp_path / "out").exists()


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


def test_captions_follow_the_images_that_stay():
    sample = with_images("image", "image", "image").replace(
        targets={"captions": '{"1":"A cat.","2":"A dog."}'}
    )
    assert keep_images(sample, [1, 2]).targets == {"captions": '{"0":"A cat.","1":"A dog."}'}
