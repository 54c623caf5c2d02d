"""The value of all that an account has open."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from risk.card import Card
from risk.reference import EXCEEDS_LIMIT, missing_reference, px_text, refuse, worst_px
from router.model import BP, PX_SCALE
from router.ports import Limit, LimitContext, LimitedOrder, LimitUsers, Refusal


class OpenNotional(Limit):
    """Unexecuted parent value of the account and what this order adds.

    Children add nothing: their parent's quantity counted when it was accepted. A replace counts
    what it adds in shares, at its new price.
    """

    account_max: Annotated[int, Field(gt=0, le=10**13)] = 500_000_000
    market_edge_bp: Annotated[int, Field(ge=0, le=BP)] = 500
    reference_ms_max: Annotated[int, Field(gt=0, le=86_400_000)] = 30_000

    card: ClassVar[Card] = Card(
        control="OPEN-VALUE",
        article="NI 23-103; UMIR 7.1; 15c3-5(c)(1)(i)",
        unit="units of the currency",
        rank=130,
        scope="parent; account",
    )

    def check(self, order: LimitedOrder, context: LimitContext) -> Refusal | None:
        """Refuses what would lift the account above its limit, and what cannot be valued."""
        if order.is_child or order.added_qty <= 0:
            return None
        if order.price is None:
            missing = missing_reference(order, context, self.reference_ms_max)
            if missing is not None:
                return missing
        used = context.open_notional(order.account)
        added = order.added_qty * worst_px(order, context, self.market_edge_bp)
        if not (used + added <= self.account_max * PX_SCALE):
            return refuse(
                "OPEN_VALUE_EXCEEDED",
                EXCEEDS_LIMIT,
                used=px_text(used),
                ask=px_text(added),
                limit=self.account_max,
            )
        return None

    def utilisation(self, users: LimitUsers) -> float:
        """Of the account with the highest value open."""
        used = max((users.open_notional(each) for each in users.accounts()), default=0)
        return used / (self.account_max * PX_SCALE)
