"""The Lagrangian algorithm: steps by hand, the projection by its optimality, the optimum found."""

from __future__ import annotations

import numpy as np
import pytest

from router.learners.stochastic_approximation import StochasticApproximation, projected
from router.ports import Arrays
from tests.learners.pools import A, B, asked, play, rng, told, two_pools, weights

C = "C/dark_mid"


def met(learner: StochasticApproximation) -> Arrays:
    """A, B and C at a third each: full orders move nothing."""
    state = learner.initial(0)
    for arm in (A, B, C):
        learner.learn(state, told(arm, 4, 4))
    return state


def shares(learner: StochasticApproximation, state: Arrays) -> list[float]:
    return weights(learner, state, asked([A, B, C], 9))


def test_an_unfilled_order_gives_a_step_of_its_share_to_all() -> None:
    learner = StochasticApproximation(step=0.09)
    state = met(learner)
    assert shares(learner, state) == pytest.approx([1 / 3] * 3)
    learner.learn(state, told(A, 4, 3))
    assert shares(learner, state) == pytest.approx([1 / 3 - 0.06, 1 / 3 + 0.03, 1 / 3 + 0.03])
    learner.learn(state, told(C, 4, 0))
    assert shares(learner, state) == pytest.approx([1 / 3 - 0.03, 1 / 3 + 0.06, 1 / 3 - 0.03])


def test_the_lessons_of_a_decision_add_up_to_the_published_step() -> None:
    learner = StochasticApproximation(step=0.09, share_min=0.0)
    state = met(learner)
    for arm, filled in ((A, 4), (B, 1), (C, 0)):
        learner.learn(state, told(arm, 4, filled))
    gains = np.array([1.0, 0.0, 0.0])
    assert shares(learner, state) == pytest.approx(1 / 3 + 0.09 * (gains - gains.mean()))


def test_steps_cool_down_with_lessons() -> None:
    learner = StochasticApproximation(step=0.72, cooling=0.5)
    state = met(learner)
    learner.learn(state, told(A, 4, 0))  # the 4th lesson: 0.72 / 2
    assert shares(learner, state) == pytest.approx([1 / 3 - 0.24, 1 / 3 + 0.12, 1 / 3 + 0.12])


def test_no_share_falls_below_the_least() -> None:
    learner = StochasticApproximation(step=0.5, share_min=0.1)
    state = met(learner)
    for _ in range(3):
        learner.learn(state, told(A, 4, 0))
    assert shares(learner, state) == pytest.approx([0.1, 0.45, 0.45])


def test_worth_multiplies_the_shares_and_an_arm_never_met_has_the_mean() -> None:
    learner = StochasticApproximation(step=0.09)
    state = met(learner)
    request = asked([A, "NEW/lit_take", B], 9, cost=[1.0, 0.0, 5.0], urgency=4.0)
    assert weights(learner, state, request) == pytest.approx([1.0, 4 / 3, 0.0])
    plain = StochasticApproximation(step=0.09, value_weighted=False)
    assert weights(plain, state, request) == pytest.approx([1 / 3] * 3)


@pytest.mark.parametrize("least", [0.0, 0.05, 0.9])
def test_a_projection_is_the_nearest_point_that_is_allowed(least: float) -> None:
    draw = rng(3)
    for _ in range(50):
        point = draw.normal(0.2, 0.5, 5)
        found, floor = projected(point, least), min(least, 0.2)
        assert found.sum() == pytest.approx(1.0)
        assert (found >= floor - 1e-12).all()
        # nearest in a convex set: no allowed point lies on the far side of it
        others = floor + (1 - 5 * floor) * draw.dirichlet(np.ones(5), 100)
        assert ((others - found) @ (point - found) <= 1e-12).all()


def test_it_finds_the_best_split_up_to_the_rounding_of_lots() -> None:
    # The best share is 1/2. In whole lots B has 5 or 6, 6 with chance q, and is not filled with
    # 0.2 + 0.8 q, A with 0.5: they balance at q = 3/8. A round moves x by step / 2 times a
    # difference of two events, at most 0.7 in standard deviation, against a slope of 0.8 a lot:
    # the mean of 3000 rounds has the standard error 0.7 / 0.8 / sqrt(3000) = 0.016 lots.
    learner = StochasticApproximation(step=0.01)
    history = play(learner, learner.initial(0), asked([A, B], 10), two_pools(4000))
    assert history[1000:, 1].mean() == pytest.approx(5.375, abs=4 * 0.016)
