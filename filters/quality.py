"""Educational value and STEM relevance of texts, by fastText models that this project trains.

A quality model is a folder that `vlmforge train-classifier` writes: one fastText
model for the grade (0..5), one for the field, and `model.json` with what is
needed to read their answers. Training and prediction see a text through the
same `quality_text`.

Model: Joulin et al. 2016, "Bag of Tricks for Efficient Text Classification".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fasttext
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters.evaluation import tempered
from filters.normalise import normalise_text
from filters.prose import prose

#: Grades of educational value.
GRADES = (0, 1, 2, 3, 4, 5)
#: What a text can be about; the last is none of the others.
FIELDS = (
    "mathematics",
    "statistics",
    "physics",
    "astronomy",
    "chemistry",
    "biology",
    "medicine",
    "earth science",
    "computer science",
    "engineering",
    "none",
)
NOT_STEM = FIELDS[-1]

#: Raised when `quality_text` changes: a model reads only what it was trained on.
NORMALISER = 1
#: Characters of a text that are looked at: its beginning, as the annotator sees it.
MAX_CHARACTERS = 2000

MODEL_FILE = "model.json"
LABEL = "__label__"

#: A name of a place, not a word: addresses, paths, markup.
_PLACES = r"<[^>\n]{1,300}>|\S*(?:://|@|\\)\S*|\S+/\S+/\S*"
_NOT_WORDS = r"[^\p{L}\p{M}0]+"
#: Letters of scripts without blanks between words, and Hangul, whose words change by
#: particles, are words of their own; the model's n-grams join them again.
_SINGLE = r"([\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}ー])"


class NoQualityModel(ValueError):
    """There is no usable quality model at a path; the text says what to do."""


def quality_text(texts: pa.StringArray) -> pa.StringArray:
    """Texts as the models read them: words in lower case, one blank between them.

    Code, tables, markup, addresses and punctuation go, and a number of any size
    is `0`: they tell where a text came from rather than what it teaches.
    """
    beginnings = pc.utf8_slice_codeunits(texts, 0, MAX_CHARACTERS)
    words = pc.replace_substring_regex(normalise_text(prose(beginnings)), _PLACES, " ")
    words = pc.replace_substring_regex(words, r"\p{N}+", "0")
    words = pc.replace_substring_regex(words, _NOT_WORDS, " ")
    words = pc.replace_substring_regex(words, _SINGLE, r" \1 ")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(words, " {2,}", " "))


def fasttext_label(label: Any) -> str:
    """A label as it stands in fastText's lines."""
    return LABEL + str(label).replace(" ", "_")


@dataclass(frozen=True)
class Quality:
    """What a quality model says of each text; NaN and None of a text without words."""

    #: The expected grade, 0..5.
    education: NDArray[np.float64]
    #: The probability that it is about any field, 0..1.
    stem: NDArray[np.float64]
    #: The most probable of `FIELDS`.
    field: NDArray[np.object_]


@dataclass(frozen=True)
class Head:
    """One fastText model with its labels and its calibration."""

    model: Any
    #: Grades, or fields.
    labels: list[Any]
    temperature: float

    def probabilities(self, words: list[str]) -> NDArray[np.float64]:
        """Calibrated, of shape (texts, labels); `words` as `quality_text` gives them."""
        if not words:
            return np.zeros((0, len(self.labels)))
        labels, found = self.model.predict(words, k=-1)
        place = {fasttext_label(label): i for i, label in enumerate(self.labels)}
        raw = np.zeros((len(words), len(self.labels)))
        rows = np.repeat(np.arange(len(words)), [len(row) for row in labels])
        columns = [place[label] for row in labels for label in row]
        raw[rows, columns] = np.concatenate(found)
        return tempered(raw, self.temperature)


class QualityModel:
    """A quality model, loaded. Raises NoQualityModel where its folder is not one."""

    def __init__(self, folder: Path):
        self.folder = folder
        told = _read(folder)
        if told["normaliser"] != NORMALISER:
            raise NoQualityModel(
                f"{folder} was trained with version {told['normaliser']} of the text "
                f"normaliser, this is {NORMALISER}: train it again"
            )
        self.heads = {name: _head(folder, name, head) for name, head in told["heads"].items()}

    def score(self, texts: pa.StringArray) -> Quality:
        """The quality of each text; of a head that the model has not, NaN and None."""
        words = quality_text(texts)
        some = np.flatnonzero(pc.not_equal(words, "").to_numpy(zero_copy_only=False))
        known = words.take(pa.array(some)).to_pylist()
        education, stem = np.full(len(texts), np.nan), np.full(len(texts), np.nan)
        field = np.full(len(texts), None, dtype=object)
        if head := self.heads.get("education"):
            education[some] = expectation(head.probabilities(known), head.labels)
        if head := self.heads.get("field"):
            found = head.probabilities(known)
            stem[some] = stem_probability(found, head.labels)
            field[some] = np.array(head.labels, dtype=object)[found.argmax(axis=1)]
        return Quality(education, stem, field)


def expectation(probabilities: NDArray[np.float64], values: Sequence[float]) -> NDArray[np.float64]:
    """The mean of `values`, one of each column, under each row of `probabilities`.

    Added column by column: a product of matrices adds a row in another order when it
    is alone, and then the last bits of a score would tell the size of its batch.
    """
    total = np.zeros(len(probabilities))
    for column, value in zip(probabilities.T, values, strict=True):
        total += column * value
    return total


def stem_probability(
    probabilities: NDArray[np.float64], labels: Sequence[str]
) -> NDArray[np.float64]:
    """The probability of any field, from those of all labels, shape (texts, labels)."""
    return np.minimum(1.0, expectation(probabilities, [label != NOT_STEM for label in labels]))


def quality_model_digest(folder: Path) -> str:
    """The identity of a quality model: of all that can change a score. Raises NoQualityModel."""
    heads = _read(folder)["heads"]
    state = hashlib.sha256((folder / MODEL_FILE).read_bytes())
    for name in sorted(heads):
        state.update(_weights(folder, heads[name]["file"]).read_bytes())
    return state.hexdigest()


def _read(folder: Path) -> dict[str, Any]:
    path = folder / MODEL_FILE
    try:
        told: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if isinstance(told["normaliser"], int) and isinstance(told["heads"], dict):
            return told
        raise ValueError("no heads")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoQualityModel(
            f"{folder} is not a quality model ({error}); make one: vlmforge train-classifier"
        ) from error


def _weights(folder: Path, name: str) -> Path:
    path = folder / Path(name).name
    if not path.is_file():
        raise NoQualityModel(f"{folder} lacks {path.name}, which its {MODEL_FILE} names")
    return path


def _head(folder: Path, name: str, told: dict[str, Any]) -> Head:
    path = _weights(folder, told["file"])
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != told["sha256"]:
        raise NoQualityModel(f"{path} is not the file that its {MODEL_FILE} tells of")
    labels = list(told["labels"])
    if name == "field" and not set(labels) <= set(FIELDS):
        raise NoQualityModel(f"{folder}: unknown fields {sorted(set(labels) - set(FIELDS))}")
    return Head(fasttext.load_model(str(path)), labels, float(told["temperature"]))
