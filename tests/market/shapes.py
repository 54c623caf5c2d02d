"""Round trips: ways of buying and selling again (or the other way round) that might earn.

Owns the shapes, and what a seed makes of each, both ways round. A shape is what somebody would try
who believes that the market's answer to trades can be exploited: fast against slow, pauses, and
legs of other kinds of trade than the ones that push the price.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from router.model import NS, PX_SCALE
from tests.market.cost import MIDDAY, Mids, beginning, market_file, opened, undisturbed
from tests.market.trader import Trader
from venues.market_file import MarketSpec

SHARES = 4000
"""0.2 % of ADV: their square-root law's peak is 5 bp, more than a spread."""

BLOCK_MIN, BLOCK_MAX, BLOCK_WAIT_S = 2_000, 20_000, 300
"""What somebody looks for who hopes for a block: 0.1 to 1 % of ADV."""

FAST_S, SLOW_S, PAUSE_S = 10, 180, 120
CHILDREN = 20

BEGINS = 30 * NS
"""After midday."""

REPEG_S = 5
"""How often a resting order follows the quote."""

Shape = Callable[["Leg", int], None]
"""Buy and sell (`first` = +1), or sell and buy (-1)."""


class Leg:
    """Legs for one account; each leaves the clock where it ends."""

    def __init__(self, trader: Trader) -> None:
        self.trader = trader

    def take(self, sign: int, seconds: int, shares: int = SHARES) -> None:
        """Take evenly on the lit books."""
        begin, target = self._begin(sign, shares)
        for n in range(CHILDREN):
            self.trader.wait(begin + round((n + 0.5) * seconds / CHILDREN * NS))
            due = (n + 1) * shares // CHILDREN
            self.trader.take(sign, max(0, due - shares + self._left(sign, target)))
        self.trader.wait(begin + seconds * NS)
        self._rest_of(sign, target)

    def pause(self, seconds: int) -> None:
        """Wait."""
        self.trader.wait(self.trader.market.now + seconds * NS)

    def rest(self, sign: int, seconds: int, shares: int = SHARES) -> None:
        """Post at the best price of the lit venues in turn, and follow it; take what is left."""
        begin, target = self._begin(sign, shares)
        places = self.trader.lit
        for n in range(seconds // REPEG_S):
            self.trader.cancel_all()
            wants = min(shares // CHILDREN * 2, self._left(sign, target))
            bid, offer = self.trader.market.nbbo
            px = bid if sign > 0 else offer
            if wants > 0 and px:
                self.trader.rest(places[n % len(places)], sign, wants, px)
            self.trader.wait(begin + (n + 1) * REPEG_S * NS)
        self._rest_of(sign, target)

    def hide(self, sign: int, seconds: int, shares: int = SHARES) -> None:
        """Wait in every pool at the midpoint; take what is left."""
        begin, target = self._begin(sign, shares)
        least = {each.id: each.order_qty_min for each in self.trader.market.spec.venues}
        for n in range(seconds // REPEG_S):
            self.trader.cancel_all()
            wants = self._left(sign, target) // len(self.trader.dark)
            for mic in self.trader.dark if wants > 0 else ():
                if wants >= least[mic]:
                    self.trader.rest_in_the_dark(mic, sign, wants)
            self.trader.wait(begin + (n + 1) * REPEG_S * NS)
        self._rest_of(sign, target)

    def find_a_block(self, sign: int) -> None:
        """Wait in every pool until a block has been found, no longer than `BLOCK_WAIT_S`."""
        trader, begin = self.trader, self.trader.market.now
        for mic in trader.dark:
            trader.rest_in_the_dark(mic, sign, BLOCK_MAX)
        for second in range(BLOCK_WAIT_S):
            if abs(trader.held) >= BLOCK_MIN:
                break
            trader.wait(begin + (second + 1) * NS)
        trader.cancel_all()

    def deal(self, sign: int, seconds: int, shares: int = SHARES) -> None:
        """Deal evenly with the dealers in turn; take what they did not give."""
        begin, target = self._begin(sign, shares)
        dealers = self.trader.dealers
        for n in range(CHILDREN):
            self.trader.wait(begin + round((n + 0.5) * seconds / CHILDREN * NS))
            wants = min(shares // CHILDREN * 2, self._left(sign, target))
            if wants > 0:
                self.trader.deal(dealers[n % len(dealers)], sign, wants)
        self.trader.wait(begin + seconds * NS)
        self._rest_of(sign, target)

    def _begin(self, sign: int, shares: int) -> tuple[int, int]:
        return self.trader.market.now, self.trader.held + sign * shares

    def _left(self, sign: int, target: int) -> int:
        return sign * (target - self.trader.held)

    def _rest_of(self, sign: int, target: int) -> None:
        self.trader.cancel_all()
        self.trader.wait(self.trader.market.now + NS)  # what a dealer still looks at is decided
        left = self._left(sign, target)
        self.trader.take(sign if left > 0 else -sign, abs(left))


def fast_then_slow(leg: Leg, first: int) -> None:
    leg.take(first, FAST_S)
    leg.take(-first, SLOW_S)


def slow_then_fast(leg: Leg, first: int) -> None:
    leg.take(first, SLOW_S)
    leg.take(-first, FAST_S)


def even(leg: Leg, first: int) -> None:
    leg.take(first, SLOW_S)
    leg.take(-first, SLOW_S)


def fast_pause_fast(leg: Leg, first: int) -> None:
    leg.take(first, FAST_S)
    leg.pause(PAUSE_S)
    leg.take(-first, FAST_S)


def small_then_large(leg: Leg, first: int) -> None:
    """Creep in, push at once, and leave into the push."""
    leg.take(first, SLOW_S, SHARES // 2)
    leg.take(first, FAST_S, SHARES // 2)
    leg.take(-first, SLOW_S)


def two_forward_one_back(leg: Leg, first: int) -> None:
    leg.take(first, SLOW_S // 3, SHARES)
    leg.take(-first, SLOW_S // 3, SHARES // 2)
    leg.take(first, SLOW_S // 3, SHARES // 2)
    leg.take(-first, SLOW_S // 3)


def resting_both_ways(leg: Leg, first: int) -> None:
    leg.rest(first, SLOW_S)
    leg.rest(-first, SLOW_S)


def push_then_rest(leg: Leg, first: int) -> None:
    """Push the price, then sell to whoever follows it."""
    leg.take(first, FAST_S)
    leg.rest(-first, SLOW_S)


def block_then_take(leg: Leg, first: int) -> None:
    """A block at the midpoint moves the price only afterwards: leave into that."""
    leg.find_a_block(first)
    leg.pause(PAUSE_S // 2)
    leg.take(-first, PAUSE_S, abs(leg.trader.held))


def block_then_rest(leg: Leg, first: int) -> None:
    """The same, and wait for takers."""
    leg.find_a_block(first)
    leg.pause(PAUSE_S // 2)
    leg.rest(-first, PAUSE_S, abs(leg.trader.held))


def dark_then_push_then_dark(leg: Leg, first: int) -> None:
    """Collect at the midpoint, push the midpoint, hand out at it."""
    leg.hide(first, SLOW_S, SHARES // 2)
    leg.take(first, FAST_S, SHARES // 2)
    leg.hide(-first, SLOW_S)


def push_then_dealers(leg: Leg, first: int) -> None:
    """Dealers quote around the touch that was pushed."""
    leg.take(first, FAST_S)
    leg.deal(-first, SLOW_S // 3)


def dealers_then_push_then_dealers(leg: Leg, first: int) -> None:
    leg.deal(first, SLOW_S, SHARES // 2)
    leg.take(first, FAST_S, SHARES // 2)
    leg.deal(-first, SLOW_S)


TAKING: Mapping[str, Shape] = {
    each.__name__: each
    for each in (
        fast_then_slow,
        slow_then_fast,
        even,
        fast_pause_fast,
        small_then_large,
        two_forward_one_back,
    )
}
"""Only taking: there the answer of the price can be told apart from the spread."""

MIXED: Mapping[str, Shape] = {
    each.__name__: each
    for each in (
        resting_both_ways,
        push_then_rest,
        block_then_take,
        block_then_rest,
        dark_then_push_then_dark,
        push_then_dealers,
        dealers_then_push_then_dealers,
    )
}

SHAPES: Mapping[str, Shape] = {**TAKING, **MIXED}


@dataclass(frozen=True, slots=True)
class Trip:
    """What a shape did in one seed, both ways round together. Money in units of the currency.

    Both ways round, because what the day does to the one it does against the other.
    """

    lost: float
    """At the prices paid, fees included: what the accounts say, but for the day's own moves."""
    pushed: float
    """At mids instead of prices, without fees: what the answer of the price cost. Taken legs."""
    value: float
    """Bought and sold, once."""


def trips(seed: int, names: Sequence[str] = tuple(SHAPES)) -> dict[str, Trip]:
    """Some shapes, or every one, in one seed."""
    spec = beginning(market_file("baseline"), MIDDAY)
    done = {name: [_done(spec, seed, SHAPES[name], first) for first in (1, -1)] for name in names}
    traders = [trader for both in done.values() for trader in both]
    times = {fill.at for trader in traders for fill in trader.fills}
    times |= {trader.rested_since for trader in traders if trader.rested_since}
    without = undisturbed(spec, seed, times)
    return {name: _trip(name, both, without) for name, both in done.items()}


def _done(spec: MarketSpec, seed: int, shape: Shape, first: int) -> Trader:
    trader = Trader(opened(spec, seed))
    trader.wait(spec.session.from_ns + BEGINS)
    shape(Leg(trader), first)
    trader.flatten()
    return trader


def _trip(name: str, both: Sequence[Trader], without: Mids) -> Trip:
    fills = [fill for trader in both for fill in trader.fills]
    lost = sum(_chance(trader, without) - trader.cash for trader in both)
    takes = [take for trader in both for take in trader.takes if name in TAKING]
    pushed = sum(t.sign * t.qty * (t.mid2 - without[t.at]) / 2.0 for t in takes)
    value = sum(fill.qty * fill.px for fill in fills) / 2.0
    return Trip(lost / PX_SCALE, pushed / PX_SCALE, value / PX_SCALE)


def _chance(trader: Trader, without: Mids) -> float:
    """What the day's own moves have brought while nothing that was done depended on them.

    Who rests on a book is filled by where the day goes: from then on they are no chance.
    """
    if not trader.fills:
        return 0.0
    until = trader.rested_since or trader.fills[-1].at
    moved = sum(
        fill.sign * fill.qty * (without[until] - without[fill.at])
        for fill in trader.fills
        if fill.at <= until
    )
    return moved / 2.0
