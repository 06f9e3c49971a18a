"""The engine `vllm`: a real vLLM that drives a tiny EXAONE 4.5 on this CPU."""

from __future__ import annotations

import hashlib
import io
import json
import multiprocessing
import os
import pickle
import shutil
import signal
import sys
import threading
from functools import partial

import numpy as np
import pytest
from PIL import Image

from model import (
    Client,
    EngineFailed,
    InProcess,
    Picture,
    Request,
    ResponseStore,
    Teacher,
    VllmMissing,
    generate,
    visual_tokens,
)
from pipelines.cli import main
from records import Dataset
from tests.model.tiny_exaone import MAX_PIXELS

#: What makes vLLM on a CPU small and quick to start.
ARGUMENTS = {
    "dtype": "float32",
    "enforce_eager": True,
    "max_model_len": 2048,
    # A prompt in pieces and a seed together kill vLLM 0.32 on a CPU ("CPU Generator does not use
    # offset", gpu_model_runner.py).
    "enable_chunked_prefill": False,
    "max_num_seqs": 8,
    "gpu_memory_utilization": 0.15,
    "limit_mm_per_prompt": {"image": 2, "video": 0},
    "skip_mm_profiling": True,
    "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
    "seed": 0,
}
CONCURRENCY = 8
SCHEMA = {
    "type": "object",
    "properties": {"shape": {"enum": ["circle", "square"]}, "seen": {"type": "boolean"}},
    "required": ["shape", "seen"],
    "additionalProperties": False,
}
PAGE = """<html lang="en"><body><main><h1>Water wheels</h1>
<p>The miller opens the sluice, and the river turns the wheel with all its weight.</p>
<img src="wheel.png" alt="A wheel at a mill">
</main></body></html>"""


def model_of(folder, **arguments) -> InProcess:
    teacher = Teacher(str(folder), None, "free", sees_images=True)
    return InProcess(teacher, {**ARGUMENTS, **arguments}, CONCURRENCY)


@pytest.fixture(scope="session")
def model(tiny_exaone):
    import torch

    torch.set_num_threads(1)  # two would wait for each other on the one core that vLLM leaves them
    return model_of(tiny_exaone, logits_processors=["tests.model.failing:Poison"])


@pytest.fixture(scope="session")
def engine(model):
    with model.open() as engine:
        yield engine


def picture(width: int, height: int) -> Picture:
    pixels = np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return picture_of(buffer.getvalue())


def picture_of(data: bytes) -> Picture:
    return Picture(hashlib.sha256(data).hexdigest(), "png", partial(bytes, data))


def request(text="What is it?", **changes) -> Request:
    fields = {"id": text, "task": "text", "text": text, "max_tokens": 20, "seed": 1}
    return Request(**{**fields, "thinking": False, **changes})


def ask(engine, *requests):
    return [future.result(timeout=300) for future in [engine.submit(r) for r in requests]]


def test_text_and_pictures_are_answered_by_a_schema_in_order(engine):
    by_schema = partial(request, schema=SCHEMA, system="JSON으로만 답하세요.", max_tokens=60)
    found = ask(
        engine,
        by_schema("무엇입니까?"),
        by_schema("그림에 무엇이 보입니까?", pictures=(picture(200, 150),)),
        by_schema("둘 중 무엇입니까?", pictures=(picture(200, 150), picture(120, 300))),
        request("No schema."),
    )
    assert [r.id for r in found] == [
        "무엇입니까?", "그림에 무엇이 보입니까?", "둘 중 무엇입니까?", "No schema."
    ]  # fmt: skip
    for response in found[:3]:
        assert response.finish == "stop"
        assert json.loads(response.text).keys() == {"shape", "seen"}
    assert found[3].completion_tokens == 20
    assert found[3].finish == "length"


def test_the_prompt_is_what_the_models_own_template_and_processor_make(engine, processor):
    asked = request(system="Be brief.", pictures=(picture(200, 150), picture(120, 300)))
    (found,) = ask(engine, asked)
    text = processor.apply_chat_template(
        asked.messages(lambda p: p.sha256), add_generation_prompt=True, enable_thinking=False
    )
    # Each placeholder of one token becomes the tokens of its picture, less the frame.
    written = len(processor.tokenizer(text, add_special_tokens=False).input_ids)
    seen = [visual_tokens(w, h, MAX_PIXELS) - 2 for w, h in ((200, 150), (120, 300))]
    assert found.prompt_tokens == written + sum(n - 1 for n in seen)


def test_a_thought_is_told_from_the_answer(engine):
    asked = [request(thinking=True, max_tokens=200, seed=i) for i in range(16)]
    found = ask(engine, *asked)
    answered = [r for r in found if r.text is not None]
    cut = [r for r in found if r.text is None]
    assert answered
    assert all(r.thought is not None and "</think>" not in r.thought for r in answered)
    assert cut
    assert {r.failure for r in cut} == {"empty"}
    assert all(r.thought and "inside the thought" in r.error for r in cut)
    assert all(r.completion_tokens for r in found)


def test_without_thinking_all_is_answer(engine):
    found = ask(engine, *(request(seed=i) for i in range(4)))
    assert all(r.text and r.thought is None for r in found)


def test_each_request_has_its_own_sampling_parameters(engine):
    asked = [
        request(task="judge", seed=1, max_tokens=12),
        request(task="judge", seed=2, max_tokens=12),
        request(task="text", seed=1, max_tokens=7),
        request(task="text", seed=2, max_tokens=7),
    ]
    judged, again, one, other = ask(engine, *asked)
    assert judged.text == again.text
    assert one.text != other.text
    assert judged.completion_tokens <= 12
    assert one.completion_tokens <= 7


def test_a_seeded_request_repeats(engine):
    asked = request(pictures=(picture(90, 90),), task="general", seed=5)
    first, second = ask(engine, asked)[0], ask(engine, asked)[0]
    assert first == second
    assert ask(engine, request(pictures=(picture(90, 90),), task="general", sample=1))[0] != first


def test_what_vllm_refuses_is_told_and_the_others_finish(engine):
    bomb = io.BytesIO()
    Image.new("1", (12_000, 10_000)).save(bomb, "PNG")
    broken = picture(90, 90).read()
    refused = {
        "maximum context length": request("long " * 2000),
        "nonsense": request(schema={"type": "nonsense"}),
        "no png": request(pictures=(picture_of(b"\x89PNG or so"),)),
        "truncated": request(pictures=(picture_of(broken[: len(broken) // 2]),)),
        "too large": request(pictures=(picture_of(bomb.getvalue()),)),
        "At most 2": request(pictures=(picture(90, 90),) * 3),
    }
    others = [request(f"other {i}") for i in range(len(refused))]
    mixed = [r for pair in zip(refused.values(), others, strict=True) for r in pair]
    found = ask(engine, *mixed)
    for why, response in zip(refused, found[::2], strict=True):
        assert (response.text, response.failure) == (None, "refused")
        assert why in response.error
    assert all(r.text for r in found[1::2])


def test_a_long_answer_holds_up_nobody(engine):
    ended = []
    futures = []
    for asked in [request("long", max_tokens=900, task="judge"), *map(request, "abcdefghijkl")]:
        future = engine.submit(asked)
        future.add_done_callback(lambda done: ended.append(done.result().id))
        futures.append(future)
    for future in futures:
        future.result(timeout=300)
    assert ended[-1] == "long"


def test_submit_waits_while_enough_is_under_way(engine):
    futures = [engine.submit(request(max_tokens=60, seed=i)) for i in range(CONCURRENCY)]
    futures.append(engine.submit(request("one more")))
    assert any(future.done() for future in futures[:CONCURRENCY])
    assert all(future.result(timeout=300).text for future in futures)


def test_answers_that_came_are_stored(engine, model, tmp_path):
    asked = [request(f"text {i}", schema=SCHEMA, max_tokens=60) for i in range(3)]
    with ResponseStore(tmp_path) as store:
        first = generate(Client(model, engine, store), asked)
    with ResponseStore(tmp_path) as store:
        again = generate(Client(model, engine, store), asked)
    assert [r.stored for r in again] == [True] * 3
    assert [r.text for r in again] == [r.text for r in first]


def test_a_request_that_kills_vllm_is_found_and_the_rest_finish(engine):
    from tests.model.failing import POISON  # it imports vLLM

    asked = [request(f"text {i}", max_tokens=POISON if i == 1 else 20) for i in range(3)]
    found = ask(engine, *asked)
    assert [r.failure for r in found] == [None, "crashed", None]
    assert "poisoned" in found[1].error
    assert all(r.text for r in (found[0], found[2]))


def test_what_waits_for_a_killed_core_that_does_not_come_back_fails(
    tiny_exaone, tmp_path, monkeypatch
):
    from vllm import envs

    monkeypatch.setenv("VLLM_ENABLE_V1_MULTIPROCESSING", "1")
    envs.disable_envs_cache()
    folder = shutil.copytree(tiny_exaone, tmp_path / "model")
    # By its name, so that the core runs the model itself: one process less to start.
    alone = "vllm.v1.executor.uniproc_executor.UniProcExecutor"
    with model_of(folder, distributed_executor_backend=alone).open() as engine:
        futures = [engine.submit(request(max_tokens=1500, seed=i)) for i in range(CONCURRENCY)]
        shutil.rmtree(folder)
        (core,) = multiprocessing.active_children()
        os.kill(core.pid, signal.SIGKILL)
        found = [future.result(timeout=60) for future in futures]
        found += ask(engine, request("later"))
    unreachable = [r for r in found if r.failure == "unreachable"]
    assert len(unreachable) >= 2
    assert all("does not come back" in r.error for r in unreachable)
    assert {r.failure for r in found} <= {None, "unreachable"}


def test_a_model_that_does_not_load_says_why(vllm_environment, tmp_path):
    with (
        model_of(tmp_path / "nowhere").open() as engine,
        pytest.raises(EngineFailed, match="nowhere"),
    ):
        engine.submit(request())


def test_a_missing_vllm_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(VllmMissing, match=r"pip install 'vlmforge\[vllm\]'"), model_of("m").open():
        pass


def test_the_model_is_a_plain_value_that_one_process_opens_at_a_time():
    model = model_of("m")
    assert pickle.loads(pickle.dumps(model)) == model
    assert model.max_clients == 1


def test_what_is_never_asked_is_never_loaded():
    threads = threading.active_count()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("model.in_process.check_installed", lambda: None)
        with model_of("m").open():
            assert threading.active_count() == threads


def test_recaption_has_one_process_load_the_model_and_pays_once(
    tiny_exaone, tmp_path, write_config
):
    site = tmp_path / "site"
    site.mkdir()
    for name, size in {"mill": (200, 160), "tide": (180, 150)}.items():
        (site / f"{name}.html").write_text(PAGE.replace("wheel.png", f"{name}.png"))
        Image.linear_gradient("L").resize(size).save(site / f"{name}.png")

    def run(out, **arguments) -> Dataset:
        config = write_config(
            sources=[{"name": "site", "kind": "html", "path": site}],
            out=tmp_path / out,
            stages=["ingest", "recaption"],
            workers=2,
            seed=0,  # with which the tiny model ends both captions
            ingest={"unit_files": 1},
            recaption={"max_tokens": 300},
            model={
                "engine": "vllm",
                "name": str(tiny_exaone),
                "license": "free",
                "vllm": {**ARGUMENTS, **arguments},
            },
        )
        assert main(["run", str(config)]) == 0
        return Dataset.open(tmp_path / out / "recaption")

    first = run("first").manifest
    assert (first.parts, first.metrics["requests"]) == (2, 2)
    assert first.rows["made"] + first.rows["rejected"] == 2
    # Each process that is answered writes a file of its own.
    assert len(list((tmp_path / "responses").glob("answers-*.jsonl"))) == 1
    # All is stored: a model that could not be loaded is not missed.
    again = run("again", max_model_len=-5).manifest
    assert again.metrics["requests_stored"] == 2
    assert again.rows["rejected"] == first.rows["rejected"]
