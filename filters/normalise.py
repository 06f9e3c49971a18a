"""Text as exact dedupe compares it."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def normalise_text(texts: pa.StringArray) -> pa.StringArray:
    """NFC, lower case, every run of white space one blank, ends trimmed.

    Punctuation stays and NFKC is not used: "5 - 3" and "5 + 3", "x²" and "x2"
    are different problems.
    """
    composed = pc.utf8_lower(pc.utf8_normalize(texts, form="NFC"))
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(composed, r"[\s\p{Z}]+", " "))
