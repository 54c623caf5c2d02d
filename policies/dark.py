"""How much of an order may trade in the dark, or whether it may trade anywhere else."""

from __future__ import annotations

from policies.kinds import Share, part
from router.model import VenueType
from router.ports import Candidate, Rule, RuleContext


class Dark(Rule):
    """`share_max` of the parent may be filled in the dark; `only` shuts every other venue.

    What works elsewhere counts as if it worked in the dark: the view does not tell them apart,
    and a budget is not overspent by guessing.
    """

    only: bool = False
    share_max: Share | None = None

    def narrow(self, candidate: Candidate, context: RuleContext) -> int:
        """What is left of the dark share; 0 outside the dark if it must be dark only."""
        if candidate.venue_type is not VenueType.DARK:
            return 0 if self.only else candidate.cap
        if self.share_max is None:
            return candidate.cap
        parent = context.parent
        spent = parent.filled_by_type.get(VenueType.DARK.value, 0) + parent.working_qty
        return max(0, part(self.share_max, parent.order_qty) - spent)
