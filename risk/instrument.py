"""What is not known is not traded."""

from __future__ import annotations

from typing import ClassVar

from risk.card import Card
from risk.reference import UNKNOWN_SYMBOL, refuse
from router.ports import Limit, LimitContext, LimitedOrder, Refusal


class KnownInstrument(Limit):
    """The symbol is known, with a tick and a lot to check against."""

    card: ClassVar[Card] = Card(
        control="INSTRUMENT",
        article="RTS 6 Art. 15; FIX risk guidelines",
        unit="instruments",
        rank=30,
        scope="parent and child; symbol",
    )

    def check(self, order: LimitedOrder, context: LimitContext) -> Refusal | None:
        """Refuses a symbol without a usable instrument."""
        instrument = context.instrument(order.symbol)
        if instrument is not None and instrument.tick > 0 and instrument.lot > 0:
            return None
        return refuse("INSTRUMENT_UNKNOWN", UNKNOWN_SYMBOL, symbol=order.symbol)
