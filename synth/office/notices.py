"""Notices: of buildings and halls, and the official letters of Korean offices."""

from __future__ import annotations

import numpy as np

from renderers.document import (
    Block,
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
from synth.invented import address, company, person, phone, pick
from synth.office.dates import date, later, next_monday, short, spelled, working
from synth.office.pieces import cell, head


def notice(lang: str, random: np.random.Generator) -> Document:
    """A notice."""
    if lang != "ko":
        return pick(random, (_works_en, _closing_en))(random)
    return pick(random, (_works, _letter, _closing))(random)


_BUILDINGS_KO = ("새솔마을 3단지", "가람아파트", "한빛오피스텔", "온누리타운", "별내상가")
_WORKS_KO = (
    ("단수", "저수조 청소", "물을 미리 받아 두시기 바랍니다.", "작업이 끝난 뒤 처음 나오는 물은 잠시 흘려보낸 다음 사용하십시오."),
    ("정전", "전기 설비 정기 점검", "냉장고 문을 여닫는 일을 줄여 주십시오.", "컴퓨터 등 전자 제품은 미리 전원을 꺼 주십시오."),
    ("승강기 운행 중지", "승강기 부품 교체", "노약자와 함께 계단을 이용하실 때에는 난간을 잡아 주십시오.", "무거운 짐의 운반은 작업 시간을 피해 주십시오."),
    ("주차장 통제", "지하 주차장 바닥 도색", "차량은 작업 전날까지 지상 주차장으로 옮겨 주십시오.", "도색이 마를 때까지 출입을 삼가 주십시오."),
)  # fmt: skip


def _works(random: np.random.Generator) -> Document:
    what, why, *requests = pick(random, _WORKS_KO)
    building, day = pick(random, _BUILDINGS_KO), date(random)
    start = next_monday(later(day, int(random.integers(2, 8))))
    first = int(random.integers(8, 12))
    rows = [(head("구분"), head("일자"), head("시간"))]
    for k in range(int(random.integers(2, 4))):
        when = later(start, k)
        rows.append((
            cell(f"{100 + k + 1}동", "center"), cell(short(when, "ko"), "center"),
            cell(f"{first:02d}:00 ~ {first + 4:02d}:00", "center"),
        ))  # fmt: skip
    return Document("notice", "ko", (
        Heading(1, runs(f"{what} 안내문")),
        Paragraph(runs("입주민 여러분, 안녕하십니까?")),
        Paragraph(runs(f"{building} {why} 작업으로 아래와 같이 {what}{_topic(what)} 예정되어 있어 안내해 드립니다. 작업 중 불편하시더라도 너그러이 양해하여 주시기 바랍니다.")),
        Paragraph((Text("- 아 래 -", bold=True),), "center"),
        Table(tuple(rows), 1),
        Heading(2, runs("협조 요청 사항")),
        *(Item(runs(request), number=k + 1) for k, request in enumerate(requests)),
        Item(runs(f"문의: 관리사무소 {phone(random, 'ko')}"), number=len(requests) + 1),
        Paragraph(runs("※ 작업 상황에 따라 시간이 달라질 수 있습니다."), "note"),
        Paragraph(runs(spelled(day, "ko")), "center"),
        Signature("", f"{building} 관리사무소장"),
    ))  # fmt: skip


def _topic(word: str) -> str:
    """The subject particle: 이 after a final consonant, 가 after none."""
    last = ord(word[-1]) - 0xAC00
    return "이" if 0 <= last < 11172 and last % 28 else "가"


def _letter(random: np.random.Generator) -> Document:
    """An official letter (공문), as Korean rules for office work lay it out."""
    office = pick(random, ("가온구청", "누리시청", "새별교육지원청", "해솔군청"))
    team = pick(random, ("문화체육과", "총무과", "평생교육과", "안전총괄과"))
    day, writer = date(random), person(random, "ko")
    event = pick(
        random, ("직장 내 안전 교육", "개인정보 보호 교육", "청렴 실천 연수", "재난 대비 훈련")
    )
    when = working(later(day, int(random.integers(10, 25))))
    hour = int(random.integers(9, 16))
    seats = int(random.integers(3, 13)) * 10
    last = working(later(when, -5))
    return Document("notice", "ko", (
        Heading(1, runs(office)),
        KeyValue((
            (runs("수신"), runs("수신자 참조")), (runs("(경유)"), runs(" ")),
            (runs("제목"), (Text(f"{day.year}년 {event} 참석 요청", bold=True),)),
        )),
        Item(runs("귀 기관의 무궁한 발전을 기원합니다."), number=1),
        Item(runs(f"우리 기관에서는 {event}{'을' if _topic(event) == '이' else '를'} 다음과 같이 실시하오니, 담당자가 참석할 수 있도록 협조하여 주시기 바랍니다."), number=2),
        Item(runs(f"일시: {short(when, 'ko')} {hour:02d}:00 ~ {hour + 2:02d}:00"), 1, 1, "hangul"),
        Item(runs(f"장소: {office} {pick(random, ('대강당', '대회의실', '3층 교육장'))}"), 1, 2, "hangul"),
        Item(runs(f"대상: 소속 직원 {seats}명"), 1, 3, "hangul"),
        Item(runs(f"신청 기한: {short(last, 'ko')} 18:00까지"), 1, 4, "hangul"),
        KeyValue(((runs("붙임"), runs("1. 세부 일정표 1부.\n2. 참석 신청서 서식 1부.  끝.")),)),
        Signature("", f"{office}장", "", Stamp(runs(_seal_of(office)), "square")),
        Table((
            (head("기안자"), cell(writer), head("과장"), cell(person(random, "ko")), head("전결"), cell(short(day, "ko"))),
            (head("시행"), cell(f"{team}-{int(random.integers(100, 9999))}", colspan=2), head("접수"), cell("", colspan=2)),
            (head("주소"), cell(address(random, "ko"), colspan=3), head("전화"), cell(phone(random, "ko"))),
        ), look="boxed", widths=(1, 1.5, 1, 1.5, 1, 2)),
    ))  # fmt: skip


def _seal_of(office: str) -> str:
    """The letters of an office's seal, in rows: 가온 / 구청 / 장인."""
    letters = f"{office}장인"
    wide = 2 if len(letters) <= 6 else 3
    return "\n".join(letters[k : k + wide] for k in range(0, len(letters), wide))


_HALLS_KO = (
    ("가온시립도서관", ("장서 점검", "냉난방 설비 교체")), ("누리체육관", ("바닥 보수 공사", "조명 교체")),
    ("새별미술관", ("전시 교체", "시설 보수 공사")), ("한울수영장", ("수조 청소", "시설 안전 점검")),
)  # fmt: skip


def _by(word: str) -> str:
    """The particle of a cause: 로 after a vowel or ㄹ, 으로 after another consonant."""
    last = ord(word[-1]) - 0xAC00
    return "으로" if 0 <= last < 11172 and last % 28 not in (0, 8) else "로"


def _closing(random: np.random.Generator) -> Document:
    where, reasons = pick(random, _HALLS_KO)
    day = date(random)
    start = later(day, int(random.integers(5, 15)))
    end = later(start, int(random.integers(1, 6)))
    why = pick(random, reasons)
    return Document("notice", "ko", (
        Heading(1, runs(f"{where} 임시 휴관 안내")),
        Paragraph(runs(f"{where}을 이용해 주시는 여러분께 감사드립니다." if _topic(where) == "이" else f"{where}를 이용해 주시는 여러분께 감사드립니다.")),
        Paragraph((Text(f"{why}{_by(why)} 인하여 "), Text(f"{short(start, 'ko')}부터 {short(end, 'ko')}까지", bold=True), Text(" 휴관합니다. 이용에 착오 없으시기 바랍니다."))),
        Item((Text("휴관 기간: ", bold=True), Text(f"{short(start, 'ko')} ~ {short(end, 'ko')}"))),
        Item((Text("휴관 사유: ", bold=True), Text(why))),
        Item((Text("재개관: ", bold=True), Text(f"{short(later(end, 1), 'ko')} 09:00"))),
        Item((Text("문의: ", bold=True), Text(f"안내 창구 {phone(random, 'ko')}"))),
        Paragraph(runs("더 나은 시설로 찾아뵙겠습니다.")),
        Paragraph(runs(spelled(day, "ko")), "center"),
        Signature("", f"{where}장"),
    ))  # fmt: skip


_WORKS_EN = (
    ("Water Shut-Off", "replace a valve in the main supply line", "Please store enough water for the hours shown.", "Run the cold tap for two minutes when service returns."),
    ("Power Interruption", "inspect the building's electrical panels", "Please switch off computers and other sensitive equipment.", "Elevators will not run; please plan for the stairs."),
    ("Parking Lot Closure", "repaint the parking lot", "Vehicles must be moved by 7:00 a.m. on the first day.", "Visitors may park on the street during the work."),
)  # fmt: skip


def _works_en(random: np.random.Generator) -> Document:
    what, why, *requests = pick(random, _WORKS_EN)
    day, manager = date(random), person(random, "en")
    house = pick(random, ("Lantern Court Apartments", "Alder House", "Harbor Street Lofts"))
    start = next_monday(later(day, int(random.integers(2, 8))))
    hour = int(random.integers(8, 11))
    rows = [(head("Building"), head("Date"), head("Hours"))]
    for k in range(int(random.integers(2, 4))):
        rows.append((
            cell(f"Building {'ABC'[k]}", "center"), cell(short(later(start, k), "en"), "center"),
            cell(f"{hour}:00 a.m. – {hour - 8 + 1}:00 p.m.", "center"),
        ))  # fmt: skip
    return Document("notice", "en", (
        Heading(1, runs(f"Notice of {what}")),
        KeyValue(((runs("To"), runs(f"All residents of {house}")), (runs("From"), runs("Building management")),
                  (runs("Date"), runs(spelled(day, "en"))))),
        Paragraph(runs(f"Our contractors will {why}. The work will affect the buildings and hours below.")),
        Table(tuple(rows), 1),
        Heading(2, runs("What we ask of you")),
        *(Item(runs(request)) for request in requests),
        Paragraph(runs(f"We are sorry for the inconvenience. If you have questions, please call the office at {phone(random, 'en')}.")),
        Paragraph(runs(f"{manager}\nProperty Manager"), "right"),
    ))  # fmt: skip


def _closing_en(random: np.random.Generator) -> Document:
    where = pick(
        random, ("Briarton Public Library", "Alderbrook Community Pool", "Hazelmere Museum")
    )
    day = date(random)
    start = later(day, int(random.integers(5, 15)))
    end = later(start, int(random.integers(1, 5)))
    blocks: tuple[Block, ...] = (
        Heading(1, runs("Temporary Closure")),
        Paragraph((Text(where, bold=True), Text(" will be closed from "), Text(spelled(start, "en"), bold=True), Text(" through "), Text(spelled(end, "en"), bold=True), Text(f" for {pick(random, ('floor repairs', 'an inventory', 'new lighting'))}."))),
        Heading(2, runs("During the closure")),
        Item(runs("The return box at the front door stays open."), number=1),
        Item(runs("All due dates are extended by one week."), number=2),
        Item(runs(f"Our staff can be reached at {phone(random, 'en')}."), number=3),
        Paragraph(runs(f"We reopen on {spelled(later(end, 1), 'en')}. Thank you for your patience.")),
        Paragraph(runs(company(random, "en").email), "note"),
    )  # fmt: skip
    return Document("notice", "en", blocks)
