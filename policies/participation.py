"""How much of the market's volume an order may be, over its whole life."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from policies.kinds import Share, part
from router.ports import Candidate, Rule, RuleContext


class Participation(Rule):
    """Traded and working shares stay within `share_max` of the volume seen since the start.

    Before anything has printed the share of it is 0: `start_qty` shares need no volume.
    """

    share_max: Share | None = None
    start_qty: Annotated[int, Field(ge=0, le=10**12)] = 0

    def narrow(self, candidate: Candidate, context: RuleContext) -> int:
        """What is left of the share, less everything traded and working."""
        if self.share_max is None:
            return candidate.cap
        parent = context.parent
        budget = max(self.start_qty, part(self.share_max, context.market.volume))
        return max(0, budget - parent.cum_qty - parent.working_qty)
