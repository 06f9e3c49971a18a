"""Short business reports with the approval box, tables of figures, and sums that are right."""

from __future__ import annotations

import numpy as np

from renderers.document import (
    Beside,
    Cell,
    Document,
    Heading,
    Item,
    KeyValue,
    Mark,
    Paragraph,
    Table,
    Text,
    runs,
)
from synth.invented import company, person, pick
from synth.office.dates import date, last_quarter, later, short
from synth.office.money import dollars, won
from synth.office.pieces import approval, head, number, paged

_REGIONS_KO = ("수도권", "충청권", "영남권", "호남권", "강원·제주")
_REGIONS_EN = ("Northeast", "Midwest", "South", "Mountain", "Pacific")


def report(lang: str, random: np.random.Generator) -> Document:
    """A report of sales in a quarter."""
    return _korean(random) if lang == "ko" else _english(random)


def _figures(random: np.random.Generator, count: int) -> list[list[int]]:
    """A row a region: goal and result of each of three months."""
    goals = random.integers(20, 90, size=(count, 3)) * 100
    results = (goals * random.uniform(0.8, 1.2, size=(count, 3))).astype(int)
    return [
        [int(v) for pair in zip(g, r, strict=True) for v in pair]
        for g, r in zip(goals, results, strict=True)
    ]


def _share(result: int, goal: int) -> str:
    """Percent, to one place, rounded half up in whole numbers."""
    tenths = (result * 2000 + goal) // (2 * goal)
    return f"{tenths // 10}.{tenths % 10}%"


def _korean(random: np.random.Generator) -> Document:
    day, where = date(random), company(random, "ko")
    year, quarter = last_quarter(day)
    months = [quarter * 3 - 2 + k for k in range(3)]
    regions = _REGIONS_KO[: int(random.integers(3, 6))]
    figures = _figures(random, len(regions))
    rows, best = _table(
        regions,
        figures,
        ("구분", "목표", "실적", "계", "달성률", "합계"),
        [f"{m}월" for m in months],
    )
    goal = sum(sum(f[::2]) for f in figures)
    result = sum(sum(f[1::2]) for f in figures)
    facts = (
        (runs("문서번호"), runs(f"영업-{day.year}-{int(random.integers(1, 300)):03d}")), (runs("작성일"), runs(short(day, "ko"))),
        (runs("작성부서"), runs(pick(random, ("영업기획팀", "국내영업팀", "영업관리팀")))), (runs("작성자"), runs(person(random, "ko"))),
    )  # fmt: skip
    return Document("report", "ko", (
        Beside(((Heading(1, runs(f"{quarter}분기 영업 실적 보고")), KeyValue(facts)), (approval(random, signed=int(random.integers(1, 4))),)), (1.7, 1)),
        Heading(2, runs("1. 개요")),
        Paragraph((Text(f"{year}년 {quarter}분기 매출은 "), Text(f"{won(result)}만 원", bold=True), Text(f"으로, 목표 {won(goal)}만 원의 {_share(result, goal)}입니다."), Mark(1), Text(f" 권역별로는 {best}의 달성률이 가장 높았습니다."))),
        Heading(2, runs("2. 권역별 실적")),
        Table(tuple(rows), 2, caption=runs(f"표 1. {quarter}분기 권역별 매출"), unit="(단위: 만 원)"),
        Heading(2, runs("3. 향후 계획")),
        Item(runs("달성률이 낮은 권역의 거래처를 다시 점검한다."), number=1, numbering="hangul"),
        Item(runs("거래처별 방문 주기를 2주에서 1주로 줄인다."), 1),
        Item(runs("재고 현황을 매주 월요일에 공유한다."), 1),
        Item(runs("신제품 설명회를 권역마다 한 차례씩 연다."), number=2, numbering="hangul"),
        Item(runs(f"{later(day, 30).month}월 말까지 결과를 다시 보고한다."), number=3, numbering="hangul"),
        Paragraph(runs("붙임: 거래처별 실적표 1부.  끝.")),
    ), footnotes=((1, runs("매출은 부가세를 뺀 출고 기준이며, 반품은 해당 월에서 차감하였다.")),),
        header=where.name, footer="대외비" if random.random() < 0.4 else "", numbers=paged("ko"))  # fmt: skip


def _table(
    regions: tuple[str, ...], figures: list[list[int]], names: tuple[str, ...], months: list[str]
) -> tuple[list[tuple[Cell, ...]], str]:
    """Rows with two head rows, and the region that did best."""
    region, goal, result, total, share, whole = names
    rows: list[tuple[Cell, ...]] = [
        (head(region, rowspan=2), *(head(m, colspan=2) for m in months), head(total, colspan=2), head(share, rowspan=2)),
        tuple(head(name) for _ in range(len(months) + 1) for name in (goal, result)),
    ]  # fmt: skip
    lines = [(name, f) for name, f in zip(regions, figures, strict=True)]
    columns = [sum(column) for column in zip(*figures, strict=True)]
    for name, f in [*lines, (whole, columns)]:
        sums = (sum(f[::2]), sum(f[1::2]))
        rows.append((
            Cell(runs(name), header=True, align="center"), *(number(won(v)) for v in (*f, *sums)),
            number(_share(sums[1], sums[0])),
        ))  # fmt: skip
    best = max(lines, key=lambda line: sum(line[1][1::2]) / sum(line[1][::2]))[0]
    return rows, best


def _english(random: np.random.Generator) -> Document:
    day, where = date(random), company(random, "en")
    year, quarter = last_quarter(day)
    names = (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    )
    months = names[quarter * 3 - 3 : quarter * 3]
    regions = _REGIONS_EN[: int(random.integers(3, 6))]
    figures = _figures(random, len(regions))
    rows, best = _table(
        regions, figures, ("Region", "Plan", "Actual", "Total", "Rate", "All regions"), list(months)
    )
    goal = sum(sum(f[::2]) for f in figures)
    result = sum(sum(f[1::2]) for f in figures)
    return Document("report", "en", (
        Heading(1, runs(f"Sales Report, Q{quarter} {year}")),
        Paragraph(runs(f"Prepared by {person(random, 'en')} for the board of {where.name}\n{short(day, 'en')}"), "byline"),
        Heading(2, runs("Summary")),
        Paragraph((Text("Sales in the quarter came to "), Text(dollars(result * 100000), bold=True), Text(f", which is {_share(result, goal)} of plan."), Mark(1), Text(f" Measured against its plan, the {best} region did best."))),
        Heading(2, runs("Results by region")),
        Table(tuple(rows), 2, caption=runs(f"Table 1. Sales by region, Q{quarter}"), unit="($ thousands)"),
        Heading(2, runs("Next steps")),
        Item(runs("Review accounts in the regions that missed their plan."), number=1),
        Item(runs("Move from two-week to weekly visits."), 1),
        Item(runs("Share stock levels every Monday."), 1),
        Item(runs("Hold one product day in each region."), number=2),
        Item(runs(f"Report again by {short(later(day, 30), 'en')}."), number=3),
    ), footnotes=((1, runs("Sales are net of tax and of goods returned in the same month.")),),
        header=where.name, numbers=paged("en"))  # fmt: skip
