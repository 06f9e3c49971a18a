"""What is said of rows by their text: language, heuristics, unsafe words, quality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters import (
    DAMAGE_REASONS,
    GRADES,
    MAX_CHARACTERS,
    RULES,
    Decision,
    Limits,
    QualityModel,
    Rule,
    RuleError,
    WordListsMissing,
    change_rules,
    decide,
    identify,
    judged,
    measure,
    measure_unsafe,
    own_language,
    prose,
    unsafe_words,
)
from pipelines.config import FilterConfig
from pipelines.errors import StageError, UsageError, nearest
from records import texts

#: Buckets that the document heuristics judge.
DOCUMENTS = ("interleaved", "text")
#: Buckets whose text is no prose: labels, numbers, signs. A language that is not
#: clear there is no fault.
NOT_PROSE = ("ocr", "document", "chart", "grounding", "counting")
#: Decimals of what is kept of a measure.
SCORE_DECIMALS = 4


@dataclass(frozen=True)
class Verdicts:
    """For each row of a batch: its language, scores, and the reason it leaves, if it does."""

    languages: list[str | None]
    scores: list[dict[str, float]]
    reasons: NDArray
    score: NDArray[np.float64]
    threshold: NDArray[np.float64]

    def drop(
        self, rows: NDArray[np.bool_], reason: str, score: NDArray[np.float64], threshold: float
    ) -> None:
        """Let rows leave, whatever reason they had; the arrays are of all rows."""
        self.reasons[rows], self.score[rows], self.threshold[rows] = reason, score[rows], threshold

    @property
    def stays(self) -> NDArray[np.bool_]:
        """Which rows have no reason to leave."""
        return np.array([reason is None for reason in self.reasons], bool)


class TextJudge:
    """Judges the rows of batches by their texts. Raises UsageError where it is wrongly set up."""

    def __init__(self, config: FilterConfig):
        self.config = config
        self.rules = rules_of(config)
        self.word_lists = read_word_lists(config.word_lists)

    def judge(self, batch: pa.RecordBatch) -> Verdicts:
        """Measure every row, and decide."""
        text = prose(pc.utf8_slice_codeunits(texts(batch), 0, MAX_CHARACTERS))
        identified, confidence = identify(text)
        claimed = batch["lang"].to_pylist()
        buckets = batch["bucket"].to_numpy(zero_copy_only=False)
        sure = confidence >= self.config.min_language_confidence
        is_prose = ~np.isin(buckets, NOT_PROSE)
        believed = pc.if_else(pa.array(is_prose | sure), identified, None)
        languages = [i or c for i, c in zip(believed.to_pylist(), claimed, strict=True)]
        known = pa.array(languages, pa.string())
        documents = np.flatnonzero(np.isin(buckets, DOCUMENTS))
        heuristics, scores = judge_documents(text, known, documents, self.rules)
        unsafe = measure_unsafe(text, known, self.word_lists)
        for row in range(batch.num_rows):
            scores[row]["language_confidence"] = round(float(confidence[row]), SCORE_DECIMALS)
            if unsafe["unsafe_words"][row]:
                scores[row] |= {name: float(values[row]) for name, values in unsafe.items()}
        was_identified = identified.is_valid().to_numpy(zero_copy_only=False)
        # A picture without a word is in no language.
        wanted = np.array([c is None or c in self.config.languages for c in languages], dtype=bool)
        unclear = is_prose & was_identified & ~sure
        reasons = heuristics.reason
        # What was misread is in no language, or in a wrong one.
        whole = np.array([reason not in DAMAGE_REASONS for reason in reasons], dtype=bool)
        unclear, unwanted = unclear & whole, ~wanted & whole
        reasons[unwanted] = "unwanted_language"
        reasons[unclear] = "unclear_language"
        by_language = unclear | unwanted
        minimum = np.where(unclear, self.config.min_language_confidence, np.nan)
        verdicts = Verdicts(
            languages,
            scores,
            reasons,
            np.where(by_language, confidence, heuristics.score),
            np.where(by_language, minimum, heuristics.threshold),
        )
        share, most = unsafe["unsafe_share"], self.config.max_unsafe_share
        enough = unsafe["unsafe_words"] >= self.config.min_unsafe_words
        verdicts.drop(whole & enough & (share > most), "unsafe_words", share, most)
        if self.config.quality_model is not None:
            self._judge_quality(self.config.quality_model, texts(batch), documents, verdicts)
        return verdicts

    def _judge_quality(
        self, folder: Path, text: pa.StringArray, documents: NDArray, verdicts: Verdicts
    ) -> None:
        """Add what the quality model says of documents; drop those that teach too little."""
        found = _quality_model(folder).score(text.take(pa.array(documents)))
        education = np.full(len(text), np.nan)
        education[documents] = found.education
        for row, grade, stem in zip(documents, found.education, found.stem, strict=True):
            scores = {"education": grade, "stem": stem, "quality": grade / GRADES[-1]}
            verdicts.scores[row] |= {
                name: round(float(value), SCORE_DECIMALS)
                for name, value in scores.items()
                if not np.isnan(value)
            }
        # A text without words has no grade: a NaN is not below anything.
        minimum = self.config.min_education
        low = verdicts.stays & (education < minimum)
        verdicts.drop(low, "low_education", education, minimum)


@cache
def _quality_model(folder: Path) -> QualityModel:
    """Loaded once a worker; a worker does not outlive its run."""
    return QualityModel(folder)


def rules_of(config: FilterConfig) -> tuple[Rule, ...]:
    """The rules as the configuration wants them. Raises UsageError."""
    reasons = list(dict.fromkeys(rule.reason for rule in RULES))
    for reason in config.rules:
        if reason not in reasons:
            raise UsageError(f"filter.rules.{reason}: no such rule; {nearest(reason, reasons)}")
    try:
        return change_rules(
            {
                reason: None if limits is None else Limits(limits.get("low"), limits.get("high"))
                for reason, limits in config.rules.items()
            }
        )
    except RuleError as error:
        raise UsageError(f"filter.rules: {error}") from error


def judge_documents(
    text: pa.StringArray, languages: pa.StringArray, documents: np.ndarray, rules: Sequence[Rule]
) -> tuple[Decision, list[dict[str, float]]]:
    """What the rules say of the rows at `documents`, and the measures by which they judged.

    Other rows have no reason and no measures.
    """
    rows = pa.array(documents)
    text, known = text.take(rows), languages.take(rows)
    measures = measure(text, known) | {"own_language": own_language(text, known)}
    found = decide(measures, known, rules)
    count = len(languages)
    decision = Decision(
        np.full(count, None, dtype=object), np.full(count, np.nan), np.full(count, np.nan)
    )
    decision.reason[documents] = found.reason
    decision.score[documents], decision.threshold[documents] = found.score, found.threshold
    scores: list[dict[str, float]] = [{} for _ in range(count)]
    names = {code: judged(code, rules) for code in set(known.to_pylist())}
    rounded = {name: np.round(values, SCORE_DECIMALS).tolist() for name, values in measures.items()}
    for place, (row, code) in enumerate(zip(documents, known.to_pylist(), strict=True)):
        scores[row] = {name: rounded[name][place] for name in names[code]}
    return decision, scores


def read_word_lists(folder: Path | None) -> dict[str, frozenset[str]]:
    """The packages' lists, and those of a folder: `<language>.txt`, a term a line.

    Raises StageError where a package is missing, UsageError where the folder has
    no list, or one is not UTF-8.
    """
    try:
        lists = unsafe_words()
    except WordListsMissing as error:
        raise StageError(f"filter: {error}") from error
    if folder is None:
        return lists
    paths = sorted(folder.glob("*.txt"))
    if not paths:
        raise UsageError(f"filter.word_lists: {folder} has no file such as ko.txt")
    for path in paths:
        try:
            terms = {line.strip() for line in path.read_text("utf-8").splitlines()}
        except UnicodeDecodeError as error:
            raise UsageError(f"filter.word_lists: {path} is not UTF-8: {error}") from error
        lists[path.stem] = lists.get(path.stem, frozenset()) | (terms - {""})
    return lists
