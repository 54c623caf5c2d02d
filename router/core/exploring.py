"""Which split a decision takes: the learner's draw, its mean, or the champion's.

Owns the choice between them, within budget and gate, and what each is worth at the posterior mean.
Must not know venues, learners or orders: it takes scores and a ledger, and returns a split and its
record. Risk limits see what it chose like any other child.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import msgspec
import numpy as np
from msgspec.structs import replace

from router.core.allocator import Allocation, IntArray, marginals_of, worth_of
from router.core.ledger import Ledger
from router.core.narrowing import Narrowed
from router.core.placing import lots, place
from router.core.scoring import HeldBack, Scored
from router.messages import Safety
from router.model import Exploration
from router.ports import FloatArray, Scores


class Room(msgspec.Struct, frozen=True):
    """What there is to share: K candidates as the rules left them, and how much."""

    narrowed: Sequence[Narrowed]
    qty: int
    lot: int
    notional: float
    """Of `qty`, in the currency."""


class Split(msgspec.Struct, frozen=True):
    """Shares for each candidate, and the scores that they come from."""

    scores: Scores
    quantities: list[int]
    allocation: Allocation


class Choice(msgspec.Struct, frozen=True):
    """The split that is taken, and the record of why."""

    split: Split
    safety: Safety
    learner: str
    """The key of the learner whose scores they are: the champion's if it is played."""


def meant(scores: Scores) -> Scores:
    """The same at the posterior mean: what the learner would do if it did not explore."""
    if scores.mean_values is None:
        return scores
    return replace(scores, tails=scores.mean_tails, values=scores.mean_values)


def choose(scored: Scored, room: Room, ledger: Ledger, bounds: Exploration) -> Choice:
    """The draw if budget and gate let it pass; otherwise the mean, or what the champion would do.

    The gate compares with the split at the mean of the champion, or of the learner itself if none
    is named. Scores without `mean_values` are taken as they are: there is no draw in them.
    """
    scores, held_back = scored.scores, scored.held_back
    own = split(meant(scores), room)
    judge = _Judge(own.scores, scores, room)
    taken, cost_bp = own, 0.0
    if scores.mean_values is not None and not held_back:
        drawn = split(scores, room)
        if drawn.quantities != own.quantities:
            cost_bp = max(0.0, judge.worth_bp(own) - judge.worth_bp(drawn))
            if ledger.affords(cost_bp, room.notional, bounds.budget_bp):
                taken = drawn
            else:
                held_back = HeldBack.BUDGET_SPENT
    rival, credited_bp, champion_bp = own, 0.0, 0.0
    give_up = bounds.give_up if bounds.allowed else None
    if give_up is not None:
        if scored.champion_scores is not None:
            rival = split(meant(scored.champion_scores), room)
        champion_bp = max(0.0, judge.worth_bp(rival))
        credited_bp = judge.credit_bp(taken, rival, champion_bp)
        if not ledger.holds(credited_bp, champion_bp, room.notional, give_up):
            taken, credited_bp, held_back = rival, champion_bp, HeldBack.GATE
    explored = taken is not own and taken is not rival
    learner = scored.champion if taken is rival and rival is not own else scored.learner
    safety = Safety(
        explored=explored,
        held_back=held_back.value,
        cost_bp=cost_bp,
        notional=room.notional,
        budget_bp=bounds.budget_bp if bounds.allowed else None,
        budget_left_bp=ledger.left_bp(
            bounds.budget_bp, cost_bp if explored else 0.0, room.notional
        ),
        give_up=give_up,
        credited_bp=credited_bp,
        champion_bp=champion_bp,
        champion=scored.champion,
        proposer="" if learner == scored.proposer else scored.proposer,
    )
    return Choice(taken, safety, learner)


def split(scores: Scores, room: Room) -> Split:
    """What scores come to within the caps."""
    quantities, allocation = place(scores, room.narrowed, qty=room.qty, lot=room.lot)
    return Split(scores, quantities, allocation)


class _Judge:
    """Splits by one learner's beliefs, bp of the decision's notional."""

    def __init__(self, means: Scores, scores: Scores, room: Room) -> None:
        self._scores = scores
        self._room = room
        self._means = means
        self._values = means.values[:, np.newaxis]
        self._tails = means.tails
        self._due = max(1, lots(room.qty, room.lot))

    @cached_property
    def _marginals(self) -> FloatArray:
        """Of the means. Most decisions have nothing to compare, and need none."""
        means = self._means
        return marginals_of(means.tails, means.values, means.footprint_bp)

    def worth_bp(self, which: Split) -> float:
        """What a split is expected to earn."""
        return worth_of(self._marginals, self._lots(which)) / self._due

    def credit_bp(self, which: Split, rival: Split, rival_bp: float) -> float:
        """What the gate counts for a split: the rival's worth if it is the rival's.

        Otherwise a lower bound of it: lots that the rival would place at the same arm count at
        their mean, for they are in both; the others at their own lower bound. The sum of lower
        bounds is below the lower bound of the sum, so it errs on the safe side.
        """
        if which.quantities == rival.quantities:
            return rival_bp
        given, shared = self._lots(which), np.minimum(self._lots(which), self._lots(rival))
        low = worth_of(self._lows(), given) - worth_of(self._lows(), shared)
        return (worth_of(self._marginals, shared) + low) / self._due

    def _lows(self) -> FloatArray:
        """(K, L) lower bounds of value times tail, by the delta method.

        Var(v T) = T^2 Var(v) + v^2 Var(T), as values are learned from other observations than
        tails; the distance to either bound stands for its deviation.
        """
        by_value = by_tail = np.zeros(1)
        if self._scores.low_values is not None:
            by_value = self._tails * (self._values - self._scores.low_values[:, np.newaxis])
        if self._scores.low_tails is not None:
            by_tail = self._values * (self._tails - self._scores.low_tails)
        return np.asarray(self._marginals - np.hypot(by_value, by_tail))

    def _lots(self, which: Split) -> IntArray:
        lot = self._room.lot
        return np.array([lots(shares, lot) for shares in which.quantities], dtype=np.int64)
