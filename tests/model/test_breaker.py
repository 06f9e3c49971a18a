from __future__ import annotations

from model.breaker import FIRST_WAIT, LONGEST_WAIT, TRIP, Breaker


def test_a_few_failures_among_answers_are_not_an_outage():
    breaker = Breaker()
    for _ in range(5):
        for _ in range(TRIP - 1):
            breaker.failed(0)
        breaker.succeeded()
    assert breaker.allowed(50) == 50


def test_failures_in_a_row_open_it():
    breaker = Breaker()
    for _ in range(TRIP):
        assert breaker.allowed(50) == 50
        breaker.failed(7.0)
    assert breaker.allowed(50) == 0
    assert breaker.due == 7.0 + FIRST_WAIT


def test_after_a_storm_one_request_is_on_trial():
    breaker = Breaker()
    for _ in range(TRIP):
        breaker.failed(0)
    breaker.looked_at(1.0, alive=True)
    assert breaker.allowed(50) == 1
    breaker.failed(2.0)
    assert breaker.allowed(50) == 0
    breaker.looked_at(3.0, alive=True)
    breaker.succeeded()
    assert breaker.allowed(50) == 50


def test_a_server_that_was_dead_and_lives_gets_all_it_can_take():
    breaker = Breaker()
    breaker.died(0)
    assert breaker.allowed(50) == 0
    breaker.looked_at(1.0, alive=True)
    assert breaker.allowed(50) == 50
    breaker.failed(2.0)  # it lives, and is not well
    breaker.looked_at(3.0, alive=True)
    assert breaker.allowed(50) == 1


def test_looks_grow_rarer_until_an_answer_comes():
    breaker, waits = Breaker(), []
    breaker.died(0)
    for _ in range(8):
        waits.append(breaker.due)
        breaker.looked_at(0, alive=False)
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0]
    assert waits[-1] == LONGEST_WAIT
    breaker.succeeded()
    breaker.died(0)
    assert breaker.due == FIRST_WAIT


def test_what_fails_while_it_is_open_says_nothing_new():
    breaker = Breaker()
    breaker.died(0)
    due = breaker.due
    breaker.failed(99)
    breaker.died(99)
    assert breaker.due == due
