"""WebDataset shards (tar files) -> caption or interleaved drafts.

Members that follow one another and share a name up to the first dot are one
sample: `000123.jpg`, `000123.txt`, `000123.json`. A shard is read in one pass
as a stream; nothing is unpacked onto a disk, so where a name points does not
matter, and a link is nothing. A sample is in memory whole, within the limits.
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Self

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers.captions import CAPTIONS, caption_draft
from pipelines.readers.drafts import BadInput, Draft, LeftOut, Piece, RawImage, Row
from pipelines.readers.interleaved import interleaved_draft, is_interleaved
from pipelines.readers.pictures import SUFFIXES as PICTURES
from pipelines.readers.pictures import check_picture
from pipelines.readers.rows import decode, renamed, row_lang

_TEXTS = (".txt", ".text", ".caption")
_FIELDS = ("lang", "status", "texts", "images", "text_list", "image_info", *CAPTIONS)
_PACKED = (".gz", ".tgz")
#: How many times its size a file of DEFLATE can hold at most (zlib's documentation).
_DEFLATE_RATIO = 1032


@dataclass
class _Sample:
    """Members with one key."""

    key: str
    #: Of the first member; tells two samples with the same key apart.
    offset: int
    #: By what follows the key: ".jpg", ".left.jpg", ".json".
    members: dict[str, bytes] = field(default_factory=dict)
    size: int = 0
    #: Why it cannot be used.
    bad: BadInput | None = None


class WebDatasetReader:
    """Reads shards of pictures with captions, or of documents."""

    suffixes = frozenset({".tar", ".tar.gz", ".tgz"})
    splits: frozenset[str] = frozenset()
    fields: tuple[str, ...] = _FIELDS

    def rows(
        self, piece: Piece, source: SourceConfig, config: IngestConfig
    ) -> Iterator[Row | LeftOut]:
        """A row a sample. Raises BadInput where the shard is cut short or broken."""
        with _tar_errors():
            for sample in _samples(piece.path, config):
                if isinstance(sample, LeftOut):
                    yield sample
                else:
                    yield Row(sample.key, partial(_draft, sample, piece, source, config))


class _Header(tarfile.TarInfo):
    """A header that is broken is an error wherever it stands.

    `tarfile` alone takes one that is not the first for the end of the archive.
    """

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Parse a header. Raises BadInput, or for a block of zeros, the end, what says so."""
        if len(buf) < tarfile.BLOCKSIZE:
            raise BadInput("tar_truncated", "no block of zeros at the end")
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if any(buf):
                raise BadInput("tar_broken", str(error), bytes(buf)) from error
            raise


def _samples(path: Path, config: IngestConfig) -> Iterator[_Sample | LeftOut]:
    sample: _Sample | None = None
    room = path.stat().st_size * (_DEFLATE_RATIO if _is_packed(path) else 1)
    with _open(path) as file, tarfile.open(fileobj=file, mode="r|", tarinfo=_Header) as tar:
        while (member := tar.next()) is not None:
            # It would keep them all.
            tar.members.clear()  # type: ignore[attr-defined]
            if member.size > room:  # to its end `tarfile` would go block by block
                raise BadInput("tar_truncated", f"{member.name[:200]}: {member.size} bytes")
            key, suffix = _split(member.name)
            reason = _why_not(member, key, suffix)
            if reason is not None:
                yield LeftOut("members", reason)
            if reason is not None or member.isdir():
                continue
            if sample is not None and sample.key != key:
                yield sample
                sample = None
            sample = sample or _Sample(key, member.offset)
            _add(sample, suffix, member, tar, config)
    if sample is not None:
        yield sample


@contextmanager
def _tar_errors() -> Iterator[None]:
    try:
        yield
    except (EOFError, tarfile.ReadError) as error:
        raise BadInput("tar_truncated", str(error)) from error
    except (OSError, zlib.error, tarfile.TarError, ValueError) as error:
        raise BadInput("tar_broken", f"{type(error).__name__}: {error}") from error


def _open(path: Path) -> BinaryIO:
    return gzip.open(path) if _is_packed(path) else open(path, "rb")  # type: ignore[return-value]


def _is_packed(path: Path) -> bool:
    return path.name.lower().endswith(_PACKED)


def _split(name: str) -> tuple[str, str]:
    """(key, suffix): the path up to the first dot of its last part, and the rest of it."""
    folder, slash, base = name.rpartition("/")
    stem, dot, suffix = base.partition(".")
    return folder + slash + stem, dot + suffix.lower()


def _why_not(member: tarfile.TarInfo, key: str, suffix: str) -> str | None:
    """Why a member is no input; a folder needs no reason."""
    if member.isdir():
        return None
    if not member.isreg():
        return "not_a_file"
    if member.name.startswith("/") or ".." in member.name.split("/"):
        return "outside"
    if not key or key.endswith("/"):
        return "without_key"
    return None if _kind(suffix) else "other_type"


def _kind(suffix: str) -> str | None:
    """What a member is, its last suffix says."""
    last = suffix[suffix.rfind(".") :] if suffix else ""
    if last in PICTURES:
        return "image"
    return {".json": "json"}.get(last) or ("text" if last in _TEXTS else None)


def _add(
    sample: _Sample,
    suffix: str,
    member: tarfile.TarInfo,
    tar: tarfile.TarFile,
    config: IngestConfig,
) -> None:
    """Read a member into its sample, or note why it cannot be."""
    sample.size += member.size
    limits = config.max_file_bytes, config.max_image_bytes
    limit = limits[_kind(suffix) == "image"]
    if suffix in sample.members:
        sample.bad = BadInput("member_twice", suffix)
    elif member.size > limit or sample.size > sum(limits):
        sample.bad = BadInput("sample_too_large", f"{suffix}: {member.size} bytes, limit {limit}")
    if sample.bad is not None:
        sample.members.clear()
        return
    file = tar.extractfile(member)
    sample.members[suffix] = file.read() if file is not None else b""


def _draft(sample: _Sample, piece: Piece, source: SourceConfig, config: IngestConfig) -> Draft:
    if sample.bad is not None:
        raise sample.bad
    url = f"{piece.name}#{sample.key}@{sample.offset}"
    row = _facts(sample, source)
    lang = row_lang(row, source)
    if is_interleaved(row):
        return interleaved_draft(row, url, lang, partial(_find, sample=sample, config=config))
    if row.get("status") not in (None, "success"):
        detail = f"{row['status']}: {row.get('error_message')}"
        raise BadInput("download_failed", detail[:200])
    pictures = [data for suffix, data in sample.members.items() if _kind(suffix) == "image"]
    if not pictures:
        raise BadInput("no_image", ", ".join(sample.members))
    if not row:
        raise BadInput("no_text", ", ".join(sample.members))
    return caption_draft(row, [check_picture(p, config) for p in pictures], url, lang)


def _facts(sample: _Sample, source: SourceConfig) -> dict[str, Any]:
    """The sample's JSON; its text is the caption, unless the source names a field of the JSON."""
    found = [data for suffix, data in sample.members.items() if _kind(suffix) == "json"]
    if len(found) > 1:
        raise BadInput("several_json", ", ".join(sample.members))
    row = renamed(decode(found[0]), source.fields) if found else {}
    texts = [data for suffix, data in sample.members.items() if _kind(suffix) == "text"]
    if len(texts) > 1:
        raise BadInput("several_texts", ", ".join(sample.members))
    if texts and not (found and "caption" in source.fields):
        try:
            row["caption"] = texts[0].decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise BadInput("bad_encoding", str(error), texts[0]) from error
    return row


def _find(name: Any, sample: _Sample, config: IngestConfig) -> RawImage:
    """The sample's picture of that name."""
    base = sample.key.rpartition("/")[2]
    for suffix, data in sample.members.items():
        if _kind(suffix) == "image" and name in (base + suffix, suffix.removeprefix(".")):
            return check_picture(data, config)
    raise BadInput("image_missing", f"{name!r} is not in {', '.join(sample.members)}"[:200])
