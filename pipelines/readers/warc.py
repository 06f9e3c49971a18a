"""Web archives (WARC, ISO 28500) -> interleaved drafts of their HTML pages.

An archive is read twice: first for where the responses with images are, by
their addresses, then for the pages. A page's images are read from the archive
by seeking, so of a whole archive only addresses are held in memory. Compressed
archives are so record by record, as the standard recommends, which lets one
seek in them.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urldefrag

from fastwarc.stream_io import BrotliReader, ZstdReader
from fastwarc.stream_io import WarcReader as WarcStream
from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers.data_uri import is_data_uri
from pipelines.readers.drafts import BadInput, Draft, LeftOut, Piece, RawImage, Row
from pipelines.readers.html import decode, read_page
from pipelines.readers.html_images import inline_picture
from pipelines.readers.pictures import check_picture

_PAGES = ("text/html", "application/xhtml+xml")
#: Servers that do not know what they send may still send a picture.
_IMAGES = ("image/", "application/octet-stream")
_GZIP = b"\x1f\x8b"
#: The line before a chunk of a body (RFC 9112, 7.1).
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,16})[ \t]*(?:;[^\r\n]*)?\r?\n")


class WarcReader:
    """Reads archives; a page is one row, named by its address and its place in the file."""

    suffixes = frozenset({".warc", ".warc.gz"})
    splits: frozenset[str] = frozenset()
    fields: tuple[str, ...] = ()

    def rows(
        self, piece: Piece, source: SourceConfig, config: IngestConfig
    ) -> Iterator[Row | LeftOut]:
        """First what is not a page, then the pages."""
        archive = _Archive(piece.path, config)
        yield from archive.index()
        for place, record in archive.pages():
            read = partial(_draft, record, place, archive, piece, source)
            yield Row(f"record at byte {place}", read)
        archive.check_end()


@dataclass(frozen=True, slots=True)
class _Response:
    """What is at an image's address."""

    place: int
    content_type: str


class _Archive:
    def __init__(self, path: Path, config: IngestConfig):
        self.path = path
        self.config = config
        #: By `_key` of their addresses.
        self._images: dict[str, _Response] = {}
        #: Where the last record begins.
        self._last = 0

    def index(self) -> Iterator[LeftOut]:
        """Find the images; tell of all records but pages. Raises BadInput."""
        size, previous = self.path.stat().st_size, -1
        try:
            for record in self._records():
                self._last = record.stream_pos
                if not previous < self._last < size:
                    raise BadInput(
                        "not_gzip_by_record", "to seek in it: fastwarc recompress IN OUT"
                    )
                previous = self._last
                if (reason := self._not_a_page(record)) is not None:
                    yield LeftOut("records", reason)
        except OSError:
            # `pages` meets it again, after the rows before it.
            return

    def pages(self) -> Iterator[tuple[int, WarcRecord]]:
        """Responses with pages, each to be read before the next. Raises BadInput."""
        try:
            for record in self._records():
                if _is_success(record) and _content_type(record).startswith(_PAGES):
                    yield record.stream_pos, record
        except OSError as error:
            raise BadInput("warc_broken", str(error)) from error

    def check_end(self) -> None:
        """Raise BadInput where the last record is cut off, which ends the iteration as any end."""
        with open(self.path, "rb") as file:
            compressed = file.read(2) == _GZIP
            file.seek(self._last)
            whole = _is_whole_gzip(file) if compressed else _is_whole_record(file)
        if not whole:
            raise BadInput("warc_truncated", f"in the record at byte {self._last}")

    def image(self, address: str) -> RawImage | LeftOut:
        """The image at an address. Raises BadInput."""
        if is_data_uri(address):
            return inline_picture(address, self.config)
        found = self._images.get(_key(address))
        if found is None:
            return LeftOut("images", "not_in_archive")
        if "svg" in found.content_type:
            return LeftOut("images", "svg")
        with open(self.path, "rb") as file:
            file.seek(found.place)
            record = next(iter(ArchiveIterator(file)))
            try:
                data = _body(record, self.config.max_image_bytes)
            except BadInput as bad:
                raise BadInput(f"image_{bad.reason.removeprefix('file_')}", bad.detail) from None
        return check_picture(data, self.config)

    def _records(self) -> Iterator[WarcRecord]:
        with open(self.path, "rb") as file:
            yield from ArchiveIterator(file)

    def _not_a_page(self, record: WarcRecord) -> str | None:
        """What a record is where it is not a page; if an image, it goes into the index."""
        if record.record_type != WarcRecordType.response:
            return str(record.record_type)
        if not record.is_http_parsed or record.http_headers.status_code is None:
            return "not_http"
        if not _is_success(record):
            return f"status_{record.http_headers.status_code // 100}xx"
        content_type = _content_type(record)
        if content_type.startswith(_PAGES):
            return None
        if content_type.startswith(_IMAGES):
            response = _Response(record.stream_pos, content_type)
            self._images.setdefault(_key(_address(record)), response)
        return "image" if content_type.startswith("image/") else "not_html"


def _draft(
    record: WarcRecord, place: int, archive: _Archive, piece: Piece, source: SourceConfig
) -> Draft:
    address = _address(record)
    data = _body(record, archive.config.max_file_bytes)
    charset = (record.http_charset or "").strip("\"' ") or None
    page = decode(data, charset)
    name = f"{piece.name}#{address}@{place}"
    return read_page(page, name, address, source.lang, archive.image)


def _is_success(record: WarcRecord) -> bool:
    return (
        record.record_type == WarcRecordType.response
        and record.is_http_parsed
        and record.http_headers.status_code == 200
    )


def _content_type(record: WarcRecord) -> str:
    return (record.http_content_type or "").lower()


def _address(record: WarcRecord) -> str:
    # Old versions of Wget write it as <URI>.
    return (record.headers.get("WARC-Target-URI") or "").strip("<>")


def _key(address: str) -> str:
    """An address without its fragment, its scheme and ways of escaping, in which pages differ."""
    return unquote(urldefrag(address).url.split(":", 1)[-1])


def _body(record: WarcRecord, max_bytes: int) -> bytes:
    """The body of a response, decoded. Raises BadInput."""
    length = record.content_length
    try:
        data = _read(record.reader, max_bytes)
    except OSError as error:
        raise BadInput("record_broken", str(error)) from error
    if len(data) < length:
        raise BadInput("record_truncated", f"{len(data)} of {length} bytes")
    headers = record.http_headers
    try:
        if (headers.get("Transfer-Encoding") or "").lower() == "chunked" and _CHUNK.match(data):
            data = _joined(data)
        for coding in reversed((headers.get("Content-Encoding") or "").lower().split(",")):
            data = _decoded(data, coding.strip(), max_bytes)
    except (OSError, zlib.error) as error:
        raise BadInput("bad_content_encoding", str(error), data) from error
    return data


def _joined(data: bytes) -> bytes:
    """The chunks of a body as one."""
    chunks: list[bytes] = []
    place = 0
    while chunk := _CHUNK.match(data, place):
        size = int(chunk[1], 16)
        if size == 0:
            return b"".join(chunks)
        chunks.append(data[chunk.end() : chunk.end() + size])
        place = chunk.end() + size + 2
    raise BadInput("bad_content_encoding", f"no chunk at byte {place}", data)


def _decoded(data: bytes, coding: str, max_bytes: int) -> bytes:
    """Undo a content coding. Crawlers may have done so already, and kept the header."""
    if data.lstrip()[:1] == b"<":
        return data
    if coding in ("gzip", "x-gzip"):
        return _inflated(data, 31, max_bytes) if data.startswith(_GZIP) else data
    if coding == "deflate":
        # RFC 9110 means zlib's format; some servers send it without the header.
        return _inflated(data, 15 if data[:1] == b"\x78" else -15, max_bytes)
    if coding == "br":
        return _read(BrotliReader(io.BytesIO(data)), max_bytes)
    if coding == "zstd":
        return _read(ZstdReader(io.BytesIO(data)), max_bytes)
    if coding in ("", "identity"):
        return data
    raise BadInput("bad_content_encoding", f"unknown: {coding[:40]}")


def _inflated(data: bytes, window: int, max_bytes: int) -> bytes:
    decoder = zlib.decompressobj(window)
    result = decoder.decompress(data, max_bytes + 1)
    if len(result) > max_bytes:
        raise BadInput("file_too_large", f"limit {max_bytes} bytes")
    if not decoder.eof:
        raise BadInput("bad_content_encoding", "cut off")
    return result


def _read(stream: WarcStream, max_bytes: int) -> bytes:
    """All of a stream. Raises BadInput where that is too much."""
    blocks, left = [], max_bytes + 1
    while left > 0 and (block := stream.read(min(left, 1 << 20))):
        blocks.append(block)
        left -= len(block)
    if left <= 0:
        raise BadInput("file_too_large", f"limit {max_bytes} bytes")
    return b"".join(blocks)


def _is_whole_gzip(file: io.BufferedReader) -> bool:
    """Whether the gzip members from here end where the file does."""
    decoder = None
    while chunk := file.read(1 << 16):
        while chunk:
            decoder = decoder or zlib.decompressobj(31)
            decoder.decompress(chunk, 1 << 20)
            if decoder.eof:
                chunk, decoder = decoder.unused_data, None
            else:
                chunk = decoder.unconsumed_tail
    return decoder is None


def _is_whole_record(file: io.BufferedReader) -> bool:
    record = next(iter(ArchiveIterator(file, parse_http=False)), None)
    if record is None or "Content-Length" not in record.headers:
        return False
    return record.consume() >= record.content_length
