"""A day does not grow: what is done is forgotten, by the market and by the router in it."""

from __future__ import annotations

import gc
import os
from itertools import pairwise
from pathlib import Path

import pytest

from config.settings import load_settings
from router.messages import OrderReceived, OrderTerms
from router.model import NS, OrdType, Side, TimeInForce
from router.trials import composition
from router.trials.composition import MIDNIGHT, SESSION
from tests.market.pool import of_seeds
from tests.market.routed import OVERRIDES, opened_on_the_day
from tests.venues.simulated import MARKETS
from venues.market import Market
from venues.market_file import read_market

HOURS = 6
SHARES = 20_000
"""1 % of ADV, each hour: some 250 children."""

GROWTH_MAX_MB = 2.0
"""Of resident memory, an hour, once the second is over."""


def resident_mb() -> float:
    """What this process holds in memory now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def day_of_parents(seed: int) -> list[float]:
    """Memory after each hour of a day with one parent an hour, MB."""
    spec = read_market(MARKETS / "baseline.yaml")
    market = opened_on_the_day(spec, seed)
    made_of = composition.bench(load_settings(overrides=list(OVERRIDES)), spec)
    driver = composition.router_in(market, made_of, seed).driver
    start = MIDNIGHT + spec.session.from_ns
    driver.start(SESSION)
    found = []
    for hour in range(HOURS):
        driver.run(start + (hour * 3600 + 120) * NS)
        driver.give(OrderReceived(SESSION, hour + 1, f"X-{hour}", _terms(market, hour)))
        driver.run(start + (hour + 1) * 3600 * NS)
        found.append(resident_mb())
    return found


def _terms(market: Market, hour: int) -> OrderTerms:
    return OrderTerms(
        symbol=market.symbol,
        side=Side.BUY if hour % 2 else Side.SELL,
        order_qty=SHARES,
        ord_type=OrdType.MARKET,
        time_in_force=TimeInForce.GTD,
        expire_time=market.now + 3300 * NS,
        account="ACC",
        algo="twap",
        params={"horizon_s": "3000"},
    )


@pytest.mark.market
@pytest.mark.timeout(0)
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
def test_a_day_with_a_parent_an_hour_is_flat_in_memory() -> None:
    """In a process of its own. The first two hours fill caches and histories of a stated length."""
    [found] = of_seeds(day_of_parents, [10_001], "a day with parents", jobs=1)
    growth = [after - before for before, after in pairwise(found[1:])]
    print("resident MB by hour: " + ", ".join(f"{each:.1f}" for each in found))
    assert max(growth) < GROWTH_MAX_MB
