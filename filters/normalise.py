"""Text as exact dedupe compares it."""

from __future__ import annotations

from unicodedata import is_normalized, normalize

import pyarrow as pa
import pyarrow.compute as pc


def normalise_text(texts: pa.StringArray) -> pa.StringArray:
    """NFC, lower case, every run of white space one blank, ends trimmed.

    Punctuation stays and NFKC is not used: "5 - 3" and "5 + 3", "x²" and "x2"
    are different problems.
    """
    lower = pc.utf8_lower(compose(texts))
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(lower, r"[\s\p{Z}]+", " "))


def compose(texts: pa.StringArray) -> pa.StringArray:
    """Texts in NFC."""
    # Not pyarrow's utf8_normalize: in pyarrow 25 its NFC leaves letters decomposed.
    composed = [t if is_normalized("NFC", t) else normalize("NFC", t) for t in texts.to_pylist()]
    return pa.array(composed, pa.string())
