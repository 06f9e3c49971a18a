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
    BANDS,
    HASH_BITS,
    MAX_DISTANCE,
    PLACES,
    Units,
    band_keys,
    bands_and_rows,
    hamming,
    hash_words,
    mix,
    set_signatures,
    similarity,
    text_signatures,
)
from pipelines.config import NearDedupeConfig
from pipelines.near_pictures import RowPictures
from pipelines.nodes import Nodes
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

    def confirm(self, one: Nodes, other: Nodes) -> NDArray[np.bool_]:
        """Whether each pair that is similar enough by its signatures is so by itself."""


class _MinHashView:
    width = PLACES
    threshold: float

    def keys(self, signatures: Signatures) -> NDArray[np.uint64]:
        """A key for each band."""
        return band_keys(signatures, *bands_and_rows(self.threshold))

    def compare(self, one: Signatures, other: Signatures) -> NDArray[np.float64]:
        """The estimated Jaccard index."""
        return similarity(one, other)

    def confirm(self, one: Nodes, other: Nodes) -> NDArray[np.bool_]:
        """The estimate is all there is."""
        return np.ones(len(one), bool)


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
        chosen = pc.is_in(batch["bucket"], pa.array(self.buckets, pa.string()))
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


class PictureView:
    """Rows of one bucket and language whose picture is the same, in whatever size and encoding."""

    name = "picture"
    reason = "near_duplicate_picture"
    #: The words of the perceptual hash, and one that bucket and language have in common.
    width = BANDS + 1
    threshold = 1 - MAX_DISTANCE / HASH_BITS

    def __init__(self, config: NearDedupeConfig, pictures: RowPictures):
        self.buckets = config.image_buckets
        self.pictures = pictures

    def sign(self, batch: pa.RecordBatch) -> tuple[NDArray[np.bool_], Signatures]:
        """Rows of the buckets that show one picture, if it has a hash."""
        judged = np.zeros(batch.num_rows, bool)
        hashes, kinds = [], []
        columns = batch.select(["bucket", "lang", "images"]).to_pylist()
        for row, (bucket, lang, images) in enumerate(map(dict.values, columns)):
            if bucket in self.buckets and len(images) == 1 and images[0]["phash"]:
                judged[row] = True
                hashes.append(images[0]["phash"])
                kinds.append(int(digest(bucket, lang)[:8], 16))
        kind = np.array(kinds, np.uint32).reshape(-1, 1)
        return judged, np.concatenate([hash_words(hashes), kind], axis=1)

    def keys(self, signatures: Signatures) -> NDArray[np.uint64]:
        """Each word of the hash is a band."""
        words = signatures[:, :BANDS].astype(np.uint64)
        band = np.arange(BANDS, dtype=np.uint64)
        kind = mix(signatures[:, BANDS:].astype(np.uint64))
        return mix((words << np.uint64(8) | band) ^ kind)

    def compare(self, one: Signatures, other: Signatures) -> NDArray[np.float64]:
        """The share of equal bits."""
        bits = 1 - hamming(one[:, :BANDS], other[:, :BANDS]) / HASH_BITS
        return np.where(one[:, BANDS] == other[:, BANDS], bits, 0.0)

    def confirm(self, one: Nodes, other: Nodes) -> NDArray[np.bool_]:
        """By the pixels: two plots on the same axes have nearly the same hash."""
        return self.pictures.same(one, other)


_NOTHING = np.zeros(0, np.uint64)
