"""Which rows are worth keeping, and which pictures of them.

The language of every row is identified; where it is not what the source
claims, the row gets the true label and is counted. Document heuristics judge
documents only. A picture that is too small leaves its document, which stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from filters import decide, identify, image_reasons, measure, prose
from pipelines.config import FilterConfig
from pipelines.stage import Stage
from pipelines.work import Unit, UnitOutput
from records import Part, Sample, from_batch, texts, to_batch

#: Buckets that the document heuristics judge.
DOCUMENTS = ("interleaved", "text")


@dataclass(frozen=True)
class Verdicts:
    """For each row of a batch: its language, scores, and the reason it leaves, if it does."""

    languages: list[str | None]
    scores: list[dict[str, float]]
    reasons: np.ndarray
    score: np.ndarray
    threshold: np.ndarray


class Filter(Stage):
    """Language, document heuristics, image sizes."""

    name = "filter"
    config: FilterConfig

    def process(self, unit: Unit, out: UnitOutput) -> None:
        """Judge the unit's rows batch by batch."""
        for batch in unit.batches():
            verdicts = self.judge(batch)
            leaves = np.array([reason is not None for reason in verdicts.reasons], dtype=bool)
            kept = []
            for row, sample in enumerate(from_batch(batch)):
                if leaves[row]:
                    continue
                if sample.lang != verdicts.languages[row]:
                    out.count(f"relabelled_{sample.lang}_to_{verdicts.languages[row]}")
                scores = {**sample.scores, **verdicts.scores[row]}
                sample = sample.replace(lang=verdicts.languages[row], scores=scores)
                kept.append(self._without_small_images(sample, out))
            out.keep(to_batch(kept))
            mask = pa.array(leaves)
            out.drop(
                batch.filter(mask),
                list(verdicts.reasons[leaves]),
                score=verdicts.score[leaves],
                threshold=verdicts.threshold[leaves],
                detail=[verdicts.languages[i] for i in np.flatnonzero(leaves)],
            )
            out.progress(batch.num_rows)

    def judge(self, batch: pa.RecordBatch) -> Verdicts:
        """Measure every row, and decide."""
        text = prose(texts(batch))
        identified, confidence = identify(text)
        claimed = batch["lang"].to_pylist()
        languages = [i or c for i, c in zip(identified.to_pylist(), claimed, strict=True)]
        known = pa.array(languages, pa.string())
        measures = measure(text, known)
        heuristics = decide(measures, known)
        is_document = np.isin(batch["bucket"].to_numpy(zero_copy_only=False), DOCUMENTS)
        was_identified = identified.is_valid().to_numpy(zero_copy_only=False)
        wanted = np.array([code in self.config.languages for code in languages])
        unclear = was_identified & (confidence < self.config.min_language_confidence)
        reasons = heuristics.reason
        reasons[~is_document] = None
        reasons[~wanted] = "unwanted_language"
        reasons[unclear] = "unclear_language"
        by_language = unclear | ~wanted
        minimum = np.where(unclear, self.config.min_language_confidence, np.nan)
        scores = [
            {name: float(values[row]) for name, values in measures.items()}
            | {"language_confidence": float(confidence[row])}
            for row in range(batch.num_rows)
        ]
        return Verdicts(
            languages,
            scores,
            reasons,
            np.where(by_language, confidence, heuristics.score),
            np.where(by_language, minimum, heuristics.threshold),
        )

    def _without_small_images(self, sample: Sample, out: UnitOutput) -> Sample:
        reasons = image_reasons(
            [i.width for i in sample.images],
            [i.height for i in sample.images],
            min_side=self.config.min_image_side,
            max_aspect=self.config.max_image_aspect,
        )
        stays = [i for i, reason in enumerate(reasons) if reason is None]
        out.count("images_kept", len(stays))
        for reason in reasons:
            if reason is not None:
                out.count(f"images_dropped_{reason}")
        return sample if len(stays) == len(sample.images) else keep_images(sample, stays)


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
    return sample.replace(parts=tuple(parts), images=tuple(sample.images[i] for i in stays))
