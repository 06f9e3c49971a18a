"""Invoices: Korean tax invoices, statements and estimates; English invoices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from renderers.document import (
    Beside,
    Block,
    Cell,
    Document,
    Heading,
    KeyValue,
    Paragraph,
    Signature,
    Stamp,
    Table,
    Text,
    runs,
)
from synth.invented import GOODS_EN, GOODS_KO, Company, company, person, pick, sample
from synth.office.dates import date, later, short, spelled
from synth.office.money import VAT, Line, Sums, dollars, sums, tax, won, won_in_words
from synth.office.pieces import cell, head, number, seal

#: Sales taxes in tenths of a percent; invented towns have invented rates.
_RATES_EN = (0, 50, 62, 75, 88)


def invoice(lang: str, random: np.random.Generator) -> Document:
    """An invoice, or a paper like it."""
    if lang != "ko":
        return _english(random)
    return pick(random, (_tax_invoice, _statement, _estimate))(random)


def _lines_ko(random: np.random.Generator, most: int) -> list[Line]:
    lines = []
    for name, detail, unit, low, high in sample(
        random, GOODS_KO, int(random.integers(3, most + 1))
    ):
        price = int(random.integers(low // 100, high // 100 + 1)) * 100
        lines.append(Line(name, int(random.integers(1, 31)), price, detail, unit))
    return lines


def _tax_invoice(random: np.random.Generator) -> Document:
    seller = company(random, "ko")
    buyer = company(random, "ko", besides=seller.name)
    day, lines = date(random), _lines_ko(random, 8)
    found = sums(lines, VAT * 10)
    kinds = (
        ("도소매", "사무용품"),
        ("제조업", "전자부품"),
        ("서비스업", "소프트웨어"),
        ("건설업", "실내장식"),
    )
    trades = [pick(random, kinds), pick(random, kinds)]
    parties = [*_parties((seller, buyer), trades)]
    goods = [(head("월"), head("일"), head("품목"), head("규격"), head("수량"), head("단가"),
              head("공급가액"), head("세액"))]  # fmt: skip
    for line in lines:
        goods.append((
            cell(str(day.month), "center"), cell(str(day.day), "center"), cell(line.name),
            cell(line.detail), number(won(line.quantity)), number(won(line.price)),
            number(won(line.amount)), number(won(tax(line.amount, VAT * 10))),
        ))  # fmt: skip
    paid = pick(random, (0, 1))
    asked = pick(random, ("청구", "영수"))
    total = (
        (head("합계금액"), head("현금"), head("수표"), head("어음"), head("외상미수금"),
         Cell(runs(f"이 금액을 {asked}함"), align="center", rowspan=2)),
        (number(won(found.total)), number(won(found.total) if paid else ""), cell(), cell(),
         number("" if paid else won(found.total))),
    )  # fmt: skip
    amounts = (
        (head("작성일자"), head("공급가액"), head("세액"), head("비고")),
        (
            cell(spelled(day, "ko"), "center"),
            number(won(found.supply)),
            number(won(found.tax)),
            cell(),
        ),
    )
    serial = f"{day:%Y%m%d}-{int(random.integers(10**8)):08d}"
    copy = pick(random, ("공급받는자 보관용", "공급자 보관용"))
    return Document("invoice", "ko", (
        Heading(1, runs("세금계산서")),
        KeyValue(((runs("승인번호"), runs(serial)), (runs("구분"), runs(copy))), 2),
        Table(tuple(parties), look="boxed", widths=(0.5, 1.5, 3, 0.5, 1.5, 3)),
        Table(amounts, 1, look="boxed", widths=(3, 3, 2.4, 2)),
        Table(tuple(goods), 1, look="boxed", widths=(1, 1, 3.2, 2.6, 1.2, 1.9, 2.3, 1.9)),
        Table(total, look="boxed", widths=(2, 2, 1.2, 1.2, 2, 2.6)),
    ))  # fmt: skip


def _parties(
    both: tuple[Company, Company], trades: Sequence[tuple[str, str]]
) -> list[tuple[Cell, ...]]:
    """The two halves of a tax invoice: who supplies, who is supplied."""
    names = ("공\n급\n자", "공\n급\n받\n는\n자")
    rows: list[list[Cell]] = [[] for _ in range(5)]
    for name, who, (trade, item) in zip(names, both, trades, strict=True):
        values = (
            ("등록번호", who.number), ("상호", who.name), ("성명", who.head),
            ("주소", who.address), ("업태 / 종목", f"{trade} / {item}"),
        )  # fmt: skip
        for place, (label, value) in enumerate(values):
            side = [head(name, rowspan=5)] if place == 0 else []
            rows[place] += [*side, head(label), cell(value)]
    return [tuple(row) for row in rows]


def _statement(random: np.random.Generator) -> Document:
    seller = company(random, "ko")
    buyer = company(random, "ko", besides=seller.name)
    day, lines = date(random), _lines_ko(random, 12)
    found = sums(lines, VAT * 10)
    return Document("invoice", "ko", (
        Heading(1, runs("거래명세서")),
        Beside((
            (Paragraph((Text(buyer.name, bold=True), Text(" 귀하")), "addressee"),
             Paragraph(runs(spelled(day, "ko"))),
             Paragraph(runs("아래와 같이 공급합니다."))),
            (_seller_box(seller),),
        ), (1, 1.5)),
        Paragraph((Text(f"합계금액  ₩{won(found.total)}"),), "total"),
        _goods(lines, found),
        Paragraph(runs(f"인수자: {person(random, 'ko')}"), "right"),
    ))  # fmt: skip


def _estimate(random: np.random.Generator) -> Document:
    seller = company(random, "ko")
    buyer = company(random, "ko", besides=seller.name)
    day, lines = date(random), _lines_ko(random, 10)
    found = sums(lines, VAT * 10)
    days = pick(random, (7, 14, 30))
    terms = (
        (runs("견적번호"), runs(f"Q{day:%y%m}-{int(random.integers(1000)):03d}")),
        (runs("견적일자"), runs(short(day, "ko"))),
        (runs("유효기간"), runs(f"견적일로부터 {days}일")),
        (runs("납품기한"), runs(f"발주 후 {pick(random, (5, 7, 10, 15))}일 이내")),
        (runs("결제조건"), runs(pick(random, ("납품 후 현금 결제", "월말 마감 후 익월 10일", "선금 50%")))),
    )  # fmt: skip
    blocks: tuple[Block, ...] = (
        Heading(1, runs("견적서")),
        Beside((
            (Paragraph((Text(buyer.name, bold=True), Text(" 귀중")), "addressee"), KeyValue(terms)),
            (_seller_box(seller),),
        ), (1, 1.35)),
        Table((
            (head("견적금액"), cell(f"일금 {won_in_words(found.total)}원정 (₩{won(found.total)}, 부가세 포함)")),
        ), look="boxed", widths=(1, 4.5)),
        _goods(lines, found),
        Paragraph(runs("※ 위 금액에는 운반비와 설치비가 포함되어 있습니다."), "note"),
        Signature("", seller.name, "(인)", seal(seller.name)),
    )  # fmt: skip
    return Document("invoice", "ko", blocks)


def _seller_box(who: Company) -> Table:
    return Table((
        (head("공\n급\n자", rowspan=4), head("등록번호"), cell(who.number, colspan=3)),
        (head("상호"), cell(who.name), head("대표자"), cell(who.head)),
        (head("주소"), cell(who.address, colspan=3)),
        (head("전화"), cell(who.phone, colspan=3)),
    ), look="boxed", widths=(0.5, 1.25, 2.3, 1, 1.3))  # fmt: skip


def _goods(lines: list[Line], found: Sums) -> Table:
    rows: list[tuple[Cell, ...]] = [(head("번호"), head("품명"), head("규격"), head("단위"), head("수량"), head("단가"),
             head("금액"))]  # fmt: skip
    for index, line in enumerate(lines):
        rows.append((
            cell(str(index + 1), "center"), cell(line.name), cell(line.detail),
            cell(line.unit, "center"), number(won(line.quantity)), number(won(line.price)),
            number(won(line.amount)),
        ))  # fmt: skip
    for label, amount in (
        ("공급가액", found.supply), (f"부가세({VAT}%)", found.tax), ("합계", found.total)
    ):  # fmt: skip
        rows.append((head(label, colspan=6), number(won(amount))))
    return Table(
        tuple(rows), 1, unit="(단위: 원)", look="boxed", widths=(0.9, 3, 2.5, 1.1, 1.1, 1.9, 2.2)
    )


def _english(random: np.random.Generator) -> Document:
    seller = company(random, "en")
    buyer = company(random, "en", besides=seller.name)
    day = date(random)
    lines = []
    for name, low, high in sample(random, GOODS_EN, int(random.integers(3, 10))):
        lines.append(Line(name, int(random.integers(1, 13)), int(random.integers(low, high + 1))))
    rate = pick(random, _RATES_EN)
    found = sums(lines, rate)
    days = pick(random, (14, 30, 45))
    rows: list[tuple[Cell, ...]] = [
        (_left("Description"), head("Qty"), head("Unit price"), head("Amount"))
    ]
    for line in lines:
        rows.append((
            cell(line.name), number(str(line.quantity)), number(dollars(line.price)),
            number(dollars(line.amount)),
        ))  # fmt: skip
    shown = [("Subtotal", found.supply), (f"Sales tax ({rate / 10:g}%)", found.tax)]
    for label, amount in [*shown, ("Total due", found.total)]:
        rows.append(
            (Cell(runs(label), header=True, colspan=3, align="right"), number(dollars(amount)))
        )
    facts = (
        (runs("Invoice no."), runs(seller.number)), (runs("Date"), runs(short(day, "en"))),
        (runs("Due"), runs(short(later(day, days), "en"))), (runs("Terms"), runs(f"Net {days} days")),
    )  # fmt: skip
    blocks: list[Block] = [
        Beside((
            (Heading(1, runs("INVOICE")),),
            (Paragraph((Text(seller.name, bold=True),), "right"),
             Paragraph(runs(f"{_two_lines(seller.address)}\n{seller.phone}\n{seller.email}"), "right")),
        ), (1, 1)),
        Beside((
            (Heading(2, runs("Bill to")), Paragraph(runs(f"{buyer.name}\nAttn: {buyer.head}\n{_two_lines(buyer.address)}"))),
            (KeyValue(facts),),
        ), (1.2, 1)),
        Table(tuple(rows), 1, widths=(4.4, 0.8, 1.5, 1.5)),
        Paragraph((Text("Payment. ", bold=True), Text(
            f"Please quote the invoice number with your payment. A late fee of 1.5% a month "
            f"applies after {short(later(day, days), 'en')}."
        )), "note"),
        Paragraph(runs("Thank you for your business."), "center"),
    ]  # fmt: skip
    if random.random() < 0.4:
        blocks.insert(3, Stamp(runs("PAID"), "frame"))
    return Document("invoice", "en", tuple(blocks), footer=f"{seller.name}  ·  {seller.email}")


def _left(text: str) -> Cell:
    return Cell(runs(text), header=True)


def _two_lines(address: str) -> str:
    """Street, and town, each on a line."""
    street, _, town = address.partition(", ")
    return f"{street}\n{town}"
