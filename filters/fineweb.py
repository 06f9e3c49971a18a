"""Measures that FineWeb adds (Penedo et al. 2024, section 3.6).

Its share of lines that end as sentences do is `lines_that_end` of `c4`, its
characters in repeated lines `repeated_line_characters` of `repetition`.
"""

from __future__ import annotations

import numpy as np

from filters.characters import WIDE
from filters.layout import Layout
from filters.ratios import Measures, ratio

#: Columns of a terminal. The paper's 30 characters are English; a letter of East
#: Asian width says about what two Latin ones do.
SHORT_LINE = 30


def fineweb(layout: Layout) -> Measures:
    """FineWeb's measures.

    - `short_lines`: share of the lines that are at most `SHORT_LINE` columns wide;
    - `lines_per_word`: lines that are not blank; lists have many.
    """
    lines = layout.lines
    wide = np.flatnonzero((layout.flags & WIDE) != 0)
    columns = (
        lines.lengths + np.searchsorted(wide, lines.ends) - np.searchsorted(wide, lines.starts)
    )
    n_lines = layout.total(lines.owner)
    return {
        "short_lines": ratio(layout.total(lines.owner[columns <= SHORT_LINE]), n_lines),
        "lines_per_word": ratio(n_lines, layout.n_words),
    }
