from __future__ import annotations

import pytest

import renderers.fonts
from renderers import CATALOGUE, FontsMissing, drawn_by, fonts_digest, fonts_for, installed
from renderers import missing_glyphs as missing

HANGUL = "".join(map(chr, range(0xAC00, 0xD7A4)))


def test_the_fonts_have_all_hangul():
    for family in ("Noto Serif CJK KR", "Noto Sans CJK KR", "NanumGothic"):
        assert installed()[family].missing(HANGUL) == ""
        assert installed()[family].missing(HANGUL, 700) == ""


def test_every_role_has_a_korean_font():
    for role in ("serif", "sans", "hand", "display", "mono"):
        assert fonts_for("다음 글을 읽고 abc 123", role, "ko")


def test_a_face_without_a_sign_is_not_chosen_for_it():
    """The light Nanum Gothic has 2,350 syllables, its other weights all 11,172."""
    light = installed()["NanumGothic"]
    assert 300 in light.weights
    assert light.missing("똠", 400) == ""
    assert light.missing("뷁똠", 300) != ""
    families = {f.family for f in fonts_for("뷁똠", "sans", "ko", weights=(300,))}
    assert "NanumGothic" not in families
    assert "Noto Sans CJK KR" in families


def test_vietnamese_is_drawn_by_fonts_that_have_it():
    families = {f.family for f in fonts_for("Tìm số nguyên tố nhỏ nhất: ếựỹăđơư", "serif", "vi")}
    assert "Charis SIL" in families
    assert "Liberation Serif" not in families


def test_japanese_is_drawn_in_japanese_forms():
    families = {f.family for f in fonts_for("骨と直角", "serif", "ja")}
    assert families == {"Noto Serif CJK JP"}


def test_emoji_have_no_font():
    assert fonts_for("😀", "sans", "ko") == ()
    assert missing("a😀b😀", '"Noto Sans CJK KR", sans-serif') == "😀"
    assert missing("가힣 abc ½ ×\n\u200b", "'Noto Sans CJK KR'") == ""


def test_the_first_of_the_list_that_has_all_of_a_cluster_draws_it():
    families = 'Lato, "Noto Sans CJK KR", sans-serif'
    assert drawn_by("a", families) == "Lato"
    assert drawn_by("가", families) == "Noto Sans CJK KR"
    assert drawn_by("e\u0301", families) == "Lato"
    assert drawn_by("😀", families) is None
    # A generic family is whatever the machine has.
    assert drawn_by("a", "serif") is None


def test_slanted_faces_have_their_own_signs():
    assert drawn_by("→", "KaTeX_Main") == "KaTeX_Main"
    assert drawn_by("→", "KaTeX_Main", italic=True) is None
    # One that has no slanted face is slanted by the browser.
    assert drawn_by("가", "NanumGothic", italic=True) == "NanumGothic"


@pytest.mark.parametrize(
    ("asked", "drawn"), [(400, 400), (500, 400), (300, 400), (600, 700), (900, 700)]
)
def test_the_nearest_weight_is_drawn_as_css_says(asked, drawn):
    font = installed()["Charis SIL"]
    assert font.weights == (400, 700)
    assert font.face(asked, False) is font.face(drawn, False)


def test_families_that_a_machine_lacks_are_named_with_their_packages(monkeypatch):
    some = {k: v for k, v in installed().items() if v.role != "hand"}
    monkeypatch.setattr(renderers.fonts, "installed", lambda: some)
    with pytest.raises(FontsMissing, match=r"install .*fonts-nanum-extra"):
        fonts_for("가", "hand", "ko")
    with pytest.raises(ValueError, match="no role 'gothic'"):
        fonts_for("가", "gothic", "ko")


def test_setup_installs_the_whole_catalogue():
    assert set(CATALOGUE) <= set(installed())


def test_the_digest_is_of_the_fonts_that_are_named():
    assert fonts_digest(["Lato"]) == fonts_digest(["Lato"]) != fonts_digest(["Open Sans"])
    assert fonts_digest() == fonts_digest(installed())
