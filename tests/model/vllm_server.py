"""A real vLLM server that is started again whenever it dies, as an operator's supervisor would.

It is forked from a process that has imported vLLM, with its engine forked from it
(vLLM itself would start that one anew): 7 seconds from death to the next answer, not 40.
"""

from __future__ import annotations

import contextlib
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

#: The name it knows the model by.
NAME = "tiny"
#: Seconds in which it must answer, on a busy machine.
START_SECONDS = 240


class VllmServer:
    """The server with the model in a folder; it may read pictures in `media`.

    `with` ends it. Its words go to `log`.
    """

    def __init__(self, model: Path, media: Path, log: Path):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self.media, self._log, self._pid = media, log, log.with_suffix(".pid")
        options = {
            "model": str(model),
            "served-model-name": NAME,
            "host": "127.0.0.1",
            "port": str(self.port),
            "dtype": "float32",
            "max-model-len": "4096",
            "max-num-seqs": "8",
            "gpu-memory-utilization": "0.15",
            "limit-mm-per-prompt": '{"image": 2, "video": 0}',
            "reasoning-parser": "qwen3",
            "structured-outputs-config": '{"backend":"xgrammar","disable_any_whitespace":true}',
            "allowed-local-media-path": str(media),
            "logits-processors": "tests.model.poison:DiesOfPoison",
            "seed": "0",
        }
        self._arguments = [f"--{name}={value}" for name, value in options.items()]
        self._arguments += ["--enforce-eager", "--skip-mm-profiling"]
        # On a CPU, vLLM 0.32 dies of a seed with a prompt that it takes in chunks.
        self._arguments.append("--no-enable-chunked-prefill")

    def __enter__(self) -> VllmServer:
        self._output = open(self._log, "wb")
        self._supervisor = subprocess.Popen(
            [sys.executable, "-m", __name__, str(self._pid), *self._arguments],
            stdin=subprocess.PIPE,  # it ends when this is closed, however we end
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )
        self.wait()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._supervisor.stdin is not None
        self._supervisor.stdin.close()
        self._supervisor.wait(30)
        self._output.close()

    def lives(self) -> bool:
        try:
            health = f"http://127.0.0.1:{self.port}/health"
            with urllib.request.urlopen(health, timeout=10) as reply:
                return reply.status == 200
        except OSError:
            return False

    def wait(self) -> None:
        """Until it answers."""
        until = time.monotonic() + START_SECONDS
        while not self.lives():
            if time.monotonic() > until or self._supervisor.poll() is not None:
                raise RuntimeError(f"vLLM does not start:\n{self._log.read_text()[-4000:]}")
            time.sleep(0.1)

    @property
    def starts(self) -> int:
        """How often it was started."""
        return len(self._pid.read_text().split())

    def kill(self) -> None:
        """kill -9, engine and all."""
        os.killpg(int(self._pid.read_text().split()[-1]), signal.SIGKILL)


def supervise(pids: Path, arguments: list[str]) -> None:
    """Start the server again and again, until standard input ends."""
    import multiprocessing

    import vllm.entrypoints.openai.api_server
    import vllm.model_executor.models.exaone4_5
    import vllm.v1.engine.async_llm
    import vllm.v1.engine.utils
    import vllm.v1.worker.cpu_worker

    vllm.v1.engine.utils.get_mp_context = lambda: multiprocessing.get_context("fork")
    os.set_blocking(sys.stdin.fileno(), False)
    while True:
        child = os.fork()
        if child == 0:
            os.setsid()
            sys.argv = ["api_server", *arguments]
            runpy.run_module("vllm.entrypoints.openai.api_server", run_name="__main__")
            os._exit(0)
        with open(pids, "a") as file:
            file.write(f"{child}\n")
        over = False
        while not over and os.waitpid(child, os.WNOHANG) == (0, 0):
            over = nobody_is_there()
            time.sleep(0.05)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # an engine whose server has gone, too
        if over or nobody_is_there():
            return


def nobody_is_there() -> bool:
    try:
        return os.read(sys.stdin.fileno(), 1) == b""
    except BlockingIOError:
        return False


if __name__ == "__main__":
    supervise(Path(sys.argv[1]), sys.argv[2:])
    os._exit(0)  # what vLLM began when it was imported does not end by itself
