"""Passages of plain text from the files of packages: pages, manuals, catalogues of messages."""

from __future__ import annotations

import gettext
import gzip
import html
import io
import json
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

#: Characters of a passage. All kinds of texts are cut alike: length must not tell them apart.
MIN_CHARACTERS, MAX_CHARACTERS = 200, 1500
#: From this length on a message explains something; up to that one it is a label.
LONG_MESSAGE, SHORT_MESSAGE = 120, 40
#: Bytes of a file, packed or not; larger ones are no text.
MAX_BYTES = 20 << 20
_BROKEN = (struct.error, tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError)
#: Encodings of old translations, in the order in which they are tried.
_ENCODINGS = ("utf-8", "iso2022_jp", "euc_kr", "euc_jp", "latin-1")


def passages(data: bytes, name: str, reader: str) -> Iterator[str]:
    """The passages of a file. What cannot be read has none."""
    if name.endswith(".gz") and not name.endswith(".tar.gz"):
        data = _unpacked(data)
    try:
        for text in READERS[reader](data):
            yield from cut(text)
    except (*_BROKEN, OSError, ValueError):
        return


def cut(text: str) -> Iterator[str]:
    """A text as passages that end where a paragraph does; a shorter rest is left out."""
    passage = ""
    for paragraph in re.split(r"\n\s*\n", text):
        paragraph = " ".join(paragraph.split())
        if passage and len(passage) + len(paragraph) > MAX_CHARACTERS:
            if len(passage) >= MIN_CHARACTERS:
                yield passage
            passage = ""
        passage = f"{passage}\n\n{paragraph}".strip()[: 2 * MAX_CHARACTERS]
    if len(passage) >= MIN_CHARACTERS:
        yield passage


def decode(data: bytes) -> str:
    """Text in the first encoding that fits; Korean and Japanese ones do not fit Latin text."""
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return ""


def _unpacked(data: bytes) -> bytes:
    try:
        with gzip.open(io.BytesIO(data)) as file:
            return file.read(MAX_BYTES)
    except (OSError, EOFError):
        return b""


def _page(data: bytes) -> Iterator[str]:
    page = re.sub(r"(?s)<pre\b.*?</pre>", "", decode(data))
    yield extract_plain_text(HTMLTree.parse(page), main_content=True, alt_texts=False)


def _docbook(data: bytes) -> Iterator[str]:
    """Paragraphs of DocBook and Mallard."""
    text = decode(data)
    found = re.findall(r"(?s)<(para|p)\b[^>]*>(.*?)</\1>", text)
    bare = (re.sub(r"&[\w.-]+;", " ", re.sub(r"<[^>]*>", "", inside)) for _, inside in found)
    yield "\n\n".join(bare)


def _plain(data: bytes) -> Iterator[str]:
    """Plain text and Markdown, without code; the entries of a file of entries are passages."""
    text = re.sub(r"(?s)```.*?```|~~~.*?~~~", "", decode(data))
    yield re.sub(r"(?m)^%+$", "\n", text)


def _tex(data: bytes) -> Iterator[str]:
    text = re.sub(r"(?m)(?<!\\)%.*$", "", decode(data))
    text = re.sub(r"(?s)\\begin\{(verbatim|lscommand|example|code)\}.*?\\end\{\1\}", "", text)
    text = re.sub(r"(?s)\$[^$]{1,300}\$|\\verb(.).*?\1", " ", text)
    text = re.sub(r"\\(begin|end|label|ref|index|cite)\*?(\[[^\]]*\])?\{[^}]*\}", " ", text)
    yield re.sub(r"\\[A-Za-z]+\*?(\[[^\]]*\])?|[{}~\\]", " ", text)


def _tex_archive(data: bytes) -> Iterator[str]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.name.endswith(".tex") else None
            if file is not None:
                yield from _tex(file.read(MAX_BYTES))


def _page_archive(data: bytes) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist():
            if member.filename.endswith((".html", ".xhtml")) and member.file_size < MAX_BYTES:
                yield from _page(archive.read(member))


def _man(data: bytes) -> Iterator[str]:
    text = re.sub(r"(?m)^[.'](SH|SS|TP|PP|P|IP)\b.*$", "\n", decode(data))
    text = re.sub(r"(?m)^[.'](B|I|BR|IR|RB|RI|BI)\s+", "", text)
    text = re.sub(r"(?m)^[.'].*$", "", text)
    yield re.sub(r"\\(f.|\(..|\[[^\]]*\]|.)", "", text)


def _messages(data: bytes) -> list[str]:
    catalogue = gettext.GNUTranslations(io.BytesIO(data))
    entries = getattr(catalogue, "_catalog", {}).items()
    # The first entry is the catalogue's head.
    messages = (translated for original, translated in entries if original)
    return [html.unescape(re.sub(r"<[^>]*>|[&_](?=\w)", "", m)) for m in messages]


def _long_messages(data: bytes) -> Iterator[str]:
    yield "\n\n".join(m for m in _messages(data) if len(m) >= LONG_MESSAGE)


def _short_messages(data: bytes) -> Iterator[str]:
    yield "\n\n".join(m for m in _messages(data) if len(m) <= SHORT_MESSAGE)


def _json_messages(data: bytes) -> Iterator[str]:
    values = json.loads(data).values()
    yield "\n\n".join(v for v in values if isinstance(v, str))


READERS: dict[str, Callable[[bytes], Iterator[str]]] = {
    "page": _page,
    "docbook": _docbook,
    "plain": _plain,
    "tex": _tex,
    "tex_archive": _tex_archive,
    "page_archive": _page_archive,
    "man": _man,
    "long_messages": _long_messages,
    "short_messages": _short_messages,
    "json_messages": _json_messages,
}
