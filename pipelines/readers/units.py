"""Units of measure in the names of columns.

A unit is taken only where the name states it, and only one of the closed list
below: `Weight (kg)`, `인구(명)`, `Rate [%]`, `body_mass_kg`. It is given as it
is written, never converted. What else stands in brackets, as in `Name (old)`
or `Sales (F)`, is part of the name; so is an ending, as in `Item(s)`, and what a
number or a count stands before: `last_7_days`, `number_of_days`.
"""

from __future__ import annotations

import re

#: What may stand in brackets after a name. Not in it are words that more often tell
#: groups apart: single capital letters (`Deaths (F)`), `min`, `day` (`Temperature (day)`),
#: 월, 일 (`요금(월)` is what a month costs).
_VOCABULARY = {
    "length, area": """
        nm µm μm mm cm m km inch inches ft foot feet yd mi mile miles ㎜ ㎝ ㎞
        mm² cm² m² km² mm2 cm2 m2 km2 mm^2 cm^2 m^2 km^2 ㎡ ㎢ sqft sqm sqkm ha acre acres 평
        """,
    "volume": "mL ml ℓ cc m³ m3 m^3 km³ ㎥ gal gallon gallons bbl barrels",
    "mass": "µg μg mg g kg t ton tons tonne tonnes kt Mt Gt lb lbs oz pound pounds ㎎ ㎏ 톤",
    "time": "ns µs μs ms s sec secs seconds mins minutes h hr hrs hours days weeks months yrs years"
    " 초 분 시간 개월 년 세",
    "speed, force, pressure": "kmh kph mph knots kn rpm kN Pa hPa kPa MPa mbar bar psi atm",
    "temperature, angle": "°C °F ℃ ℉ deg degC degF celsius fahrenheit kelvin ° degrees",
    "energy, power": "kJ MJ GJ cal kcal Wh kWh MWh GWh TWh Btu kW MW GW hp mV kV mA mAh Ω ohm",
    "frequency": "Hz kHz MHz GHz dB",
    "information": "bit bits byte bytes kB KB MB GB TB KiB MiB GiB bps kbps Mbps Gbps",
    "amount": "mol mmol ppm ppb pH dL",
    "share": "% percent pct ‰ %p %포인트 퍼센트",
    "money": """
        $ US$ USD € EUR £ GBP ¥ JPY ₩ KRW CNY RMB INR VND CHF CAD AUD ₫ cents
        원 천원 만원 백만원 억원 십억원 조원 달러 천달러 만달러 백만달러 억달러 엔 위안 유로
        """,
    "counts": """
        thousand thousands million millions billion billions trillion 000s '000 1000s
        people persons households units pieces
        명 천명 만명 백만명 인 개 개소 건 천건 만건 회 대 천대 만대 가구 세대 마리 권 점 곳 배 매
        """,
}
_UNITS = frozenset(word for words in _VOCABULARY.values() for word in words.split())
#: What may stand before a unit: how many of it.
_SCALES = (
    "thousands?|millions?|billions?|trillions?|1,?000|10,?000|100,?000|"
    "천|만|십만|백만|천만|억|십억|조"
)
#: Ends of names without brackets, which stand for the unit beside them. Only such
#: as are hardly ever words: no `_min` (minimum), `_m` (male), `_in`, `_gb` (Great Britain).
_SUFFIX_UNITS = """
    mm cm km km2 m2 mg kg lb lbs oz ml ha ft mph kmh kph hPa Hz kHz MHz GHz kWh MWh GWh TWh
    ms sec seconds minutes hours days weeks months years miles USD EUR GBP JPY KRW CNY
    """
_SUFFIXES = {u.lower(): u for u in _SUFFIX_UNITS.split()} | {"pct": "%", "percent": "%"}

_BRACKETS = re.compile(r"(.+?)\s*[(\[（]\s*([^()\[\]（）]{1,40}?)\s*[)\]）]")
_SCALED = re.compile(rf"(?:in )?(?:(?:{_SCALES})\s?(?:of )?)?(.+)")
_PARTS = re.compile(r"\s*/\s*|\s*[·*]\s*| per ")
_OF = re.compile(r"% of .+")
#: An ending of the word that it touches, as in `Item(s)`.
_ENDING = re.compile(r".*[A-Za-z][(\[][a-z][)\]]")
#: Before the end of a name that is then no unit: `last_7_days`, `number_of_days`.
_COUNTED = re.compile(
    r"(?:.*_)?(?:\d+|last|past|next|(?:number|count|num|no)(?:_of)?)", re.IGNORECASE
)
_SUFFIX = re.compile(rf"(.*?\w)(?:_in)?_({'|'.join(_SUFFIXES)})", re.IGNORECASE)


def split_unit(name: str) -> tuple[str, str | None]:
    """A column's name without its unit, and the unit; None where the name states none."""
    name = name.strip()
    brackets = _BRACKETS.fullmatch(name)
    if brackets is not None:
        stated = _is_unit(brackets[2]) and not _ENDING.fullmatch(name)
        return (brackets[1], brackets[2]) if stated else (name, None)
    suffix = _SUFFIX.fullmatch(name)
    if suffix is None or _COUNTED.fullmatch(suffix[1]):
        return name, None
    return suffix[1], _SUFFIXES[suffix[2].lower()]


def _is_unit(text: str) -> bool:
    if text in _UNITS or _OF.fullmatch(text):
        return True
    scaled = _SCALED.fullmatch(text)
    assert scaled is not None  # anything matches the last group
    words = [w.strip() for w in _PARTS.split(scaled[1])]
    return all(w in _UNITS for w in words)
