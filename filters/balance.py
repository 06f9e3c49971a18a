"""Balancing by entities: what is named often is sampled, what is named seldom stays.

The rule of MetaCLIP (Xu et al. 2023, "Demystifying CLIP Data", section 3.3): an
entity that c rows name is drawn in each of them with probability min(1, t / c),
and a row stays if any of its entities is drawn. So an entity of up to t rows
keeps them all, and of a more frequent one about t rows stay for its sake; a
row that names something rare besides stays for that.

Entities are counted within a language, as MetaCLIP 2 does (Chuang et al. 2025):
counted together, the largest language would decide what is frequent.

Implemented from the paper. A draw is a hash of seed, row and entity, so that
any worker decides about a row alone, and a changed cap keeps a superset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from filters.words import mix
from records import digest

#: Hex digits of a hash that make a key of 64 bits.
_KEY_DIGITS = 16
#: What a double can tell apart in [0, 1).
_DRAW_BITS = 53


@dataclass(frozen=True)
class Balance:
    """For each row: whether it stays, and the entity that came nearest to being drawn.

    Entities are indexes into the flat array of all rows' entities, -1 for a row
    without any, which stays. `chance` is that entity's probability, `drawn` the
    number that had to be below it.
    """

    stays: NDArray[np.bool_]
    entity: NDArray[np.int64]
    chance: NDArray[np.float64]
    drawn: NDArray[np.float64]


def entity_keys(entities: pa.ListArray, languages: pa.StringArray) -> NDArray[np.uint64]:
    """A key of 64 bits for each entity of all rows, flat; a language has its own."""
    language = pc.fill_null(languages, "").take(pc.list_parent_indices(entities))
    names = pc.binary_join_element_wise(language, entities.flatten(), "\x1f")
    encoded = pc.dictionary_encode(names)
    keys = _keys(encoded.dictionary.to_pylist())
    return keys[encoded.indices.to_numpy()]


def row_keys(seed: int, ids: Sequence[str]) -> NDArray[np.uint64]:
    """What the draws of a row depend on beside the entity, 64 bits each."""
    return _keys(ids, str(seed), "balance")


def _keys(names: Sequence[str], *before: str) -> NDArray[np.uint64]:
    return np.array([int(digest(*before, n)[:_KEY_DIGITS], 16) for n in names], np.uint64)


def draws(rows: NDArray[np.uint64], entities: NDArray[np.uint64]) -> NDArray[np.float64]:
    """A number in [0, 1) for each pair of a row's key and an entity's key."""
    bits = mix(mix(rows) + entities) >> np.uint64(64 - _DRAW_BITS)
    return bits.astype(np.float64) * 2.0**-_DRAW_BITS


def balance(
    rows: NDArray[np.uint64],
    offsets: ArrayLike,
    entities: NDArray[np.uint64],
    counts: ArrayLike,
    caps: ArrayLike,
) -> Balance:
    """Which rows stay.

    Args:
        rows: the key of each row (`row_keys`).
        offsets: row k has the entities `offsets[k]:offsets[k + 1]`; shape (rows + 1,).
        entities: the key of each entity of all rows (`entity_keys`).
        counts: how many rows of all the data name it, at least 1.
        caps: t of the rule for it; a number, or one an entity.
    """
    bounds = np.asarray(offsets, np.int64)
    lengths = np.diff(bounds)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    chance = np.minimum(1.0, np.broadcast_to(caps, len(owner)) / np.asarray(counts, np.float64))
    drawn = draws(rows[owner], entities)
    # A row's entities by how near they came; the last of a row decides about it.
    order = np.lexsort((chance - drawn, owner))
    has_any = lengths > 0
    nearest = np.full(len(lengths), -1, np.int64)
    nearest[has_any] = order[bounds[1:][has_any] - 1 - bounds[0]]
    stays = np.ones(len(lengths), np.bool_)
    stays[has_any] = (drawn < chance)[nearest[has_any]]
    return Balance(
        stays,
        nearest,
        np.where(has_any, np.append(chance, 1.0)[nearest], np.nan),
        np.where(has_any, np.append(drawn, 0.0)[nearest], np.nan),
    )
