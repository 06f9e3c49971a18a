"""PDF -> a document draft for each page: its picture, and its text where that is true.

`targets["text_layer"]` says what the page's text layer is:

    full      drawn text: a text part, and regions of the levels char, word, line, block
    ocr       text behind the picture, somebody's guess at it: kept in `targets["ocr_text"]`,
              neither a text part nor regions
    damaged   text that is drawn, but too much of it cannot be told: left out
    none      no text

Where few characters are unreadable, a page is full; each stands as U+FFFD in
the text, and regions that hold one have the flag `illegible`. What forms and
annotations show is on the picture, not in the text layer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pypdfium2 as pdfium
import pypdfium2.raw as raw
from numpy.typing import NDArray

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers.drafts import BadInput, Draft, LeftOut, Piece, RawImage, Row
from pipelines.readers.page_layout import Layout, lay_out
from pipelines.readers.pdf_text import REPLACEMENT, Characters, read_characters
from pipelines.readers.png import encode_png
from records import Part, normalise, region_array

#: The share of hidden characters with which a page is the picture of another text.
MAX_HIDDEN = 0.1
#: The share of unreadable characters that a page of formulas may have: big brackets and roots.
MAX_UNREADABLE = 0.05
#: Improbable characters that a page may have: so many, or this share of all. Real pages
#: with a broken font have 10 % and more, real pages about rare syllables 0.2 %.
MAX_IMPROBABLE, MAX_IMPROBABLE_SHARE = 2, 0.01
#: Points an inch: the unit of a page's size. pdfium knows no other (/UserUnit).
POINTS = 72
#: Pages in a row that cannot be loaded, after which a file is not believed to have more:
#: a few bytes can claim a million.
MAX_BROKEN_PAGES = 100
#: Bytes in which a PDF says that it is one, as viewers accept it.
_HEAD = 1024
#: What pdfium's errors on opening mean; all others are a broken file.
_REASONS = {
    raw.FPDF_ERR_FILE: "file_unreadable",
    raw.FPDF_ERR_PASSWORD: "pdf_encrypted",
    raw.FPDF_ERR_SECURITY: "pdf_encrypted",
}


class PdfReader:
    """Reads the pages of PDF files."""

    suffixes = frozenset({".pdf"})
    splits: frozenset[str] = frozenset()
    fields: tuple[str, ...] = ()

    def rows(
        self, piece: Piece, source: SourceConfig, config: IngestConfig
    ) -> Iterator[Row | LeftOut]:
        """A row a page; many broken ones in a row end the file."""
        document = _open(piece.path, config.max_index_bytes)
        broken = 0

        def read(index: int) -> Draft:
            nonlocal broken
            broken += 1
            page = _load(document, index)
            broken = 0
            return _read(page, document, index, piece.name, source.lang, config)

        try:
            for index in range(len(document)):
                if broken == MAX_BROKEN_PAGES:
                    rest = f"{len(document) - index} more pages after {broken} that are broken"
                    raise BadInput("page_broken", rest)
                yield Row(f"page {index + 1}", partial(read, index))
        finally:
            document.close()


def _open(path: Path, max_bytes: int) -> pdfium.PdfDocument:
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise BadInput("file_too_large", f"{size} bytes, limit {max_bytes}")
        with open(path, "rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise BadInput("file_unreadable", str(error.strerror)) from error
    if b"%PDF-" not in head:
        raise BadInput("not_pdf", head=head)
    try:
        document = pdfium.PdfDocument(path)
        document.init_forms()
        return document
    except pdfium.PdfiumError as error:
        reason = _REASONS.get(error.err_code, "pdf_broken")
        raise BadInput(reason, str(error), head) from error


def _load(document: pdfium.PdfDocument, index: int) -> pdfium.PdfPage:
    try:
        return document[index]
    except pdfium.PdfiumError as error:
        raise BadInput("page_broken", str(error)) from error


def _read(
    page: pdfium.PdfPage,
    document: pdfium.PdfDocument,
    index: int,
    name: str,
    lang: str | None,
    config: IngestConfig,
) -> Draft:
    try:
        pixels = _render(page, config)
        characters = read_characters(page, pixels)
    except pdfium.PdfiumError as error:
        raise BadInput("page_broken", str(error)) from error
    finally:
        # Before the document; pdfium frees nothing by itself.
        page.close()
    layer = _judge(characters)
    shown = characters if layer == "ocr" else characters.select(~characters.hidden)
    layout = lay_out(shown.codes, shown.boxes, shown.spaces)
    targets = {"page": str(index + 1), "pages": str(len(document)), "text_layer": layer}
    if layer == "ocr":
        targets["ocr_text"] = layout.text
    full = layer == "full"
    height, width = pixels.shape[:2]
    return Draft(
        "document",
        lang,
        f"{name}#page={index + 1}",
        (Part("image", image=0), *([Part("text", text=layout.text)] if full else [])),
        (RawImage(encode_png(pixels), "png", width, height),),
        _regions(layout, width, height) if full else None,
        targets,
    )


def _render(page: pdfium.PdfPage, config: IngestConfig) -> NDArray[np.uint8]:
    """The page as a viewer shows it: (height, width), or with a third axis where it has colour."""
    width, height = page.get_size()
    scale = config.pdf_dpi / POINTS
    while math.ceil(width * scale) * math.ceil(height * scale) > config.max_image_pixels:
        scale *= 0.99
    bitmap = page.render(scale=scale, rev_byteorder=True)
    pixels: NDArray[np.uint8] = bitmap.to_numpy()
    red, green, blue = (pixels[:, :, channel] for channel in range(3))
    grey = np.array_equal(red, green) and np.array_equal(red, blue)
    return np.ascontiguousarray(red) if grey else pixels


def _judge(characters: Characters) -> str:
    """What the text layer is; see above."""
    letters = characters.select(~characters.spaces)
    shown = letters.select(~letters.hidden)
    count = len(shown.codes)
    if not len(letters.codes):
        return "none"
    if len(letters.codes) - count > MAX_HIDDEN * len(letters.codes):
        return "ocr"
    improbable = max(MAX_IMPROBABLE, MAX_IMPROBABLE_SHARE * count)
    if shown.unreadable.sum() > MAX_UNREADABLE * count or shown.improbable.sum() > improbable:
        return "damaged"
    return "full"


def _regions(layout: Layout, width: int, height: int) -> pa.StructArray:
    """All levels; a box that is cut by the picture's edge ends there."""
    illegible = chr(REPLACEMENT) in layout.text
    return pa.concat_arrays(
        region_array(
            name,
            level.labels,
            normalise(level.boxes, width, height),
            flags=[_flags(label) for label in level.labels] if illegible else None,
        )
        for name, level in layout.levels.items()
    )


def _flags(label: str) -> tuple[str, ...]:
    return ("illegible",) if chr(REPLACEMENT) in label else ()
