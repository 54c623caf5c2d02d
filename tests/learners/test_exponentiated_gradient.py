"""Exponential weights lot by lot: by hand after two lessons, and the optimum found."""

from __future__ import annotations

from math import exp

import pytest

from router.learners.exponentiated_gradient import ExponentiatedGradient
from router.ports import Arrays
from tests.learners.pools import A, B, asked, play, told, two_pools, weights

HIGH = 1 / (1 + exp(-0.5))
"""The weight of an arm without a loss beside one with a loss of 1, eta 1/2: 0.622."""


def taught(learner: ExponentiatedGradient) -> Arrays:
    """A lost lots 1 to 3, then B lost lots 1 to 4.

    A alone has the weight 1 for each lot: an order of 2 may stand for lots 1, 2 and 3. Then B's
    weights are HIGH three times, then 1/2: they sum to 0.62, 1.24, 1.87, 2.37, and an order of
    1 lot may stand for those with less than 2 before them, lots 1 to 4.
    """
    state = learner.initial(0)
    learner.learn(state, told(A, 2, 0))
    learner.learn(state, told(B, 1, 0))
    return state


def share_of_a(learner: ExponentiatedGradient, state: Arrays, lots: int) -> float:
    return weights(learner, state, asked([A, B], lots))[0]


@pytest.mark.parametrize(
    ("lots", "expected"), [(1, 0.5), (3, 1.5), (4, 1.5 + HIGH), (10, 1.5 + HIGH + 3.0)]
)
def test_weights_after_two_lessons(lots: int, expected: float) -> None:
    learner = ExponentiatedGradient(eta=0.5, mixing=0.0, gamma=1.0)
    assert share_of_a(learner, taught(learner), lots) == pytest.approx(expected)


def test_a_part_of_each_lot_is_split_equally() -> None:
    state = taught(ExponentiatedGradient(eta=0.5, mixing=0.0, gamma=1.0))
    learner = ExponentiatedGradient(eta=0.5, mixing=0.2, gamma=1.0)
    assert share_of_a(learner, state, 4) == pytest.approx(1.5 + 0.8 * HIGH + 0.1)


def test_losses_fade() -> None:
    learner = ExponentiatedGradient(eta=1.0, mixing=0.0, gamma=0.5)
    state = learner.initial(0)
    learner.learn(state, told(A, 1, 0))
    learner.learn(state, told("C/lit_take", 1, 1))
    assert share_of_a(learner, state, 1) == pytest.approx(exp(-0.5) / (1 + exp(-0.5)))


def test_lots_that_were_served_lose_nothing_and_full_orders_neither() -> None:
    learner = ExponentiatedGradient(eta=0.5, mixing=0.0, gamma=1.0)
    state = learner.initial(0)
    learner.learn(state, told(A, 4, 2))  # lots 1 and 2 were served; 3, 4 and 5 were not
    learner.learn(state, told(A, 4, 4))
    assert share_of_a(learner, state, 2) == pytest.approx(1.0)
    assert share_of_a(learner, state, 5) == pytest.approx(1.0 + 3 * (1 - HIGH))
    assert share_of_a(learner, state, 7) == pytest.approx(2.0 + 3 * (1 - HIGH))


def test_orders_larger_than_the_table_are_split_like_its_last_lot() -> None:
    learner = ExponentiatedGradient(eta=0.5, mixing=0.0, gamma=1.0)
    state = learner.initial(0)
    learner.learn(state, told(A, 600, 0))  # all 512 lots lost
    assert share_of_a(learner, state, 1000) == pytest.approx(1000 * (1 - HIGH))


def test_worth_multiplies_the_shares() -> None:
    learner = ExponentiatedGradient(eta=0.5, mixing=0.0, gamma=1.0)
    request = asked([A, B], 4, cost=[1.0, 3.0], urgency=2.0)
    assert weights(learner, taught(learner), request) == pytest.approx([1.5 + HIGH, 0.0])


def test_it_finds_the_best_split_up_to_the_rounding_of_lots() -> None:
    # B's lots 1 to 5 are there with 0.8 against A's 0.5. Beyond, B is lost with 0.2 + 0.8 q, where
    # q is the chance of a sixth lot: it balances A's 0.5 at q = 3/8. A round moves a lot's weight
    # by eta * w (1 - w) times a difference of events, at most 0.7 in standard deviation, against a
    # slope of 0.8: the mean of 2500 rounds has the standard error 0.7 / 0.8 / 50 = 0.018 lots. The
    # first 1500 rounds are left out: by then A's weights of lots 1 to 5 are about exp(-9).
    learner = ExponentiatedGradient(eta=0.02, mixing=0.0, gamma=1.0)
    history = play(learner, learner.initial(0), asked([A, B], 10), two_pools(4000))
    assert history[1500:, 1].mean() == pytest.approx(5.375, abs=4 * 0.018)
