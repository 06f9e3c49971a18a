from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from pipelines.readers.data_uri import decode_base64, decode_data_uri, is_data_uri
from pipelines.readers.drafts import BadInput
from tests.pipelines.readers.reading import png

PACKED = base64.b64encode(png()).decode()


@pytest.mark.parametrize(
    "uri",
    [
        f"data:image/png;base64,{PACKED}",
        f"DATA:image/png; Base64 ,{PACKED}",
        f"data:;base64,{PACKED.rstrip('=')}",
        f"data:image/png;base64,\n {base64.encodebytes(png()).decode()}",
        f"data:image/png;base64,{quote(PACKED, safe='')}",
        f"data:image/png;base64,{''.join(f'%{ord(c):x}' for c in PACKED)}",
        f"data:image/png,{quote(png())}",
    ],
)
def test_every_way_to_write_a_picture_gives_it(uri):
    assert is_data_uri(uri)
    assert decode_data_uri(uri, len(png())) == png()


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("data:image/png", "image_bad_data_uri"),
        ("data:image/png;base64,A", "image_bad_base64"),
        ("data:image/png;base64,QU*D", "image_bad_base64"),
        ("data:image/png;base64,QQ==QQ==", "image_bad_base64"),
        ("data:image/png;base64,é", "image_bad_base64"),
        ("data:image/png;base64," + "A" * 160, "image_too_large"),
        ("data:image/png," + "A" * 101, "image_too_large"),
        ("data:image/png," + "%41" * 200, "image_too_large"),
    ],
)
def test_what_is_no_picture_or_too_large_has_its_reason(uri, reason):
    with pytest.raises(BadInput) as bad:
        decode_data_uri(uri, 100)
    assert bad.value.reason == reason


def test_base64_has_the_limit_of_what_it_holds():
    assert decode_base64("QUJD\nREU", 5) == b"ABCDE"
    with pytest.raises(BadInput, match="image_too_large"):
        decode_base64("QUJDREU=", 4)
