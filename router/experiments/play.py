"""One contestant in one synthetic world: what it earned, and what was there to earn.

Owns the course of such a play and its record. What counts is the expected reward under the truth of
what was allocated, so luck with hidden quantities is not in it; the contestant sees only fills.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from router.core.allocator import allocate
from router.core.chance import chance
from router.experiments.world import IntArray, Moment, World
from router.ports import Arrays, FloatArray, Learner, Lesson, ScoreRequest

NumberT = TypeVar("NumberT", np.float64, np.int64)

BLOCK = 10
"""Decisions that are recorded together."""


class Contestant(Protocol):
    """Anything that splits lots and learns from fills."""

    def decide(self, at: int, moment: Moment) -> IntArray:
        """(K,) lots, at most `moment.request.lots` in all. Only the oracle looks beyond the
        request."""

    def observe(self, request: ScoreRequest, lessons: Sequence[Lesson]) -> None:
        """The lessons of one decision, in the order of its arms."""


class Learning:
    """A production learner with the production allocator."""

    def __init__(self, learner: Learner, world: World, seed: int, *, learns: bool = True) -> None:
        self._learner = learner
        self._learns = learns
        self._state: Arrays = learner.initial(world.dimensions)
        self._seed = seed

    def decide(self, at: int, moment: Moment) -> IntArray:
        """As the core does: scores, then the allocator."""
        request = moment.request
        scores = self._learner.score(self._state, request, chance(self._seed, at))
        return split(scores.tails, scores.values, request.lots)

    def observe(self, request: ScoreRequest, lessons: Sequence[Lesson]) -> None:
        """One by one; none for who does not learn."""
        for lesson in lessons if self._learns else ():
            self._learner.learn(self._state, lesson)


class Oracle:
    """Knows the true fill curves and values."""

    def decide(self, at: int, moment: Moment) -> IntArray:
        """The best split there is (Ganchev et al. 2009: greedy is optimal)."""
        return split(moment.tails, moment.values, moment.request.lots)

    def observe(self, request: ScoreRequest, lessons: Sequence[Lesson]) -> None:
        """Nothing is left to learn."""


def split(tails: FloatArray, values: FloatArray, lots: int) -> IntArray:
    """(K,) lots, without caps and floors."""
    count = len(values)
    given = allocate(tails, values, [lots] * count, [0] * count, lots)
    return np.array(given.lots_per_candidate, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Course:
    """Sums over blocks of `BLOCK` decisions, N of them."""

    reward: FloatArray
    """(N,): expected under the truth, bp times lots."""
    best: FloatArray
    """(N,): the oracle's."""
    lots: IntArray
    """(N, K): what was sent where."""


def play(contestant: Contestant, world: World, seed: int) -> Course:
    """All decisions of a seed."""
    oracle = Oracle()
    reward, best = np.empty(world.decisions), np.empty(world.decisions)
    sent = np.empty((world.decisions, len(world.arms)), dtype=np.int64)
    for at, moment in enumerate(world.moments(seed)):
        lots = contestant.decide(at, moment)
        assert lots.sum() <= moment.request.lots, "a contestant sent more than there was"
        reward[at] = worth(moment, lots)
        best[at] = worth(moment, oracle.decide(at, moment))
        sent[at] = lots
        contestant.observe(moment.request, _lessons(moment, lots))
    return Course(_blocks(reward), _blocks(best), _blocks(sent))


def worth(moment: Moment, lots: IntArray) -> float:
    """sum_i value_i sum_{j <= s_i} T_i(j), bp times lots."""
    taken = np.arange(1, moment.tails.shape[1] + 1) <= lots[:, np.newaxis]
    return float(moment.values @ np.where(taken, moment.tails, 0.0).sum(axis=1))


def settled(request: ScoreRequest, lesson: Lesson) -> float:
    """What a lesson's fills turned out to be worth, bp times lots: urgency, cost and markout."""
    if not lesson.filled_lots:
        return 0.0
    cost = float(request.cost_bp[request.arms.index(lesson.arm)])
    return lesson.filled_lots * (request.urgency_bp - cost - (lesson.markout_bp or 0.0))


def _lessons(moment: Moment, lots: IntArray) -> list[Lesson]:
    """What each arm that was sent something tells."""
    filled = np.minimum(lots, moment.hidden)
    request = moment.request
    return [
        Lesson(
            symbol=request.symbol,
            arm=request.arms[k],
            features=request.features[k],
            sent_lots=int(lots[k]),
            filled_lots=int(filled[k]),
            min_lots=0,
            outcome="observed",
            markout_bp=float(moment.markouts_bp[k]) if filled[k] else None,
        )
        for k in np.flatnonzero(lots)
    ]


def _blocks(values: NDArray[NumberT]) -> NDArray[NumberT]:
    """Sums over blocks; the last one may be shorter."""
    return np.asarray(np.add.reduceat(values, np.arange(0, len(values), BLOCK), axis=0))
