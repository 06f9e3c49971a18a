"""Which rows are worth keeping, and which pictures of them.

The language of every row is identified; where it is not what the source
claims, the row gets the true label and is counted. Document heuristics judge
documents only, and so does the quality model, where there is one. A picture
that is too small leaves its document, which stays; a row of which the picture
is the point leaves with it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from filters import GRADES, QualityModel, decide, identify, image_reasons, measure, prose
from pipelines.config import FilterConfig
from pipelines.stage import Stage
from pipelines.work import Unit, UnitOutput
from records import REGION, Part, Sample, from_batch, set_regions, texts, to_batch

#: Buckets that the document heuristics judge.
DOCUMENTS = ("interleaved", "text")
#: Buckets whose text is no prose: labels, numbers, signs. A language that is not
#: clear there is no fault.
NOT_PROSE = ("ocr", "document", "chart", "grounding", "counting")


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
        text = prose(texts(batch))
        identified, confidence = identify(text)
        claimed = batch["lang"].to_pylist()
        sure = confidence >= self.config.min_language_confidence
        is_prose = ~np.isin(batch["bucket"].to_numpy(zero_copy_only=False), NOT_PROSE)
        believed = pc.if_else(pa.array(is_prose | sure), identified, None)
        languages = [i or c for i, c in zip(believed.to_pylist(), claimed, strict=True)]
        known = pa.array(languages, pa.string())
        measures = measure(text, known)
        heuristics = decide(measures, known)
        is_document = np.isin(batch["bucket"].to_numpy(zero_copy_only=False), DOCUMENTS)
        was_identified = identified.is_valid().to_numpy(zero_copy_only=False)
        # A picture without a word is in no language.
        wanted = np.array([c is None or c in self.config.languages for c in languages], dtype=bool)
        unclear = is_prose & was_identified & ~sure
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
        verdicts = Verdicts(
            languages,
            scores,
            reasons,
            np.where(by_language, confidence, heuristics.score),
            np.where(by_language, minimum, heuristics.threshold),
        )
        if self.config.quality_model is not None:
            self._judge_quality(self.config.quality_model, texts(batch), is_document, verdicts)
        return verdicts

    def _judge_quality(
        self, folder: Path, text: pa.StringArray, is_document: np.ndarray, verdicts: Verdicts
    ) -> None:
        """Add what the quality model says of documents; drop those that teach too little."""
        rows = np.flatnonzero(is_document)
        quality = _quality_model(folder).score(text.take(pa.array(rows)))
        for row, education, stem in zip(rows, quality.education, quality.stem, strict=True):
            found = {"education": education, "stem": stem, "quality": education / GRADES[-1]}
            verdicts.scores[row] |= {k: float(v) for k, v in found.items() if not np.isnan(v)}
        minimum = self.config.min_education
        # A text without words has no grade: a NaN is not below anything.
        stays = np.array([verdicts.reasons[row] is None for row in rows], dtype=bool)
        low = stays & (quality.education < minimum)
        verdicts.reasons[rows[low]] = "low_education"
        verdicts.score[rows[low]] = quality.education[low]
        verdicts.threshold[rows[low]] = minimum

    def _image_reasons(self, sample: Sample) -> list[str | None]:
        reasons = image_reasons(
            [i.width for i in sample.images],
            [i.height for i in sample.images],
            min_side=self.config.min_image_side,
            max_aspect=self.config.max_image_aspect,
        )
        return list(reasons)


@cache
def _quality_model(folder: Path) -> QualityModel:
    """Loaded once a worker; a worker does not outlive its run."""
    return QualityModel(folder)


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
