"""What a mixture is made of, and dealing it into shards so that each is a small copy of the whole.

Rows are ordered by stratum, then by a random key, and dealt round like cards:
the row of rank r goes to shard r mod N. So shard sizes differ by at most one,
and so does the number of rows that any two shards have of any one stratum
(systematic sampling of a sorted list).

Ranks need no global sort: rows are cut into cells (stratum, range of keys);
the sizes of the cells give each its first rank, and a cell is ranked alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

#: Quality tiers by their number, and the name of a row that has none.
TIERS = ("low", "mid", "high")
NO_TIER = "none"

#: A stratum, and the leading hex digits of the keys.
Cell = tuple[str, str]
#: Hex digits of a key that name its cell: 256 cells a stratum.
CELL_DIGITS = 2


def quality_tiers(
    scores: Mapping[str, NDArray[np.float64]], limits: Mapping[str, tuple[float, float]]
) -> NDArray[np.float64]:
    """The place in `TIERS` of each row, NaN where it has none of the scores.

    `limits` say for each score where the tiers mid and high begin; the first
    that a row has decides. `scores` has each of them, NaN where a row has none.
    """
    tiers = np.full(len(next(iter(scores.values()))), np.nan)
    for name, edges in limits.items():
        tier = np.searchsorted(edges, scores[name], side="right").astype(np.float64)
        undecided = np.isnan(tiers) & ~np.isnan(scores[name])
        tiers[undecided] = tier[undecided]
    return tiers


def stratum(bucket: str, lang: str | None, scores: Mapping[str, float]) -> str:
    """What a shard must have its share of: `bucket.language.length class.tier`."""
    tier = scores.get("quality_tier")
    name = NO_TIER if tier is None else TIERS[int(tier)]
    return f"{bucket}.{lang}.{int(scores.get('length_class', 0))}.{name}"


def cell(stratum: str, key: str) -> Cell:
    """The cell of a row; `key` is hexadecimal."""
    return stratum, key[:CELL_DIGITS]


def first_ranks(sizes: Mapping[Cell, int]) -> dict[Cell, int]:
    """The rank of each cell's first row, from the number of rows in each cell."""
    rank, first = 0, {}
    for name in sorted(sizes):
        first[name] = rank
        rank += sizes[name]
    return first


def deal(keys: Sequence[str], first_rank: int, shards: int) -> NDArray[np.int64]:
    """The shard of each row of one cell, whatever order the rows are in; keys are distinct.

    Rows whose keys follow each other lie in different shards, if there are that
    many: a key with something appended is for a copy of its row.
    """
    order = np.argsort(np.asarray(keys, dtype=str), kind="stable")
    shard = np.empty(len(order), dtype=np.int64)
    shard[order] = (first_rank + np.arange(len(order))) % shards
    return shard
