"""The document says what the arithmetic says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_tables_of_the_document_are_those_that_are_printed():
    program = [sys.executable, ROOT / "benchmarks" / "engine_on_paper.py"]
    told = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    document = (ROOT / "docs" / "model.md").read_text("utf-8")
    memory, hours = told.strip().split("\n\n")
    assert memory in document
    assert hours in document
