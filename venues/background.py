"""Simulated background flow of the lit venues: one efficient price, a maker at each book, takers.

Owns the latent efficient price and the orders of everybody but the router. Knows the books only
through their public face; never sees an owner. What is drawn does not depend on what is found: a
taker comes, and a maker wakes, at the same time with the same numbers whatever the router does.

Model. The efficient price p (ticks) diffuses, follows the surprise in market-order signs and
carries the router's impact. Makers quote floor(p - h) and ceil(p + h), with h about half of
(spread_ticks - 1), when they next wake; they take back what has become too good and fill queues
towards a target depth: they add to a short queue and withdraw from a long one (queue-reactive).
Takers take what is shown at the best price, first at the venue they prefer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from router.model import NS
from venues.chance import Stream
from venues.floor import Floor, seconds
from venues.flow import Clock, Session, Signs, Sizes
from venues.lit import LitVenue
from venues.matching import Book, BookEvent, Traded

LEVELS = 8
"""Price levels that makers fill on each side."""

WAKES_PER_UPDATE = 1.3
"""Maker decisions for each best-quote update: not every decision changes the best quote."""

TAKER_IMPACT_SPREADS = 0.4
"""How far an unexpected market order moves the efficient price, in spreads (measured response of
the mid after 10 s: 0.32-0.53 spreads)."""

FLOW_VARIANCE_MAX = 0.8
"""At most so much of the day's variance comes from market orders; the rest diffuses."""

IMBALANCE_NOISE = 0.2
"""Variance of (bq - aq) / (bq + aq) that queues have by chance."""

STALE_TICKS = 0.12
"""Makers quote so much wider on each side: quotes that lag the price make the best spread narrower
than each maker's own."""

DEEP_FACTOR = 1.5
"""Target depth behind the touch over that at the touch."""


@dataclass(frozen=True, slots=True)
class FlowFacts:
    """What the market file says of the flow, in the units used here."""

    price_ticks: float
    tick: int
    sigma_ticks_day: float
    day_seconds: float
    spread_ticks: float
    touch_depth: float
    """Shares at one side of the best quote over all venues."""
    market_orders_per_s: float
    updates_per_mo: float
    clustering_cv: float
    acf1: float
    gamma: float
    lot: int
    p_lot: float
    mean_size: float
    tail_alpha: float
    imbalance_logit: float
    resilience_halflife_s: float
    no_refill_prob: float


class SizeFacts(TypedDict):
    """What `Sizes` is told."""

    lot: int
    p_lot: float
    mean: float
    tail_alpha: float


class EfficientPrice:
    """The latent price in ticks. Advanced only at times that the router cannot influence."""

    def __init__(self, facts: FlowFacts, floor: Floor, session: Session, now: int) -> None:
        self._floor = floor
        self._session = session
        self._stream = floor.stream("price")
        self._value = facts.price_ticks
        self._now = now
        self._ticks_per_bp = facts.price_ticks / 10_000.0
        self.change(facts)

    def change(self, facts: FlowFacts) -> None:
        """Move by another law from the last advance on. Nothing is drawn: a change may come at a
        time that the router chose."""
        variance = facts.sigma_ticks_day**2 / facts.day_seconds
        share = (TAKER_IMPACT_SPREADS * facts.spread_ticks) ** 2 * facts.market_orders_per_s
        share = min(share, FLOW_VARIANCE_MAX * variance)
        self.taker_impact = math.sqrt(share / facts.market_orders_per_s)
        """Ticks that a wholly unexpected market order moves the price."""
        self._sigma = math.sqrt(variance - share)

    def advance(self, now: int) -> None:
        """Diffuse up to `now`."""
        span = (now - self._now) / NS
        scale = self._sigma * math.sqrt(span * self._session.activity(now))
        self._value += scale * self._stream.normal()
        self._now = now

    def move(self, ticks: float) -> None:
        """A lasting move."""
        self._value += ticks

    def ticks(self, now: int) -> float:
        """The price, the router's impact included."""
        return max(self._value + self._ticks_per_bp * self._floor.impact.bp(now), LEVELS + 2.0)


class Maker:
    """Everybody who posts orders at one venue."""

    def __init__(
        self, venue: LitVenue, facts: FlowFacts, price: EfficientPrice, floor: Floor, depth: float
    ) -> None:
        self._venue = venue
        self._book: Book = venue.book
        self._price = price
        self._floor = floor
        self.change(facts, depth)
        self._chance = floor.stream(f"{venue.mic}/maker")
        self._news = floor.stream(f"{venue.mic}/news")
        self._refill = floor.stream(f"{venue.mic}/refill")
        self._count = 0
        self._fair = (0, 0)
        self._caps = {1: 0, -1: 0}
        self._blocked: dict[int, tuple[int, int]] = {}
        venue.on_events.append(self._watch)

    def change(self, facts: FlowFacts, depth: float) -> None:
        """Other queues from the next waking on."""
        self._facts = facts
        self._depth = depth
        self._half_spread = (facts.spread_ticks - 1.0) / 2.0 + STALE_TICKS
        self._tilt = _tilt(facts.imbalance_logit)

    def seed(self, now: int) -> None:
        """Fill the book as if the market had been open for a while."""
        self._fair = self._quotes(now)[:2]
        chance = self._floor.stream(f"{self._venue.mic}/seed")
        events: list[BookEvent] = []
        for side, best in zip((1, -1), self._fair, strict=True):
            for level in range(LEVELS):
                px = (best - side * level) * self._facts.tick
                target = self._depth * (DEEP_FACTOR if level else 1.0)
                while self._book.qty_at(side, px) < target * chance.uniform() * 2.0:
                    events += self._post(side, px, chance.uniform())
        self._venue.apply(events, now)

    def wake(self, now: int) -> None:
        """Follow the price, then add to a queue or withdraw from one. Six numbers, always."""
        which, where, whether, size, bid_size, offer_size = (
            self._chance.uniform() for _ in range(6)
        )
        if not self._floor.is_trading(now):
            return
        bid, offer, tilt = self._quotes(now)
        events = self._follow(bid, offer, bid_size, offer_size, now)
        side = 1 if which < 0.5 else -1
        level = min(LEVELS - 1, int(-math.log2(1.0 - where)))
        px = ((bid if side > 0 else offer) - side * level) * self._facts.tick
        target = self._depth * (DEEP_FACTOR if level else 1.0 + side * tilt)
        queue = [each for each in self._book.queue(side, px) if isinstance(each.order_id, int)]
        shown = sum(each.leaves for each in queue)
        if whether < 1.0 / (1.0 + (shown / target) ** 3):
            if side * px <= side * self._caps[side] and not self._is_blocked(side, px, now):
                events += self._post(side, px, size)
        elif queue:
            events += self._book.cancel(queue[int(size * len(queue))].order_id)
        self._venue.apply(events, now)

    def hear(self, now: int) -> None:
        """News: follow the price at once, but for a halt."""
        sizes = self._news.uniform(), self._news.uniform()
        if not self._floor.is_trading(now):
            return
        bid, offer, _ = self._quotes(now)
        self._venue.apply(self._follow(bid, offer, *sizes, now), now)

    # --- the inside --------------------------------------------------------------------------

    def _quotes(self, now: int) -> tuple[int, int, float]:
        """Fair bid and offer in ticks, and how far targets lean to the bid (-tilt to +tilt)."""
        low = self._price.ticks(now) - self._half_spread
        high = low + 2.0 * self._half_spread
        bid, offer = math.floor(low), math.ceil(high)
        return bid, max(offer, bid + 1), self._tilt * (2.0 * (low - bid) - 1.0)

    def _follow(
        self, bid: int, offer: int, bid_size: float, offer_size: float, now: int
    ) -> list[BookEvent]:
        tick = self._facts.tick
        events: list[BookEvent] = []
        if (bid, offer) != self._fair:
            self._fair = bid, offer
            self._blocked = {side: b for side, b in self._blocked.items() if self._at(side) == b[0]}
            for side, best in ((1, bid), (-1, offer)):
                events += self._take_back(side, best * tick)
            for side, best in ((1, bid), (-1, offer)):
                events += self._pick_off(side, best * tick)
        # Nobody locks another venue: SEC Rule 610(d), and its like elsewhere.
        best_bid, best_offer = self._floor.nbbo()
        self._caps[1] = min(bid * tick, best_offer - tick) if best_offer else bid * tick
        self._caps[-1] = max(offer * tick, best_bid + tick)
        for side, size in ((1, bid_size), (-1, offer_size)):
            px = self._caps[side]
            if not self._book.qty_at(side, px) and not self._is_blocked(side, px, now):
                events += self._post(side, px, size)
        return events

    def _at(self, side: int) -> int:
        return self._fair[0 if side > 0 else 1] * self._facts.tick

    def _take_back(self, side: int, best: int) -> list[BookEvent]:
        """Withdraw background orders that are better than fair, or too deep to matter."""
        deepest = best - side * 2 * LEVELS * self._facts.tick
        stale = [
            order.order_id
            for px in list(self._book.prices(side))
            if side * px > side * best or side * px < side * deepest
            for order in self._book.queue(side, px)
            if isinstance(order.order_id, int)
        ]
        return [event for order_id in stale for event in self._book.cancel(order_id)]

    def _pick_off(self, side: int, px: int) -> list[BookEvent]:
        """Take whoever still quotes through the fair price: background orders were taken back."""
        available = self._book.available(side, px)
        if not available:
            return []
        return self._book.submit(self._next_id(), side=side, qty=available, px=px, rests=False)

    def _post(self, side: int, px: int, size: float) -> list[BookEvent]:
        lots = 1 if size < 0.7 else 2 + int((size - 0.7) / 0.3 * 4.0)
        qty = lots * self._facts.lot
        return self._book.submit(self._next_id(), side=side, qty=qty, px=px, post_only=True)

    def _next_id(self) -> int:
        self._count += 1
        return self._count

    def _watch(self, now: int, events: list[BookEvent]) -> None:
        """A best level was swept: it refills late, or not at all at this price."""
        for event in events:
            if not isinstance(event, Traded) or event.maker_leaves:
                continue
            side = -event.taker_side
            if self._book.qty_at(side, event.px) or event.px != self._at(side):
                continue
            never = self._refill.uniform() < self._facts.no_refill_prob
            wait = self._refill.exponential() * self._facts.resilience_halflife_s / math.log(2.0)
            until = self._floor.facts.close_at if never else now + seconds(wait)
            self._blocked[side] = event.px, until

    def _is_blocked(self, side: int, px: int, now: int) -> bool:
        blocked = self._blocked.get(side)
        return blocked is not None and blocked[0] == px and now < blocked[1]


class Background:
    """The efficient price, the makers and the takers of all simulated lit venues."""

    def __init__(
        self,
        floor: Floor,
        facts: FlowFacts,
        session: Session,
        venues: Sequence[tuple[LitVenue, float]],
        now: int,
    ) -> None:
        """`venues` are the books with their shares of the flow, which sum to 1."""
        self._floor = floor
        self._facts = facts
        self._venues = [venue for venue, _ in venues]
        self._shares = [share for _, share in venues]
        self._price = EfficientPrice(facts, floor, session, now)
        self._impacts = _venue_impacts(venues, self._price.taker_impact)
        self._makers = [
            Maker(venue, facts, self._price, floor, facts.touch_depth * share)
            for venue, share in venues
        ]
        rate, wakes = facts.market_orders_per_s, _wakes(facts, len(venues))
        self._takes = Clock(floor.stream("takes"), session, rate, facts.clustering_cv)
        self._wakes = [
            Clock(floor.stream(f"{venue.mic}/wakes"), session, wakes) for venue, _ in venues
        ]
        self._next_take = 0
        self._next_wakes = [0] * len(venues)
        self._signs = Signs(floor.stream("signs"), facts.acf1, facts.gamma)
        self._sizes = Sizes(floor.stream("sizes"), **_sizes(facts))
        self._route: Stream = floor.stream("route")
        self._strangers: Stream = floor.stream("strangers/route")

    def change(self, facts: FlowFacts, shares: Sequence[float], now: int) -> None:
        """Go on by other facts, and with other shares of the flow for the venues.

        Nothing is drawn and the price does not jump. Who is to come next comes as much sooner or
        later as the rates have changed, so that a market that stood still can awake.
        """
        before, self._facts, self._shares = self._facts, facts, list(shares)
        self._price.change(facts)
        flows = list(zip(self._venues, shares, strict=True))
        self._impacts = _venue_impacts(flows, self._price.taker_impact)
        for maker, share in zip(self._makers, shares, strict=True):
            maker.change(facts, facts.touch_depth * share)
        self._signs.change(facts.acf1, facts.gamma)
        self._sizes.change(**_sizes(facts))
        rate, wakes = facts.market_orders_per_s, _wakes(facts, len(shares))
        self._takes.change(rate, facts.clustering_cv)
        scale = before.market_orders_per_s / rate
        self._await_take(now + round((self._next_take - now) * scale))
        scale = _wakes(before, len(shares)) / wakes
        for index, clock in enumerate(self._wakes):
            clock.change(wakes)
            self._await_wake(index, now + round((self._next_wakes[index] - now) * scale))

    def start(self, now: int) -> None:
        """Fill the books and set the clocks."""
        for maker in self._makers:
            maker.seed(now)
        for index in range(len(self._makers)):
            self._schedule_wake(index, now)
        self._schedule_take(now)

    def jump(self, ticks: float, at: int) -> None:
        """The efficient price moves at once and every maker follows."""
        self._price.move(ticks)
        for maker in self._makers:
            maker.hear(at)

    def take(self, side: int, qty: int, now: int) -> int:
        """A market order of somebody who is not of the background; the shares that it found.

        It takes as any other, and the price answers as to any other; what the background expects
        next stays as it was.
        """
        return self._serve(side, qty, self._signs.expected(), self._strangers, now)

    def _schedule_wake(self, index: int, now: int) -> None:
        self._await_wake(index, self._wakes[index].after(now))

    def _await_wake(self, index: int, at: int) -> None:
        self._next_wakes[index] = at
        if self._floor.is_open(at):
            self._floor.schedule(at, lambda when: self._wake(index, when))

    def _schedule_take(self, now: int) -> None:
        self._await_take(self._takes.after(now))

    def _await_take(self, at: int) -> None:
        self._next_take = at
        if self._floor.is_open(at):
            self._floor.schedule(at, self._take)

    def _wake(self, index: int, now: int) -> None:
        if now != self._next_wakes[index]:
            return  # it was put off, or brought forward
        self._price.advance(now)
        self._makers[index].wake(now)
        self._schedule_wake(index, now)

    def _take(self, now: int) -> None:
        if now != self._next_take:
            return  # it was put off, or brought forward
        self._price.advance(now)
        side, expected = self._signs.draw()
        self._serve(side, self._sizes.draw(), expected, self._route, now)
        self._schedule_take(now)

    def _serve(self, side: int, qty: int, expected: float, route: Stream, now: int) -> int:
        first = _pick(self._shares, route.uniform())
        found = self._sweep(side, qty, first, now)
        self._price.move(self._impacts[first] * (side - expected))
        return found

    def _sweep(self, side: int, qty: int, first: int, now: int) -> int:
        """Take what is shown at the best price, then one tick more at the preferred venue."""
        bid, offer = self._floor.nbbo()
        touch, left = offer if side > 0 else bid, qty
        if not touch:
            return 0
        order = self._venues[first:] + self._venues[:first]
        for venue in order:
            left -= self._hit(venue, side, left, touch, now)
        left -= self._hit(order[0], side, left, touch + side * self._facts.tick, now)
        return qty - left

    def _hit(self, venue: LitVenue, side: int, qty: int, px: int, now: int) -> int:
        takes = min(qty, venue.book.available(side, px))
        if takes > 0:
            venue.apply(
                venue.book.submit(-1, side=side, qty=takes, px=px, rests=False),
                now,
            )
        return takes


def _wakes(facts: FlowFacts, venues: int) -> float:
    """Maker decisions a second at each venue."""
    return facts.market_orders_per_s * facts.updates_per_mo * WAKES_PER_UPDATE / venues


def _sizes(facts: FlowFacts) -> SizeFacts:
    return {
        "lot": facts.lot,
        "p_lot": facts.p_lot,
        "mean": facts.mean_size,
        "tail_alpha": facts.tail_alpha,
    }


def _pick(shares: Sequence[float], u: float) -> int:
    for index, share in enumerate(shares):
        u -= share
        if u < 0.0:
            return index
    return len(shares) - 1


def _tilt(slope: float) -> float:
    """How far queue targets lean with the price inside the tick, for a logit slope on imbalance.

    With f the price's place in the tick, P(up) = f and imbalance I = k (2f - 1) + noise, regression
    gives a slope of about (2k / 3) / (k^2 / 3 + noise): the smaller root for k, at most 0.9.
    """
    root = 1.0 - 3.0 * IMBALANCE_NOISE * slope * slope
    if slope <= 0.0:
        return 0.0
    return min(0.9, (1.0 - math.sqrt(max(root, 0.0))) / slope)


def _venue_impacts(venues: Sequence[tuple[LitVenue, float]], taker_impact: float) -> list[float]:
    """More informed takers where passive fills earn less; the flow's variance stays as it is."""
    informed = [1.0 - venue.spec.passive_realised10s for venue, _ in venues]
    square = sum(share * each * each for (_, share), each in zip(venues, informed, strict=True))
    return [taker_impact * each / math.sqrt(square) for each in informed]
