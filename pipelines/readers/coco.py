"""COCO files -> grounding drafts, or caption drafts.

The format is that of https://cocodataset.org/#format-data: one JSON file with
`images`, `annotations` and, but for captions, `categories`. A box is
[x, y, width, height] in pixels from 0, fractions allowed.

A file of instances gives a row an image; one without annotations is a row
without regions. A file of captions gives a row an annotation. Polygons, masks
and keypoints are skipped.

Entries stay as the bytes that they are in the file until their row is read.
What is decoded at the start is whose annotation each one is: 8 bytes each. So
an entry that is wrong costs itself, and memory is little more than the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial

import msgspec
import numpy as np
from msgspec import UNSET, Raw, Struct, UnsetType
from numpy.typing import NDArray

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers.drafts import BadInput, Draft, Failure, LeftOut, Piece, RawImage, Row
from pipelines.readers.files import read_whole
from pipelines.readers.lookup import decode, find_picture
from pipelines.readers.pictures import load_picture
from pipelines.readers.shapes import Lost, Shape, grounding_draft
from records import Part

#: pandas makes floats of a column's numbers where one is missing. Not `float` alone, for
#: which large ids are the same; 7.0 and 7 are one key.
Id = int | float | str


class _Category(Struct):
    id: Id
    name: str


class _File(Struct):
    images: list[Raw]
    annotations: list[Raw]
    categories: list[_Category] | UnsetType = UNSET


class _Identity(Struct):
    """Of an entry of `images`."""

    id: Id


class _Owner(Struct):
    """Of an annotation."""

    image_id: Id


class _Kind(Struct):
    bbox: Raw | UnsetType = UNSET
    caption: Raw | UnsetType = UNSET


class _Image(Struct):
    id: Id
    file_name: str
    width: int | float | None = None
    height: int | float | None = None
    #: LVIS: categories of which not every object in the image is annotated.
    not_exhaustive_category_ids: list[Id] | None = None


class _Class(Struct):
    category_id: Id


class _Instance(Struct):
    category_id: Id
    bbox: tuple[float, float, float, float]
    iscrowd: bool | float | None = False


class _Caption(Struct):
    caption: str


@dataclass(frozen=True)
class _Index:
    """A file, and which annotations are whose."""

    images: list[Raw]
    annotations: list[Raw]
    names: dict[Id, str]
    #: Ids that more than one image has.
    repeated: set[Id]
    #: Indices of annotations: first those of no image, then those of each image.
    order: NDArray[np.int64]
    #: Where in `order` each image's begin; one more than images, for the end.
    begins: NDArray[np.int64]

    def of_image(self, index: int) -> list[int]:
        return self.order[self.begins[index] : self.begins[index + 1]].tolist()

    @property
    def of_none(self) -> list[int]:
        return self.order[: self.begins[0]].tolist()


class CocoReader:
    """Reads instances and captions."""

    suffixes = frozenset({".json"})
    splits: frozenset[str] = frozenset()

    def rows(
        self, piece: Piece, source: SourceConfig, config: IngestConfig
    ) -> Iterator[Row | LeftOut]:
        """The images, or the captions image by image; then annotations of no image."""
        file = decode(read_whole(piece.path, config.max_index_bytes), _File, "not_coco")
        captions = bool(file.annotations) and _is_caption(file.annotations[0])
        index = _index(file, captions)
        for number in range(len(index.images)):
            if captions:
                yield from _captions(index, number, piece, source, config)
            else:
                read = partial(_instances, index, number, piece, source, config)
                yield Row(f"images[{number}]", read)
        for number in index.of_none:
            yield Row(f"annotations[{number}]", partial(_orphan, index.annotations[number]))


def _is_caption(annotation: Raw) -> bool:
    try:
        kind = decode(annotation, _Kind, "bad_annotation")
    except BadInput:
        return False
    return kind.caption is not UNSET and kind.bbox is UNSET


def _index(file: _File, captions: bool) -> _Index:
    if file.categories is UNSET and not captions:
        raise BadInput("no_categories", "the file has neither categories nor captions")
    names: dict[Id, str] = {}
    for category in file.categories or []:
        if names.setdefault(category.id, category.name) != category.name:
            raise BadInput("category_repeated", f"id {category.id!r} has two names")
    positions: dict[Id | None, int] = {}
    repeated: set[Id] = set()
    for position, raw in enumerate(file.images):
        key = _id(raw, _IDENTITIES)
        if key is not None and positions.setdefault(key, position) != position:
            repeated.add(key)
    owners = np.fromiter(
        (positions.get(_id(raw, _OWNERS), -1) for raw in file.annotations), np.int64
    )
    order = np.argsort(owners, kind="stable")
    begins = np.searchsorted(owners, np.arange(len(file.images) + 1), sorter=order)
    return _Index(file.images, file.annotations, names, repeated, order, begins)


_IDENTITIES, _OWNERS = msgspec.json.Decoder(_Identity), msgspec.json.Decoder(_Owner)


def _id(raw: Raw, decoder: msgspec.json.Decoder) -> Id | None:
    """None where the entry is not of the format: reading its row will say so."""
    try:
        entry = decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return entry.id if isinstance(entry, _Identity) else entry.image_id


def _instances(
    index: _Index, number: int, piece: Piece, source: SourceConfig, config: IngestConfig
) -> Draft:
    image = _image(index, number)
    size = _size(image)
    path = find_picture(source.pictures, image.file_name)
    picture = load_picture(path, config, annotated=size)
    name = f"{piece.name}#images[{number}]"
    shapes = [_shape(index, k, name) for k in index.of_image(number)]
    unfinished = image.not_exhaustive_category_ids or []
    incomplete = {index.names[k] for k in unfinished if k in index.names}
    return grounding_draft(picture, shapes, name, source.lang, incomplete)


def _size(image: _Image) -> tuple[int, int]:
    """(width, height) in pixels."""
    if image.width is None or image.height is None:
        raise BadInput("no_size", "the image states no width and height to check the boxes by")
    width, height = int(image.width), int(image.height)
    if (width, height) != (image.width, image.height):
        raise BadInput("bad_image_entry", f"the size {image.width} x {image.height}")
    return width, height


def _image(index: _Index, number: int) -> _Image:
    image = decode(index.images[number], _Image, "bad_image_entry")
    if image.id in index.repeated:
        raise BadInput("image_id_repeated", f"id {image.id!r}")
    return image


def _shape(index: _Index, number: int, name: str) -> Shape | Lost:
    raw, label = index.annotations[number], None
    try:
        category = decode(raw, _Class, "bad_annotation").category_id
        label = index.names.get(category)
        if label is None:
            raise BadInput("category_missing", f"id {category!r}")
        instance = decode(raw, _Instance, "bad_annotation")
    except BadInput as bad:
        place = f"annotations[{number}]"
        return Lost(label, Failure(name, bad.reason, place, bad.detail, bad.head, lost="region"))
    x, y, width, height = instance.bbox
    flags = ("crowd",) if instance.iscrowd else ()
    return Shape(label, (x, y, x + width, y + height), flags)


def _captions(
    index: _Index, number: int, piece: Piece, source: SourceConfig, config: IngestConfig
) -> Iterator[Row | LeftOut]:
    """A row a caption of one image."""

    @cache  # for all captions of this image
    def picture() -> RawImage:
        path = find_picture(source.pictures, _image(index, number).file_name)
        return load_picture(path, config)

    def read(annotation: int) -> Draft:
        text = decode(index.annotations[annotation], _Caption, "bad_annotation").caption.strip()
        if not text:
            raise BadInput("no_caption", "the caption is empty")
        name = f"{piece.name}#annotations[{annotation}]"
        parts = (Part("image", image=0), Part("text", text=text))
        return Draft("caption", source.lang, name, parts, (picture(),))

    members = index.of_image(number)
    if not members:
        yield LeftOut("images", "without_caption")
    for annotation in members:
        yield Row(f"annotations[{annotation}]", partial(read, annotation))


def _orphan(raw: Raw) -> Draft:
    owner = decode(raw, _Owner, "bad_annotation").image_id
    raise BadInput("image_not_listed", f"no image has the id {owner!r}", bytes(raw))
