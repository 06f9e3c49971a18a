"""PASCAL VOC annotations -> grounding drafts.

One XML file a picture. The corners of a box are pixels counted from 1, and the
last ones belong to it (VOC2012 devkit, section "Annotation files"): the whole
of a picture is [1, 1, width, height]. Tools that write corners counted from 0
under the same names cannot be told apart; read like this, the left and top
edges of their boxes lie a pixel too far out.

The boxes of an object's parts (head, hands, feet) are left out and counted.
"""

from __future__ import annotations

import posixpath
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers.drafts import BadInput, Draft, Failure, LeftOut, Piece
from pipelines.readers.files import read_whole
from pipelines.readers.lookup import find_picture
from pipelines.readers.pictures import load_picture
from pipelines.readers.shapes import Lost, Shape, grounding_draft

_FLAGS = ("difficult", "occluded", "truncated")
_YES = ("1", "true")


def read_voc(piece: Piece, source: SourceConfig, config: IngestConfig) -> Draft:
    """The picture of an annotation file, with its objects. Raises BadInput."""
    root = _parse(read_whole(piece.path, config.max_file_bytes))
    filename = (root.findtext("filename") or "").strip()
    if not filename:
        raise BadInput("no_filename")
    path = find_picture(source.pictures, *_places(piece.name, filename))
    picture = load_picture(path, config, annotated=_size(root))
    annotations: list[Shape | Lost] = []
    for number, element in enumerate(root.iterfind("object")):
        annotations.append(_shape(element, number, piece.name))
        for part in element.iterfind("part"):
            annotations.append(Lost(part.findtext("name"), LeftOut("regions", "part")))
    return grounding_draft(picture, annotations, piece.name, source.lang)


def _parse(data: bytes) -> Element:
    try:
        root: Element = ElementTree.fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise BadInput("xml_with_dtd", str(error), data) from error
    except (ParseError, ValueError, LookupError) as error:  # the latter: an unknown encoding
        raise BadInput("not_xml", str(error), data) from error
    if root.tag != "annotation":
        raise BadInput("not_voc", f"the root is <{root.tag}>", data)
    return root


def _places(name: str, filename: str) -> list[str]:
    """Where the picture may be: beside the annotation, in the sibling folder, at the top."""
    folder = posixpath.dirname(name)
    *above, last = folder.split("/")
    sibling = "/".join([*above, "JPEGImages"] if last == "Annotations" else [folder, "JPEGImages"])
    return [f"{folder}/{filename}", f"{sibling}/{filename}", filename]


def _size(root: Element) -> tuple[int, int]:
    try:
        width, height = (int(root.findtext(f"size/{side}", "")) for side in ("width", "height"))
    except ValueError:
        raise BadInput("no_size", "the annotation states no width and height") from None
    return width, height


def _shape(element: Element, number: int, name: str) -> Shape | Lost:
    label = (element.findtext("name") or "").strip()
    try:
        xmin, ymin, xmax, ymax = (
            float(element.findtext(f"bndbox/{edge}", ""))
            for edge in ("xmin", "ymin", "xmax", "ymax")
        )
    except ValueError as error:
        failure = Failure(name, "bad_bndbox", f"object {number}", str(error), lost="region")
        return Lost(label or None, failure)
    flags = tuple(f for f in _FLAGS if (element.findtext(f) or "").strip().lower() in _YES)
    return Shape(label, (xmin - 1, ymin - 1, xmax, ymax), flags)
