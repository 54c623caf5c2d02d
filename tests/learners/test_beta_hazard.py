"""Beta posteriors by hand, the spread of a draw, and a world that is known."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from msgspec.structs import replace

from router.learners.beta_hazard import BetaHazard
from router.ports import CHILD_LOTS, Arrays, FloatArray, Lesson
from tests.learners.pools import A, B, IntArray, asked, play, rng, told

# The default prior of a bin is 1/2 ended, 3/2 passed.


def taught(learner: BetaHazard, *lessons: Lesson) -> Arrays:
    state = learner.initial(0)
    for lesson in lessons:
        learner.learn(state, lesson)
    return state


def mean(learner: BetaHazard, state: Arrays, arm: str = A, lots: int = 16) -> FloatArray:
    return np.asarray(learner.score(state, asked([arm], lots), rng(0)).mean_tails[0])


def test_posterior_means_are_counts_over_counts() -> None:
    learner = BetaHazard(gamma=1.0)
    # bins [0], [1], [2, 3], [4, 7], [8, 15]
    state = taught(learner, told(A, 5, 1), told(A, 6, 6), told(A, 9, 0), told(A, 9, 5))
    hazards = [1.5 / 6, 1.5 / 5, 0.5 / 4, 1.5 / 3.5, 0.5 / 2]  # the full 6 passed half of [4, 7]
    stay = 1 - np.array(hazards)
    found = mean(learner, state)
    assert found[0] == pytest.approx(stay[0])
    assert found[1] == pytest.approx(stay[0] * stay[1])
    assert found[2] == pytest.approx(stay[0] * stay[1] * sqrt(stay[2]))
    assert found[7] == pytest.approx(np.prod(stay[:4]))
    assert found[15] == pytest.approx(np.prod(stay))


def test_an_arm_that_takes_what_is_shown_begins_with_less_doubt() -> None:
    learner = BetaHazard()
    assert mean(learner, learner.initial(0), A)[0] == pytest.approx(0.75)
    assert mean(learner, learner.initial(0), "L/lit_make")[0] == pytest.approx(0.75)
    assert mean(learner, learner.initial(0), "L/lit_take")[0] == pytest.approx(0.95)


def test_bins_are_as_wide_as_the_instruments_children_are_large() -> None:
    """Children twice as large, bins twice as wide: 10 of 18 lots end in the bin of 5 of 9."""
    learner = BetaHazard(gamma=1.0)
    small = taught(learner, told(A, 9, 5))
    large = taught(learner, replace(told(A, 18, 10), child_lots=2 * CHILD_LOTS))
    request = replace(asked([A], 32), child_lots=2 * CHILD_LOTS)
    found = learner.score(large, request, rng(0)).mean_tails[0]
    # lots 2, 4, 8, 16 end bins of the one, 4, 8, 16, 32 those of the other
    assert [found[j - 1] for j in (4, 8, 16, 32)] == pytest.approx(
        [mean(learner, small)[j - 1] for j in (2, 4, 8, 16)]
    )


def test_below_min_qty_a_death_is_spread_over_the_bins_below() -> None:
    learner = BetaHazard(gamma=1.0)
    state = taught(learner, told(A, 8, 0, min_lots=2))
    # hazards 1/4 and 1/4: V < 2 is V = 0 with 4/7, V = 1 with 3/7
    first, second = (0.5 + 4 / 7) / 3, (0.5 + 3 / 7) / (2 + 3 / 7)
    assert mean(learner, state)[:2] == pytest.approx([1 - first, (1 - first) * (1 - second)])


def test_counts_fade_back_to_the_prior() -> None:
    learner = BetaHazard(gamma=0.5)
    state = taught(learner, told(A, 4, 0), told(A, 1, 1), told(B, 1, 1))
    assert mean(learner, state)[0] == pytest.approx(1 - (0.5 + 0.25) / (2 + 0.25 + 0.5))


@pytest.mark.parametrize(("kappa", "scale"), [(1.0, 1.0), (0.5, 4.0)])
def test_a_draw_has_the_spread_of_the_beta(kappa: float, scale: float) -> None:
    learner = BetaHazard(kappa=kappa, gamma=1.0)
    state = taught(learner, *[told(A, 1, i % 2) for i in range(20)])
    draw = rng(1)
    found = [learner.score(state, asked([A], 1), draw).tails[0, 0] for _ in range(4000)]
    a, b = 10.5 * scale, 11.5 * scale
    spread = sqrt(a * b / ((a + b) ** 2 * (a + b + 1)))
    assert np.mean(found) == pytest.approx(b / (a + b), abs=4 * spread / sqrt(4000))
    assert np.std(found) == pytest.approx(spread, rel=4 / sqrt(2 * 4000))


def test_without_kappa_a_draw_is_the_mean() -> None:
    learner = BetaHazard(kappa=0.0)
    scores = learner.score(taught(learner, told(A, 4, 2)), asked([A, B], 8), rng(1))
    assert np.array_equal(scores.tails, scores.mean_tails)


def world(rounds: int) -> IntArray:
    """A: all or nothing, half of the time each. B: 4 lots, an edge of the bins, with 0.8."""
    here = rng(12).random((rounds, 2)) < (0.5, 0.8)
    return np.where(here, (512, 4), 0).astype(np.int64)


def test_it_finds_the_best_split_and_the_tails() -> None:
    # 6 and 4. A fifth lot at B fails each time it is tried: after n trials its tail of
    # 0.8 * (1.5 / (2 + n))^(1/4) is below A's 0.5 from n = 8 on, and draws above get rare.
    learner = BetaHazard(gamma=1.0)
    state = learner.initial(0)
    history = play(learner, state, asked([A, B], 10), world(2000))
    assert (history[1500:] == (6, 4)).all(axis=1).mean() > 0.95
    tails = learner.score(state, asked([A, B], 10), rng(0)).mean_tails
    # standard errors of 2000 trials, and the prior's pull of 2 * 0.25 / 2000 a bin
    assert tails[0, 3] == pytest.approx(0.5, abs=4 * sqrt(0.25 / 2000) + 0.002)
    assert tails[1, 3] == pytest.approx(0.8, abs=4 * sqrt(0.16 / 2000) + 0.002)
