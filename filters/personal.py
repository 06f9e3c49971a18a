"""Personal data in texts: e-mail addresses, phone numbers, identity and card numbers, IP addresses.

Every kind is one pattern without lookaround, which RE2 runs over the whole
batch first; only texts that it finds anything in are looked at in Python,
where what stands around a match, dates and check digits decide.

What is found gives way to a mask such as `<EMAIL>`. StarCoder writes them so;
Dolma's `|||EMAIL_ADDRESS|||` would break a Markdown table, and FineWeb's
made-up addresses teach addresses. All addresses have the same mask.

Masked:

- E-mail addresses, those of organisations too: nothing in `info@` or `j.kim@`
  says for sure which it is.
- Phone numbers with a country code; Korean, Japanese, American, Vietnamese and
  German ones as they are written with separators; in any country's writing
  after a label such as `Tel:`. A Spanish number without either looks like any
  number in groups of three.
- Korean resident and foreigner numbers, by date and check digit. Numbers given
  since October 2020 have no check digit: born later, or under a label, the date
  is enough. Without the hyphen the label must be there, for a Korean bar code
  (880…) looks the same.
- Payment cards of 14 to 19 digits, by issuer and check digit. Visa's old 13
  digits look like German bar codes (400 to 440).
- Public IP addresses. What could be a version (7.5.3.2, or V8 9.5.172.25: a first
  number up to 30, a second up to 100) is one unless the words before it speak of an
  address; that gives up 5% of the addresses that nothing introduces.
- Japanese Individual Numbers, by check digit, in groups with hyphens or under a label.

Not masked, as they are nobody's: addresses that RFC 2606 (`example.com`,
`.test`), RFC 5737 and 3849 set aside for documents, `010-0000-0000`, American
555-01xx; private, loopback and reserved IP addresses, networks (`/24`), open resolvers
(8.8.8.8), `git@`; Korean business numbers, which are public. Not found: addresses in words
(`kim at naver`), digits in full width, names and postal addresses.
"""

from __future__ import annotations

import datetime
import ipaddress
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Kinds of personal data, and what stands in their place.
MASKS = {
    "email": "<EMAIL>",
    "phone": "<PHONE>",
    "resident_number": "<RESIDENT_NUMBER>",
    "card": "<CARD>",
    "ip_address": "<IP_ADDRESS>",
    "my_number": "<MY_NUMBER>",
}

#: From the 5th on, Korea gives numbers whose last six digits are random.
RANDOM_RESIDENT_NUMBERS = datetime.date(2020, 10, 5)
#: The largest first and second number of a version. Of 656 different public "addresses" in
#: /usr/share/doc of 740 packages 512 are small throughout and 131 more are within this; of 70
#: of those looked at, 69 were versions.
MAX_VERSION = (30, 100)
#: Characters before a match in which its label is looked for.
LABEL_WINDOW = 24

#: Generic top-level domains that addresses have; an unknown one is code (`X@w.shape`), and two
#: letters are a country.
GENERIC_DOMAINS = _words(
    """academy aero agency app art asia biz blog care cat center club cloud company coop design dev
    digital edu education email eus global gov group health icu info institute int jobs life link
    live media mil mobi museum name net network news online org page post pro school services shop
    site software solutions space store studio systems team tech tel today top travel university
    vip wang website win work works world xyz zone com"""
)
#: Two letters that are the end of a file: `sr@latin.po`.
_NO_COUNTRIES = frozenset(("po", "js", "ts"))
_RESERVED_DOMAINS = frozenset(("example", "test", "invalid", "localhost"))
_EXAMPLE_DOMAINS = frozenset(("example.com", "example.net", "example.org"))
#: Blocks of 2000::/3 that are for documents: RFC 3849 and RFC 9637.
_DOCUMENT_NETWORKS = tuple(map(ipaddress.IPv6Network, ("2001:db8::/32", "3fff::/20")))

#: Open resolvers of Google, Cloudflare and Quad9, which any page on networks names.
_RESOLVERS = frozenset(
    map(
        ipaddress.ip_address,
        _words(
            """1.0.0.1 1.1.1.1 8.8.4.4 8.8.8.8 9.9.9.9 2001:4860:4860::8844 2001:4860:4860::8888
            2606:4700:4700::1001 2606:4700:4700::1111 2620:fe::fe"""
        ),
    )
)

#: Korean numbers that firms share nationwide (MSIT's numbering plan).
_KOREAN_SERVICE = _words(
    """1522 1533 1544 1566 1577 1588 1599 1600 1644 1661 1666 1668 1670 1688 1800 1811 1833 1855
    1866 1877 1899"""
)
#: Digits after the country code, fewest and most (ITU E.164 and national plans).
_NATIONAL_DIGITS = {"1": (10, 10), "34": (9, 9), "49": (7, 11), "81": (9, 10), "82": (8, 10),
                    "84": (9, 10)}  # fmt: skip
_ANY_NATIONAL_DIGITS = (7, 11)
_COUNTRY = re.compile(
    "1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]"
    "|(?:2[1-689]|3[578]|42|50|59|6[7-9]|8[0578]|9[679])[0-9]"
)
#: Card issuers: first and last prefix, and how many digits their numbers have (ISO/IEC 7812).
_ISSUERS = (
    ("4", "4", (16, 19)),  # Visa
    ("51", "55", (16,)),  # Mastercard
    ("2221", "2720", (16,)),
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),
    ("300", "305", (14,)),  # Diners Club
    ("36", "36", (14,)),
    ("38", "39", (14,)),
    ("3528", "3589", (16, 19)),  # JCB
    ("6011", "6011", (16, 19)),  # Discover
    ("644", "659", (16, 19)),
    ("62", "62", (16, 19)),  # UnionPay
)

#: Hyphens as pages write them, and the other separators of numbers.
_DASH = "[-\u2010\u2011]"
_SEPARATOR = "[-. \u2010\u2011]"
_LABEL = (
    r"(?i:(?:tel|telef|fax) ?[.:]{1,2}"
    r"|(?:telephone|telefon|teléfono|fon|phone|cell|mobile|mobil|móvil|handy|hotline) ?:"
    r"|(?:전화|전화번호|연락처|휴대폰|휴대전화|핸드폰|팩스|電話|電話番号|携帯|携帯電話"
    r"|ファックス|điện thoại|đt|sđt|số điện thoại) ?[:：)]?)"
)
_PHONE = "|".join(
    (
        rf"\+[0-9]{{1,15}}(?:[ -]?\([0-9]{{1,4}}\) ?[0-9]{{1,8}})?"
        rf"(?:{_SEPARATOR}[0-9]{{1,8}}){{0,6}}",
        # Korea: mobile, by area, shared by firms.
        rf"010[0-9]{{8}}|01[016-9]{_SEPARATOR}[0-9]{{3,4}}{_SEPARATOR}?[0-9]{{4}}",
        rf"\(?0(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|80|50[2-8]?)(?:\) ?|[.]|{_DASH})[0-9]{{3,4}}"
        rf"(?:[. ]|{_DASH})[0-9]{{4}}",
        r"1[568][0-9]{2}-[0-9]{4}",
        # Japan.
        rf"\(?0[0-9]{{1,4}}(?:\) ?|{_DASH})[0-9]{{1,4}}{_DASH}[0-9]{{3,4}}",
        # The United States and Canada.
        rf"(?:1[-. ])?(?:\([2-9][0-9]{{2}}\) ?|[2-9][0-9]{{2}}{_DASH})[2-9][0-9]{{2}}{_DASH}"
        r"[0-9]{4}",
        r"[2-9][0-9]{2}\.[2-9][0-9]{2}\.[0-9]{4}",
        # Vietnam.
        r"0[35789][0-9]{2}[ .-][0-9]{3}[ .-][0-9]{3}",
        r"0[35789][0-9][ .-][0-9]{3}[ .-][0-9]{4}",
        # Germany: mobile, by area.
        r"01(?:5[0-9]{1,2}|6[023]|7[0-9])[ /-][0-9]{7,8}",
        r"0[2-9][0-9]{1,4}/[0-9]{5,8}",
    )
)
_LABELLED_PHONE = (
    rf"{_LABEL} ?\(?[0-9]{{1,13}}(?:(?:{_SEPARATOR}|[/()]){{1,2}}[0-9]{{1,13}}){{0,5}}"
)
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_CARD = (
    r"[2-6][0-9]{3}(?:[ -]?[0-9]{4}){3}(?:[ -]?[0-9]{3})?"
    r"|3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5}"
    r"|3[0689][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{4}"
)

_RESIDENT_LABEL = re.compile(r"(?:주민(?:등록)? ?번호|외국인(?:등록)? ?번호)[^0-9]{0,6}$")
_MY_NUMBER_LABEL = re.compile(r"(?:マイナンバー|個人番号)[^0-9]{0,6}$")
_VERSION_LABEL = re.compile(
    r"(?i)(?:\bv|\bver|version|versión|release|build|firmware|버전|バージョン|phiên bản)"
    r"[. :=]{0,2}$"
)
_DATE = re.compile(
    r"[0-9]{4}[-./ ][0-9]{1,2}[-./ ][0-9]{1,2}|[0-9]{1,2}[-./ ][0-9]{1,2}[-./ ][0-9]{4}"
)
_COMPACT_DATE = re.compile(r"\+20[0-9]{2}[01][0-9][0-3][0-9]")
_DECIMALS = re.compile(r"(?<![-0-9A-Za-z.:])0,$")
_ADDRESS_LABEL = re.compile(
    r"(?i)\bip\b|ip4:|addr|dirección|địa chỉ|アドレス|주소|\bserver|서버|サーバ|host|dns|ping|://|@|\[$"
)
_NUMBER = re.compile(r"[0-9]+")
_ANY_MASK = "|".join(MASKS.values())
_AFTER_MASK = re.compile(f"(?:{_ANY_MASK})[-.]?$")
_BEFORE_MASK = re.compile(f"[-./]?(?:{_ANY_MASK})")
_GROUP_BEFORE = re.compile(f"(?:(?<![-.0-9])[0-9]{{4}}|{_ANY_MASK}) $")
_GROUP_AFTER = re.compile(f" (?:[0-9]{{4}}(?![0-9])|{_ANY_MASK})")
#: Where a number may not begin or end: inside a longer one.
_BEGINS, _ENDS = r"(?<![0-9][-.])", r"(?![-.][0-9])"

Span = tuple[int, int]
#: The number of a kind, and the line of a text in which it may be.
Place = tuple[int, int, int]


@dataclass(frozen=True)
class _Kind:
    """How one kind of personal data is found."""

    name: str
    #: In the syntax that RE2 and Python share.
    core: str
    #: The characters that may not stand before and after, as a set's inside.
    before: str
    after: str
    #: What else may not, for Python only.
    begins: str
    ends: str
    #: The span to mask, if the match is what it looks like.
    accept: Callable[[re.Match[str]], Span | None]

    def hint(self) -> str:
        """Matches every text that has one, for RE2."""
        return f"(?:^|[^{self.before}])(?:{self.core})(?:$|[^{self.after}])"

    def pattern(self) -> re.Pattern[str]:
        """Matches each, for Python."""
        return re.compile(
            f"(?<![{self.before}]){self.begins}(?:{self.core})(?![{self.after}]){self.ends}"
        )


def mask_personal(texts: pa.StringArray) -> tuple[pa.StringArray, dict[str, NDArray[np.int64]]]:
    """The texts with personal data masked, and how many of each kind were in each.

    The keys of the counts are those of `MASKS`. Texts in which nothing is found
    come back byte for byte, nulls as nulls. Masking what was masked changes
    nothing. Time is linear in the text, whatever it is.
    """
    counts = {name: np.zeros(len(texts), np.int64) for name in MASKS}
    changed: dict[int, str] = {}
    for row, places in _candidates(texts).items():
        text, found = _mask(texts[row].as_py(), places)
        if found:
            changed[row] = text
            for name, count in found.items():
                counts[name][row] = count
    if not changed:
        return texts, counts
    rows = np.zeros(len(texts), bool)
    rows[list(changed)] = True
    masked = pc.replace_with_mask(texts, pa.array(rows), pa.array(changed.values(), texts.type))
    return masked, counts


def _candidates(texts: pa.StringArray) -> dict[int, list[Place]]:
    """Where to look in Python: first the texts, then their lines, then the kinds, by RE2 alone."""
    anything = "|".join(kind.hint() for kind in _KINDS)
    rows = _matches(texts, anything)
    lists = pc.split_pattern(texts.take(pa.array(rows)), "\n")
    lines, owner = lists.flatten(), pc.list_parent_indices(lists).to_numpy()
    ends = np.cumsum(pc.utf8_length(lines).to_numpy() + 1)
    first = lists.offsets.to_numpy()[owner]
    before = np.concatenate([[0], ends])
    starts, stops = before[:-1] - before[first], ends - 1 - before[first]
    some = _matches(lines, anything)
    lines = lines.take(pa.array(some))
    found: dict[int, list[Place]] = defaultdict(list)
    for number, kind in enumerate(_KINDS):
        for line in some[_matches(lines, kind.hint())]:
            place = (number, int(starts[line]), int(stops[line]))
            found[int(rows[owner[line]])].append(place)
    return dict(sorted(found.items()))


def _matches(texts: pa.StringArray, pattern: str) -> NDArray[np.int64]:
    found = pc.fill_null(pc.match_substring_regex(texts, pattern), False)
    return np.flatnonzero(found.to_numpy(zero_copy_only=False))


def _mask(text: str, places: list[Place]) -> tuple[str, Counter[str]]:
    pieces, end, found = [], 0, Counter[str]()
    for start, number, stop in sorted(_spans(text, places)):
        if start < end:
            continue
        name = _KINDS[number].name
        found[name] += 1
        pieces += [text[end:start], MASKS[name]]
        end = stop
    return "".join([*pieces, text[end:]]), found


def _spans(text: str, places: list[Place]) -> Iterator[tuple[int, int, int]]:
    for number, place, last in places:
        pattern, accept = _PATTERNS[number], _KINDS[number].accept
        while match := pattern.search(text, place, last):
            span = accept(match)
            # What touches a mask was refused when the mask was not there yet.
            if span and not (
                _AFTER_MASK.search(_before(text, span[0])) or _BEFORE_MASK.match(text, span[1])
            ):
                yield span[0], number, span[1]
                place = span[1]
            else:
                place = match.start() + 1


def _before(text: str, place: int) -> str:
    return text[max(0, place - LABEL_WINDOW) : place]


def _digits(text: str) -> str:
    return "".join(_NUMBER.findall(text))


def _email(match: re.Match[str]) -> Span | None:
    local, _, domain = match[0].lower().partition("@")
    labels = domain.split(".")
    example = labels[-1] in _RESERVED_DOMAINS or ".".join(labels[-2:]) in _EXAMPLE_DOMAINS
    country = len(labels[-1]) == 2 and labels[-1] not in _NO_COUNTRIES
    known = country or labels[-1] in GENERIC_DOMAINS
    # Lengths in octets: RFC 5321, 4.5.3.1.
    fits = len(local) <= 64 and len(domain) <= 255
    dotted = local[0] == "." or local[-1] == "." or ".." in local
    return match.span() if known and fits and not (example or dotted or local == "git") else None


def _phone(match: re.Match[str]) -> Span | None:
    text = match[0]
    if text[0] == "+":
        return _international(match)
    digits = _digits(text)
    if digits.startswith("1") and len(digits) == 8:
        # 1800-1899 are years.
        years = "1500" <= digits[4:] < "2100"
        return match.span() if digits[:4] in _KOREAN_SERVICE and not years else None
    if digits[0] == "1" or digits[0] in "23456789":
        national = digits[-10:]
        return None if national[3:8] == "55501" else match.span()
    if set(digits[3:]) == {"0"} or not set(digits) - {"0", "1"}:
        return None  # 010-0000-0000; 01011010110
    if _DECIMALS.search(_before(match.string, match.start())):
        return None  # 0,01065109931
    fewest = 8 if "/" in text else 9 if digits.startswith("02") else 10
    return match.span() if digits[1] != "0" and fewest <= len(digits) <= 12 else None


def _international(match: re.Match[str]) -> Span | None:
    """A number with its country code; groups that are more than it can have are not of it."""
    groups = list(_NUMBER.finditer(match[0]))
    country = _COUNTRY.match(match[0], 1)
    if not country or match[0].count(".") == 1 == len(groups) - 1:
        return None  # +1.2345678901
    if len(groups) == 1 and _COMPACT_DATE.match(match[0]):
        return None  # 1.0+20191229111838
    fewest, most = _NATIONAL_DIGITS.get(country[0], _ANY_NATIONAL_DIGITS)
    for last in reversed(groups):
        number = match[0][country.end() : last.end()]
        national = _digits(re.sub(r"^[^0-9]*\(?0\)?", "", number) if country[0] != "39" else number)
        if len(last[0]) == 1:
            continue
        if fewest <= len(national) <= most and national[0] != "0":
            nobody = national[0] in "01" or national[3] in "01" or national[3:8] == "55501"
            if country[0] == "1" and nobody:
                return None
            return match.start(), match.start() + last.end()
    return None


def _labelled_phone(match: re.Match[str]) -> Span | None:
    first = re.search(r"\(?[0-9]", match[0])
    assert first
    number, start = match[0][first.start() :], match.start() + first.start()
    digits = _digits(number)
    plausible = 7 <= len(digits) <= 13 and set(digits[3:]) != {"0"} and number[-2:].isdigit()
    return (start, start + len(number)) if plausible and not _DATE.fullmatch(number) else None


def _resident(match: re.Match[str]) -> Span | None:
    digits = _digits(match[0])
    century = 1900 if digits[6] in "1256" else 2000
    try:
        born = datetime.date(century + int(digits[:2]), int(digits[2:4]), int(digits[4:6]))
    except ValueError:
        return None
    labelled = bool(_RESIDENT_LABEL.search(_before(match.string, match.start())))
    if len(match[0]) == 13 and not labelled:
        return None
    sure = labelled or born >= RANDOM_RESIDENT_NUMBERS
    return match.span() if sure or resident_check(digits) else None


def resident_check(digits: str) -> bool:
    """Whether the last of 13 digits is the check digit of a Korean resident number.

    Foreigners (7th digit 5 to 8) have the same sum, and 2 is added.
    """
    weights = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
    total = sum(w * int(d) for w, d in zip(weights, digits, strict=False))
    offset = 13 if digits[6] in "5678" else 11
    return (offset - total % 11) % 10 == int(digits[12])


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    doubled = sum(sum(divmod(2 * int(d), 10)) for d in digits[-2::-2])
    return (doubled + sum(map(int, digits[-1::-2]))) % 10 == 0


def my_number_check(digits: str) -> bool:
    """Whether the last of 12 digits is the check digit of a Japanese Individual Number.

    Order 85 of the Ministry of Internal Affairs, 2014, article 5.
    """
    weights = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    rest = sum(w * int(d) for w, d in zip(weights, digits, strict=False)) % 11
    return (0 if rest <= 1 else 11 - rest) == int(digits[11])


def _card(match: re.Match[str]) -> Span | None:
    text, start = match[0], match.start()
    blanks, dashes = text.count(" "), text.count("-")
    if (blanks and dashes) or blanks + dashes == 1 or (blanks and _in_row_of_numbers(match)):
        return None
    ends = [m.end() for m in re.finditer(r"[0-9]", text)]
    for length in (19, 16, 15, 14):
        if length > len(ends) or (not blanks + dashes and length < len(ends)):
            continue
        digits = _digits(text)[:length]
        whole = length == len(ends) or text[ends[length - 1]] in " -"
        if whole and _issued(digits) and luhn(digits):
            return start, start + ends[length - 1]
    return None


def _in_row_of_numbers(match: re.Match[str]) -> bool:
    """Whether groups of four go on before or after: a row of a table, the ticks of an axis."""
    return bool(
        _GROUP_AFTER.match(match.string, match.end())
        or _GROUP_BEFORE.search(_before(match.string, match.start()))
        or all(group.endswith("0") for group in match[0].split(" "))
    )


def _issued(digits: str) -> bool:
    return any(
        first <= digits[: len(first)] <= last and len(digits) in lengths
        for first, last, lengths in _ISSUERS
    )


def _ipv4(match: re.Match[str]) -> Span | None:
    address = ipaddress.IPv4Address(match[0])
    if not address.is_global or address.is_multicast or address in _RESOLVERS:
        return None
    before = _before(match.string, match.start())
    first, second, *rest = address.packed
    if first <= MAX_VERSION[0] and second <= MAX_VERSION[1]:
        small = max(second, *rest) <= MAX_VERSION[0]
        if small or not _ADDRESS_LABEL.search(before):
            return None
    return None if _VERSION_LABEL.search(before) else match.span()


def _ipv6(match: re.Match[str]) -> Span | None:
    text = match[0] if match[0].endswith("::") else match[0].rstrip(":")
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return None
    documents = any(address in network for network in _DOCUMENT_NETWORKS)
    if not address.is_global or documents or address in _RESOLVERS:
        return None
    return match.start(), match.start() + len(text)


def _my_number(match: re.Match[str]) -> Span | None:
    digits = _digits(match[0])
    grouped = match[0].count("-") == 2
    labelled = _MY_NUMBER_LABEL.search(_before(match.string, match.start()))
    return match.span() if (grouped or labelled) and my_number_check(digits) else None


_WORD = "0-9A-Za-z_"
_KINDS = (
    _Kind(
        "email", r"[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24}", "A-Za-z0-9._%+-", _WORD,
        "", "", _email,
    ),
    _Kind(
        "resident_number", rf"[0-9]{{6}}(?:{_DASH}| )?[1-8][0-9]{{6}}", _WORD, _WORD,
        _BEGINS, _ENDS, _resident,
    ),
    _Kind("card", _CARD, rf"{_WORD}/-", _WORD, _BEGINS, _ENDS, _card),
    _Kind("my_number", r"[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}", _WORD, _WORD, _BEGINS, _ENDS,
          _my_number),
    _Kind(
        "ip_address", rf"{_OCTET}(?:\.{_OCTET}){{3}}", rf"{_WORD}.-", _WORD,
        "", r"(?!\.[0-9])(?!-[0-9A-Za-z])(?!/[0-9]{1,2}(?![0-9]))", _ipv4,
    ),
    _Kind(
        "ip_address", r"[23][0-9A-Fa-f]{3}:[0-9A-Fa-f:]{2,34}", f"{_WORD}:.", f"{_WORD}:",
        "", r"(?!/[0-9]{1,3}(?![0-9]))", _ipv6,
    ),
    _Kind("phone", _PHONE, f"{_WORD}+", _WORD, _BEGINS, _ENDS, _phone),
    _Kind("phone", _LABELLED_PHONE, "A-Za-z.", _WORD, "", _ENDS, _labelled_phone),
)  # fmt: skip
_PATTERNS = tuple(kind.pattern() for kind in _KINDS)
