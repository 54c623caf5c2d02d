"""No price far from the market's, on either side."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from risk.card import Card
from risk.reference import BROKER_OPTION, MS, missing_reference, px_text, refuse
from router.model import BP, Tactic
from router.ports import Limit, LimitContext, LimitedOrder, Refusal

Band = Annotated[int, Field(gt=0, le=BP)]


class PriceCollar(Limit):
    """|price - reference| within the wider of a band in bp and `ticks`.

    A midpoint child has its parent's band: its price is the parent's limit, and it trades at the
    midpoint.

    Without a young reference everything is refused, market orders too: their price would be
    anyone's.
    """

    parent_bp: Band = 2_000
    child_bp: Band = 500
    ticks: Annotated[int, Field(ge=0, le=10_000)] = 10
    reference_ms_max: Annotated[int, Field(gt=0, le=86_400_000)] = 30_000

    card: ClassVar[Card] = Card(
        control="PX-COLLAR",
        article="RTS 6 Art. 15(1)(a); 15c3-5(c)(1)(ii)",
        unit="bp of the reference, or ticks",
        rank=40,
        scope="parent and child; symbol",
    )

    def check(self, order: LimitedOrder, context: LimitContext) -> Refusal | None:
        """Refuses a price outside the band, and any order when there is no reference."""
        missing = missing_reference(order, context, self.reference_ms_max)
        if missing is not None:
            return missing
        if order.price is None:
            return None
        reference = context.reference_px(order.symbol)
        bounded = order.is_child and order.tactic is not Tactic.DARK_MID
        band_bp = self.child_bp if bounded else self.parent_bp
        instrument = context.instrument(order.symbol)
        ticks_px = 0 if instrument is None else self.ticks * instrument.tick
        distance = abs(order.price - reference)
        if distance * BP <= band_bp * reference or distance <= ticks_px:
            return None
        return refuse(
            "PRICE_COLLAR_EXCEEDED",
            BROKER_OPTION,
            px=px_text(order.price),
            ref=px_text(reference),
            ref_age_ms=context.reference_age_ns(order.symbol) // MS,
            band_bp=band_bp,
        )
