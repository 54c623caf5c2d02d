"""How fast children may go to one venue."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from risk.card import Card
from risk.reference import BROKER_OPTION, MS, refuse
from router.ports import WINDOW_MAX, Limit, LimitContext, LimitedOrder, LimitUsers, Refusal


class VenueRate(Limit):
    """New children to one venue, this one included, within `window_ms`."""

    children_max: Annotated[int, Field(gt=0, lt=WINDOW_MAX)] = 500
    window_ms: Annotated[int, Field(gt=0, le=3_600_000)] = 1_000
    by_venue: dict[str, Annotated[int, Field(gt=0, lt=WINDOW_MAX)]] = Field(default_factory=dict)
    """Instead of `children_max`, by MIC: what the venue itself would refuse beyond."""

    card: ClassVar[Card] = Card(
        control="MSG-RATE (venue)",
        article="RTS 6 Art. 15(1)(d)",
        unit="children in a window",
        rank=110,
        scope="child; venue",
    )

    def check(self, order: LimitedOrder, context: LimitContext) -> Refusal | None:
        """Refuses the child that is one too many."""
        if not order.is_child:
            return None
        count = context.child_count(order.mic, self.window_ms * MS) + 1
        if not (count <= self.most(order.mic)):
            return refuse(
                "RATE_MAX_EXCEEDED",
                BROKER_OPTION,
                mic=order.mic,
                children=count,
                max=self.most(order.mic),
                window_ms=self.window_ms,
            )
        return None

    def most(self, mic: str) -> int:
        """Children that a venue may be sent within the window."""
        return self.by_venue.get(mic, self.children_max)

    def utilisation(self, users: LimitUsers) -> float:
        """Of the venue that is nearest to its limit."""
        window = self.window_ms * MS
        used = (users.child_count(mic, window) / self.most(mic) for mic in users.mics())
        return max(used, default=0.0)
