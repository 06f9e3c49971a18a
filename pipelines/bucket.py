"""Puts each row where the mixture looks for it: bucket, language, length class, quality tier.

A document whose pictures have all gone is a `text`. The length class is the
smallest usual context that holds the row, pictures included. The tier is by
what judged the row; the manifest counts the rows of each stratum.
"""

from __future__ import annotations

from collections import Counter

import pyarrow as pa

from filters import estimate_tokens, length_class, quality_tiers, stratum
from model import visual_tokens
from pipelines.config import BucketConfig
from pipelines.stage import Stage
from pipelines.work import Unit, UnitOutput
from records import Manifest, from_batch, scores, set_regions, set_scores, texts, to_batch

#: What the names of the metrics that count strata begin with.
STRATUM = "stratum."


class Bucket(Stage):
    """Sets `bucket`, and the scores `tokens`, `length_class` and `quality_tier`."""

    name = "bucket"
    config: BucketConfig

    def process(self, unit: Unit, out: UnitOutput) -> None:
        """Every row is kept."""
        for batch in unit.batches():
            batch = placed(batch, self.config.max_pixels)
            judged = {name: scores(batch, name) for name in self.config.tiers}
            if judged:
                tiers = quality_tiers(judged, self.config.tiers)
                batch = set_scores(batch, {"quality_tier": tiers})
            for name, rows in strata(batch).items():
                out.count(STRATUM + name, rows)
            out.keep(batch)
            out.progress(batch.num_rows)


def strata(batch: pa.RecordBatch) -> Counter[str]:
    """How many rows are in each stratum."""
    columns = (batch[name].to_pylist() for name in ("bucket", "lang", "scores"))
    return Counter(
        stratum(bucket, lang, dict(found)) for bucket, lang, found in zip(*columns, strict=True)
    )


def strata_of(manifest: Manifest) -> dict[str, int]:
    """The rows of each stratum, where the stage counted them."""
    counted = manifest.metrics.items()
    return {k.removeprefix(STRATUM): rows for k, rows in counted if k.startswith(STRATUM)}


def placed(batch: pa.RecordBatch, max_pixels: int) -> pa.RecordBatch:
    """The batch with bucket, tokens and length class of each row set.

    Pictures count as many tokens as the model's processor makes of them, at
    most `max_pixels` each.
    """
    text_tokens = estimate_tokens(texts(batch), batch["lang"])
    samples = []
    for sample, count in zip(from_batch(batch, regions=False), text_tokens, strict=True):
        tokens = int(count) + sum(
            visual_tokens(i.width, i.height, max_pixels) for i in sample.images
        )
        bucket = "text" if sample.bucket == "interleaved" and not sample.images else sample.bucket
        size = {"tokens": float(tokens), "length_class": float(length_class([tokens])[0])}
        samples.append(sample.replace(bucket=bucket, scores={**sample.scores, **size}))
    return set_regions(to_batch(samples), [r.values for r in batch["regions"]])
