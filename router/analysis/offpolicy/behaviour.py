"""What a decision would have done with another draw: its budget, gate and champion as they were.

Owns the way from a decision's record back to the bounds that held for it. A draw that budget or
gate would not have let pass counts as what would have been done instead, so that a propensity is
that of what was placed and not of what was drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

from router.core.exploring import Room, Split, choose, meant, split
from router.core.ledger import Ledger
from router.core.scoring import HeldBack, Scored
from router.messages import Safety
from router.model import Exploration
from router.ports import ScoreRequest, Scores

DRAWN = (HeldBack.NOT_AT_ALL, HeldBack.BUDGET_SPENT, HeldBack.GATE)
"""Words of decisions in which the draw had a say: with another one they would have had another."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How draws became a split."""

    request: ScoreRequest
    room: Room
    safety: Safety | None
    """None in journals from before it: every draw was taken."""
    ledger: Ledger
    """As it was before the decision."""
    champion: Scores | None = None
    """What a named champion said."""

    def is_fixed(self, scores: Scores) -> bool:
        """True if the decision would have been the same whatever was drawn."""
        return self._held_back not in DRAWN and scores.mean_values is not None

    def act(self, scores: Scores) -> Split:
        """The split that these scores would have come to."""
        if self.safety is None:
            return split(scores, self.room)
        scored = Scored(
            self.request,
            scores,
            learner="",
            proposer="",
            held_back=self._held_back if self._held_back not in DRAWN else HeldBack.NOT_AT_ALL,
            champion=self.safety.champion,
            champion_scores=self.champion,
        )
        return choose(scored, self.room, self.ledger, self._bounds).split

    def again(self, scores: Scores) -> Split:
        """The split that was taken, from the scores of the learner that the record names."""
        explored = self.safety is None or self.safety.explored
        return split(scores if explored else meant(scores), self.room)

    @property
    def _held_back(self) -> HeldBack:
        return HeldBack(self.safety.held_back) if self.safety is not None else HeldBack.NOT_AT_ALL

    @property
    def _bounds(self) -> Exploration:
        assert self.safety is not None
        if self.safety.budget_bp is None:
            return Exploration(allowed=False)
        return Exploration(budget_bp=self.safety.budget_bp, give_up=self.safety.give_up)
