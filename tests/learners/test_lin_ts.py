"""Linear Thompson sampling: its draws against the posterior, and the world that it learns."""

from __future__ import annotations

import numpy as np
import pytest

from router.learners.lin_ts import LinTS
from router.learners.linucb import LinUCB
from router.ports import Arrays, FloatArray
from tests.learners.test_linucb import asked, fills, history, rng, rows_of, split, taught

ARMS = ("A/dark_mid", "B/lit_take", "NEW/dark_mid")
AT = np.array([[0.5, -0.2], [-0.4, 0.1], [0.05, 0.1]])
DRAWS = 4000


def draws(learner: LinTS, state: Arrays) -> tuple[FloatArray, FloatArray]:
    """(DRAWS, K) fractions and markouts, each row a draw of its own seed."""
    request = asked(*ARMS, x=AT, urgency=0.0)
    found = [learner.score(state, request, rng(seed)) for seed in range(DRAWS)]
    return np.array([s.tails[:, 0] for s in found]), np.array([-s.values for s in found])


def posterior(arm: str, x: FloatArray) -> tuple[float, float, float, float]:
    """Mean and variance of fraction and of markout at x, from normal equations of all lessons."""
    rows, f = rows_of(history(300, 2), arm), np.array([1.0, *x])
    shown = arm.endswith("lit_take")
    gram, sums = np.eye(3), np.array([0.87 if shown else 0.43, 0.0, 0.0])
    for each, y in zip(rows.f, rows.fraction, strict=True):
        gram, sums = gram + np.outer(each, each), sums + y * each
    a, b = np.eye(3), np.zeros(3)
    for each, y, w in rows.markout:
        a, b = a + w * np.outer(each, each), b + w * y * each
    inverse, spread = np.linalg.inv(gram), np.linalg.inv(a)
    return f @ inverse @ sums, f @ inverse @ f, f @ spread @ b, f @ spread @ f


def test_the_draws_have_the_posteriors_mean_and_covariance() -> None:
    kappa = 0.1  # small, so that no fraction is drawn below 0 or above 1
    learner = LinTS(kappa=kappa, gamma=1.0)
    fractions, markouts = draws(learner, taught(learner, history(300, 2), 2))
    assert fractions.min() > 0.0
    assert fractions.max() < 1.0
    expected = [posterior(arm, x) for arm, x in zip(ARMS, AT, strict=True)]
    both = np.concatenate([fractions, markouts], axis=1)
    mean = np.array([e[0] for e in expected] + [e[2] for e in expected])
    variance = kappa**2 * np.array([e[1] for e in expected] + [e[3] for e in expected])
    scaled = (both - mean) / np.sqrt(variance)
    error = 4.0 / np.sqrt(DRAWS)  # four standard errors of a mean and of a correlation
    assert scaled.mean(axis=0) == pytest.approx(np.zeros(6), abs=error)
    covariance = scaled.T @ scaled / DRAWS
    assert np.diag(covariance) == pytest.approx(np.ones(6), abs=np.sqrt(2.0) * error)
    assert covariance - np.diag(np.diag(covariance)) == pytest.approx(np.zeros((6, 6)), abs=error)
    quartile = np.quantile(scaled, 0.25, axis=0)  # and they are normal: error of a quartile 1.36
    assert quartile == pytest.approx(np.full(6, -0.6745), abs=1.36 * error)


def test_without_a_draw_it_is_linucb_without_a_width() -> None:
    state = taught(LinTS(), history(300, 2), 2)
    request = asked(*ARMS, x=AT, urgency=3.0)
    for kind in ("pick", "softmax"):
        ours = LinTS.from_document({"kappa": 0.0, "split": kind}).score(state, request, rng(1))
        other = LinUCB.from_document({"alpha": 0.0, "split": kind}).score(state, request, rng(2))
        assert np.array_equal(ours.tails, other.tails), kind
        assert np.array_equal(ours.values, other.values), kind


def test_what_is_expected_is_kept_beside_what_was_drawn() -> None:
    learner = LinTS(kappa=1.0)
    state, request = taught(learner, history(300, 2), 2), asked(*ARMS, x=AT)
    mean = LinUCB(alpha=0.0).score(state, request, rng(0)).tails
    first, second = (learner.score(state, request, rng(seed)) for seed in (1, 2))
    assert np.array_equal(first.mean_tails, mean)
    assert not np.array_equal(first.tails, mean)
    assert not np.array_equal(first.tails, second.tails)


def test_softmax_shares_by_hand() -> None:
    learner = LinTS(kappa=0.0, split="softmax", temperature=2.0)
    apart = 2.0 * np.log(7.0) / 0.43
    request = asked("A/dark_mid", "B/dark_mid", cost=[1, 1 + apart], urgency=12.0)
    assert split(learner, learner.initial(0), request, [8, 8]) == [7, 1]


def test_the_best_arm_of_a_linear_world_is_found_in_context() -> None:
    found = fills(LinTS(gamma=1.0), 800, 800)
    assert np.mean(found[-300:]) > 0.9
    assert np.mean(found[:50]) < 0.8
