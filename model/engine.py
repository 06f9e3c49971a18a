"""What all engines are, and what stands before each: the response store and the counts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

from model.messages import Request, Response, Teacher
from model.responses import ResponseStore


class Engine(Protocol):
    """Answers requests."""

    def submit(self, request: Request) -> Future[Response]:
        """Begin to answer; waits while as many requests are under way as the engine can use.

        The future never fails: a request without an answer has a response that says why.
        """


class Model(Protocol):
    """A model and how it is reached: a plain value that can be sent to a worker."""

    @property
    def teacher(self) -> Teacher:
        """Who answers."""

    @property
    def where(self) -> str:
        """Where it runs, for messages to people."""

    @property
    def max_clients(self) -> int | None:
        """How many processes may open it at once, on one machine; None for any number."""

    def open(self) -> AbstractContextManager[Engine]:
        """Start or reach it, for as long as the `with` lasts."""


@dataclass
class Usage:
    """What a client has answered, and what that cost."""

    #: By the model, by the store, or not at all.
    answered: int = 0
    #: Answers that came from the store, or from the same request under way.
    stored: int = 0
    #: Of answers that were paid for.
    prompt_tokens: int = 0
    completion_tokens: int = 0
    #: Answers cut at max_tokens.
    cut: int = 0
    #: Requests without an answer, by kind of failure.
    failures: dict[str, int] = field(default_factory=dict)

    def add(self, response: Response) -> None:
        """Count an answer."""
        self.answered += 1
        if response.stored:
            self.stored += 1
            return
        self.prompt_tokens += response.prompt_tokens
        self.completion_tokens += response.completion_tokens
        self.cut += response.finish == "length"
        if response.failure is not None:
            self.failures[response.failure] = self.failures.get(response.failure, 0) + 1


class Client:
    """An engine behind a response store: what was answered once is not asked again.

    An answer is in the store before its future is done. A request that is asked
    again while it is under way waits for the first one's answer.
    """

    def __init__(self, model: Model, engine: Engine, store: ResponseStore):
        self.teacher = model.teacher
        self._engine, self._store = engine, store
        self._usage = Usage()
        self._under_way: dict[str, Future[Response]] = {}
        self._lock = threading.Lock()

    def submit(self, request: Request) -> Future[Response]:
        """Begin to answer; waits while the engine has all that it can use."""
        key = request.key(self.teacher)
        answer: Future[Response] = Future()
        with self._lock:
            stored = self._store.get(key, request.id)
            first = self._under_way.get(key)
            if stored is not None:
                self._usage.add(stored)
            elif first is None:
                self._under_way[key] = answer
        if stored is not None:
            answer.set_result(stored)
        elif first is not None:
            first.add_done_callback(lambda done: self._repeat(done, request.id, answer))
        else:
            asked = self._engine.submit(request)
            asked.add_done_callback(lambda done: self._finish(key, done.result(), answer))
        return answer

    def told(self) -> dict[str, Any]:
        """The usage so far, as JSON has it."""
        with self._lock:
            return asdict(self._usage)

    def _finish(self, key: str, response: Response, answer: Future[Response]) -> None:
        try:
            with self._lock:
                del self._under_way[key]
                self._usage.add(response)
                self._store.put(key, response)
        except OSError as error:
            # A full disk, say. Whoever waits must hear of it: nobody else does.
            answer.set_exception(error)
        else:
            answer.set_result(response)

    def _repeat(self, first: Future[Response], name: str, answer: Future[Response]) -> None:
        """Answer as the same request was answered."""
        error = first.exception()
        if error is not None:
            answer.set_exception(error)
            return
        response = replace(first.result(), id=name, stored=True)
        with self._lock:
            self._usage.add(response)
        answer.set_result(response)


def generate(
    client: Client,
    requests: Iterable[Request],
    on_answer: Callable[[], None] = lambda: None,
) -> list[Response]:
    """Answers in the order of the requests; `on_answer` is called as each arrives."""
    answers = []
    for request in requests:
        answer = client.submit(request)
        answer.add_done_callback(lambda _: on_answer())
        answers.append(answer)
    return [answer.result() for answer in answers]
