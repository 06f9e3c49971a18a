from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import measure, repetition


def measured(*texts):
    return measure(pa.array(texts, pa.string()), pa.nulls(len(texts), pa.string()), [repetition])


WORDS = st.sampled_from(["a", "bb", "c.", "dd", "eee", "\n", "\n\n", "\n \n"])
TEXTS = st.lists(WORDS, max_size=70).map(" ".join)


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_measures_equal_a_plain_reference(texts):
    found = measured(*texts)
    for row, text in enumerate(texts):
        expected = reference(text)
        assert {name: values[row] for name, values in found.items()} == pytest.approx(expected), (
            text
        )


def reference(text):
    lines = [line.strip() for line in text.split("\n")]
    paragraphs = [p.strip("\n") for p in "\n".join(lines).split("\n\n") if p.strip("\n")]
    # What stands in a paragraph's lines is compared as it is written.
    written = written_paragraphs(text)
    assert len(written) == len(paragraphs)
    size = max(1, len(text))
    lines = [line for line in lines if line]
    words = text.split()
    measures = {
        "repeated_lines": len(again(lines)) / max(1, len(lines)),
        "repeated_line_characters": sum(map(len, again(lines))) / size,
        "repeated_paragraphs": len(again(written)) / max(1, len(written)),
        "repeated_paragraph_characters": sum(map(len, again(written))) / size,
    }
    for n in (2, 3, 4):
        counts = Counter(" ".join(words[i : i + n]) for i in range(len(words) - n + 1))
        gram, count = counts.most_common(1)[0] if counts else ("", 0)
        measures[f"top_{n}_gram"] = len(gram) * count / size if count > 1 else 0
    for n in range(5, 11):
        measures[f"repeated_{n}_grams"] = repeated_characters(words, n) / size
    return measures


def written_paragraphs(text):
    found, open_lines = [], []
    for line in [*text.split("\n"), ""]:
        if line.strip():
            open_lines.append(line)
        elif open_lines:
            found.append("\n".join(open_lines).strip())
            open_lines = []
    return found


def again(things):
    return [thing for i, thing in enumerate(things) if thing in things[:i]]


def repeated_characters(words, n):
    seen, total, place = set(), 0, 0
    while place < len(words) - n + 1:
        gram = tuple(words[place : place + n])
        if gram in seen:
            total += sum(map(len, gram))
            place += n
        else:
            seen.add(gram)
            place += 1
    return total


def test_texts_do_not_repeat_each_other():
    text = "one two three four five six seven eight nine ten eleven"
    assert all(values.tolist() == [0, 0] for values in measured(text, text).values())


def test_a_passage_of_japanese_is_found_again():
    first = "文書を保存するには、ファイルメニューから保存を選択してください。"
    found = measured(
        f"最初に{first}次に{first}以上です。", f"{first}別の形式で書き出すこともできます。"
    )
    assert found["repeated_10_grams"][0] > 0.3
    assert found["repeated_10_grams"][1] == 0


def test_case_does_not_hide_a_repetition():
    text = "Click the button to save the file now. " * 2
    assert np.isclose(
        measured(text)["repeated_5_grams"], measured(text.upper())["repeated_5_grams"]
    )
    assert measured(text + text.upper())["repeated_5_grams"][0] > 0.4
