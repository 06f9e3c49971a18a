"""COCO files -> grounding drafts, or caption drafts.

The format is that of https://cocodataset.org/#format-data: one JSON file with
`images`, `annotations` and, but for captions, `categories`. A box is
[x, y, width, height] in pixels from 0, fractions allowed.

A file of instances gives a row an image; one without annotations is a row
without regions. A file of captions gives a row an annotation. Polygons, masks
and keypoints are skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial

from msgspec import UNSET, Raw, Struct, UnsetType

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers.drafts import BadInput, Draft, Failure, LeftOut, Piece, RawImage, Row
from pipelines.readers.files import read_whole
from pipelines.readers.lookup import decode, find_picture
from pipelines.readers.owned import Id, Owned
from pipelines.readers.pictures import load_picture
from pipelines.readers.shapes import Lost, Shape, grounding_draft
from records import Part


class _Category(Struct):
    id: Id
    name: str


class _File(Struct):
    images: list[Raw]
    annotations: list[Raw]
    categories: list[_Category] | UnsetType = UNSET


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

    owned: Owned
    names: dict[Id, str]


class CocoReader:
    """Reads instances and captions."""

    suffixes = frozenset({".json"})
    splits: frozenset[str] = frozenset()
    fields: tuple[str, ...] = ()

    def rows(
        self, piece: Piece, source: SourceConfig, config: IngestConfig
    ) -> Iterator[Row | LeftOut]:
        """The images, or the captions image by image; then annotations of no image."""
        file = decode(read_whole(piece.path, config.max_index_bytes), _File, "not_coco")
        captions = bool(file.annotations) and _is_caption(file.annotations[0])
        index = _index(file, captions)
        for number in range(len(index.owned.images)):
            if captions:
                yield from _captions(index, number, piece, source, config)
            else:
                read = partial(_instances, index, number, piece, source, config)
                yield Row(f"images[{number}]", read)
        for number in index.owned.of_none():
            yield Row(f"annotations[{number}]", partial(index.owned.orphan, number))


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
    return _Index(Owned.of(file.images, file.annotations), names)


def _instances(
    index: _Index, number: int, piece: Piece, source: SourceConfig, config: IngestConfig
) -> Draft:
    image = _image(index, number)
    size = _size(image)
    path = find_picture(source.pictures, image.file_name)
    picture = load_picture(path, config, annotated=size)
    name = f"{piece.name}#images[{number}]"
    shapes = [_shape(index, k, name) for k in index.owned.of_image(number)]
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
    image = decode(index.owned.images[number], _Image, "bad_image_entry")
    if image.id in index.owned.repeated:
        raise BadInput("image_id_repeated", f"id {image.id!r}")
    return image


def _shape(index: _Index, number: int, name: str) -> Shape | Lost:
    raw, label = index.owned.annotations[number], None
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
        text = decode(
            index.owned.annotations[annotation], _Caption, "bad_annotation"
        ).caption.strip()
        if not text:
            raise BadInput("no_caption", "the caption is empty")
        name = f"{piece.name}#annotations[{annotation}]"
        parts = (Part("image", image=0), Part("text", text=text))
        return Draft("caption", source.lang, name, parts, (picture(),))

    members = index.owned.of_image(number)
    if not members:
        yield LeftOut("images", "without_caption")
    for annotation in members:
        yield Row(f"annotations[{annotation}]", partial(read, annotation))
