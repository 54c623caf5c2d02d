"""The markets that the predictor watches: what it knows of each, kept from the core's own events.

Owns which events it hears of, and from when on. Volatile like the books: never hashed, never
journaled, cold after a restart and after a loss of data. Must not know models or orders. Nothing
is watched unless a predictor is configured.
"""

from __future__ import annotations

from collections.abc import Mapping

from router.core.books import Market, prints
from router.core.observed import Observed
from router.messages import MarketDataLost, MarketDataReceived, MarketEvent
from router.model import Instrument
from router.ports import FloatArray


class Watch:
    """A feature machine for every watched symbol."""

    __slots__ = ("_instruments", "_observed")

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        """`instruments` are those to watch, by symbol; none is a watch that costs nothing."""
        self._instruments = instruments
        self._observed: dict[str, Observed] = {}

    def clear(self) -> None:
        """Begin anew: nothing is known of any market."""
        self._observed.clear()

    def apply(self, event: MarketEvent, market: Market, now: int) -> None:
        """Take a market event that `market` has just taken."""
        if not self._instruments:
            return
        match event:
            case MarketDataReceived(symbol=symbol) if symbol in self._instruments:
                observed = self._observed.get(symbol) or self._begin(symbol)
                for px, qty, sign in prints(event, lambda: observed.mid2):
                    observed.trade(now, px=px, qty=qty, sign=sign)
                _quote(observed, market, symbol, now)
            case MarketDataLost(mic=mic):
                # What a venue showed is gone without having been canceled or traded: the features
                # would take that for news. They are made anew, and are silent until they are warm.
                for symbol in self._observed:
                    if market.book(symbol, mic) is not None:
                        _quote(self._begin(symbol), market, symbol, now)
            case _:
                pass

    def vector(self, symbol: str, now: int) -> FloatArray | None:
        """The raw features of a symbol; None of a market that is cold, one-sided or crossed."""
        observed = self._observed.get(symbol)
        return observed.vector(now) if observed is not None and observed.ready(now) else None

    def _begin(self, symbol: str) -> Observed:
        observed = self._observed[symbol] = Observed(self._instruments[symbol])
        return observed


def _quote(observed: Observed, market: Market, symbol: str, now: int) -> None:
    bid, offer, bid_qty, offer_qty = market.touch(symbol)
    observed.quote(now, bid=bid, bid_qty=bid_qty, offer=offer, offer_qty=offer_qty)
