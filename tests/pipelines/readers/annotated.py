"""What a grounding draft says, and annotated photos that others made."""

from __future__ import annotations

import io
import json

from PIL import Image

from pipelines.readers import Draft
from records import denormalise

#: Those of VOC 2011 that labelme's examples hold in several formats.
PHOTOS = ("2011_000003", "2011_000006", "2011_000025")


def drafts(items):
    return [i for i in items if isinstance(i, Draft)]


def regions(draft):
    return draft.regions.to_pylist()


def grid_boxes(draft):
    return [(r["label"], *r["box"]) for r in regions(draft)]


def pixel_boxes(draft):
    """[(label, [x1, y1, x2, y2]), …]"""
    picture, found = draft.images[0], regions(draft)
    boxes = denormalise([r["box"] for r in found], picture.width, picture.height)
    return [(r["label"], box) for r, box in zip(found, boxes.tolist(), strict=True)]


def counts(draft):
    return json.loads(draft.targets["count"])


def rotated_jpeg(width, height, orientation):
    """Pixels of that size, to be turned as EXIF says."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(data, "JPEG", exif=exif)
    return data.getvalue()
