"""People, companies, places and goods that do not exist, for documents that offices print.

Written by hand for this project. Numbers are of ranges that are given to
nobody: Korean exchanges 000 and 0000, North American 555-01xx, business
registration numbers whose middle part is 00, addresses of example.com.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

T = TypeVar("T")

_FAMILY_KO = [
    "김",
    "이",
    "박",
    "최",
    "정",
    "강",
    "조",
    "윤",
    "장",
    "임",
    "한",
    "오",
    "서",
    "신",
    "권",
    "황",
    "안",
    "송",
    "류",
    "홍",
]
_GIVEN_KO = [
    "가온",
    "나래",
    "다솜",
    "라온",
    "마루",
    "보람",
    "새봄",
    "아라",
    "은결",
    "이든",
    "지음",
    "찬솔",
    "하람",
    "한결",
    "도담",
    "미르",
    "서린",
    "연우",
    "해온",
    "예솔",
    "윤슬",
    "준서",
    "하윤",
    "태린",
    "소율",
    "지후",
    "민재",
    "수아",
    "도현",
    "유진",
]
_FIRST_EN = [
    "Adair",
    "Brenna",
    "Calder",
    "Delphine",
    "Edric",
    "Fenna",
    "Gwendal",
    "Hollis",
    "Isolde",
    "Jorah",
    "Kendrick",
    "Linnea",
    "Merrick",
    "Nerissa",
    "Oswin",
    "Petra",
    "Quillan",
    "Rowena",
    "Silas",
    "Thessaly",
]
_LAST_EN = [
    "Ashgrove",
    "Birchall",
    "Copperfield",
    "Dunmore",
    "Elderwick",
    "Fairbourne",
    "Greystone",
    "Hartwell",
    "Inglethorpe",
    "Kestrel",
    "Larkspur",
    "Millbrook",
    "Northcote",
    "Oakhurst",
    "Pemberly",
    "Redfern",
    "Stonebridge",
    "Thornbury",
    "Underhill",
    "Westerly",
]

_COMPANIES_KO = [
    "가람전자",
    "누리상사",
    "다온식품",
    "라온테크",
    "마루건설",
    "바른인쇄",
    "새솔문구",
    "아람유통",
    "온빛조명",
    "초록마을가구",
    "큰나무출판",
    "푸른들농산",
    "하늘소프트",
    "한울기계",
    "해오름물류",
]
_COMPANIES_EN = (
    "Ashgrove Paper Co.", "Bluefinch Software, Inc.", "Copper Kettle Catering", "Driftwood Furniture Ltd.",
    "Evenlight Optics, Inc.", "Fernhill Farms", "Greymoor Machinery Ltd.", "Harborline Freight, LLC",
    "Ironbark Tools Co.", "Juniper & Vale Printing", "Kitebridge Consulting, LLC", "Larkfield Textiles Ltd.",
)  # fmt: skip
_CITIES_KO = (
    "서울특별시 가온구", "부산광역시 해솔구", "대구광역시 나래구", "인천광역시 새별구", "광주광역시 빛고을구",
    "대전광역시 한빛구", "경기도 누리시", "강원특별자치도 솔향시", "충청북도 물맑은군", "전라남도 다솜시",
)  # fmt: skip
_ROADS_KO = [
    "가람로",
    "나루길",
    "다온로",
    "달빛로",
    "마루길",
    "물빛로",
    "별내로",
    "새솔로",
    "온누리로",
    "은하수길",
    "푸른솔길",
    "해오름로",
]
_TOWNS_EN = (
    "Alderbrook, OR 97000", "Briarton, VT 05000", "Cedar Hollow, MN 55000", "Dunleigh, ME 04000",
    "Elmsford Falls, WI 53000", "Foxbury, NH 03000", "Gable Point, WA 98000", "Hazelmere, PA 19000",
)  # fmt: skip
_ROADS_EN = (
    "Alder Lane", "Bramble Road", "Copper Street", "Dovecote Avenue", "Elder Way", "Foxglove Court",
    "Grange Road", "Harbor Street", "Kiln Lane", "Lantern Avenue",
)  # fmt: skip

#: Goods of an office: name, specification, unit, price in won from and to, in steps of 100.
GOODS_KO = (
    ("A4 복사용지", "80g 2,500매", "상자", 21000, 29000), ("볼펜", "0.7mm 검정", "다스", 4800, 9600),
    ("토너 카트리지", "흑백 대용량", "개", 68000, 145000), ("사무용 의자", "메시 등받이", "개", 89000, 240000),
    ("회의용 탁자", "1800×900", "개", 165000, 380000), ("LED 모니터", "27형", "대", 198000, 420000),
    ("무선 키보드", "저소음", "개", 28000, 79000), ("외장 SSD", "1TB", "개", 98000, 168000),
    ("파일 보관함", "5단", "개", 32000, 68000), ("화이트보드", "1200×900", "개", 45000, 98000),
    ("멀티탭", "6구 3m", "개", 9800, 19800), ("서류 봉투", "각대 100매", "묶음", 12000, 21000),
    ("책상용 스탠드", "LED 12W", "개", 26000, 64000), ("정수기 필터", "3개월용", "조", 24000, 52000),
    ("안전모", "ABS 흰색", "개", 7800, 16500), ("작업용 장갑", "코팅 10켤레", "묶음", 6500, 12800),
)  # fmt: skip
#: name, price in cents from and to.
GOODS_EN = (
    ("Copy paper, letter, 10 reams", 3899, 5599), ("Gel pens, black, box of 12", 899, 1899),
    ("Toner cartridge, high yield", 6499, 13999), ("Mesh task chair", 11900, 28900),
    ("Conference table, 6 ft", 24900, 58900), ("27-inch monitor", 17999, 39999),
    ("Wireless keyboard", 2999, 8999), ("Portable SSD, 1 TB", 7999, 14999),
    ("Filing cabinet, 4 drawers", 12900, 26900), ("Whiteboard, 48 x 36 in", 5499, 11999),
    ("Power strip, 6 outlets", 1299, 2999), ("On-site installation, hour", 6500, 12500),
    ("Website maintenance, month", 25000, 60000), ("Safety helmet", 1499, 3299),
)  # fmt: skip
#: Food and drink of a café or a shop: name, won from and to, in steps of 100.
FOOD_KO = (
    ("아메리카노", 3500, 4800), ("카페라테", 4200, 5500), ("바닐라라테", 4700, 6000), ("유자차", 4500, 5800),
    ("크루아상", 3200, 4500), ("치즈케이크", 5500, 7200), ("햄치즈샌드위치", 5800, 7900), ("우유 900ml", 2700, 3300),
    ("두부 한 모", 1500, 2900), ("달걀 10구", 3500, 5200), ("사과 1봉", 6900, 12900), ("식빵", 2900, 4200),
    ("라면 5개입", 3900, 5100), ("김밥용 김", 2200, 3600), ("생수 2L×6", 3600, 5900), ("콩나물", 1200, 2100),
)  # fmt: skip
FOOD_EN = (
    ("House coffee", 295, 425), ("Latte", 425, 575), ("Earl Grey tea", 325, 450), ("Blueberry muffin", 325, 475),
    ("Turkey sandwich", 895, 1295), ("Tomato soup", 595, 895), ("Caesar salad", 895, 1295), ("Milk, 1 gal", 379, 549),
    ("Eggs, dozen", 299, 599), ("Sourdough loaf", 499, 799), ("Cheddar, 8 oz", 399, 699), ("Apples, 3 lb bag", 449, 799),
)  # fmt: skip


@dataclass(frozen=True)
class Company:
    """A company, and how to reach it."""

    name: str
    head: str
    number: str
    address: str
    phone: str
    email: str


def pick(random: np.random.Generator, several: Sequence[T]) -> T:
    """One of several."""
    return several[int(random.integers(len(several)))]


def sample(random: np.random.Generator, several: Sequence[T], count: int) -> list[T]:
    """`count` of several, each once, in their order."""
    places = random.choice(len(several), size=min(count, len(several)), replace=False)
    return [several[k] for k in sorted(places.tolist())]


def person(random: np.random.Generator, lang: str) -> str:
    """A name that somebody might have."""
    if lang == "ko":
        return pick(random, _FAMILY_KO) + pick(random, _GIVEN_KO)
    return f"{pick(random, _FIRST_EN)} {pick(random, _LAST_EN)}"


def address(random: np.random.Generator, lang: str) -> str:
    """An address of no place."""
    number = int(random.integers(2, 300))
    if lang == "ko":
        floor = int(random.integers(1, 15))
        return f"{pick(random, _CITIES_KO)} {pick(random, _ROADS_KO)} {number}, {floor}층"
    return f"{number} {pick(random, _ROADS_EN)}, {pick(random, _TOWNS_EN)}"


def phone(random: np.random.Generator, lang: str, mobile: bool = False) -> str:
    """A telephone number that is given to nobody."""
    if lang == "ko":
        area = "010-0000" if mobile else pick(random, ("02-000", "031-000", "051-000", "042-000"))
        return f"{area}-{int(random.integers(10000)):04d}"
    return f"({int(random.integers(2, 10))}{int(random.integers(100)):02d}) 555-01{int(random.integers(100)):02d}"


def business_number(random: np.random.Generator) -> str:
    """A Korean business registration number with a right check digit, and 00 where no kind is."""
    digits = [
        int(d) for d in f"{int(random.integers(101, 800))}00{int(random.integers(10000)):04d}"
    ]
    weights = (1, 3, 7, 1, 3, 7, 1, 3, 5)
    total = sum(d * w for d, w in zip(digits, weights, strict=True)) + digits[8] * 5 // 10
    text = "".join(map(str, [*digits, -total % 10]))
    return f"{text[:3]}-{text[3:5]}-{text[5:]}"


def company(random: np.random.Generator, lang: str, besides: str = "") -> Company:
    """A company; not the one that is called `besides`."""
    names = _COMPANIES_KO if lang == "ko" else _COMPANIES_EN
    name = pick(random, [n for n in names if n not in besides])
    if lang == "ko":
        name = pick(random, ("㈜{}", "{}", "{} 주식회사", "㈜{}")).format(name)
    number = business_number(random) if lang == "ko" else f"INV-{int(random.integers(1000, 9999))}"
    mailbox = pick(random, ("office", "billing", "sales", "help"))
    return Company(
        name, person(random, lang), number, address(random, lang), phone(random, lang),
        f"{mailbox}@example.com",
    )  # fmt: skip
