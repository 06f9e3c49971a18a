"""Personal data: what is masked, what is left, and that it costs no more than the text is long."""

from __future__ import annotations

import time

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import MASKS, luhn, mask_personal, my_number_check, resident_check

#: What brings every kind's own look at a text that precedes it on the same line.
BAIT = (
    " a@b.kr 010-2345-6789 tel: 021-234-567 900101-1234568 4111111111111111 93.184.216.34 "
    "2606:2800:220:1::1 1234-5678-9018"
)


def masked(text):
    return mask_personal(pa.array([text]))[0][0].as_py()


def kinds(text):
    return {k: int(v[0]) for k, v in mask_personal(pa.array([text]))[1].items() if v[0]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("메일은 kim.cs@naver.com으로", "메일은 <EMAIL>으로"),
        ("전화는 010-2345-6789입니다.", "전화는 <PHONE>입니다."),
        ("T.02-312-3456 F.031)312-3456", "T.<PHONE> F.<PHONE>"),
        ("01023456789, (02) 3123-4567, 1588-1234", "<PHONE>, <PHONE>, <PHONE>"),
        ("+82 10-2345-6789 / +82-2-312-3456", "<PHONE> / <PHONE>"),
        ("주민번호 900101-1234568", "주민번호 <RESIDENT_NUMBER>"),
        ("電話：03(1234)5678、携帯 090-1234-5678", "電話：<PHONE>、携帯 <PHONE>"),
        ("フリーダイヤル0120-123-456へ", "フリーダイヤル<PHONE>へ"),
        ("個人番号：123456789018", "個人番号：<MY_NUMBER>"),
        ("Call (212) 555-7890 or 1-800-356-9377.", "Call <PHONE> or <PHONE>."),
        ("+1 415-555-2671, ext. 5", "<PHONE>, ext. 5"),
        ("Tel.: 030 1234567, mobil 0171/1234567", "Tel.: <PHONE>, mobil <PHONE>"),
        ("+49 (0)89 1234567 und +49 30 1234567", "<PHONE> und <PHONE>"),
        ("Teléfono: 912 34 56 78; +34 612 345 678", "Teléfono: <PHONE>; <PHONE>"),
        ("SĐT: 0912345678, +84 90 123 45 67", "SĐT: <PHONE>, <PHONE>"),
        ("Gọi 0912 345 678 nhé", "Gọi <PHONE> nhé"),
        ("4111 1111 1111 1111, 3782-822463-10005", "<CARD>, <CARD>"),
        ("4111 1111 1111 1111 123", "<CARD> 123"),
        ("from 93.184.216.34:443 and [2606:2800:220:1::1]", "from <IP_ADDRESS>:443 and [<IP_ADDRESS>]"),
        ("host 9.5.172.25 answers", "host <IP_ADDRESS> answers"),
        ("<info@firma.de>", "<<EMAIL>>"),
    ],
)  # fmt: skip
def test_personal_data_of_six_languages_is_masked(text, expected):
    assert masked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "user@example.com, a@mail.example.org, root@localhost, x@y.test",
        "git@github.com:org/repo.git, X@w.shape, icon@2x.png, sr@latin.po, @decorator.name",
        "2024-01-02, 02.01.2024, 2024.01.02 10:30:00, 20240102, +0900, UTC+09:00",
        "010-0000-0000, 212-555-0123, 01011010110, 02-000-0000",
        "1800-1899, 1588-1650, pp. 1577-1599",
        "978-89-1234-567-8, 0-306-40615-2, ISSN 1234-5679, EAN 8801234567893",
        "10.1016/j.cell.2020.01.001, arXiv:2101.12345, RFC 5321, DFARS 252.227-7013",
        "$1,234,567.89, 612 345 678 EUR, +20 000 000, 1.234.567 €",
        "0,0106510993 and 0.0106510993 and +1.2345678901",
        "| 2000 2001 2002 2003 | 4000 5000 6000 7000 |",
        "x = 4111111111111112; id-4111111111111111; sha 0178001163",
        "7.5.3.2, V8 9.5.172.25, version 93.184.216.34, 1.3.6.1.4.1.311.2",
        "127.0.0.1, 0.0.0.0, 10.1.2.3, 192.168.0.1, 255.255.255.0, 203.0.113.9, 8.8.8.8",
        "93.184.216.0/24, 256.100.100.100, 93.184.216.034",
        "::1, fe80::1, 2001:db8::1, 2001:4860:4860::8888, std::abc, 12:34:56, 00:1b:44:11:3a:b7",
        "900101-1234567, 901301-1234568, 990231-2000000, 900101-1******",
        "1234-5678-9012, 123456789018",
        "1.0+20191229111838, E=mc^2, f(x)=+1, @@ -1,5 +10,7 @@",
    ],
)
def test_what_only_looks_like_personal_data_stays(text):
    assert masked(text) == text


def test_korean_numbers_given_since_october_2020_have_no_check_digit():
    assert kinds("210101-3123456 and 200101-3123456") == {"resident_number": 1}
    assert kinds("주민등록번호: 900101-1234567") == {"resident_number": 1}
    assert kinds("9001011234568") == {}
    assert kinds("주민등록번호 9001011234568") == {"resident_number": 1}


def test_a_foreigners_number_has_a_check_digit_of_its_own():
    citizen = next(n for n in range(10) if resident_check(f"900101512345{n}"))
    assert kinds(f"900101-512345{citizen}") == {"resident_number": 1}
    assert kinds(f"900101-512345{(citizen + 2) % 10}") == {}


@given(st.text("0123456789", min_size=1, max_size=20))
def test_luhn_equals_the_rule_as_written(digits):
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value if value < 10 else value - 9
    assert luhn(digits) == (total % 10 == 0)


@given(st.text("0123456789", min_size=6, max_size=6), st.sampled_from("1234"),
       st.text("0123456789", min_size=5, max_size=5))  # fmt: skip
def test_exactly_one_check_digit_fits_a_resident_number(date, gender, serial):
    number = date + gender + serial
    weights = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]
    remainder = sum(int(number[i]) * weights[i] for i in range(12)) % 11
    fits = [n for n in range(10) if resident_check(f"{number}{n}")]
    assert fits == [(11 - remainder) % 10]


@given(st.text("0123456789", min_size=11, max_size=11))
def test_exactly_one_check_digit_fits_a_my_number(number):
    # Article 5: the n-th digit from the right weighs n + 1 up to the 6th, n - 5 from there.
    total = sum(int(number[-n]) * (n + 1 if n <= 6 else n - 5) for n in range(1, 12))
    expected = 0 if total % 11 <= 1 else 11 - total % 11
    assert [n for n in range(10) if my_number_check(f"{number}{n}")] == [expected]


PIECES = st.sampled_from(
    ["010-2345-6789", "01023456789", "02-312-3456", "1588-1234", "+82 10 2345 6789", "+1",
     "415-555-2671", "(212) 555-7890", "a.b@c.kr", "x@example.com", "@", "900101-1234568",
     "4111 1111 1111 1111", "4111111111111111", "1234-5678-9018", "93.184.216.34", "7.5.3.2",
     "2606:2800:220:1::1", "2024-01-02", "tel:", "전화 ", "주민번호 ", "IP ", "v", "0,", "12", "가",
     "<EMAIL>", "<PHONE>", " ", " ", "-", ".", ",", "/", ":", "(", ")", "+", "\n", "\r\n", "é", "😀"]
)  # fmt: skip
TEXTS = st.one_of(st.lists(PIECES, max_size=14).map("".join), st.text(max_size=60))


@given(TEXTS)
def test_masking_twice_is_masking_once(text):
    assert masked(masked(text)) == masked(text)


@given(st.lists(TEXTS | st.none(), max_size=6))
def test_a_text_is_masked_alike_in_any_company_and_counts_are_its_masks(texts):
    array = pa.array(texts, pa.string())
    together, counts = mask_personal(array)
    alone = [None if t is None else masked(t) for t in texts]
    assert together.to_pylist() == alone
    for name, mask in MASKS.items():
        added = [
            0 if t is None else m.count(mask) - t.count(mask)
            for t, m in zip(texts, alone, strict=True)
        ]
        assert counts[name].tolist() == added


@given(TEXTS)
def test_the_pass_over_the_batch_misses_nothing(text):
    assert masked(f"{text} .. {BAIT}").removesuffix(masked(BAIT)) == f"{masked(text + ' ')}.. "


@given(st.text(st.characters(codec="utf-8", exclude_characters="@:0123456789"), max_size=200))
def test_texts_without_candidates_come_back_as_they_are(text):
    array = pa.array([text, None, ""])
    assert mask_personal(array)[0] is array


@pytest.mark.parametrize(
    "text",
    ["0" * 50_000_000, "@" * 50_000_000, "a." * 10_000_000 + "@b.kr", "1." * 10_000_000 + " x@y.kr",
     "+1-" * 5_000_000 + " 010-2345-6789", ("tel:" + "1" * 30 + "x") * 300_000 + " tel: 0123-4567",
     " 2222" * 2_000_000 + " 4111-1111-1111-1111", "a@" + "b." * 10_000_000 + "1 q@w.kr",
     "\n" * 10_000_000 + "q@w.kr", "2001:" * 4_000_000 + " 2606:2800:220:1::1"],
    ids=["digits", "ats", "dots", "decimals", "plus", "labels", "groups", "domain", "lines", "colons"],
)  # fmt: skip
def test_hostile_texts_take_seconds_not_hours(text):
    started = time.process_time()
    mask_personal(pa.array([text]))
    assert time.process_time() - started < 60
