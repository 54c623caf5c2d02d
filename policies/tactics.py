"""What a child may do: tactics allowed and denied."""

from __future__ import annotations

from typing import Literal

from policies.kinds import OneOrMore
from router.ports import Candidate, Rule, RuleContext

TacticName = Literal["lit_take", "lit_make", "dark_mid", "dealer_quote", "dealer_rfq"]


class Tactics(Rule):
    """Tactics outside `allow`, where it is given, and tactics in `deny` get nothing."""

    allow: OneOrMore[TacticName] | None = None
    deny: OneOrMore[TacticName] | None = None

    def narrow(self, candidate: Candidate, context: RuleContext) -> int:
        """0 for a tactic that is not allowed or is denied."""
        name = candidate.tactic.value
        if self.allow is not None and name not in self.allow:
            return 0
        if self.deny is not None and name in self.deny:
            return 0
        return candidate.cap
