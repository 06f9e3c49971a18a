"""Looks at the pictures of a unit: decodes each once, small; measures, hashes, decides."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from filters import (
    VIEW_SIDE,
    judge_pictures,
    measure_pictures,
    perceptual_hashes,
    thumbnails,
    unsafe_scores,
)
from pipelines.config import FilterConfig
from pipelines.readers.pictures import KEPT_FORMATS
from records import ImageRef, PackReader

#: Views that are held at once: 50 MB of the largest.
_WINDOW = 64


class PictureUnreadable(ValueError):
    """A picture of a pack does not decode, or has too many pixels."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of a picture: why it leaves, if it does, and its measures."""

    reason: str | None
    #: What was measured, and the limit that it broke.
    score: float = np.nan
    threshold: float = np.nan
    phash: str | None = None
    #: 0..1.
    complexity: float = 0.0
    #: 0..1; None where nobody asked.
    unsafe: float | None = None


class PictureJudge:
    """Judges the pictures of one unit; remembers them by their bytes' hash."""

    def __init__(self, packs: PackReader, config: FilterConfig, max_pixels: int):
        self._packs, self._config, self._max_pixels = packs, config, max_pixels
        self._seen: dict[str, Look] = {}

    def look(self, images: Iterable[ImageRef]) -> None:
        """Read those that are not known yet, in the order of their packs."""
        new = {image.sha256: image for image in images if image.sha256 not in self._seen}
        ordered = sorted(new.values(), key=lambda image: (image.pack, image.offset))
        for start in range(0, len(ordered), _WINDOW):
            self._judge(ordered[start : start + _WINDOW])

    def __getitem__(self, image: ImageRef) -> Look:
        return self._seen[image.sha256]

    def _judge(self, images: Sequence[ImageRef]) -> None:
        seen: list[ImageRef] = []
        views: list[NDArray[np.uint8]] = []
        for image in images:
            data = self._packs.read(image.pack, image.offset, image.size)
            try:
                views.append(read_view(data, self._max_pixels))
                seen.append(image)
            except PictureUnreadable:
                self._seen[image.sha256] = Look("image_unreadable")
        measures = measure_pictures(views)
        decision = judge_pictures(
            [image.width for image in seen],
            [image.height for image in seen],
            measures,
            min_side=self._config.min_image_side,
            max_aspect=self._config.max_image_aspect,
        )
        hashes = perceptual_hashes(thumbnails(views))
        reason, score, threshold = decision.reason, decision.score, decision.threshold
        unsafe: Sequence[float | None] = [None] * len(seen)
        if self._config.unsafe_images == "drop":
            scores = unsafe_scores(views)
            unsafe = scores.tolist()
            # Of a picture that leaves in any case, the graver reason is told.
            bad = scores > self._config.max_unsafe
            reason[bad], score[bad] = "image_unsafe", scores[bad]
            threshold[bad] = self._config.max_unsafe
        for place, image in enumerate(seen):
            self._seen[image.sha256] = Look(
                reason[place],
                float(score[place]),
                float(threshold[place]),
                hashes[place],
                float(measures["complexity"][place]),
                unsafe[place],
            )


def read_view(data: bytes, max_pixels: int) -> NDArray[np.uint8]:
    """The view (see `filters.pixels`) of an encoded picture of a pack.

    Large JPEGs are decoded at a fraction of their size. Raises PictureUnreadable;
    a picture of more than `max_pixels` by its header is never decoded.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=KEPT_FORMATS) as picture:
                if picture.width * picture.height > max_pixels:
                    raise PictureUnreadable(f"{picture.width} x {picture.height} pixels")
                picture.draft("RGB", (VIEW_SIDE, VIEW_SIDE))
                seen = picture if picture.mode in ("L", "RGB") else picture.convert("RGB")
                seen.thumbnail((VIEW_SIDE, VIEW_SIDE), Image.Resampling.BOX, reducing_gap=2.0)
                return np.asarray(seen.convert("RGB"))
    except (PictureUnreadable, MemoryError):
        raise
    except Exception as error:  # for a bad file Pillow may raise anything
        raise PictureUnreadable(f"{type(error).__name__}: {error}") from error
