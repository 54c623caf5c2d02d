"""A play pays what the truth says of what was sent, and tells no more than fills."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from router.experiments.dark import Dark
from router.experiments.play import BLOCK, Learning, Oracle, Outcome, play, worth
from router.experiments.world import IntArray, Moment
from router.learners.pro_rata import ProRata
from router.ports import ScoreRequest

ARMS = ("A/dark_mid", "B/dark_mid")


def moment(lots: int = 3, hidden: tuple[int, int] = (1, 3)) -> Moment:
    request = ScoreRequest(
        symbol="SYN",
        arms=ARMS,
        features=np.array([[0.5], [-0.5]]),
        cost_bp=np.zeros(2),
        displayed_lots=np.zeros(2),
        lots=lots,
        urgency_bp=1.0,
        participation=1.0,
    )
    return Moment(
        request=request,
        hidden=np.array(hidden),
        markouts_bp=np.array([[0.1, 0.2, 0.25], [-0.25, -0.5, -0.75]]),
        tails=np.array([[0.9, 0.5, 0.1], [0.6, 0.6, 0.2]]),
        values=np.array([2.0, 1.0]),
    )


class TwoArms:
    """A world of one moment, again and again."""

    arms = ARMS
    dimensions = 1
    decisions = 2 * BLOCK
    breaks_at = None

    def moments(self, seed: int) -> Iterator[Moment]:
        for _ in range(self.decisions):
            yield moment()


class Fixed:
    """Sends the same, and remembers what it was told."""

    def __init__(self, *lots: int) -> None:
        self.lots = np.array(lots)
        self.told: list[Outcome] = []

    def decide(self, at: int, moment: Moment) -> IntArray:
        return self.lots

    def observe(self, request: ScoreRequest, outcomes: Sequence[Outcome]) -> None:
        self.told += outcomes


def test_worth_by_hand() -> None:
    """2 (0.9 + 0.5) + 1 (0.6) = 3.4."""
    assert worth(moment(), np.array([2, 1])) == pytest.approx(3.4)
    assert worth(moment(), np.array([0, 0])) == 0.0


def test_the_oracle_takes_the_best_marginals() -> None:
    """Marginals: 1.8, 1.0, 0.2 and 0.6, 0.6, 0.2: two lots to A, one to B."""
    assert Oracle().decide(0, moment()).tolist() == [2, 1]


def test_a_course_sums_blocks_and_the_oracle_is_its_own_measure() -> None:
    course = play(Oracle(), TwoArms(), 1)
    assert course.reward == pytest.approx([3.4 * BLOCK] * 2)
    assert np.array_equal(course.reward, course.best)
    assert course.lots.tolist() == [[2 * BLOCK, BLOCK]] * 2


def test_what_was_not_sent_and_what_was_not_filled_stay_unknown() -> None:
    player = Fixed(3, 0)
    course = play(player, TwoArms(), 1)
    assert course.reward == pytest.approx([2.0 * 1.5 * BLOCK] * 2)
    [told] = player.told[:1]
    lesson = told.lesson
    assert (lesson.arm, lesson.sent_lots, lesson.filled_lots) == (ARMS[0], 3, 1)
    assert lesson.features.tolist() == [0.5]
    assert told.markout_bp == 0.25
    marks = [(each.lots, each.horizon, each.before_bp, each.markout_bp) for each in told.markouts]
    assert marks == [(1, 0, 0.0, 0.1), (1, 1, 0.1, 0.2), (1, 2, 0.2, 0.25)]
    assert {each.lesson.arm for each in player.told} == {ARMS[0]}


def test_a_fill_of_nothing_shows_no_markout() -> None:
    player = Fixed(0, 2)

    class Empty(TwoArms):
        def moments(self, seed: int) -> Iterator[Moment]:
            yield from (moment(hidden=(0, 0)) for _ in range(self.decisions))

    play(player, Empty(), 1)
    assert {(each.lesson.filled_lots, each.markouts) for each in player.told} == {(0, ())}


def test_sending_more_than_there_is_is_noticed() -> None:
    with pytest.raises(AssertionError, match="more than there was"):
        play(Fixed(2, 2), TwoArms(), 1)


def test_a_learner_plays_through_the_allocator_and_repeats() -> None:
    world = Dark(decisions=30)
    first = play(Learning(ProRata(), world, 4), world, 4)
    again = play(Learning(ProRata(), world, 4), world, 4)
    assert np.array_equal(first.reward, again.reward)
    sent = first.lots.sum(axis=0)
    # Nothing is displayed, so all pools count alike: shares differ by rounding, a lot a decision.
    assert sent.max() - sent.min() <= world.decisions
    assert (first.reward <= first.best + 1e-9).all()
