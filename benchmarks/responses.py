"""What the response store costs: CPU seconds, and memory of a process that opens it.

    python benchmarks/responses.py [ANSWERS] [--json]

Answers of 0.9 KB in files of 10,000, as ended work units leave them; the default
is a million of them, 0.9 GB on disk. Each step is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Run as a program, it finds the checkout's other folders.
sys.path.insert(0, str(Path(__file__).parent.parent))

from model import Response, ResponseStore, compact_store
from records import digest

ANSWERS = 1_000_000
FILE_ANSWERS = 10_000
#: Questions that are timed.
ASKED = 20_000
TEXT = "그림은 무언가를 보여 준다. " * 20


def fill(folder: Path, answers: int) -> dict[str, float]:
    keys = [digest(str(number)) for number in range(answers)]
    start = time.process_time()
    for first in range(0, answers, FILE_ANSWERS):
        with ResponseStore(folder / str(first)) as store:
            for number in range(first, first + FILE_ANSWERS):
                told = Response("", f"{TEXT}{number}", "stop", None, 1000, 200)
                store.put(keys[number], told)
    seconds = time.process_time() - start
    # Apart until now, so that no store was opened on the files of the others.
    for path in list(folder.glob("*/*.jsonl")):
        path.rename(folder / path.name)
        path.parent.rmdir()
    return {"put_us": seconds / answers * 1e6}


def look(folder: Path, answers: int) -> dict[str, float]:
    chosen = random.Random(0)
    there = [digest(str(chosen.randrange(answers))) for _ in range(ASKED)]
    missing = [digest(str(answers + number)) for number in range(ASKED)]
    before = memory()
    start = time.process_time()
    store = ResponseStore(folder)
    told = {"open_s": time.process_time() - start}
    for name, keys in (("get_us", there), ("miss_us", missing)):
        start = time.process_time()
        found = sum(store.get(key, "") is not None for key in keys)
        told[name] = (time.process_time() - start) / ASKED * 1e6
        assert found == (ASKED if keys is there else 0)
    return told | {"own_mb": memory() - before}


def merge(folder: Path, answers: int) -> dict[str, float]:
    before = memory("VmHWM")
    start = time.process_time()
    compact_store(folder)
    return {"cpu_s": time.process_time() - start, "peak_mb": memory("VmHWM") - before}


def memory(name: str = "RssAnon") -> float:
    """MB of this process: its own memory, or the peak with what it mapped (VmHWM)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0]) / 1000


STEPS = {"fill": fill, "before": look, "compact": merge, "after": look}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("answers", nargs="?", type=int, default=ANSWERS)
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        print(json.dumps(STEPS[arguments.step](arguments.folder, arguments.answers)))
        return
    result = {}
    with tempfile.TemporaryDirectory() as folder:
        for step in STEPS:
            command = [sys.executable, __file__, str(arguments.answers), "--step", step]
            told = subprocess.check_output([*command, "--folder", folder], text=True)
            figures = json.loads(told)
            print(f"{step:8}", *(f"{name} {value:,.3f}" for name, value in figures.items()))
            result |= {f"{step}_{name}": round(value, 3) for name, value in figures.items()}
    if arguments.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
