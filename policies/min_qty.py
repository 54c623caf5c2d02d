"""MinQty(110) in the dark: nothing smaller may trade there, so that small orders learn nothing."""

from __future__ import annotations

from policies.kinds import Shares
from router.model import Tactic
from router.ports import Candidate, Rule, RuleContext


class MinQty(Rule):
    """Dark children carry MinQty; a dark venue that may get less than that gets nothing."""

    shares: Shares | None = None

    def narrow(self, candidate: Candidate, context: RuleContext) -> int:
        """0 for a dark candidate that could not hold the minimum."""
        return 0 if candidate.cap < self.min_qty(candidate, context) else candidate.cap

    def min_qty(self, candidate: Candidate, context: RuleContext) -> int:
        """The minimum for a dark child, 0 for any other."""
        return self.shares or 0 if candidate.tactic is Tactic.DARK_MID else 0
