from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import gopher, measure
from filters.gopher import ENGLISH_STOP_WORDS


def measured(text, lang="en"):
    found = measure(pa.array([text]), pa.array([lang]), [gopher])
    return {name: values[0] for name, values in found.items()}


PIECES = st.lists(
    st.sampled_from(["a", "the", "be,", "1", " ", "\n", ".", "...", "…", "#", "- ", "é"])
)


@settings(deadline=None)
@given(st.lists(PIECES.map("".join), max_size=4))
def test_measures_equal_a_plain_reference(texts):
    found = measure(
        pa.array(texts, pa.string()), pa.array(["en"] * len(texts), pa.string()), [gopher]
    )
    for row, text in enumerate(texts):
        expected = reference(text)
        assert {name: values[row] for name, values in found.items()} == pytest.approx(expected), (
            text
        )


def reference(text):
    words, lines = text.split(), [line.strip() for line in text.split("\n") if line.strip()]
    real = [w for w in words if re.search(r"[^\W_]", w)]
    n, m = max(1, len(words)), max(1, len(lines))
    return {
        "words": len(real),
        "mean_word_length": sum(map(len, real)) / max(1, len(real)),
        "hashes_per_word": text.count("#") / n,
        "ellipses_per_word": (text.count("...") + text.count("…")) / n,
        "words_with_letters": sum(any(c.isalpha() for c in w) for w in words) / n,
        "bullet_lines": sum(bool(re.match("- ", line)) for line in lines) / m,
        "ellipsis_lines": sum(line.endswith(("...", "…")) for line in lines) / m,
        "english_stop_words": len(set(re.findall(r"[^\W_]+", text)) & set(ENGLISH_STOP_WORDS)),
    }


def test_a_stop_word_counts_once_whatever_its_case():
    assert measured("The cat and THE dog, AND the fish.")["english_stop_words"] == 2


def test_words_of_japanese_are_cut_where_the_script_changes():
    assert measured("文書を保存する。")["words"] == 4
    assert measured("東京特許許可局は、PDFファイルを2つ保存した。")["words"] == 12


def test_korean_words_are_what_blanks_part():
    assert measured("문서를 저장하려면 파일 메뉴를 여십시오.")["words"] == 5
