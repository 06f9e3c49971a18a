"""How many requests one endpoint gets at once: as many as make it faster, and a few more.

A batch server answers more tokens a second the more requests it has, up to a
knee; beyond it requests only wait for each other. Where the knee lies depends
on the model, the GPUs and the lengths of prompts, so it is searched for: the
limit is raised as long as that makes the endpoint noticeably faster.

Speed is measured by Little's law, requests in flight x tokens / seconds that
requests took, over requests that were all sent under one limit. That needs no
steady stream of answers: requests of one length come back in bursts. (The idea
is that of TCP's slow start and of Netflix's concurrency-limits; neither knows
what an answer is worth.)

vLLM queues what it cannot run, so a limit beyond the knee costs little and one
below it costs throughput: in doubt the limit is the higher one.
"""

from __future__ import annotations

import math

#: Requests in flight before anything was measured.
START = 64
#: A raise pays if it gains this share of what it would gain far below the knee.
PAYS = 0.08
#: A raise that loses more than this is taken back even by a server that has just started.
HARMS = 0.1
#: Factors of a raise: while the knee is far, and when it has been met.
FAST, SLOW = 2.0, 1.25
#: Answers that are measured under one limit: at least; and of the limit, by factor.
MIN_ANSWERS = 8
SHARE = {FAST: 0.25, SLOW: 2.0}
#: The share of the limit that must be in flight for it to be what holds the endpoint back.
BUSY = 0.9
#: Measurements between two raises that did not pay; doubled each time up to the second.
REST, MAX_REST = 2, 32


class AdaptiveLimit:
    """The limit of one endpoint; `limit` changes as answers and refusals are told.

    Times are seconds of any clock that does not go back. Pure: no clock, no I/O.
    """

    def __init__(self, most: int):
        self._most = most
        self.restart()

    def restart(self) -> None:
        """Forget everything: the server is a new one."""
        #: Requests that may be in flight.
        self.limit = min(START, self._most)
        self._factor = FAST
        #: The limit before the last raise and its speed, while it is not known to pay.
        self._before: tuple[int, float] | None = None
        self._rest, self._next_rest = 0, REST
        self._cut = -math.inf
        self._measure(-math.inf)

    def answered(self, sent: float, now: float, tokens: int, in_flight: int) -> None:
        """A request sent at `sent` is answered now, as one of `in_flight`."""
        if sent < self._since:
            return
        self._answers += 1
        self._tokens += max(1, tokens)
        self._seconds += max(now - sent, 1e-6)
        self._in_flight += in_flight
        if self._answers < max(MIN_ANSWERS, SHARE[self._factor] * self.limit):
            return
        busy = self._in_flight / self._answers
        speed = busy * self._tokens / self._seconds
        self._measure(now)
        if busy >= BUSY * self.limit:  # else there is no more to do: nothing can be learnt
            self._judge(speed)

    def overloaded(self, sent: float, now: float) -> None:
        """A request sent at `sent` was too much, or not answered in time.

        Halves the limit; once for all that were under way together.
        """
        if sent <= self._cut:
            return
        self._cut = now
        before = self.limit
        # What a raise has just broken is mended by taking it back.
        self.limit = self._before[0] if self._before else max(1, self.limit // 2)
        self.limit = min(self.limit, before)
        self._slow_down(now)

    def _judge(self, speed: float) -> None:
        """Whether the last raise pays, and whether to raise again."""
        if self._before is not None:
            limit, before = self._before
            gain, raised = speed / before - 1, self.limit / limit - 1
            self._before = None
            if gain < PAYS * raised:
                if self._factor == SLOW or gain < -HARMS:
                    self.limit = limit
                self._slow_down(self._since)
        if self._rest:
            self._rest -= 1
        elif self.limit < self._most:
            self._before = self.limit, speed
            self.limit = min(self._most, math.ceil(self.limit * self._factor))

    def _slow_down(self, now: float) -> None:
        self._factor, self._before = SLOW, None
        self._rest, self._next_rest = self._next_rest, min(2 * self._next_rest, MAX_REST)
        self._measure(now)

    def _measure(self, now: float) -> None:
        self._since = now
        self._answers = self._tokens = self._in_flight = 0
        self._seconds = 0.0
