"""Zero bin and power law: the fit against the likelihood written from its definition."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest

from router.learners.power_law import LOTS_MAX, PowerLaw
from router.ports import Arrays, FloatArray
from tests.learners.pools import A, B, asked, play, rng, told

Order = tuple[int, int]
"""Sent and filled."""

SAMPLE = [(8, 0), (8, 0), (8, 0), (8, 1), (5, 2), (8, 8), (3, 3), (8, 1), (20, 9), (1, 1)]


def taught(learner: PowerLaw, orders: list[Order]) -> Arrays:
    state = learner.initial(0)
    for sent, filled in orders:
        learner.learn(state, told(A, sent, filled))
    return state


def tails(learner: PowerLaw, state: Arrays, lots: int) -> FloatArray:
    return np.asarray(learner.score(state, asked([A], lots), rng(0)).tails[0])


def law(exponent: float) -> FloatArray:
    """P(V = v | V >= 1), v = 1..LOTS_MAX."""
    sizes = np.arange(1, LOTS_MAX + 1) ** -float(exponent)
    return np.asarray(sizes / sizes.sum())


def volumes(count: int, empty: float, exponent: float, seed: int) -> list[int]:
    draw = rng(seed)
    found = draw.choice(np.arange(1, LOTS_MAX + 1), count, p=law(exponent))
    return [int(v) for v in np.where(draw.random(count) < empty, 0, found)]


def drawn(count: int, empty: float, exponent: float, largest: int) -> list[Order]:
    sizes = rng(6).integers(1, largest, count)
    hidden = volumes(count, empty, exponent, 4)
    return [(int(s), min(int(s), v)) for s, v in zip(sizes, hidden, strict=True)]


def log_likelihood(orders: list[Order], empty: float, exponent: float) -> float:
    chances, total = law(exponent), 0.0
    for sent, filled in orders:
        if filled == 0:
            total += log(empty)
        elif filled < sent:
            total += log((1 - empty) * chances[filled - 1])
        else:
            total += log((1 - empty) * chances[sent - 1 :].sum())
    return total


@pytest.mark.parametrize("orders", [SAMPLE, drawn(40, 0.8, 1.0, 40), drawn(40, 0.3, 2.4, 9)])
def test_no_point_of_a_grid_is_more_likely_than_the_fit(orders: list[Order]) -> None:
    learner = PowerLaw(refit=1, prior_orders=0.0, gamma=1.0)
    state = taught(learner, orders)
    empty, exponent = 1 - tails(learner, state, 1)[0], state[f"fit/{A}"][0]
    best = max(
        (log_likelihood(orders, p, b), p, b)
        for p in np.linspace(0.05, 0.95, 31)
        for b in np.linspace(0.0, 4.0, 41)
    )
    assert log_likelihood(orders, empty, exponent) > best[0] - 1e-6
    assert (empty, exponent) == pytest.approx(best[1:], abs=0.06)


def test_tails_are_those_of_the_law() -> None:
    learner = PowerLaw(refit=1, prior_orders=0.0, gamma=1.0)
    state = taught(learner, SAMPLE)
    found, chances = tails(learner, state, 600), law(state[f"fit/{A}"][0])
    for lots in (1, 2, 7, 64, 512):
        assert found[lots - 1] == pytest.approx(0.7 * chances[lots - 1 :].sum())
    assert (found[512:] == 0.0).all()


def test_before_the_first_order_half_of_a_flat_law_is_expected() -> None:
    found = tails(PowerLaw(), PowerLaw().initial(0), 512)
    assert found == pytest.approx(0.5 * (1 - np.arange(512) / 512))


def test_the_prior_is_orders_of_which_half_found_nothing() -> None:
    learner = PowerLaw(prior_orders=2.0, gamma=1.0)
    assert tails(learner, taught(learner, SAMPLE), 1)[0] == pytest.approx(1 - (3 + 1) / (10 + 2))


def test_the_zero_bin_is_fresh_and_the_exponent_waits() -> None:
    learner = PowerLaw(refit=4, prior_orders=0.0, gamma=1.0)
    state = taught(learner, [(8, 1), (8, 2), (8, 0)])
    assert tails(learner, state, 512) == pytest.approx(2 / 3 * (1 - np.arange(512) / 512))
    learner.learn(state, told(A, 8, 1))
    assert tails(learner, state, 2)[1] < 0.4


def test_below_min_qty_an_order_is_split_between_nothing_and_the_sizes_below() -> None:
    # p = 1/2 and a flat law: V < 3 has the chances 1/2, 1/1024, 1/1024
    learner = PowerLaw(prior_orders=1.0, gamma=1.0)
    state = learner.initial(0)
    learner.learn(state, told(A, 8, 0, min_lots=3))
    nothing = 512 / 514
    assert tails(learner, state, 1)[0] == pytest.approx(1 - (nothing + 0.5) / 2)
    exact, logs = state[f"seen/{A}"][1:3]
    assert (exact, logs) == pytest.approx((2 / 514, log(2) / 514))


def test_forgetting_weighs_orders_by_age() -> None:
    learner = PowerLaw(prior_orders=0.0, gamma=0.5)
    assert tails(learner, taught(learner, [(8, 0), (8, 3)]), 1)[0] == pytest.approx(1 / 1.5)


def test_the_exponent_of_a_known_law_is_found() -> None:
    orders = drawn(1500, 0.7, 1.0, 60)
    learner = PowerLaw(refit=1500, gamma=1.0)
    found = taught(learner, orders)[f"fit/{A}"][0]
    h = 0.05  # observed information by second differences
    near = [log_likelihood(orders, 0.7, 1.0 + step) for step in (-h, 0.0, h)]
    error = 1 / sqrt(-(near[0] - 2 * near[1] + near[2]) / h**2)
    assert error < 0.05
    assert found == pytest.approx(1.0, abs=4 * error)


def test_it_finds_the_best_split() -> None:
    # A: 0.8 for the first lot, 0.8 * 0.17 for the second; B: 0.4 * (1 - j / 512): best is 1 and 9.
    # The gap of 0.25 is 16 standard errors of a share of 1000 orders.
    learner = PowerLaw(gamma=1.0)
    hidden = np.array([volumes(1000, 0.2, 3.0, 8), volumes(1000, 0.6, 0.0, 9)]).T
    history = play(learner, learner.initial(0), asked([A, B], 10), hidden)
    assert (history[500:] == (1, 9)).all()
