"""What fills cost afterwards: short horizons first, corrected by longer ones, never imputed."""

from __future__ import annotations

import numpy as np
import pytest

from router.learners import _horizons
from router.learners.hazard import Hazard
from router.ports import MARKOUT_HORIZONS, Arrays, FloatArray, Markout, ScoreRequest

NONE = np.zeros(0)
A, B = "A/dark_mid", "B/dark_mid"


def rng(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def adverse(learner: Hazard, state: Arrays, *arms: str, x: FloatArray | None = None) -> FloatArray:
    """Expected markout over the mean, bp: what a value lacks of 0."""
    features = np.zeros((len(arms), 0)) if x is None else x
    zero = np.zeros(len(arms))
    request = ScoreRequest("XYZ", arms, features, zero, zero, 1, 0.0, 1.0)
    return -learner.score(state, request, rng(0)).values


def told(learner: Hazard, state: Arrays, arm: str, path: list[float], x: FloatArray = NONE) -> None:
    """A ticket of ten lots whose markout was `path` at its first horizons."""
    before = 0.0
    for horizon, bp in enumerate(path):
        learner.mark(state, Markout(arm, x, 10, horizon, bp, before))
        before = bp


def test_a_short_horizon_counts_at_once_and_the_main_one_corrects_it() -> None:
    learner = Hazard(gamma=1.0, kappa=0.0)
    early, late = learner.initial(0), learner.initial(0)
    for _ in range(400):
        told(learner, early, A, [2.0, 2.0])
        told(learner, early, B, [-2.0, -2.0])
        told(learner, late, A, [2.0, 2.0, 0.5])  # most of it comes back until the main horizon
        told(learner, late, B, [-2.0, -2.0, -0.5])
    assert adverse(learner, early, A, B) == pytest.approx([2.0, -2.0], abs=0.1)
    assert adverse(learner, late, A, B) == pytest.approx([0.5, -0.5], abs=0.1)


def test_changes_are_the_posterior_of_the_sum_given_all_that_was_seen() -> None:
    """Against generalised least squares on the markouts themselves, whose noises add up."""
    draw, d = rng(3), 3
    noise = np.array([1.0, 1.62, 7.2])  # 9 bp^2 over 0.02, 0.18 and 0.8 of 5 s, 1 at the least
    moments, sums = (each.copy() for each in _horizons.prior(d - 1))
    information, pulls = np.eye(3 * d) * 3.0, np.zeros(3 * d)
    adding_up = np.tril(np.ones((3, 3)))
    for i in range(60):
        x = draw.standard_normal(d - 1)
        seen = 1 + i % 3
        markouts = np.cumsum(draw.standard_normal(seen) * 2.0)
        for h, change in enumerate(np.diff(markouts, prepend=0.0)):
            _horizons.observe(moments, sums, x, h, float(change), 2.0)
        f = np.concatenate([[1.0], x])
        rows = np.kron(adding_up[:seen], f)  # a markout sums the changes up to its horizon
        covariance = adding_up[:seen] @ np.diag(noise / 2.0) @ adding_up[:seen].T
        weights = np.linalg.inv(covariance)
        information += rows.T @ weights @ rows
        pulls += rows.T @ weights @ markouts
    at = draw.standard_normal(d - 1)
    row = np.kron(adding_up[2], np.concatenate([[1.0], at]))
    mean, variance = _horizons.expected(
        *_horizons.solved(moments[np.newaxis], sums[np.newaxis]), at[np.newaxis]
    )
    assert mean[0] == pytest.approx(row @ np.linalg.solve(information, pulls))
    assert variance[0] == pytest.approx(row @ np.linalg.solve(information, row))


def test_what_was_not_seen_is_counted_and_not_zero() -> None:
    learner = Hazard(gamma=1.0, kappa=0.0)
    state, other = learner.initial(0), learner.initial(0)
    for _ in range(50):
        for each in (state, other):
            told(learner, each, A, [3.0])
            told(learner, each, B, [-3.0])
        learner.mark(state, Markout(A, NONE, 10, 1, None, 3.0))  # the feed is stale
    assert np.array_equal(state[f"value_a/{A}"], other[f"value_a/{A}"])
    assert np.array_equal(adverse(learner, state, A, B), adverse(learner, other, A, B))
    assert state[f"value_counts/{A}"].tolist() == [0.0, 50.0, 50.0]


def test_before_anything_was_seen_the_main_markout_has_the_priors_variance() -> None:
    moments, sums = (each[np.newaxis] for each in _horizons.prior(1))
    _, variance = _horizons.expected(*_horizons.solved(moments, sums), np.array([[2.0]]))
    assert variance[0] == pytest.approx(1.0 + 4.0)  # f'f with precision 1, docs/hazard.md


def test_beyond_the_main_horizon_nothing_is_learned() -> None:
    learner = Hazard(gamma=1.0, kappa=0.0)
    state = learner.initial(0)
    told(learner, state, A, [1.0, 1.0, 1.0])
    before = {name: array.copy() for name, array in state.items()}
    learner.mark(state, Markout(A, NONE, 10, len(MARKOUT_HORIZONS) - 1, 50.0, 1.0))
    assert all(np.array_equal(array, before[name]) for name, array in state.items())


def test_a_markout_counts_over_the_mean_of_its_own_horizon() -> None:
    learner = Hazard(gamma=1.0, kappa=0.0)
    state = learner.initial(0)
    for _ in range(800):
        told(learner, state, A, [5.0, 6.0, 10.0])
        told(learner, state, B, [5.0, 6.0, 6.0])  # all lose 5 and 1; then A loses 4, B nothing
        for arm in (A, B):
            told(learner, state, arm, [5.0])  # more is known of short horizons than of long ones
    assert adverse(learner, state, A, B) == pytest.approx([2.0, -2.0], abs=0.1)


def test_markouts_do_not_move_the_clock_of_lessons() -> None:
    learner = Hazard()
    state = learner.initial(0)
    told(learner, state, A, [1.0, 2.0, 3.0])
    assert state["clock"][0] == 0.0


def test_a_markout_is_learned_in_context_at_each_horizon() -> None:
    learner, draw = Hazard(gamma=1.0, kappa=0.0), rng(5)
    state = learner.initial(1)
    for _ in range(1500):
        x = draw.standard_normal(1)
        first = float(x[0] + 0.3 * draw.standard_normal())
        told(learner, state, A, [first, first, first - 3.0 * float(x[0])], x)
    at = np.array([[1.0], [-1.0]])
    assert adverse(learner, state, A, A, x=at) == pytest.approx([-2.0, 2.0], abs=0.15)
