"""HTML pages with local images -> interleaved drafts in reading order.

Which blocks are content is judged by resiliparse's main-content extractor.
Before it runs, each image and each data table is replaced in the tree by a
mark in private-use characters; the marks come out in the extracted text where
the images stood, and the text is cut there. Text parts are light Markdown:
headings, lists, fenced code, tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import numpy as np
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import map_encoding_to_html5
from resiliparse.parse.html import DocumentNode, ElementNode, HTMLTree

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers.drafts import Draft, Failure, LeftOut, Piece, RawImage
from pipelines.readers.markdown import (
    IMAGE_MARK,
    MARK_END,
    PRIVATE_USE,
    TABLE_MARK,
    from_html,
    table,
)
from pipelines.readers.pictures import BadPicture, load_picture
from records import Part

#: Tags of elements that are part of a sentence, with attributes, unless these hide it.
#: The extractor must not judge such elements by their class names: it would cut a
#: "menuitem" out of the middle of a line.
_INLINE = re.compile(
    r"<(abbr|b|bdi|cite|code|dfn|em|i|kbd|mark|q|samp|small|span|strong|sub|sup|u|var)"
    r"\s(?![^>]*(?:hidden|style))(?:[^>\"']|\"[^\"]*\"|'[^']*')*>",
    re.I,
)
#: What a picture may be wrapped in. Its mark goes before the wrapping: the extractor
#: drops figures without a caption, and links, such as to the picture at full size.
_FRAMES = ("a", "figure", "picture")
#: Elements inside each other. Real pages stay below 100; the extractor's time
#: grows with the square of it, and at 200,000 it does not come back.
MAX_DEPTH = 1000

_META_CHARSET = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{2,40})", re.I
)
#: Bytes in which a charset declaration and NULs are looked for.
_HEAD = 4096
#: Decoded pictures remembered, as pages share them.
_PICTURES = 256


class _BadPage(Exception):
    def __init__(self, reason: str, detail: str = ""):
        super().__init__(reason)
        self.reason, self.detail = reason, detail


class HtmlReader:
    """Reads pages; a page is one row."""

    suffixes = frozenset({".html", ".htm", ".xhtml"})
    splits = False

    def inputs(self, piece: Piece) -> int:
        """A page is one row."""
        return 1

    def read(
        self, piece: Piece, source: SourceConfig, config: IngestConfig
    ) -> Iterator[Draft | Failure | LeftOut]:
        """The page as a draft, and what it lacks as failures beside it."""
        data = b""
        try:
            if piece.end > config.max_file_bytes:
                raise _BadPage(
                    "file_too_large", f"{piece.end} bytes, limit {config.max_file_bytes}"
                )
            data = piece.path.read_bytes()
            yield from _read_page(data, piece, source, config)
        except _BadPage as bad:
            yield Failure(piece.name, bad.reason, detail=bad.detail, head=data[:64])
        except OSError as error:
            yield Failure(piece.name, "file_unreadable", detail=str(error.strerror))


def _read_page(
    data: bytes, piece: Piece, source: SourceConfig, config: IngestConfig
) -> Iterator[Draft | Failure | LeftOut]:
    _check_depth(data)
    tree = HTMLTree.parse(_INLINE.sub(r"<\1>", _decode(data)))
    document = tree.document
    if document is None:
        raise _BadPage("not_html")
    language = _language(document) or source.lang
    _show_one_variant(document)
    root, base = source.path.resolve(), _base(document, piece)
    images, tables = _mark_images(document), _mark_tables(document)
    marked = extract_plain_text(
        tree, main_content=True, preserve_formatting="minimal_html", alt_texts=False
    )
    parts: list[Part] = []
    kept: list[RawImage] = []
    for text, mark in _cut(from_html(marked, tables)):
        if text.strip():
            parts.append(Part("text", text=text.strip()))
        if mark is None:
            continue
        src, alt = images[mark]
        found = _find_image(src, base, piece, root, config)
        if isinstance(found, RawImage):
            parts.append(Part("image", image=len(kept)))
            kept.append(RawImage(found.data, found.format, found.width, found.height, alt or None))
        else:
            yield found
    if not parts:
        raise _BadPage("empty_page")
    yield Draft("interleaved", language, piece.name, tuple(parts), tuple(kept))


def _decode(data: bytes) -> str:
    """The page as text: by byte-order mark, declared charset, or UTF-8; never by guessing."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif not data.strip():
        raise _BadPage("empty_page")
    elif b"\0" in data[:_HEAD] or b"<" not in data:
        raise _BadPage("not_html")
    else:
        declared = _META_CHARSET.search(data[:_HEAD])
        name = map_encoding_to_html5(declared[1].decode()) if declared else None
        # A page whose declaration reads as ASCII is not in UTF-16, whatever it says.
        unicode = name is None or name.startswith("utf")
        encoding = "utf-8-sig" if unicode else "cp949" if name == "euc_kr" else str(name)
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise _BadPage("bad_encoding", f"{encoding}: {error}") from error
    return PRIVATE_USE.sub("", text)


def _check_depth(data: bytes) -> None:
    """Refuse a page nested deeper than MAX_DEPTH.

    Counts tags without parsing: first as arrays (void elements, which never
    close, make that an upper bound), and only where that is too many, by name.
    """
    bytes_ = np.frombuffer(data, dtype=np.uint8)
    places = np.flatnonzero(bytes_[:-1] == ord("<")) if len(bytes_) > 1 else np.array([], int)
    after = bytes_[places + 1]
    letters = ((after | 0x20) >= ord("a")) & ((after | 0x20) <= ord("z"))
    steps = np.where(after == ord("/"), -1, np.where(letters, 1, 0))
    if steps.cumsum().max(initial=0) <= MAX_DEPTH:
        return
    depth = deepest = 0
    for tag in _BLOCK_TAG.finditer(data):
        depth = max(0, depth - 1) if tag[1] else depth + 1
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH:
        raise _BadPage("nested_too_deep", f"{deepest} elements, limit {MAX_DEPTH}")


#: Elements that must be closed, so that their tags can be counted.
_BLOCK_TAG = re.compile(
    rb"<(/?)(?!(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr"
    rb"|p|li|dt|dd|tr|td|th|option|tbody|thead|colgroup|html|head|body)\b)[a-zA-Z]"
)


def _language(document: DocumentNode) -> str | None:
    root = document.query_selector("html")
    claimed = (root.getattr("lang") or "") if root is not None else ""
    return claimed.strip().lower().replace("_", "-").split("-")[0] or None


def _show_one_variant(document: DocumentNode) -> None:
    """Where a sentence holds nothing but hidden variants ("Option key", "Alt key"), show the last.

    A script would show one of them, and the last is the general case; without
    it the sentence lacks a word.
    """
    for element in list(document.query_selector_all("span > span[hidden]:last-child")):
        nodes = element.parent.child_nodes if element.parent is not None else []
        shown = [n for n in nodes if not (isinstance(n, ElementNode) and n.hasattr("hidden"))]
        if not any((node.text or "").strip() for node in shown):
            element.delattr("hidden")


def _base(document: DocumentNode, piece: Piece) -> str:
    """The address that relative image paths start from: the page's, or its <base href>."""
    page = "/" + piece.name
    element = document.query_selector("base[href]")
    return urljoin(page, element.getattr("href")) if element is not None else page


def _mark_images(document: DocumentNode) -> list[tuple[str, str]]:
    """Put a mark in place of each image; return their (src, alt)."""
    found: list[tuple[str, str]] = []
    for image in list(document.query_selector_all("img")):
        mark = document.create_text_node(f" {IMAGE_MARK}{len(found)}{MARK_END} ")
        found.append((image.getattr("src") or "", " ".join((image.getattr("alt") or "").split())))
        frame = image
        while isinstance(frame.parent, ElementNode) and frame.parent.tag in _FRAMES:
            frame = frame.parent
        frame.before(mark)
        image.remove()
    for caption in list(document.query_selector_all("figure figcaption")):
        # Without its picture a figure is no content to the extractor; its caption is.
        paragraph = document.create_element("p")
        paragraph.append_child(document.create_text_node(caption.text or ""))
        figure = caption.closest("figure")
        if figure is not None:
            figure.before(paragraph)
        caption.remove()
    return found


def _mark_tables(document: DocumentNode) -> list[str]:
    """Put a mark in place of each data table; return them as Markdown."""
    found: list[str] = []
    for element in list(document.query_selector_all("table")):
        markdown = table(element)
        if markdown is None:
            continue
        block = document.create_element("p")
        block.append_child(document.create_text_node(f"{TABLE_MARK}{len(found)}{MARK_END}"))
        element.replace_with(block)
        found.append(markdown)
    return found


def _cut(text: str) -> Iterator[tuple[str, int | None]]:
    """(text, index of the image after it), the last with None."""
    pieces = re.split(f"{IMAGE_MARK}(\\d+){MARK_END}", text)
    for place in range(0, len(pieces), 2):
        mark = int(pieces[place + 1]) if place + 1 < len(pieces) else None
        yield pieces[place], mark


def _find_image(
    src: str, base: str, piece: Piece, root: Path, config: IngestConfig
) -> RawImage | Failure | LeftOut:
    place = f"img src={src[:200]}"
    try:
        address = urlsplit(urljoin(base, src.strip()))
        path = (root / unquote(address.path).lstrip("/")).resolve()
    except ValueError as error:  # not an address, or a NUL in the path
        return Failure(piece.name, "image_bad_address", place, str(error), lost="image")
    if address.scheme == "data":
        return LeftOut("inline")
    if address.scheme or address.netloc:
        return LeftOut("remote")
    if not src.strip():
        return Failure(piece.name, "image_without_src", place, lost="image")
    if not path.is_relative_to(root):
        return Failure(piece.name, "image_outside_source", place, lost="image")
    if path.suffix.lower() == ".svg":
        return LeftOut("svg")
    result = _load(path, config.max_image_bytes, config.max_image_pixels)
    if isinstance(result, BadPicture):
        return Failure(piece.name, result.reason, place, result.detail, result.head, lost="image")
    return result


@lru_cache(_PICTURES)
def _load(path: Path, max_bytes: int, max_pixels: int) -> RawImage | BadPicture:
    try:
        return load_picture(path, max_bytes=max_bytes, max_pixels=max_pixels)
    except BadPicture as bad:
        return bad
