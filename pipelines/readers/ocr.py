"""Transcribed pictures -> ocr drafts: regions of text, and the text in reading order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from pipelines.readers.drafts import Draft, Failure, LeftOut, RawImage
from pipelines.readers.shapes import Shape, bounds, place
from records import REGION, Part

#: What stands between two transcriptions of a line of the picture, by their level;
#: coarse levels first. Of the coarsest that is annotated, the text is made.
_BETWEEN = {"line": "\n", "word": " ", "char": ""}
#: Of the lower one's height: two boxes that overlap less are not on one line.
_OVERLAP = 0.5

Box = tuple[float, float, float, float]


def ocr_draft(
    image: RawImage,
    shapes: Mapping[str, Sequence[Shape]],
    name: str,
    lang: str | None,
    lacks: Sequence[Failure | LeftOut] = (),
    text: str = "",
) -> Draft:
    """A picture, the shapes on it by level, and what they say in reading order, or `text`.

    A shape that is not in the picture is left out of both. Where nothing is
    legible there is no text.
    """
    arrays, failures = [pa.array([], REGION)], list(lacks)
    for level in [level for level in _BETWEEN if shapes.get(level)]:
        kept, regions, lost = place(shapes[level], image.width, image.height, level, name)
        arrays.append(regions)
        failures += lost
        text = text or transcription([s for s in kept if s.label], level)
    parts = (Part("image", image=0), *([Part("text", text=text)] if text else []))
    return Draft(
        "ocr", lang, name, parts, (image,), pa.concat_arrays(arrays), lacks=tuple(failures)
    )


def text_shape(text: str | None, points: Sequence[float]) -> Shape:
    """A text with the corners x1, y1, x2, y2, …; of two, the box. None is illegible.

    The polygon is kept where it says more than its box: not where its corners
    are the box's, in whatever order, nor where its outline crosses itself, as
    the corners of a slanted box do where a set gives them column by column.
    """
    label, flags = (text, ()) if text is not None else ("", ("illegible",))
    corners = set(zip(points[0::2], points[1::2], strict=True))
    box = bounds(points)
    of_box = {(x, y) for x in box[0::2] for y in box[1::2]}
    if len(points) == 4 or corners <= of_box or not is_simple(points):
        return Shape(label, box, flags)
    return Shape.of_polygon(label, points, flags)


def is_simple(points: Sequence[float]) -> bool:
    """Whether no two sides of a polygon x1, y1, x2, y2, … cross."""
    corners = list(zip(points[0::2], points[1::2], strict=True))
    sides = list(zip(corners, corners[1:] + corners[:1], strict=True))
    return not any(
        _cross(*sides[i], *sides[k]) for i in range(len(sides)) for k in range(i + 2, len(sides))
    )


def transcription(shapes: Sequence[Shape], level: str) -> str:
    """The labels in reading order: a line of the picture a line."""
    lines = reading_order([s.box for s in shapes])
    return "\n".join(_BETWEEN[level].join(shapes[k].label for k in line) for line in lines)


def reading_order(boxes: Sequence[Box]) -> list[list[int]]:
    """The boxes' indices line by line, top to bottom, each line from left to right.

    From left to right, a box goes on with the line whose last box it overlaps
    most in height; or begins a line, where it overlaps none by half of the
    lower one's height. So a line may slope, and a word as high as two lines
    joins one of them without drawing the other in.
    """
    lines: list[list[int]] = []
    for index in sorted(range(len(boxes)), key=lambda k: (boxes[k][0], boxes[k][1])):
        best, line = 0.0, None
        for candidate in lines:
            shared, likeness = _overlap(boxes[candidate[-1]], boxes[index])
            if shared >= _OVERLAP and likeness > best:
                best, line = likeness, candidate
        if line is None:
            lines.append([index])
        else:
            line.append(index)
    return sorted(lines, key=lambda line: sum(boxes[k][1] + boxes[k][3] for k in line) / len(line))


def _overlap(a: Box, b: Box) -> tuple[float, float]:
    """What two boxes share in height: of the lower one's height, and of both together."""
    shared = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    return shared / min(a[3] - a[1], b[3] - b[1]), shared / (max(a[3], b[3]) - min(a[1], b[1]))


Point = tuple[float, float]


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether the sides ab and cd cross at a point inside both."""
    return _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0


def _turn(a: Point, b: Point, c: Point) -> float:
    """> 0 where c lies to one side of the line from a to b, < 0 to the other."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
