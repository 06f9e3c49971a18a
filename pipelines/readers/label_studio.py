"""Label Studio's JSON export -> grounding drafts.

The file is an array of tasks (https://labelstud.io/guide/task_format). Places
are in percent of the picture, as a browser shows it: turned as EXIF says.

    rectanglelabels   turned clockwise by `rotation` around its top left corner; a polygon then
    polygonlabels     the polygon
    ellipselabels     the box around the ellipse, which is turned around its centre
    others            brushes, key points and the like are left out, counted

Of a task's annotations, one is read: the ground truth, or else the first that
was not cancelled. A task without is not annotated: left out, counted.
Predictions are not read.

The task's field `image` (or what the source's `fields` says) is a path below
the source's pictures, or an upload, or a file of local storage; these are also
looked for by their base name.
"""

from __future__ import annotations

import math
import posixpath
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from msgspec import Raw, Struct

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers.drafts import BadInput, Draft, Failure, LeftOut, Piece, RawImage, Row
from pipelines.readers.files import read_whole
from pipelines.readers.lookup import decode, find_picture
from pipelines.readers.pictures import load_picture
from pipelines.readers.shapes import Lost, Shape, grounding_draft

_MARKS = ("rectangle", "polygon", "ellipse", "brush", "bitmask", "keypoint", "vector")
#: Types of results that mark a place; others speak of the whole picture, or of results.
_PLACES = frozenset(("labels", *_MARKS, *(f"{mark}labels" for mark in _MARKS)))


class _Result(Struct):
    type: str
    #: The <Image> tag that it lies on.
    to_name: str | None = None
    value: Raw = Raw(b"{}")
    #: Pixels.
    original_width: int | None = None
    original_height: int | None = None
    #: Degrees by which the annotator turned the picture.
    image_rotation: float | None = None


class _Annotation(Struct):
    result: list[Raw]
    was_cancelled: bool | None = None
    ground_truth: bool | None = None


class _Task(Struct):
    data: dict[str, Any]
    annotations: list[_Annotation] = []


class _Rectangle(Struct):
    x: float
    y: float
    width: float
    height: float
    rotation: float | None = None

    def shape(self, label: str, width: int, height: int) -> Shape:
        x, y = self.x * width / 100, self.y * height / 100
        w, h = self.width * width / 100, self.height * height / 100
        if not self.rotation:
            return Shape(label, (x, y, x + w, y + h))
        cos, sin = _turn(self.rotation)
        right, down = (w * cos, w * sin), (-h * sin, h * cos)
        corners = [(0.0, 0.0), right, (right[0] + down[0], right[1] + down[1]), down]
        return Shape.of_polygon(label, [v for dx, dy in corners for v in (x + dx, y + dy)])


class _Polygon(Struct):
    points: list[tuple[float, float]]

    def shape(self, label: str, width: int, height: int) -> Shape:
        if len(self.points) < 3:
            raise BadInput("too_few_points", f"a polygon of {len(self.points)}")
        scaled = [v for x, y in self.points for v in (x * width / 100, y * height / 100)]
        return Shape.of_polygon(label, scaled)


class _Ellipse(Struct, rename="camel"):
    x: float
    y: float
    radius_x: float
    radius_y: float
    rotation: float | None = None

    def shape(self, label: str, width: int, height: int) -> Shape:
        x, y = self.x * width / 100, self.y * height / 100
        a, b = self.radius_x * width / 100, self.radius_y * height / 100
        cos, sin = _turn(self.rotation or 0.0)
        dx, dy = math.hypot(a * cos, b * sin), math.hypot(a * sin, b * cos)
        return Shape(label, (x - dx, y - dy, x + dx, y + dy))


_READ: dict[str, type[_Rectangle | _Polygon | _Ellipse]] = {
    "rectanglelabels": _Rectangle,
    "polygonlabels": _Polygon,
    "ellipselabels": _Ellipse,
}


def _turn(degrees: float) -> tuple[float, float]:
    """Cosine and sine."""
    return math.cos(math.radians(degrees)), math.sin(math.radians(degrees))


class LabelStudioReader:
    """Reads tasks; one is a row."""

    suffixes = frozenset({".json"})
    splits: frozenset[str] = frozenset()
    fields: tuple[str, ...] = ("image",)

    def rows(
        self, piece: Piece, source: SourceConfig, config: IngestConfig
    ) -> Iterator[Row | LeftOut]:
        """The annotated tasks."""
        data = read_whole(piece.path, config.max_index_bytes)
        for number, raw in enumerate(decode(data, list[Raw], "not_label_studio")):
            name, place = f"{piece.name}#tasks[{number}]", f"tasks[{number}]"
            try:
                task = decode(raw, _Task, "bad_task")
            except BadInput as bad:
                yield Row(place, partial(_refuse, bad))
                continue
            annotation = _chosen(task.annotations)
            if annotation is None:
                yield LeftOut("records", "not_annotated")
            else:
                yield Row(place, partial(_read, task, annotation, name, source, config))


def _refuse(bad: BadInput) -> Draft:
    raise bad


def _chosen(annotations: Sequence[_Annotation]) -> _Annotation | None:
    valid = [a for a in annotations if not a.was_cancelled]
    return next((a for a in valid if a.ground_truth), valid[0] if valid else None)


def _read(
    task: _Task, annotation: _Annotation, name: str, source: SourceConfig, config: IngestConfig
) -> Draft:
    results: list[_Result | Lost] = []
    for number, raw in enumerate(annotation.result):
        try:
            results.append(decode(raw, _Result, "bad_result"))
        except BadInput as bad:
            results.append(_lost(None, name, number, bad))
    size = _size([r for r in results if isinstance(r, _Result) and r.type in _READ])
    address = task.data.get(source.fields.get("image", "image"))
    if not isinstance(address, str) or not address.strip():
        raise BadInput("no_image", "the task's data has no image that is a path")
    path = find_picture(source.pictures, *_paths(address.strip()))
    picture = load_picture(path, config, annotated=size)
    annotations: list[Shape | Lost] = []
    for number, result in enumerate(results):
        if isinstance(result, Lost):
            annotations.append(result)
        else:
            annotations += _annotations(result, number, name, picture)
    return grounding_draft(picture, annotations, name, source.lang)


def _size(results: Sequence[_Result]) -> tuple[int, int] | None:
    """The (width, height) that the places are percents of; None where it is not stated."""
    if any(r.image_rotation for r in results):
        raise BadInput("image_turned_by_annotator", "places are those of the turned picture")
    if len({r.to_name for r in results}) > 1:
        raise BadInput("several_images", "a task with several pictures is not read")
    sizes = {(r.original_width, r.original_height) for r in results}
    if len(sizes) > 1:
        raise BadInput("sizes_differ", f"results state the sizes {sorted(map(str, sizes))}")
    width, height = sizes.pop() if sizes else (None, None)
    return None if width is None or height is None else (width, height)


def _paths(address: str) -> list[str]:
    """Paths below the pictures where the picture of an address may be."""
    try:
        url = urlsplit(address)
    except ValueError:
        return [address]
    if url.path.startswith("/data/local-files/"):
        path = parse_qs(url.query).get("d", [""])[0]
        return [path, posixpath.basename(path)]
    path = unquote(url.path)
    if url.path.startswith("/data/upload/"):
        return [path, path.removeprefix("/data/"), posixpath.basename(path)]
    if url.scheme or url.netloc:
        detail = f"{address[:200]}: fetch it with img2dataset, and put its path into the task"
        raise BadInput("image_remote", detail)
    return [address, path, posixpath.basename(path)]


def _annotations(
    result: _Result, number: int, name: str, picture: RawImage
) -> Iterator[Shape | Lost]:
    """A result's shape, for each of its labels."""
    kind = result.type
    if kind not in _PLACES:
        yield Lost("", LeftOut("results", "not_of_a_region"))
        return
    for label in _labels(result) or [None]:
        if kind not in _READ:
            yield Lost(label, LeftOut("regions", kind))
            continue
        try:
            if label is None:
                raise BadInput("no_label", f"a result of the type {kind}")
            place = decode(result.value, _READ[kind], "bad_result")
            yield place.shape(label, picture.width, picture.height)
        except BadInput as bad:
            yield _lost(label, name, number, bad)


def _labels(result: _Result) -> list[str | None]:
    """Its labels; none where they cannot be read."""
    try:
        value = decode(result.value, dict[str, Raw], "bad_result")
        return [*decode(value.get(result.type, Raw(b"[]")), list[str], "bad_result")]
    except BadInput:
        return []


def _lost(label: str | None, name: str, number: int, bad: BadInput) -> Lost:
    place = f"result {number}"
    return Lost(label, Failure(name, bad.reason, place, bad.detail, bad.head, lost="region"))
