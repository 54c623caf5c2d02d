"""Prices on the tick, quantities that can be traded."""

from __future__ import annotations

from typing import ClassVar

from risk.card import Card
from risk.reference import INCORRECT_QUANTITY, OTHER, UNKNOWN_SYMBOL, px_text, refuse
from router.model import Instrument, OrdType, Tactic
from router.ports import Limit, LimitContext, LimitedOrder, Refusal


class TickAndLot(Limit):
    """A limit order has a price on the tick; a midpoint child's limit may be on the half tick.

    Odd lots pass unless `odd_lots` is false: then quantities are whole lots.
    """

    odd_lots: bool = True

    card: ClassVar[Card] = Card(
        control="TICK, LOT",
        article="15c3-5(c)(2)(i); venue rules",
        unit="ticks, lots",
        rank=50,
        scope="parent and child; symbol",
    )

    def check(self, order: LimitedOrder, context: LimitContext) -> Refusal | None:
        """Refuses a price off the tick, then a quantity that is not positive or not whole lots."""
        instrument = context.instrument(order.symbol)
        if instrument is None:
            return refuse("INSTRUMENT_UNKNOWN", UNKNOWN_SYMBOL, symbol=order.symbol)
        if not _price_fits(order, instrument):
            px = "none" if order.price is None else px_text(order.price)
            return refuse("TICK_INVALID", OTHER, px=px, tick=px_text(instrument.tick))
        whole = self.odd_lots or order.qty % instrument.lot == 0
        if not (order.qty >= 1 and whole):
            return refuse("LOT_INVALID", INCORRECT_QUANTITY, qty=order.qty, lot=instrument.lot)
        return None


def _price_fits(order: LimitedOrder, instrument: Instrument) -> bool:
    if order.price is None:
        return order.ord_type in (OrdType.MARKET, OrdType.PEGGED)
    if order.ord_type is OrdType.PREVIOUSLY_QUOTED:
        return order.price > 0  # the dealer's own price, which may lie between ticks
    if order.tactic is Tactic.DARK_MID:
        return order.price > 0 and 2 * order.price % instrument.tick == 0
    return instrument.on_tick(order.price)
