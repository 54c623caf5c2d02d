"""The same order again, under another name, within moments."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from risk.card import Card
from risk.reference import DUPLICATE_ORDER, MS, refuse
from router.ports import WINDOW_MAX, Limit, LimitContext, LimitedOrder, Refusal, SeenOrder


class DuplicateOrder(Limit):
    """At most `copies_max` orders of the same content within `window_ms` before this one."""

    copies_max: Annotated[int, Field(ge=0, lt=WINDOW_MAX)] = 2
    window_ms: Annotated[int, Field(ge=1, le=86_400_000)] = 2_000

    card: ClassVar[Card] = Card(
        control="DUPLICATE",
        article="15c3-5(c)(1)(ii)",
        unit="orders in a window",
        rank=20,
        scope="parent; account, symbol, side, quantity and price",
    )

    def check(self, order: LimitedOrder, context: LimitContext) -> Refusal | None:
        """Counts earlier parents of the same content under another ClOrdID."""
        if order.is_child or order.is_replace:
            return None
        recent = context.recent_orders(self.window_ms * MS, order)
        copies = sum(_same(seen, order) for seen in recent)
        if not (copies <= self.copies_max):
            return refuse(
                "ORDER_DUPLICATE_CONTENT",
                DUPLICATE_ORDER,
                copies=copies,
                max=self.copies_max,
                window_ms=self.window_ms,
            )
        return None


def _same(seen: SeenOrder, order: LimitedOrder) -> bool:
    return seen.order_id != order.order_id and (
        (seen.account, seen.symbol, seen.side, seen.qty, seen.price)
        == (order.account, order.symbol, order.side, order.qty, order.price)
    )
