"""Our client of endpoints beside `vllm bench serve`, and what it costs.

    python benchmarks/engine_http.py peer RUNS             vLLM's own load client, some runs
    python benchmarks/engine_http.py ask URL MODEL CORE ROUND  ours, on such requests
    python benchmarks/engine_http.py serve                answers at once, always the same
    python benchmarks/engine_http.py many URL COUNT       ours, with so many short requests

These are processes of their own, so that the CPU time and memory of each is
its own. `over_http` and `client_costs` call them.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx

# Run as a program, it finds the checkout's other folders.
sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.engine_load import (
    ARGUMENTS,
    ENVIRONMENT,
    MAX_TOKENS,
    REQUESTS,
    ROUNDS,
    UNDER_WAY,
    Busy,
    check,
    requests,
    teacher_of,
)
from benchmarks.responses import memory
from model import Client, Endpoints, Request, Response, ResponseStore, Teacher, generate

#: Requests that vLLM's client has under way; the best is compared with.
CONCURRENCIES = (8, 16, 32, 64, 128)
#: Requests with which each of these is tried.
SEARCHED = 200
#: Requests whose peak memory is compared.
FEW, MANY = 1_000, 100_000
#: Requests between two looks at the memory.
LOOKED = 100
#: Seconds for a server to start.
START_SECONDS = 300


def over_http(model: Path, folder: Path) -> dict[str, float]:
    """Output tokens a second over those of vLLM's client at its best, against one server.

    No two runs have the same requests, as the server would know the second's pictures; but all
    have requests of the same lengths.
    """
    print("Over HTTP, output tokens a second")
    peer = partial(_peer, model, folder)
    with _vllm_server(model) as (url, core):
        ask = partial(_call, "ask", url, str(model), str(core))
        ask("1")
        rates = peer(url, 2, CONCURRENCIES, SEARCHED)
        best = CONCURRENCIES[rates.index(max(rates))]
        found = (f"{t:,.0f} at {n}" for n, t in zip(CONCURRENCIES, rates, strict=True))
        print("  vllm bench serve:", ", ".join(found))
        ratios, runs = [], []
        for round_ in range(ROUNDS):
            # Whoever comes first in one round comes second in the next.
            if round_ % 2:
                (theirs,) = peer(url, 1000 + round_, [best])
                runs.append(ask(f"{2000 + round_}"))
            else:
                runs.append(ask(f"{2000 + round_}"))
                (theirs,) = peer(url, 1000 + round_, [best])
            mine = runs[-1]["rate"]
            ratios.append(mine / theirs)
            print(f"  round {round_ + 1}: vlmforge {mine:7,.0f}, vllm {theirs:7,.0f}")
    result = {
        "http_ratio": round(statistics.median(ratios), 3),
        "cpu_s_per_1000": round(statistics.median(r["cpu_s_per_1000"] for r in runs), 2),
        "idle_share": round(statistics.median(r["idle_share"] for r in runs), 4),
    }
    print(
        f"  ratio {result['http_ratio']}; the engine idle {result['idle_share']:.1%} of the time; "
        f"client {result['cpu_s_per_1000']} CPU s per 1,000 requests, half with a picture"
    )
    return result


def client_costs() -> dict[str, float]:
    """The client's peak memory with a hundred times the requests, over that with few."""
    program = [sys.executable, __file__, "serve"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        try:
            few, many = (_call("many", url, str(n)) for n in (FEW, MANY))
        finally:
            server.terminate()
    ratio = round(many["megabytes"] / few["megabytes"], 3)
    print(
        f"Client alone: peak {few['megabytes']:.0f} MB of {FEW:,} requests, "
        f"{many['megabytes']:.0f} MB of {MANY:,}: ratio {ratio}; "
        f"{many['cpu_s_per_1000']:.2f} CPU s per 1,000 short requests"
    )
    return {"memory_ratio": ratio, "cpu_s_per_1000_short": round(many["cpu_s_per_1000"], 2)}


def _call(*arguments: str) -> dict[str, float]:
    command = [sys.executable, __file__, *arguments]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(output.splitlines()[-1])


@contextmanager
def _vllm_server(model: Path) -> Iterator[tuple[str, int]]:
    """The address of a vLLM server, and the process of its engine's core."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    flags = []
    for name, value in ARGUMENTS.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            flags.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            flags += [f"--{flag}", json.dumps(value) if isinstance(value, dict) else str(value)]
    program = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model)]
    program += ["--host", "127.0.0.1", "--port", str(port), "--reasoning-parser", "qwen3", *flags]
    with open(model.parent / "server.log", "wb") as log:
        server = subprocess.Popen(program, env=os.environ | ENVIRONMENT, stdout=log, stderr=log)
    try:
        for _ in range(START_SECONDS):
            time.sleep(1)
            if server.poll() is not None:
                raise RuntimeError(f"the server does not start:\n{Path(log.name).read_text()}")
            try:
                if httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).is_success:
                    break
            except httpx.HTTPError:
                continue
        yield f"http://127.0.0.1:{port}", _core_of(server.pid)
    finally:
        server.terminate()
        server.wait()


def _core_of(server: int) -> int:
    """The child of that process that calls itself vLLM's core."""
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    titles = {int(c): Path(f"/proc/{c}/cmdline").read_bytes() for c in children}
    (core,) = [child for child, title in titles.items() if b"EngineCore" in title]
    return core


def _peer(
    model: Path,
    folder: Path,
    url: str,
    round_: int,
    concurrencies: Sequence[int],
    count: int = REQUESTS,
) -> list[float]:
    """Output tokens a second of `vllm bench serve`, with so many requests under way."""
    sampling = requests(0, 1)[0].sampling
    common = [
        "--backend", "openai-chat", "--endpoint", "/v1/chat/completions", "--base-url", url,
        "--model", str(model), "--dataset-name", "custom_image",
        "--num-prompts", str(count), "--custom-output-len", str(MAX_TOKENS),
        "--disable-tqdm", "--disable-shuffle", "--save-result", "--result-dir", str(folder),
        "--temperature", str(sampling.temperature), "--top-p", str(sampling.top_p),
        "--extra-body", json.dumps(
            {"seed": round_, "chat_template_kwargs": {"enable_thinking": False}}
        ),
    ]  # fmt: skip
    runs = []
    for number, concurrency in enumerate(concurrencies):
        part, result = folder / f"requests{number}.jsonl", f"result{number}.json"
        lines = (json.dumps({"content": _content(r)}) for r in requests(round_ + number, count))
        part.write_text("\n".join(lines))
        own = ["--dataset-path", str(part), "--result-filename", result]
        runs.append([*common, *own, "--max-concurrency", str(concurrency)])
    command = [sys.executable, __file__, "peer", json.dumps(runs)]
    subprocess.run(command, check=True, env=os.environ | ENVIRONMENT, stdout=subprocess.DEVNULL)
    results = [json.loads((folder / f"result{n}.json").read_text()) for n in range(len(runs))]
    failed = sum(r["failed"] for r in results)
    assert failed == 0, f"{failed} requests of vLLM's client failed"
    return [r["output_throughput"] for r in results]


def _content(request: Request) -> list[dict[str, Any]]:
    urls = [
        f"data:image/png;base64,{base64.b64encode(p.read()).decode()}" for p in request.pictures
    ]
    pictures = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return [*pictures, {"type": "text", "text": request.text}]


def _run_peer(runs: list[list[str]]) -> None:
    """`vllm bench serve`, some times; the command itself does not know vLLM built for a CPU."""
    from vllm.benchmarks.serve import add_cli_args, main
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    parser = FlexibleArgumentParser()
    add_cli_args(parser)
    for arguments in runs:
        main(parser.parse_args(arguments))


def _run_ask(url: str, model: str, core: str, round_: str) -> None:
    asked = requests(int(round_))
    endpoints = Endpoints(teacher_of(Path(model)), (f"{url}/v1",), concurrency=UNDER_WAY)
    with (
        tempfile.TemporaryDirectory() as folder,
        ResponseStore(Path(folder)) as store,
        endpoints.open() as engine,
    ):
        client = Client(endpoints, engine, store)
        busy, cpu, started = Busy(int(core)), time.process_time(), time.perf_counter()
        answers = generate(client, asked)
        seconds, idle = time.perf_counter() - started, busy.idle_share()
        cpu = time.process_time() - cpu
    check(answers)
    told = {
        "rate": sum(a.completion_tokens for a in answers) / seconds,
        "cpu_s_per_1000": cpu / len(asked) * 1000,
        "idle_share": idle,
    }
    print(json.dumps(told))


def _run_many(url: str, count: str) -> None:
    teacher = Teacher("m", None, "free", sees_images=True)
    endpoints = Endpoints(teacher, (f"{url}/v1",), concurrency=UNDER_WAY)
    failed: list[str | None] = []

    def look(done: Future[Response]) -> None:
        if done.result().failure is not None:
            failed.append(done.result().error)

    cpu = time.process_time()
    with (
        tempfile.TemporaryDirectory() as folder,
        ResponseStore(Path(folder)) as store,
        endpoints.open() as engine,
    ):
        client = Client(endpoints, engine, store)
        # Not Linux's own peak: that of a process begins with the peak of the one that started it.
        peak = 0.0
        for number in range(int(count)):
            request = Request(str(number), "text", f"Question {number}", 9, 1, thinking=False)
            client.submit(request).add_done_callback(look)
            if number % LOOKED == 0:
                peak = max(peak, memory())
        while client.told()["answered"] < int(count):
            peak = max(peak, memory())
            time.sleep(0.01)
    cpu = time.process_time() - cpu
    assert not failed, failed[0]
    print(json.dumps({"megabytes": peak, "cpu_s_per_1000": cpu / int(count) * 1000}))


class _Same(asyncio.Protocol):
    """Answers each request of a connection as the first, at once."""

    BODY = json.dumps(
        {
            "choices": [
                {
                    "message": {"role": "assistant", "content": "An answer of some words."},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 20, "completion_tokens": 6},
        }
    ).encode()
    ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self._received = transport, b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        while True:
            head, end, body = self._received.partition(b"\r\n\r\n")
            length = re.search(rb"content-length: *(\d+)", head, re.I)
            size = int(length[1]) if length else 0
            if not end or len(body) < size:
                return
            self._received = body[size:]
            assert isinstance(self._transport, asyncio.WriteTransport)
            self._transport.write(self.ANSWER % (len(self.BODY), self.BODY))


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Same, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["peer", runs]:
            _run_peer(json.loads(runs))
        case ["ask", url, model, core, round_]:
            _run_ask(url, model, core, round_)
        case ["many", url, count]:
            _run_many(url, count)
        case ["serve"]:
            asyncio.run(_serve())
