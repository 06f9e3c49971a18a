"""`vlmforge serve`: the GPUs there are, what the model takes of them, a server that stays up."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from model import Gpu, ServingPlan
from pipelines.errors import StageError, UsageError

#: Deaths after which a server is left dead, and the minutes that they are counted over. A request
#: that crashes the engine costs a death each time that it is tried, and the client needs a few
#: to find it; with this many, loading the weights takes most of the time.
DEATHS, MINUTES = 20, 120.0
#: Starts in a row after which a server that never answered is left dead. One can be bad luck:
#: memory that its predecessor had not given back yet, a crash before we looked.
STARTS = 3
#: Seconds between looks at the server.
LOOK_SECONDS = 0.2
#: Seconds that nvidia-smi may take, and one answer about the server's health.
NVIDIA_SMI_SECONDS, HEALTH_SECONDS = 60, 5
#: What to do where the GPUs cannot be told.
_ELSEWHERE = "plan for other machines with --gpus, such as --gpus 2x80 (count x GB each)"


def find_gpus() -> list[Gpu]:
    """The GPUs of this machine that CUDA_VISIBLE_DEVICES leaves, as nvidia-smi tells them.

    Raises:
        UsageError: There is no nvidia-smi, it fails, or it names no GPU's memory.
    """
    query = ["nvidia-smi", "--query-gpu=index,uuid,name,memory.total"]
    try:
        told = subprocess.run(
            [*query, "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=NVIDIA_SMI_SECONDS,
            check=True,
        ).stdout
    except FileNotFoundError as error:
        raise UsageError(f"no nvidia-smi, so no NVIDIA GPU here; {_ELSEWHERE}") from error
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"nvidia-smi does not answer; {_ELSEWHERE}") from error
    except subprocess.CalledProcessError as error:
        why = (error.stderr or error.stdout).strip()
        raise UsageError(f"nvidia-smi fails: {why}; {_ELSEWHERE}") from error
    found = [tuple(line.split(", ")) for line in told.splitlines() if line.strip()]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    try:
        gpus = [
            Gpu(name, float(mebibytes) / 1024)
            for index, uuid, name, mebibytes in found
            if visible is None or _is_visible(visible, index, uuid)
        ]
    except ValueError as error:
        raise UsageError(f"nvidia-smi tells no memory: {told.strip()}; {_ELSEWHERE}") from error
    if not gpus:
        hidden = f", and CUDA_VISIBLE_DEVICES={visible} shows none" if found else ""
        raise UsageError(f"nvidia-smi sees {len(found)} GPUs{hidden}; {_ELSEWHERE}")
    return gpus


def parse_gpus(text: str) -> list[Gpu]:
    """GPUs from "2x80": their number, and the GB of each as it is sold, taken as GiB.

    Raises:
        UsageError: The text is anything else.
    """
    match = re.fullmatch(r"([1-9]\d{0,2})x(\d+(?:\.\d+)?)", text)
    if match is None:
        raise UsageError(f"--gpus {text}: a number of GPUs and the GB of each, such as 2x80")
    memory = float(match[2])
    return [Gpu(f"{memory:g} GB", memory)] * int(match[1])


def print_plan(plan: ServingPlan, console: Console) -> None:
    """What each GPU's memory goes to, and what that serves."""
    model = plan.model
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    context = f"{plan.context:,} tokens"
    split = f" / {plan.tensor_parallel}" if plan.tensor_parallel > 1 else ""
    rows: list[tuple[str, float]] = [
        (f"one {plan.gpu.name}", plan.gpu.memory),
        (f"usable, {plan.settings.utilization:.0%}", plan.usable),
        (f"weights, {model.format}{split}", plan.weights),
        ("activations, at most", plan.activations),
        ("CUDA graphs, context, buffers", plan.graphs + plan.process),
        ("left for the cache", plan.cache),
        (f"one sequence of {context}", plan.sequence),
    ]
    for name, gib in rows:
        table.add_row(name, f"{gib:.1f} GiB")
    console.print(table, highlight=False)
    number = plan.replicas * plan.tensor_parallel
    idle = f"; {plan.idle} GPUs idle" if plan.idle else ""
    each = f"{plan.replicas} replicas, each of " if plan.replicas > 1 else ""
    console.print(
        f"{model.name} on {number} x {plan.gpu.name}: {each}{plan.sequences} sequences of "
        f"{context} at once, more where they are shorter{idle}",
        highlight=False,
        soft_wrap=True,
    )


def program(name: str) -> str:
    """The path of a program beside this Python, or on PATH.

    Raises:
        UsageError: There is none.
    """
    beside = str(Path(sys.executable).parent)
    found = shutil.which(name, path=os.pathsep.join([beside, os.environ.get("PATH", "")]))
    if found is None:
        raise UsageError(f"{name} is not installed here: pip install 'vlmforge[{name}]'")
    return found


def supervise(
    line: Sequence[str],
    address: str,
    say: Callable[[str], None],
    *,
    deaths: int = DEATHS,
    minutes: float = MINUTES,
) -> None:
    """Run a server, and start it again whenever it dies unasked; return when asked to stop.

    A request can crash vLLM's engine, and the server ends with it. Clients wait for it to come
    back, so somebody must bring it back. SIGINT (Ctrl-C), SIGTERM and SIGHUP stop it; a second
    one does not wait. `address` is where it answers GET /health once it is up. What a dead
    server left running is ended, as it would keep the GPU's memory.

    Raises:
        UsageError: Something answers at that address already.
        StageError: It died before it answered `STARTS` times in a row, or `deaths` times within
            `minutes`.
    """
    asked: list[int] = []

    def ask(signum: int, frame: FrameType | None) -> None:
        asked.append(signum)

    caught = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before: dict[signal.Signals, Any] = {number: signal.signal(number, ask) for number in caught}
    try:
        with httpx.Client(base_url=address, timeout=HEALTH_SECONDS, trust_env=False) as server:
            if _answers(server):
                raise UsageError(
                    f"a server answers at {address} already; stop it, or use another --port"
                )
            _keep_alive(line, server, asked, say, deaths, minutes)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _keep_alive(
    line: Sequence[str],
    server: httpx.Client,
    asked: list[int],
    say: Callable[[str], None],
    deaths: int,
    minutes: float,
) -> None:
    """Life after life, until one is asked for no more."""
    died: deque[float] = deque()
    silent = 0
    while True:
        code, answered = _live(line, server, asked)
        if asked:
            return
        silent = 0 if answered else silent + 1
        if silent == STARTS:
            raise StageError(
                f"the server ended {STARTS} times before it answered (exit code {code}); "
                "what it printed says why"
            )
        now = time.monotonic()
        died.append(now)
        while now - died[0] > minutes * 60:
            died.popleft()
        if len(died) == deaths:
            raise StageError(
                f"the server died {deaths} times in {minutes:g} minutes (exit code {code}); "
                "requests crash it, or the machine does; what it printed says which"
            )
        say(f"the server died (exit code {code}), {len(died)} of {deaths} times; starting again")


def _live(line: Sequence[str], server: httpx.Client, asked: list[int]) -> tuple[int, bool]:
    """One life of the server: its exit code, and whether it ever answered."""
    # In a session of its own, Ctrl-C reaches it through us alone, and all that it starts can
    # be ended with it.
    process = subprocess.Popen(line, start_new_session=True)
    answered, told = False, False
    try:
        while process.poll() is None:
            if asked and not told:
                process.terminate()
                told = True
            elif len(asked) > 1:
                break
            answered = answered or _answers(server)
            time.sleep(LOOK_SECONDS)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return process.returncode, answered


def _answers(server: httpx.Client) -> bool:
    try:
        return server.get("/health").status_code == 200
    except httpx.HTTPError:
        return False


def _is_visible(visible: str, index: str, uuid: str) -> bool:
    wanted = [one.strip() for one in visible.split(",")]
    return any(one == index or (one.startswith("GPU-") and uuid.startswith(one)) for one in wanted)
