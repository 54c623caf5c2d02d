"""How far from the arrival price or the midpoint a child may be priced."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from policies.kinds import written
from router.model import BP, Tactic
from router.ports import Candidate, Rule, RuleContext

Offset = Annotated[float, Field(ge=-1_000, le=10_000)]
"""Basis points for the worse; below 0 the price must be better than the reference."""


class PriceLimit(Rule):
    """A child priced worse than the reference plus so many basis points is not sent.

    A midpoint child is measured at the midpoint of now, or at its limit where the midpoint is
    worse: what happens while it rests is bounded by its limit price, not by this rule.
    """

    arrival_bp: Offset | None = None
    mid_bp: Offset | None = None

    def narrow(self, candidate: Candidate, context: RuleContext) -> int:
        """0 if the price is worse than a bound, or there is no reference to measure by."""
        arrival_bp, mid_bp, cap = self.arrival_bp, self.mid_bp, candidate.cap
        if arrival_bp is not None:
            cap = cap if _within(arrival_bp, context.parent.arrival_mid, candidate, context) else 0
        if mid_bp is not None:
            cap = cap if _within(mid_bp, context.market.mid2, candidate, context) else 0
        return cap


def _within(offset_bp: float, reference2: int, candidate: Candidate, context: RuleContext) -> bool:
    """True if side * (2 price - reference) <= offset of the reference; half price units, exact."""
    price2 = _price2(candidate, context)
    if reference2 <= 0 or price2 <= 0:
        return False
    worse = context.parent.side.sign * (price2 - reference2)
    return worse * BP <= written(offset_bp) * reference2


def _price2(candidate: Candidate, context: RuleContext) -> int:
    """The price that the child would trade at, in half price units; 0 if that is not known."""
    mid2 = context.market.mid2
    if candidate.price is None:
        return mid2
    if candidate.tactic is not Tactic.DARK_MID or mid2 == 0:
        return 2 * candidate.price
    better = min if context.parent.side.sign > 0 else max
    return better(2 * candidate.price, mid2)
