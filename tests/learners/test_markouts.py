"""Fading sums, observations and the mean markout that all opponents share."""

from __future__ import annotations

import numpy as np
import pytest

from router.learners import _fading as fading
from router.learners._markouts import learn_markout, mean_markout, worth
from router.learners._outcomes import Outcome, observed
from tests.learners.pools import A, B, asked, told


def test_sums_fade_with_every_lesson_of_whatever_arm() -> None:
    state = fading.started()
    fading.tick(state)
    fading.write(state, "x", np.array([8.0, 4.0]))
    for _ in range(3):
        fading.tick(state)
    assert list(fading.read(state, "x", 2, 0.5)) == [1.0, 0.5]
    fading.write(state, "x", fading.read(state, "x", 2, 0.5) + 1.0)
    fading.tick(state)
    assert list(fading.read(state, "x", 2, 0.5)) == [1.0, 0.75]


def test_sums_that_are_not_there_are_zero() -> None:
    state = fading.started()
    fading.write(state, "x", np.ones(3))
    assert list(fading.read(state, "y", 2, 0.9)) == [0.0, 0.0]
    assert list(fading.read(state, "x", 2, 0.9)) == [0.0, 0.0]


def test_a_mean_markout_weighs_fills_and_a_prior_of_nothing() -> None:
    state = fading.started()
    learn_markout(state, told(A, 10, 10, markout=6.0), 0.5)  # weight 2
    assert mean_markout(state, A, 0.5) == pytest.approx(12 / 11)
    fading.tick(state)
    learn_markout(state, told(A, 50, 40, markout=-3.0), 0.5)  # weight 4, the first has 1 left
    assert mean_markout(state, A, 0.5) == pytest.approx((6 - 12) / (5 + 9))
    for _ in range(2):
        fading.tick(state)
    assert mean_markout(state, A, 0.5) == pytest.approx(-1.5 / (1.25 + 9))
    assert mean_markout(state, B, 0.5) == 0.0


def test_a_markout_is_cut_and_what_is_none_is_not_taken() -> None:
    state = fading.started()
    learn_markout(state, told(A, 5, 5, markout=1e9), 1.0)
    assert mean_markout(state, A, 1.0) == pytest.approx(100 / 10)
    for lesson in (
        told(A, 5, 0, markout=7.0),
        told(A, 5, 5),
        told(A, 5, 5, markout=float("nan")),
        told(A, 5, 5, markout=float("inf")),
    ):
        learn_markout(state, lesson, 1.0)
    assert mean_markout(state, A, 1.0) == pytest.approx(100 / 10)


def test_a_fill_is_worth_urgency_less_cost_less_markout() -> None:
    state = fading.started()
    learn_markout(state, told(A, 5, 5, markout=20.0), 1.0)
    request = asked([A, B, B], 4, cost=[1.5, -0.5, np.nan], urgency=4.0)
    assert worth(state, request, 1.0) == pytest.approx([0.5, 4.5, 0.0])


@pytest.mark.parametrize(
    ("sent", "filled", "min_lots", "outcome", "expected"),
    [
        (8, 3, 0, "observed", Outcome(8, 3, 0)),
        (8, 9, 0, "observed", Outcome(8, 8, 0)),
        (8, 3, 2, "observed", Outcome(8, 3, 0)),  # V = 3 is known, MinQty or not
        (8, 0, 1, "observed", Outcome(8, 0, 0)),  # V < 1: nothing was there
        (8, 0, 4, "observed", Outcome(8, 0, 4)),
        (8, 0, 99, "observed", Outcome(8, 0, 8)),
        (1, 0, 9, "observed", Outcome(1, 0, 0)),
        (8, 0, 4, "last_look", Outcome(8, 0, 0)),
        (8, 0, 0, "rejected", None),
        (8, 0, 0, "unknown", None),
        (8, 0, 0, "canceled_early", None),
        (0, 0, 0, "observed", None),
    ],
)
def test_only_what_was_seen_is_an_observation(
    sent: int, filled: int, min_lots: int, outcome: str, expected: Outcome | None
) -> None:
    assert observed(told(A, sent, filled, min_lots=min_lots, outcome=outcome)) == expected


def test_quantities_above_a_bound_are_censored_at_it() -> None:
    assert Outcome(900, 700, 0).within(512) == Outcome(512, 512, 0)
    assert Outcome(900, 300, 0).within(512) == Outcome(512, 300, 0)
    assert Outcome(900, 700, 0).within(512).full
