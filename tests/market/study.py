"""What one seed tells of the cost of trading, measured once for every check that asks.

Owns which parents are worked in which part of a seed's day. The undisturbed day is recorded and
serves the background's own figures, too.
"""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

from router.model import BP, NS
from tests.market.cost import (
    MIDDAY,
    WARM_UP,
    Mids,
    Twap,
    beginning,
    market_file,
    mid2,
    opened,
    undisturbed,
    work,
)
from venues.facts.day import day_of
from venues.facts.response import impact_by_time
from venues.facts.tables import read_recording
from venues.facts.targets import scope_of
from venues.market_file import MarketSpec
from venues.recorder import SLICE_NS, Recorder

DAY_S, HOUR_S, QUARTER_S = 23_400, 3600, 900

QUARTER_PERCENT, ONE_PERCENT, A_QUARTER = 5_000, 20_000, 500_000
"""Shares, of an ADV of 2,000,000."""

DAY_LONG = {
    "25 % over 6.5 h": Twap(A_QUARTER, 1000, DAY_S),
    "0.25 % over 6.5 h": Twap(QUARTER_PERCENT, 100, DAY_S),
}
SHORT = {
    "1 % over 1 h": Twap(ONE_PERCENT, 200, HOUR_S),
    "0.25 % over 1 h": Twap(QUARTER_PERCENT, 100, HOUR_S),
    "0.25 % over 15 min": Twap(QUARTER_PERCENT, 100, QUARTER_S),
}

ONE_ORDER = Twap(200, 200, 2)
"""One order of average size (195 shares), a second after its start."""

PEAK = (0.95, 1.0)
"""Of the horizon: where the peak is taken, 20 looks. A constant rate has 0.987 of it there."""

REMAINS = (1.95, 2.05)

LOOKS = 20


@dataclass(frozen=True, slots=True)
class SeedStudy:
    """The figures of one seed. Costs in bp, responses in spreads of the market file."""

    seed: int
    sign: int
    """Of our parents: even seeds buy, odd seeds sell."""
    costs: dict[str, float]
    peak: float
    """At the end of 1 % over 1 h, bp."""
    remains: float
    """One horizon later, bp."""
    ours_1s: float
    ours_10s: float
    background_1s: float
    background_10s: float
    day_return_bp: float
    """Open to close, undisturbed."""


def study(seed: int) -> SeedStudy:
    """Everything that is asked of a seed of the baseline."""
    spec = market_file("baseline")
    sign = 1 if seed % 2 == 0 else -1
    day = _Day(spec, seed)
    costs = {
        name: work(spec, seed, plan, sign, spec.session.from_ns, day.mids).cost
        for name, plan in DAY_LONG.items()
    }
    short, peak, remains = _short_parents(spec, seed, sign)
    ours = _one_order(spec, seed, sign)
    return SeedStudy(
        seed=seed,
        sign=sign,
        costs=costs | short,
        peak=peak,
        remains=remains,
        ours_1s=ours[0],
        ours_10s=ours[1],
        background_1s=day.response[0],
        background_10s=day.response[1],
        day_return_bp=day.return_bp,
    )


class _Day:
    """A whole day without us: its mids when our children would come, and what it says of itself."""

    def __init__(self, spec: MarketSpec, seed: int) -> None:
        hours = spec.session
        market = opened(spec, seed)
        recorder = Recorder(market)
        wanted = {at for plan in DAY_LONG.values() for at in plan.times(hours.from_ns)}
        first = mid2(market)
        self.mids = {}
        for at in sorted(wanted | set(range(hours.from_ns, hours.end_ns, SLICE_NS))):
            market.tick(at)
            market.take()
            self.mids[at] = mid2(market)
        self.return_bp = BP * math.log(mid2(market) / first)
        self.response = _response_to_the_background(recorder, spec)


def _response_to_the_background(recorder: Recorder, spec: MarketSpec) -> tuple[float, float]:
    """The mean move of the mid 1 s and 10 s after a market order, in spreads that orders met."""
    with tempfile.TemporaryDirectory() as folder:
        prefix = Path(folder) / "day"
        recorder.write(prefix)
        day = day_of(read_recording(prefix), scope_of(spec))
    after_1s, after_10s = impact_by_time(day, (1.0, 10.0))
    assert after_1s is not None
    assert after_10s is not None
    return after_1s, after_10s


def _short_parents(spec: MarketSpec, seed: int, sign: int) -> tuple[dict[str, float], float, float]:
    """Costs of the parents of an hour and less; peak and rest of the largest."""
    midday = beginning(spec, MIDDAY)
    start = midday.session.from_ns + WARM_UP
    at_peak, at_rest = looks(start, HOUR_S, PEAK), looks(start, HOUR_S, REMAINS)
    wanted = {at for plan in SHORT.values() for at in plan.times(start)}
    without = undisturbed(midday, seed, [*wanted, *at_peak, *at_rest])
    costs: dict[str, float] = {}
    moved: dict[int, float] = {}
    for name, plan in SHORT.items():
        watched = [*at_peak, *at_rest] if plan.qty == ONE_PERCENT else []
        done = work(midday, seed, plan, sign, start, without, watched)
        costs[name] = done.cost
        moved |= done.moved
    peak = sum(moved[at] for at in at_peak) / LOOKS
    return costs, peak, sum(moved[at] for at in at_rest) / LOOKS


def looks(start: int, horizon_s: int, part: tuple[float, float]) -> list[int]:
    """Moments spread over a part of a horizon."""
    first, last = part
    step = (last - first) / LOOKS
    return [start + round((first + (n + 0.5) * step) * horizon_s * NS) for n in range(LOOKS)]


def _one_order(spec: MarketSpec, seed: int, sign: int) -> tuple[float, float]:
    """The answer to one order of ours after 1 s and 10 s, in spreads."""
    midday = beginning(spec, MIDDAY)
    start = midday.session.from_ns + WARM_UP
    [sent] = ONE_ORDER.times(start)
    watched = [sent + NS, sent + 10 * NS]
    without: Mids = undisturbed(midday, seed, [sent, *watched])
    moved = work(midday, seed, ONE_ORDER, sign, start, without, watched).moved
    spread_bp = BP * spec.stock.spread_ticks * spec.stock.tick / spec.stock.price
    return moved[watched[0]] / spread_bp, moved[watched[1]] / spread_bp
