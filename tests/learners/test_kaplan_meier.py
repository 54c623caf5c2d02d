"""The product-limit estimate of a small censored sample, its bound, and the best split found."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from router.learners.kaplan_meier import LOTS_MAX, KaplanMeier
from router.ports import Arrays, FloatArray, Lesson, Scores
from tests.learners.pools import A, B, asked, given, play, rng, told, two_pools

SAMPLE = ((3, 3), (5, 2), (4, 0), (2, 1), (6, 6))
"""Sent and filled. Tried 5, 4, 3 and then 1, 1, 1; failed 1, 1, 1 and then none."""


def taught(learner: KaplanMeier, *lessons: Lesson) -> Arrays:
    state = learner.initial(0)
    for lesson in lessons:
        learner.learn(state, lesson)
    return state


def scores(learner: KaplanMeier, *lessons: Lesson, lots: int = 8) -> Scores:
    return learner.score(taught(learner, *lessons), asked([A], lots), rng(0))


def sample() -> list[Lesson]:
    return [told(A, sent, filled) for sent, filled in SAMPLE]


def wilson(p: float, n: float, z: float) -> float:
    """The larger root of (x - p)^2 = z^2 x (1 - x) / n."""
    a, b, c = 1 + z * z / n, -(2 * p + z * z / n), p * p
    return (-b + sqrt(max(0.0, b * b - 4 * a * c))) / (2 * a)


def test_the_estimate_of_a_small_censored_sample() -> None:
    found = scores(KaplanMeier(optimism=0.0, gamma=1.0), *sample())
    expected = [4 / 5, 3 / 5, 2 / 5, 2 / 5, 2 / 5, 2 / 5, 2 / 5, 2 / 5]
    assert found.tails[0] == pytest.approx(expected)
    assert found.mean_tails[0] == pytest.approx(expected)


def test_optimism_is_the_upper_bound_by_greenwoods_variance() -> None:
    found = scores(KaplanMeier(optimism=1.0, gamma=1.0), *sample())
    # Greenwood's sums are 1/20, 2/15 and 3/10, of 5 trials each: nothing is censored before lot 4
    expected = [wilson(0.8, 5, 1), wilson(0.6, 5, 1), wilson(0.4, 5, 1)]
    assert found.tails[0, :3] == pytest.approx(expected)
    assert found.tails[0, 0] == pytest.approx((0.9 + sqrt(0.2 * 0.21)) / 1.2)
    assert found.tails[0, 7] == pytest.approx(expected[-1])
    assert found.mean_tails[0, :3] == pytest.approx([0.8, 0.6, 0.4])


def test_an_arm_that_failed_has_a_bound_above_zero() -> None:
    nothing = [told(A, 4, 0)] * 3
    found = scores(KaplanMeier(optimism=1.0, gamma=1.0), *nothing)
    assert found.tails[0, 0] == pytest.approx(wilson(0.0, 3, 1))  # z^2 / (n + z^2) = 1/4
    assert found.mean_tails[0, 0] == 0.0
    assert scores(KaplanMeier(optimism=0.0, gamma=1.0), *nothing).tails[0, 0] < 1e-8


def test_an_arm_never_met_and_lots_never_tried_are_expected_to_be_there() -> None:
    assert (scores(KaplanMeier()).tails == 1.0).all()
    assert (scores(KaplanMeier(), told(A, 3, 3)).tails == 1.0).all()


def test_below_min_qty_a_failure_is_spread_by_the_present_estimate() -> None:
    # hazards 1/3 and 1: V < 2 ends at the first lot with 1/3, at the second with 2/3 * 1
    learner = KaplanMeier(optimism=0.0, gamma=1.0)
    known = [told(A, 1, 0), told(A, 1, 1), told(A, 2, 1)]
    found = scores(learner, *known, told(A, 8, 0, min_lots=2))
    assert found.tails[0, 0] == pytest.approx(1 - (1 + 1 / 3) / 4)
    assert found.tails[0, 1] == pytest.approx(0.0, abs=1e-8)
    # where no failure is known all lots below share it: 1/2 of 1 trial, 1/2 of 1/2 a trial
    fresh = scores(learner, told(A, 8, 0, min_lots=2))
    assert fresh.tails[0, 0] == pytest.approx(0.5)
    assert fresh.tails[0, 1] == pytest.approx(0.0, abs=1e-8)


def test_forgetting_weighs_lessons_by_age_and_widens_the_bound() -> None:
    found = scores(KaplanMeier(optimism=0.0, gamma=0.5), told(A, 1, 1), told(A, 1, 0))
    assert found.tails[0, 0] == pytest.approx(0.5 / 1.5)
    learner = KaplanMeier(optimism=1.0, gamma=0.5)
    lessons = [told(A, 1, 1), told(A, 1, 0), *[told(B, 1, 1)] * 4]
    assert scores(learner, *lessons).tails[0, 0] == pytest.approx(wilson(1 / 3, 1.5 / 16, 1))


def test_what_has_faded_away_is_as_if_never_met() -> None:
    for lessons in (60, 1060):  # 1e-18 of a trial; one less than the smallest normal number
        learner = KaplanMeier(optimism=1.0, gamma=0.5)
        state = taught(learner, told(A, 4, 0), *[told(B, 1, 1)] * lessons)
        found = learner.score(state, asked([A], 8), rng(0))
        assert (found.tails == 1.0).all()
        assert (found.mean_tails == 1.0).all()


def naive(lessons: list[tuple[int, int]], lots: int) -> FloatArray:
    """By its definition, from the list of all orders."""
    tail, found = 1.0, []
    for j in range(1, lots + 1):
        tried = [filled >= j for sent, filled in lessons if sent >= j and filled >= j - 1]
        tail *= sum(tried) / len(tried) if tried else 1.0
        found.append(tail)
    return np.array(found)


def test_counts_are_all_that_is_needed_of_the_past() -> None:
    draw = rng(2)
    orders = []
    for _ in range(400):
        sent, volume = int(draw.integers(1, 700)), int(draw.geometric(0.005)) - 1
        orders.append((sent, min(sent, volume * int(draw.random() < 0.7))))
    learner = KaplanMeier(optimism=0.0, gamma=1.0)
    found = scores(learner, *[told(A, *order) for order in orders], lots=600).tails[0]
    assert found[:LOTS_MAX] == pytest.approx(naive(orders, LOTS_MAX))
    assert (found[LOTS_MAX:] == found[LOTS_MAX - 1]).all()


def test_optimism_finds_the_best_split_and_the_tails() -> None:
    learner = KaplanMeier(optimism=1.0, gamma=1.0)
    state = learner.initial(0)
    history = play(learner, state, asked([A, B], 10), two_pools(1500))
    assert (history[1000:] == (5, 5)).all()
    tails = learner.score(state, asked([A, B], 10), rng(0)).mean_tails
    # standard errors of 1500 trials: sqrt(0.25 / 1500) = 0.013 and sqrt(0.16 / 1500) = 0.010
    assert tails[0, :5] == pytest.approx([0.5] * 5, abs=4 * 0.013)
    assert tails[1, :5] == pytest.approx([0.8] * 5, abs=4 * 0.010)


@pytest.mark.parametrize(("optimism", "lots"), [(0.0, 0), (2.0, 10)])
def test_the_plain_estimate_may_lose_the_better_arm_for_good(optimism: float, lots: int) -> None:
    # A, there half of the time, failed first; B is there three times in ten and filled first. With
    # z = 2 the bound of A after n failures only, 4 / (n + 4), is above 0.3 for 9 of them.
    hidden = np.where(rng(13).random((1000, 2)) < (0.5, 0.3), 20, 0).astype(np.int64)
    learner = KaplanMeier(optimism=optimism, gamma=1.0)
    state = taught(learner, told(A, 10, 0), told(B, 10, 10))
    history = play(learner, state, asked([A, B], 10), hidden)
    assert (history[800:] == (lots, 10 - lots)).all()


def test_lots_that_no_tail_speaks_for_go_where_fewest_are() -> None:
    learner = KaplanMeier(optimism=0.0, gamma=1.0)
    state = taught(learner, told(A, 4, 0), told(B, 4, 2))
    assert given(learner, state, asked([A, B], 10), rng(0)) == (5, 5)
