"""Whether an endpoint gets requests at all: not while it is down, nor while it refuses them all."""

from __future__ import annotations

#: Failures in a row, without one answer between them, that mean: the endpoint, not the request.
TRIP = 8
#: Seconds until an endpoint that failed is looked at again; doubled each time it fails again.
FIRST_WAIT, LONGEST_WAIT = 0.5, 10.0


class Breaker:
    """Open: nothing is sent. Closed: requests are sent; on trial until one is answered.

    A breaker opens when the server is found dead, when `TRIP` requests fail in a
    row, or when one fails on trial. Times are seconds of a clock that does not go
    back. Pure: no clock, no I/O.
    """

    def __init__(self) -> None:
        self.open = False
        #: Whether an answer is still to prove that it is well again.
        self.on_trial = False
        #: Whether the server was gone, and not only unwell.
        self.dead = False
        #: When an open one is due to be looked at.
        self.due = 0.0
        self._failures = 0
        self._wait = FIRST_WAIT

    def allowed(self, limit: int) -> int:
        """Requests that may be in flight: one at a time while a live server is on trial."""
        if self.open:
            return 0
        return 1 if self.on_trial and not self.dead else limit

    def succeeded(self) -> None:
        """A request was answered."""
        self.open = self.on_trial = self.dead = False
        self._failures = 0
        self._wait = FIRST_WAIT

    def failed(self, now: float) -> None:
        """A request was not answered, or not taken, by a server that lives."""
        if self.open:
            return
        self._failures += 1
        if self.on_trial or self._failures >= TRIP:
            self.dead = False
            self._trip(now)

    def died(self, now: float) -> None:
        """The server does not answer at all."""
        self.dead = True
        if not self.open:
            self._trip(now)

    def looked_at(self, now: float, *, alive: bool) -> None:
        """What a look at an open one has shown."""
        if not self.open:
            return
        if alive:
            self.open, self.on_trial = False, True
        else:
            self.dead = True
            self._trip(now)

    def _trip(self, now: float) -> None:
        self.open, self.on_trial = True, False
        self._failures = 0
        self.due = now + self._wait
        self._wait = min(2 * self._wait, LONGEST_WAIT)
