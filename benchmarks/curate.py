"""How fast and how right curation is, beside the tools that others use, in one run.

    python benchmarks/curate.py [--json]

Peers run in environments of their own, made on the first call below
`.venv-peers`. Ratios are of CPU seconds, the peer's over ours: above 1 we are
faster.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

# Run as a program, it finds the checkout's other folders.
sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.heuristics import heuristics
from benchmarks.language import language_accuracy
from benchmarks.near_duplicates import near_duplicates, slope
from benchmarks.worker_memory import worker_memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    arguments = parser.parse_args()
    result = near_duplicates() | slope() | heuristics() | language_accuracy() | worker_memory()
    if arguments.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
