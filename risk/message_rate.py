"""How fast a session may send orders. Cancels never pass here, so they are never delayed."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from risk.card import Card
from risk.reference import BROKER_OPTION, MS, refuse
from router.ports import WINDOW_MAX, Limit, LimitContext, LimitedOrder, LimitUsers, Refusal


class MessageRate(Limit):
    """New orders and replaces of one OMS session, this one included, within `window_ms`."""

    messages_max: Annotated[int, Field(gt=0, lt=WINDOW_MAX)] = 500
    window_ms: Annotated[int, Field(gt=0, le=3_600_000)] = 1_000

    card: ClassVar[Card] = Card(
        control="MSG-RATE",
        article="RTS 6 Art. 15(1)(d)",
        unit="messages in a window",
        rank=100,
        scope="parent; session",
    )

    def check(self, order: LimitedOrder, context: LimitContext) -> Refusal | None:
        """Refuses the message that is one too many."""
        if order.is_child:
            return None
        count = context.message_count(order.session, self.window_ms * MS) + 1
        if not (count <= self.messages_max):
            return refuse(
                "RATE_MAX_EXCEEDED",
                BROKER_OPTION,
                session=order.session,
                messages=count,
                max=self.messages_max,
                window_ms=self.window_ms,
            )
        return None

    def utilisation(self, users: LimitUsers) -> float:
        """Of the fastest session, its last message not counted."""
        window = self.window_ms * MS
        used = max((users.message_count(each, window) for each in users.sessions()), default=0)
        return used / self.messages_max
