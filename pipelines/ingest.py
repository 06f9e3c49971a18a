"""Raw sources -> samples and image packs.

A unit is a fixed group of files (or ranges of large ones), so what it holds
does not depend on how many workers there are. A page whose picture is missing
or broken stays, without the picture; the picture gets an error row.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pyarrow as pa

from pipelines.config import IngestConfig, RunConfig, SourceConfig
from pipelines.errors import StageError, UsageError, nearest
from pipelines.readers import READERS, Draft, Failure, LeftOut, Piece
from pipelines.readers.sandbox import Sandbox
from pipelines.stage import Stage
from pipelines.work import Unit, UnitOutput
from records import (
    REGION,
    Dataset,
    ImageRef,
    Sample,
    Source,
    digest,
    sample_id,
    set_regions,
    to_batch,
)

#: Samples a batch while a unit is being read.
_BATCH = 256
_NO_REGIONS = pa.array([], REGION)


class Ingest(Stage):
    """Reads every source with the reader of its kind."""

    name = "ingest"
    config: IngestConfig

    def __init__(self, config: RunConfig, run: Path):
        super().__init__(config, run)
        self.sources = self.sources_of(config)
        for source in self.sources:
            _check_fields(source)

    @staticmethod
    def sources_of(config: RunConfig) -> list[SourceConfig]:
        """What to read."""
        return config.sources

    def plan(self, source: Dataset | None) -> tuple[list[Unit], str]:
        """Units of at most `unit_files` files and about `unit_bytes` bytes, in order of the names.

        The fingerprint is of the listing: names, sizes, times of change.
        """
        listing: list[str] = []
        groups: list[list[Piece]] = []
        for index, raw in enumerate(self.sources):
            pieces = list(self._pieces(index, listing))
            if not pieces:
                raise StageError(
                    f"ingest: the source {raw.name} has no inputs at {raw.path}: "
                    "check its path, kind, include and exclude"
                )
            groups += _group(pieces, self.config.unit_files, self.config.unit_bytes)
        count = len(groups)
        units = [Unit(i, count, inputs=tuple(g), rows=len(g)) for i, g in enumerate(groups)]
        return units, digest(*listing)

    def process(self, unit: Unit, out: UnitOutput) -> None:
        """Read the unit's files."""
        samples: list[Sample] = []
        regions: list[pa.StructArray] = []
        for piece in unit.inputs:
            source = self.sources[piece.source]
            for item in _sandbox().read(piece, source, self.config):
                if isinstance(item, Draft):
                    out.read(1, source.name)
                    samples.append(self._sample(item, source, out))
                    regions.append(_NO_REGIONS if item.regions is None else item.regions)
                    for lack in item.lacks:
                        _note(lack, source, out)
                else:
                    _note(item, source, out)
                if len(samples) >= _BATCH:
                    out.keep(set_regions(to_batch(samples), regions))
                    samples, regions = [], []
            out.progress()
        out.keep(set_regions(to_batch(samples), regions))

    def _sample(self, draft: Draft, config: SourceConfig, out: UnitOutput) -> Sample:
        images = []
        for raw in draft.images:
            sha256, offset, size = out.pack.add(raw.data, raw.format)
            pack = f"{self.name}/{out.pack_path}"
            images.append(
                ImageRef(sha256, pack, offset, size, raw.format, raw.width, raw.height, raw.alt)
            )
        out.count("images_kept", len(images))
        source = Source(config.name, draft.url, config.license, lang=draft.lang)
        return Sample(
            id=sample_id(source, draft.parts, images),
            bucket=draft.bucket,
            lang=draft.lang,
            parts=draft.parts,
            images=tuple(images),
            targets=draft.targets,
            source=source,
        )

    def _pieces(self, index: int, listing: list[str]) -> Iterator[Piece]:
        """The source's inputs in order; every file, input or not, goes into the listing."""
        source, reader = self.sources[index], READERS[self.sources[index].kind]
        for root in filter(None, (source.path, source.images)):
            if not root.exists():
                raise StageError(f"ingest: the source {source.name} is not there: {root}")
        if source.images is not None and source.images.resolve().is_relative_to(
            source.path.resolve()
        ):
            # Its files are listed with the others; which folder it is, matters too.
            inside = source.images.resolve().relative_to(source.path.resolve())
            listing.append(f"{source.name} images {inside.as_posix()}")
        elif source.images is not None:
            for path in _files(source.images):
                _list(source.images, path, source, listing)
        single = source.path.is_file()
        if not single:
            _check_links(source)
        for path in [source.path] if single else _files(source.path):
            name, size = _list(source.folder, path, source, listing)
            low = path.name.lower()
            if not single and not (low.endswith(tuple(reader.suffixes)) and _chosen(name, source)):
                continue
            splits = low.endswith(tuple(reader.splits))
            step = self.config.unit_bytes if splits else max(1, size)
            for start in range(0, max(1, size), step):
                yield Piece(index, path, name, start, min(size, start + step))


def _files(folder: Path) -> Iterator[Path]:
    """All files below a folder, in order of their names; links to folders are not followed."""
    for base, folders, names in os.walk(folder):
        folders.sort()
        yield from (path for n in sorted(names) if (path := Path(base, n)).is_file())


def _check_fields(source: SourceConfig) -> None:
    """Raise UsageError where `fields` renames to a name that the kind does not know."""
    known = READERS[source.kind].fields
    for name in source.fields:
        if name not in known:
            raise UsageError(
                f"the source {source.name}: the kind {source.kind} has no field {name!r}; "
                + nearest(name, known)
            )


def _check_links(source: SourceConfig) -> None:
    """Refuse a link that leads out of the source: what it holds would be missed, or not be ours."""
    root = source.path.resolve()
    for base, folders, names in os.walk(source.path):
        for path in (Path(base, n) for n in sorted(folders + names)):
            if not path.is_symlink() or path.resolve().is_relative_to(root):
                continue
            name = path.relative_to(source.path).as_posix()
            # What is below a folder that is not followed, `include` may mean.
            if not _excluded(name, source) and (path.is_dir() or _chosen(name, source)):
                raise StageError(
                    f"ingest: {path} is a link that leads out of the source {source.name}. Name "
                    f"its target as a source of its own, or exclude it: exclude: [{name!r}]"
                )


def _list(folder: Path, path: Path, source: SourceConfig, listing: list[str]) -> tuple[str, int]:
    """Add a file to the listing; return its name in the folder, and its size."""
    name, stat = path.relative_to(folder).as_posix(), path.stat()
    listing.append(f"{source.name} {name} {stat.st_size} {stat.st_mtime_ns}")
    return name, stat.st_size


@cache
def _sandbox() -> Sandbox:
    """The one of this process."""
    return Sandbox()


def _note(item: Failure | LeftOut, source: SourceConfig, out: UnitOutput) -> None:
    if isinstance(item, LeftOut):
        out.count(f"{item.what}_left_out_{item.reason}")
        return
    if item.lost == "row":
        out.read(1, source.name)
    out.error(
        source.name,
        item.path,
        item.reason,
        place=item.place,
        detail=item.detail,
        head=item.head,
        lost=item.lost,
    )


def _chosen(name: str, source: SourceConfig) -> bool:
    included = any(_pattern(g).fullmatch(name) for g in source.include)
    return included and not _excluded(name, source)


def _excluded(name: str, source: SourceConfig) -> bool:
    return any(_pattern(g).fullmatch(name) for g in source.exclude)


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    """A glob of relative paths: `*` and `?` stay in a folder, `**/` is any number of folders."""
    wild = {"**/": "(?:.+/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    return re.compile("".join(wild.get(piece, re.escape(piece)) for piece in pieces))


def _group(pieces: list[Piece], max_files: int, max_bytes: int) -> Iterator[list[Piece]]:
    group: list[Piece] = []
    size = 0
    for piece in pieces:
        length = piece.end - piece.start
        if group and (len(group) >= max_files or size + length > max_bytes):
            yield group
            group, size = [], 0
        group.append(piece)
        size += length
    yield group
