"""No taking and no pegging on old market data."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from risk.card import Card
from risk.reference import BROKER_OPTION, MS, refuse
from router.model import Tactic
from router.ports import Limit, LimitContext, LimitedOrder, Refusal

AgeMs = Annotated[int, Field(gt=0, le=3_600_000)]


class StaleMarket(Limit):
    """A taking child needs its venue's book young, a dealer's hit its quote, a peg the midpoint.

    A child that only makes a price passes: the collar bounds it.
    """

    book_ms_max: AgeMs = 10_000
    quote_ms_max: AgeMs = 5_000
    reference_ms_max: AgeMs = 10_000

    card: ClassVar[Card] = Card(
        control="STALE-MD",
        article="RTS 6 Art. 15(1)(a)",
        unit="ms",
        rank=60,
        scope="child; symbol and venue",
    )

    def check(self, order: LimitedOrder, context: LimitContext) -> Refusal | None:
        """Refuses by the age of what the child relies on. Parents rely on nothing yet."""
        if not order.is_child or order.tactic is Tactic.LIT_MAKE:
            return None
        if order.tactic is Tactic.DARK_MID:
            age_ns, max_ms = context.reference_age_ns(order.symbol), self.reference_ms_max
        elif order.tactic in (Tactic.DEALER_QUOTE, Tactic.DEALER_RFQ):
            age_ns, max_ms = context.book_age_ns(order.symbol, order.mic), self.quote_ms_max
        else:
            age_ns, max_ms = context.book_age_ns(order.symbol, order.mic), self.book_ms_max
        if not (0 <= age_ns <= max_ms * MS):
            return refuse(
                "MARKET_DATA_STALE",
                BROKER_OPTION,
                mic=order.mic,
                age_ms=age_ns // MS,
                max_ms=max_ms,
            )
        return None
