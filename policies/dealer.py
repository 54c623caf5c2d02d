"""Whether, and how much, an order may trade against a dealer's principal liquidity."""

from __future__ import annotations

from policies.kinds import Share, Shares, part
from router.model import VenueType
from router.ports import Candidate, Rule, RuleContext


class Dealer(Rule):
    """`opt_out` shuts dealers; `share_max` is of the parent, `size_max` of one child.

    What works elsewhere counts against the share as if it worked with a dealer, as in `dark`.
    """

    opt_out: bool = False
    share_max: Share | None = None
    size_max: Shares | None = None

    def narrow(self, candidate: Candidate, context: RuleContext) -> int:
        """What dealers may still get; other venues are not touched."""
        if candidate.venue_type is not VenueType.DEALER:
            return candidate.cap
        if self.opt_out:
            return 0
        cap = candidate.cap if self.size_max is None else min(candidate.cap, self.size_max)
        if self.share_max is not None:
            parent = context.parent
            spent = parent.filled_by_type.get(VenueType.DEALER.value, 0) + parent.working_qty
            cap = min(cap, max(0, part(self.share_max, parent.order_qty) - spent))
        return cap
