from __future__ import annotations

import re

import pytest

from records import generator
from renderers.document import Document, KeyValue, Paragraph, Table, plain, to_json
from synth.invented import business_number, phone
from synth.office import OFFICE_KINDS, office_document
from synth.office.money import Line, dollars, sums, tax, tax_included, won_in_words

KEYS = [str(k) for k in range(40)]


def tables(document: Document):
    from renderers.document.model import flat

    return [b for b in flat(document.blocks) if isinstance(b, Table)]


def amount(text):
    """The smallest units of an amount as printed."""
    digits = re.sub(r"[^\d-]", "", text)
    return int(digits) if digits.strip("-") else 0


def rows_of(table):
    """The texts of each row, spans repeated."""
    grid = [[""] * table.columns for _ in table.rows]
    for row, column, cell in table.placed:
        for r in range(row, row + cell.rowspan):
            for c in range(column, column + cell.colspan):
                grid[r][c] = plain(cell.runs)
    return grid


def labelled(document):
    pairs = {}
    for block in document.blocks:
        if isinstance(block, KeyValue):
            pairs |= {plain(n): plain(v) for n, v in block.pairs}
    return pairs


def titled(kind, lang, title):
    found = [d for k in KEYS if title in (d := office_document(kind, lang, seed=1, key=k)).title]
    assert found
    return found


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("kind", OFFICE_KINDS)
def test_the_same_key_gives_the_same_document_and_others_differ(kind, lang):
    made = [to_json(office_document(kind, lang, seed=0, key=k)) for k in KEYS]
    assert made == [to_json(office_document(kind, lang, seed=0, key=k)) for k in KEYS]
    assert len(set(made)) == len(KEYS)


@pytest.mark.parametrize("title", ["견적서", "거래명세서"])
def test_korean_invoices_add_up(title):
    for document in titled("invoice", "ko", title):
        goods = rows_of(tables(document)[-1])
        lines = [r for r in goods[1:] if r[0].isdigit()]
        for line in lines:
            assert amount(line[4]) * amount(line[5]) == amount(line[6])
        supply, vat, total = (amount(r[6]) for r in goods[-3:])
        assert supply == sum(amount(r[6]) for r in lines)
        assert vat * 10 == supply and supply + vat == total
        assert f"{total:,}" in to_json(document)


def test_tax_invoices_add_up():
    for document in titled("invoice", "ko", "세금계산서"):
        _, amounts, goods, total = map(rows_of, tables(document))
        for line in goods[1:]:
            assert amount(line[4]) * amount(line[5]) == amount(line[6])
            assert amount(line[7]) * 10 == amount(line[6])
        assert amount(amounts[1][1]) == sum(amount(r[6]) for r in goods[1:])
        assert amount(amounts[1][2]) == sum(amount(r[7]) for r in goods[1:])
        assert amount(total[1][0]) == amount(amounts[1][1]) + amount(amounts[1][2])
        assert amount(total[1][1]) + amount(total[1][4]) == amount(total[1][0])


def test_english_invoices_add_up():
    for key in KEYS:
        document = office_document("invoice", "en", seed=1, key=key)
        rows = rows_of(tables(document)[0])
        lines = [r for r in rows[1:] if r[1].isdigit()]
        for line in lines:
            assert int(line[1]) * amount(line[2]) == amount(line[3])
        subtotal, taxed, total = (amount(r[3]) for r in rows[-3:])
        rate = float(re.search(r"[\d.]+", rows[-2][0])[0])
        assert subtotal == sum(amount(r[3]) for r in lines)
        assert abs(taxed - subtotal * rate / 100) <= len(lines) / 2
        assert subtotal + taxed == total


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_receipts_add_up(lang):
    for key in KEYS:
        document = office_document("receipt", lang, seed=1, key=key)
        rows = rows_of(tables(document)[0])[1:]
        items = sum(amount(r[-1]) for r in rows)
        pairs = labelled(document)
        total = amount(
            next(
                plain(b.runs)
                for b in document.blocks
                if isinstance(b, Paragraph) and b.role == "total"
            )
        )
        if lang == "ko":
            assert total == items == amount(pairs["과세물품가액"]) + amount(pairs["부가세"])
            assert all(amount(r[1]) * amount(r[2]) == amount(r[3]) for r in rows)
            assert amount(pairs["부가세"]) == tax_included(total)
        else:
            tax_paid = next(amount(v) for n, v in pairs.items() if n.startswith("Tax"))
            assert total == items + tax_paid == amount(pairs["Subtotal"]) + tax_paid
        if paid := pairs.get("받은 금액", pairs.get("Cash")):
            change = pairs.get("거스름돈", pairs.get("Change"))
            assert amount(paid) - amount(change) == total


def test_expenses_add_up():
    for document in titled("form", "ko", "지출결의서"):
        rows = rows_of(tables(document)[-1])
        total = sum(amount(r[3]) for r in rows[1:-1])
        assert amount(rows[-1][3]) == total
        assert won_in_words(total) in to_json(document) and f"₩{total:,}" in to_json(document)
    for document in titled("form", "en", "Expense Report"):
        rows = rows_of(tables(document)[0])
        total = sum(amount(r[3]) for r in rows[1:-3])
        assert amount(rows[-3][3]) == total
        assert amount(rows[-1][3]) == total + amount(rows[-2][3])


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_reports_add_up(lang):
    for key in KEYS:
        rows = rows_of(tables(office_document("report", lang, seed=1, key=key))[-1])[2:]
        for row in rows:
            numbers = [amount(v) for v in row[1:9]]
            assert sum(numbers[:6:2]) == numbers[6] and sum(numbers[1:6:2]) == numbers[7]
            assert abs(float(row[9].rstrip("%")) - 100 * numbers[7] / numbers[6]) <= 0.05 + 1e-9
        for column in range(1, 9):
            assert sum(amount(r[column]) for r in rows[:-1]) == amount(rows[-1][column])


def test_last_days_of_leave_come_after_the_first():
    for document in titled("form", "ko", "휴가신청서"):
        text = to_json(document)
        first, last, days = re.search(
            r"(\d+\. \d+\. \d+)\. \(.\) ~ (\d+\. \d+\. \d+)\. \(.\)  \[총 (\d+)일\]", text
        ).groups()
        numbers = [list(map(int, day.split(". "))) for day in (first, last)]
        assert numbers[0] <= numbers[1] and (int(days) == 1) == (first == last)


@pytest.mark.parametrize(
    ("amount_", "words"),
    [
        (0, "영"),
        (10, "일십"),
        (1234500, "일백이십삼만사천오백"),
        (100000000, "일억"),
        (20_0005_0300, "이십억오만삼백"),
    ],
)
def test_won_are_spelled_as_contracts_do(amount_, words):
    assert won_in_words(amount_) == words


def test_money_is_rounded_half_up_and_printed_with_commas():
    assert (tax(5, 100), tax(4, 100), tax(15, 100)) == (1, 0, 2)
    assert (tax_included(11000), tax_included(5), tax_included(6)) == (1000, 0, 1)
    assert (dollars(123456), dollars(-5), dollars(100)) == ("$1,234.56", "-$0.05", "$1.00")
    assert sums([Line("a", 3, 333), Line("b", 1, 1)], 100).total == 1000 + 100


def test_numbers_belong_to_nobody():
    """Business numbers have a right check digit and a middle part that is not given out."""
    random = generator(0, "test")
    for _ in range(200):
        digits = [int(d) for d in business_number(random).replace("-", "")]
        weighted = sum(d * w for d, w in zip(digits, (1, 3, 7, 1, 3, 7, 1, 3, 5), strict=False))
        assert (weighted + digits[8] * 5 // 10 + digits[9]) % 10 == 0
        assert digits[3:5] == [0, 0]
        assert re.fullmatch(r"\(\d{3}\) 555-01\d\d", phone(random, "en"))
        assert re.fullmatch(r"0\d{1,2}-000-\d{4}", phone(random, "ko"))
        assert phone(random, "ko", mobile=True).startswith("010-0000-")
