"""labelme annotations -> grounding drafts.

One JSON file a picture (`labelme/_label_file.py` of labelme 6 is the format).
Points are in pixels from 0 with fractions. What becomes of a shape, by its type:

    rectangle             the box around its corners
    polygon               the polygon; so too `oriented_rectangle`
    circle                the box around it: given are the centre and a point on the rim
    point, line,          no extent is known: left out, counted
    linestrip, points
    mask                  left out, counted

Shapes of one label and one `group_id` are pieces of one object, as in
labelme's own exports: they give one box around all, or where one of them has no
extent, none. A shape labelled `__ignore__` says that things there are not
annotated: left out, and nothing in the picture is counted. Of a shape's flags
those are kept that have the name of one of ours.

As in labelme, the picture inside the file goes before the one it names.
"""

from __future__ import annotations

import math
import posixpath
from collections.abc import Sequence

from msgspec import Raw, Struct

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers.data_uri import decode_base64
from pipelines.readers.drafts import BadInput, Draft, Failure, LeftOut, Piece, RawImage
from pipelines.readers.files import read_whole
from pipelines.readers.lookup import decode, find_picture
from pipelines.readers.pictures import check_picture, load_picture
from pipelines.readers.shapes import Lost, Shape, bounds, grounding_draft
from records import FLAGS

#: Types of shapes that say nothing of an extent, or not as corners.
_LEFT_OUT = frozenset({"point", "points", "line", "linestrip", "mask"})
#: How many points the others have, at least.
_POINTS = {"rectangle": 2, "circle": 2, "polygon": 3, "oriented_rectangle": 4}
_IGNORE = "__ignore__"


class _Shape(Struct):
    label: str
    points: list[tuple[float, float]]
    #: None in old files: a polygon.
    shape_type: str | None = None
    group_id: int | str | None = None
    flags: dict[str, bool] | None = None

    @property
    def kind(self) -> str:
        return self.shape_type or "polygon"


class _File(Struct, rename="camel"):
    shapes: list[Raw]
    image_path: str | None = None
    #: The picture's bytes in base64.
    image_data: str | None = None
    image_width: int | None = None
    image_height: int | None = None


def read_labelme(piece: Piece, source: SourceConfig, config: IngestConfig) -> Draft:
    """The picture of an annotation file, with its shapes. Raises BadInput."""
    file = decode(read_whole(piece.path, config.max_file_bytes), _File, "not_labelme")
    picture = _picture(file, piece, source, config)
    objects: dict[object, list[_Shape]] = {}
    annotations: list[Shape | Lost] = []
    for number, raw in enumerate(file.shapes):
        try:
            shape = decode(raw, _Shape, "bad_shape")
        except BadInput as bad:
            annotations.append(_lost(None, piece.name, bad, f"shape {number}"))
            continue
        key = number if shape.group_id is None else (shape.label, shape.group_id)
        objects.setdefault(key, []).append(shape)
    annotations += [_annotation(pieces, piece.name) for pieces in objects.values()]
    return grounding_draft(picture, annotations, piece.name, source.lang)


def _picture(file: _File, piece: Piece, source: SourceConfig, config: IngestConfig) -> RawImage:
    if file.image_width is None or file.image_height is None:
        raise BadInput("no_size", "the annotation states no imageWidth and imageHeight")
    size = (file.image_width, file.image_height)
    if file.image_data:
        data = decode_base64(file.image_data, config.max_image_bytes)
        return check_picture(data, config, annotated=size)
    if not file.image_path:
        raise BadInput("no_image_path", "neither imageData nor imagePath is given")
    named = file.image_path.replace("\\", "/")
    beside = posixpath.join(posixpath.dirname(piece.name), named)
    return load_picture(find_picture(source.pictures, beside, named), config, annotated=size)


def _annotation(pieces: Sequence[_Shape], name: str) -> Shape | Lost:
    """One object, of one or several shapes of a label."""
    label = pieces[0].label
    if label == _IGNORE:
        return Lost(None, LeftOut("regions", "ignored"))
    for piece in pieces:
        if piece.kind in _LEFT_OUT:
            return Lost(label, LeftOut("regions", piece.kind))
    try:
        outlines = [_outline(piece) for piece in pieces]
    except BadInput as bad:
        return _lost(label, name, bad, f"shape ({label[:40]})")
    flags = tuple({f for p in pieces for f, on in (p.flags or {}).items() if on and f in FLAGS})
    if len(pieces) == 1 and pieces[0].kind in ("polygon", "oriented_rectangle"):
        return Shape.of_polygon(label, outlines[0], flags)
    return Shape(label, bounds([v for outline in outlines for v in outline]), flags)


def _outline(shape: _Shape) -> list[float]:
    """Points x1, y1, x2, y2, … with the shape's extent."""
    if shape.kind not in _POINTS:
        raise BadInput("unknown_shape_type", shape.kind[:40])
    points = shape.points
    if len(points) < _POINTS[shape.kind]:
        raise BadInput("too_few_points", f"a {shape.kind} of {len(points)}")
    if shape.kind == "circle":
        (x, y), rim = points[0], points[1]
        radius = math.dist((x, y), rim)
        return [x - radius, y - radius, x + radius, y + radius]
    return [value for point in points for value in point]


def _lost(label: str | None, name: str, bad: BadInput, place: str) -> Lost:
    return Lost(label, Failure(name, bad.reason, place, bad.detail, bad.head, lost="region"))
