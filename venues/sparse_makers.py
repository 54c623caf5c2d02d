"""Those who post orders where the spread is tens of ticks: single orders at scattered prices.

Owns the background orders of one venue's book in such a market. There are no queues to speak of: an
order is posted at a random distance from the efficient price, so the best quote is whoever happens
to be nearest, and the spread is wide after a market order and narrow when somebody undercuts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from router.model import NS
from venues.chance import Stream
from venues.floor import Floor
from venues.flow import SizeLaw
from venues.lit import LitVenue
from venues.matching import BookEvent
from venues.price import EfficientPrice

ORDERS = 24
"""Orders that makers want to have on each side, all venues together. Choice: as many as are
shown."""

STEEPNESS = 3
"""How strongly the choice between adding and withdrawing depends on the number of orders: the odds
of withdrawing are its third power. Choice."""

DISTANCE_SPREADS = 5.0
"""Mean distance of an order from the efficient price, in spreads. Choice: the mean spread is then
the one asked for."""

UNDERCUT = 0.013
"""Share of orders that are posted one tick before the other side's best price. Measured: the spread
is one tick for 8 % of the time where its mean is 55 ticks."""

WIDTH_LOG_SD, WIDTH_S = 0.4, 120.0
"""The distances vary together, log-normally, with this standard deviation and correlation time
(seconds). Choice: the spread's measured coefficient of variation is 1.1."""

LEAN_SIZE = 0.7
"""How far the sizes of orders lean with the pressure, for an imbalance logit of 1. Choice: the
measured slope and decay of imbalance."""

SLACK = 0.9
"""Orders are taken back when the efficient price is so many spreads beyond them. Choice: the mid
changes as often as measured."""

FARTHEST = 5.0
"""Orders are taken back when they are so many mean distances from the price."""

NEWS_SPREADS = 0.25
"""A move of the price since the last one heard of that makes makers look again, in spreads.
Choice."""


@dataclass(frozen=True, slots=True)
class SparseFacts:
    """What the market file says of such a book."""

    tick: int
    """Price units."""
    spread_ticks: float
    orders: float
    """That makers want to have on each side."""
    imbalance_logit: float


class Distances:
    """How far from the price orders are posted at the moment, the same for all venues."""

    def __init__(self, price: EfficientPrice, spread_ticks: float, floor: Floor) -> None:
        self._price = price
        self.change(spread_ticks)
        self._stream: Stream = floor.stream("width")
        self._width = self._stream.normal()
        self._now = floor.now
        self._heard = price.ticks(floor.now)
        self.ticks = self._mean
        """Mean distance."""

    def change(self, spread_ticks: float) -> None:
        """Other distances from the next update on."""
        self._mean = DISTANCE_SPREADS * spread_ticks
        self._news = NEWS_SPREADS * spread_ticks

    def update(self, now: int) -> bool:
        """Let time pass; True if the price has moved so far that makers look again."""
        keep = math.exp(-(now - self._now) / NS / WIDTH_S)
        self._now = now
        self._width = keep * self._width + math.sqrt(1.0 - keep * keep) * self._stream.normal()
        self.ticks = self._mean * math.exp(WIDTH_LOG_SD * (self._width - WIDTH_LOG_SD / 2.0))
        at = self._price.ticks(now)
        if abs(at - self._heard) < self._news:
            return False
        self._heard = at
        return True

    def prepare(self) -> None:
        """A market order is about to come: a level is one order, so none is ever swept."""


class SparseMakers:
    """Everybody who posts orders at one venue."""

    def __init__(
        self,
        venue: LitVenue,
        facts: SparseFacts,
        price: EfficientPrice,
        distances: Distances,
        floor: Floor,
        sizes: SizeLaw,
    ) -> None:
        self._venue = venue
        self._book = venue.book
        self._price = price
        self._distances = distances
        self._floor = floor
        self.change(facts, sizes)
        self._chance = floor.stream(f"{venue.mic}/maker")
        self._count = 0
        self._mine: dict[int, list[int]] = {1: [], -1: []}
        """Ids of the orders of each side, oldest first; those that are gone are dropped late."""

    def change(self, facts: SparseFacts, sizes: SizeLaw) -> None:
        """Other orders from the next waking on."""
        self._tick = facts.tick
        self._orders = facts.orders
        self._slack = SLACK * facts.spread_ticks
        self._sizes = sizes
        self._lean_size = LEAN_SIZE * facts.imbalance_logit

    def seed(self, now: int) -> None:
        """Fill the book as if the market had been open for a while."""
        chance = self._floor.stream(f"{self._venue.mic}/seed")
        events: list[BookEvent] = []
        for side in (1, -1):
            for _ in range(round(self._orders)):
                px = self._px(side, chance.exponential(), now)
                events += self._post(side, px, chance.uniform())
        self._venue.apply(events, now)

    def wake(self, now: int) -> None:
        """Take back what is too good, then add an order or withdraw one. Five numbers, always."""
        draw = self._chance.uniform
        which, whether, undercuts, distance, size = (draw() for _ in range(5))
        if not self._floor.is_trading(now):
            return
        events = self._take_back(now)
        side = 1 if which < 0.5 else -1
        number = len(self._mine[side])
        wanted = self._orders
        if whether < 1.0 / (1.0 + (number / wanted) ** STEEPNESS):
            px = self._px(side, -math.log1p(-distance), now)
            if undercuts < UNDERCUT:
                px = self._undercutting(side, px)
            size **= math.exp(-self._lean_size * side * self._price.pressure)
            events += self._post(side, px, size)
        elif number:
            events += self._book.cancel(self._mine[side].pop(int(size * number)))
        if events:
            self._venue.apply(events, now)

    def hear(self, now: int) -> None:
        """The price has moved: take back what is too good now."""
        if not self._floor.is_trading(now):
            return
        events = self._take_back(now)
        if events:
            self._venue.apply(events, now)

    # --- the inside --------------------------------------------------------------------------

    def _px(self, side: int, distance: float, now: int) -> int:
        """The price at so many mean distances from the efficient price, or from the other side's
        best price if that is nearer. Price units."""
        at = self._price.ticks(now)
        other = self._floor.nbbo()[1 if side > 0 else 0] / self._tick
        if other and side * other < side * at:
            at = other
        ticks = at - side * distance * self._distances.ticks
        return (math.floor(ticks) if side > 0 else math.ceil(ticks)) * self._tick

    def _undercutting(self, side: int, px: int) -> int:
        """One tick before the other side's best price, if there is one."""
        other = self._floor.nbbo()[1 if side > 0 else 0]
        return other - side * self._tick if other else px

    def _take_back(self, now: int) -> list[BookEvent]:
        """Withdraw orders through the efficient price, and those too far away to matter."""
        at = self._price.ticks(now)
        events: list[BookEvent] = []
        for side in (1, -1):
            good = (at + side * self._slack) * self._tick
            far = (at - side * FARTHEST * self._distances.ticks) * self._tick
            stay = []
            for order_id in self._mine[side]:
                order = self._book.order(order_id)
                if order is None:
                    continue
                if side * order.px > side * good or side * order.px < side * far:
                    events += self._book.cancel(order_id)
                else:
                    stay.append(order_id)
            self._mine[side] = stay
        return events

    def _post(self, side: int, px: int, size: float) -> list[BookEvent]:
        """Post, but never so that it locks or crosses another venue (SEC Rule 610(d))."""
        best_bid, best_offer = self._floor.nbbo()
        if side > 0 and best_offer:
            px = min(px, best_offer - self._tick)
        elif side < 0:
            px = max(px, best_bid + self._tick)
        self._count += 1
        self._mine[side].append(self._count)
        qty = self._sizes.shares(size)
        return self._book.submit(self._count, side=side, qty=qty, px=px, post_only=True)
