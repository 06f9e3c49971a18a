"""HTML pages with local images -> interleaved drafts in reading order.

Which blocks are content is judged by resiliparse's main-content extractor.
Before it runs, each image and each data table is replaced in the tree by a
mark in private-use characters; the marks come out in the extracted text where
the images stood, and the text is cut there. Text parts are light Markdown:
headings, lists, fenced code, tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import numpy as np
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import map_encoding_to_html5
from resiliparse.parse.html import DocumentNode, ElementNode, HTMLTree

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers.drafts import BadInput, Draft, Failure, LeftOut, Piece, RawImage, Row
from pipelines.readers.files import inside, read_whole
from pipelines.readers.markdown import (
    IMAGE_MARK,
    MARK_END,
    PRIVATE_USE,
    TABLE_MARK,
    from_html,
    table,
)
from pipelines.readers.pictures import load_picture
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
#: Pictures remembered, as pages share logos and icons: how many, and of what size.
_SHARED_PICTURES, _SHARED_BYTES = 256, 1 << 18
#: Gives the image at an address; None where it lies outside the source.
FindImage = Callable[[str], RawImage | None]


class HtmlReader:
    """Reads pages of a folder; a page is one row."""

    suffixes = frozenset({".html", ".htm", ".xhtml"})
    splits: frozenset[str] = frozenset()

    def rows(
        self, piece: Piece, source: SourceConfig, config: IngestConfig
    ) -> Iterator[Row | LeftOut]:
        """The page."""
        yield Row(None, lambda: _read(piece, source, config))


def _read(piece: Piece, source: SourceConfig, config: IngestConfig) -> Draft:
    data = read_whole(piece.path, config.max_file_bytes)
    find = partial(_find_image, root=source.pictures, config=config)
    return read_page(decode(data), piece.name, "/" + piece.name, source.lang, find)


def read_page(page: str, name: str, address: str, lang: str | None, find: FindImage) -> Draft:
    """A page as a draft.

    Args:
        page: its HTML.
        name: of the row.
        address: of the page, from which its images' paths or addresses start.
        lang: what to believe where the page states no language.
        find: gives the image at an address; raises BadInput where there is none.

    Raises BadInput.
    """
    tree = HTMLTree.parse(_INLINE.sub(r"<\1>", page))
    document = tree.document
    if document is None:
        raise BadInput("not_html")
    _show_one_variant(document)
    base = _base(document, address)
    images, tables = _mark_images(document), _mark_tables(document)
    marked = extract_plain_text(
        tree, main_content=True, preserve_formatting="minimal_html", alt_texts=False
    )
    parts: list[Part] = []
    kept: list[RawImage] = []
    lacks: list[Failure | LeftOut] = []
    for text, mark in _cut(from_html(marked, tables)):
        if text.strip():
            parts.append(Part("text", text=text.strip()))
        if mark is None:
            continue
        src, alt = images[mark]
        found = _look(src, base, name, find)
        if isinstance(found, RawImage):
            parts.append(Part("image", image=len(kept)))
            kept.append(replace(found, alt=alt or None))
        else:
            lacks.append(found)
    if not parts:
        raise BadInput("empty_page")
    language = _language(document) or lang
    return Draft("interleaved", language, name, tuple(parts), tuple(kept), lacks=tuple(lacks))


def decode(data: bytes, charset: str | None = None) -> str:
    """The page as text: by byte-order mark, declared charset, or UTF-8; never by guessing.

    `charset` is what a server declared, which goes before what the page does.
    Raises BadInput where it is not HTML, or is nested too deep to be parsed in time.
    """
    _check_depth(data)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif not data.strip():
        raise BadInput("empty_page")
    elif b"\0" in data[:_HEAD] or b"<" not in data:
        raise BadInput("not_html")
    else:
        found = _META_CHARSET.search(data[:_HEAD])
        declared = charset or (found[1].decode() if found else None)
        name = map_encoding_to_html5(declared) if declared else None
        # A page whose declaration reads as ASCII is not in UTF-16, whatever it says.
        unicode = name is None or name.startswith("utf")
        encoding = "utf-8-sig" if unicode else "cp949" if name == "euc_kr" else str(name)
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise BadInput("bad_encoding", f"{encoding}: {error}") from error
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
        raise BadInput("nested_too_deep", f"{deepest} elements, limit {MAX_DEPTH}")


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


def _base(document: DocumentNode, address: str) -> str:
    """The address that relative image paths start from: the page's, or its <base href>."""
    element = document.query_selector("base[href]")
    if element is None:
        return address
    try:
        return urljoin(address, element.getattr("href"))
    except ValueError:
        return address


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


def _look(src: str, base: str, name: str, find: FindImage) -> RawImage | Failure | LeftOut:
    place = f"img src={src[:200]}"
    try:
        address = urljoin(base, src.strip())
        scheme = urlsplit(address).scheme
    except ValueError as error:
        return Failure(name, "image_bad_address", place, str(error), lost="image")
    if not src.strip():
        return Failure(name, "image_without_src", place, lost="image")
    if scheme == "data":
        return LeftOut("images", "inline")
    if urlsplit(address).path.lower().endswith(".svg"):
        return LeftOut("images", "svg")
    try:
        found = find(address)
    except BadInput as bad:
        return Failure(name, bad.reason, place, bad.detail, bad.head, lost="image")
    return LeftOut("images", "remote") if found is None else found


def _find_image(address: str, root: Path, config: IngestConfig) -> RawImage | None:
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


@lru_cache(_SHARED_PICTURES)
def _load_shared(path: Path, config: IngestConfig) -> RawImage | BadInput:
    try:
        return load_picture(path, config)
    except BadInput as bad:
        return bad
