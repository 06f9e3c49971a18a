"""The engine `vllm`: the model in this process, for a worker that owns its GPUs.

One thread drives vLLM. Requests enter between two of its steps, so none waits
for another to end; each has its own sampling parameters and schema.

When vLLM dies (a CUDA error, the kernel's memory killer), it is started again,
and what was under way is tried again, in small groups with nothing beside them;
a group that it dies of is tried one by one, and what it dies of alone is
`crashed`. So one request that kills it costs some starts, not the others'
answers.
"""

from __future__ import annotations

import itertools
import math
import queue
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from model.messages import FailureKind, Request, Response, Teacher
from model.vllm_core import Died, Refused, VllmCore, check_installed

#: Deaths without an answer between them, after which it is not the requests' fault. One bad
#: request takes three: among all, in its group, alone.
MAX_DEATHS = 5


class EngineFailed(RuntimeError):
    """The model cannot be loaded."""


@dataclass(frozen=True)
class InProcess:
    """A model that each process that opens it loads."""

    teacher: Teacher
    #: As `vllm.LLM` takes them, such as `max_model_len`.
    arguments: dict[str, Any] = field(default_factory=dict)
    #: Requests under way, at most. vLLM runs `max_num_seqs` of them at once; the others wait in
    #: its queue, rendered.
    concurrency: int = 256

    @property
    def where(self) -> str:
        """The model's name."""
        return f"{self.teacher.name} in vLLM in process"

    @property
    def max_clients(self) -> int | None:
        """One: it owns the GPUs."""
        return 1

    @contextmanager
    def open(self) -> Iterator[VllmEngine]:
        """The model is loaded when it is first asked: never where all answers are stored.

        Raises VllmMissing.
        """
        check_installed()
        engine = VllmEngine(self)
        try:
            yield engine
        finally:
            engine.close()


@dataclass
class _Asked:
    """A request under way."""

    request: Request
    pictures: list[bytes]
    answer: Future[Response]

    def fail(self, kind: FailureKind, error: str) -> None:
        self.answer.set_result(Response.failed(self.request, kind, error))


class VllmEngine:
    """Hands requests to the thread that drives vLLM."""

    def __init__(self, model: InProcess):
        self._gate = threading.Semaphore(model.concurrency)
        self._arrived: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._loaded: Future[None] = Future()
        self._thread = threading.Thread(
            target=_Driver(model, self._arrived, self._loaded).run, daemon=True, name="vllm"
        )
        self._starting = threading.Lock()

    def submit(self, request: Request) -> Future[Response]:
        """Begin to answer; waits while `concurrency` requests are under way.

        Raises EngineFailed where the model cannot be loaded at all.
        """
        with self._starting:
            if self._thread.ident is None:
                self._thread.start()
        self._loaded.result()
        # Here and now: whoever asks may close the file afterwards, and a second try needs them.
        pictures = [picture.read() for picture in request.pictures]
        answer: Future[Response] = Future()
        self._gate.acquire()
        answer.add_done_callback(lambda _: self._gate.release())
        self._arrived.put(_Asked(request, pictures, answer))
        return answer

    def close(self) -> None:
        """Free the GPUs; what is under way fails."""
        if self._thread.ident is not None:
            self._arrived.put(None)
            self._thread.join()


class _Driver:
    """The thread: vLLM, and all that it has been asked."""

    def __init__(
        self, model: InProcess, arrived: queue.SimpleQueue[_Asked | None], loaded: Future[None]
    ):
        self._model, self._arrived, self._loaded = model, arrived, loaded
        self._core: VllmCore | None = None
        #: Why there is no engine, and will be none.
        self._lost = ""
        self._closed = False
        self._names = map(str, itertools.count())
        self._under_way: dict[str, _Asked] = {}
        #: Groups to be tried again with nothing beside them, and whether one is under way.
        self._suspects: deque[list[_Asked]] = deque()
        self._trying = False
        #: Without an answer between them.
        self._deaths = 0

    def run(self) -> None:
        """Until closed."""
        try:
            self._load()
        except Exception as error:
            self._loaded.set_exception(EngineFailed(f"{self._model.where}: {_told(error)}"))
            return
        self._loaded.set_result(None)
        while not self._closed:
            try:
                self._take()
                self._step()
            except Died as death:
                self._bury(str(death))
            except Exception as error:  # a bug of ours, but nobody shall wait for ever
                self._give_up(_told(error))
                with suppress(Exception):
                    self._unload()
        self._give_up("the engine was closed")
        self._unload()

    def _load(self) -> None:
        self._core = VllmCore(self._model.teacher, self._model.arguments)

    def _unload(self) -> None:
        core, self._core = self._core, None
        if core is not None:
            core.close()

    def _take(self) -> None:
        """Give vLLM what may enter now; wait where there is nothing to do."""
        if not self._under_way:
            self._trying = bool(self._suspects)
            if self._trying:
                self._enter(self._suspects.popleft())
        while not self._trying and not self._closed:
            try:
                asked = self._arrived.get(block=not self._under_way)
            except queue.Empty:
                return
            if asked is None:
                self._closed = True
            elif self._core is None:
                asked.fail("unreachable", self._lost)
            else:
                self._enter([asked])

    def _enter(self, group: list[_Asked]) -> None:
        entering = dict(zip(self._names, group, strict=False))
        self._under_way |= entering
        assert self._core is not None
        for name, asked in entering.items():
            try:
                self._core.add(name, asked.request, asked.pictures)
            except Refused as error:
                self._under_way.pop(name).fail("refused", str(error))

    def _step(self) -> None:
        if not self._under_way:
            return
        assert self._core is not None
        for name, response in self._core.step():
            self._deaths = 0
            self._under_way.pop(name).answer.set_result(response)

    def _bury(self, why: str) -> None:
        """Start again, and see to what was under way."""
        flying = list(self._under_way.values())
        self._under_way.clear()
        self._deaths += 1
        if self._trying and len(flying) == 1:
            flying.pop().fail("crashed", f"vLLM dies of this request: {why}")
        # The root splits evenly: as many groups as requests in one.
        size = 1 if self._trying else max(1, math.isqrt(len(flying)))
        groups = [flying[i : i + size] for i in range(0, len(flying), size)]
        self._suspects.extendleft(reversed(groups))
        try:
            self._unload()
            if self._deaths >= MAX_DEATHS:
                raise Died(f"died {self._deaths} times without an answer, at last of {why}")
            self._load()
        except Exception as error:
            self._give_up(f"vLLM died ({why}) and does not come back: {_told(error)}")

    def _give_up(self, why: str) -> None:
        """Nothing will be answered any more."""
        self._lost = why
        waiting = [*self._under_way.values(), *itertools.chain(*self._suspects)]
        self._under_way.clear()
        self._suspects.clear()
        while not self._arrived.empty():
            asked = self._arrived.get()
            if asked is None:
                self._closed = True
            else:
                waiting.append(asked)
        for asked in waiting:
            asked.fail("unreachable", why)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
