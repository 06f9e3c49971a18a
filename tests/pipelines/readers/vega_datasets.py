"""The example data of Vega, which its specifications name."""

from __future__ import annotations

from pathlib import Path

from tests.pipelines.readers.packages import npm


def vega_datasets() -> Path:
    """The folder of its tables."""
    sha256 = "6f72fda460a9863fae5fcb32f85bcd49e1761fdea6dc6cf9f4962472881cc5a3"
    return npm("vega-datasets", "3.2.1", sha256) / "package" / "data"
