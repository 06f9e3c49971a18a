"""The requests of the engine benchmark, and how busy an engine is with them."""

from __future__ import annotations

import hashlib
import io
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from model import Picture, Request, Response, Teacher

REQUESTS = 500
#: Tokens of an answer, at most. Random weights end one in eight earlier.
MAX_TOKENS = 64
#: Pixels of a picture's sides: 64 tokens.
SIDE = 224
#: What vLLM runs at once, and how many requests our clients have under way: some wait in its queue.
RUNNING, UNDER_WAY = 64, 128
ROUNDS = 3

#: Each engine's core on one thread, as the clients need the other cores.
ENVIRONMENT = {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_NO_USAGE_STATS": "1",
    "HF_HUB_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "passive",
    "TOKENIZERS_PARALLELISM": "false",
}
#: As `vllm.LLM` takes them.
ARGUMENTS: dict[str, Any] = {
    "dtype": "float32",
    "enforce_eager": True,
    "max_model_len": 2048,
    # A prompt in pieces and a seed together kill vLLM 0.32 on a CPU ("CPU Generator does not use
    # offset", gpu_model_runner.py).
    "enable_chunked_prefill": False,
    "max_num_seqs": RUNNING,
    "limit_mm_per_prompt": {"image": 1, "video": 0},
    "skip_mm_profiling": True,
    "mm_device_do_normalize": False,
    # By its name: else vLLM on a CPU has the model in yet another process.
    "distributed_executor_backend": "vllm.v1.executor.uniproc_executor.UniProcExecutor",
    "seed": 0,
}


def teacher_of(model: Path) -> Teacher:
    return Teacher(str(model), None, "free", sees_images=True)


def picture(seed: int) -> bytes:
    """A PNG that no other seed gives."""
    cells = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(cells).resize((SIDE, SIDE)).save(buffer, "PNG")
    return buffer.getvalue()


def requests(round_: int, count: int = REQUESTS) -> list[Request]:
    """Half of them with a picture; of each round others, so that no cache helps."""
    asked = []
    for number in range(count):
        seed = round_ * 1_000_000 + number
        pictures: tuple[Picture, ...] = ()
        if number % 2:
            data = picture(seed)
            pictures = (Picture(hashlib.sha256(data).hexdigest(), "png", partial(bytes, data)),)
        text = f"Question {seed}: what does the picture show, and what follows from it?"
        asked.append(
            Request(str(seed), "text", text, MAX_TOKENS, seed, pictures=pictures, thinking=False)
        )
    return asked


def check(answers: list[Response]) -> None:
    """All were answered; of random weights one in 500 ends before it has begun."""
    failed = [a for a in answers if a.failure not in (None, "empty")]
    assert not failed, failed[0]


class Busy:
    """How busy a process's main thread is, by Linux's own count: running, or waiting for a core.

    That it waits for a core is the machine's fault, not the client's.
    """

    def __init__(self, process: int):
        self._path = Path(f"/proc/{process}/schedstat")
        self._started, self._before = time.perf_counter(), self._nanoseconds()

    def idle_share(self) -> float:
        """Of the time since it was made, the share in which the thread had nothing to do."""
        busy = (self._nanoseconds() - self._before) / 1e9
        return max(0.0, 1 - busy / (time.perf_counter() - self._started))

    def _nanoseconds(self) -> int:
        running, waiting, _ = self._path.read_text().split()
        return int(running) + int(waiting)
