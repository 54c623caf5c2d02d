"""The size of one order."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from risk.card import Card
from risk.reference import EXCEEDS_LIMIT, refuse
from router.ports import Limit, LimitContext, LimitedOrder, Refusal

Quantity = Annotated[int, Field(gt=0, le=10**10)]
"""Shares."""


class OrderQuantity(Limit):
    """OrderQty(38) of a parent and of a child. A replace that adds nothing passes."""

    parent_max: Quantity = 5_000_000
    child_max: Quantity = 250_000

    card: ClassVar[Card] = Card(
        control="ORD-QTY",
        article="RTS 6 Art. 15(1)(c)",
        unit="shares",
        rank=80,
        scope="parent and child; each order",
    )

    def check(self, order: LimitedOrder, context: LimitContext) -> Refusal | None:
        """Refuses a quantity above the limit."""
        if order.is_replace and order.added_qty <= 0:
            return None
        qty_max = self.child_max if order.is_child else self.parent_max
        if not (order.qty <= qty_max):
            return refuse("QTY_MAX_EXCEEDED", EXCEEDS_LIMIT, qty=order.qty, max=qty_max)
        return None
