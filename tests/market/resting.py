"""Small orders at the touch, venue by venue: how many are filled, and what becomes of the price.

Owns an experiment: every few seconds the same order (one lot, each side in turn) rests at the best
price of the next venue, joins the queue there, and is taken back after ten seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from statistics import fmean

from router.model import NS
from tests.market.cost import mid2, opened
from tests.market.estimates import Estimate, estimate
from tests.market.pool import of_seeds, seeds
from tests.market.trader import Fill, Trader
from venues.market_file import MarketSpec

RESTS_S, MARKOUT_S = 10, 10
EVERY_S = 12
LOT = 100


@dataclass(frozen=True, slots=True)
class Rested:
    """What one seed says of one venue."""

    asked: int
    filled: int
    kept: float
    """Mean of 2 side (mid 10 s later - price) over the mean spread of the market, per fill."""
    moved: float
    """Mean of 2 side (mid 10 s later - mid just before) over it: how they were selected."""


def rest_in_turn(spec: MarketSpec, hours: float, seed: int) -> dict[str, Rested]:
    """The experiment in one seed, from the start of the market on."""
    trader = Trader(opened(spec, seed))
    start, places = trader.market.now, trader.lit
    mids: dict[int, int] = {}
    asked = dict.fromkeys(places, 0)
    ref = ""
    for second in range(1, round(hours * 3600)):
        at = start + second * NS
        trader.wait(at)
        mids[at] = mid2(trader.market)
        turn, phase = divmod(second, EVERY_S)
        if phase == 0:
            mic, sign = places[turn % len(places)], 1 if turn // len(places) % 2 else -1
            bid, offer = trader.market.nbbo
            asked[mic] += 1
            ref = trader.rest(mic, sign, LOT, bid if sign > 0 else offer)
        elif phase == RESTS_S:
            trader.cancel(ref)
    return {mic: _rested(spec, trader.fills, asked[mic], mic, mids) for mic in places}


def _rested(
    spec: MarketSpec, fills: list[Fill], asked: int, mic: str, mids: dict[int, int]
) -> Rested:
    spread = spec.stock.spread_ticks * spec.stock.tick * 1e8
    kept, moved = [], []
    for fill in fills:
        before = fill.at // NS * NS
        later = mids.get(before + (MARKOUT_S + 1) * NS)
        if fill.mic == mic and later is not None and before in mids:
            kept.append(fill.sign * (later - 2 * fill.px) / spread)
            moved.append(fill.sign * (later - mids[before]) / spread)
    return Rested(asked, len(kept), fmean(kept), fmean(moved))


@dataclass(frozen=True, slots=True)
class Venue:
    """What many seeds say of one venue."""

    fill_rate: Estimate
    kept: Estimate
    moved: Estimate

    def __str__(self) -> str:
        return f"fill rate {self.fill_rate}, kept {self.kept}, mid moved {self.moved} spreads"


def rested(spec: MarketSpec, count: int, *, hours: float = 1.0) -> dict[str, Venue]:
    """The experiment over seeds; every seed weighs the same."""
    found = of_seeds(partial(rest_in_turn, spec, hours), seeds(count), "resting orders")
    return {
        mic: Venue(
            fill_rate=estimate([each[mic].filled / each[mic].asked for each in found]),
            kept=estimate([each[mic].kept for each in found]),
            moved=estimate([each[mic].moved for each in found]),
        )
        for mic in found[0]
    }
