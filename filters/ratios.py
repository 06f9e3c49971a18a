"""Shares of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: For each text a number, by the name of what was measured.
Measures = dict[str, NDArray[np.float64]]


def ratio(over: NDArray[Any], under: NDArray[Any]) -> NDArray[np.float64]:
    """`over / under`, 0 where `under` is 0."""
    return np.divide(over, under, out=np.zeros(len(under)), where=np.asarray(under) > 0)
