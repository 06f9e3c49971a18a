"""Labels of AI-Hub's Korean OCR sets (https://aihub.or.kr) -> ocr drafts.

Each set has a form of its own. Read are those whose form could be checked with
public programs that read them:

    Text in the wild (in 한국어 글자체 이미지), 야외 실제 촬영 한글 이미지
        {"images": [{"id", "file_name", "width", "height"}],
         "annotations": [{"image_id", "text", "bbox": [x, y, w, h],
                          "attributes": {"class": "word" | "character" | "ignored"}}]}
        One file for all pictures, or one each. `attributes` may be missing. A
        text of null (class "ignored") is illegible, and so is "xxx" (the
        latter by the set's description alone).
    공공행정문서 OCR
        {"images": [{"image.file.name", "image.width", "image.height"}],
         "annotations": [{"annotation.text", "annotation.bbox": [x, y, w, h]}]}
    OCR 데이터(공공), OCR 데이터(금융 및 물류), 대용량 손글씨 OCR 데이터
        {"Images": {"identifier", "type", "width", "height"},
         "Bbox" or "bbox": [{"data", "x": [four], "y": [four]}]}
        The corners come column by column: not the outline of a box.
    다양한 형태의 한글 문자 OCR
        {"image": {"file_name", "width", "height"},
         "text": {"word": [{"value", "wordbox": [x1, y1, x2, y2],
                            "letter": [{"value", "charbox": [x1, y1, x2, y2]}]}]}}
        Users cut pictures at x2 and y2, so they are taken as exclusive.

A text of the first form without a box is what the whole picture says (한국어
글자체 이미지). Where a form has no levels, the source's is meant. The order of
annotations is not one of reading, and their ids may repeat: neither is used.

A picture is at the path that the label gives, beside the label or at the same
place below the folder of pictures, or at that folder's top.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from msgspec import UNSET, Raw, Struct, UnsetType, field

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers.drafts import BadInput, Draft, Failure, LeftOut, Piece, Row
from pipelines.readers.files import read_whole
from pipelines.readers.lookup import decode, find_picture
from pipelines.readers.ocr import ocr_draft, text_shape
from pipelines.readers.owned import Id, Owned
from pipelines.readers.pictures import load_picture
from pipelines.readers.shapes import Shape

_ILLEGIBLE = "xxx"
_LEVELS = {"word": "word", "character": "char"}

Quad = tuple[float, float, float, float]


class _Lists(Struct):
    images: list[Raw]
    annotations: list[Raw]


class _WildImage(Struct):
    id: Id
    file_name: str
    width: int
    height: int


class _Attributes(Struct):
    level: str | None = field(name="class", default=None)


class _WildText(Struct):
    text: str | None
    bbox: Quad | UnsetType = UNSET
    attributes: _Attributes | None = None


class _PageImage(Struct):
    file_name: str = field(name="image.file.name")
    width: int = field(name="image.width")
    height: int = field(name="image.height")


class _PageText(Struct):
    text: str = field(name="annotation.text")
    bbox: Quad = field(name="annotation.bbox")


class _FormImage(Struct):
    identifier: str
    width: int
    height: int
    type: str = ""


class _FormText(Struct):
    data: str
    x: Quad
    y: Quad


class _LetterImage(Struct):
    file_name: str
    width: int
    height: int


class _Letter(Struct):
    value: str
    charbox: Quad


class _Word(Struct):
    value: str
    wordbox: Quad
    letter: list[_Letter] = []


class _Words(Struct):
    word: list[Raw]


@dataclass(frozen=True)
class _Text:
    """What one place of a picture says."""

    #: None where nobody could read it.
    text: str | None
    #: x1, y1, x2, y2, …; () is the whole picture.
    points: tuple[float, ...]
    #: None is the source's.
    level: str | None = None


@dataclass(frozen=True)
class _Sheet:
    """A picture and its annotations, not decoded, with what decodes one of them."""

    name: str
    #: Where the picture may be.
    paths: tuple[str, ...]
    size: tuple[int, int]
    entries: Sequence[Raw]
    parse: Callable[[Raw], list[_Text]]


class AihubReader:
    """Reads labels; a picture is a row."""

    suffixes = frozenset({".json"})
    splits: frozenset[str] = frozenset()
    fields: tuple[str, ...] = ()

    def rows(
        self, piece: Piece, source: SourceConfig, config: IngestConfig
    ) -> Iterator[Row | LeftOut]:
        """The pictures, then annotations of no picture. The form is told by its keys."""
        data = read_whole(piece.path, config.max_index_bytes)
        label = decode(data, dict[str, Raw], "not_aihub")
        keys = label.keys()
        if {"images", "annotations"} <= keys:
            lists = decode(data, _Lists, "not_aihub")
            if not (lists.images and _is_page(lists.images[0])):
                yield from _wild(lists, piece, source, config)
                return
            sheet = partial(_page, lists)
        elif "Images" in keys and ("Bbox" in keys or "bbox" in keys):
            sheet = partial(_form, label)
        elif {"image", "text"} <= keys:
            sheet = partial(_letters, label)
        else:
            raise BadInput("unknown_form", f"keys: {', '.join(sorted(keys))}"[:300])
        yield Row(None, lambda: _draft(sheet(piece), source, config))


def _draft(sheet: _Sheet, source: SourceConfig, config: IngestConfig) -> Draft:
    shapes: dict[str, list[Shape]] = defaultdict(list)
    lacks: list[Failure | LeftOut] = []
    whole: list[str] = []
    for number, raw in enumerate(sheet.entries):
        try:
            texts = sheet.parse(raw)
            if any(t.text is not None and not t.text.strip() for t in texts):
                raise BadInput("no_transcription", head=bytes(raw))
        except BadInput as bad:
            place = f"annotation {number}"
            lacks.append(Failure(sheet.name, bad.reason, place, bad.detail, bad.head, "region"))
            continue
        for text in texts:
            said = None if text.text is None else text.text.strip()
            if text.points:
                shapes[text.level or source.level].append(text_shape(said, text.points))
            elif said:
                whole.append(said)
    picture = load_picture(find_picture(source.pictures, *sheet.paths), config, sheet.size)
    return ocr_draft(picture, shapes, sheet.name, source.lang, lacks, "\n".join(whole))


def _paths(piece: Piece, *names: str) -> tuple[str, ...]:
    folder = posixpath.dirname(piece.name)
    return (*(posixpath.join(folder, name) for name in names), *names)


def _wild(
    lists: _Lists, piece: Piece, source: SourceConfig, config: IngestConfig
) -> Iterator[Row | LeftOut]:
    """Text in the wild. Annotations stay as they are in the file until their picture's turn."""
    owned = Owned.of(lists.images, lists.annotations)

    def read(number: int) -> Draft:
        raw = lists.images[number]
        image = decode(raw, _WildImage, "bad_image_entry")
        if image.id in owned.repeated:
            raise BadInput("image_id_repeated", f"id {image.id!r}")
        size, paths = (image.width, image.height), _paths(piece, image.file_name)
        name = f"{piece.name}#images[{number}]"
        entries = [lists.annotations[k] for k in owned.of_image(number)]
        sheet = _Sheet(name, paths, size, entries, _parse_wild)
        return _draft(sheet, source, config)

    for number in range(len(lists.images)):
        yield Row(f"images[{number}]", partial(read, number))
    for number in owned.of_none():
        yield Row(f"annotations[{number}]", partial(owned.orphan, number))


def _parse_wild(raw: Raw) -> list[_Text]:
    entry = decode(raw, _WildText, "bad_annotation")
    text = None if entry.text == _ILLEGIBLE else entry.text
    level = _LEVELS.get(entry.attributes.level or "") if entry.attributes else None
    return [_Text(text, () if entry.bbox is UNSET else _corners(entry.bbox), level)]


def _is_page(image: Raw) -> bool:
    return "image.file.name" in decode(image, dict[str, Raw], "bad_image_entry")


def _page(lists: _Lists, piece: Piece) -> _Sheet:
    if len(lists.images) != 1:
        raise BadInput("several_images", "whose annotation is whose is not said")
    image = decode(lists.images[0], _PageImage, "bad_image_entry")
    size, paths = (image.width, image.height), _paths(piece, image.file_name)
    return _Sheet(piece.name, paths, size, lists.annotations, _parse_page)


def _parse_page(raw: Raw) -> list[_Text]:
    entry = decode(raw, _PageText, "bad_annotation")
    return [_Text(entry.text, _corners(entry.bbox))]


def _form(label: dict[str, Raw], piece: Piece) -> _Sheet:
    image = decode(label["Images"], _FormImage, "bad_image_entry")
    entries = decode(label["Bbox" if "Bbox" in label else "bbox"], list[Raw], "not_aihub")
    paths = _paths(piece, f"{image.identifier}.{image.type}", image.identifier)
    return _Sheet(piece.name, paths, (image.width, image.height), entries, _parse_form)


def _parse_form(raw: Raw) -> list[_Text]:
    entry = decode(raw, _FormText, "bad_annotation")
    return [_Text(entry.data, tuple(v for xy in zip(entry.x, entry.y, strict=True) for v in xy))]


def _letters(label: dict[str, Raw], piece: Piece) -> _Sheet:
    image = decode(label["image"], _LetterImage, "bad_image_entry")
    words = decode(label["text"], _Words, "not_aihub").word
    size, paths = (image.width, image.height), _paths(piece, image.file_name)
    return _Sheet(piece.name, paths, size, words, _parse_word)


def _parse_word(raw: Raw) -> list[_Text]:
    word = decode(raw, _Word, "bad_annotation")
    letters = [_Text(c.value, c.charbox, "char") for c in word.letter]
    return [_Text(word.value, word.wordbox, "word"), *letters]


def _corners(bbox: Quad) -> Quad:
    """(left, top, right, bottom) of (left, top, width, height)."""
    left, top, width, height = bbox
    return (left, top, left + width, top + height)
