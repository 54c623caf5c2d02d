"""Background market orders: when, which side, how large, where, and what the price makes of them.

Owns the takers. Everything about an order is drawn without a look at a book; the books only decide
what it finds. Knows makers and queues not at all.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from venues.floor import Floor
from venues.flow import Activity, Bursts, Signs, SizeLaw
from venues.lit import LitVenue

REACH_SPREADS = 1.0
"""How far beyond the best price a market order goes, in spreads, and a tick at least. Choice: it
walks the book now and then, so that it pays 1.0-1.06 spreads."""

SIZE_EXPONENT = 0.1
"""The price answers an order of twice the size 2^0.1 times as much. Choice: the whole response
grows as size^0.27 (medium-tick) to size^0.44 (micro-tick), and emptied queues add to this."""

ROUTE_EXPONENT = 1.2
"""Orders prefer venues in proportion to share^1.2. Choice: what small venues get of orders that
found too little elsewhere makes up for it, so that the volume shares are those asked for."""


class Takers:
    """The market orders of everybody but the router."""

    def __init__(
        self,
        floor: Floor,
        activity: Activity,
        venues: Sequence[tuple[LitVenue, float]],
        *,
        rate: float,
        follow: float,
        signs: Signs,
        sizes: SizeLaw,
        spread_ticks: float,
    ) -> None:
        """`venues` with their shares of the flow; `rate` orders a second."""
        self._floor = floor
        self._venues = [venue for venue, _ in venues]
        self._bursts = Bursts(floor.stream("takes"), activity, rate, follow)
        self._signs = signs
        self._size_draws = floor.stream("sizes")
        self._route_draws = floor.stream("route")
        self._strangers = floor.stream("strangers/route")
        self._arrange([share for _, share in venues], sizes, spread_ticks)
        self._in_burst = False
        self._first = 0

    def change(
        self,
        shares: Sequence[float],
        *,
        rate: float,
        follow: float,
        sizes: SizeLaw,
        spread_ticks: float,
    ) -> None:
        """Other orders from the next one on; the venues are the same."""
        self._bursts.change(rate, follow)
        self._arrange(shares, sizes, spread_ticks)

    def _arrange(self, shares: Sequence[float], sizes: SizeLaw, spread_ticks: float) -> None:
        """Where orders go first, where then, and how far."""
        by_share = sorted(zip(shares, self._venues, strict=True), key=lambda each: -each[0])
        ranked = [venue for _, venue in by_share]
        self._ways = [
            [venue, *(other for other in ranked if other is not venue)] for venue in self._venues
        ]
        self._routes = list(accumulate(preferences(shares)))
        self._sizes = sizes
        self._reach = max(1, round(REACH_SPREADS * spread_ticks)) * self._floor.facts.tick

    def next_after(self, now: int) -> int:
        """When the next order comes."""
        at, self._in_burst = self._bursts.after(now)
        return at

    def take(self, now: int) -> tuple[int, float]:
        """One order: the venue that it was sent to first, and its surprise, times what its size
        counts for. The orders of a burst go the way of its first."""
        side, surprise = self._signs.draw(in_burst=self._in_burst)
        qty = self._sizes.shares(self._size_draws.uniform())
        route = self._route_draws.uniform()
        if not self._in_burst:
            self._first = self._route(route)
        self._sweep(side, qty, self._ways[self._first], now)
        return self._first, surprise * self._weight(qty)

    def take_for(self, side: int, qty: int, now: int) -> tuple[int, int, float]:
        """An order of somebody who is not of the background: the venue that it was sent to first,
        the shares that it found, and its surprise as of any other order. What the background
        expects next stays as it was."""
        first = self._route(self._strangers.uniform())
        found = self._sweep(side, qty, self._ways[first], now)
        return first, found, self._signs.surprise(side) * self._weight(qty)

    def _route(self, u: float) -> int:
        return min(bisect_right(self._routes, u), len(self._routes) - 1)

    def _weight(self, qty: int) -> float:
        return math.pow(qty / self._sizes.lot, SIZE_EXPONENT)

    def _sweep(self, side: int, qty: int, way: list[LitVenue], now: int) -> int:
        """Take price by price, the preferred venue first at each, then the largest; the shares
        that were found."""
        wanted = qty
        touch = px = self._best(side)
        while qty and px and side * (px - touch) <= self._reach:
            for venue in way:
                if qty:
                    qty -= _hit(venue, side, qty, px, now)
            px = self._best(side)
        return wanted - qty

    def _best(self, side: int) -> int:
        """The best price that an order of `side` meets, 0 if there is none."""
        bid, offer = self._floor.nbbo()
        return offer if side > 0 else bid


def preferences(shares: Sequence[float]) -> list[float]:
    """Probabilities that an order prefers each venue."""
    weights = [share**ROUTE_EXPONENT for share in shares]
    total = sum(weights)
    return [weight / total for weight in weights]


def _hit(venue: LitVenue, side: int, qty: int, px: int, now: int) -> int:
    """Take at most `qty` shares at `px`; how many it was."""
    takes = min(qty, venue.book.available(side, px))
    if takes:
        venue.apply(venue.book.submit(-1, side=side, qty=takes, px=px, rests=False), now)
    return takes
