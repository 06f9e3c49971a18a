"""Dates as they are printed."""

from __future__ import annotations

import datetime

import numpy as np

_FIRST = datetime.date(2021, 1, 4)
_DAYS = 1800
_WEEKDAYS = "월화수목금토일"


def date(random: np.random.Generator) -> datetime.date:
    """A working day of some years."""
    return working(_FIRST + datetime.timedelta(days=int(random.integers(_DAYS))))


def working(day: datetime.date) -> datetime.date:
    """The day, or the Friday before a weekend."""
    return day - datetime.timedelta(days=max(0, day.weekday() - 4))


def next_monday(day: datetime.date) -> datetime.date:
    """The first Monday after a day."""
    return day + datetime.timedelta(days=7 - day.weekday())


def last_quarter(day: datetime.date) -> tuple[int, int]:
    """Year and number of the quarter that is over on a day."""
    quarter = (day.month - 1) // 3
    return (day.year, quarter) if quarter else (day.year - 1, 4)


def later(day: datetime.date, days: int) -> datetime.date:
    """So many days later."""
    return day + datetime.timedelta(days=days)


def spelled(day: datetime.date, lang: str) -> str:
    """2024년 3월 5일; March 5, 2024."""
    if lang == "ko":
        return f"{day.year}년 {day.month}월 {day.day}일"
    return f"{day:%B} {day.day}, {day.year}"


def short(day: datetime.date, lang: str) -> str:
    """2024. 3. 5. (화), as Korean offices write; Mar 5, 2024."""
    if lang == "ko":
        return f"{day.year}. {day.month}. {day.day}. ({_WEEKDAYS[day.weekday()]})"
    return f"{day:%b} {day.day}, {day.year}"
