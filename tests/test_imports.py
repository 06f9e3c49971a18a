"""Imports run one way: records <- filters, model, renderers <- synth <- pipelines."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "records": set(),
    "filters": {"records"},
    "model": {"records"},
    "renderers": {"records"},
    "synth": {"records", "filters", "model", "renderers"},
    "pipelines": {"records", "filters", "model", "renderers", "synth"},
}


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_packages_import_only_what_is_below_them(package):
    allowed = MAY_IMPORT[package] | {package}
    for path in (ROOT / package).rglob("*.py"):
        ours = {name.split(".")[0] for name in imported(path)} & set(MAY_IMPORT)
        assert ours <= allowed, f"{path.relative_to(ROOT)} imports {ours - allowed}"


@pytest.mark.parametrize("package", set(MAY_IMPORT) - {"pipelines"})
def test_packages_below_pipelines_know_no_beam(package):
    for path in (ROOT / package).rglob("*.py"):
        assert not any(name.startswith("apache_beam") for name in imported(path)), path


@pytest.mark.parametrize("package", set(MAY_IMPORT) - {"pipelines"})
def test_every_public_name_is_at_the_front_door(package):
    module = __import__(package)
    assert sorted(module.__all__) == sorted(set(module.__all__))
    assert all(hasattr(module, name) for name in module.__all__)
