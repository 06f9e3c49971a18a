"""Which rows are worth keeping, and which pictures of them.

The language of every row is identified; where it is not what the source
claims, the row gets the true label and is counted. Heuristics judge documents
only, by their prose (`pipelines.judge_text`). A picture that shows nothing, or
is an icon (`pipelines.judge_images`), leaves its document, which stays; a row
of which the picture is the point leaves with it. Personal data is masked before
anything is measured, so dropped rows do not have it either; where the text is
what the picture shows it is counted, and kept or dropped with its row.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from filters import (
    NoQualityModel,
    SafetyModelMissing,
    quality_model_digest,
    safety_weights,
)
from pipelines.config import FilterConfig, RunConfig
from pipelines.errors import UsageError
from pipelines.judge_images import Look, PictureJudge
from pipelines.judge_text import DOCUMENTS, NOT_PROSE, TextJudge
from pipelines.masking import count_pictures, mask_rows
from pipelines.stage import Stage
from pipelines.work import Unit, UnitOutput
from records import REGION, PackReader, Part, Sample, digest, from_batch, set_regions, to_batch


class Filter(Stage):
    """Language, document heuristics, unsafe words, personal data, pictures."""

    name = "filter"
    config: FilterConfig

    @classmethod
    def check(cls, config: RunConfig) -> None:
        """Whether rules and lists are right, and the models that are asked for are there."""
        if config.filter.unsafe_images == "drop":
            try:
                safety_weights()
            except SafetyModelMissing as error:
                raise UsageError(f"filter.unsafe_images is drop, but {error}") from error
        TextJudge(config.filter)

    @classmethod
    def files_named(cls, config: RunConfig) -> dict[str, str]:
        """The user's word lists, and the quality model."""
        named = {}
        if config.filter.word_lists:
            for path in sorted(config.filter.word_lists.glob("*.txt")):
                named[path.name] = digest(path.read_bytes())
        if config.filter.quality_model:
            try:
                named["quality_model"] = quality_model_digest(config.filter.quality_model)
            except NoQualityModel as error:
                raise UsageError(f"filter.quality_model: {error}") from error
        return named

    def __init__(self, config: RunConfig, run: Path):
        super().__init__(config, run)
        self.judge = TextJudge(self.config).judge
        self.max_image_pixels = config.ingest.max_image_pixels

    def process(self, unit: Unit, out: UnitOutput) -> None:
        """Judge the unit's rows batch by batch."""
        with PackReader(self.run) as packs:
            pictures = PictureJudge(packs, self.config, self.max_image_pixels)
            for batch in unit.batches():
                self._decide(batch, pictures, out)

    def _decide(self, batch: pa.RecordBatch, pictures: PictureJudge, out: UnitOutput) -> None:
        batch, in_pictures = self._mask(batch, out)
        verdicts = self.judge(batch)
        if self.config.personal_in_pictures == "drop":
            verdicts.drop(in_pictures > 0, "personal_in_picture", in_pictures, 0)
        kept: list[Sample] = []
        regions: list[pa.StructArray] = []
        samples = list(from_batch(batch, regions=False))
        stay = [row for row, reason in enumerate(verdicts.reasons) if reason is None]
        pictures.look(image for row in stay for image in samples[row].images)
        for row in stay:
            sample = samples[row]
            looks = [pictures[image] for image in sample.images]
            bad = next((look for look in looks if look.reason), None)
            if sample.bucket not in DOCUMENTS and bad:
                verdicts.reasons[row] = bad.reason
                verdicts.score[row], verdicts.threshold[row] = bad.score, bad.threshold
                continue
            _count_images(looks, out)
            scores = {**sample.scores, **verdicts.scores[row], **picture_scores(looks)}
            sample = sample.replace(
                lang=verdicts.languages[row],
                scores=scores,
                images=tuple(
                    replace(image, phash=look.phash)
                    for image, look in zip(sample.images, looks, strict=True)
                ),
            )
            claimed = batch["lang"][row].as_py()
            if claimed not in (None, sample.lang):
                out.count(f"relabelled_{claimed}_to_{sample.lang}")
            stays = [i for i, look in enumerate(looks) if look.reason is None]
            kept.append(sample if len(stays) == len(looks) else keep_images(sample, stays))
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


def picture_scores(looks: Sequence[Look]) -> dict[str, float]:
    """Scores of a row by those of its pictures that stay: of each measure the most.

    One rich figure makes a document worth its place, whatever is beside it.
    """
    stay = [look for look in looks if look.reason is None]
    if not stay:
        return {}
    scores = {"visual_complexity": max(look.complexity for look in stay)}
    unsafe = [look.unsafe for look in stay if look.unsafe is not None]
    return scores | ({"unsafe": max(unsafe)} if unsafe else {})


def _count_images(looks: Sequence[Look], out: UnitOutput) -> None:
    out.count("images_kept", sum(look.reason is None for look in looks))
    for look in looks:
        if look.reason:
            out.count(f"images_dropped_{look.reason}")


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
