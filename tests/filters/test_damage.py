from __future__ import annotations

import pyarrow as pa
import pytest

from filters import DAMAGE, damage, decide, measure

TEXTS = {
    "en": "To save the document, choose “Save” in the File menu — and don’t forget its name. ",
    "ko": "문서를 저장하려면 파일 메뉴에서 저장을 선택한 다음 이름을 입력하십시오. ",
    "ja": "文書を保存するには、ファイルメニューから保存を選択してください。",
    "de": "Wählen Sie im Menü „Datei“ den Befehl „Speichern‚ und prüfen Sie die Größe für ƒ(x). ",
    "es": "Para guardar, elija «Guardar» en el menú Archivo. ¿Está seguro? Sí, la opción está aquí. ",
    "vi": "Để lưu tài liệu, hãy chọn Lưu trong trình đơn Tệp và nhập tên cho tệp mới của bạn. ",
    "fr": "« À côté du café », dit-il, « l’été s’achève où naît la forêt » : déjà créée, œuvre née. ",
    "he": "כדי לשמור את המסמך, בחרו בתפריט קובץ ‎(File)‏ והקלידו שם לקובץ החדש בתיבה. ",
}


def reason(text, lang=None):
    languages = pa.array([lang], pa.string())
    measures = measure(pa.array([text]), languages, [damage])
    return decide(measures, languages, DAMAGE).reason[0]


def share(name, text):
    return measure(pa.array([text]), pa.nulls(1, pa.string()), [damage])[name][0]


@pytest.mark.parametrize("lang", TEXTS)
def test_whole_text_is_not_damaged(lang):
    assert reason(TEXTS[lang] * 9, lang) is None


@pytest.mark.parametrize(
    ("lang", "written", "read"),
    [
        *[(lang, "utf-8", read) for lang in ("ko", "ja", "de", "es", "vi", "en")
          for read in ("latin-1", "cp1252")],
        ("ko", "utf-8", "cp949"), ("ko", "utf-8", "cp932"),
        ("ja", "utf-8", "cp949"), ("ja", "utf-8", "cp932"),
        ("ko", "cp949", "latin-1"), ("ko", "cp949", "cp1252"), ("ko", "cp949", "cp932"),
        ("ja", "cp932", "latin-1"), ("ja", "cp932", "cp1252"), ("ja", "cp932", "cp949"),
    ],
)  # fmt: skip
def test_text_read_in_a_wrong_encoding_is_found_out(lang, written, read):
    """Bytes that mean nothing there are left out, so that no U+FFFD gives it away."""
    wrong = (TEXTS[lang] * 9).encode(written).decode(read, "ignore")
    assert reason(wrong) in ("misread_encoding", "control_characters", "unassigned_characters")


@pytest.mark.parametrize(
    "wrong",
    [
        "Die GrÃ¶ÃŸe",
        "¾È³çÇÏ¼¼¿ä ",
        "‚±‚ñ‚É‚¿‚Í",
        "臾몄꽌瑜 뙆씪 硫붾돱뿉꽌",
        "譁繧剃ｿ晏ｭ倥☆繧九↓縺",
    ],
)
def test_each_misreading_has_its_looks(wrong):
    assert reason(f"{wrong} " * 20) == "misread_encoding"


@pytest.mark.parametrize(
    ("character", "expected"),
    [
        ("\ufffd", "replacement_characters"),
        ("\x00", "control_characters"),
        ("\x1b", "control_characters"),
        ("\ue000", "unassigned_characters"),
        ("\U0010fffd", "unassigned_characters"),
        ("\u0378", "unassigned_characters"),
        ("\u200b", "invisible_characters"),
        ("\u2060", "invisible_characters"),
        ("\U000e0041", "invisible_characters"),
        ("\u202e", "turned_direction"),
    ],
)
def test_characters_that_do_not_belong_in_text(character, expected):
    assert reason(TEXTS["en"] * 9 + character, "en") is None
    assert reason(TEXTS["en"].replace(" ", f" {character}") * 9, "en") == expected


def test_a_flood_of_nothing_is_invisible():
    assert reason("\u200b" * 10_000) == "invisible_characters"


def test_joiners_are_letters_of_persian_and_soft_hyphens_of_german():
    assert reason("می\u200cخواهم کتاب\u200cها را ببینم و بخوانم. " * 9, "fa") is None
    assert reason("Donau\u00addampf\u00adschiff\u00adfahrt ist ein langes Wort. " * 9, "de") is None


def test_a_family_of_emoji_is_no_flood():
    assert reason(TEXTS["en"] * 9 + "👨\u200d👩\u200d👧", "en") is None


def test_letters_of_another_script_disguise_words():
    disguised = TEXTS["en"].replace("a", "а").replace("o", "о")
    assert reason(disguised * 9, "en") == "disguised_words"
    assert reason("Сохраните file в папке documents, пожалуйста. " * 9, "ru") is None


def test_controls_of_direction_belong_to_scripts_that_need_them():
    assert share("bidi_controls_per_word", "a \u2067b\u2069 c d") == 0.5
    turned = "\u2067ab\u2069 " + "many other words stand here between the two of them " * 2
    assert reason(turned * 9, "en") == "turned_direction"
    assert reason(turned * 9, "he") is None


def test_a_line_of_dots_is_not_misread():
    assert share("misread_as_latin", "암호 옆 ····· 레이블을 누릅니다. ££££ ÀÉÈÙ") == 0
