"""The limit on simulated servers: it must find the knee early, and stay where it is."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.limiter import START, AdaptiveLimit

#: Tokens a second of one request that is alone.
STREAM = 20.0


def knee(at):
    """Tokens a second of n requests: as fast for `at` as for one, and no faster in all."""
    return lambda n: STREAM * min(n, at)


def soft(half):
    """Each request slows all down: half of what can be had is had at `half`."""
    return lambda n: STREAM * n / (1 + n / half)


def thrashing(at):
    """A knee beyond which the server gets slower in all."""
    return lambda n: STREAM * (n if n < at else at * (at / n) ** 0.5)


SERVERS = {
    "a knee at 16": knee(16),
    "a knee at 64": knee(64),
    "a knee at 200": knee(200),
    "no sharp knee": soft(50),
    "thrashing": thrashing(64),
}


def run(limit, requests, speed, seed=0, takes=10**9):
    """Seconds, and limits after each answer, of a server that shares `speed` and takes so many."""
    rnd, now, live, limits, sent, refused = random.Random(seed), 0.0, [], [], 0, 0
    while len(limits) < requests:
        while len(live) < limit.limit and sent < requests:
            if len(live) >= takes:
                refused += 1
                limit.overloaded(now, now + 1e-3)
                break
            tokens = 1 + int(rnd.expovariate(1 / 100))
            live.append([float(tokens), now, tokens])
            sent += 1
        each = speed(len(live)) / len(live)
        first = min(live)
        now += first[0] / each
        for request in live:
            request[0] -= first[0] if request is not first else 0.0
        live.remove(first)
        limit.answered(first[1], now, first[2], len(live) + 1)
        limits.append(limit.limit)
    return SimpleNamespace(seconds=now, limits=limits, refused=refused)


def at_best(requests, speed, seed):
    """Seconds with the best fixed limit."""
    fixed = lambda n: SimpleNamespace(limit=n, answered=lambda *_: None)  # noqa: E731
    return min(run(fixed(n), requests, speed, seed).seconds for n in (16, 32, 64, 128, 256))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("speed", [knee(16), knee(64), knee(200), soft(50), thrashing(64)], ids=str)
def test_500_short_requests_take_little_longer_than_at_the_best_limit(speed, seed):
    assert run(AdaptiveLimit(256), 500, speed, seed).seconds < at_best(500, speed, seed) / 0.87


@settings(max_examples=25, deadline=None)
@given(at=st.integers(2, 256), seed=st.integers(0, 9))
def test_the_limit_settles_near_the_knee_and_not_below(at, seed):
    limits = run(AdaptiveLimit(256), 1200, knee(at), seed).limits
    assert min(limits[600:]) >= 0.8 * at
    assert max(limits) <= max(2.5 * START, 4 * at)


def test_a_server_that_thrashes_gets_no_more_than_does_it_good():
    limits = run(AdaptiveLimit(512), 3000, thrashing(64)).limits
    assert sum(limits[1000:]) / len(limits[1000:]) < 100


@pytest.mark.parametrize("takes", [10, 50, 150])
def test_where_the_server_refuses_the_limit_stays_below(takes):
    found = run(AdaptiveLimit(256), 1500, knee(200), takes=takes)
    assert found.refused <= 12
    assert 0.7 * takes <= found.limits[-1] <= takes


def test_what_was_under_way_together_halves_once():
    limit = AdaptiveLimit(256)
    for _ in range(START):
        limit.overloaded(sent=1.0, now=2.0)
    assert limit.limit == START // 2
    limit.overloaded(sent=2.5, now=3.0)
    assert limit.limit == START // 4


def test_nothing_is_learnt_while_there_is_no_more_to_do():
    limit = AdaptiveLimit(256)
    for i in range(1000):
        limit.answered(sent=i, now=i + 1, tokens=9, in_flight=3)
    assert limit.limit == START


def test_a_new_server_is_searched_anew():
    limit = AdaptiveLimit(256)
    run(limit, 1500, knee(200), takes=10)
    assert limit.limit <= 10
    limit.restart()
    assert limit.limit == START
    assert run(limit, 1500, knee(200)).limits[-1] >= 200


EVENTS = st.tuples(
    st.sampled_from(["answered", "overloaded"]),
    st.floats(0, 100),
    st.floats(0, 100),
    st.integers(0, 10_000),
    st.integers(1, 300),
)


@given(st.integers(1, 300), st.lists(EVENTS, max_size=300))
def test_the_limit_is_never_above_the_most_nor_below_one(most, events):
    limit, now = AdaptiveLimit(most), 0.0
    for kind, passed, took, tokens, in_flight in events:
        now += passed
        if kind == "answered":
            limit.answered(now - took, now, tokens, in_flight)
        else:
            limit.overloaded(now - took, now)
        assert 1 <= limit.limit <= most
