"""Who is in a pool besides us: informed contras, MinQty that some ignore, shares pro rata."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from router.model import NS, Side, TimeInForce
from tests.venues.simulated import CALM, MID, START, TICK, market_of, order
from tests.venues.test_dark_venue import EMPTY, FULL, fills
from venues.market import Market
from venues.messages import MinQtyMethod, VenueMessage

D = "DARK_A"
DARK = "venues.DARK_A.dark"
IOC = TimeInForce.IOC


def take(market: Market, ref: str, side: Side, qty: int, now: int) -> list[VenueMessage]:
    market.submit(D, order(ref, side, qty, tif=IOC), now)
    return market.take()


# --- toxicity ------------------------------------------------------------------------------------


def test_the_mean_markout_is_what_the_informed_share_and_its_move_say(tmp_path: Path) -> None:
    """-pi d spreads: a share of 0.3 that knows of a move of 2 spreads costs 0.6 spreads."""
    changes = {
        **CALM,
        f"{DARK}.p_zero": 0.1,
        f"{DARK}.persistence_s": 2,
        f"{DARK}.size": {"beta": 1.0, "min": 100, "max": 100},
        f"{DARK}.stale_ref_prob": 0.0,
        f"{DARK}.leak": {"prob": 0.0, "bp": 0.0, "halflife_s": 1.0},
        f"{DARK}.informed_frac": 0.3,
        f"{DARK}.informed_move_spreads": 2.0,
    }
    market = market_of(tmp_path, changes)
    markouts: list[float] = []
    now = START
    for n in range(1500):
        # Buys and sells in turn, so that the price does not drift away.
        side = (Side.BUY, Side.SELL)[n % 2]
        got = fills(take(market, f"x{n}", side, 100, now))
        mid = sum(market.nbbo) / 2
        now += NS
        market.tick(now)
        if got:
            moved = sum(market.nbbo) / 2 - mid
            markouts.append(side.sign * moved / (2 * TICK))
        now += 7 * NS
    assert len(markouts) > 1000
    mean = sum(markouts) / len(markouts)
    error = 2.0 * math.sqrt(0.3 * 0.7 / len(markouts))
    assert abs(mean + 0.6) < 2 * error, mean


@pytest.mark.parametrize(
    ("side", "leaked", "times"),
    # A leak of 4 bp is one spread of 2 ticks at 50.00.
    [(-1, 4.0, 2.0), (-1, 2.0, 1.5), (-1, 40.0, 2.0), (1, 4.0, 1.0), (-1, 0.0, 1.0)],
)
def test_our_own_impact_brings_informed_contras_but_at_most_twice_as_many(
    tmp_path: Path, side: int, leaked: float, times: float
) -> None:
    """The price was moved up by us: those who sell to us know that it will come back."""
    changes = {
        **CALM,
        "session.start": "00:00:01",
        "session.end": "23:59:59",
        f"{DARK}.p_zero": 0.1,
        f"{DARK}.persistence_s": 2,
        f"{DARK}.size": {"beta": 1.0, "min": 100, "max": 100},
        f"{DARK}.stale_ref_prob": 0.0,
        f"{DARK}.leak": {"prob": 0.0, "bp": 0.0, "halflife_s": 1.0},
        f"{DARK}.informed_frac": 0.2,
        f"{DARK}.informed_move_spreads": 1.0,
        # One order elsewhere is noticed, and the drift that follows stays.
        "venues.DARK_B.dark.leak": {"prob": 1.0, "bp": leaked, "halflife_s": 1e9},
        "venues.DARK_B.dark.p_zero": 0.999999,
    }
    market = market_of(tmp_path, changes)
    market.submit("DARK_B", order("leak", Side.BUY, 1000, tif=IOC), START)
    assert market.impact_bp == pytest.approx(leaked)
    taker = Side.BUY if side < 0 else Side.SELL
    informed: list[bool] = []
    now = START + 3600 * NS
    for n in range(1200):
        before = sum(market.nbbo)
        got = fills(take(market, f"x{n}", taker, 100, now))
        market.tick(now + NS)
        if got:
            informed.append(sum(market.nbbo) != before)
        now += 10 * NS
    error = math.sqrt(0.2 * times * (1 - 0.2 * times) / len(informed))
    assert len(informed) > 1000
    assert abs(sum(informed) / len(informed) - 0.2 * times) < 3 * error


# --- MinQty --------------------------------------------------------------------------------------


def test_half_of_the_background_ignores_min_qty_where_the_pool_lets_it(tmp_path: Path) -> None:
    changes = {
        **FULL,
        f"{DARK}.p_zero": 0.1,
        f"{DARK}.persistence_s": 2,
        f"{DARK}.meq_honoured": False,
    }
    market = market_of(tmp_path, changes)
    met = asked = 0
    now = START
    for n in range(1500):
        # 500 shares are there nine times in ten; the order wants at least 600 at once.
        terms = order(f"x{n}", Side.BUY, 1000, tif=IOC, min_qty=600)
        market.submit(D, terms, now)
        got = fills(market.take())
        assert sum(qty for _, qty, _, _ in got) in (0, 500)
        asked += 1
        met += bool(got)
        now += 10 * NS
    error = math.sqrt(0.45 * 0.55 / asked)
    assert abs(met / asked - 0.45) < 3 * error


@pytest.mark.parametrize(
    ("method", "filled"),
    [(MinQtyMethod.ONCE, ["s1", "s2"]), (MinQtyMethod.MULTIPLE, ["s1"])],
)
def test_min_qty_holds_for_the_first_execution_or_for_every_one(
    tmp_path: Path, method: MinQtyMethod, filled: list[str]
) -> None:
    market = market_of(tmp_path, EMPTY)
    terms = order("b", Side.BUY, 1000, min_qty=300, min_qty_method=method)
    market.submit(D, terms, START)
    market.submit(D, order("s0", Side.SELL, 200, tif=IOC), START)
    market.submit(D, order("s1", Side.SELL, 300, tif=IOC), START)
    market.submit(D, order("s2", Side.SELL, 200, tif=IOC), START)
    assert [ref for ref, *_ in fills(market.take()) if ref != "b"] == filled


# --- shares pro rata -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sellers", "qty", "want"),
    [
        # 1000 of 2000: each seller's half, in whole lots: 500, 300, 200.
        ([1000, 600, 400], 1000, [500, 300, 200]),
        # 500 of 1500: a third is 333, 133 and 33 -> 300, 100, 0; the first takes the odd 100.
        ([1000, 400, 100], 500, [400, 100, 0]),
        # 1000 of 2100: 47 of each 100 are no lot; the odd lots go down the line, one seller each.
        ([100] * 21, 1000, [100] * 10 + [0] * 11),
        # More is wanted than there is: all of it.
        ([300, 200], 1000, [300, 200]),
    ],
)
def test_shares_are_given_pro_rata_in_whole_lots(
    tmp_path: Path, sellers: list[int], qty: int, want: list[int]
) -> None:
    market = market_of(tmp_path, {**EMPTY, f"{DARK}.priority": "pro_rata"})
    for number, there in enumerate(sellers):
        market.submit(D, order(f"s{number}", Side.SELL, there), START)
    market.submit(D, order("b", Side.BUY, qty, tif=IOC), START)
    got = {ref: shares for ref, shares, _, _ in fills(market.take()) if ref != "b"}
    assert [got.get(f"s{number}", 0) for number in range(len(sellers))] == want


@pytest.mark.parametrize("priority", ["size_time", "pro_rata", "random", "time"])
def test_background_interest_on_our_side_takes_nothing_from_us(
    tmp_path: Path, priority: str
) -> None:
    """500 shares are there on each side: what an order finds, not whom it competes with."""
    market = market_of(tmp_path, {**FULL, f"{DARK}.priority": priority})
    assert fills(take(market, "x", Side.SELL, 300, START)) == [("x", 300, MID, "2")]
