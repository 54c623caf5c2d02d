"""What waiting is worth, by hand; and who may wait."""

from __future__ import annotations

from math import exp, fsum, inf, lgamma, log, nextafter

import numpy as np
import pytest
from msgspec.structs import replace

from router.learners._waiting import SUMMED_MAX, at_least, option_bp
from router.learners.hazard import Hazard
from router.ports import ScoreRequest, Scores

MANY = np.array([9.0])


def test_one_share_may_save_what_a_fill_saves_if_one_comes_in_time() -> None:
    # it costs 8 bp less than u if its order fills; a quarter of a fill a round is expected
    for rounds in (1.0, 3.0):
        found = option_bp(np.array([8.0]), np.array([[0.25]]), MANY, 0.0, 1, rounds)
        assert found == pytest.approx(8.0 * (1.0 - exp(-0.25 * rounds)))


def test_the_last_of_several_waits_until_the_others_are_filled() -> None:
    # of two lots 0.5 + 0.25 fill in a round; both do in two of them with 1 - e^-1.5 (1 + 1.5)
    found = option_bp(np.array([8.0]), np.array([[0.5, 0.25]]), MANY, 0.0, 2, 2.0)
    assert found == pytest.approx(8.0 * (1.0 - 2.5 * exp(-1.5)))


def test_lots_share_the_queues() -> None:
    # of three lots 0.5 + 0.25 + 0.4 fill in a round: G / F = (8 (0.75) + 10 (0.4)) / 1.15
    values, tails = np.array([8.0, 10.0]), np.array([[0.5, 0.25, 0.1], [0.4, 0.3, 0.1]])
    found = option_bp(values, tails, np.array([9.0, 1.0]), 0.0, 3, 1.0)
    assert found == pytest.approx(10.0 / 1.15 * at_least(3, 1.15))


def test_only_the_best_lots_rest() -> None:
    values, tails = np.array([8.0, 10.0]), np.array([[0.5, 0.25], [0.6, 0.1]])
    found = option_bp(values, tails, np.array([9.0, 9.0]), 0.0, 1, 1.0)
    assert found == pytest.approx(10.0 * (1.0 - exp(-0.6)))


def test_lots_rest_as_the_footprint_lets_them() -> None:
    # the second lot earns 8 (0.25) = 2 bp and would cost 3
    found = option_bp(np.array([8.0]), np.array([[0.5, 0.25]]), MANY, 3.0, 2, 2.0)
    assert found == pytest.approx(8.0 * (1.0 - 2.0 * exp(-1.0)))


def of_logarithms(count: int, mean: float) -> float:
    """P(N >= count) from the logarithm of each term below it."""
    below = (k * log(mean) - mean - lgamma(k + 1.0) for k in range(count))
    return 1.0 - fsum(map(exp, below))


@pytest.mark.parametrize("mean", [3.0, 650.0, 700.0, 701.0, 740.0, 800.0, 4_000.0, 50_000.0])
@pytest.mark.parametrize("deviations", [-6.0, -2.0, -0.5, 0.0, 0.5, 1.0, 3.0, 6.0])
def test_any_mean_has_its_chance(mean: float, deviations: float) -> None:
    count = max(0, round(mean + deviations * mean**0.5))
    assert at_least(count, mean) == pytest.approx(of_logarithms(count, mean), rel=1e-9, abs=1e-10)


@pytest.mark.parametrize(
    ("count", "mean", "chance"),
    [
        (5_000, 800.0, 0.0),
        (900, 740.0, 0.0),
        (1, 800.0, 1.0),
        (0, 800.0, 1.0),
        (10, 5e6, 1.0),
        (10_000, 708.0, 0.0),
    ],
)
def test_many_that_come_are_neither_none_nor_all(count: int, mean: float, chance: float) -> None:
    assert at_least(count, mean) == pytest.approx(chance, abs=2e-8)


def test_a_large_mean_goes_on_where_a_small_one_ends() -> None:
    for count in (600, 699, 700, 701, 750, 800):
        over = at_least(count, nextafter(SUMMED_MAX, inf))
        assert over == pytest.approx(at_least(count, SUMMED_MAX), rel=1e-9, abs=1e-11)


@pytest.mark.parametrize(
    ("value", "queue", "lots", "rounds"),
    [(8.0, 0.0, 1, 1.0), (-8.0, 9.0, 1, 1.0), (8.0, 9.0, 1, 0.0), (8.0, 9.0, 0, 1.0)],
)
def test_without_a_queue_a_gain_a_lot_or_time_there_is_nothing_to_wait_for(
    value: float, queue: float, lots: int, rounds: float
) -> None:
    found = option_bp(np.array([value]), np.array([[0.5]]), np.array([queue]), 0.0, lots, rounds)
    assert found == 0.0


def test_nobody_pays_to_wait_and_waiting_is_worth_no_more_than_the_fill() -> None:
    chance = np.random.Generator(np.random.Philox(key=1))
    for _ in range(200):
        values = 30.0 * chance.standard_normal(4)
        tails = np.sort(chance.random((4, 12)), axis=1)[:, ::-1]
        queues, lots = chance.integers(0, 5, 4).astype(float), int(chance.integers(1, 13))
        found = option_bp(values, tails, queues, chance.random(), lots, 5.0 * chance.random())
        assert 0.0 <= found <= max(0.0, values.max())


def test_an_order_that_is_large_beside_its_queues_does_not_wait() -> None:
    tails = np.full((1, 40), 0.7)
    assert option_bp(np.array([13.0]), tails, MANY, 11.0, 31, 4.2) < 1e-6


def test_a_chance_is_that_of_a_poisson_number() -> None:
    assert at_least(0, 1.5) == 1.0
    assert at_least(1, 1.5) == pytest.approx(1.0 - exp(-1.5))
    assert at_least(3, 1.5) == pytest.approx(1.0 - exp(-1.5) * (1.0 + 1.5 + 1.125))
    # the chances add up to the mean
    assert sum(at_least(k, 3.7) for k in range(1, 60)) == pytest.approx(3.7)
    assert at_least(512, 3.0) == 0.0
    assert at_least(512, 1e4) == 1.0


# -- the learner ---------------------------------------------------------------------------------

REQUEST = ScoreRequest(
    symbol="XYZ",
    arms=("A/lit_take", "A/lit_make"),
    features=np.zeros((2, 0)),
    cost_bp=np.array([3.0, -2.0]),
    displayed_lots=np.zeros(2),
    lots=1,
    urgency_bp=4.0,
    participation=2.0,
    intervals=np.array([1.0, 30.0]),
    queue_lots=np.array([0.0, 5.0]),
    rounds=50.0,
)


def scored(request: ScoreRequest, waits: float = 2.0) -> Scores:
    learner = Hazard(kappa=0.0, waits=waits)
    return learner.score(learner.initial(0), request, np.random.Generator(np.random.Philox(key=0)))


def test_to_take_is_worth_less_by_what_waiting_is_worth() -> None:
    found = scored(REQUEST)
    tail = float(found.mean_tails[1, 0])
    assert 0.2 < tail < 0.9
    # the make is worth 4 + 2 bp, and there are two rounds
    assert found.wait_bp == pytest.approx(6.0 * (1.0 - exp(-2.0 * tail)))
    assert found.values == pytest.approx([1.0 - found.wait_bp, 6.0])
    assert found.mean_values == pytest.approx(found.values)


@pytest.mark.parametrize(
    ("waits", "patience", "rounds", "tries"),
    [(2.0, 0.5, 50.0, 1.0), (8.0, 0.5, 1.5, 1.5), (2.0, 1.0, 0.25, 0.25)],
)
def test_tries_are_bounded_by_what_the_algo_and_the_schedule_leave(
    waits: float, patience: float, rounds: float, tries: float
) -> None:
    found = scored(replace(REQUEST, patience=patience, rounds=rounds), waits)
    tail = float(found.mean_tails[1, 0])
    assert found.wait_bp == pytest.approx(6.0 * (1.0 - exp(-tries * tail)))


@pytest.mark.parametrize(
    "request_",
    [
        replace(REQUEST, patience=0.0),
        replace(REQUEST, rounds=0.0),
        replace(REQUEST, queue_lots=None),
        replace(REQUEST, queue_lots=np.zeros(2)),
    ],
    ids=["must trade", "no time", "no queues", "closed by a rule"],
)
def test_who_cannot_rest_again_does_not_wait(request_: ScoreRequest) -> None:
    found = scored(request_)
    assert found.wait_bp == 0.0
    assert found.values == pytest.approx([1.0, 6.0])


def test_it_can_be_switched_off() -> None:
    assert scored(REQUEST, waits=0.0).wait_bp == 0.0


def test_lower_bounds_wait_as_well() -> None:
    found = scored(replace(REQUEST, bounds=True))
    alone = scored(replace(REQUEST, bounds=True), waits=0.0)
    assert found.low_values is not None
    assert alone.low_values is not None
    assert found.low_values == pytest.approx(alone.low_values - [found.wait_bp, 0.0])
