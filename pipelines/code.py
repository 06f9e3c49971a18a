"""A fingerprint of the code that a stage runs, so that an edited stage is not taken for done."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from records import digest

#: Our own packages; a change elsewhere is another version of a dependency.
PACKAGES = ("records", "filters", "model", "renderers", "synth", "pipelines")


def code_digest(module: str) -> str:
    """A hash of the sources of `module` and of all of ours that it imports, directly or not.

    Templates and scripts beside those modules count too; those of `pipelines`
    do not, as they only show what was made.
    """
    files: set[Path] = set()
    waiting, seen = [module], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        path = _source(name)
        files.add(path)
        if name.split(".")[0] != "pipelines":
            files |= {p for p in path.parent.iterdir() if p.suffix in (".js", ".j2")}
        waiting += _imports(path)
    ordered = sorted(files, key=lambda p: (p.parent.name, p.name))
    return digest(*(part for path in ordered for part in (path.name, path.read_bytes())))


def _imports(path: Path) -> Iterator[str]:
    """Our modules that a source file imports; a name imported from a package may be a module."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            if name.split(".")[0] in PACKAGES and _exists(name):
                yield name


@cache
def _exists(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # the part before the last dot is a module, not a package
        return False


def _source(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin)
