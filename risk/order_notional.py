"""The value of one order."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from risk.card import Card
from risk.reference import EXCEEDS_LIMIT, missing_reference, px_text, refuse, worst_px
from router.model import BP, PX_SCALE
from router.ports import Limit, LimitContext, LimitedOrder, Refusal

Value = Annotated[int, Field(gt=0, le=10**12)]
"""Units of the currency."""


class OrderNotional(Limit):
    """Quantity times price; without a price, the reference and `market_edge_bp` above it."""

    parent_max: Value = 100_000_000
    child_max: Value = 10_000_000
    market_edge_bp: Annotated[int, Field(ge=0, le=BP)] = 500
    reference_ms_max: Annotated[int, Field(gt=0, le=86_400_000)] = 30_000

    card: ClassVar[Card] = Card(
        control="ORD-VALUE",
        article="RTS 6 Art. 15(1)(b); 15c3-5(c)(1)(ii)",
        unit="units of the currency",
        rank=70,
        scope="parent and child; each order, a replace in full",
    )

    def check(self, order: LimitedOrder, context: LimitContext) -> Refusal | None:
        """Refuses a value above the limit, and an order that cannot be valued."""
        if order.price is None:
            missing = missing_reference(order, context, self.reference_ms_max)
            if missing is not None:
                return missing
        value = order.qty * worst_px(order, context, self.market_edge_bp)
        value_max = self.child_max if order.is_child else self.parent_max
        if not (value <= value_max * PX_SCALE):
            return refuse("VALUE_MAX_EXCEEDED", EXCEEDS_LIMIT, value=px_text(value), max=value_max)
        return None
