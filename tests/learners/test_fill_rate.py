"""The desk's table: by hand, and its fixed point in a world with a small pool."""

from __future__ import annotations

import pytest

from router.learners.fill_rate import FillRate
from router.ports import Arrays, Lesson
from tests.learners.pools import A, B, asked, average, given, play, rng, told, two_pools

C = "C/dark_mid"


def taught(learner: FillRate, *lessons: Lesson) -> Arrays:
    state = learner.initial(0)
    for lesson in lessons:
        learner.learn(state, lesson)
    return state


PERIOD = (told(A, 10, 5), told(B, 8, 2), told(A, 20, 4))
"""A filled 9 of 30, B 2 of 8: rates 0.3 and 0.25."""


def test_the_table_is_last_periods_filled_over_sent() -> None:
    learner = FillRate(period=3, share_min=0.0)
    state = taught(learner, *PERIOD)
    assert given(learner, state, asked([A, B], 55), rng(0)) == (30, 25)


def test_nothing_changes_until_the_period_ends() -> None:
    learner = FillRate(period=3, share_min=0.0)
    state = taught(learner, *PERIOD[:2])
    assert given(learner, state, asked([A, B], 10), rng(0)) == (5, 5)
    state = taught(learner, *PERIOD, told(A, 10, 10), told(A, 10, 10))
    assert given(learner, state, asked([A, B], 55), rng(0)) == (30, 25)
    learner.learn(state, told(A, 4, 4))  # A has filled all 24; B had no order and keeps its rate
    assert given(learner, state, asked([A, B], 50), rng(0)) == (40, 10)


def test_an_arm_that_was_never_met_counts_like_the_mean() -> None:
    learner = FillRate(period=3, share_min=0.0)
    state = taught(learner, *PERIOD)
    assert given(learner, state, asked([A, B, C], 330), rng(0)) == (120, 100, 110)


def test_no_arm_is_starved() -> None:
    learner = FillRate(period=2, share_min=0.1)
    state = taught(learner, told(A, 10, 5), told(B, 10, 0))
    assert given(learner, state, asked([A, B], 10), rng(0)) == (9, 1)
    crowded = FillRate(period=2, share_min=0.9)
    state = taught(crowded, told(A, 1, 1), told(B, 9, 0))
    assert given(crowded, state, asked([A, B], 4), rng(0)) == (2, 2)


def test_a_fill_that_is_worth_more_gets_more_and_one_at_a_loss_nothing() -> None:
    state = taught(FillRate(period=3), *PERIOD)
    dear = asked([A, B, C], 100, cost=[2.0, -2.0, 9.0], urgency=3.0)
    weighted = FillRate(period=3, share_min=0.0)  # 0.3 * 1 to 0.25 * 5, and C costs too much
    assert average(weighted, state, dear, 200) == pytest.approx([19.35, 80.65, 0.0], abs=0.15)
    plain = FillRate(period=3, share_min=0.0, value_weighted=False)
    assert average(plain, state, dear, 200) == pytest.approx([36.36, 30.30, 33.33], abs=0.15)


def test_what_was_not_observed_is_not_in_the_table() -> None:
    learner = FillRate(period=2, share_min=0.0)
    state = taught(learner, told(A, 10, 5), told(B, 10, 0, outcome="rejected"))
    assert given(learner, state, asked([A, B], 10), rng(0)) == (5, 5)


def test_it_settles_where_shares_are_proportional_to_their_own_fill_rates() -> None:
    # B's rate with a share x >= 1/2 of 10 lots is 0.8 * 5 / (10 x); x = b / (b + 0.5) gives
    # x^2 + 0.8 x - 0.8 = 0, x = 0.580: more than the best, which is 0.5
    learner = FillRate(period=1000)
    history = play(learner, learner.initial(0), asked([A, B], 10), two_pools(4000))
    # A period has 500 orders each: rates +-0.022 and +-0.012 (B's 0.4 / x), hence x +-0.013 or
    # 0.13 lots; six periods, each pulled against the one before (slope -0.42): +-0.05
    assert history[1000:, 1].mean() == pytest.approx(5.80, abs=0.2)
