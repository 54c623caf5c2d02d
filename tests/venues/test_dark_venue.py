"""A dark pool: midpoint, MinQty, priority, what it costs to be there, and how often it is empty."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from router.model import NS, Side, TimeInForce
from tests.venues.simulated import (
    BID,
    CALM,
    MID,
    OFFER,
    START,
    TICK,
    market_of,
    order,
    said_of_orders,
    spec_of,
)
from venues.dark import DarkSpec
from venues.market import Market
from venues.messages import (
    Accepted,
    BookChanged,
    Canceled,
    Executed,
    Rejected,
    Replaced,
    VenueMessage,
)

D = "DARK_A"
ID = f"{D}-{START // NS:x}"
IOC = TimeInForce.IOC

EMPTY = {
    **CALM,
    "venues.DARK_A.dark.p_zero": 0.999999,
    "venues.DARK_A.dark.stale_ref_prob": 0.0,
    "venues.DARK_A.dark.leak": {"prob": 0.0, "bp": 0.0, "halflife_s": 1.0},
}
FULL = {
    **EMPTY,
    "venues.DARK_A.dark.p_zero": 0.000001,
    "venues.DARK_A.dark.persistence_s": 1e6,
    "venues.DARK_A.dark.size": {"beta": 1.0, "min": 500, "max": 500},
    "venues.DARK_A.dark.informed_frac": 0.0,
}


def fills(said: list[VenueMessage]) -> list[tuple[str, int, int, str]]:
    return [(m.order_ref, m.qty, m.px, m.liquidity) for m in said if isinstance(m, Executed)]


def test_a_miss_says_nothing_but_that_there_was_no_fill(tmp_path: Path) -> None:
    market = market_of(tmp_path, EMPTY)
    market.submit(D, order("x", Side.BUY, 1000, tif=IOC), START)
    assert market.take() == [
        Accepted(D, START, "x", f"{ID}-1"),
        Canceled(D, START, "x", 1000, True, ""),
    ]


def test_contra_interest_trades_at_the_midpoint_of_the_lit_touch(tmp_path: Path) -> None:
    market = market_of(tmp_path, FULL)
    market.submit(D, order("x", Side.BUY, 1000, tif=IOC), START)
    assert market.take() == [
        Accepted(D, START, "x", f"{ID}-1"),
        Executed(D, START, "x", f"{ID}-1", 500, MID, "2", 500),
        Canceled(D, START, "x", 500, True, ""),
    ]


def test_the_midpoint_of_an_odd_spread_is_exact(tmp_path: Path) -> None:
    market = market_of(tmp_path, FULL)
    market.submit("LIT_A", order("l", Side.BUY, 100, BID + TICK), START)
    market.submit(D, order("x", Side.SELL, 100), START)
    assert fills(said_of_orders(market)) == [("x", 100, MID + TICK // 2, "2")]


def test_the_routers_own_orders_cross_each_other(tmp_path: Path) -> None:
    market = market_of(tmp_path, EMPTY)
    market.submit(D, order("b", Side.BUY, 300), START)
    market.submit(D, order("s", Side.SELL, 200, owner="YOU"), START + 1)
    assert said_of_orders(market) == [
        Accepted(D, START, "b", f"{ID}-1"),
        Accepted(D, START + 1, "s", f"{ID}-2"),
        Executed(D, START + 1, "b", f"{ID}-1", 200, MID, "1", 100),
        Executed(D, START + 1, "s", f"{ID}-2", 200, MID, "2", 0),
    ]


def test_a_limit_on_the_wrong_side_of_the_midpoint_waits_for_it(tmp_path: Path) -> None:
    market = market_of(tmp_path, EMPTY)
    market.submit(D, order("b", Side.BUY, 100, MID), START)
    market.submit(D, order("s", Side.SELL, 100, MID + TICK // 2), START)
    assert fills(said_of_orders(market)) == []
    market.replace(D, "b", order("b2", Side.BUY, 100), START)
    assert fills(said_of_orders(market)) == []
    # The midpoint rises by half a tick and the seller's limit is reached.
    market.submit("LIT_A", order("l", Side.BUY, 100, BID + TICK), START)
    assert fills(said_of_orders(market)) == [
        ("b2", 100, MID + TICK // 2, "2"),
        ("s", 100, MID + TICK // 2, "1"),
    ]


def test_min_qty_is_met_by_one_execution_or_not_at_all(tmp_path: Path) -> None:
    market = market_of(tmp_path, EMPTY)
    market.submit(D, order("b", Side.BUY, 1000, min_qty=500), START)
    market.submit(D, order("s1", Side.SELL, 400), START)
    market.submit(D, order("s2", Side.SELL, 400), START)
    assert fills(said_of_orders(market)) == []
    market.submit(D, order("s3", Side.SELL, 600), START)
    # s3 meets the minimum; then 400 are left, and the whole of the rest is enough.
    assert fills(said_of_orders(market)) == [
        ("b", 600, MID, "1"),
        ("s3", 600, MID, "2"),
        ("b", 400, MID, "1"),
        ("s1", 400, MID, "2"),
    ]


def test_a_pool_that_honours_min_qty_gives_no_less(tmp_path: Path) -> None:
    market = market_of(tmp_path, FULL)
    market.submit(D, order("x", Side.BUY, 1000, tif=IOC, min_qty=600), START)
    assert fills(said_of_orders(market)) == []


def test_the_venue_minimum_holds_for_orders_and_executions(tmp_path: Path) -> None:
    market = market_of(tmp_path, {**EMPTY, "venues.DARK_A.dark.min_exec_qty": 500})
    market.submit(D, order("x", Side.BUY, 400), START)
    assert market.take() == [Rejected(D, START, "x", "13", "OrderQty is below the minimum of 500")]
    market.submit(D, order("b", Side.BUY, 900), START)
    market.submit(D, order("s1", Side.SELL, 500), START)
    market.submit(D, order("s2", Side.SELL, 500), START)
    # 500, then the rest of the buyer, which is below the minimum but all it has ...
    # ... meets a seller who has more: 400 < 500, so it does not trade.
    assert fills(said_of_orders(market)) == [("b", 500, MID, "1"), ("s1", 500, MID, "2")]


@pytest.mark.parametrize(
    ("priority", "want"),
    [
        ("size_time", {"s2": 300}),
        ("time", {"s1": 200, "s2": 100}),
        # 300 of 600 shares in whole lots: 200/600, 300/600, 100/600 of 300 are 100, 150, 50 ->
        # 100, 100, 0; the odd 100 go to the first.
        ("pro_rata", {"s1": 200, "s2": 100}),
    ],
)
def test_priority_decides_who_trades(tmp_path: Path, priority: str, want: dict[str, int]) -> None:
    market = market_of(tmp_path, {**EMPTY, "venues.DARK_A.dark.priority": priority})
    for ref, qty in (("s1", 200), ("s2", 300), ("s3", 100)):
        market.submit(D, order(ref, Side.SELL, qty), START)
    market.submit(D, order("b", Side.BUY, 300, tif=IOC), START)
    got = {ref: qty for ref, qty, _, _ in fills(said_of_orders(market)) if ref != "b"}
    assert got == want


def test_random_priority_is_fair_between_equals(tmp_path: Path) -> None:
    market = market_of(tmp_path, {**EMPTY, "venues.DARK_A.dark.priority": "random"})
    first = 0
    for n in range(400):
        market.submit(D, order(f"a{n}", Side.SELL, 100), START + n)
        market.submit(D, order(f"b{n}", Side.SELL, 100), START + n)
        market.submit(D, order(f"x{n}", Side.BUY, 100, tif=IOC), START + n)
        first += any(ref == f"a{n}" for ref, *_ in fills(said_of_orders(market)))
        market.cancel(D, f"a{n}", START + n)
        market.cancel(D, f"b{n}", START + n)
        market.take()
    # Binomial(400, 1/2): 200 +- 4 * 10.
    assert 160 <= first <= 240


def test_nothing_is_displayed_or_published(tmp_path: Path) -> None:
    market = market_of(tmp_path, FULL)
    market.submit(D, order("x", Side.BUY, 5000), START)
    said = market.take()
    assert said
    assert not any(isinstance(message, BookChanged) for message in said)
    snapshot = market.snapshot(D, START)
    assert (snapshot.bids, snapshot.offers) == ((), ())


def test_a_smaller_replace_keeps_its_time(tmp_path: Path) -> None:
    market = market_of(tmp_path, {**EMPTY, "venues.DARK_A.dark.priority": "time"})
    market.submit(D, order("s1", Side.SELL, 300), START)
    market.submit(D, order("s2", Side.SELL, 300), START)
    market.replace(D, "s1", order("s1b", Side.SELL, 200), START)
    assert Replaced(D, START, "s1b", "s1", 200, None, 200) in said_of_orders(market)
    market.submit(D, order("b", Side.BUY, 100, tif=IOC), START)
    assert ("s1b", 100, MID, "1") in fills(said_of_orders(market))


@pytest.mark.parametrize(
    ("venue", "apart_s", "probes"), [("DARK_A", 150, 1100), ("DARK_B", 900, 950)]
)
def test_a_probe_finds_nothing_as_often_as_the_file_says(
    tmp_path: Path, venue: str, apart_s: int, probes: int
) -> None:
    """Probes far apart compared with the life of interest are nearly independent draws."""
    # The session is stretched so that there is room for the probes.
    changes = {
        **CALM,
        "session.end": "23:59:59",
        "session.start": "00:00:01",
        f"venues.{venue}.dark.stale_ref_prob": 0.0,
    }
    spec = spec_of(tmp_path, changes)
    p_zero = next(v.dark.p_zero for v in spec.venues if isinstance(v, DarkSpec) and v.id == venue)
    asked = missed = 0
    seed = 0
    while asked < probes:
        seed += 1
        market = Market(spec, seed=seed, start=START)
        now = START
        while now + apart_s * NS < market.closes_at:
            now += apart_s * NS
            asked += 1
            market.submit(venue, order(f"p{now}", Side.BUY, 50_000, tif=IOC), now)
            missed += not fills(said_of_orders(market))
    error = math.sqrt(p_zero * (1 - p_zero) / asked)
    assert abs(missed / asked - p_zero) < 2 * error, (missed, asked)


def test_the_days_contra_shares_are_what_the_reference_says(tmp_path: Path) -> None:
    """23,400 (1 - p_zero) / persistence * mean size: 4.7 and 3.9 % of an ADV of 2,000,000."""
    pools = {v.id: v.dark for v in spec_of(tmp_path, {}).venues if isinstance(v, DarkSpec)}
    shares = {mic: pool.contra_shares(23_400) / 2_000_000 for mic, pool in pools.items()}
    assert shares == pytest.approx({"DARK_A": 0.047, "DARK_B": 0.039}, abs=0.0006)


def test_a_resting_order_collects_the_contra_interest_of_the_day(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, {**CALM, "venues.DARK_A.dark.stale_ref_prob": 0.0})
    pool = next(v.dark for v in spec.venues if isinstance(v, DarkSpec) and v.id == D)
    collected = 0
    days = 12
    for seed in range(days):
        market = Market(spec, seed=seed, start=START)
        market.submit(D, order("x", Side.BUY, 10**7), START)
        market.tick(market.closes_at)
        collected += sum(qty for _, qty, _, _ in fills(said_of_orders(market)))
    # 175 arrivals a day with a std of about 1.6 times the mean size: 12 days give 4 % (1 s.e.).
    assert collected / days == pytest.approx(pool.contra_shares(23_400), rel=0.15)


def test_an_informed_contra_moves_the_price_against_us(tmp_path: Path) -> None:
    changes = {
        **FULL,
        "venues.DARK_A.dark.informed_frac": 1.0,
        "venues.DARK_A.dark.informed_move_spreads": 1.0,
    }
    market = market_of(tmp_path, changes)
    market.submit(D, order("x", Side.BUY, 500, tif=IOC), START)
    market.tick(START + NS)
    # One spread is two ticks: the seller knew that the price would fall.
    assert market.nbbo == (BID - 2 * TICK, OFFER - 2 * TICK)


def test_a_stale_reference_prints_at_the_old_midpoint_if_that_is_worse_for_us(
    tmp_path: Path,
) -> None:
    changes = {
        **FULL,
        "venues.DARK_A.dark.stale_ref_prob": 1.0,
        "venues.DARK_A.dark.stale_ref_ms": 2.0,
    }
    for side, old in ((Side.SELL, True), (Side.BUY, False)):
        market = market_of(tmp_path, changes)
        # The midpoint rises at START + 1 s.
        market.submit("LIT_A", order("l", Side.BUY, 100, BID + TICK), START + NS)
        market.take()
        market.submit(D, order("x", side, 100, tif=IOC), START + NS + 1_000_000)
        new_mid = MID + TICK // 2
        assert fills(said_of_orders(market)) == [("x", 100, MID if old else new_mid, "2")]
        market.submit(D, order("y", side, 100, tif=IOC), START + NS + 3_000_000)
        assert fills(said_of_orders(market)) == [("y", 100, new_mid, "2")]


def test_a_resting_order_is_noticed_and_the_price_drifts(tmp_path: Path) -> None:
    leak = {"prob": 0.9, "bp": 10.0, "halflife_s": 600.0}
    market = market_of(tmp_path, {**EMPTY, "venues.DARK_A.dark.leak": leak})
    market.submit(D, order("x", Side.BUY, 500), START)
    before = market.impact_bp
    market.tick(START + 20 * NS)
    # 18 leaks of 10 bp are expected in 20 s; even 5 of them are seen.
    assert before == 0.0
    assert market.impact_bp > 50.0
