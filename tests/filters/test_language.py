from __future__ import annotations

import pyarrow as pa
import pytest

from filters import MIN_LETTERS, identify, own_language
from filters.language import MAX_PARAGRAPHS
from pipelines.readers import Draft
from tests.pipelines.readers.reading import read

SENTENCES = {
    "en": "The quick brown fox jumps over the lazy dog while the cat watches from the old wooden fence.",
    "ko": "문서를 저장하려면 파일 메뉴에서 저장을 선택하십시오. 다른 이름으로 저장할 수도 있습니다. 형식은 목록에서 고르면 되며 필요하면 암호를 지정할 수 있습니다.",
    "ja": "文書を保存するには、ファイルメニューから保存を選択してください。別の名前で保存することもできます。形式は一覧から選べます。必要ならパスワードも設定できます。",
    "de": "Um das Dokument zu speichern, wählen Sie im Menü Datei den Befehl Speichern und geben Sie einen Namen ein.",
    "es": "Para guardar el documento, elija Guardar en el menú Archivo y escriba un nombre para el archivo nuevo.",
    "vi": "Để lưu tài liệu, hãy chọn Lưu trong trình đơn Tệp và nhập tên cho tệp mới của bạn vào ô bên dưới.",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_the_six_languages_are_told_apart(language):
    found, confidence = identify(pa.array([SENTENCES[language]]))
    assert found.to_pylist() == [language]
    assert confidence[0] > 0.5


def test_a_short_text_is_not_guessed():
    found, confidence = identify(pa.array(["Solve for e: 56 - 98*e = -1218", "", "123 456 " * 50]))
    assert found.to_pylist() == [None, None, None]
    assert confidence.tolist() == [0, 0, 0]


def test_the_limit_counts_letters_alone():
    word = "abcdefghij "
    texts = [word * (MIN_LETTERS // 10) + "1" * 99, word * (MIN_LETTERS // 10 - 1) + "1" * 99]
    assert identify(pa.array(texts))[0].is_valid().to_pylist() == [True, False]


def test_a_syllable_counts_as_two_letters():
    texts = [
        "저장하려면 파일 메뉴에서 저장을 선택하고 이름을 적은 뒤 확인을 누르면 끝납니다",
        "짧은 글",
    ]
    assert identify(pa.array(texts))[0].to_pylist() == ["ko", None]


def test_answers_do_not_depend_on_the_neighbours():
    texts = pa.array([*SENTENCES.values(), "short", *SENTENCES.values()])
    together = identify(texts)
    alone = [identify(texts.slice(i, 1)) for i in range(len(texts))]
    assert together[0].to_pylist() == [a[0][0].as_py() for a in alone]
    assert together[1].tolist() == [a[1][0] for a in alone]


def test_no_texts_no_answers():
    found, confidence = identify(pa.array([], pa.string()))
    assert len(found) == len(confidence) == 0


def own(text, language):
    return own_language(pa.array([text]), pa.array([language], pa.string()))[0]


def test_paragraphs_of_another_language_are_not_its_own():
    ko, en = SENTENCES["ko"], SENTENCES["en"]
    assert own(f"{ko}\n\n{ko}", "ko") == 1
    assert own(f"{ko}\n \n{en}", "ko") + own(f"{ko}\n\n{en}", "en") == pytest.approx(1)
    assert 0.3 < own(f"{ko}\n\n{en}", "ko") < 0.7
    assert own(en, "ko") == 0


def test_short_paragraphs_do_not_vote():
    assert own(f"{SENTENCES['ko']}\n\nSave As\n\nFile menu\n\nOK", "ko") == 1
    assert own("Save As\n\nFile menu", "ko") == 1
    assert own("", "ko") == 1


def test_of_a_text_without_a_language_nothing_is_said():
    assert own(SENTENCES["en"], None) == 1


def test_a_long_text_is_asked_about_everywhere():
    half = (SENTENCES["ko"] + "\n\n") * 2 * MAX_PARAGRAPHS
    assert 0.3 < own(half + (SENTENCES["en"] + "\n\n") * 2 * MAX_PARAGRAPHS, "ko") < 0.7


def test_shares_do_not_depend_on_the_neighbours():
    texts = ["\n\n".join(SENTENCES.values()), "", *SENTENCES.values()]
    tags = pa.array(["ko", "ko", *SENTENCES])
    together = own_language(pa.array(texts), tags)
    assert together.tolist() == [own(t, c) for t, c in zip(texts, tags.to_pylist(), strict=True)]
    assert together[2:].tolist() == [1] * len(SENTENCES)


def test_package_language_tags_lie(samples):
    """Pages of a "ko" package that are in English are found out."""
    root = samples / "libreoffice-help"
    texts, tags = [], set()
    for path in sorted((root / "ko/text/sbasic/guide").glob("*.html")):
        for item in read(root, path.relative_to(root).as_posix(), "html"):
            if isinstance(item, Draft):
                tags.add(item.lang)
                texts.append(" ".join(p.text or "" for p in item.parts))
    found = [code for code in identify(pa.array(texts))[0].to_pylist() if code]
    assert tags == {"ko"}
    assert found.count("ko") > 0
    assert found.count("en") > 0
