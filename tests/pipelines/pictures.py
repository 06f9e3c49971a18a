"""Real photos in packs of a run, in several encodings, with their perceptual hashes."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from filters import perceptual_hashes, thumbnails
from pipelines.judge_images import read_view
from records import ImageRef, PackWriter
from tests.pipelines.readers.packages import labelme_examples

MAX_PIXELS = 10**8


def photos() -> list[Image.Image]:
    """Different photos, by name."""
    folder = labelme_examples() / "semantic_segmentation" / "data_annotated"
    return [Image.open(path).convert("RGB") for path in sorted(folder.glob("*.jpg"))]


def encoded(photo: Image.Image, scale: float = 1, format: str = "PNG", **options) -> bytes:
    size = (round(photo.width * scale), round(photo.height * scale))
    out = io.BytesIO()
    photo.resize(size, Image.Resampling.LANCZOS).save(out, format, **options)
    return out.getvalue()


def pack(run: Path, pictures: list[bytes], name: str = "ingest/packs/p.tar") -> list[ImageRef]:
    refs = []
    with PackWriter(run / name) as writer:
        for data in pictures:
            with Image.open(io.BytesIO(data)) as opened:
                format, (width, height) = opened.format.lower(), opened.size
            (phash,) = perceptual_hashes(thumbnails([read_view(data, MAX_PIXELS)]))
            place = writer.add(data, format)
            refs.append(ImageRef(place[0], name, *place[1:], format, width, height, phash=phash))
    return refs
