"""A finished stage with given rows, for the stage after it to read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from records import (
    SAMPLE_SCHEMA,
    Dataset,
    FileEntry,
    Manifest,
    Sample,
    file_name,
    to_batch,
    write_table,
)


def make_dataset(run: Path, stage: str, parts: Sequence[Sequence[Sample]]) -> Dataset:
    """Write the parts, rows sorted by id as a stage does, and their manifest."""
    root, files = run / stage, []
    for index, samples in enumerate(parts):
        name = file_name("part", index, len(parts))
        table = pa.Table.from_batches([to_batch(samples)], SAMPLE_SCHEMA).sort_by("id")
        write_table(root / name, table)
        files.append(FileEntry.of(root, name, "part", len(samples)))
    rows = sum(map(len, parts))
    counts = {"in": rows, "kept": rows, "made": 0, "dropped": 0, "rejected": 0, "errors": 0}
    manifest = Manifest(
        stage=stage, parts=len(parts), rows=counts, reasons={}, metrics={}, sources={},
        files=files, config={}, config_hash=stage, input_fingerprint="",
    )  # fmt: skip
    manifest.write(root)
    return Dataset(root, manifest)
