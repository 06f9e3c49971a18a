"""Images of a page: where they stand, what file they name, what their captions say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from resiliparse.parse.html import DocumentNode, ElementNode

from pipelines.config import IngestConfig
from pipelines.readers.data_uri import decode_data_uri, is_data_uri
from pipelines.readers.drafts import BadInput, Failure, LeftOut, RawImage
from pipelines.readers.files import inside
from pipelines.readers.marks import IMAGE, mark
from pipelines.readers.pictures import check_picture, load_picture

#: What a picture may be wrapped in. Its mark goes before the wrapping: the extractor
#: drops links, such as to the picture at full size.
_FRAMES = ("a", "picture")
#: Where pages that load their images late keep the address.
_LATE = ("data-src", "data-original", "data-lazy-src")
#: A candidate of `srcset`: an address, and its width or density.
_CANDIDATE = re.compile(r"([^\s,]\S*[^\s,])(?:\s+(\d+(?:\.\d+)?)[wx])?\s*(?:,|$)")
#: Pictures remembered, as pages share logos and icons: how many, and of what size.
_SHARED_PICTURES, _SHARED_BYTES = 256, 1 << 18

#: Gives the image at an address, or why it is none of ours; None is a remote one.
FindImage = Callable[[str], RawImage | LeftOut | None]


@dataclass
class PageImage:
    """An image of a page, before its file is looked for."""

    src: str
    alt: str
    #: The caption of a figure that has no other image.
    caption: str | None = None


def mark_images(
    document: DocumentNode, images: Iterable[ElementNode], captions: Sequence[ElementNode]
) -> list[PageImage]:
    """Put a mark in place of each image, and a figure's caption right after its last image."""
    placed = _place_captions(document, captions)
    found: list[PageImage] = []
    for image in images:
        text = document.create_text_node(f" {mark(IMAGE, len(found))} ")
        alt = " ".join((image.getattr("alt") or "").split())
        found.append(PageImage(_source(image), alt, placed.get(image)))
        _frame(image).before(text)
        image.remove()
    return found


def open_figure(document: DocumentNode, element: ElementNode) -> None:
    """Put a <div> in place of a <figure> or <figcaption>.

    The extractor drops these whole, be it a listing.
    """
    block = document.create_element("div")
    for name in element.attribute_names or ():
        block.setattr(name, element.getattr(name) or "")
    for child in element.child_nodes.values():
        block.append_child(child)
    element.replace_with(block)


def look_up(
    image: PageImage, base: str, name: str, find: FindImage
) -> RawImage | Failure | LeftOut:
    """The image of the page `name`, or why there is none; `base` is where its address starts."""
    src = image.src.strip()
    place = f"img src={src[:200]}"
    if not src:
        return Failure(name, "image_without_src", place, lost="image")
    try:
        address = src if is_data_uri(src) else urljoin(base, src)
        path = src[:40] if is_data_uri(src) else urlsplit(address).path
    except ValueError as error:
        return Failure(name, "image_bad_address", place, str(error), lost="image")
    if path.lower().endswith(".svg") or path.lower().startswith("data:image/svg+xml"):
        return LeftOut("images", "svg")
    try:
        found = find(address)
    except BadInput as bad:
        return Failure(name, bad.reason, place, bad.detail, bad.head, lost="image")
    if isinstance(found, RawImage):
        return replace(found, alt=image.alt or None)
    return found or LeftOut("images", "remote")


def find_in_folder(address: str, root: Path, config: IngestConfig) -> RawImage | None:
    """The image at a page's address, where that is a path below `root` or holds the image."""
    if is_data_uri(address):
        return inline_picture(address, config)
    url = urlsplit(address)
    if url.scheme or url.netloc:
        return None
    try:
        path = inside(root, unquote(url.path))
    except BadInput as bad:
        raise BadInput(f"image_{bad.reason}", bad.detail) from None
    size = path.stat().st_size if path.is_file() else 0
    result = _load_shared(path, config) if size <= _SHARED_BYTES else load_picture(path, config)
    if isinstance(result, BadInput):
        raise result.with_traceback(None)
    return result


def inline_picture(address: str, config: IngestConfig) -> RawImage:
    """The picture that a data: URI holds. Raises BadInput."""
    return check_picture(decode_data_uri(address, config.max_image_bytes), config)


def _place_captions(
    document: DocumentNode, captions: Sequence[ElementNode]
) -> dict[ElementNode, str]:
    """Move each figure's caption to its last image; by image, those of figures of one image.

    A caption with images of its own stays where it is.
    """
    placed: dict[ElementNode, str] = {}
    for caption in reversed(captions):
        if caption.get_elements_by_tag_name("img").values():
            open_figure(document, caption)
            continue
        figure = caption.closest("figure")
        text = " ".join((caption.inner_text or "").split())
        paragraph = document.create_element("p")
        paragraph.append_child(document.create_text_node(text))
        images = figure.get_elements_by_tag_name("img").values() if figure is not None else []
        if images:
            _frame(images[-1]).after(paragraph)
            caption.remove()
        else:
            caption.replace_with(paragraph)
        if len(images) == 1:
            placed[images[0]] = text
    return placed


def _frame(image: Any) -> Any:
    """The image with what it is wrapped in."""
    while image.parent is not None and image.parent.tag in _FRAMES:
        image = image.parent
    return image


def _source(image: ElementNode) -> str:
    """The image's address; of a page that loads it late, not that of the placeholder."""
    late = next((value for name in _LATE if (value := image.getattr(name))), None)
    if late := late or _largest(image.getattr("data-srcset") or ""):
        return late
    src: str = image.getattr("src") or ""
    if src.strip() and not is_data_uri(src):
        return src
    return _largest(image.getattr("srcset") or _sources(image)) or src


def _sources(image: ElementNode) -> str:
    """The candidates of a <picture> around the image, those that most browsers read first."""
    picture = image.closest("picture")
    elements = picture.get_elements_by_tag_name("source").values() if picture is not None else []
    lists = (e.getattr("data-srcset") or e.getattr("srcset") for e in reversed(elements))
    return ", ".join(filter(None, lists))


def _largest(srcset: str) -> str:
    """The address of the candidate with the greatest width or density."""
    candidates = _CANDIDATE.findall(srcset)
    return max(candidates, key=lambda c: float(c[1] or 1), default=("", ""))[0]


@lru_cache(_SHARED_PICTURES)
def _load_shared(path: Path, config: IngestConfig) -> RawImage | BadInput:
    try:
        return load_picture(path, config)
    except BadInput as bad:
        return bad
