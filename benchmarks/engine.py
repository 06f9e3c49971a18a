"""How fast the clients of the model are beside vLLM's own, in one run.

    python benchmarks/engine.py [--json]

All with a tiny EXAONE 4.5 of random weights on this CPU: what is measured is
the way to the model and back, at its worst, as a real one takes longer. Needs
vLLM (docs/dependencies.md). Ratios are of output tokens a second, ours over
vLLM's, from runs in turn on the same requests: above 1 we are faster.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

# Run as a program, it finds the checkout's other folders.
sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.engine_http import client_costs, over_http
from benchmarks.engine_in_process import in_process
from benchmarks.engine_load import ENVIRONMENT
from tests.model.tiny_exaone import build


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    arguments = parser.parse_args()
    os.environ.update(ENVIRONMENT)
    with tempfile.TemporaryDirectory() as folder:
        model = build(Path(folder) / "tiny-exaone")
        result = in_process(model) | over_http(model, Path(folder)) | client_costs()
    if arguments.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
