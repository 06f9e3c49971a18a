"""What near-duplicates are seen by: their text, or the pictures they share.

A view gives each row it can judge a signature, keys of the bands in which
similar rows meet, and the similarity of two signatures.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters import (
    PLACES,
    Units,
    band_keys,
    bands_and_rows,
    set_signatures,
    similarity,
    text_signatures,
)
from pipelines.config import NearDedupeConfig
from records import digest, texts

Signatures = NDArray[np.uint32]


class View(Protocol):
    """One way to see that rows are alike."""

    #: Of the view's files.
    name: str
    #: Of the rows that leave for it.
    reason: str
    #: Columns of a signature.
    width: int
    #: The similarity from which on rows are near-duplicates.
    threshold: float

    def sign(self, batch: pa.RecordBatch) -> tuple[NDArray[np.bool_], Signatures]:
        """Which rows the view judges, and the signatures of those."""

    def keys(self, signatures: Signatures) -> NDArray[np.uint64]:
        """A key for each band, shape (rows, bands)."""

    def compare(self, one: Signatures, other: Signatures) -> NDArray[np.float64]:
        """The similarity of each pair of rows, 0..1."""


class _MinHashView:
    width = PLACES
    threshold: float

    def keys(self, signatures: Signatures) -> NDArray[np.uint64]:
        """A key for each band."""
        return band_keys(signatures, *bands_and_rows(self.threshold))

    def compare(self, one: Signatures, other: Signatures) -> NDArray[np.float64]:
        """The estimated Jaccard index."""
        return similarity(one, other)


class TextView(_MinHashView):
    """Rows whose texts share most of their shingles."""

    name = "text"
    reason = "near_duplicate_text"

    def __init__(self, config: NearDedupeConfig):
        self.threshold = config.threshold
        self.buckets = config.buckets
        self.engine = config.engine

    def sign(self, batch: pa.RecordBatch) -> tuple[NDArray[np.bool_], Signatures]:
        """Rows of the buckets whose text is the point, if they have any."""
        text = texts(batch)
        chosen = pc.is_in(batch["bucket"], pa.array(self.buckets))
        judged = pc.and_(chosen, pc.greater(pc.binary_length(text), 0))
        rows = text.filter(judged).to_pylist()
        return judged.to_numpy(zero_copy_only=False), text_signatures(rows, self.engine)


class ImagesView(_MinHashView):
    """Documents of one language that share most of their images."""

    name = "images"
    reason = "near_duplicate_images"

    def __init__(self, config: NearDedupeConfig):
        self.threshold = config.image_threshold
        self.min_images = config.min_images

    def sign(self, batch: pa.RecordBatch) -> tuple[NDArray[np.bool_], Signatures]:
        """Interleaved rows with enough different images.

        Translations of a page share its images and are no duplicates of it: the
        language is part of what an image is here.
        """
        judged = np.zeros(batch.num_rows, bool)
        sets: list[NDArray[np.uint64]] = []
        columns = batch.select(["bucket", "lang", "images"]).to_pylist()
        for row, (bucket, lang, images) in enumerate(map(dict.values, columns)):
            names = {i["sha256"] for i in images} if bucket == "interleaved" else ()
            if len(names) >= self.min_images:
                judged[row] = True
                hashes = [int(digest(lang, name)[:16], 16) for name in sorted(names)]
                sets.append(np.array(hashes, np.uint64))
        offsets = np.concatenate([[0], np.cumsum([len(s) for s in sets])]).astype(np.int64)
        return judged, set_signatures(Units(np.concatenate([*sets, _NOTHING]), offsets))


_NOTHING = np.zeros(0, np.uint64)
