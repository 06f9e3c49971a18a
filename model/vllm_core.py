"""One life of vLLM: all that knows vLLM's own interface, from its start until it ends or dies.

vLLM 0.32's V1 engine: `LLM` builds it, its renderer makes prompts, `add_request`
and `step` drive it. By default its core runs in a process of its own
(VLLM_ENABLE_V1_MULTIPROCESSING), which keeps the GPU busy while prompts are
rendered here, and whose death leaves this process alive.
"""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import io
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from PIL import Image, UnidentifiedImageError

from model.exaone import THINK_START, VLLM_ARGUMENTS, split_thought
from model.messages import FailureKind, Picture, Request, Response, Teacher

#: Seconds for one step, a compilation included; beyond it the core is taken for dead. vLLM itself
#: gives the processes of a tensor-parallel group 300 (VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS), and
#: waits for a single one for ever.
STEP_SECONDS = 600.0
#: Seconds between two looks at the core, and for its processes to end before they are killed.
WATCH_SECONDS, END_SECONDS = 0.5, 10.0
#: A picture with more pixels is refused before it is decoded, as ingest refuses it.
MAX_PIXELS = 100_000_000
#: Tokens in which <think> and the line's end fit, however they are cut.
TAG_TOKENS = 8
#: Unless the environment says otherwise. Workers have threads, so a fork of them is not safe.
ENVIRONMENT = {
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
    "VLLM_LOGGING_LEVEL": "WARNING",
    "VLLM_NO_USAGE_STATS": "1",
}

_PR_SET_PDEATHSIG = 1


class VllmMissing(RuntimeError):
    """vLLM is not installed."""


class Refused(Exception):
    """The request is wrong; the engine is well."""


class Died(Exception):
    """The engine is gone, and with it all that it was asked."""


class _Leash(str):
    """Goes with vLLM's configuration to each process that it starts: the first thing that is
    unpickled there, and then that process ends with its parent, even if that is killed.

    Else the core of a killed worker would keep its GPUs for ever.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return _leashed, (str(self),)


def _leashed(owner: str) -> _Leash:
    if sys.platform == "linux" and owner != str(os.getpid()):  # in the owner it is only a copy
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    return _Leash(owner)


def check_installed() -> None:
    """Raise VllmMissing with what to install; imports nothing."""
    if importlib.util.find_spec("vllm") is None:
        raise VllmMissing(
            "vLLM is not installed here: pip install 'vlmforge[vllm]' (on a CPU, for tests: "
            "docs/dependencies.md), or name an endpoint with "
            "--set model.endpoint=http://host:port/v1"
        )


class VllmCore:
    """A running vLLM. For one thread: that which made it."""

    def __init__(self, teacher: Teacher, arguments: dict[str, Any]):
        """Load the model. Raises whatever vLLM raises where it cannot."""
        check_installed()
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        from vllm import LLM

        # For us alone: vLLM passes on what it does not know.
        additional = {**arguments.get("additional_config", {}), "owner": _Leash(os.getpid())}
        self._engine = LLM(
            teacher.name,
            revision=teacher.revision,
            **{**VLLM_ARGUMENTS, **arguments, "additional_config": additional},
        ).llm_engine
        self._core = self._engine.engine_core
        # What vLLM's server falls back to as well: generation_config.json of the model.
        self._defaults = self._engine.model_config.get_diff_sampling_param()
        self._asked: dict[str, Request] = {}
        self._stepping_since: float | None = None
        self._closed = threading.Event()
        if hasattr(self._core, "outputs_queue"):  # in a process of its own
            threading.Thread(target=self._watch, daemon=True, name="vllm-watch").start()

    def add(self, name: str, request: Request, pictures: Sequence[bytes]) -> None:
        """Have `request`, whose pictures are those bytes, begin with the next step.

        Raises Refused, and Died.
        """
        from vllm.v1.engine.exceptions import EngineDeadError

        try:
            prompt = self._render(request, pictures)
            self._engine.add_request(name, prompt, self._sampling(request))
        except EngineDeadError as error:
            raise Died(str(error)) from error
        except Exception as error:
            # Whatever a template, a processor or a check makes of it: it is this request's.
            self._engine.abort_request([name])
            raise Refused(_reason(error)) from error
        self._asked[name] = request

    def step(self) -> list[tuple[str, Response]]:
        """Wait for the next step of what was added; return the answers that it ended.

        Raises Died.
        """
        self._stepping_since = time.monotonic()
        try:
            outputs = self._engine.step()
        except Exception as error:
            raise Died(f"{type(error).__name__}: {error}") from error
        finally:
            self._stepping_since = None
        return [(o.request_id, self._response(o)) for o in outputs if o.finished]

    def close(self) -> None:
        """End its processes and free what it holds."""
        self._closed.set()
        self._core.shutdown(**self._end())
        del self._core, self._engine
        gc.collect()

    def _end(self) -> dict[str, float]:
        return {"timeout": END_SECONDS}

    def _watch(self) -> None:
        """Wake a step that waits for a core that was killed, or hangs: vLLM would wait for ever."""
        from vllm.v1.engine.exceptions import EngineDeadError

        core = self._core
        while not self._closed.wait(WATCH_SECONDS):
            since = self._stepping_since
            if since is not None and time.monotonic() - since > STEP_SECONDS:
                core.shutdown(**self._end())
            if core.resources.engine_dead:
                core.outputs_queue.put(EngineDeadError())
                return

    def _render(self, request: Request, pictures: Sequence[bytes]) -> Any:
        """The prompt, as the model's own template, tokenizer and processor make it."""
        from vllm.renderers.params import ChatParams

        messages = request.messages(lambda picture: picture.sha256)
        if pictures:
            parts = messages[-1]["content"]
            parts[: len(pictures)] = map(_picture_part, request.pictures, pictures)
        template = {"add_generation_prompt": True, "enable_thinking": request.thinking}
        renderer = self._engine.renderer
        # The template writes the special tokens.
        tokenize = renderer.default_chat_tok_params.with_kwargs(add_special_tokens=False)
        _, prompts = renderer.render_chat(
            [messages], ChatParams(chat_template_kwargs=template), tokenize
        )
        return prompts[0]

    def _sampling(self, request: Request) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

        schema = request.schema
        asked = {
            **request.sampling.as_request(),
            "seed": request.engine_seed,
            "max_tokens": request.max_tokens,
        }
        return SamplingParams.from_optional(
            **(self._defaults | asked),
            structured_outputs=None if schema is None else StructuredOutputsParams(json=schema),
            output_kind=RequestOutputKind.FINAL_ONLY,
        )

    def _response(self, output: Any) -> Response:
        request, answer = self._asked.pop(output.request_id), output.outputs[0]
        thought, text = None, answer.text
        if request.thinking:
            thought, text = split_thought(text, thinking=self._opened(output.prompt_token_ids))
        finish, length = answer.finish_reason, len(answer.token_ids)
        failure: FailureKind | None = None
        error = None
        if finish not in ("stop", "length"):
            failure, error = "crashed", f"vLLM ended it with {finish!r}"
        elif not text.strip():
            place = " inside the thought" if thought else ""
            failure, error = "empty", f"it ended{place} ({finish}) after {length} tokens"
        return Response(
            request.id,
            None if failure else text,
            "error" if failure else finish,
            failure,
            error,
            thought,
            prompt_tokens=len(output.prompt_token_ids),
            completion_tokens=length,
            task=request.task,
        )

    def _opened(self, prompt: Sequence[int]) -> bool:
        """Whether the prompt ends inside a thought: not every model's template opens one."""
        end = self._engine.get_tokenizer().decode(list(prompt[-TAG_TOKENS:]))
        return end.rstrip().endswith(THINK_START)


def _picture_part(picture: Picture, data: bytes) -> dict[str, Any]:
    """A picture of a message. vLLM keeps what it sees in it by its hash."""
    try:
        image = Image.open(io.BytesIO(data), formats=(picture.format.upper(),))
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(f"a picture of {image.width} x {image.height} pixels is too large")
        image.load()
    except UnidentifiedImageError:
        raise ValueError(f"a picture is no {picture.format}") from None
    except (OSError, SyntaxError) as error:  # PIL's for what is broken
        raise ValueError(f"a picture cannot be read: {error}") from None
    return {"type": "image_pil", "image_pil": image, "uuid": picture.sha256}


def _reason(error: BaseException) -> str:
    """What went wrong in the first place: what vLLM makes of it may name addresses in memory."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {error}"
