"""The smallest child worth sending."""

from __future__ import annotations

from policies.kinds import Share, Shares, part
from router.ports import Candidate, Rule, RuleContext


class ChildMin(Rule):
    """The larger of the sizes that are given; the last child of a parent may be smaller."""

    shares: Shares | None = None
    parent_share: Share | None = None

    def floor(self, candidate: Candidate, context: RuleContext) -> int:
        """The larger of the minima, shares."""
        floor = self.shares or 0
        if self.parent_share is not None:
            floor = max(floor, part(self.parent_share, context.parent.order_qty))
        return floor
