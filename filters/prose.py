"""The running text of a document, without its code and tables."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def prose(texts: pa.StringArray) -> pa.StringArray:
    """Texts without fenced code blocks and Markdown table rows.

    Code is English in any language, and repeats itself by nature: what judges
    prose must not see it.
    """
    without_code = pc.replace_substring_regex(texts, r"(?s)```.*?(?:```|$)", "\n")
    return pc.replace_substring_regex(without_code, r"(?m)^\s*\|.*\|\s*$", "")
