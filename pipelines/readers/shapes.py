"""Annotated shapes in pixels -> regions on the grid, and counts that are true."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.readers.drafts import Draft, Failure, RawImage
from records import GRID, Part, normalise, region_array


@dataclass(frozen=True)
class Shape:
    """A labelled place in a picture, in pixels from its top left corner."""

    label: str
    #: (left, top, right, bottom), the last two exclusive: a box of one pixel is 1 wide.
    box: tuple[float, float, float, float]
    #: Of `records.FLAGS`.
    flags: tuple[str, ...] = ()
    #: x1, y1, x2, y2, … where the shape is not its box.
    polygon: tuple[float, ...] = ()

    @staticmethod
    def of_polygon(label: str, points: Sequence[float], flags: tuple[str, ...] = ()) -> Shape:
        """The shape with these corners x1, y1, x2, y2, …; its box is the one around them."""
        xs, ys = points[0::2], points[1::2]
        return Shape(label, (min(xs), min(ys), max(xs), max(ys)), flags, tuple(points))


def place(
    shapes: Sequence[Shape], width: int, height: int, level: str, name: str
) -> tuple[list[Shape], pa.StructArray, list[Failure]]:
    """Which shapes lie in a picture of that size, their regions, and why the others do not.

    A shape is cut to the picture. One without area or outside is a Failure of
    the row `name` that costs the region.
    """
    kept: list[Shape] = []
    lacks: list[Failure] = []
    for index, shape in enumerate(shapes):
        reason = _fault(shape, width, height)
        if reason is None:
            kept.append(shape)
        else:
            place = f"region {index} ({shape.label[:40]})"
            lacks.append(Failure(name, reason, place, str(shape.box), lost="region"))
    boxes = normalise([s.box for s in kept], width, height)
    polygons = [_polygon(s.polygon, width, height) for s in kept]
    regions = region_array(
        level, [s.label for s in kept], boxes, flags=[s.flags for s in kept], polygons=polygons
    )
    return kept, regions, lacks


def grounding_draft(
    image: RawImage, shapes: Sequence[Shape], name: str, lang: str | None = None
) -> Draft:
    """A picture with objects on it, and how many there are of each category.

    A category is counted only where the count is true: not where one of its
    shapes is a crowd, or was lost.
    """
    kept, regions, lacks = place(shapes, image.width, image.height, "object", name)
    crowded = {s.label for s in shapes if "crowd" in s.flags}
    found = Counter(s.label for s in kept)
    annotated = Counter(s.label for s in shapes)
    counts = {k: n for k, n in annotated.items() if n == found[k] and k not in crowded}
    return Draft(
        "grounding",
        lang,
        name,
        (Part("image", image=0),),
        (image,),
        regions,
        {"count": json.dumps(counts, sort_keys=True, ensure_ascii=False)},
        tuple(lacks),
    )


def _fault(shape: Shape, width: int, height: int) -> str | None:
    x1, y1, x2, y2 = shape.box
    if not np.isfinite([*shape.box, *shape.polygon]).all():
        return "box_not_finite"
    if x2 <= x1 or y2 <= y1:
        return "box_without_area"
    if x1 >= width or y1 >= height or x2 <= 0 or y2 <= 0:
        return "box_outside_image"
    return None


def _polygon(points: Sequence[float], width: int, height: int) -> tuple[int, ...]:
    """Corners on the grid, by the rounding rule of `records.boxes`, cut to the picture."""
    if not points:
        return ()
    corners = np.asarray(points, dtype=np.float64).reshape(-1, 2) / [width, height]
    grid = np.floor(np.clip(corners, 0.0, 1.0) * GRID + 0.5).astype(int)
    return tuple(grid.ravel().tolist())
