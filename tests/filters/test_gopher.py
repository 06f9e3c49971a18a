from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import RULES, Rule, decide, measure, prose

ENGLISH = "The cat sat on the mat and looked at the dog that was to be with us for the day. " * 4
KOREAN = "이 문서를 저장하려면 파일 메뉴에서 저장을 선택한 다음 이름을 입력하십시오. " * 8
JAPANESE = "文書を保存するには、ファイルメニューから保存を選択してください。" * 8


def judge(text, lang="en"):
    languages = pa.array([lang])
    return decide(measure(pa.array([text]), languages), languages).reason[0]


@pytest.mark.parametrize(
    ("text", "lang", "reason"),
    [
        (ENGLISH, "en", None),
        (KOREAN, "ko", None),
        (JAPANESE, "ja", None),
        ("", "en", "too_few_words"),
        ("word " * 49, "en", "too_few_words"),
        ("文書" * 40, "ja", "too_few_words"),
        ("a b c d e f g " * 20, "en", "short_words"),
        ("가 나 다 라 마 " * 20, "ko", "short_words"),
        ("antidisestablishmentarianism the " * 60, "en", "long_words"),
        ("Donaudampfschiff die " * 60, "de", None),
        (ENGLISH + " ... ... ... ... ... ... ... ... ...", "en", "symbols"),
        ("- the cat sat with the dog and the fish\n" * 20, "en", "bullet_lines"),
        (ENGLISH + "123 456 789 " * 20, "en", "few_letters"),
        ("Lorem ipsum dolor sit amet consectetur " * 20, "en", "no_stop_words"),
        ("Lorem ipsum dolor sit amet consectetur " * 20, "es", None),
        ((ENGLISH + "\n") * 3, "en", "repeated_lines"),
    ],
)
def test_each_rule_has_its_reason(text, lang, reason):
    assert judge(text, lang) == reason


def test_a_line_that_trails_off_is_counted():
    text = "\n".join(f"This is the line number {n} of it that ends with…" for n in range(12))
    assert judge(text) in ("symbols", "ellipsis_lines")
    measures = measure(pa.array([text]), pa.array(["en"]))
    assert measures["ellipsis_lines"].tolist() == [1.0]


def test_the_score_and_the_limit_that_was_broken_are_told():
    languages = pa.array(["en"])
    decision = decide(measure(pa.array(["one two three"]), languages), languages)
    assert (decision.reason[0], decision.score[0], decision.threshold[0]) == (
        "too_few_words",
        3,
        50,
    )


def test_a_limit_can_change_without_measuring_again():
    languages = pa.array(["en"])
    measures = measure(pa.array(["one two three"]), languages)
    assert decide(measures, languages, [Rule("few", "words", low=3)]).reason[0] is None
    assert decide(measures, languages, [Rule("few", "words", low=4)]).reason[0] == "few"


def test_every_rule_reads_a_measure_that_exists():
    measures = measure(pa.array([ENGLISH]), pa.array(["en"]))
    assert {rule.measure for rule in RULES} <= set(measures)


WORDS = st.text(st.sampled_from("ab가1 .\n-…#"), max_size=60)


@given(st.lists(WORDS, max_size=5))
def test_measures_equal_a_plain_reference(texts):
    languages = pa.array(["en"] * len(texts), pa.string())
    found = measure(pa.array(texts, pa.string()), languages)
    for row, text in enumerate(texts):
        for name, value in reference(text).items():
            assert found[name][row] == pytest.approx(value), (name, text)


def reference(text):
    words = text.split()
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    n = max(1, len(words))
    return {
        "words": len(words),
        "mean_word_length": sum(map(len, words)) / n,
        "words_with_letters": sum(any(c.isalpha() for c in w) for w in words) / n,
        "symbols_per_word": len(re.findall(r"#{2,}|…|\.\.\.", text)) / n if words else 0,
        "bullet_lines": sum(bool(re.match(r"[-*•‣▪·]\s", s + " ")) for s in bulleted(text))
        / max(1, len(lines)),
        "repeated_lines": 1 - len(set(lines)) / len(lines) if lines else 0,
    }


def bulleted(text):
    return [line.lstrip() for line in text.split("\n") if re.match(r"\s*[-*•‣▪·]\s", line)]


def test_a_batch_is_judged_as_its_rows_are():
    texts, languages = [ENGLISH, KOREAN, "", JAPANESE], ["en", "ko", "en", "ja"]
    together = measure(pa.array(texts), pa.array(languages))
    for row, (text, lang) in enumerate(zip(texts, languages, strict=True)):
        alone = measure(pa.array([text]), pa.array([lang]))
        assert all(np.isclose(together[n][row], alone[n][0]) for n in alone)


def test_prose_has_no_code_and_no_tables():
    text = "Before.\n\n```\nfor x in y: pass\n```\n\nBetween.\n\n| a | b |\n| --- | --- |\n\nAfter ``` open"
    words = prose(pa.array([text]))[0].as_py().split()
    assert words == ["Before.", "Between.", "After"]
