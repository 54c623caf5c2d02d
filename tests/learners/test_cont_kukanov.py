"""Rest or take: quantile steps by hand, and the closed form of the paper from learned quantiles."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest

from router.learners.cont_kukanov import LEVELS, ContKukanov, chance
from router.ports import Arrays, Lesson
from tests.learners.pools import asked, given, rng, told

MAKE, TAKE, ASK = "L/lit_make", "L/lit_take", "D/dealer_rfq"


def taught(learner: ContKukanov, *lessons: Lesson) -> Arrays:
    state = learner.initial(0)
    for lesson in lessons:
        learner.learn(state, lesson)
    return state


def reach(state: Arrays, level: float) -> float:
    return float(state[f"reach/{MAKE}"][np.flatnonzero(level == LEVELS)[0]])


def test_before_any_order_half_is_filled_at_the_prior_lots() -> None:
    learner = ContKukanov(prior_lots=4.0)
    tails = learner.score(learner.initial(0), asked([MAKE], 80), rng(0)).tails[0]
    # the quantities of 0.8, 0.5, 0.2 and 0.05 are 1, 4, 16 and 76; beyond the last nothing is sent
    assert tails[[0, 3, 15, 75]] == pytest.approx([0.8, 0.5, 0.2, 0.05])
    assert tails[9] == pytest.approx(0.3 - 0.1 * (10 - 28 / 3) / (16 - 28 / 3))
    assert (tails[76:] == 0.0).all()


def test_a_partial_fill_moves_each_quantile_by_a_robbins_monro_step() -> None:
    state = taught(ContKukanov(step=0.1, prior_lots=4.0), told(MAKE, 10, 3))
    # V = 3: the quantity 1 of 0.8 was there, those of 0.5 and 0.2, 4 and 16, were not
    assert reach(state, 0.8) == pytest.approx(log(2) + 0.1 * 0.2)
    assert reach(state, 0.5) == pytest.approx(log(5) - 0.1 * 0.5)
    assert reach(state, 0.2) == pytest.approx(log(17) - 0.1 * 0.2)


def test_a_full_fill_of_less_counts_as_its_expectation() -> None:
    state = taught(ContKukanov(step=0.1, prior_lots=4.0), told(MAKE, 4, 4))
    # V >= 4, which had the chance 0.5: the quantity of 0.2 was there with 0.2 / 0.5
    assert reach(state, 0.5) == pytest.approx(log(5) + 0.1 * 0.5)
    assert reach(state, 0.2) == pytest.approx(log(17) + 0.1 * (0.4 - 0.2))


def test_quantities_never_fall_below_nothing_and_never_run_away() -> None:
    state = taught(ContKukanov(step=1.0), *[told(MAKE, 10, 0)] * 50)
    assert (state[f"reach/{MAKE}"] >= 0.0).all()
    state = taught(ContKukanov(step=1.0), *[told(MAKE, 1000, 1000)] * 5000)
    assert (state[f"reach/{MAKE}"] <= 20.0).all()


def test_quantiles_that_have_crossed_are_sorted() -> None:
    crossed = np.arange(11.0)[::-1]
    assert list(chance(crossed, np.array([0.0, 5.0, 10.0]))) == [0.95, 0.5, 0.05]


def test_other_arms_are_filled_to_their_fraction_up_to_what_they_show() -> None:
    learner = ContKukanov(gamma=1.0, prior_sent=10.0)
    state = taught(learner, told(ASK, 20, 7), told(ASK, 10, 0), told(TAKE, 10, 9))
    tails = learner.score(state, asked([ASK, TAKE], 6, shown=[0.0, 4.0]), rng(0)).tails
    assert tails[0] == pytest.approx([(7 + 9.5) / 40] * 6)
    assert tails[1] == pytest.approx([(9 + 9.5) / 20] * 4 + [0.0] * 2)


def test_fractions_fade_back_to_the_prior() -> None:
    learner = ContKukanov(gamma=0.5, prior_sent=1.0)
    state = taught(learner, told(ASK, 8, 0), told(TAKE, 1, 1), told(TAKE, 1, 1))
    tails = learner.score(state, asked([ASK], 1), rng(0)).tails
    assert tails[0, 0] == pytest.approx(0.95 / 3)


def test_an_order_at_a_pool_rests_like_one_at_a_lit_venue() -> None:
    learner = ContKukanov()
    state = taught(learner, *[told(arm, 9, 4) for arm in (MAKE, "D/dark_mid")])
    assert np.array_equal(state["reach/D/dark_mid"], state[f"reach/{MAKE}"])
    tails = learner.score(state, asked([MAKE, "D/dark_mid"], 9), rng(0)).tails
    assert np.array_equal(tails[0], tails[1])


def test_the_split_is_the_papers_closed_form() -> None:
    # h = 1, f = 0, r = 0.2, u = 3: rest up to F = (2h + f + r) / (u + h + r) = 2.2 / 4.2. What is
    # filled is exponential with a mean of 100 lots: L = -100 log(1 - 2.2 / 4.2) = 74.2.
    learner = ContKukanov(step=0.01, gamma=1.0)
    state, draw = learner.initial(0), rng(3)
    for _ in range(20_000):
        learner.learn(state, told(MAKE, 600, int(min(600, draw.exponential(100.0)))))
        learner.learn(state, told(TAKE, 100, 100))
    request = asked([MAKE, TAKE], 200, cost=[-1.2, 1.0], shown=[0.0, 500.0], urgency=3.0)
    rest, take = given(learner, state, request, rng(0))
    assert rest + take == 200
    # A constant step leaves the variance step * p (1 - p) / (2 density) of log(1 + L), the density
    # there being (1 + L) / 100 * exp(-L / 100) = 0.36: +-0.059, or 4.4 lots; and T is linear
    # between the quantities of 0.5 and 0.4, 69 and 92 lots: half a lot.
    spread = sqrt(0.01 * 0.25 / (2 * 0.36))
    assert rest == pytest.approx(74.2, abs=4 * spread * 75.2)


@pytest.mark.parametrize(("urgency", "lots"), [(0.9, 0), (500.0, 200)])
def test_patience_takes_nothing_and_urgency_takes_all(urgency: float, lots: int) -> None:
    learner = ContKukanov()
    state = taught(learner, *[told(TAKE, 100, 100)] * 50)
    request = asked([MAKE, TAKE], 200, cost=[-1.2, 1.0], shown=[0.0, 500.0], urgency=urgency)
    assert given(learner, state, request, rng(0))[1] == lots
