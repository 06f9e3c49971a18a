"""Which rows are worth keeping, and which pictures of them.

The language of every row is identified; where it is not what the source
claims, the row gets the true label and is counted. The heuristics
(`filters.RULES`) judge documents only, by their prose. A picture that is too
small leaves its document, which stays; a row of which the picture is the point
leaves with it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from filters import (
    DAMAGE_REASONS,
    MAX_CHARACTERS,
    RULES,
    Decision,
    Limits,
    Rule,
    RuleError,
    change_rules,
    decide,
    identify,
    image_reasons,
    judged,
    measure,
    own_language,
    prose,
)
from pipelines.config import FilterConfig, RunConfig
from pipelines.errors import UsageError, nearest
from pipelines.stage import Stage
from pipelines.work import Unit, UnitOutput
from records import REGION, Part, Sample, from_batch, set_regions, texts, to_batch

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
    reasons: np.ndarray
    score: np.ndarray
    threshold: np.ndarray

    def drop(self, row: int, reason: str) -> None:
        """Let a row leave for something that is not a measure of its text."""
        self.reasons[row], self.score[row], self.threshold[row] = reason, np.nan, np.nan


class Filter(Stage):
    """Language, document heuristics, image sizes."""

    name = "filter"
    config: FilterConfig

    @classmethod
    def check(cls, config: RunConfig) -> None:
        rules_of(config.filter)

    def process(self, unit: Unit, out: UnitOutput) -> None:
        """Judge the unit's rows batch by batch."""
        for batch in unit.batches():
            verdicts = self.judge(batch)
            kept: list[Sample] = []
            regions: list[pa.StructArray] = []
            for row, sample in enumerate(from_batch(batch, regions=False)):
                if verdicts.reasons[row] is not None:
                    continue
                scores = {**sample.scores, **verdicts.scores[row]}
                sample = sample.replace(lang=verdicts.languages[row], scores=scores)
                reasons = self._image_reasons(sample)
                if sample.bucket not in DOCUMENTS and any(reasons):
                    verdicts.drop(row, next(filter(None, reasons)))
                    continue
                _count_images(reasons, out)
                claimed = batch["lang"][row].as_py()
                if claimed not in (None, sample.lang):
                    out.count(f"relabelled_{claimed}_to_{sample.lang}")
                stays = [i for i, reason in enumerate(reasons) if reason is None]
                kept.append(sample if len(stays) == len(reasons) else keep_images(sample, stays))
                regions.append(on_images(batch["regions"][row].values, stays))
            out.keep(set_regions(to_batch(kept), regions))
            leaves = np.array([reason is not None for reason in verdicts.reasons], dtype=bool)
            out.drop(
                batch.filter(pa.array(leaves)),
                list(verdicts.reasons[leaves]),
                score=verdicts.score[leaves],
                threshold=verdicts.threshold[leaves],
                detail=[verdicts.languages[i] for i in np.flatnonzero(leaves)],
            )
            out.progress(batch.num_rows)

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
        documents = np.flatnonzero(np.isin(buckets, DOCUMENTS))
        rules = rules_of(self.config)
        heuristics, scores = judge_documents(
            text, pa.array(languages, pa.string()), documents, rules
        )
        for row in range(batch.num_rows):
            scores[row]["language_confidence"] = round(float(confidence[row]), SCORE_DECIMALS)
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
        return Verdicts(
            languages,
            scores,
            reasons,
            np.where(by_language, confidence, heuristics.score),
            np.where(by_language, minimum, heuristics.threshold),
        )

    def _image_reasons(self, sample: Sample) -> list[str | None]:
        reasons = image_reasons(
            [i.width for i in sample.images],
            [i.height for i in sample.images],
            min_side=self.config.min_image_side,
            max_aspect=self.config.max_image_aspect,
        )
        return list(reasons)


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


def _count_images(reasons: Sequence[str | None], out: UnitOutput) -> None:
    out.count("images_kept", sum(reason is None for reason in reasons))
    for reason in filter(None, reasons):
        out.count(f"images_dropped_{reason}")


def keep_images(sample: Sample, stays: list[int]) -> Sample:
    """`sample` with only the images at those places; texts that become neighbours are joined."""
    place = {old: new for new, old in enumerate(stays)}
    parts: list[Part] = []
    for part in sample.parts:
        if part.image is not None and part.image not in place:
            continue
        last = parts[-1] if parts else None
        if part.image is not None:
            parts.append(Part(part.type, part.text, place[part.image], part.role))
        elif last and (last.type, last.role) == ("text", part.role) and part.type == "text":
            parts[-1] = Part("text", f"{last.text}\n\n{part.text}", None, part.role)
        else:
            parts.append(part)
    targets = dict(sample.targets)
    if "captions" in targets:  # by the index of the image
        captions = json.loads(targets["captions"])
        moved = {str(new): captions[str(old)] for old, new in place.items() if str(old) in captions}
        targets["captions"] = json.dumps(moved, ensure_ascii=False, separators=(",", ":"))
    images = tuple(sample.images[i] for i in stays)
    return sample.replace(parts=tuple(parts), images=images, targets=targets)


def on_images(regions: pa.StructArray, stays: list[int]) -> pa.StructArray:
    """The regions of the images at those places, with the places that these have now."""
    image = pc.index_in(pc.struct_field(regions, "image"), pa.array(stays, pa.int32()))
    columns = {f.name: pc.struct_field(regions, f.name) for f in REGION} | {"image": image}
    moved = pa.StructArray.from_arrays(list(columns.values()), fields=list(REGION))
    return moved.filter(pc.is_valid(image))
