"""Orders that rest are observed in intervals, and scored for the time that they will rest."""

from __future__ import annotations

import numpy as np
import pytest

from router.learners._tails import BINS, edges_of, rows, tails
from router.learners.hazard import Hazard
from router.ports import Arrays, FloatArray, Lesson, ScoreRequest

ARM = "A/lit_make"
NONE = np.zeros(0)
HALF = np.full(BINS, 0.5)


def rng(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def logits_of(hazards: FloatArray) -> FloatArray:
    return np.asarray(np.log(hazards / (1 - hazards)))[np.newaxis]


def mean_tail(
    learner: Hazard, state: Arrays, intervals: int | None, arm: str = ARM, lots: int = 64
) -> FloatArray:
    zero = np.zeros(1)
    rests = None if intervals is None else np.array([float(intervals)])
    request = ScoreRequest(
        "XYZ", (arm,), np.zeros((1, 0)), zero, zero, lots, 0.0, 1.0, intervals=rests
    )
    return np.asarray(learner.score(state, request, rng(0)).mean_tails[0])


def test_nothing_comes_in_m_intervals_with_the_mth_power_of_the_hazard() -> None:
    hazards = np.full(BINS, 0.5)
    hazards[:3] = 0.9, 0.2, 0.36
    found = tails(np.repeat(logits_of(hazards), 3, axis=0), 4, 256, np.array([1.0, 2.0, 10.0]))
    assert found[:, 0] == pytest.approx([0.1, 0.19, 1 - 0.9**10])
    assert found[:, 1] == pytest.approx(0.8 * found[:, 0])
    assert found[:, 3] == pytest.approx(0.8 * 0.64 * found[:, 0])
    once = tails(logits_of(hazards), 4)
    assert found[0] == pytest.approx(once[0])  # an order that does not rest has one interval


def test_a_hazard_of_almost_one_in_many_intervals_stays_a_probability() -> None:
    found = tails(np.array([[800.0] * BINS, [-800.0] * BINS]), 4, 256, np.array([600.0, 600.0]))
    assert found[0] == pytest.approx(np.zeros(4), abs=1e-200)
    assert found[1] == pytest.approx(np.ones(4))


@pytest.mark.parametrize(
    ("sent", "filled", "intervals", "bins", "labels", "weights"),
    [
        (5, 0, 7, [0], [1], [7]),
        (4, 4, 1, [0, 1, 2], [0, 0, 0], [1, 1, 1]),
        (4, 4, 5, [0, 1, 2], [0.8, 0, 0], [5, 1, 1]),  # four empty ones, and that of the fill
        (9, 3, 2, [0, 1, 2], [0.5, 0, 1], [2, 1, 1]),
        (5, 0, 10_000, [0], [1], [600]),
    ],
)
def test_empty_intervals_are_deaths_in_the_zero_bin(
    sent: int,
    filled: int,
    intervals: int,
    bins: list[int],
    labels: list[float],
    weights: list[float],
) -> None:
    found = rows(sent, filled, 0, HALF, 256, intervals)
    assert [list(part) for part in found] == [bins, pytest.approx(labels), weights]


def test_a_likelihood_by_rows_is_that_of_waiting_and_then_the_size() -> None:
    hazards = rng(3).uniform(0.05, 0.95, BINS)
    sizes = tails(logits_of(hazards), 300)[0]
    for sent, intervals in ((1, 1), (6, 4), (32, 30), (200, 2)):
        bins, labels, weights = rows(sent, sent, 0, hazards, 256, intervals)
        chosen = hazards[bins]
        loglik = weights * (labels * np.log(chosen) + (1 - labels) * np.log1p(-chosen))
        waited = hazards[0] ** (intervals - 1)
        assert np.exp(loglik.sum()) == pytest.approx(waited * sizes[sent - 1])


def test_below_min_qty_the_intervals_are_spread_like_the_death() -> None:
    """Every way to fall short of 4 lots in 5 intervals, written out."""
    hazards, intervals = np.full(BINS, 0.5), 5
    hazards[:3] = 0.7, 0.4, 0.3
    ways = {(0, 0): 0.7**intervals}  # (the interval in which something came or 0, its bin)
    for at in range(1, intervals + 1):
        ways[at, 1] = 0.7 ** (at - 1) * 0.3 * 0.4
        ways[at, 2] = 0.7 ** (at - 1) * 0.3 * 0.6 * 0.3
    total = sum(ways.values())
    deaths, survivals = np.zeros(3), np.zeros(3)
    for (arrived, b), chance in ways.items():
        share = chance / total
        deaths[0] += share * (arrived - 1 if arrived else intervals)
        survivals[:b] += share
        if b:
            deaths[b] += share
    bins, labels, weights = rows(8, 0, 4, hazards, 256, intervals)
    assert list(bins) == [0, 1, 2]
    assert labels * weights == pytest.approx(deaths)
    assert (1 - labels) * weights == pytest.approx(survivals)


def test_a_queue_is_known_at_every_rest_from_orders_that_rested_for_any_time() -> None:
    """Something comes in a second with probability 0.08; sizes are geometric with mean 5."""
    learner, draw = Hazard(gamma=1.0, kappa=0.0), rng(7)
    state = learner.initial(0)
    for _ in range(3000):
        rest, sent = int(draw.integers(1, 31)), int(edges_of(256)[draw.integers(1, 7)])
        arrives = int(draw.geometric(0.08))
        came = arrives <= rest
        filled = min(sent, int(draw.geometric(0.2))) if came else 0
        intervals = arrives if came else rest
        learner.learn(
            state, Lesson("XYZ", ARM, NONE, sent, filled, 0, "observed", None, 256, intervals)
        )
    for rest in (1, 5, 30, 60):
        for lots in (1, 2, 4, 8, 16):
            truth = (1 - 0.92**rest) * 0.8 ** (lots - 1)
            found = mean_tail(learner, state, rest)[lots - 1]
            assert found == pytest.approx(truth, abs=0.04), (rest, lots)


def test_before_any_lesson_a_rest_of_half_a_minute_is_worth_what_learning_md_says() -> None:
    learner = Hazard(kappa=0.0)
    state = learner.initial(0)
    assert mean_tail(learner, state, 30)[0] == pytest.approx(1 - 0.27, abs=0.05)
    assert mean_tail(learner, state, 1)[0] < 0.1
    taken = mean_tail(learner, state, None, arm="A/lit_take")
    assert taken == pytest.approx(mean_tail(learner, state, 1, arm="A/lit_take"))
    assert taken[0] > 0.9
