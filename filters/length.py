"""How long a text is in tokens, roughly, and which context it fits."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

#: Characters a token, for planning. EXAONE's own tokenizer is not to be had
#: without a model hub; these are the usual figures of 100-150K vocabularies.
#: They place a sample in a length class; they never cut one.
CHARACTERS_PER_TOKEN = {"en": 4.2, "de": 3.8, "es": 4.0, "vi": 3.0, "ko": 1.9, "ja": 1.6, "zh": 1.5}
DEFAULT_CHARACTERS_PER_TOKEN = 3.0

#: Contexts that trainers use, in tokens; the class of a sample is the smallest that holds it.
LENGTH_CLASSES = (1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072, 262_144)


def estimate_tokens(texts: pa.StringArray, languages: pa.StringArray) -> NDArray[np.int64]:
    """Text tokens of each row, from its characters and its language."""
    rates = [
        CHARACTERS_PER_TOKEN.get(code, DEFAULT_CHARACTERS_PER_TOKEN)
        for code in languages.to_pylist()
    ]
    characters = pc.utf8_length(texts).to_numpy(zero_copy_only=False)
    return np.ceil(characters / np.array(rates, dtype=np.float64)).astype(np.int64)


def length_class(tokens: ArrayLike) -> NDArray[np.int64]:
    """The smallest of `LENGTH_CLASSES` that holds each count; the largest where none does."""
    classes = np.array(LENGTH_CLASSES)
    place = np.searchsorted(classes, np.asarray(tokens), side="left")
    return classes[np.minimum(place, len(classes) - 1)]
