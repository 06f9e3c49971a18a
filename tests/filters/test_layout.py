from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import MAX_CHARACTERS, Layout, layouts, measure
from filters.words import CHUNK


def laid_out(*texts) -> Layout:
    (layout,) = layouts(pa.array(texts, pa.string()), pa.nulls(len(texts), pa.string()))
    return layout


def spans(layout, kind, row=0):
    text = "".join(map(chr, layout.codes))
    found = getattr(layout, kind)
    return [
        text[s:e] for o, s, e in zip(found.owner, found.starts, found.ends, strict=True) if o == row
    ]


@settings(deadline=None)
@given(st.lists(st.text(st.sampled_from("aé1가 \t\n\u2003\u200b.,🙂")), min_size=1, max_size=4))
def test_words_are_what_split_finds(texts):
    layout = laid_out(*texts)
    for row, text in enumerate(texts):
        assert spans(layout, "words", row) == text.split()
        assert spans(layout, "lines", row) == [s.strip() for s in text.split("\n") if s.strip()]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("文書を保存する。", "文書|を|保存|する。"),
        ("東京特許許可局", "東京|特許|許可|局"),
        ("PDFファイルは2つ、ABCも", "PDF|ファイル|は|2|つ、|ABC|も"),
        ("コンピューターの「設定」", "コンピューター|の「|設定」"),
        ("한국어(韓國語) 문서", "한국어(|韓國|語)|문서"),
        ("학교는 좋다.", "학교는|좋다."),
    ],
)
def test_words_without_blanks_are_cut_at_scripts(text, words):
    assert "|".join(spans(laid_out(text), "words")) == words


def test_paragraphs_end_at_blank_lines_and_texts():
    layout = laid_out("a\nb\n \nc", "d")
    assert spans(layout, "paragraphs") == ["a\nb", "c"]
    assert spans(layout, "paragraphs", 1) == ["d"]


def test_composed_and_decomposed_letters_are_the_same_words():
    one, two = laid_out("Tiếng Việt"), laid_out("Tiếng Việt")
    assert one.words.hashes.tolist() == two.words.hashes.tolist()


@settings(deadline=None, max_examples=15)
@given(st.lists(st.sampled_from(["", "a b a b a b", "x" * CHUNK, "the cat. " * 9000]), max_size=6))
def test_how_texts_fall_into_chunks_does_not_matter(texts):
    texts = pa.array(texts, pa.string())
    languages = pa.array(["en"] * len(texts), pa.string())
    together = measure(texts, languages)
    for row in range(len(texts)):
        alone = measure(texts.slice(row, 1), languages.slice(row, 1))
        assert all(values[0] == together[name][row] for name, values in alone.items())


def test_of_one_long_line_only_the_beginning_is_looked_at():
    line = "word and " * (50_000_000 // 9)
    texts = pa.array([line, line[:MAX_CHARACTERS]])
    for name, (whole, start) in measure(texts, pa.array(["en", "en"])).items():
        assert whole == start, name


def test_no_texts_have_every_measure():
    nothing = pa.array([], pa.string())
    assert {len(values) for values in measure(nothing, nothing).values()} == {0}
    assert set(measure(nothing, nothing)) == set(measure(pa.array(["a"]), pa.array(["en"])))
