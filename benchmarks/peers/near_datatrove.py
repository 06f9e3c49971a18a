"""datatrove over JSON lines: its four MinHash stages on two local workers.

python near_datatrove.py DOCUMENTS BANDS ROWS
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
)
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from loguru import logger
from near_common import finish, start

WORKERS = 2


def main() -> None:
    path, bands, rows = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    logger.remove()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "in").mkdir()
        lines = path.read_text("utf-8").splitlines(keepends=True)
        for worker in range(WORKERS):  # a task reads whole files
            (Path(folder) / "in" / f"{worker}.jsonl").write_text("".join(lines[worker::WORKERS]))
        reader = lambda: JsonlReader(f"{folder}/in")  # noqa: E731
        config = MinhashConfig(num_buckets=bands, hashes_per_bucket=rows)
        removed = JsonlWriter(f"{folder}/removed")
        start()
        stages = [
            ([reader(), MinhashDedupSignature(f"{folder}/s", config=config)], WORKERS),
            ([MinhashDedupBuckets(f"{folder}/s", f"{folder}/b", config=config)], bands),
            ([MinhashDedupCluster(f"{folder}/b", f"{folder}/r", config=config)], 1),
            (
                [
                    reader(),
                    MinhashDedupFilter(f"{folder}/r", exclusion_writer=removed),
                    JsonlWriter(f"{folder}/out"),
                ],
                WORKERS,
            ),
        ]
        for number, (pipeline, tasks) in enumerate(stages):
            logs = f"{folder}/logs/{number}"
            LocalPipelineExecutor(
                pipeline=pipeline, tasks=tasks, workers=WORKERS, logging_dir=logs,
                start_method="fork",
            ).run()  # fmt: skip
        ids = [
            json.loads(line)["id"]
            for file in Path(folder, "removed").rglob("*.gz")
            for line in gzip.open(file)
        ]
        finish(ids)


if __name__ == "__main__":
    main()
