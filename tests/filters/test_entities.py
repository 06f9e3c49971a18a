"""Entities: names and terms of six languages."""

from __future__ import annotations

import time

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import canonical, entities
from filters.entities import MAX_CHARACTERS, MAX_ENTITIES


def found(text, language):
    return set(entities(pa.array([text]), pa.array([language], pa.string()))[0].as_py())


@pytest.mark.parametrize(
    ("language", "text", "names"),
    [
        ("en", "We met Ada Lovelace at the Bank of England in London.",
         {"ada lovelace", "bank of england", "london"}),
        ("en", "The toy, which NASA sold with NumPy 2.", {"nasa", "numpy"}),
        ("es", "El río pasa por Buenos Aires y por la Ciudad de México.",
         {"buenos aires", "ciudad de méxico"}),
        ("de", "Der Hund von Angela Merkel sah die BBC und eine Datenschutzgrundverordnung.",
         {"angela merkel", "bbc", "datenschutzgrundverordnung"}),
        ("vi", "Tôi đã gặp Nguyễn Văn An ở Hà Nội để nói về Python.",
         {"nguyễn văn an", "hà nội", "python"}),
        ("ja", "東京都のスーパーコンピュータとLibreOfficeは人工知能の話です。",
         {"東京都", "スーパーコンピュータ", "libreoffice", "人工知能"}),
        ("ko", "삼성전자는 서울특별시에서 스프레드시트와 인공지능을 Python으로 발표했다.",
         {"삼성전자", "서울특별시", "스프레드시트", "인공지능", "python"}),
    ],
)  # fmt: skip
def test_names_and_terms_are_found_and_nothing_else(language, text, names):
    assert found(text, language) == names


def test_a_capital_that_only_begins_a_sentence_is_no_name():
    assert found("Hammers are tools. Nails are not. “Screws” hold.", "en") == set()


def test_a_word_that_is_also_written_small_is_no_name():
    assert found("We use a Hammer, since a hammer is heavy.", "en") == set()


def test_a_name_that_begins_a_sentence_is_known_from_the_middle_of_another():
    assert found("Tux swims. All children love Tux.", "en") == {"tux"}


def test_simple_german_nouns_are_no_names():
    assert found("Wir sahen einen Hund und eine Katze im Garten.", "de") == set()


def test_headings_in_title_case_are_no_names():
    assert found("see How To Make Very Good Apple Pie Quickly", "en") == set()


def test_all_ways_to_write_a_name_are_one():
    assert canonical("Ｌｉｂｒｅ  OFFICE") == canonical("libre Office") == "libre office"
    assert found("in Café and in Cafe\u0301", "en") == {"café"}


def test_korean_particles_and_plurals_do_not_make_other_names():
    assert found("삼성전자가", "ko") == found("삼성전자를", "ko") == found("삼성전자들은", "ko")


def test_the_most_frequent_come_first_and_no_more_than_the_limit():
    many = ", ".join(f"of Name{chr(97 + i)}x" for i in range(2 * MAX_ENTITIES))
    named = entities(pa.array([f"{many}, for Zeus, with Zeus"]), pa.array(["en"]))[0].as_py()
    assert named[0] == "zeus"
    assert len(named) == MAX_ENTITIES


def test_an_unknown_language_is_searched_for_capitals():
    assert found("das ist in Paris", None) == {"paris"}


HOSTILE = {
    "one line of 50 MB": "A" * 50_000_000,
    "capitals": "A " * 20_000,
    "names with links": "Ab de " * 10_000,
    "hyphens": "A-" * 10_000,
    "no width": "\u200b" * 20_000,
    "right to left": "שלום ABC مرحبا " * 2000,
    "decomposed": "\u1112\u1161\u11ab" * 5000,
    "one syllable": "아" * 20_000,
    "half letters": "ㅋ" * 20_000,
    "one word without blanks": "강남구삼성전자이재용회장" * 1000,
    "emoji": "👨‍👩‍👧" * 4000,
    "nothing": "",
}


@pytest.mark.parametrize("language", ["ko", "ja", "de", None])
def test_hostile_texts_cost_no_more_than_others(language):
    found("준비", "ko")
    for name, text in HOSTILE.items():
        array = pa.array([text])
        started = time.process_time()
        entities(array, pa.array([language], pa.string()))
        assert time.process_time() - started < 2, name


@settings(max_examples=50)
@given(st.lists(st.tuples(st.text(max_size=80), st.sampled_from(["ko", "ja", "en", "vi", None]))))
def test_what_a_text_names_does_not_depend_on_its_neighbours(rows):
    rows = [(t.encode("utf-8", "replace").decode(), lang) for t, lang in rows]
    texts = pa.array([t for t, _ in rows], pa.string())
    together = entities(texts, pa.array([lang for _, lang in rows], pa.string())).to_pylist()
    for (text, language), named in zip(rows, together, strict=True):
        assert len(named) == len(set(named))
        assert set(named) == found(text, language)


def test_what_comes_late_in_a_text_is_not_looked_at():
    assert found("a " * MAX_CHARACTERS + "in Paris", "en") == set()
