"""How an order may show itself and take on lit venues."""

from __future__ import annotations

from policies.kinds import Share, part
from router.model import Tactic
from router.ports import Candidate, Rule, RuleContext


class Lit(Rule):
    """`post_only` never takes; `take_fraction_max` is of what is shown at the price taken."""

    post_only: bool = False
    take_fraction_max: Share | None = None

    def narrow(self, candidate: Candidate, context: RuleContext) -> int:
        """The most that may be taken; making is not touched."""
        if candidate.tactic is not Tactic.LIT_TAKE:
            return candidate.cap
        if self.post_only:
            return 0
        if self.take_fraction_max is None:
            return candidate.cap
        return min(candidate.cap, part(self.take_fraction_max, candidate.displayed))
