"""Puts each row where the mixture looks for it: bucket, language, length class.

A document whose pictures have all gone is a `text`. The length class is the
smallest usual context that holds the row, pictures included.
"""

from __future__ import annotations

import pyarrow as pa

from filters import estimate_tokens, length_class
from model import visual_tokens
from pipelines.config import BucketConfig
from pipelines.stage import Stage
from pipelines.work import Unit, UnitOutput
from records import from_batch, set_regions, texts, to_batch


class Bucket(Stage):
    """Sets `bucket`, and the scores `tokens` and `length_class`."""

    name = "bucket"
    config: BucketConfig

    def process(self, unit: Unit, out: UnitOutput) -> None:
        """Every row is kept."""
        for batch in unit.batches():
            out.keep(placed(batch, self.config.max_pixels))
            out.progress(batch.num_rows)


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
