"""Receipts of shops and cafés, on a strip of paper."""

from __future__ import annotations

import numpy as np

from renderers.document import (
    Block,
    Document,
    Heading,
    KeyValue,
    Paragraph,
    Stamp,
    Table,
    Text,
    runs,
)
from synth.invented import FOOD_EN, FOOD_KO, address, business_number, person, phone, pick, sample
from synth.office.dates import date
from synth.office.money import Line, dollars, sums, tax_included, won
from synth.office.pieces import cell, head, number

_SHOPS_KO = (
    "새봄카페",
    "달빛다방",
    "온누리마트",
    "마루슈퍼",
    "푸른들 생협",
    "나루서점 카페",
    "하람분식",
)
_SHOPS_EN = (
    "The Copper Kettle",
    "Larkfield Grocer",
    "Foxglove Café",
    "Harbor Street Deli",
    "Elder & Vine Market",
)
#: Sales taxes in tenths of a percent.
_RATES_EN = (0, 50, 62, 75, 88)


def receipt(lang: str, random: np.random.Generator) -> Document:
    """A receipt."""
    return _korean(random) if lang == "ko" else _english(random)


def _clock(random: np.random.Generator) -> str:
    return f"{int(random.integers(8, 22)):02d}:{int(random.integers(60)):02d}"


def _korean(random: np.random.Generator) -> Document:
    day, shop = date(random), pick(random, _SHOPS_KO)
    lines = []
    for name, low, high in sample(random, FOOD_KO, int(random.integers(2, 8))):
        price = int(random.integers(low // 100, high // 100 + 1)) * 100
        lines.append(Line(name, int(random.integers(1, 4)), price))
    total = sum(line.amount for line in lines)
    included = tax_included(total)
    rows = [
        (
            head(
                "상품명",
            ),
            head("단가"),
            head("수량"),
            head("금액"),
        )
    ]
    rows += [(cell(x.name), number(won(x.price)), number(str(x.quantity)), number(won(x.amount)))
             for x in lines]  # fmt: skip
    blocks: list[Block] = [
        Heading(1, runs(shop)),
        KeyValue((
            (runs("사업자번호"), runs(business_number(random))),
            (runs("대표"), runs(person(random, "ko"))),
            (runs("주소"), runs(address(random, "ko"))),
            (runs("전화"), runs(phone(random, "ko"))),
        )),
        KeyValue((
            (runs("거래일시"), runs(f"{day:%Y-%m-%d} {_clock(random)}")),
            (runs("영수증번호"), runs(f"{int(random.integers(10000)):04d}-{int(random.integers(100)):02d}")),
        )),
        Table(tuple(rows), 1, widths=(3.4, 1.7, 1, 1.9)),
        KeyValue((
            (runs("과세물품가액"), runs(f"{won(total - included)}원")),
            (runs("부가세"), runs(f"{won(included)}원")),
        )),
        Paragraph(runs(f"합계 {won(total)}원"), "total"),
    ]  # fmt: skip
    if random.random() < 0.5:
        given = -(-total // 10000) * 10000
        paid = (("받은 금액", given), ("거스름돈", given - total))
        blocks.append(KeyValue(tuple((runs(n), runs(f"{won(v)}원")) for n, v in paid)))
    else:
        blocks.append(KeyValue(((runs("결제수단"), runs("간편결제 일시불")),)))
    blocks.append(Paragraph(runs(pick(random, (
        "이용해 주셔서 감사합니다.", "교환·환불은 7일 이내에 영수증을 지참해 주세요.",
        "즐거운 하루 보내세요.",
    ))), "center"))  # fmt: skip
    return Document("receipt", "ko", tuple(blocks))


def _english(random: np.random.Generator) -> Document:
    day, shop = date(random), pick(random, _SHOPS_EN)
    lines = []
    for name, low, high in sample(random, FOOD_EN, int(random.integers(2, 8))):
        lines.append(Line(name, int(random.integers(1, 4)), int(random.integers(low, high + 1))))
    rate = pick(random, _RATES_EN)
    found = sums(lines, rate)
    rows = [(head("Qty"), head("Item"), head("Amount"))]
    rows += [
        (cell(str(x.quantity), "center"), cell(x.name), number(dollars(x.amount))) for x in lines
    ]
    given = -(-found.total // 2000) * 2000
    cash = random.random() < 0.5
    paid = (
        (("Cash", given), ("Change", given - found.total))
        if cash
        else (("Gift card", found.total),)
    )
    street = address(random, "en").replace(", ", "\n", 1)
    blocks: list[Block] = [
        Heading(1, runs(shop)),
        Paragraph(runs(f"{street}\n{phone(random, 'en')}"), "center"),
        KeyValue((
            (runs("Date"), runs(f"{day:%m/%d/%Y} {_clock(random)}")),
            (runs("Order"), runs(f"#{int(random.integers(1, 1000))}")),
            (runs("Server"), runs(person(random, "en").split()[0])),
        )),
        Table(tuple(rows), 1, widths=(0.8, 3.6, 1.6)),
        KeyValue((
            (runs("Subtotal"), runs(dollars(found.supply))),
            (runs(f"Tax {rate / 10:g}%"), runs(dollars(found.tax))),
        )),
        Paragraph((Text(f"TOTAL {dollars(found.total)}"),), "total"),
        KeyValue(tuple((runs(n), runs(dollars(v))) for n, v in paid)),
        Paragraph(runs(pick(random, ("Thank you! Come again.", "Have a lovely day."))), "center"),
    ]  # fmt: skip
    if random.random() < 0.3:
        blocks.append(Stamp(runs("PAID"), "frame"))
    return Document("receipt", "en", tuple(blocks))
