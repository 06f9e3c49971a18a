"""Puts each row where the mixture looks for it: bucket, language, length class, quality tier.

A document whose pictures have all gone is a `text`. The length class is the
smallest usual context that holds the row, pictures included. The tier is by
what judged the row; the manifest counts the rows of each stratum.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from filters import estimate_tokens, length_class, quality_tiers, stratum
from model import visual_tokens
from pipelines.config import BucketConfig
from pipelines.stage import Stage
from pipelines.work import Unit, UnitOutput
from records import SAMPLE_SCHEMA, Manifest, scores, set_scores, texts

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
    images = batch["images"]
    pictures, owner = images.flatten(), pc.list_parent_indices(images).to_numpy()
    width, height = (pc.struct_field(pictures, side).to_numpy() for side in ("width", "height"))
    seen = np.bincount(owner, visual_tokens(width, height, max_pixels), minlength=batch.num_rows)
    tokens = (estimate_tokens(texts(batch), batch["lang"]) + seen).astype(np.float64)
    bare = pc.and_(
        pc.equal(batch["bucket"], "interleaved"), pc.equal(pc.list_value_length(images), 0)
    )
    place = SAMPLE_SCHEMA.get_field_index("bucket")
    buckets = pc.if_else(bare, "text", batch["bucket"])
    batch = batch.set_column(place, SAMPLE_SCHEMA.field("bucket"), buckets)
    classes = length_class(tokens).astype(np.float64)
    return set_scores(batch, {"tokens": tokens, "length_class": classes})
