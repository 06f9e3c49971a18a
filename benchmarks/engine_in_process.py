"""vLLM in process, driven by our client, beside vLLM's own `LLM.chat`."""

from __future__ import annotations

import io
import multiprocessing
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.engine_load import ARGUMENTS, ROUNDS, UNDER_WAY, Busy, check, requests, teacher_of
from model import Client, Engine, InProcess, Request, ResponseStore, generate


def in_process(model: Path) -> dict[str, float]:
    """Output tokens a second over those of `LLM.chat`, in turns, each with a vLLM of its own."""
    from vllm import LLM

    print("In process, output tokens a second")
    peer = LLM(str(model), **ARGUMENTS)
    others = set(multiprocessing.active_children())
    ours = InProcess(teacher_of(model), ARGUMENTS, UNDER_WAY)
    ratios, idle = [], []
    with ours.open() as engine:
        _chat(peer, requests(0, 16))
        _ask(ours, engine, requests(0, 16))
        (core,) = set(multiprocessing.active_children()) - others
        for round_ in range(ROUNDS):
            asked = requests(1 + round_)
            # Whoever comes first in one round comes second in the next.
            theirs = 0.0 if round_ % 2 else _chat(peer, asked)
            busy = Busy(core.pid)
            mine = _ask(ours, engine, asked)
            idle.append(busy.idle_share())
            theirs = theirs or _chat(peer, asked)
            ratios.append(mine / theirs)
            print(f"  round {round_ + 1}: vlmforge {mine:7,.0f}, LLM.chat {theirs:7,.0f}")
    ratio = statistics.median(ratios)
    print(f"  ratio {ratio:.3f}; our engine idle {statistics.median(idle):.1%} of the time")
    return {
        "inprocess_ratio": round(ratio, 3),
        "inprocess_idle_share": round(statistics.median(idle), 4),
    }


def _ask(model: InProcess, engine: Engine, asked: list[Request]) -> float:
    with tempfile.TemporaryDirectory() as folder, ResponseStore(Path(folder)) as store:
        client = Client(model, engine, store)
        started = time.perf_counter()
        answers = generate(client, asked)
        seconds = time.perf_counter() - started
    check(answers)
    return sum(a.completion_tokens for a in answers) / seconds


def _chat(llm: Any, asked: list[Request]) -> float:
    """The same list, with the same parameters, all handed over at once."""
    from vllm import SamplingParams

    started = time.perf_counter()
    messages, sampling = [], []
    for request in asked:
        content: list[dict[str, Any]] = [
            {"type": "image_pil", "image_pil": Image.open(io.BytesIO(p.read()))}
            for p in request.pictures
        ]
        content.append({"type": "text", "text": request.text})
        messages.append([{"role": "user", "content": content}])
        parameters = request.sampling.as_request()
        sampling.append(
            SamplingParams(**parameters, seed=request.engine_seed, max_tokens=request.max_tokens)
        )
    outputs = llm.chat(
        messages, sampling, use_tqdm=False, chat_template_kwargs={"enable_thinking": False}
    )
    return sum(len(o.outputs[0].token_ids) for o in outputs) / (time.perf_counter() - started)
