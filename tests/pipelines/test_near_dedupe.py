"""Near-duplicates over many parts: the same answer however they are dealt."""

from __future__ import annotations

import math

import numpy as np
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from PIL import Image, ImageDraw

from filters import MAX_DISTANCE, cluster_texts, hamming, hash_words
from pipelines.config import RunConfig
from pipelines.errors import StageError
from pipelines.explain import explain
from pipelines.near_dedupe import NearDedupe
from pipelines.near_pictures import RowPictures
from pipelines.progress import Silence
from pipelines.runner import run_pipeline
from pipelines.stage import Step, run_stage
from records import Part, from_batch, write_atomically
from tests.conftest import make_image, make_sample
from tests.filters.test_near_duplicates import changed, page
from tests.pipelines.made import make_dataset
from tests.pipelines.pictures import encoded, pack, photos


def samples(count=60):
    """Pages, every third of which has one to three copies; a chain of copies among them."""
    random = np.random.default_rng(1)
    found = []
    for number in range(count):
        words = page(number)
        found.append(make_sample(" ".join(words), url=f"p{number}"))
        for copy in range(random.integers(1, 4) if number % 3 == 0 else 0):
            text = " ".join(changed(words, 2, seed=copy))
            found.append(make_sample(text, url=f"p{number}-{copy}"))
    words = page(1000)
    for link in range(8):
        found.append(make_sample(" ".join(words), url=f"chain{link}"))
        words = changed(words, 3, seed=link)
    return found


def configured(out, **near):
    source = {"name": "s", "kind": "problems", "path": "none"}
    return RunConfig.model_validate({"sources": [source], "out": out, "near_dedupe": near})


def dedupe(run, parts, runner, **near):
    config = configured(run, **near)
    source = make_dataset(run, "filter", parts)
    run_stage(NearDedupe(config, run), source, runner, Silence())
    return config


def dealt(rows, parts):
    return [rows[i::parts] for i in range(parts)]


def outcome(run):
    """url -> (reason, whom it duplicates), None for those that stay."""
    from records import Dataset

    dataset = Dataset.open(run / "near_dedupe")
    found = {}
    for batch in dataset.batches():
        found |= {s.source.url: None for s in from_batch(batch)}
    for batch in dataset.batches("dropped"):
        for row in batch.to_pylist():
            found[row["source"]["url"]] = (row["reason"], row["detail"].split()[-1])
    return found


@pytest.fixture(scope="module")
def once(tmp_path_factory, local_runner):
    run = tmp_path_factory.mktemp("one")
    dedupe(run, [samples()], local_runner)
    return run


def test_the_stage_finds_the_clusters_that_the_function_does(once):
    rows = sorted(samples(), key=lambda s: s.id)
    leaders = cluster_texts([s.text for s in rows])
    clusters = {
        s.source.url: rows[leader].source.url for s, leader in zip(rows, leaders, strict=True)
    }
    found, by_id = outcome(once), {s.id: s.source.url for s in rows}
    assert set(found) == set(clusters)
    assert sum(why is not None for why in found.values()) == len(rows) - len(set(clusters.values()))
    for url, why in found.items():
        if why is not None:
            assert why[0] == "near_duplicate_text"
            assert clusters[by_id[why[1]]] == clusters[url]
            assert found[by_id[why[1]]] is None


@pytest.mark.parametrize(("parts", "max_edges"), [(3, 10**9), (7, 10**9), (7, 40), (4, 1)])
def test_parts_and_rounds_do_not_change_what_stays(once, local_runner, tmp_path, parts, max_edges):
    dedupe(tmp_path, dealt(samples(), parts), local_runner, max_edges=max_edges)
    assert outcome(tmp_path) == outcome(once)


def test_both_engines_keep_the_same_rows(once, local_runner, tmp_path):
    dedupe(tmp_path, dealt(samples(), 2), local_runner, engine="datasketch")
    different = {u for u, why in outcome(tmp_path).items() if why != outcome(once)[u]}
    # Pages whose similarity is the threshold's, within the estimate's error.
    assert len(different) <= 2 and all(url.startswith("chain") for url in different)


def test_the_best_of_a_cluster_stays(local_runner, tmp_path):
    words = page(5)
    rows = [
        make_sample(" ".join(words), url="long"),
        make_sample(" ".join(words[:-4]), url="short"),
        make_sample(" ".join(words[:-6]), url="good", scores={"quality": 0.7}),
        make_sample(" ".join(words[:-8]), url="poor", scores={"quality": 0.2}),
    ]
    dedupe(tmp_path, dealt(rows, 2), local_runner)
    good = next(s.id for s in rows if s.source.url == "good")
    why = ("near_duplicate_text", good)
    assert outcome(tmp_path) == {"good": None, "long": why, "short": why, "poor": why}


def test_explain_tells_the_similarity_the_threshold_and_the_id(once):
    (out,) = {why[1] for url, why in outcome(once).items() if url == "p0-0" and why} or {None}
    name = "p0-0" if out else "p0"
    config = once / "config.json"
    write_atomically(config, b'{"stages": ["near_dedupe"]}')
    events = [e for e in explain(once, name) if e.outcome == "dropped"]
    assert events[0].reason == "near_duplicate_text"
    assert 0.8 <= events[0].score < 1
    assert events[0].threshold == 0.8
    assert len(events[0].detail.split()[-1]) == 32


def test_a_row_at_the_end_of_a_chain_names_its_neighbour(once):
    from records import Dataset

    told = [
        row
        for batch in Dataset.open(once / "near_dedupe").batches("dropped")
        for row in batch.to_pylist()
        if row["source"]["url"].startswith("chain")
    ]
    assert len(told) == 7
    assert all(row["score"] >= row["threshold"] for row in told)
    assert any("which is in the cluster of" in row["detail"] for row in told)


def with_images(url, names, lang="en", text=None):
    images = tuple(make_image(name * 64) for name in names)
    parts = (Part("text", text=text or url), *(Part("image", image=i) for i in range(len(images))))
    return make_sample(url=url, bucket="interleaved", lang=lang, parts=parts, images=images)


def test_documents_of_one_language_that_share_their_images_are_duplicates(local_runner, tmp_path):
    rows = [
        with_images("a", "0123456789"),
        with_images("copy", "012345678a"),
        with_images("translation", "0123456789", lang="ko"),
        with_images("half", "01234bcdef"),
        with_images("few", "01"),
        with_images("few too", "01"),
    ]
    dedupe(tmp_path, dealt(rows, 3), local_runner)
    found = {url: why for url, why in outcome(tmp_path).items() if why}
    assert len(found) == 1
    assert next(iter(found)) in ("a", "copy")
    assert next(iter(found.values()))[0] == "near_duplicate_images"


def captioned(url, image, lang="en", bucket="caption"):
    parts = (Part("image", image=0), Part("text", text=f"What {url} shows."))
    return make_sample(url=url, bucket=bucket, lang=lang, parts=parts, images=(image,))


@pytest.mark.parametrize("parts", [1, 3])
def test_captions_of_one_photo_in_several_encodings_are_duplicates(local_runner, tmp_path, parts):
    one, other, *_ = photos()
    images = pack(
        tmp_path,
        [
            encoded(one),
            encoded(one, 0.5),
            encoded(one, format="JPEG", quality=70),
            encoded(other),
        ],
    )
    rows = [captioned(f"p{n}", image) for n, image in enumerate(images)]
    rows += [
        captioned("korean", images[0], "ko"),
        captioned("boxes", images[0], bucket="grounding"),
    ]
    dedupe(tmp_path, dealt(rows, parts), local_runner)
    gone = {url: why for url, why in outcome(tmp_path).items() if why}
    assert len(gone) == 2
    assert set(gone) < {"p0", "p1", "p2"}
    assert {why[0] for why in gone.values()} == {"near_duplicate_picture"}


def test_plots_whose_hashes_are_near_are_not_duplicates(local_runner, tmp_path):
    def plot(phase):
        picture = Image.new("L", (480, 360), 255)
        draw = ImageDraw.Draw(picture)
        draw.rectangle((40, 20, 460, 330), outline=0, width=2)
        for place in range(1, 8):
            draw.line((40 + 52 * place, 20, 40 + 52 * place, 330), fill=190)
            draw.line((40, 20 + 38 * place, 460, 20 + 38 * place), fill=190)
        for curve, shift in enumerate((0, 0, phase)):
            points = range(42, 459)
            waves = [(60 + 25 * curve) * math.sin(x / (30 + 8 * curve) + shift) for x in points]
            draw.line([(x, 175 - round(y)) for x, y in zip(points, waves, strict=True)], width=4)
        return encoded(picture)

    images = pack(tmp_path, [plot(0), plot(0.1)])
    words = hash_words([image.phash for image in images])
    assert 0 < hamming(words[:1], words[1:])[0] <= MAX_DISTANCE
    dedupe(tmp_path, [[captioned(f"{n}", image) for n, image in enumerate(images)]], local_runner)
    assert set(outcome(tmp_path).values()) == {None}


def test_a_view_can_be_switched_off(local_runner, tmp_path):
    rows = [make_sample(" ".join(page(1)) + "." * n, url=f"{n}") for n in range(2)]
    dedupe(tmp_path, [rows], local_runner, buckets=[], image_buckets=[])
    assert set(outcome(tmp_path).values()) == {None}


def test_a_picture_is_the_same_as_each_of_hundreds(tmp_path):
    images = pack(tmp_path, [encoded(photos()[0], 0.2)])
    rows = [captioned(f"{n}", images[0]) for n in range(600)]
    (part,) = make_dataset(tmp_path, "filter", [rows]).files()
    one = np.zeros(599, np.uint64)
    found = RowPictures(tmp_path, [part], 10**8).same(one, np.arange(1, 600, dtype=np.uint64))
    assert found.all()


def test_the_words_of_a_problem_or_a_caption_do_not_make_a_duplicate(local_runner, tmp_path):
    words = page(1)
    rows = [
        make_sample(" ".join(changed(words, n)), url=f"{bucket}{n}", bucket=bucket)
        for bucket in ("stem", "caption")
        for n in range(2)
    ]
    dedupe(tmp_path, [rows], local_runner)
    assert set(outcome(tmp_path).values()) == {None}


def test_empty_texts_and_empty_parts_stay(local_runner, tmp_path):
    rows = [
        make_sample("", url="empty"),
        make_sample("", url="empty too"),
        make_sample(" ", url="b"),
    ]
    dedupe(tmp_path, [rows, []], local_runner)
    assert set(outcome(tmp_path)) == {"empty", "empty too", "b"}
    assert set(outcome(tmp_path).values()) == {None}


def test_a_page_copied_into_every_part_crosses_them_once_a_part(local_runner, tmp_path):
    rows = [make_sample(" ".join(page(1)) + "." * n, url=f"{n}") for n in range(400)]
    config = configured(tmp_path)
    stage = NearDedupe(config, tmp_path)
    source = make_dataset(tmp_path, "filter", dealt(rows, 4))
    units, _ = stage.plan(source)
    for unit in units:
        stage.sign(unit)
    from pipelines.exchange import count_rows_of

    assert count_rows_of(stage.files.paths("bands-text")) == 4 * 18
    run_stage(stage, source, local_runner, Silence())
    assert sum(why is None for why in outcome(tmp_path).values()) == 1


class Forgetful:
    """A runner that leaves a unit of one sweep out, and says it was done."""

    def __init__(self, name):
        self.name = name

    def run(self, stage, units):
        kept = units[:-1] if isinstance(stage, Step) and stage.name == self.name else units
        if kept:
            run_pipeline(stage, kept, FnApiRunner())


@pytest.mark.parametrize("name", ["sign", "meet", "large_stars", "small_stars", "lead"])
def test_a_runner_that_loses_a_unit_of_a_sweep_fails_the_stage(tmp_path, name):
    with pytest.raises(StageError, match=f"{name}: the runner said it was done, but 1 of"):
        dedupe(tmp_path, dealt(samples(12), 3), Forgetful(name), max_edges=1)
    assert not (tmp_path / "near_dedupe").exists()


def test_a_stage_that_was_killed_goes_on_from_its_sweeps(once, local_runner, tmp_path):
    with pytest.raises(StageError):
        dedupe(tmp_path, dealt(samples(), 3), Forgetful("meet"))
    signed = {p: p.stat().st_mtime_ns for p in tmp_path.glob(".near_dedupe.*/near/signatures-*")}
    assert len(signed) == 9
    seen = []

    class Watched:
        def run(self, stage, units):
            seen.append(stage.name)
            local_runner.run(stage, units)

    config = configured(tmp_path)
    from records import Dataset

    run_stage(NearDedupe(config, tmp_path), Dataset.open(tmp_path / "filter"), Watched(), Silence())
    assert seen == ["meet", "near_dedupe"]
    assert outcome(tmp_path) == outcome(once)
