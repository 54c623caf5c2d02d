"""The kill switch: nothing that adds risk leaves while a kill holds for it."""

from __future__ import annotations

from typing import ClassVar

from risk.card import Card
from risk.reference import BROKER_OPTION, refuse
from router.ports import Kill, Limit, LimitContext, LimitedOrder, Refusal


class KillSwitch(Limit):
    """Refuses in every scope that is engaged; a replace that adds nothing may pass.

    A kill whose scope is not known is taken to mean everything.
    """

    card: ClassVar[Card] = Card(
        control="KILL",
        article="RTS 6 Art. 12; 15c3-5(d); NI 23-103",
        unit="kills",
        rank=10,
        scope="parent and child; all, account or venue",
    )

    def check(self, order: LimitedOrder, context: LimitContext) -> Refusal | None:
        """The first kill that holds for the order."""
        if order.is_replace and order.added_qty <= 0:
            return None
        for kill in context.kills():
            if _holds(kill, order):
                scope = f"{kill.scope}={kill.value}" if kill.value else kill.scope
                return refuse("KILL_ENGAGED", BROKER_OPTION, id=kill.kill_id, scope=scope)
        return None


def _holds(kill: Kill, order: LimitedOrder) -> bool:
    if kill.scope == "account":
        return kill.value == order.account
    if kill.scope == "venue":
        # A parent has no venue yet: its other venues are still open.
        return kill.value == order.mic
    return True
