"""Shares follow executed lots: by hand, and the published rule's own limit."""

from __future__ import annotations

import pytest

from router.learners.reinforcement import Reinforcement
from tests.learners.pools import A, B, asked, play, told, two_pools, weights

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


def test_it_settles_where_shares_are_proportional_to_executed_lots_not_at_the_best() -> None:
    # B's share x executes 0.8 * 5 = 4 lots, A's 0.5 * 10 (1 - x): x = 4 / (9 - 5 x) at 4/5, while
    # the best split is 1/2. One round moves x by gain * noise, the noise
    # sqrt((0.2 * 2)^2 + (0.8 * 1)^2) / 5 = 0.18; the map's slope is 4/5, so that a mean of 3000
    # rounds has the standard error 0.18 / (1 - 4/5) / sqrt(3000) = 0.016, or 0.16 lots.
    learner = Reinforcement(prior_lots=0.1, gamma=0.995)
    history = play(learner, learner.initial(0), asked([A, B], 10), two_pools(4000))
    assert history[1000:, 1].mean() == pytest.approx(8.0, abs=4 * 0.16)
