"""Listed words: whole ones only, in six languages, and no harmless page over the limit."""

from __future__ import annotations

import time

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import measure_unsafe, unsafe_words

LISTS = unsafe_words()


def hits(text, language, lists=LISTS):
    measures = measure_unsafe(pa.array([text]), pa.array([language], pa.string()), lists)
    return int(measures["unsafe_words"][0])


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Scunthorpe, Essex, assess the cocktail, shitake, Hitchcock, spicy, conspicuous"),
        ("en", "The rectum and the anus; breast cancer; the penis of a barnacle; rape is a crime."),
        ("en", "A great tit, a cock and an ass; Dick Cheney; hardcore punk; semen analysis"),
        ("ko", "시발점에서 시발역까지, 강조하고자 한다, 영향을 미친 요인, 기계가 망가져서"),
        ("ko", "끝까지 보지 못했다. 보지는 않았지만 보지도 말고 자지 않고 두고 보지"),
        ("ko", "유모차와 노모, 자위대, 고자질, 애자 절연체, 성폭행과 강간 사건을 보도했다"),
        ("ja", "表を挿入し、スリットとフックを確認する。奴隷制と人種差別。裸眼。アナログ。カナル"),
        ("ja", "前立腺と直腸、肛門の診察。カントの哲学。ファンタジー小説。裸の王様"),
        ("de", "Den Vögeln im Käfig; der dicke Mann ist dick; die Rosette; das Ass; Assistent"),
        ("es", "El color negro; disputa y computadora; infierno de Dante; análisis de semen"),
        ("vi", "Cái lồng chim, lon nước, các bạn, má ơi, bạn có đủ mẹ không, lờ đi, đi học"),
    ],
)
def test_harmless_words_do_not_count(language, text):
    assert hits(text, language) == 0


@pytest.mark.parametrize(
    ("language", "text", "count"),
    [
        ("en", "Shit, shit. SHIT! a motherfucker", 4),
        ("en", "two girls one cup\nblow-job", 2),
        ("ko", "씨발, 이 개새끼들아. 병신 같은 포르노를 섹스하는", 5),
        ("ko", "porn을 보는 창녀가 보지를", 3),
        ("ja", "アナルとオナニー、おっぱいを見る。巨乳の porn", 5),
        ("de", "Arschloch! Ficken, Titten und Scheiße.", 4),
        ("es", "¡Hijo de puta! Coño, gilipollas", 3),
        ("vi", "địt mẹ mày, con cặc, đéo", 3),
    ],
)
def test_listed_words_count_once_each(language, text, count):
    assert hits(text, language) == count


def test_a_word_counts_whatever_its_case_and_composition():
    decomposed = "ca\u0323\u0306c"  # cặc with its marks apart
    assert hits(f"{decomposed} CẶC", "vi") == 2
    assert hits("\u110a\u1175\u1107\u1161\u11af", "ko") == 1


def test_a_text_is_held_against_its_own_language_only():
    assert hits("Das Buch ist dick. Shit porn", "de") == 0
    assert hits("Coño", "en") == 0
    assert hits("shit", None) == hits("shit", "ko") == 1
    assert hits("shit", "fr") == 0


def test_the_share_is_of_words_and_of_pairs_of_letters_in_japanese():
    texts = pa.array(["shit " + "word " * 9, "アナルの話を読む人", ""])
    share = measure_unsafe(texts, pa.array(["en", "ja", "en"]), LISTS)["unsafe_share"]
    assert share.tolist() == [0.1, 1 / 4, 0]


def test_lists_of_the_user_count_too_and_are_taken_literally():
    assert hits("나쁜말을 하고 나쁜 말은 a+b", "ko", {"ko": ["나쁜말", "a+b"]}) == 1
    assert hits("x", "en", {"en": []}) == 0


WORDS = st.sampled_from(["shit", "porn", "spic", "class", "Shitty", "é", "two girls", "-", "\n"])


@given(st.lists(WORDS, max_size=12))
def test_counts_equal_those_of_a_plain_loop(words):
    terms = ["shit", "porn", "spic", "shitty"]
    text = " ".join(words)
    plain = sum(word.lower() in terms for word in text.split())
    assert hits(text, "en", {"en": terms}) == plain


MEDICAL = {
    "en": "The rectum ends at the anus. Semen analysis, penis, vagina and vulva are examined. " * 9,
    "ko": "직장암과 항문 질환, 성기와 정액 검사, 자위와 성교의 빈도를 묻는다. " * 9,
    "ja": "直腸、肛門、膣、精液、射精、陰毛、乳首、性交について診察する。" * 9,
    "de": "Der Orgasmus, die Brustwarze (Nippel) und das Wasserlassen (Pinkeln) beim Arzt. " * 9,
    "es": "El semen, la orina, la vulva, el pezón y el sexo oral en la consulta. " * 9,
    "vi": "Khám dương vật, âm đạo, hậu môn, tinh dịch và núm vú ở bệnh viện. " * 9,
}


@pytest.mark.parametrize("language", MEDICAL)
def test_a_medical_page_has_no_listed_word(language):
    assert hits(MEDICAL[language], language) == 0


@pytest.mark.parametrize(
    "text", ["shit" * 5_000_000, "shit " * 4_000_000, "a " * 10_000_000, "씨발" * 3_000_000]
)
def test_hostile_texts_take_seconds(text):
    started = time.process_time()
    measure_unsafe(pa.array([text] * 2), pa.array(["en", "ko"]), LISTS)
    assert time.process_time() - started < 60
