from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from filters import RULES, Limits, Rule, RuleError, change_rules, decide, judged, measure

ENGLISH = (
    "The cat sat on the mat and looked at the dog. It was a quiet day, and nobody had to be with "
    "them. Outside, children played in the garden that belongs to our neighbours. Later they came "
    "in, asked for bread and milk, and told us what they had seen: a bird that could not fly. "
)
KOREAN = (
    "이 문서를 저장하려면 파일 메뉴에서 저장을 선택한 다음 이름을 입력하십시오. 다른 형식으로 내보내는 "
    "방법은 다음 장에서 설명합니다. 그림을 넣으려면 삽입 메뉴를 열고 파일을 고르면 됩니다. 그림의 크기는 "
    "모서리를 끌어 바꿀 수 있으며, 비율을 지키려면 키를 누른 채로 끕니다. 표를 만들 때에는 행과 열의 수를 "
    "먼저 정하는 것이 좋습니다. 작업을 마친 뒤에는 변경한 내용이 저장되었는지 확인하시기 바랍니다. "
)
JAPANESE = (
    "文書を保存するには、ファイルメニューから保存を選択してください。別の形式で書き出す方法は、次の章で説明します。"
    "画像を挿入するときは、挿入メニューを開いてファイルを選びます。大きさは角をドラッグして変えられますが、"
    "比率を守りたい場合はキーを押したまま動かします。表を作る前に、行と列の数を決めておくとよいでしょう。"
)


def judge(text, lang="en", rules=RULES):
    languages = pa.array([lang])
    measures = measure(pa.array([text]), languages) | {"own_language": np.ones(1)}
    return decide(measures, languages, rules).reason[0]


def without(*reasons):
    return change_rules(dict.fromkeys(reasons))


@pytest.mark.parametrize(("text", "lang"), [(ENGLISH, "en"), (KOREAN, "ko"), (JAPANESE, "ja")])
def test_running_text_stays(text, lang):
    assert judge(text, lang) is None


@pytest.mark.parametrize(
    ("text", "lang", "reason"),
    [
        ("", "en", "too_few_words"),
        ("word " * 49, "en", "too_few_words"),
        ("文書" * 40, "ja", "too_few_words"),
        ("word " * 100_001, "en", "too_many_words"),
        ("a b c d e f g " * 20, "en", "short_words"),
        ("가 나 다 라 마 " * 20, "ko", "short_words"),
        ("antidisestablishmentarianism the " * 60, "en", "long_words"),
        ("Donaudampfschifffahrtsgesellschaft " * 60, "de", "long_words"),
        ("띄어쓰기가하나도없는문장은기계가만든것 " * 60, "ko", "long_words"),
        (ENGLISH + " ... ... ... ... ... ... ... ... ... ... ...", "en", "symbols"),
        (ENGLISH + " ####### #######", "en", "symbols"),
        ("- the cat sat with the dog and the fish\n" * 20, "en", "bullet_lines"),
        (ENGLISH + "123 456 789 " * 20, "en", "few_letters"),
        ("Lorem ipsum dolor sit amet consectetur " * 20, "en", "no_stop_words"),
        ((ENGLISH + "\n\n") * 3, "en", "repeated_paragraphs"),
        ((KOREAN + "\n") * 3, "ko", "repeated_lines"),
        (ENGLISH + "the same phrase " * 20, "en", "one_phrase"),
        (ENGLISH + "More of it comes in the garden that belongs to our neighbours. " * 2, "en",
         "repeated_phrases"),
        (JAPANESE + JAPANESE, "ja", "repeated_phrases"),
        (ENGLISH + "Lorem ipsum dolor. Lorem ipsum.", "en", "lorem_ipsum"),
        (ENGLISH + "if (a) { b } else { c } for { d } do { e } it { f } as { g } is { h } {", "en",
         "braces"),
        ("Please enable JavaScript.\nThis page needs JavaScript.\n" + ENGLISH, "en", "javascript_lines"),
        (ENGLISH + "\nWe use cookies. Read our privacy policy.", "en", "policy_lines"),
        (KOREAN + "\n이용약관\n개인정보 처리방침", "ko", "policy_lines"),
        (ENGLISH.replace(".", ";"), "en", "few_sentences"),
        ("\n".join([ENGLISH[:-2], *["the", "first", "that", "be", "of", "and", "to", "with", "have", "a", "one", "by", "five"]]),
         "en", "lines_without_end"),
    ],
)  # fmt: skip
def test_each_rule_has_its_reason(text, lang, reason):
    assert judge(text, lang) == reason


def test_lists_have_short_lines():
    items = [f"{n}. {word}." for n, word in enumerate(ENGLISH.replace(".", "").split())]
    text = "\n".join(items)
    assert judge(text, "en", without("few_letters")) == "short_lines"
    assert judge(text, "en", without("few_letters", "short_lines")) == "list"


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("cheap shoes discount shoes online buy sneakers best price running boots sale leather "
         "sandals women men kids outlet store free shipping brand new fashion style ", "en"),
        ("서울 맛집 추천 강남 카페 홍대 술집 이태원 클럽 부산 펜션 제주 렌터카 여행 숙소 항공권 할인 "
         "쿠폰 이벤트 특가 최저 가격 비교 ", "ko"),
        ("東京観光、大阪旅行、京都旅館、格安航空券、温泉宿泊、日帰旅行、高級旅館、家族旅行、海外旅行、"
         "国内旅行、割引情報、最安値比較、北海道観光、沖縄旅行、九州温泉、予約専門店、", "ja"),
        ("Schuhe Rabatt Stiefel Sneaker Preisvergleich Markenware Versandkostenfrei Angebote "
         "Sandalen Damen Herren Kinder Mode Leder Laden Marken Trends ", "de"),
        ("zapatos baratos ofertas botas descuento tienda online marcas rebajas sandalias mujer "
         "hombre moda cuero envío gratis precios bajos outlet nuevas ", "es"),
    ],
)  # fmt: skip
def test_keywords_are_no_sentences(text, lang):
    rules = [rule for rule in RULES if rule.reason == "few_function_words"]
    assert judge(text * 3, lang, rules) == "few_function_words"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("shoes, boots | heels; " * 20, "keyword_list"),
        ("Call 010-1234-5678 for $20 at www.example.com or http://example.org. " * 4, "contacts"),
        ("Hello {{name}}, your %s is <b>ready</b> &nbsp; now. " * 4, "leftovers"),
    ],
)
def test_what_machines_and_advertisers_leave(more, reason):
    rules = [rule for rule in RULES if rule.reason in ("keyword_list", "contacts", "leftovers")]
    assert judge(ENGLISH, "en", rules) is None
    assert judge(ENGLISH + more, "en", rules) == reason


def test_few_different_words():
    rules = [rule for rule in RULES if rule.reason == "few_distinct_words"]
    assert judge("the cat and the dog " * 40, "en", rules) == "few_distinct_words"
    assert judge(ENGLISH, "en", rules) is None


def test_rules_for_english_leave_other_languages_alone():
    text = "Lorem ipsum dolor sit amet consectetur " * 20
    rules = [rule for rule in RULES if rule.reason == "no_stop_words"]
    assert [judge(text, lang, rules) for lang in ("en", "es", None)] == [
        "no_stop_words",
        None,
        None,
    ]


def test_the_score_and_the_limit_that_was_broken_are_told():
    languages = pa.array(["en"])
    decision = decide(
        measure(pa.array(["one two three"]), languages),
        languages,
        [Rule("too_few_words", "words", low=50)],
    )
    assert (decision.reason[0], decision.score[0], decision.threshold[0]) == (
        "too_few_words", 3, 50
    )  # fmt: skip


def test_a_limit_can_change_without_measuring_again():
    languages = pa.array(["en"])
    measures = measure(pa.array(["one two three"]), languages)
    assert decide(measures, languages, [Rule("few", "words", low=3)]).reason[0] is None
    assert decide(measures, languages, [Rule("few", "words", low=4)]).reason[0] == "few"


def test_every_rule_reads_a_measure_that_exists():
    measures = measure(pa.array([ENGLISH]), pa.array(["en"]))
    assert {rule.measure for rule in RULES} == set(measures) | {"own_language"}


def test_limits_change_for_all_languages_and_off_takes_a_rule_out():
    changed = change_rules({"short_words": Limits(low=1), "list": None})
    assert {r.low for r in changed if r.reason == "short_words"} == {1}
    assert len(changed) == len(RULES) - 1
    assert "lines_per_word" not in judged("en", changed)
    assert change_rules({}) == RULES


def test_a_limit_changes_only_where_there_is_one():
    rules = [Rule("r", "a", low=1), Rule("r", "b", high=2)]
    assert change_rules({"r": Limits(high=3)}, rules) == (rules[0], Rule("r", "b", high=3))


def test_reasons_and_limits_that_no_rule_has_are_errors():
    with pytest.raises(RuleError, match="no_such"):
        change_rules({"no_such": None})
    with pytest.raises(RuleError, match="too_few_words has no limit 'high'"):
        change_rules({"too_few_words": Limits(high=3)})


def test_a_language_is_judged_by_its_own_measures():
    assert "english_stop_words" in judged("en")
    assert "english_stop_words" not in judged("ko")
    assert "function_words" not in judged("fr")
    assert "no_width_characters" not in judged("fa")
