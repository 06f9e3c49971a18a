"""Pictures inside a text: data: URIs (RFC 2397), and base64 (RFC 4648).

As browsers read them: white space may stand anywhere, padding may be left out,
and what a data: URI holds may be written %XX.
"""

from __future__ import annotations

import base64
import re
from urllib.parse import unquote_to_bytes

from pipelines.readers.drafts import BadInput

_SCHEME = "data:"
_IN_BASE64 = re.compile(r"; *base64\s*\Z", re.I)
#: Characters of a byte at most: base64 has four for three bytes, of which each is written %XX.
_CHARACTERS = 4


def is_data_uri(address: str) -> bool:
    """Whether the address holds the picture itself."""
    return address[: len(_SCHEME)].lower() == _SCHEME


def decode_data_uri(uri: str, max_bytes: int) -> bytes:
    """What a data: URI holds. Raises BadInput."""
    header, comma, body = uri.partition(",")
    if not comma:
        raise BadInput("image_bad_data_uri", "a data: URI without a comma")
    _check_size(len(body), _CHARACTERS * max_bytes, "characters")
    data = unquote_to_bytes(body)
    if _IN_BASE64.search(header):
        return decode_base64(data, max_bytes)
    _check_size(len(data), max_bytes)
    return data


def decode_base64(text: str | bytes, max_bytes: int) -> bytes:
    """What a text in base64 holds. Raises BadInput."""
    packed = b"".join((text.encode() if isinstance(text, str) else text).split()).rstrip(b"=")
    _check_size(len(packed) * 3 // 4, max_bytes)
    try:
        return base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
    except ValueError as error:
        raise BadInput("image_bad_base64", str(error), packed) from error


def _check_size(size: int, limit: int, unit: str = "bytes") -> None:
    if size > limit:
        raise BadInput("image_too_large", f"{size} {unit}, limit {limit}")
