"""Exact duplicates over many parts, boilerplate, and copies of pictures."""

from __future__ import annotations

import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from hypothesis import given
from hypothesis import strategies as st

from pipelines.config import RunConfig
from pipelines.dedupe import Dedupe, row_keys
from pipelines.errors import StageError
from pipelines.progress import Silence
from pipelines.runner import run_pipeline
from pipelines.stage import Step, run_stage
from records import Dataset, Part, Source, from_batch, to_batch
from tests.conftest import make_image, make_sample
from tests.pipelines.made import make_dataset


class Here:
    """Runs in this process; may leave the last unit of a step out, and say it was done."""

    def __init__(self, loses=None):
        self.loses = loses

    def run(self, stage, units):
        kept = units[:-1] if isinstance(stage, Step) and stage.name == self.loses else units
        if kept:
            run_pipeline(stage, kept, FnApiRunner())


def dedupe(run, parts, runner=None, **settings):
    source = {"name": "s", "kind": "problems", "path": "none"}
    config = RunConfig.model_validate({"sources": [source], "out": run, "dedupe": settings})
    run_stage(Dedupe(config, run), make_dataset(run, "ingest", parts), runner or Here(), Silence())
    return Dataset.open(run / "dedupe")


def kept(dataset):
    return {s.source.url: s for batch in dataset.batches() for s in from_batch(batch)}


def dropped(dataset):
    rows = [row for batch in dataset.batches("dropped") for row in batch.to_pylist()]
    return {row["source"]["url"]: (row["reason"], row["detail"]) for row in rows}


def dealt(rows, parts):
    return [rows[i::parts] for i in range(parts)]


@pytest.mark.parametrize("parts", [1, 3, 5])
def test_of_equal_texts_the_smallest_id_stays_however_they_are_dealt(tmp_path, parts):
    texts = [*["The Same  text"] * 4, *["the same text"] * 3, "another", *["third"] * 2]
    rows = [make_sample(text, url=f"{n}") for n, text in enumerate(texts)]
    dataset = dedupe(tmp_path, dealt(rows, parts))
    same, third = sorted(s.id for s in rows[:7]), sorted(s.id for s in rows[8:])
    assert {s.id for s in kept(dataset).values()} == {same[0], rows[7].id, third[0]}
    why = {s.id: same[0] for s in rows[:7]} | {third[1]: third[0]}
    assert dropped(dataset) == {
        s.source.url: ("duplicate_text", why[s.id])
        for s in rows
        if s.id not in (same[0], third[0], rows[7].id)
    }


def test_a_million_copies_would_cross_the_parts_once_a_part(tmp_path):
    from pipelines.exchange import count_rows_of

    rows = [make_sample("the same text", url=f"{n}") for n in range(300)]
    source = {"name": "s", "kind": "problems", "path": "none"}
    config = RunConfig.model_validate({"sources": [source], "out": tmp_path})
    stage = Dedupe(config, tmp_path)
    units, _ = stage.plan(make_dataset(tmp_path, "ingest", dealt(rows, 3)))
    for unit in units:
        stage.sign(unit)
    assert count_rows_of(sorted(stage.work.glob("exact/keys-[0-9]*"))) == 3


def picture_row(url, sha, **fields):
    values = {"bucket": "caption", "parts": (Part("image", image=0), Part("text", text="A cat."))}
    return make_sample(url=url, images=(make_image(sha * 64),), **{**values, **fields})


def test_a_caption_is_its_words_and_its_picture(tmp_path):
    rows = [picture_row("a", "1"), picture_row("b", "1"), picture_row("c", "2")]
    found = dropped(dedupe(tmp_path, [rows]))
    assert len(found) == 1
    assert next(iter(found.values()))[0] == "duplicate_row"
    assert "c" not in found


def test_equal_questions_about_two_pictures_are_two_problems():
    shared = {"bucket": "stem", "parts": (Part("text", text="Find x."), Part("image", image=0))}
    rows = [picture_row(sha, sha, **shared) for sha in ("a", "b", "b")]
    one, other, again = row_keys(to_batch(rows))
    assert one != other == again


@given(st.lists(st.sampled_from(["a b", "A  b", "a-b", "c"]), max_size=6))
def test_rows_have_equal_keys_where_their_normalised_texts_are_equal(texts):
    keys = row_keys(to_batch([make_sample(t, url=f"{n}") for n, t in enumerate(texts)]))
    normal = [" ".join(t.lower().split()) for t in texts]
    assert [[a == b for a in keys] for b in keys] == [[a == b for a in normal] for b in normal]


def test_all_rows_are_pointed_at_the_first_copy_of_a_picture(tmp_path):
    places = [("p0", 512), ("p0", 900), ("p1", 512), ("p2", 700)]
    rows = [
        make_sample(
            url=f"{n}", parts=(Part("text", text=f"{n}"), Part("image", image=0)), bucket="interleaved",
            images=(make_image(("f" if n == 3 else "e") * 64, pack=pack, offset=offset),),
        )
        for n, (pack, offset) in enumerate(places)
    ]  # fmt: skip
    dataset = dedupe(tmp_path, [[row] for row in rows])
    found = {u: (s.images[0].pack, s.images[0].offset) for u, s in kept(dataset).items()}
    assert found == {"0": ("p0", 512), "1": ("p0", 512), "2": ("p0", 512), "3": ("p2", 700)}
    assert dataset.manifest.metrics["images_pointed_elsewhere"] == 2


MENU = "Click here to download the full example code of this page"


def pages(count, site="docs", **fields):
    return [
        make_sample(
            source=Source(site, fields.get("url", "page{}").format(n)),
            parts=(
                Part(
                    "text", text=f"Title {n}\n\n{MENU}\n\nWhat page {n} of {site} says is its own."
                ),
                Part("text", text=MENU),
            ),
        )
        for n in range(count)
    ]


def test_boilerplate_leaves_all_pages_of_its_site(tmp_path):
    quoted = make_sample(f"{MENU}\n\nA page of another site.", source=Source("blog", "one"))
    dataset = dedupe(tmp_path, dealt([*pages(12), quoted], 3))
    found = kept(dataset)
    assert MENU in found["one"].text
    assert all(MENU not in s.text for url, s in found.items() if url != "one")
    assert found["page3"].parts == (
        Part("text", text="Title 3\n\nWhat page 3 of docs says is its own."),
    )
    assert dataset.manifest.metrics["paragraphs_dropped_boilerplate"] == 24


def test_a_paragraph_on_few_pages_is_content(tmp_path):
    found = kept(dedupe(tmp_path, dealt(pages(9), 2)))
    assert all(MENU in s.text for s in found.values())


def test_a_paragraph_on_a_small_share_of_pages_is_content(tmp_path):
    own = [
        make_sample(
            f"Only this page says so, and no other one: {n}", source=Source("docs", f"x{n}")
        )
        for n in range(300)
    ]
    found = kept(dedupe(tmp_path, dealt([*pages(12), *own], 2)))
    assert MENU in found["page0"].text
    strict = kept(dedupe(tmp_path, dealt([*pages(12), *own], 2), boilerplate_share=0.02))
    assert MENU not in strict["page0"].text


def test_hosts_are_sites_of_their_own(tmp_path):
    rows = [
        *pages(6, url="https://one.org/{}"),
        *pages(6, url="https://two.org/{}"),
    ]
    assert all(MENU in s.text for s in kept(dedupe(tmp_path, [rows])).values())


def test_pages_that_differ_only_in_boilerplate_are_duplicates(tmp_path):
    rows = pages(12)
    bare = make_sample(
        "Title 3\n\nWhat page 3 of docs says is its own.", source=Source("docs", "bare")
    )
    found = dropped(dedupe(tmp_path, dealt([*rows, bare], 2)))
    assert set(found) in ({"bare"}, {"page3"})


def test_a_page_of_nothing_but_boilerplate_leaves(tmp_path):
    empty = make_sample(MENU, source=Source("docs", "empty"))
    found = dropped(dedupe(tmp_path, [[*pages(12), empty]]))
    assert found == {"empty": ("only_boilerplate", None)}


@pytest.mark.parametrize("name", ["read", "compare", "count", "total", "sign", "meet"])
def test_a_runner_that_loses_a_unit_of_a_sweep_fails_the_stage(tmp_path, name):
    with pytest.raises(StageError, match=f"{name}: the runner said it was done, but 1 of"):
        dedupe(tmp_path, dealt(pages(6), 2), Here(loses=name))
    assert not (tmp_path / "dedupe").exists()


@pytest.mark.parametrize("parts", [1, 4])
def test_the_copies_of_a_page_do_not_make_it_boilerplate(tmp_path, parts):
    copies = [make_sample(pages(1)[0].text, source=Source("docs", f"copy{n}")) for n in range(40)]
    own = [
        make_sample(
            f"What page {n} says is said by no other page of it.", source=Source("docs", f"o{n}")
        )
        for n in range(60)
    ]
    dataset = dedupe(tmp_path, dealt([*copies, *own], parts))
    found = kept(dataset)
    assert len(found) == 61
    (left,) = (s for url, s in found.items() if url.startswith("copy"))
    assert left.text == copies[0].text
    assert {reason for reason, _ in dropped(dataset).values()} == {"duplicate_text"}


def test_pages_of_nothing_but_boilerplate_are_no_copies_of_each_other(tmp_path):
    empty = [make_sample(f"{MENU}{'.' * n}", source=Source("docs", f"e{n}")) for n in range(3)]
    found = dropped(dedupe(tmp_path, dealt([*pages(12), *empty], 2)))
    assert found == {f"e{n}": ("only_boilerplate", None) for n in range(3)}


def test_a_share_of_one_leaves_all_boilerplate(tmp_path):
    found = kept(dedupe(tmp_path, [pages(12)], boilerplate_share=1))
    assert all(MENU in s.text for s in found.values())


def test_an_address_that_is_none_is_no_trouble(tmp_path):
    assert (
        len(kept(dedupe(tmp_path, [[make_sample("x", source=Source("s", "http://[bad/x"))]]))) == 1
    )


def test_empty_texts_are_equal_only_with_equal_pictures(tmp_path):
    rows = [
        make_sample("", url="a"),
        make_sample(" ", url="b"),
        picture_row("c", "1", parts=(Part("image", image=0),)),
    ]
    dataset = dedupe(tmp_path, [rows, []])
    assert len(dropped(dataset)) == 1
    assert "c" in kept(dataset)
