"""Shares follow executed lots: by hand, and the published rule's own limit."""

from __future__ import annotations

import numpy as np
import pytest

from router.learners.reinforcement import Reinforcement
from tests.learners.pools import A, B, IntArray, asked, play, rng, told, weights

C = "C/dark_mid"


def test_weights_are_the_prior_and_executed_lots_that_fade() -> None:
    learner = Reinforcement(prior_lots=2.0, gamma=0.5)
    state = learner.initial(0)
    learner.learn(state, told(A, 9, 8))
    learner.learn(state, told(B, 5, 5))
    learner.learn(state, told(A, 9, 3))
    # A: 8 / 4 + 3, B: 5 / 2
    assert weights(learner, state, asked([A, B, C], 9)) == pytest.approx([7.0, 4.5, 2.0])


def test_worth_multiplies_and_a_loss_gets_nothing() -> None:
    learner = Reinforcement(prior_lots=2.0, gamma=1.0)
    state = learner.initial(0)
    learner.learn(state, told(A, 9, 8, markout=30.0))  # weight 8/5: mean 48 / 10.6
    request = asked([A, B, C], 9, cost=[1.0, 2.0, 11.0], urgency=10.0)
    assert weights(learner, state, request) == pytest.approx([10 * (9 - 48 / 10.6), 16.0, 0.0])
    plain = Reinforcement(prior_lots=2.0, gamma=1.0, value_weighted=False)
    assert weights(plain, state, request) == pytest.approx([10.0, 2.0, 2.0])


def test_only_observed_fills_count() -> None:
    learner = Reinforcement(prior_lots=2.0)
    state = learner.initial(0)
    learner.learn(state, told(A, 9, 8, outcome="unknown"))
    learner.learn(state, told(B, 9, 4, outcome="last_look"))
    assert weights(learner, state, asked([A, B], 9)) == pytest.approx([2.0, 2.0])


def world(rounds: int, seed: int = 11) -> IntArray:
    """A: 20 lots half of the time. B: 2 lots nine times in ten. The best of 10 is 8 and 2."""
    here = rng(seed).random((rounds, 2)) < (0.5, 0.9)
    return np.where(here, (20, 2), 0).astype(np.int64)


def test_it_settles_where_shares_are_proportional_to_executed_lots_not_at_the_best() -> None:
    # B's share x executes 0.9 * 2 = 1.8 lots, A's 5 (1 - x). A memory of 1 / (1 - 0.998^2) = 250
    # rounds and priors of 10 lots give x = (10 + 450) / (20 + 250 (6.8 - 5 x)) at 0.363, where the
    # slope is 0.36. Executed lots have the deviations 0.6 and 3.2, which move x by
    # sqrt((0.64 * 0.6)^2 + (0.36 * 3.2)^2) / 5 = 0.24 of a round's weight: the mean of 3000 rounds
    # has the standard error 0.24 / (1 - 0.36) / sqrt(3000) = 0.007, or 0.07 lots.
    learner = Reinforcement(prior_lots=10.0, gamma=0.998)
    history = play(learner, learner.initial(0), asked([A, B], 10), world(4000))
    assert history[1000:, 1].mean() == pytest.approx(3.63, abs=4 * 0.07)


def test_without_a_prior_to_speak_of_an_arm_that_fails_first_is_lost() -> None:
    learner = Reinforcement(prior_lots=1e-6)
    history = play(learner, learner.initial(0), asked([A, B], 10), np.array([[0, 2], *world(200)]))
    assert (history[1:, 0] == 0).all()
