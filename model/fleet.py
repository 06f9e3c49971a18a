"""Which endpoint a request goes to, and when: places, outages, and what to do about poison.

- Requests about one picture go to one endpoint, whose caches know it (rendezvous
  hashing: when an endpoint goes or comes, the others keep theirs); others go to the
  least loaded. An endpoint with nothing of its own to do takes what waits for one
  that is full.
- An endpoint that is down gets nothing until it answers again. While all are down,
  requests wait, for as long as `patience` says, and then fail all at once.
- Requests that were under way when a server died are asked again. Who was there at
  two deaths is suspect, and is asked alone. Is the server then dead again, that
  request is the poison: it alone fails, and those that were beside it are cleared.

Everything here happens in one event loop, so nothing is locked.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count

from model.breaker import Breaker
from model.limiter import AdaptiveLimit
from model.messages import Request
from records import digest

#: Deaths of a server that a request must have seen to be suspect.
SUSPECT = 2
#: Requests that wait for a place, beside a quarter of those in flight, so that a
#: free place never waits for a body to be built.
AHEAD = 8
#: Seconds, more than any clock's resolution.
TICK = 0.01

logger = logging.getLogger(__name__)


class GaveUp(Exception):
    """No endpoint has answered for longer than patience lasts."""


@dataclass(eq=False)
class Job:
    """A request on its way to an answer."""

    request: Request
    body: bytes
    #: Its place in the order of submission.
    number: int = 0
    #: Tries that a server has taken and not answered.
    tries: int = 0
    #: Times that a server did not take it, and the seconds it has waited for that.
    refusals: int = 0
    waited: float = 0.0
    #: Deaths of servers that it was there at, by number.
    deaths: set[int] = field(default_factory=set)
    #: When it was last sent.
    sent: float = 0.0
    #: Done when it has a place.
    turn: asyncio.Future[Lane] | None = None

    @property
    def seated(self) -> bool:
        """Whether it has a place, or had one."""
        return self.turn is not None and self.turn.done()

    @property
    def suspect(self) -> bool:
        """Whether it may be what kills servers."""
        return len(self.deaths) >= SUSPECT


class Lane:
    """One endpoint."""

    def __init__(self, url: str, most: int):
        self.url = url
        self.limit = AdaptiveLimit(most)
        self.breaker = Breaker()
        self.in_flight = 0
        #: Requests about pictures that it knows.
        self.waiting: deque[Job] = deque()
        #: The suspect that has the endpoint for itself, or waits for it to be empty.
        self.alone: Job | None = None
        #: Until when it wants to be left alone.
        self.paused = 0.0
        #: When it was last found dead, and the number of that death.
        self.died, self.death = float("-inf"), 0
        #: What was last wrong with it.
        self.trouble = ""
        self.examination = asyncio.Lock()
        self.watch: asyncio.Task[None] | None = None

    @property
    def load(self) -> float:
        """Of its limit, what is in flight."""
        return self.in_flight / self.limit.limit

    def has_room(self, now: float) -> bool:
        """Whether it takes one more."""
        allowed = self.breaker.allowed(self.limit.limit)
        return self.alone is None and self.in_flight < allowed and now >= self.paused


class Fleet:
    """All endpoints of a model. `lives` looks whether a server is there, in bounded time."""

    def __init__(
        self,
        urls: tuple[str, ...],
        most: int,
        patience: float,
        patience_at_start: float,
        lives: Callable[[str], Awaitable[bool]],
    ):
        self.lanes = [Lane(url, most) for url in urls]
        self._patience, self._patience_at_start = patience, patience_at_start
        self._lives = lives
        self._loop = asyncio.get_running_loop()
        self._shared: deque[Job] = deque()
        self._suspects: set[Job] = set()
        #: Jobs that have seen deaths, to be cleared when the poison is found.
        self._struck: set[Job] = set()
        self._deaths = count(1)
        #: Seconds without any endpoint since the last answer, and since when there is none.
        self._lost = 0.0
        self._lost_since: float | None = None
        self._end: asyncio.TimerHandle | None = None
        self._answered_ever = self._gave_up = self._shut = False
        #: Requests that are worth having under way; read by other threads.
        self.capacity = 0
        self._count_capacity()

    async def enter(self, job: Job) -> Lane:
        """Wait for a place, and take it. Raises GaveUp."""
        if self._gave_up:
            raise GaveUp(self._why())
        job.turn = self._loop.create_future()
        self._queue(job)
        self._pump()
        lane = await job.turn
        job.sent = self._loop.time()
        return lane

    def leave(self, lane: Lane, job: Job) -> None:
        """Give the place back."""
        lane.in_flight -= 1
        if lane.alone is job:
            lane.alone = None
        self._pump()

    def answered(self, lane: Lane, job: Job, tokens: int) -> None:
        """The job has its answer, of that many tokens."""
        lane.limit.answered(job.sent, self._loop.time(), tokens, lane.in_flight)
        self.heard(lane)

    def heard(self, lane: Lane) -> None:
        """The endpoint does what it should."""
        lane.breaker.succeeded()
        self._answered_ever = True
        self._count_lost_anew()

    def forget(self, job: Job) -> None:
        """The job is over, one way or the other."""
        self._struck.discard(job)

    def overloaded(self, lane: Lane, job: Job, error: str, pause: float = 0.0) -> None:
        """The endpoint has too much to do; it wants to be left alone for `pause` seconds."""
        now = self._loop.time()
        lane.limit.overloaded(job.sent, now)
        if pause:
            pause = min(pause, self._patience)
            lane.paused = max(lane.paused, now + pause)
            # A timer may be early by the clock's resolution, and nobody else may come.
            self._loop.call_later(pause + TICK, self._pump)
        self.failed(lane, error)

    def failed(self, lane: Lane, error: str) -> None:
        """A job got no answer from an endpoint that lives."""
        lane.trouble = error
        lane.breaker.failed(self._loop.time())
        self._watch(lane)

    async def examine(self, lane: Lane, job: Job, error: str, *, was_there: bool) -> bool:
        """Whether the server is alive; if not, its death is noted with a job that `was_there`."""
        async with lane.examination:
            if lane.died < job.sent:
                if await self._lives(lane.url):
                    return True
                self._bury(lane, error)
        if was_there:
            job.deaths.add(lane.death)
            self._struck.add(job)
        return False

    def is_poison(self, lane: Lane, job: Job) -> bool:
        """Whether the job was all alone with a server that has just died.

        If so, whoever was beside it at its deaths is cleared of them.
        """
        if lane.alone is not job:
            return False
        self._struck.discard(job)
        for other in self._struck:
            other.deaths -= job.deaths
        for other in [j for j in self._suspects if not j.suspect]:
            self._suspects.discard(other)
            self._queue(other)
        self._count_lost_anew()
        return True

    def shut(self) -> None:
        """Give no more places: those who wait are about to be cancelled."""
        self._shut = True

    async def close(self) -> None:
        """Stop to watch."""
        if self._end is not None:
            self._end.cancel()
        watches = [lane.watch for lane in self.lanes if lane.watch is not None]
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)

    def _queue(self, job: Job) -> None:
        if job.suspect:
            self._suspects.add(job)
            return
        queue = self._shared
        if job.request.pictures and len(self.lanes) > 1:
            sha256 = job.request.pictures[0].sha256
            up = [lane for lane in self.lanes if not lane.breaker.open] or self.lanes
            queue = max(up, key=lambda lane: digest(lane.url, sha256)).waiting
        # Who comes again was here before.
        if queue and job.number < queue[0].number:
            queue.appendleft(job)
        else:
            queue.append(job)

    def _pump(self) -> None:
        """Give places to those who wait."""
        if self._shut:
            return
        now = self._loop.time()
        self._seat_suspect(now)
        lanes = [lane for lane in self.lanes if lane.has_room(now)]
        while lanes:
            lane = min(lanes, key=lambda lane: lane.load)
            job = self._next(lane, now)
            if job is None:
                lanes.remove(lane)
                continue
            self._seat(lane, job)
            if not lane.has_room(now):
                lanes.remove(lane)
        self._count_capacity()

    def _next(self, lane: Lane, now: float) -> Job | None:
        """The oldest of its own and those for anybody; else of those whose endpoint is full."""
        queues = [queue for queue in (lane.waiting, self._shared) if queue]
        if queues:
            return min(queues, key=lambda queue: queue[0].number).popleft()
        full = [other.waiting for other in self.lanes if other.waiting and not other.has_room(now)]
        return max(full, key=len).popleft() if full else None

    def _seat(self, lane: Lane, job: Job) -> None:
        assert job.turn is not None
        lane.in_flight += 1
        job.turn.set_result(lane)

    def _seat_suspect(self, now: float) -> None:
        """One suspect at a time gets an endpoint for itself, once that is empty."""
        lanes = [lane for lane in self.lanes if not lane.breaker.open and now >= lane.paused]
        if lanes and self._suspects and not any(lane.alone for lane in self.lanes):
            lane = min(lanes, key=lambda lane: lane.in_flight)
            # Poison kills soon: it is more likely among those that were sent last.
            lane.alone = max(self._suspects, key=lambda job: job.sent)
            self._suspects.discard(lane.alone)
        for lane in lanes:
            if lane.alone is not None and not lane.in_flight:
                self._seat(lane, lane.alone)

    def _bury(self, lane: Lane, error: str) -> None:
        """The lane's server is dead."""
        now = self._loop.time()
        lane.died, lane.death, lane.trouble = now, next(self._deaths), error
        lane.breaker.died(now)
        self._watch(lane)

    def _watch(self, lane: Lane) -> None:
        """See to a lane that has just opened its breaker, if it has."""
        if not lane.breaker.open:
            return
        if lane.watch is None or lane.watch.done():
            logger.warning("%s is down: %s", lane.url, lane.trouble)
            lane.watch = self._loop.create_task(self._wait_until_it_lives(lane))
        if lane.alone is not None and not lane.alone.seated:
            self._suspects.add(lane.alone)
            lane.alone = None
        moved = list(lane.waiting)
        lane.waiting.clear()
        for job in moved:
            self._queue(job)
        self._count_lost()
        self._pump()

    async def _wait_until_it_lives(self, lane: Lane) -> None:
        """Look now and then; a server that comes back is a new one."""
        while lane.breaker.open:
            await asyncio.sleep(max(0.0, lane.breaker.due - self._loop.time()))
            alive = await self._lives(lane.url)
            lane.breaker.looked_at(self._loop.time(), alive=alive)
        if lane.breaker.dead:
            lane.limit.restart()
        logger.warning("%s is up again", lane.url)
        self._count_lost()
        self._pump()

    def _count_lost(self) -> None:
        """Start or stop the clock of patience."""
        now = self._loop.time()
        all_down = all(lane.breaker.open for lane in self.lanes)
        if all_down and self._lost_since is None:
            self._lost_since = now
            patience = self._patience_now() - self._lost
            self._end = self._loop.call_later(max(0.0, patience), self._give_up)
        elif not all_down and self._lost_since is not None:
            self._lost += now - self._lost_since
            self._lost_since, self._gave_up = None, False
            if self._end is not None:
                self._end.cancel()

    def _count_lost_anew(self) -> None:
        if self._end is not None:
            self._end.cancel()
        self._lost, self._lost_since, self._gave_up = 0.0, None, False
        self._count_lost()

    def _give_up(self) -> None:
        """Nobody has answered for too long: fail all who wait, and who comes now."""
        self._gave_up = True
        waiting = [
            *self._shared,
            *self._suspects,
            *(j for lane in self.lanes for j in lane.waiting),
        ]
        self._shared.clear()
        self._suspects.clear()
        for lane in self.lanes:
            lane.waiting.clear()
        for job in waiting:
            assert job.turn is not None
            job.turn.set_exception(GaveUp(self._why()))

    def _patience_now(self) -> float:
        if self._answered_ever:
            return self._patience
        return min(self._patience, self._patience_at_start)

    def _why(self) -> str:
        troubles = "; ".join(f"{lane.url}: {lane.trouble}" for lane in self.lanes)
        if self._answered_ever:
            return f"no endpoint has answered for {self._patience_now():g} s ({troubles})"
        return (
            f"no endpoint has answered once in {self._patience_now():g} s: is the address right, "
            f"and does the server run? ({troubles})"
        )

    def _count_capacity(self) -> None:
        up = [lane for lane in self.lanes if not lane.breaker.open] or self.lanes[:1]
        places = sum(lane.limit.limit for lane in up)
        self.capacity = places + places // 4 + AHEAD
