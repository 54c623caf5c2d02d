"""A parent's size against what the instrument trades in a day."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from risk.card import Card
from risk.reference import EXCEEDS_LIMIT, refuse
from router.model import BP
from router.ports import Limit, LimitContext, LimitedOrder, Refusal


class AdvShare(Limit):
    """OrderQty(38) of a parent within so many bp of the median daily volume."""

    share_bp_max: Annotated[int, Field(gt=0, le=100 * BP)] = 2_500

    card: ClassVar[Card] = Card(
        control="ADV-PCT",
        article="FIX risk guidelines; FIA",
        unit="bp of the median daily volume",
        rank=90,
        scope="parent; symbol",
    )

    def check(self, order: LimitedOrder, context: LimitContext) -> Refusal | None:
        """Refuses a larger share, and a symbol whose volume is not known."""
        if order.is_child or (order.is_replace and order.added_qty <= 0):
            return None
        instrument = context.instrument(order.symbol)
        adv = 0 if instrument is None else instrument.adv
        if not (order.qty * BP <= self.share_bp_max * adv):
            return refuse(
                "ADV_SHARE_EXCEEDED",
                EXCEEDS_LIMIT,
                qty=order.qty,
                adv=adv,
                max_bp=self.share_bp_max,
            )
        return None
