"""The largest child, in shares, as a part of the parent, as a part of what is shown, in money."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from policies.kinds import Share, Shares, part
from router.model import PX_SCALE
from router.ports import Candidate, Rule, RuleContext


class ChildMax(Rule):
    """The smallest of the sizes that are given. `notional` counts units of the currency."""

    shares: Shares | None = None
    parent_share: Share | None = None
    """Never less than a round lot: a part of a small parent would round to nothing, for good."""
    displayed_share: Share | None = None
    """Binds only where something is shown: a dark venue shows nothing."""
    notional: Annotated[int, Field(gt=0, le=10**12)] | None = None

    def narrow(self, candidate: Candidate, context: RuleContext) -> int:
        """The smallest of the maxima; 0 if a value is asked for and there is no price."""
        cap = candidate.cap
        if self.shares is not None:
            cap = min(cap, self.shares)
        if self.parent_share is not None:
            share = part(self.parent_share, context.parent.order_qty)
            cap = min(cap, max(context.instrument.lot, share))
        if self.displayed_share is not None and candidate.displayed > 0:
            cap = min(cap, part(self.displayed_share, candidate.displayed))
        if self.notional is not None:
            cap = min(cap, _affordable(self.notional, candidate, context))
        return cap


def _affordable(notional: int, candidate: Candidate, context: RuleContext) -> int:
    """Whole shares that the money buys at the child's price, or at the mid without one."""
    price2 = 2 * candidate.price if candidate.price is not None else context.market.mid2
    return 2 * notional * PX_SCALE // price2 if price2 > 0 else 0
