"""What waiting is worth, by hand; and who may wait."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from router.learners._waiting import option_bp
from router.learners.hazard import Hazard
from router.ports import ScoreRequest, Scores

MANY = np.array([9.0])


def test_one_more_try_is_worth_its_chance_times_what_it_saves() -> None:
    # a share costs 8 bp less than u if its order fills, which it does one time in four
    assert option_bp(np.array([8.0]), np.array([[0.25]]), MANY, 1, 1.0) == pytest.approx(2.0)


def test_a_second_try_is_worth_something_only_if_the_first_has_failed() -> None:
    # 2 of 8 bp with the first, a quarter of the other 6 with the second
    assert option_bp(np.array([8.0]), np.array([[0.25]]), MANY, 1, 2.0) == pytest.approx(3.5)


@pytest.mark.parametrize("seed", range(8))
def test_it_is_the_recursion_of_who_tries_once_more(seed: int) -> None:
    chance = np.random.Generator(np.random.Philox(key=seed))
    value, tail = 40.0 * chance.random(), chance.random()
    cost = u = 17.0  # of a share that is not done, with no try left
    for rounds in range(1, 6):
        cost = tail * (u - value) + (1.0 - tail) * cost
        found = option_bp(np.array([value]), np.array([[tail]]), MANY, 1, float(rounds))
        assert u - found == pytest.approx(cost)


def test_lots_share_the_queues() -> None:
    # of three lots 0.5 + 0.25 + 0.4 are expected to fill: G = 8 (0.75) + 10 (0.4) = 10 bp lots
    values, tails = np.array([8.0, 10.0]), np.array([[0.5, 0.25, 0.1], [0.4, 0.2, 0.1]])
    found = option_bp(values, tails, np.array([9.0, 1.0]), 3, 1.0)
    assert found == pytest.approx(10.0 / 3.0)


def test_only_the_best_lots_rest() -> None:
    values, tails = np.array([8.0, 10.0]), np.array([[0.5, 0.25], [0.6, 0.1]])
    assert option_bp(values, tails, np.array([9.0, 9.0]), 1, 1.0) == pytest.approx(6.0)


@pytest.mark.parametrize(
    ("value", "queue", "lots", "rounds"),
    [(8.0, 0.0, 1, 1.0), (-8.0, 9.0, 1, 1.0), (8.0, 9.0, 1, 0.0), (8.0, 9.0, 0, 1.0)],
)
def test_without_a_queue_a_gain_a_lot_or_time_there_is_nothing_to_wait_for(
    value: float, queue: float, lots: int, rounds: float
) -> None:
    found = option_bp(np.array([value]), np.array([[0.5]]), np.array([queue]), lots, rounds)
    assert found == 0.0


def test_nobody_pays_to_wait_and_waiting_is_worth_no_more_than_the_fill() -> None:
    chance = np.random.Generator(np.random.Philox(key=1))
    for _ in range(200):
        values = 30.0 * chance.standard_normal(4)
        tails = np.sort(chance.random((4, 12)), axis=1)[:, ::-1]
        queues, lots = chance.integers(0, 5, 4).astype(float), int(chance.integers(1, 13))
        found = option_bp(values, tails, queues, lots, 5.0 * chance.random())
        assert 0.0 <= found <= max(0.0, values.max())


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


def test_values_of_all_arms_are_less_by_what_waiting_is_worth() -> None:
    found = scored(REQUEST)
    tail = float(found.mean_tails[1, 0])
    assert 0.2 < tail < 0.9
    # the make is worth 4 + 2 bp, and there are two tries
    assert found.wait_bp == pytest.approx(6.0 * (1.0 - (1.0 - tail) ** 2))
    assert found.values == pytest.approx([1.0 - found.wait_bp, 6.0 - found.wait_bp])
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
    assert found.wait_bp == pytest.approx(6.0 * (1.0 - (1.0 - tail) ** tries))


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
    assert found.low_values == pytest.approx(alone.low_values - found.wait_bp)
