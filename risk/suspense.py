"""What a venue has told that nobody could place yet bounds what more is sent there."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from risk.card import Card
from risk.reference import BROKER_OPTION, px_text, refuse
from router.model import PX_SCALE
from router.ports import Limit, LimitContext, LimitedOrder, LimitUsers, Refusal


class Suspense(Limit):
    """No child to a venue whose suspense book has come to too much, until it is settled."""

    venue_max: Annotated[int, Field(ge=0, le=10**12)] = 5_000_000
    """Units of the currency, of one venue."""
    entries_max: Annotated[int, Field(ge=0, le=1_000)] = 100
    """Of one venue."""

    card: ClassVar[Card] = Card(
        control="SUSPENSE",
        article="RTS 6 Art. 17(4); 15c3-5(c)(1)",
        unit="units of the currency; entries",
        rank=115,
        scope="child; venue",
    )

    def check(self, order: LimitedOrder, context: LimitContext) -> Refusal | None:
        """Refuses while too much there waits to be placed."""
        if not order.is_child:
            return None
        value, count = context.suspense_notional(order.mic), context.suspense_count(order.mic)
        if value <= self.venue_max * PX_SCALE and count <= self.entries_max:
            return None
        return refuse(
            "SUSPENSE_MAX_EXCEEDED",
            BROKER_OPTION,
            mic=order.mic,
            value=px_text(value),
            max=self.venue_max,
            entries=count,
            entries_max=self.entries_max,
        )

    def utilisation(self, users: LimitUsers) -> float:
        """Of the venue with most in suspense, by value or by number. Of nothing, any is all."""
        return max((self._used(mic, users) for mic in users.mics()), default=0.0)

    def _used(self, mic: str, users: LimitUsers) -> float:
        amounts = (
            (users.suspense_notional(mic), self.venue_max * PX_SCALE),
            (users.suspense_count(mic), self.entries_max),
        )
        return max(used / most if most else float(used > 0) for used, most in amounts)
