"""The engine for OpenAI-compatible endpoints: many requests in flight, failures as values."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from model.chat import NotAnAnswer, body, data_url, file_url, read_answer
from model.fleet import Fleet, GaveUp, Job, Lane
from model.messages import Picture, Request, Response, Teacher
from model.wire import Doubtful, Failed, Fault, NotNow, NotReached, Refused, Wire
from records import uniform

#: Seconds before a request is tried again, doubled each time up to the second; give or take half.
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
#: Bytes of a request.
MAX_BODY_BYTES = 128 << 20
#: Seconds between two looks of a thread that waits for a place.
GLANCE = 1.0
#: Seconds in which connections are closed.
CLOSE_SECONDS = 10.0
CLOSED = "the engine was closed"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Endpoints:
    """A model behind one or more OpenAI-compatible endpoints."""

    teacher: Teacher
    #: Each up to and with `/v1`.
    urls: tuple[str, ...]
    api_key: str | None = None
    #: Requests in flight at one endpoint, at most; how many there are is found out.
    concurrency: int = 256
    #: Seconds for one try of a request, from its first byte to the answer's last.
    timeout: float = 600.0
    #: Tries for a request that a server takes and does not answer.
    tries: int = 4
    #: Seconds that requests wait while no endpoint answers: a server that restarts reads its
    #: weights for minutes. Also how long one request waits for a server that has too much to do.
    patience: float = 900.0
    #: The same before the first answer: an address may be wrong.
    patience_at_start: float = 60.0
    #: A folder where pictures are put for servers that may read it (vLLM's
    #: `--allowed-local-media-path`); None: they are sent.
    media: Path | None = None

    def __post_init__(self) -> None:
        wrong = [u for u in self.urls if not u.startswith(("http://", "https://"))]
        if wrong or not self.urls:
            raise ValueError(f"not the address of an endpoint: {', '.join(wrong) or 'none given'}")

    @property
    def where(self) -> str:
        """The addresses."""
        return ", ".join(self.urls)

    @property
    def max_clients(self) -> int | None:
        """Any number."""
        return None

    @contextmanager
    def open(self) -> Iterator[EndpointEngine]:
        """Connections are opened as they are needed and kept until the `with` ends."""
        engine = EndpointEngine(self)
        try:
            yield engine
        finally:
            engine.close()


class EndpointEngine:
    """Sends requests from an event loop in a thread of its own."""

    def __init__(self, model: Endpoints):
        self._model = model
        self._numbers = count()
        self._tasks: set[asyncio.Task[None]] = set()
        #: Requests under way, and who waits for there to be fewer.
        self._held, self._places = 0, threading.Condition()
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._connect(), self._loop).result()

    def submit(self, request: Request) -> Future[Response]:
        """Send a request; waits while as many are under way as the endpoints can use."""
        answer: Future[Response] = Future()
        answer.set_running_or_notify_cancel()
        self._hold()
        try:
            content = body(request, self._model.teacher.name, self._address)
            if len(content) > MAX_BODY_BYTES:
                raise ValueError(f"it has {len(content):,} bytes, more than {MAX_BODY_BYTES:,}")
        except (OSError, ValueError) as error:
            self._release()
            answer.set_result(Response.failed(request, "refused", f"not sent: {error}"))
        except BaseException:
            self._release()
            raise
        else:
            job = Job(request, content, next(self._numbers))
            self._loop.call_soon_threadsafe(self._begin, job, answer)
        return answer

    def close(self) -> None:
        """Close the connections, and end the thread. What is not answered, fails."""
        with self._places:
            self._closed = True
            self._places.notify_all()
        ended = asyncio.run_coroutine_threadsafe(self._disconnect(), self._loop)
        try:
            ended.result(CLOSE_SECONDS)
        except TimeoutError:
            logger.warning("connections to %s did not close in time", self._model.where)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _address(self, picture: Picture) -> str:
        media = self._model.media
        return data_url(picture) if media is None else file_url(picture, media)

    def _hold(self) -> None:
        with self._places:
            while self._held >= self._fleet.capacity and not self._closed:
                self._places.wait(GLANCE)
            if self._closed:
                raise RuntimeError(CLOSED)
            self._held += 1

    def _release(self) -> None:
        with self._places:
            self._held -= 1
            self._places.notify()

    async def _connect(self) -> None:
        model = self._model
        self._urls = tuple(url.rstrip("/") for url in model.urls)
        self._wire = Wire(model.timeout, model.api_key)
        self._fleet = Fleet(
            self._urls,
            model.concurrency,
            model.patience,
            model.patience_at_start,
            self._wire.lives,
        )

    async def _disconnect(self) -> None:
        self._fleet.shut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._fleet.close()
        await self._wire.close()
        await self._loop.shutdown_default_executor()

    def _begin(self, job: Job, answer: Future[Response]) -> None:
        if self._closed:
            answer.set_result(Response.failed(job.request, "unreachable", CLOSED))
            return
        task = self._loop.create_task(self._finish(job, answer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish(self, job: Job, answer: Future[Response]) -> None:
        """Answer, whatever happens: somebody waits."""
        try:
            response = await self._answer(job)
        except asyncio.CancelledError:
            response = Response.failed(job.request, "unreachable", CLOSED)
        except Exception as error:
            logger.exception("request %s", job.request.id)
            response = Response.failed(job.request, "malformed", f"unexpected: {error!r}")
        self._fleet.forget(job)
        self._release()
        answer.set_result(response)

    async def _answer(self, job: Job) -> Response:
        """One request with its retries."""
        while True:
            try:
                lane = await self._fleet.enter(job)
            except GaveUp as error:
                return Response.failed(job.request, "unreachable", str(error))
            try:
                response = await self._try(lane, job)
                self._fleet.answered(lane, job, response.completion_tokens)
                return response
            except Fault as fault:
                seconds = await self._judge(lane, job, fault)
                if isinstance(seconds, Response):
                    return seconds
            finally:
                self._fleet.leave(lane, job)
            await asyncio.sleep(seconds)

    async def _try(self, lane: Lane, job: Job) -> Response:
        try:
            return read_answer(job.request, await self._wire.ask(lane.url, job.body))
        except NotAnAnswer as error:
            raise Failed("malformed", str(error)) from error

    async def _judge(self, lane: Lane, job: Job, fault: Fault) -> Response | float:
        """What a failed try means for its endpoint, and for the request: its end, or a pause."""
        fleet, error = self._fleet, str(fault)
        if isinstance(fault, Refused):
            fleet.heard(lane)
            return Response.failed(job.request, "refused", error)
        if isinstance(fault, NotReached | Doubtful):
            was_there = isinstance(fault, Doubtful)
            if not await fleet.examine(lane, job, error, was_there=was_there):
                if was_there and fleet.is_poison(lane, job):
                    why = f"the server died of it {len(job.deaths)} times; last: {error}"
                    return Response.failed(job.request, "crashed", why)
                return 0.0  # the fleet waits for the server
        if isinstance(fault, NotNow | NotReached):
            fleet.overloaded(lane, job, error, getattr(fault, "seconds", 0.0))
            if job.waited > self._model.patience:
                return Response.failed(job.request, "overloaded", error)
            job.refusals += 1
            seconds = _pause(job, job.refusals)
            job.waited += seconds
            return seconds
        if fault.kind == "timed_out":
            fleet.overloaded(lane, job, error)
        else:
            fleet.failed(lane, error)
        job.tries += 1
        if job.tries >= self._model.tries:
            return Response.failed(job.request, fault.kind, f"{error} (tries: {job.tries})")
        return _pause(job, job.tries)


def _pause(job: Job, times: int) -> float:
    """Seconds to wait after so many failures of one sort."""
    seconds = min(FIRST_PAUSE * 2.0 ** min(times - 1, 10), LONGEST_PAUSE)
    return seconds * (0.5 + uniform(job.request.seed, job.request.id, str(times)))
