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
from router.ports import Arrays, FloatArray, Learner, Lesson, Markout, ScoreRequest

NumberT = TypeVar("NumberT", np.float64, np.int64)

BLOCK = 10
"""Decisions that are recorded together."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an arm that was sent something tells."""

    lesson: Lesson
    markouts: tuple[Markout, ...]
    """At each horizon to the main one; none without a fill."""

    @property
    def markout_bp(self) -> float:
        """At the main horizon; 0 without a fill."""
        return self.markouts[-1].markout_bp or 0.0 if self.markouts else 0.0


class Contestant(Protocol):
    """Anything that splits lots and learns from fills."""

    def decide(self, at: int, moment: Moment) -> IntArray:
        """(K,) lots, at most `moment.request.lots` in all. Only the oracle looks beyond the
        request."""

    def observe(self, request: ScoreRequest, outcomes: Sequence[Outcome]) -> None:
        """What one decision came to, in the order of its arms."""


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

    def observe(self, request: ScoreRequest, outcomes: Sequence[Outcome]) -> None:
        """One by one; none for who does not learn."""
        for outcome in outcomes if self._learns else ():
            self._learner.learn(self._state, outcome.lesson)
            for markout in outcome.markouts:
                self._learner.mark(self._state, markout)


class Oracle:
    """Knows the true fill curves and values."""

    def decide(self, at: int, moment: Moment) -> IntArray:
        """The best split there is (Ganchev et al. 2009: greedy is optimal)."""
        return split(moment.tails, moment.values, moment.request.lots)

    def observe(self, request: ScoreRequest, outcomes: Sequence[Outcome]) -> None:
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
        contestant.observe(moment.request, _outcomes(moment, lots))
    return Course(_blocks(reward), _blocks(best), _blocks(sent))


def worth(moment: Moment, lots: IntArray) -> float:
    """sum_i value_i sum_{j <= s_i} T_i(j), bp times lots."""
    taken = np.arange(1, moment.tails.shape[1] + 1) <= lots[:, np.newaxis]
    return float(moment.values @ np.where(taken, moment.tails, 0.0).sum(axis=1))


def settled(request: ScoreRequest, outcome: Outcome) -> float:
    """What fills turned out to be worth, bp times lots: urgency, cost and markout."""
    cost = float(request.cost_bp[request.arms.index(outcome.lesson.arm)])
    return outcome.lesson.filled_lots * (request.urgency_bp - cost - outcome.markout_bp)


def _outcomes(moment: Moment, lots: IntArray) -> list[Outcome]:
    """What each arm that was sent something tells."""
    filled = np.minimum(lots, moment.hidden)
    sent = np.flatnonzero(lots).tolist()
    return [_outcome(moment, k, int(lots[k]), int(filled[k])) for k in sent]


def _outcome(moment: Moment, k: int, sent: int, filled: int) -> Outcome:
    request = moment.request
    lesson = Lesson(
        symbol=request.symbol,
        arm=request.arms[k],
        features=request.features[k],
        sent_lots=sent,
        filled_lots=filled,
        min_lots=0,
        outcome="observed",
        markout_bp=None,
    )
    path = moment.markouts_bp[k].tolist() if filled else []
    before = [0.0, *path]
    marks = tuple(
        Markout(lesson.arm, lesson.features, filled, horizon, markout, before[horizon])
        for horizon, markout in enumerate(path)
    )
    return Outcome(lesson, marks)


def _blocks(values: NDArray[NumberT]) -> NDArray[NumberT]:
    """Sums over blocks; the last one may be shorter."""
    return np.asarray(np.add.reduceat(values, np.arange(0, len(values), BLOCK), axis=0))
