"""Annotated shapes in pixels -> regions on the grid, and counts that are true."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from pipelines.readers.drafts import BadInput, Draft, Failure, LeftOut, RawImage
from records import GRID, Part, normalise, region_array

#: Pixels by which tools round over the edge; what goes on further is truncated.
_SLACK = 1.0


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
        return Shape(label, bounds(points), flags, tuple(points))


@dataclass(frozen=True)
class Lost:
    """An annotation that gives no region, and why."""

    #: None where it is not known what it labels; "" where no object is lost with it.
    label: str | None
    why: Failure | LeftOut


def bounds(points: Sequence[float]) -> tuple[float, float, float, float]:
    """The box around the points x1, y1, x2, y2, …"""
    xs, ys = points[0::2], points[1::2]
    return min(xs), min(ys), max(xs), max(ys)


def place(
    shapes: Sequence[Shape], width: int, height: int, level: str, name: str
) -> tuple[list[Shape], pa.StructArray, list[Failure]]:
    """Which shapes lie in a picture of that size, their regions, and why the others do not.

    A shape is cut to the picture, and is then `truncated`. One without area or
    outside is a Failure of the row `name` that costs the region.
    """
    kept: list[Shape] = []
    cut: list[Shape] = []
    lacks: list[Failure] = []
    for index, shape in enumerate(shapes):
        part = _cut(shape, width, height)
        if isinstance(part, Shape):
            kept.append(shape)
            cut.append(part)
        else:
            place = f"region {index} ({shape.label[:40]})"
            lacks.append(Failure(name, part, place, str(shape.box), lost="region"))
    boxes = normalise([s.box for s in cut], width, height)
    polygons = [_on_grid(s.polygon, width, height) for s in cut]
    regions = region_array(
        level, [s.label for s in cut], boxes, flags=[s.flags for s in cut], polygons=polygons
    )
    return kept, regions, lacks


def grounding_draft(
    image: RawImage,
    annotations: Sequence[Shape | Lost],
    name: str,
    lang: str | None = None,
    incomplete: Collection[str] = (),
) -> Draft:
    """A picture with objects on it, and how many there are of each category.

    A category is counted only where the count is true: not where one of its
    shapes is a crowd, or was lost, or where it is `incomplete`: not all of its
    objects are annotated. Where it is not known of which category a lost
    annotation is, none is counted.
    """
    annotations = [_labelled(a, i, name) for i, a in enumerate(annotations)]
    shapes = [a for a in annotations if isinstance(a, Shape)]
    lost = [a for a in annotations if isinstance(a, Lost)]
    kept, regions, failures = place(shapes, image.width, image.height, "object", name)
    annotated, found = Counter(s.label for s in shapes), Counter(s.label for s in kept)
    reasons = [w.reason for w in (*(a.why for a in lost if a.label != ""), *failures)]
    if reasons and not kept:
        # It would look like a picture on which there is nothing.
        raise BadInput("no_region_left", ", ".join(dict.fromkeys(reasons)))
    crowds = {s.label for s in shapes if "crowd" in s.flags}
    unsure = {a.label for a in lost} | crowds | set(incomplete)
    counts = {k: n for k, n in annotated.items() if n == found[k] and k not in unsure}
    return Draft(
        "grounding",
        lang,
        name,
        (Part("image", image=0),),
        (image,),
        regions,
        {"count": json.dumps({} if None in unsure else counts, sort_keys=True, ensure_ascii=False)},
        (*(a.why for a in lost), *failures),
    )


def _labelled(annotation: Shape | Lost, index: int, name: str) -> Shape | Lost:
    if isinstance(annotation, Lost) or annotation.label.strip():
        return annotation
    return Lost(None, Failure(name, "no_label", f"region {index}", lost="region"))


def _cut(shape: Shape, width: int, height: int) -> Shape | str:
    """The part of a shape that lies in the picture, or the reason why there is none."""
    x1, y1, x2, y2 = shape.box
    if not np.isfinite([*shape.box, *shape.polygon]).all():
        return "box_not_finite"
    if x2 <= x1 or y2 <= y1:
        return "box_without_area"
    if x1 >= width or y1 >= height or x2 <= 0 or y2 <= 0:
        return "box_outside_image"
    beyond = max(-x1, -y1, x2 - width, y2 - height)
    flags = {*shape.flags, "truncated"} if beyond > _SLACK else shape.flags
    if not shape.polygon or beyond <= 0:
        return replace(shape, flags=tuple(sorted(flags)))
    polygon = _clip(shape.polygon, width, height)
    box = bounds(polygon) if polygon else (0.0, 0.0, 0.0, 0.0)
    if box[0] >= box[2] or box[1] >= box[3]:
        return "box_outside_image"
    return Shape(shape.label, box, tuple(sorted(flags)), polygon)


def _clip(polygon: Sequence[float], width: int, height: int) -> tuple[float, ...]:
    """A polygon cut to the picture, border by border (Sutherland & Hodgman 1974)."""
    points = list(zip(polygon[0::2], polygon[1::2], strict=True))
    for axis, sign, limit in ((0, 1, 0), (0, -1, width), (1, 1, 0), (1, -1, height)):
        inside = [(p[axis] - limit) * sign >= 0 for p in points]
        cut: list[tuple[float, float]] = []
        for k, point in enumerate(points):
            before = points[k - 1]
            if inside[k] != inside[k - 1]:
                t = (limit - before[axis]) / (point[axis] - before[axis])
                other = before[1 - axis] + t * (point[1 - axis] - before[1 - axis])
                cut.append((limit, other) if axis == 0 else (other, limit))
            if inside[k]:
                cut.append(point)
        points = cut
    return tuple(value for point in points for value in point)


def _on_grid(points: Sequence[float], width: int, height: int) -> tuple[int, ...]:
    """Corners on the grid, by the rounding rule of `records.boxes`."""
    if not points:
        return ()
    corners = np.asarray(points, dtype=np.float64).reshape(-1, 2) / [width, height]
    grid = np.floor(np.clip(corners, 0.0, 1.0) * GRID + 0.5).astype(int)
    return tuple(grid.ravel().tolist())
