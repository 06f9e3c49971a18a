"""The peak memory of a worker while the data grows tenfold.

    python benchmarks/worker_memory.py make FOLDER PARTS
    python benchmarks/worker_memory.py run FOLDER STAGE

The first writes documents, the second runs a stage over them in one worker
process and prints its peak. They are processes of their own, as a process is
said to have the peak of the one that started it. `worker_memory` calls them.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

# Run as a program, it finds the checkout's other folders.
sys.path.insert(0, str(Path(__file__).parent.parent))

STAGES = ("dedupe", "filter", "near_dedupe")
PARTS = (4, 40)
PART_DOCUMENTS = 1000


def worker_memory() -> dict[str, float]:
    """For each stage a worker's peak over ten times the data, over that of the data."""
    print("Peak memory of a worker")
    peaks: dict[str, list[float]] = {stage: [] for stage in STAGES}
    for parts in PARTS:
        with tempfile.TemporaryDirectory() as folder:
            _call("make", folder, str(parts))
            for stage in STAGES:
                found = json.loads(_call("run", folder, stage))
                peaks[stage].append(found["megabytes"])
                print(
                    f"  {stage:12} {parts * PART_DOCUMENTS:7,} documents "
                    f"{found['megabytes']:6,.0f} MB {found['seconds']:7.1f} CPU s"
                )
    return {f"memory_{stage}": round(peak[1] / peak[0], 3) for stage, peak in peaks.items()}


def _call(*arguments: str) -> str:
    command = [sys.executable, __file__, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _make(run: Path, parts: int) -> None:
    from benchmarks.near_duplicates import synthetic
    from tests.conftest import make_sample
    from tests.pipelines.made import make_dataset

    def part(number: int) -> list:
        texts = synthetic(PART_DOCUMENTS, f"part {number}")
        return [make_sample(text, url=f"{number}/{n}") for n, text in enumerate(texts)]

    make_dataset(run, "ingest", [part(number) for number in range(parts)])


def _run(run: Path, name: str) -> dict[str, float]:
    from pipelines.config import RunConfig
    from pipelines.progress import Silence
    from pipelines.run import STAGES as CLASSES
    from pipelines.runner import LocalRunner
    from pipelines.stage import run_stage
    from records import Dataset

    raw = {"name": "s", "kind": "problems", "path": "none"}
    config = RunConfig.model_validate({"sources": [raw], "out": run})
    with LocalRunner(1) as runner:
        run_stage(CLASSES[name](config, run), Dataset.open(run / "ingest"), runner, Silence())
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"megabytes": usage.ru_maxrss / 1024, "seconds": usage.ru_utime + usage.ru_stime}


if __name__ == "__main__":
    folder = Path(sys.argv[2])
    if sys.argv[1] == "make":
        _make(folder, int(sys.argv[3]))
    else:
        print(json.dumps(_run(folder, sys.argv[3])))
