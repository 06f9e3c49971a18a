"""YOLO datasets -> grounding drafts.

The layout is that of https://docs.ultralytics.com/datasets/detect: beside each
folder `images` one named `labels` with the same tree; or label files beside
the pictures, as Darknet has it. The source's `path` is the folder above both.

A row is a picture. Its label file has a line an object: its class and then,
as fractions of the picture's width and height,

    cx cy w h               a box
    x1 y1 x2 y2 x3 y3 …     a polygon; of oriented boxes, the four corners
    cx cy w h keypoints …   a box, where `data.yaml` has a `kpt_shape`

A picture without a label file shows nothing of the classes. A line that is
wrong costs the row: the rest of such a file is not to be trusted. A line given
twice is one object, as in Ultralytics.

No size is stated, so nothing says how a picture with an EXIF orientation was
seen. Ultralytics (`exif_size`, and OpenCV's reader) turns it, and so do we.

Class names come from `data.yaml`, `classes.txt` or `obj.names` in the folders
above the labels and the picture, up to the source's. Where there are several,
they must agree; where there is none, no row is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers.drafts import BadInput, Draft, LeftOut, Piece, Row
from pipelines.readers.files import read_whole
from pipelines.readers.pictures import SUFFIXES, load_picture
from pipelines.readers.shapes import Lost, Shape, grounding_draft

_CLASS_FILES = ("data.yaml", "classes.txt", "obj.names")
#: How far rounding may carry a fraction out of 0..1.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class _Classes:
    names: dict[int, str]
    #: Columns of a line that are keypoints.
    keypoints: int = 0


class YoloReader:
    """Reads pictures and their label files; a picture is a row, and a label file without one."""

    suffixes = SUFFIXES | {".txt"}
    splits: frozenset[str] = frozenset()
    fields: tuple[str, ...] = ()

    def rows(
        self, piece: Piece, source: SourceConfig, config: IngestConfig
    ) -> Iterator[Row | LeftOut]:
        """The picture; of a label file nothing, unless its picture is missing."""
        path = piece.path
        if path.suffix.lower() in SUFFIXES:
            yield Row(None, lambda: _read(piece, source, config))
        elif path.name in _CLASS_FILES or _has_picture(path):
            return
        elif "labels" in PurePosixPath(piece.name).parts or _looks_like_labels(path):
            yield Row(None, _refuse)
        else:
            yield LeftOut("files", "not_labels")


def _refuse() -> Draft:
    raise BadInput("image_missing", "labels without a picture")


def _read(piece: Piece, source: SourceConfig, config: IngestConfig) -> Draft:
    places = [p.with_suffix(".txt") for p in _places(piece.path, "images", "labels")]
    files = [p for p in places if p.is_file()]
    root = source.folder.resolve()
    if any(not f.resolve().is_relative_to(root) for f in files):
        raise BadInput("labels_outside_source", "`path` is to be the folder above both")
    if len(files) > 1:
        raise BadInput("two_label_files", ", ".join(map(str, files)))
    classes = _classes([piece.path, *places], source.folder, config)
    picture = load_picture(piece.path, config)
    annotations: list[Shape | Lost] = []
    if files:
        text = _text(files[0], config)
        annotations += _annotations(text, classes, picture.width, picture.height)
    return grounding_draft(picture, annotations, piece.name, source.lang)


def _places(path: Path, old: str, new: str) -> list[Path]:
    """Where a file's other half may be: in the other tree, and beside it."""
    parts = list(path.parts)
    for k in range(len(parts) - 2, -1, -1):
        if parts[k] == old:
            return [Path(*parts[:k], new, *parts[k + 1 :]), path]
    return [path]


def _has_picture(label: Path) -> bool:
    suffixes = [s for low in SUFFIXES for s in (low, low.upper(), "." + low[1:].capitalize())]
    return any(
        place.with_suffix(suffix).is_file()
        for place in _places(label, "labels", "images")
        for suffix in suffixes
    )


def _looks_like_labels(path: Path) -> bool:
    """Whether the first line that is not empty has the columns of a box."""
    try:
        with open(path, encoding="utf-8") as file:
            line = next((ln for ln in iter(lambda: file.readline(4096), "") if ln.strip()), "")
            return len([float(v) for v in line.split()]) >= 5
    except (OSError, ValueError):
        return False


def _classes(paths: list[Path], root: Path, config: IngestConfig) -> _Classes:
    """The classes by all class files in folders above the paths, which must agree."""
    folders = {f for p in paths for f in p.parents if f.is_relative_to(root)}
    files = [f / name for f in sorted(folders) for name in _CLASS_FILES if (f / name).is_file()]
    found = [_load_classes(f, f.stat().st_mtime_ns, config) for f in files]
    if not found:
        raise BadInput("no_class_names", f"none of {', '.join(_CLASS_FILES)} above the labels")
    if any(c.names != found[0].names for c in found):
        raise BadInput("class_names_differ", ", ".join(map(str, files)))
    return _Classes(found[0].names, max(c.keypoints for c in found))


@lru_cache(64)
def _load_classes(path: Path, changed: int, config: IngestConfig) -> _Classes:
    text = _text(path, config)
    if path.suffix != ".yaml":
        names = [line.strip() for line in text.rstrip().split("\n")]
        return _Classes(dict(enumerate(names)))
    try:
        data = yaml.safe_load(text)
        entries = data["names"]
        pairs = entries.items() if isinstance(entries, dict) else enumerate(entries)
        classes = {_integer(number): _name(name) for number, name in pairs}
        points, values = data.get("kpt_shape") or (0, 0)
        return _Classes(classes, int(points) * int(values))
    except (yaml.YAMLError, RecursionError, KeyError, TypeError, ValueError) as error:
        raise BadInput("bad_data_yaml", f"{type(error).__name__}: {error}") from error


def _integer(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"the class number {value!r}")
    return value


def _name(value: Any) -> str:
    """YAML makes numbers of some names, which can be undone; a `no` that is now False cannot."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise ValueError(f"the class name {value!r} wants quotes")
    return str(value)


def _text(path: Path, config: IngestConfig) -> str:
    data = read_whole(path, config.max_file_bytes)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("bad_encoding", f"{path.name}: {error}", data) from error


def _annotations(text: str, classes: _Classes, width: int, height: int) -> Iterator[Shape | Lost]:
    seen: set[Shape] = set()
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            shape = _shape(line, classes, width, height)
        except BadInput as bad:
            raise BadInput(bad.reason, f"line {number}: {bad.detail}", line.encode()) from None
        if shape in seen:
            yield Lost("", LeftOut("regions", "repeated"))
        else:
            yield shape
        seen.add(shape)


def _shape(line: str, classes: _Classes, width: int, height: int) -> Shape:
    try:
        number, *values = map(float, line.split())
    except ValueError as error:
        raise BadInput("bad_label_line", str(error)) from None
    label = classes.names.get(int(number)) if number.is_integer() else None
    if label is None:
        raise BadInput("unknown_class", f"{number:g}")
    columns = len(values)
    if columns == 4 + classes.keypoints:
        values = values[:4]
    elif columns < 6 or columns % 2 or classes.keypoints:
        raise BadInput("bad_label_columns", f"{columns + 1} columns")
    if not all(-_ROUNDING <= v <= 1 + _ROUNDING for v in values):
        raise BadInput("label_out_of_range", "coordinates are to be fractions, 0..1")
    if len(values) > 4:
        return Shape.of_polygon(label, [v * (width, height)[k % 2] for k, v in enumerate(values)])
    cx, cy, w, h = values
    box = ((cx - w / 2) * width, (cy - h / 2) * height)
    return Shape(label, (*box, (cx + w / 2) * width, (cy + h / 2) * height))
