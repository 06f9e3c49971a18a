"""HTML pages with local images -> interleaved drafts in reading order.

What is content `content.py` says; its text is extracted by resiliparse. Before
that each image, data table and formula is replaced by a mark in private-use
characters; the marks come out in the text where these stood. There the text is
cut at the images, and gets the tables and formulas back. Text parts are light
Markdown: headings, lists, fenced code, tables, TeX between dollar signs.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from urllib.parse import urljoin

import msgspec
import numpy as np
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import map_encoding_to_html5
from resiliparse.parse.html import DocumentNode, ElementNode, HTMLTree

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers import marks
from pipelines.readers.content import keep_content
from pipelines.readers.drafts import BadInput, Draft, Failure, LeftOut, Piece, RawImage
from pipelines.readers.files import read_whole
from pipelines.readers.html_images import (
    FindImage,
    find_in_folder,
    look_up,
    mark_images,
    open_figure,
)
from pipelines.readers.html_math import DRAWN, Formula, mark_formulas
from pipelines.readers.html_tables import Table, read_table, tables_json
from pipelines.readers.html_text import number_items, write_scripts
from pipelines.readers.markdown import from_html
from records import Part

#: Elements inside each other. Real pages stay below 100; the extractor's time
#: grows with the square of it, and at 200,000 it does not come back.
MAX_DEPTH = 1000

#: Selectors of what is looked at one by one, and the kinds that are looked at together.
_ELEMENTS = (
    "main, article, form, img, figure, figcaption, table, sup, sub, ol[start], ol[reversed], "
    "li[value]"
)
_KINDS = {"sup": "scripts", "sub": "scripts", "ol": "numbered", "li": "numbered"}
_META_CHARSET = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{2,40})", re.I
)
#: Encodings that a label stands for on the web, where Python's of that name lacks
#: characters (https://encoding.spec.whatwg.org/#names-and-labels; resiliparse knows the
#: others, such as iso-8859-1, which is windows-1252).
_SUPERSETS = {
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "iso8859-11": "cp874",
}
#: Bytes in which a charset declaration and NULs are looked for.
_HEAD = 4096


def read_html(piece: Piece, source: SourceConfig, config: IngestConfig) -> Draft:
    """A page of a folder as a draft. Raises BadInput."""
    data = read_whole(piece.path, config.max_file_bytes)
    find = partial(find_in_folder, root=source.pictures, config=config)
    return read_page(decode(data), piece.name, "/" + piece.name, source.lang, find)


def read_page(page: str, name: str, address: str, lang: str | None, find: FindImage) -> Draft:
    """A page as a draft.

    Its targets, where it has such: "tables" (`tables_json`), and "captions", a
    JSON object from the index of an image to the caption of its figure.

    Args:
        page: its HTML, from `decode`.
        name: of the row.
        address: of the page, from which its images' paths or addresses start.
        lang: what to believe where the page states no language.
        find: gives the image at an address; raises BadInput where there is none.

    Raises BadInput.
    """
    marked, formulas = mark_formulas(page)
    tree = HTMLTree.parse(marked)
    document = tree.document
    if document is None or tree.body is None:
        raise BadInput("not_html")
    language = _language(document) or lang
    base = _base(document, address) if "<base" in page else address
    if " hidden" in page:
        _show_one_variant(document)
    elements = _elements(document)
    furniture = keep_content(document, tree.body, page, elements)
    write_scripts(document, elements["scripts"])
    images = mark_images(document, elements["img"], elements["figcaption"])
    for figure in elements["figure"]:
        open_figure(document, figure)
    number_items(document, elements["numbered"])
    tables = _mark_tables(document, elements["table"])
    extracted = extract_plain_text(
        tree,
        preserve_formatting="minimal_html",
        alt_texts=False,
        skip_elements=[*furniture, *(DRAWN if "math/tex" in page else ())],
    )
    marked = from_html(extracted)
    kept = [tables[int(index)] for index in marks.TABLES.findall(marked)]
    with_formulas = partial(_with_formulas, formulas=formulas)
    text = with_formulas(_with_blocks(marked, tables, formulas))
    parts, pictures, lacks = _cut(text, lambda i: look_up(images[i], base, name, find))
    # The others stood in what is no content.
    lacks += [LeftOut("images", "not_content")] * (len(images) - len(pictures) - len(lacks))
    if not parts:
        raise BadInput("empty_page")
    captions = {
        str(place): with_formulas(caption)
        for place, index in enumerate(pictures)
        if (caption := images[index].caption)
    }
    targets = {}
    if kept:
        targets["tables"] = tables_json(kept, with_formulas)
    if captions:
        targets["captions"] = msgspec.json.encode(captions).decode()
    return Draft(
        bucket="interleaved",
        lang=language,
        url=name,
        parts=tuple(parts),
        images=tuple(pictures.values()),
        targets=targets,
        lacks=tuple(lacks),
    )


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
        encoding = "utf-8-sig" if unicode else _SUPERSETS.get(str(name), str(name))
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise BadInput("bad_encoding", f"{encoding}: {error}") from error
    return marks.without_private_use(text)


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
    depth = deepest = foreign = 0
    for closing, name, empty in _BLOCK_TAG.findall(data):
        # Only in SVG and MathML is <g/> closed; <div/> is <div>.
        if not name or (empty and foreign):
            continue
        step = -1 if closing else 1
        depth = max(0, depth + step)
        deepest = max(deepest, depth)
        if name.lower() in (b"svg", b"math"):
            foreign = max(0, foreign + step)
    if deepest > MAX_DEPTH:
        raise BadInput("nested_too_deep", f"{deepest} elements, limit {MAX_DEPTH}")


#: Tags of elements that must be closed, so that they can be counted; without names,
#: comments and scripts, in which there are none.
_BLOCK_TAG = re.compile(
    rb"""<!--(?:-?>|(?:(?!--!?>).)*+)
    | <(?:script|style)\b[^<>]*+(?<!/)>(?:(?!</(?:script|style)\b).)*+
    | <(/?)(?!(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr
      |p|li|dt|dd|tr|td|th|option|tbody|thead|colgroup|html|head|body|script|style)\b)
      ([a-z][^\s/<>]*)[^<>]*+((?<=/)>)?""",
    re.X | re.S | re.I,
)


def _language(document: DocumentNode) -> str | None:
    root = document.query_selector("html")
    claimed = root.getattr("lang") if root is not None else None
    return (claimed or "").strip().lower().replace("_", "-").split("-")[0] or None


def _show_one_variant(document: DocumentNode) -> None:
    """Where a sentence holds nothing but hidden variants ("Option key", "Alt key"), show the last.

    A script would show one of them, and the last is the general case; without
    it the sentence lacks a word.
    """
    for element in document.query_selector_all("span > span[hidden]:last-child").values():
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


def _elements(document: DocumentNode) -> defaultdict[str, list[ElementNode]]:
    """What is looked at one by one, by name or kind; in one walk, as each takes time."""
    found: defaultdict[str, list[ElementNode]] = defaultdict(list)
    for element in document.query_selector_all(_ELEMENTS).values():
        name = str(element.tag)
        found[_KINDS.get(name, name)].append(element)
    return found


def _mark_tables(document: DocumentNode, elements: Iterable[ElementNode]) -> list[Table]:
    """Put a mark in place of each data table; return them."""
    found: list[Table] = []
    for element in elements:
        table = read_table(element)
        if table is None:
            continue
        block = document.create_element("p")
        block.append_child(document.create_text_node(marks.mark(marks.TABLE, len(found))))
        element.replace_with(block)
        found.append(table)
    return found


def _with_blocks(text: str, tables: Sequence[Table], formulas: Sequence[Formula]) -> str:
    """The text with tables and displayed formulas on lines of their own."""
    if not (tables or formulas):
        return text
    blocks = []
    for index, piece in enumerate(marks.BLOCKS.split(text)):
        if index % 2 == 0:
            blocks.append(piece.strip(" ").strip("\n"))
            continue
        for kind, number in marks.BLOCK.findall(piece):
            table = kind == marks.TABLE
            blocks.append(tables[int(number)].markdown() if table else str(formulas[int(number)]))
    return "\n\n".join(filter(None, blocks))


def _with_formulas(text: str, formulas: Sequence[Formula]) -> str:
    """The text with formulas where their marks are."""
    return marks.FORMULAS.sub(lambda m: str(formulas[int(m[1])]), text) if formulas else text


def _cut(
    text: str, look: Callable[[int], RawImage | Failure | LeftOut]
) -> tuple[list[Part], dict[int, RawImage], list[Failure | LeftOut]]:
    """The text, cut at the marks of its images; the images found, by mark; the others."""
    parts: list[Part] = []
    pictures: dict[int, RawImage] = {}
    lacks: list[Failure | LeftOut] = []
    pieces = marks.IMAGES.split(text)
    before = pieces[0]
    for index, after in zip(map(int, pieces[1::2]), pieces[2::2], strict=True):
        found = look(index)
        if not isinstance(found, RawImage):
            lacks.append(found)
            before = _joined(before, after)
            continue
        parts += [*_text(before), Part("image", image=len(pictures))]
        pictures[index] = found
        before = after
    return [*parts, *_text(before)], pictures, lacks


def _text(text: str) -> list[Part]:
    return [Part("text", text=text.strip())] if text.strip() else []


def _joined(before: str, after: str) -> str:
    """The text around an image that is not there: one sentence still, or one paragraph."""
    head, tail = before.rstrip(), after.lstrip()
    gap = before[len(head) :] + after[: len(after) - len(tail)]
    return head + next((end for end in ("\n\n", "\n") if end in gap), " ") + tail
