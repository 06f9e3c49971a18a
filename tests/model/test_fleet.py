"""Who goes where, in an event loop, without a network."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import Picture, Request
from model.fleet import Fleet, GaveUp, Job
from model.limiter import START

URLS = ("http://a/v1", "http://b/v1", "http://c/v1")


def job(number, picture=None):
    pictures = () if picture is None else (Picture(f"{picture:064x}", "png", bytes),)
    asked = Request(f"{number}", "general", "t", 9, seed=0, pictures=pictures)
    return Job(asked, b"", number)


def fleet(urls=URLS, most=4, patience=5.0, alive=True):
    async def lives(url):
        return alive if isinstance(alive, bool) else url in alive

    return Fleet(urls, most, patience, patience, lives)


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


def seats(jobs):
    """The address that each has a place at, or None."""
    return [job.turn.result().url if job.seated else None for job in jobs]


def enter_all(f, jobs):
    return [asyncio.ensure_future(f.enter(job)) for job in jobs]


def run(test):
    """Run a coroutine in bounded time."""
    return asyncio.run(asyncio.wait_for(test, 20))


def test_requests_on_one_picture_go_to_one_endpoint_and_pictures_are_spread():
    async def test():
        jobs = [job(i, picture=i % 40) for i in range(80)]
        f = fleet(most=60)
        await asyncio.gather(*enter_all(f, jobs))
        by_picture = {}
        for i, url in enumerate(seats(jobs)):
            by_picture.setdefault(i % 40, set()).add(url)
        assert all(len(urls) == 1 for urls in by_picture.values())
        assert min(Counter(seats(jobs)).values()) >= 8

    run(test())


def test_others_go_to_the_least_loaded():
    async def test():
        jobs = [job(i) for i in range(9)]
        await asyncio.gather(*enter_all(fleet(), jobs))
        assert Counter(seats(jobs)) == dict.fromkeys(URLS, 3)

    run(test())


def test_what_does_not_fit_spills_over_and_the_rest_waits():
    async def test():
        f = fleet(most=2)
        jobs = [job(i, picture=7) for i in range(8)]
        waiting = enter_all(f, jobs)
        await settle()
        assert Counter(seats(jobs)) == {**dict.fromkeys(URLS, 2), None: 2}
        lane = jobs[0].turn.result()
        f.leave(lane, jobs[0])
        await settle()
        assert seats(jobs)[6] == lane.url  # the one that waited longest
        for task in waiting:
            task.cancel()

    run(test())


def test_when_all_are_full_a_free_place_goes_to_who_knows_it():
    async def test():
        f = fleet(urls=URLS[:2], most=2)
        alone = [job(100 + i, picture=i) for i in range(20)]
        big = fleet(urls=URLS[:2], most=60)
        await asyncio.gather(*enter_all(big, alone))
        home = dict(enumerate(seats(alone)))
        full = [job(i) for i in range(4)]
        await asyncio.gather(*enter_all(f, full))
        waiting = [job(10 + i, picture=i) for i in range(20)]
        tasks = enter_all(f, waiting)
        await settle()
        here = [w for w in full if w.turn.result().url == URLS[0]]
        f.leave(here[0].turn.result(), here[0])
        await settle()
        (seated,) = [w for w in waiting if w.seated]
        assert home[seated.number - 10] == URLS[0]
        assert seated.number == 10 + min(i for i, url in home.items() if url == URLS[0])
        for task in tasks:
            task.cancel()

    run(test())


@given(st.sets(st.sampled_from(URLS), min_size=1), st.integers(1, 30))
def test_only_those_that_live_get_requests_and_all_get_a_place(living, count):
    async def test():
        f = fleet(most=30, alive=living)
        probe = job(0)
        for url in set(URLS) - living:
            lane = next(lane for lane in f.lanes if lane.url == url)
            assert not await f.examine(lane, probe, "gone", was_there=False)
        jobs = [job(i, picture=i if i % 2 else None) for i in range(count)]
        await asyncio.gather(*enter_all(f, jobs))
        assert set(seats(jobs)) <= living
        await f.close()

    run(test())


def test_a_death_counts_for_all_who_were_there_and_for_nobody_else():
    async def test():
        f = fleet(urls=URLS[:1], alive=False)
        there, never = [job(i) for i in range(3)], job(9)
        await asyncio.gather(*enter_all(f, there))
        lane = there[0].turn.result()
        for who in there:
            assert not await f.examine(lane, who, "broke", was_there=True)
        never.sent = there[0].sent
        assert not await f.examine(lane, never, "refused", was_there=False)
        assert [len(j.deaths) for j in (*there, never)] == [1, 1, 1, 0]
        assert len({d for j in there for d in j.deaths}) == 1
        await f.close()

    run(test())


def test_a_suspect_is_alone_and_the_others_are_cleared_when_it_is_the_one():
    async def test():
        living = set()
        f = fleet(urls=URLS[:1], alive=living)
        poison, beside, lane = job(10), job(11), f.lanes[0]
        for _ in range(2):
            poison.sent = beside.sent = asyncio.get_running_loop().time()
            await asyncio.sleep(0.01)
            assert not await f.examine(lane, poison, "broke", was_there=True)
            assert not await f.examine(lane, beside, "broke", was_there=True)
            await asyncio.sleep(0.01)
        poison.sent += 0.001  # the last that was sent is asked first
        living.add(URLS[0])
        others = [job(i) for i in range(2)]
        await asyncio.gather(*enter_all(f, others))
        tasks = enter_all(f, [poison, beside, later := job(12)])
        await settle()
        assert not poison.seated  # not while others are in flight …
        assert not later.seated  # … and nobody comes in between
        for other in others:
            f.leave(lane, other)
        await settle()
        assert [poison.seated, beside.seated, later.seated] == [True, False, False]
        assert f.is_poison(lane, poison)
        assert (len(poison.deaths), len(beside.deaths)) == (2, 0)
        f.leave(lane, poison)
        await settle()
        assert beside.seated
        assert later.seated
        assert not f.is_poison(lane, beside)
        await asyncio.gather(*tasks)

    run(test())


def test_patience_ends_and_begins_anew_when_an_answer_comes():
    async def test():
        living = set()
        f = fleet(urls=URLS[:1], patience=0.2, alive=living)
        first = job(0)
        lane = await f.enter(first)
        f.answered(lane, first, 3)
        assert not await f.examine(lane, first, "gone", was_there=False)
        f.leave(lane, first)
        with pytest.raises(GaveUp, match=r"for 0.2 s \(http://a/v1: gone\)"):
            await f.enter(job(1))
        with pytest.raises(GaveUp):  # at once
            await asyncio.wait_for(f.enter(job(2)), 0.05)
        living.add(URLS[0])
        await asyncio.sleep(1.2)
        again = job(3)
        assert await f.enter(again) is lane
        f.answered(lane, again, 3)
        await f.close()

    run(test())


def test_more_is_under_way_than_there_are_places_but_not_much_more():
    async def test():
        assert START * 3 < fleet(most=1000).capacity < START * 3 * 1.4
        assert 12 < fleet(most=4).capacity <= 12 + 3 + 8

    run(test())
