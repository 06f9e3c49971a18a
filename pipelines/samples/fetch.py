"""Fetches the demo's input: Debian documentation packages, and problems from reasoning-gym.

Debian's archive keeps one version of a package, so what came is recorded (name,
version, SHA-256) instead of pinned; PyPI packages are pinned with hashes in
requirements.txt beside this file.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from importlib import resources
from pathlib import Path
from typing import Any

from pipelines.errors import StageError
from records import file_sha256, write_atomically, write_json

#: Raised when a folder that an earlier version fetched lacks something.
SCHEME = 1

#: (package, folder inside it, folder inside ours).
_HELP = "usr/share/libreoffice/help"
DEBIAN = (
    ("libreoffice-help-ko", f"{_HELP}/ko", "libreoffice-help/ko"),
    ("libreoffice-help-en-us", f"{_HELP}/en-US", "libreoffice-help/en-US"),
    ("libreoffice-help-common", f"{_HELP}/media", "libreoffice-help/media"),
    ("python-sklearn-doc", "usr/share/doc/python-sklearn-doc/html", "scikit-learn"),
)


def fetch(folder: Path) -> dict[str, Any]:
    """Fill `folder`, unless an earlier call did, and return what is recorded in samples.json.

    Raises StageError where a package client is missing or fails.
    """
    record_path = folder / "samples.json"
    if record_path.exists():
        record: dict[str, Any] = json.loads(record_path.read_text())
        if record.get("scheme") == SCHEME:
            return record
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise StageError(f"samples: {tool} is needed: the documents come as Debian packages")
    folder.mkdir(parents=True, exist_ok=True)
    packages = [_debian(*package, folder) for package in DEBIAN]
    count = _problems(folder / "problems" / "problems.jsonl")
    record = {"scheme": SCHEME, "packages": packages, "problems": count}
    write_json(record_path, record)
    return record


def _debian(name: str, inside: str, target: str, folder: Path) -> dict[str, str]:
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        work = Path(temporary)
        call(
            ["apt-get", "-q", "download", name],
            work,
            "run `apt-get update` as root first, and see that the package exists",
        )
        archive = next(work.glob("*.deb"))
        call(["dpkg-deb", "-x", archive.name, "tree"], work, "the package is broken")
        version = call(["dpkg-deb", "-f", archive.name, "Version"], work, "the package is broken")
        destination = folder / target
        shutil.rmtree(destination, ignore_errors=True)
        destination.parent.mkdir(parents=True, exist_ok=True)
        (work / "tree" / inside).rename(destination)
        return {"name": name, "version": version.strip(), "sha256": file_sha256(archive)}


def _problems(path: Path) -> int:
    """Write the text problems; the package that makes them is needed only here, and goes."""
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        source = resources.files("pipelines.samples")
        for name in ("requirements.txt", "problems.py"):
            (work / name).write_bytes(source.joinpath(name).read_bytes())
        pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        call(
            [*pip, "--require-hashes", "--target", "packages", "-r", "requirements.txt"],
            work,
            "see that pip works in this environment",
        )
        program = ["env", "PYTHONPATH=packages", sys.executable, "problems.py"]
        lines = call(program, work, "reasoning-gym did not run")
        write_atomically(path, lines.encode())
        return len(lines.splitlines())


def call(command: list[str], folder: Path, hint: str) -> str:
    """What a program prints, run in a folder. Raises StageError with the hint where it fails."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1800)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StageError(f"samples: {command[0]}: {error}; {hint}") from error
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise StageError(f"samples: {' '.join(command[:4])} failed: {' '.join(last)}; {hint}")
    return done.stdout
