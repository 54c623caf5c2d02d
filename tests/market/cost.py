"""What trading costs in a market: a run with our orders beside the same run without them.

Owns the paired measure: cost = sum q side (mid just before the child in the run with us - mid at
that time in the run without) / Q. Spread and fees are not in it. Both runs have the same seed, so
that the day's own moves are in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from router.model import BP, NS
from tests.market.trader import Trader
from tests.venues.simulated import MARKETS, at_once
from venues.market import Market
from venues.market_file import MarketSpec, read_market

Mids = Mapping[int, int]
"""Bid plus offer by time."""

MIDDAY = "12:00:00"
"""When parents of an hour and less begin: activity is even there."""

WARM_UP = 120 * NS
PATIENCE = 60
"""Seconds that a child waits at most for a market with two sides."""


@cache
def market_file(name: str) -> MarketSpec:
    """A shipped market; messages take no time."""
    return at_once(read_market(MARKETS / f"{name}.yaml"))


def beginning(spec: MarketSpec, at: str) -> MarketSpec:
    """The same market, begun at another time of day."""
    return replace(spec, session=spec.session.model_copy(update={"from_": at}))


def opened(spec: MarketSpec, seed: int) -> Market:
    """A market at its start; its clock counts from midnight."""
    return Market(spec, seed=seed, start=spec.session.from_ns)


@dataclass(frozen=True, slots=True)
class Twap:
    """Equal market-order children at equal distances, in the middle of their intervals."""

    qty: int
    child: int
    horizon_s: int

    def times(self, start: int) -> list[int]:
        """When the children are sent."""
        count = self.qty // self.child
        step = self.horizon_s * NS / count
        return [start + round((n + 0.5) * step) for n in range(count)]


def mid2(market: Market) -> int:
    """Bid plus offer, waiting for both if need be."""
    for _ in range(PATIENCE):
        if market.mid2:
            return market.mid2
        market.tick(market.now + NS)
    raise AssertionError("no market with two sides")


def undisturbed(spec: MarketSpec, seed: int, times: Iterable[int]) -> dict[int, int]:
    """The mids of a seed at some times when nobody disturbs it, or the next ones that there are."""
    market = opened(spec, seed)
    found = {}
    for at in sorted(set(times)):
        market.tick(max(at, market.now))
        market.take()
        found[at] = mid2(market)
    return found


@dataclass(frozen=True, slots=True)
class Worked:
    """What a parent did to the price, bp, + against the parent."""

    cost: float
    """Mean over its shares."""
    moved: dict[int, float]
    """At each watched time."""


def work(
    spec: MarketSpec,
    seed: int,
    plan: Twap,
    sign: int,
    start: int,
    without: Mids,
    watched: Iterable[int] = (),
) -> Worked:
    """Work a parent from `start` on, against the mids of the undisturbed run."""
    market = opened(spec, seed)
    trader = Trader(market)
    sends = set(plan.times(start))
    looks = set(watched)
    cost, due, moved = 0.0, 0, {}
    for at in sorted(sends | looks):
        trader.wait(at)
        against = sign * BP * (mid2(market) / without[at] - 1.0)
        if at in looks:
            moved[at] = against
        if at in sends:
            # What a thin book did not give is left to the next child.
            due += plan.child
            cost += trader.take(sign, due - abs(trader.held)) * against
    assert abs(trader.held) > 0.99 * plan.qty
    return Worked(cost / abs(trader.held), moved)
