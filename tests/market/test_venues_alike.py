"""Venues differ in what their file says and in nothing else; and not by more than real ones do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path
from statistics import fmean

import pytest

from config.settings import load_settings
from router.model import NS, Side
from router.trials.composition import bench
from router.trials.trial import Trial
from tests.market.cost import MIDDAY, beginning, market_file, mid2, opened
from tests.market.estimates import Estimate, estimate, gap_in_errors
from tests.market.pool import SEEDS, of_seeds, seeds
from tests.market.resting import Venue, rested
from tests.market.trader import Trader
from tests.venues.simulated import spec_of
from venues.lit import LitSpec
from venues.market_file import MarketSpec
from venues.parents import ParentPlan

pytestmark = [pytest.mark.market, pytest.mark.timeout(0)]

COUNT = max(8, SEEDS // 4)
"""Seeds of an hour each."""

LIT = ("LIT_A", "LIT_B", "LIT_C")
LIT_ALIKE = {
    "volume_share": 0.22,
    "fees": {"take": 0.003, "make": -0.002},
    "passive_realised10s": 0,
}

DISPERSION_MAX = 0.5
"""Spreads between the best and the worst venue for a passive order, as measured."""


@pytest.fixture
def interchangeable(tmp_path: Path) -> MarketSpec:
    """Three equal lit venues and two equal pools."""
    changes: dict[str, object] = {
        f"venues.{mic}.{key}": value for mic in LIT for key, value in LIT_ALIKE.items()
    }
    pool = market_file("baseline").venues[3]
    document = pool.model_dump(mode="json")["dark"]
    changes["venues.DARK_B.dark"] = {k: v for k, v in document.items() if v is not None}
    changes["venues.DARK_B.volume_share"] = pool.volume_share
    return beginning(spec_of(tmp_path, changes), MIDDAY)


def agree(venues: dict[str, Venue]) -> None:
    """Every two venues are within three standard errors in everything."""
    for one, other in combinations(venues, 2):
        for what in ("fill_rate", "kept", "moved"):
            pair = getattr(venues[one], what), getattr(venues[other], what)
            assert gap_in_errors(*pair) < 3.0, (what, one, other)


def told(venues: dict[str, Venue]) -> dict[str, Venue]:
    for mic, each in venues.items():
        print(f"{mic}: {each}")
    return venues


def test_the_same_resting_order_does_as_well_at_equal_venues(interchangeable: MarketSpec) -> None:
    agree(told(rested(interchangeable, COUNT)))


@dataclass(frozen=True, slots=True)
class Taken:
    """What one seed says: cost in spreads by lit venue, share of probes that found something."""

    cost: dict[str, float]
    found: dict[str, float]


def take_in_turn(spec: MarketSpec, seed: int) -> Taken:
    """The same order at the next lit venue, the same probe in the next pool, every five seconds."""
    trader = Trader(opened(spec, seed))
    spread = spec.stock.spread_ticks * spec.stock.tick * 1e8
    costs: dict[str, list[float]] = {mic: [] for mic in trader.lit}
    probes: dict[str, list[int]] = {mic: [] for mic in trader.dark}
    start = trader.market.now
    for turn in range(720):
        trader.wait(start + (turn + 1) * 5 * NS)
        mic, pool = trader.lit[turn % 3], trader.dark[turn % 2]
        sign = 1 if turn // 6 % 2 else -1
        mid = mid2(trader.market) / 2
        held, count = trader.held, len(trader.fills)
        if trader.take_at(mic, sign, 100):
            paid = sum(f.sign * f.qty * (f.px - mid) for f in trader.fills[count:])
            costs[mic].append(paid / abs(trader.held - held) / spread)
        probes[pool].append(trader.ping(pool, sign, 100) > 0)
    return Taken(
        {mic: fmean(each) for mic, each in costs.items()},
        {mic: fmean(each) for mic, each in probes.items()},
    )


def test_the_same_taking_order_costs_as_much_at_equal_venues_and_pools_give_as_often(
    interchangeable: MarketSpec,
) -> None:
    found = of_seeds(partial(take_in_turn, interchangeable), seeds(COUNT), "taking orders")
    by_venue: list[dict[str, Estimate]] = [
        {mic: estimate([each.cost[mic] for each in found]) for mic in found[0].cost},
        {mic: estimate([each.found[mic] for each in found]) for mic in found[0].found},
    ]
    for estimates in by_venue:
        for (one, first), (other, second) in combinations(estimates.items(), 2):
            print(f"{one}: {first}, {other}: {second}")
            assert gap_in_errors(first, second) < 3.0, (one, other)


def sent_to_one(spec: MarketSpec, seed: int) -> dict[str, float]:
    """What a parent costs through the whole core, bp, by the lit venue that gets all of it."""
    begins = spec.session.from_ns + 120 * NS
    plan = ParentPlan(Side.BUY if seed % 2 else Side.SELL, 2_000, begins, 300.0, None)
    costs = {}
    for mic in LIT:
        table = f'learner.shares={{"{mic}/lit_take": 1.0}}'
        settings = load_settings(overrides=["learner.name=static", table])
        [row] = Trial(bench(settings, spec), "twap").rows(seed, (plan,))
        # Where that venue shows nothing to take, all others count alike.
        assert row.shares_by_venue[mic] >= 1_000
        costs[mic] = row.shortfall_bp
    return costs


def test_a_router_pays_as_much_at_whichever_of_equal_venues(interchangeable: MarketSpec) -> None:
    """A control: where there is nothing to be learned, no fixed choice is better than another."""
    found = of_seeds(partial(sent_to_one, interchangeable), seeds(COUNT), "parents at one venue")
    for one, other in combinations(LIT, 2):
        gap = estimate([each[one] - each[other] for each in found])
        print(f"{one} less {other}: {gap} bp")
        assert abs(gap.mean) < 3.0 * gap.error


def test_the_terms_of_a_venue_count_and_its_name_does_not() -> None:
    """LIT_A under the terms of LIT_C is LIT_C, and the other way round. Chance has streams by name,
    so that seed by seed the two markets differ: what agrees are means."""
    spec = beginning(market_file("baseline"), MIDDAY)
    by_id = {each.id: each for each in spec.venues}
    names = {"LIT_A": "LIT_C", "LIT_C": "LIT_A"}
    renamed = tuple(
        by_id[names.get(each.id, each.id)].model_copy(update={"id": each.id})
        for each in spec.venues
    )
    as_filed = told(rested(spec, COUNT))
    swapped = told(rested(replace(spec, venues=renamed), COUNT))
    for mic in as_filed:
        for what in ("fill_rate", "kept", "moved"):
            pair = getattr(as_filed[mic], what), getattr(swapped[names.get(mic, mic)], what)
            assert gap_in_errors(*pair) < 3.0, (what, mic)


def test_passive_fills_are_adversely_selected_and_no_venue_is_a_gift() -> None:
    """The mid moves against whoever was filled, no venue gives the half-spread away, and from the
    worst to the best it is no further than it was measured."""
    venues = told(rested(beginning(market_file("baseline"), MIDDAY), COUNT))
    for each in venues.values():
        assert each.moved.high < 0.0
        assert each.kept.low < 0.5
    kept = [each.kept for each in venues.values()]
    best, worst = max(kept, key=lambda each: each.mean), min(kept, key=lambda each: each.mean)
    error = (best.error**2 + worst.error**2) ** 0.5
    print(f"dispersion of passive fills between venues: {best.mean - worst.mean:.3f} spreads")
    assert best.mean - worst.mean < DISPERSION_MAX + 2.0 * error


def test_the_swapped_venues_really_differ() -> None:
    """Else their swap would show nothing."""
    lit = [each for each in market_file("baseline").venues if isinstance(each, LitSpec)]
    assert len({(each.volume_share, each.passive_realised10s) for each in lit}) == 3
