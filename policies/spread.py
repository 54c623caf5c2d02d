"""When the spread is too wide to be crossed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from router.model import Tactic
from router.ports import Candidate, Rule, RuleContext


class Spread(Rule):
    """No taking while the consolidated spread is wider than `take_ticks_max` ticks."""

    take_ticks_max: Annotated[int, Field(gt=0, le=1_000_000)] | None = None

    def narrow(self, candidate: Candidate, context: RuleContext) -> int:
        """0 for a taking child when the spread is too wide or a side is empty."""
        if self.take_ticks_max is None or candidate.tactic is not Tactic.LIT_TAKE:
            return candidate.cap
        market = context.market
        if not (market.bid and market.offer):
            return 0
        wide = market.offer - market.bid > self.take_ticks_max * context.instrument.tick
        return 0 if wide else candidate.cap
