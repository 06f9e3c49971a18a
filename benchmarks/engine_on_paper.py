"""What EXAONE 4.5 33B needs on paper: GPUs by their memory, and hours for two large jobs.

    python benchmarks/engine_on_paper.py

Prints the tables of docs/model.md. Assumptions: `model/serving.py`, `model/throughput.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

# Run as a program, it finds the checkout's other folders.
sys.path.insert(0, str(Path(__file__).parent.parent))

from model import (
    MODELS,
    PUBLISHED,
    DoesNotFit,
    Gpu,
    RequestSize,
    gpu_hours,
    serving_plan,
    visual_tokens,
)

#: Sets of GPUs that people have: how they are sold, their memory in GiB as nvidia-smi tells it.
SETS = [
    (number, Gpu(name, mebibytes / 1024))
    for name, mebibytes, numbers in (
        ("RTX 4090 24 GB", 24_564, (2, 4, 8)),
        ("A100 40 GB", 40_960, (2, 4)),
        ("L40S 48 GB", 46_068, (1, 2, 4, 8)),
        ("A100 80 GB", 81_920, (1, 2, 8)),
        ("H100 80 GB", 81_559, (1, 2, 8)),
        ("H200 141 GB", 143_771, (1, 8)),
    )
    for number in numbers
]
#: Requests and their sizes. A picture of one megapixel has 1,227 visual tokens where the
#: processor's limit is 1,003,520 pixels.
JOBS = {
    "10 M recaptions": (
        10_000_000,
        RequestSize(prompt=400, image=visual_tokens(1000, 1000, 1_003_520), output=200),
    ),
    "1 M chains of thought": (1_000_000, RequestSize(prompt=500, image=0, output=8000)),
}


def memory_table() -> Iterator[str]:
    """How each variant is served on each set of GPUs, for batch work."""
    yield f"| GPUs | {' | '.join(model.format for model in MODELS.values())} |"
    yield f"|---|{'---|' * len(MODELS)}"
    for number, gpu in SETS:
        cells = []
        for model in MODELS.values():
            try:
                plan = serving_plan([gpu] * number, model)
            except DoesNotFit:
                cells.append("does not fit")
                continue
            split = f"TP{plan.tensor_parallel} DP{plan.replicas}"
            tight = ", tight" if plan.settings.eager else ""
            cells.append(f"{split}, {plan.sequences} x {plan.context // 1024}K{tight}")
        yield f"| {number} x {gpu.name} | {' | '.join(cells)} |"


def hours_table() -> Iterator[str]:
    """Hours of H200 for each job, by requests in flight at a server."""
    yield f"| job | tokens in, out | {' | '.join(f'{c} in flight' for c in PUBLISHED)} |"
    yield f"|---|---|{'---:|' * len(PUBLISHED)}"
    for name, (requests, size) in JOBS.items():
        picture = f" + {size.image:,} of a picture" if size.image else ""
        hours = (f"{gpu_hours(requests, size, concurrency=c):,.0f}" for c in PUBLISHED)
        yield f"| {name} | {size.prompt:,}{picture}, {size.output:,} | {' | '.join(hours)} |"


def main() -> None:
    print("\n".join([*memory_table(), "", *hours_table()]))


if __name__ == "__main__":
    main()
