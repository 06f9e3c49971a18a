"""All measures of the heuristics over a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from filters.c4 import c4
from filters.damage import damage
from filters.fineweb import fineweb
from filters.gopher import gopher
from filters.layout import Layout, layouts
from filters.ratios import Measures
from filters.repetition import repetition
from filters.spam import spam

#: Measures some things of the texts of a chunk.
Measurer = Callable[[Layout], Measures]
MEASURERS: tuple[Measurer, ...] = (gopher, repetition, c4, fineweb, damage, spam)


def measure(
    texts: pa.StringArray, languages: pa.StringArray, measurers: Sequence[Measurer] = MEASURERS
) -> Measures:
    """Each measure of each text, as arrays of the length of `texts`.

    Give it prose: code and tables are not what the limits are for. What has no
    words, lines or letters measures 0.
    """
    # Of no texts too, every measure is there.
    chunks = list(layouts(texts, languages)) or list(layouts(pa.array([""]), pa.nulls(1)))
    parts = [
        {name: values for measurer in measurers for name, values in measurer(layout).items()}
        for layout in chunks
    ]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return {name: values[: len(texts)] for name, values in joined.items()}
