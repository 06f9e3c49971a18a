"""Which rows are worth keeping, and which pictures of them.

The language of every row is identified; where it is not what the source
claims, the row gets the true label and is counted. Document heuristics judge
documents only. A picture that is too small leaves its document, which stays;
a row of which the picture is the point leaves with it. Personal data is masked
before anything is measured, so dropped rows do not have it either; where the
text is what the picture shows it is counted, and kept or dropped with its row.
Where listed words are many and dense, the row leaves.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from filters import (
    WordListsMissing,
    decide,
    identify,
    image_reasons,
    measure,
    measure_unsafe,
    prose,
    unsafe_words,
)
from pipelines.config import FilterConfig, RunConfig
from pipelines.errors import StageError, UsageError
from pipelines.masking import count_pictures, mask_rows
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

    def drop_all(self, values: np.ndarray, reason: str, most: float) -> None:
        """Let all rows leave that have more of something than `most`, and no reason yet."""
        rows = (values > most) & np.array([reason is None for reason in self.reasons], dtype=bool)
        self.reasons[rows], self.score[rows], self.threshold[rows] = reason, values[rows], most


class Filter(Stage):
    """Language, document heuristics, image sizes, personal data, unsafe words."""

    name = "filter"
    config: FilterConfig

    def __init__(self, config: RunConfig, run: Path):
        super().__init__(config, run)
        self.word_lists = read_word_lists(self.config.word_lists)

    def process(self, unit: Unit, out: UnitOutput) -> None:
        """Judge the unit's rows batch by batch."""
        for batch in unit.batches():
            batch, in_pictures = self._mask(batch, out)
            verdicts = self.judge(batch)
            if self.config.personal_in_pictures == "drop":
                verdicts.drop_all(in_pictures, "personal_in_picture", 0)
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

    def _mask(self, batch: pa.RecordBatch, out: UnitOutput) -> tuple[pa.RecordBatch, np.ndarray]:
        """Mask personal data; also how much of it each row's pictures show."""
        in_picture = np.isin(batch["bucket"].to_numpy(zero_copy_only=False), NOT_PROSE)
        in_picture |= pc.list_value_length(batch["regions"]).to_numpy() > 0
        shown = count_pictures(batch, in_picture)
        batch, masked = mask_rows(batch, ~in_picture & (self.config.personal == "mask"))
        for prefix, found in (("personal", masked), ("personal_in_picture", shown)):
            for kind, counts in found.items():
                out.count(f"{prefix}_{kind}", int(counts.sum()))
        return batch, np.sum(list(shown.values()), axis=0)

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
        unsafe = measure_unsafe(text, known, self.word_lists)
        enough = unsafe["unsafe_words"] >= self.config.min_unsafe_words
        reasons[~wanted] = "unwanted_language"
        reasons[unclear] = "unclear_language"
        by_language = unclear | ~wanted
        minimum = np.where(unclear, self.config.min_language_confidence, np.nan)
        scores = [
            {name: float(values[row]) for name, values in (measures | unsafe).items()}
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
        verdicts.drop_all(
            unsafe["unsafe_share"] * enough, "unsafe_words", self.config.max_unsafe_share
        )
        return verdicts

    def _image_reasons(self, sample: Sample) -> list[str | None]:
        reasons = image_reasons(
            [i.width for i in sample.images],
            [i.height for i in sample.images],
            min_side=self.config.min_image_side,
            max_aspect=self.config.max_image_aspect,
        )
        return list(reasons)


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
