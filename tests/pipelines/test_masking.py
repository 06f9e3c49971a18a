"""Personal data and unsafe words through the filter stage, and through a whole run."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from pipelines.config import RunConfig
from pipelines.errors import UsageError
from pipelines.explain import explain
from pipelines.filter import Filter
from pipelines.masking import mask_rows
from pipelines.run import run
from pipelines.work import Unit, UnitOutput, UnitReport, report_path
from records import Dataset, Part, Region, from_batch, read_batches, to_batch, write_table
from tests.conftest import PAGE, make_image, make_sample
from tests.pipelines.pictures import encoded, pack, photos

MAIL = "Write to kim@naver.com or call 010-2345-6789."
VULGAR = "Porn, shit and a motherfucker with a blowjob for the asshole, you cocksucker. "


def page(text):
    return f"<html><body><p>{PAGE}</p><p>{text}</p></body></html>"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    root = tmp_path_factory.mktemp("masking")
    pages = {
        "mail": page(MAIL),
        "plain": page("Nothing of the kind is here."),
        "quote": page("“Shit,” she said, and closed the door."),
        "vulgar": page(VULGAR * 3),
    }
    (root / "in").mkdir()
    for name, text in pages.items():
        (root / "in" / f"{name}.html").write_text(text)
    source = {"name": "s", "kind": "html", "path": root / "in", "lang": "en"}
    config = RunConfig.model_validate(
        {"sources": [source], "out": root / "run", "stages": ["ingest", "filter"], "workers": 1}
    )
    run(config, None, [], lambda name, result: None)
    return root / "run"


def rows(finished, stage, kind="part"):
    paths = Dataset.open(finished / stage).files(kind)
    samples = [s for p in paths for b in read_batches(p) for s in from_batch(b)]
    return {s.source.url.removesuffix(".html"): s for s in samples}


def test_a_run_masks_pages_and_leaves_the_others_and_all_ids(finished):
    before, after = rows(finished, "ingest"), rows(finished, "filter")
    assert set(after) == {"mail", "plain", "quote"}
    assert MAIL in before["mail"].text
    assert "Write to <EMAIL> or call <PHONE>." in after["mail"].text
    assert after["plain"].parts == before["plain"].parts
    assert all(after[name].id == before[name].id for name in after)
    metrics = Dataset.open(finished / "filter").manifest.metrics
    assert (metrics["personal_email"], metrics["personal_phone"]) == (1, 1)
    assert metrics["personal_card"] == metrics["personal_in_picture_email"] == 0


def test_a_dropped_page_says_how_many_of_its_words_are_listed(finished):
    (_, event) = explain(finished, "vulgar.html")
    assert (event.reason, event.threshold) == ("unsafe_words", 0.01)
    assert 0.05 < event.score < 0.3
    assert rows(finished, "filter")["quote"].scores["unsafe_words"] == 1


def filtered(tmp_path, samples, **settings):
    config = RunConfig.model_validate(
        {"sources": [{"name": "s", "kind": "html", "path": tmp_path}], "filter": settings}
    )
    part, work = tmp_path / "part.parquet", tmp_path / "work"
    write_table(part, pa.Table.from_batches([to_batch(samples)]))
    stage = Filter(config, tmp_path)
    with UnitOutput(work, Unit(0, 1, part), "filter:x") as out:
        stage.process(Unit(0, 1, part), out)
    report = UnitReport.read(report_path(work, 0))
    kept = work / next(f.path for f in report.files if f.kind == "part")
    return report, {s.source.url: s for b in read_batches(kept) for s in from_batch(b)}


def picture_rows(run):
    image = tuple(pack(run, [encoded(photos()[0])]))
    shown = Region(0, "word", "kim@naver.com", (1, 2, 30, 40))
    clear = Region(0, "word", "garden", (1, 2, 30, 40))
    parts = (Part("image", image=0),)
    return [
        make_sample(url=url, bucket="ocr", images=image, parts=parts, regions=(region,))
        for url, region in (("shown", shown), ("clear", clear))
    ]


def test_rows_that_repeat_their_picture_are_counted_not_changed(tmp_path):
    samples = picture_rows(tmp_path)
    report, kept = filtered(tmp_path, samples)
    assert {url: s.regions for url, s in kept.items()} == {s.source.url: s.regions for s in samples}
    assert report.metrics["personal_in_picture_email"] == 1
    assert report.metrics["personal_email"] == 0


def test_rows_whose_picture_shows_personal_data_can_be_dropped(tmp_path):
    report, kept = filtered(tmp_path, picture_rows(tmp_path), personal_in_pictures="drop")
    assert list(kept) == ["clear"]
    assert report.reasons["dropped"] == {"personal_in_picture": 1}


def test_personal_data_is_kept_where_the_configuration_says_so(tmp_path):
    sample = make_sample(f"{PAGE} {MAIL}")
    _, kept = filtered(tmp_path, [sample], personal="keep")
    assert kept["page"].parts == sample.parts


def test_thoughts_captions_and_tables_are_masked_and_answers_are_not():
    sample = make_sample(
        bucket="interleaved",
        parts=(Part("text", MAIL, role="user"), Part("think", MAIL, role="assistant")),
        images=(make_image(alt=MAIL), make_image()),
        targets={"captions": json.dumps({"0": MAIL}), "answer": "kim@naver.com"},
    )
    empty = make_sample("", url="other", parts=())
    batch = to_batch([empty, sample, empty.replace(id="x")])[1:]
    masked, counts = mask_rows(batch, np.array([True, True]))
    row, other = from_batch(masked)
    hidden = "Write to <EMAIL> or call <PHONE>."
    assert [p.text for p in row.parts] == [hidden, hidden]
    assert [p.role for p in row.parts] == ["user", "assistant"]
    assert [i.alt for i in row.images] == [hidden, None]
    assert row.targets == {"captions": json.dumps({"0": hidden}), "answer": "kim@naver.com"}
    assert (row.id, row.bucket, row.source, row.regions) == (
        sample.id, sample.bucket, sample.source, sample.regions
    )  # fmt: skip
    assert other == empty.replace(id="x")
    assert counts["email"].tolist() == counts["phone"].tolist() == [4, 0]
    same, _ = mask_rows(batch, np.array([False, True]))
    assert same.equals(batch)


def test_a_folder_of_lists_counts_and_is_part_of_the_configuration(tmp_path):
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "en.txt").write_text("garden\n\n")
    sample = make_sample(
        f"{PAGE} In the garden is a well. A garden wants water, and ours is a dry garden."
    )
    report, _ = filtered(tmp_path, [sample], word_lists=lists)
    assert report.reasons["dropped"] == {"unsafe_words": 1}
    config = RunConfig.model_validate(
        {
            "sources": [{"name": "s", "kind": "html", "path": tmp_path}],
            "filter": {"word_lists": lists},
        }
    )
    first = Filter(config, tmp_path).config_hash
    (lists / "en.txt").write_text("meadow\n")
    assert Filter(config, tmp_path).config_hash != first
    (lists / "en.txt").write_bytes(b"\xff\n")
    with pytest.raises(UsageError, match="is not UTF-8"):
        Filter(config, tmp_path)
    (lists / "en.txt").unlink()
    with pytest.raises(UsageError, match=r"has no file such as ko\.txt"):
        Filter(config, tmp_path)
