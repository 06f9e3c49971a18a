"""Forms, filled in: leave, expenses, membership; each with who signs it."""

from __future__ import annotations

import numpy as np

from renderers.document import (
    Beside,
    Block,
    Cell,
    Document,
    Heading,
    Item,
    KeyValue,
    Paragraph,
    Signature,
    Stamp,
    Table,
    Text,
    runs,
)
from synth.invented import address, company, person, phone, pick, sample
from synth.office.dates import date, later, next_monday, short, spelled
from synth.office.money import dollars, won, won_in_words
from synth.office.pieces import approval, cell, head, number, seal

_TEAMS_KO = (
    "경영지원팀",
    "개발1팀",
    "품질관리팀",
    "영업2팀",
    "디자인팀",
    "생산기술팀",
    "고객지원팀",
)
_RANKS_KO = ("사원", "주임", "대리", "과장", "차장")


def form(lang: str, random: np.random.Generator) -> Document:
    """A form that somebody has filled in."""
    if lang != "ko":
        return pick(random, (_leave_en, _expenses_en))(random)
    return pick(random, (_leave, _expenses, _membership))(random)


def _boxes(chosen: str, several: tuple[str, ...]) -> str:
    """Choices, with a filled box before the one that is chosen."""
    return "   ".join(f"{'■' if name == chosen else '□'} {name}" for name in several)


def _leave(random: np.random.Generator) -> Document:
    day, name = date(random), person(random, "ko")
    length = int(random.integers(1, 6))
    start = next_monday(later(day, int(random.integers(3, 20))))
    end = later(start, length - 1)
    kinds = ("연차", "반차", "병가", "경조", "공가")
    kind = pick(random, kinds[:1] + kinds[2:])
    reason = {
        "연차": pick(random, ("가족 여행", "개인 용무", "이사")), "병가": "병원 진료 및 요양",
        "경조": "형제 결혼식 참석", "공가": "민방위 교육 참석",
    }[kind]  # fmt: skip
    rows = (
        (head("소속"), cell(pick(random, _TEAMS_KO)), head("직위"), cell(pick(random, _RANKS_KO))),
        (head("성명"), cell(name), head("사번"), cell(f"{int(random.integers(2008, 2024))}-{int(random.integers(1, 400)):03d}")),
        (head("휴가 구분"), cell(_boxes(kind, kinds), colspan=3)),
        (head("휴가 기간"), cell(f"{short(start, 'ko')} ~ {short(end, 'ko')}  [총 {length}일]", colspan=3)),
        (head("사유"), cell(reason, colspan=3)),
        (head("비상 연락처"), cell(phone(random, "ko", mobile=True)), head("업무 대행자"), cell(person(random, "ko"))),
    )  # fmt: skip
    where = company(random, "ko")
    return Document("form", "ko", (
        Beside(((Heading(1, runs("휴가신청서")),), (approval(random, signed=int(random.integers(0, 4))),)), (1.5, 1)),
        Table(rows, look="boxed", widths=(1.2, 2.6, 1.2, 2)),
        Paragraph(runs("위와 같이 휴가를 신청하오니 허가하여 주시기 바랍니다."), "center"),
        Paragraph(runs(spelled(day, "ko")), "center"),
        Signature("신청인", name, "(서명 또는 인)", seal(name) if random.random() < 0.5 else None),
        Paragraph((Text(f"{where.name} 대표이사 귀하", bold=True),)),
    ))  # fmt: skip


_EXPENSES_KO = (
    ("교통비", "거래처 방문 왕복 택시 요금", 12000, 48000), ("식대", "프로젝트 회의 중식", 36000, 128000),
    ("소모품비", "회의용 다과 구입", 8000, 39000), ("인쇄비", "제안서 제본 10부", 45000, 130000),
    ("통신비", "출장지 데이터 로밍", 11000, 33000), ("도서비", "기술 서적 구입", 18000, 74000),
    ("숙박비", "부산 출장 1박", 68000, 119000), ("택배비", "견본품 발송", 4000, 15000),
)  # fmt: skip


def _expenses(random: np.random.Generator) -> Document:
    day, name = date(random), person(random, "ko")
    rows: list[tuple[Cell, ...]] = [
        (head("일자"), head("항목"), head("적요"), head("금액"), head("비고"))
    ]
    total = 0
    spent = sorted(
        (later(day, -int(random.integers(1, 20))), *_amount(random, entry))
        for entry in sample(random, _EXPENSES_KO, int(random.integers(3, 7)))
    )
    for when, item, what, amount in spent:
        total += amount
        rows.append((cell(f"{when.month}/{when.day}", "center"), cell(item, "center"), cell(what),
                     number(won(amount)), cell("영수증 첨부", "center")))  # fmt: skip
    rows.append((head("합계", colspan=3), number(won(total)), cell()))
    top = (
        (head("부서"), cell(pick(random, _TEAMS_KO)), head("작성자"), cell(name)),
        (head("작성일"), cell(short(day, "ko")), head("지급 방법"), cell(_boxes("계좌 이체", ("현금", "계좌 이체")))),
        (head("지출 금액"), cell(f"일금 {won_in_words(total)}원정 (₩{won(total)})", colspan=3)),
    )  # fmt: skip
    return Document("form", "ko", (
        Beside(((Heading(1, runs("지출결의서")),), (approval(random, signed=int(random.integers(0, 4))),)), (1.5, 1)),
        Table(top, look="boxed", widths=(1.1, 2.2, 1.1, 2.6)),
        Table(tuple(rows), 1, unit="(단위: 원)", look="boxed", widths=(0.8, 1.1, 3.4, 1.4, 1.5)),
        Paragraph(runs("위 금액을 지출하고자 하오니 결재하여 주시기 바랍니다."), "center"),
        Signature("작성자", name, "(인)", seal(name) if random.random() < 0.6 else None),
    ))  # fmt: skip


def _amount(random: np.random.Generator, entry: tuple[str, str, int, int]) -> tuple[str, str, int]:
    item, what, low, high = entry
    return item, what, int(random.integers(low // 100, high // 100 + 1)) * 100


def _membership(random: np.random.Generator) -> Document:
    day, name = date(random), person(random, "ko")
    born = f"{int(random.integers(1960, 2006))}년 {int(random.integers(1, 13))}월 {int(random.integers(1, 29))}일"
    ways = ("지인 소개", "누리집", "현수막", "기타")
    lessons = ("수채화", "서예", "기타 연주", "생활 도예", "사진", "요가")
    chosen = sample(random, lessons, int(random.integers(1, 3)))
    listed = "   ".join(f"{'■' if x in chosen else '□'} {x}" for x in lessons)
    where = pick(random, ("가온문화센터", "새별구민회관", "누리생활문화원", "해솔배움터"))
    rows = (
        (head("신청인", rowspan=4), head("성명"), cell(name), head("생년월일"), cell(born)),
        (head("주소"), cell(address(random, "ko"), colspan=3)),
        (head("휴대전화"), cell(phone(random, "ko", mobile=True)), head("성별"), cell(_boxes(pick(random, ("남", "여")), ("남", "여")))),
        (head("전자우편"), cell(f"member{int(random.integers(10, 1000))}@example.com", colspan=3)),
        (head("신청 강좌"), cell(listed, colspan=4)),
        (head("알게 된 경로"), cell(_boxes(pick(random, ways), ways), colspan=4)),
    )  # fmt: skip
    blocks: list[Block] = [
        Heading(1, runs("회원 가입 신청서")),
        KeyValue(((runs("접수번호"), runs(f"{day.year}-{int(random.integers(1, 1000)):04d}")),
                  (runs("접수일자"), runs(short(day, "ko")))), 2),
        Table(rows, look="boxed", widths=(0.9, 1, 2.4, 1.1, 2.3)),
        Heading(2, runs("개인정보 수집·이용 동의")),
        Item(runs("수집 항목: 성명, 생년월일, 연락처, 주소"), number=1),
        Item(runs("이용 목적: 회원 관리 및 강좌 안내"), number=2),
        Item(runs("보유 기간: 탈퇴 후 1년"), number=3),
        Paragraph(runs(f"위 내용에 동의합니다.   {_boxes('예', ('예', '아니요'))}"), "right"),
        Paragraph(runs(spelled(day, "ko")), "center"),
        Signature("신청인", name, "(서명 또는 인)", seal(name) if random.random() < 0.5 else None),
        Paragraph((Text(f"{where}장 귀하", bold=True),)),
    ]  # fmt: skip
    if random.random() < 0.4:
        blocks.append(Stamp(runs(f"접 수\n{day:%Y. %m. %d.}"), "frame"))
    return Document("form", "ko", tuple(blocks))


_TEAMS_EN = ("Operations", "Engineering", "Customer Care", "Design", "Finance", "Field Services")


def _leave_en(random: np.random.Generator) -> Document:
    day, name = date(random), person(random, "en")
    length = int(random.integers(1, 6))
    start = next_monday(later(day, int(random.integers(5, 25))))
    kinds = ("Annual", "Sick", "Family", "Jury duty")
    rows = (
        (_label("Employee"), cell(name), _label("Department"), cell(pick(random, _TEAMS_EN))),
        (_label("Employee no."), cell(f"E-{int(random.integers(1000, 9999))}"), _label("Phone"), cell(phone(random, "en"))),
        (_label("Type of leave"), cell(_boxes(pick(random, kinds), kinds), colspan=3)),
        (_label("First day"), cell(short(start, "en")), _label("Last day"), cell(short(later(start, length - 1), "en"))),
        (_label("Days requested"), cell(str(length)), _label("Covered by"), cell(person(random, "en"))),
        (_label("Comments"), cell(pick(random, ("Reachable by phone in the mornings.", "None.", "Handover notes are in the team folder.")), colspan=3)),
    )  # fmt: skip
    approved = random.random() < 0.5
    blocks: list[Block] = [
        Heading(1, runs("Leave Request Form")),
        Paragraph(runs("Please submit this form at least five working days before the first day of leave."), "note"),
        Table(rows, look="boxed", widths=(1.3, 2.2, 1.3, 2)),
        Heading(2, runs("Declaration")),
        Paragraph(runs("I understand that this request is subject to approval by my manager and that unused leave is handled under the company's leave policy.")),
        Signature("Employee", name, short(day, "en")),
        Signature("Manager", person(random, "en"), short(later(day, 2), "en") if approved else ""),
    ]  # fmt: skip
    if approved:
        blocks.append(Stamp(runs("APPROVED"), "frame"))
    return Document(
        "form", "en", tuple(blocks), footer="Form HR-12", numbers="Page {page} of {pages}"
    )


def _label(text: str) -> Cell:
    return Cell(runs(text), header=True)


_EXPENSES_EN = (
    ("Travel", "Taxi to client site", 1850, 6400), ("Meals", "Working lunch, 4 people", 5200, 14900),
    ("Lodging", "One night, conference hotel", 11900, 24900), ("Supplies", "Presentation folders", 1299, 5499),
    ("Printing", "Posters, 3 copies", 2999, 8999), ("Shipping", "Sample parts, overnight", 1999, 6499),
    ("Training", "Safety course fee", 9900, 29900),
)  # fmt: skip


def _expenses_en(random: np.random.Generator) -> Document:
    day, name = date(random), person(random, "en")
    spent = []
    for item, what, low, high in sample(random, _EXPENSES_EN, int(random.integers(3, 7))):
        amount = int(random.integers(low, high + 1))
        spent.append((later(day, -int(random.integers(1, 25))), item, what, amount))
    rows: list[tuple[Cell, ...]] = [
        (head("Date"), head("Category"), head("Description"), head("Amount"))
    ]
    rows += [
        (cell(short(w, "en")), cell(i), cell(t), number(dollars(a))) for w, i, t, a in sorted(spent)
    ]
    total = sum(amount for *_, amount in spent)
    advance = pick(random, (0, 5000, 10000))
    for label, amount in (
        ("Total", total),
        ("Less advance", -advance),
        ("Balance", total - advance),
    ):
        rows.append(
            (Cell(runs(label), header=True, colspan=3, align="right"), number(dollars(amount)))
        )
    facts = (
        (runs("Employee"), runs(name)), (runs("Department"), runs(pick(random, _TEAMS_EN))),
        (runs("Submitted"), runs(short(day, "en"))), (runs("Report no."), runs(f"EX-{int(random.integers(10000)):04d}")),
    )  # fmt: skip
    return Document("form", "en", (
        Heading(1, runs("Expense Report")),
        KeyValue(facts, 2),
        Table(tuple(rows), 1, look="boxed", widths=(1.3, 1.2, 3.2, 1.3)),
        Paragraph(runs("Receipts are attached for every item of $25.00 or more."), "note"),
        Signature("Employee", name, short(day, "en")),
        Signature("Approved by", person(random, "en")),
    ), footer="Form FN-07", numbers="Page {page} of {pages}")  # fmt: skip
