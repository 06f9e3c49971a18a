"""The one hash and the one source of randomness.

Everything that must come out the same on every machine (sample ids, cache keys,
shard order, random choices) is computed here, from content and a seed, never
from a global generator, a clock, or the order in which rows arrive.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

#: Bytes of BLAKE2b kept in an id: 128 bits, so 1e12 rows collide with p < 1e-14.
DIGEST_BYTES = 16


def digest(*fields: str | bytes | None) -> str:
    """Hash `fields` to 32 hex characters.

    Each field is preceded by its length, so ("ab", "c") and ("a", "bc") differ,
    and None differs from the empty string. Lone surrogates are hashed as they
    are instead of raising.
    """
    state = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for field in fields:
        if field is None:
            state.update(b"-;")
            continue
        data = field.encode("utf-8", "surrogatepass") if isinstance(field, str) else field
        state.update(b"%d;" % len(data))
        state.update(data)
    return state.hexdigest()


def digest_json(value: Any) -> str:
    """Hash any JSON value, whatever the order of its keys."""
    return digest(json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")))


def uniform(seed: int, *keys: str) -> float:
    """A number in [0, 1) that depends only on `seed` and `keys`."""
    return int(digest(str(seed), *keys)[:13], 16) / 16**13


def generator(seed: int, *keys: str) -> np.random.Generator:
    """A NumPy generator that depends only on `seed` and `keys`."""
    return np.random.Generator(np.random.PCG64(int(digest(str(seed), *keys), 16)))
