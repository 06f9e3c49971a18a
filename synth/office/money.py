"""Amounts in the smallest unit of a currency: won, cents. Whole numbers, so sums are exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Value added tax of Korea, in percent.
VAT = 10


@dataclass(frozen=True)
class Line:
    """A line of an invoice: `price` of one, in won or cents."""

    name: str
    quantity: int
    price: int
    detail: str = ""
    unit: str = ""

    @property
    def amount(self) -> int:
        """The line's total."""
        return self.quantity * self.price


@dataclass(frozen=True)
class Sums:
    """What stands below the lines."""

    supply: int
    tax: int

    @property
    def total(self) -> int:
        """With tax."""
        return self.supply + self.tax


def sums(lines: Sequence[Line], per_mille: int) -> Sums:
    """The sums of lines without tax; the tax of each line is rounded to the nearest unit."""
    return Sums(
        sum(line.amount for line in lines), sum(tax(line.amount, per_mille) for line in lines)
    )


def tax(amount: int, per_mille: int) -> int:
    """The tax on an amount, rounded half up."""
    return (amount * per_mille + 500) // 1000


def tax_included(total: int) -> int:
    """The Korean tax that is in a price, rounded half up: 10 of 110."""
    return (total * VAT * 2 + 100 + VAT) // (2 * (100 + VAT))


def won(amount: int) -> str:
    """1,234,500 without a sign."""
    return f"{amount:,}"


def dollars(cents: int) -> str:
    """$1,234.50."""
    return f"{'-' if cents < 0 else ''}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


_DIGITS = "영일이삼사오육칠팔구"
_PLACES = ("", "십", "백", "천")
_MYRIADS = ("", "만", "억", "조")


def won_in_words(amount: int) -> str:
    """An amount as Korean contracts spell it: 일백이십삼만사천오백."""
    if amount == 0:
        return _DIGITS[0]
    groups = []
    for myriad in _MYRIADS:
        amount, rest = divmod(amount, 10000)
        digits = f"{rest:04d}"
        spelled = "".join(
            _DIGITS[int(d)] + _PLACES[3 - k] for k, d in enumerate(digits) if d != "0"
        )
        groups.append(spelled + myriad if spelled else "")
    return "".join(reversed(groups))
