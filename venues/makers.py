"""Those who post orders where the spread is a few ticks: the queues of one venue.

Owns the background orders of one venue's book. Follows the fair quotes and keeps queues near their
targets; never asks whose an order is, beyond withdrawing only its own.

When makers wake they leave prices that are no longer fair and, at one level of one side, either add
an order or withdraw one: they add to a short queue and withdraw from a long one (queue-reactive:
Huang, Lehalle & Rosenbaum 2015). A withdrawal takes any background order of the queue with equal
probability. Targets, and the sizes of new orders, lean to the side that the price is about to
leave: this is why imbalance foretells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from venues.fair import Fair
from venues.floor import Floor
from venues.flow import SizeLaw
from venues.lit import LitVenue
from venues.matching import BookEvent, Traded
from venues.price import EfficientPrice

LEVELS = 8
"""Price levels that makers fill on each side."""

DEEPER = 0.3
"""Of the decisions about one level and those behind it, the share for those behind. Choice: what
is behind the best price is seen little, and costs time."""

STEEPNESS = 3
"""How strongly the choice between adding and withdrawing depends on queue over target: the odds
of withdrawing are its third power. Choice."""

FILL, STEP = 1.25, 0.9
"""The target is FILL times the depth that the market file asks for, less STEP mean orders: a queue
stands above its target for the last order that was added, and is below it while it fills after a
move of the price. Choice: the measured depth is then the one asked for."""

OPENING = 0.35
"""A new best price opens with orders for a third of its target, and one at least. Choice."""

BEHIND, BEHIND_SPREADS = 2, 1.25
"""Prices behind the best that are never left empty when it opens: two, and a quarter more than a
market order reaches, so that a large one meets somebody."""

GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
"""Successive multiples of it, modulo 1, are evenly spread: the sizes of an opening queue."""

LEAN_PLACE = 0.7
"""How far targets lean with the price's place between two quotes, for an imbalance logit of 1.
Choice: the measured slope of imbalance."""

LEAN_PRESSURE, LEAN_SIZE = 1.5, 0.3
"""How far targets, and the sizes of new orders, lean with a pressure of 1. Choice: the measured
slope and decay of imbalance."""

LEAN_MAX = 0.8
"""A target is never less than a fifth of its mean."""


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """What the market file says of one venue's queues."""

    tick: int
    """Price units."""
    depth: float
    """Shares at one side of the best quote of this venue."""
    spread_ticks: float
    imbalance_logit: float


class Makers:
    """Everybody who posts orders at one venue."""

    def __init__(
        self,
        venue: LitVenue,
        facts: QueueFacts,
        price: EfficientPrice,
        fair: Fair,
        floor: Floor,
        sizes: SizeLaw,
    ) -> None:
        self._venue = venue
        self._book = venue.book
        self._price = price
        self._fair = fair
        self._floor = floor
        self.change(facts, sizes)
        self._chance = floor.stream(f"{venue.mic}/maker")
        self._count = 0
        self._quoted = fair.bid, fair.offer
        self._next_sizes = {1: 0.5, -1: 0.5}
        venue.on_events.append(self._watch)

    def change(self, facts: QueueFacts, sizes: SizeLaw) -> None:
        """Other queues from the next waking on."""
        self._tick = facts.tick
        self._lean_place = LEAN_PLACE * facts.imbalance_logit
        self._sizes = sizes
        mean_size = sizes.mean
        self._target = max(sizes.lot / 2.0, FILL * facts.depth - STEP * mean_size)
        self._opening = max(1, round(OPENING * self._target / mean_size))
        self._behind = max(BEHIND, math.floor(BEHIND_SPREADS * facts.spread_ticks))

    def seed(self, now: int) -> None:
        """Fill the book as if the market had been open for a while."""
        chance = self._floor.stream(f"{self._venue.mic}/seed")
        events: list[BookEvent] = []
        for side in (1, -1):
            for level in range(LEVELS):
                px = (self._fair.px(side) - side * level) * self._tick
                while self._book.qty_at(side, px) < self._target * chance.uniform() * 2.0:
                    events += self._post(side, px, chance.uniform())
        self._venue.apply(events, now)

    def wake(self, now: int) -> None:
        """Quote what is fair, then add to a queue or withdraw from one. Six numbers, always."""
        draw = self._chance.uniform
        which, where, whether, size = draw(), draw(), draw(), draw()
        self._next_sizes = {1: draw(), -1: draw()}
        if not self._floor.is_trading(now):
            return
        events = self._follow(now)
        side = 1 if which < 0.5 else -1
        level = min(LEVELS - 1, int(math.log(1.0 - where) / math.log(DEEPER)))
        px = (self._fair.px(side) - side * level) * self._tick
        odds = (self._book.qty_at(side, px) / self._leaning_target(side)) ** STEEPNESS
        if whether * (1.0 + odds) >= 1.0:
            events += self._withdraw(side, px, size)
        elif self._is_free(side, px, now):
            events += self._post(side, px, self._leaning_size(side, size))
        if events:
            self._venue.apply(events, now)

    def hear(self, now: int) -> None:
        """The fair quotes have changed, or somebody traded: follow, but for a halt. Draws
        nothing."""
        if not self._floor.is_trading(now):
            return
        events = self._follow(now)
        if events:
            self._venue.apply(events, now)

    # --- the inside --------------------------------------------------------------------------

    def _follow(self, now: int) -> list[BookEvent]:
        """Leave what is no longer fair, and quote the fair prices if nobody does here; where a fair
        price stays empty, the next one."""
        fair, tick = self._fair, self._tick
        events: list[BookEvent] = []
        if (fair.bid, fair.offer) != self._quoted:
            self._quoted = fair.bid, fair.offer
            for side in (1, -1):
                events += self._take_back(side, fair.px(side))
            for side in (1, -1):
                events += self._pick_off(side, fair.px(side) * tick)
        for side in (1, -1):
            px = self._allowed(side)
            if fair.stays_empty(side, now) and px == fair.px(side) * tick:
                px -= side * tick
            if not self._book.qty_at(side, px):
                events += self._open_queue(side, px)
        return events

    def _allowed(self, side: int) -> int:
        """The fair price, or one that does not lock another venue (SEC Rule 610(d))."""
        bid, offer = self._floor.nbbo()
        if side > 0:
            px = self._fair.bid * self._tick
            return min(px, offer - self._tick) if offer else px
        return max(self._fair.offer * self._tick, bid + self._tick)

    def _is_free(self, side: int, px: int, now: int) -> bool:
        """True if an order may be posted at the price: nothing locks, nothing stays empty."""
        if px == self._fair.px(side) * self._tick and self._fair.stays_empty(side, now):
            return False
        return side * px <= side * self._allowed(side)

    def _leaning_target(self, side: int) -> float:
        lean = LEAN_PRESSURE * self._price.pressure + self._lean_place * self._fair.place
        return self._target * (1.0 + side * max(-LEAN_MAX, min(LEAN_MAX, lean)))

    def _leaning_size(self, side: int, u: float) -> float:
        """The uniform number of a size, moved towards 1 on the side that is leant to."""
        return math.pow(u, math.exp(-LEAN_SIZE * side * self._price.pressure))

    def _take_back(self, side: int, best: int) -> list[BookEvent]:
        """Withdraw background orders that are better than fair, or too deep to matter."""
        book, tick = self._book, self._tick
        stale = []
        for px in book.prices(side):
            if side * px <= side * best * tick:
                break
            stale.append(px)
        deepest = side * (best - side * 2 * LEVELS) * tick
        for px in book.prices_from_worst(side):
            if side * px >= deepest:
                break
            stale.append(px)
        return [
            event
            for px in stale
            for order in book.queue(side, px)
            if isinstance(order.order_id, int)
            for event in book.cancel(order.order_id)
        ]

    def _withdraw(self, side: int, px: int, which: float) -> list[BookEvent]:
        """Cancel one of the background orders at a price."""
        queue = [each for each in self._book.queue(side, px) if isinstance(each.order_id, int)]
        return self._book.cancel(queue[int(which * len(queue))].order_id) if queue else []

    def _pick_off(self, side: int, px: int) -> list[BookEvent]:
        """Take whoever still quotes through the fair price: background orders were taken back."""
        available = self._book.available(side, px)
        if not available:
            return []
        return self._book.submit(self._next_id(), side=side, qty=available, px=px, rests=False)

    def _open_queue(self, side: int, px: int) -> list[BookEvent]:
        """The first orders at a price, several at once where queues are long, and one at each of
        the next prices if there is none."""
        events: list[BookEvent] = []
        size = self._next_sizes[side]
        for _ in range(self._opening):
            events += self._post(side, px, self._leaning_size(side, size))
            size = (size + GOLDEN) % 1.0
        for behind in range(1, self._behind + 1):
            deeper = px - side * behind * self._tick
            if not self._book.qty_at(side, deeper):
                events += self._post(side, deeper, self._leaning_size(side, size))
        return events

    def _post(self, side: int, px: int, size: float) -> list[BookEvent]:
        qty = self._sizes.shares(size)
        return self._book.submit(self._next_id(), side=side, qty=qty, px=px, post_only=True)

    def _next_id(self) -> int:
        self._count += 1
        return self._count

    def _watch(self, now: int, events: list[BookEvent]) -> None:
        """Tell if the last shares at a fair price are gone, here and everywhere."""
        for event in events:
            if isinstance(event, Traded) and not event.maker_leaves:
                side = -event.taker_side
                fair = self._fair.px(side) * self._tick
                if event.px == fair and self._floor.nbbo()[0 if side > 0 else 1] != fair:
                    self._fair.swept(side, now)
