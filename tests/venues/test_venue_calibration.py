"""Pools and dealers of the baseline as they are in its file: the rows of the reference's checks."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from router.model import NS, OrdType, Side, TimeInForce
from tests.venues.simulated import CALM, START, TICK, order, said_of_orders, spec_of
from venues.dark import DarkSpec
from venues.dealer import DealerSpec
from venues.market import Market
from venues.messages import Executed, QuoteIssued, Rejected


@pytest.mark.parametrize("mic", ["SDP_1", "SDP_2"])
def test_a_dealer_accepts_in_a_calm_market_but_for_the_base_rejects(
    tmp_path: Path, mic: str
) -> None:
    spec = spec_of(tmp_path, CALM)
    dealer = next(each for each in spec.venues if each.id == mic)
    assert isinstance(dealer, DealerSpec)
    rejected_share = dealer.sdp.last_look.base_reject_prob
    market = Market(spec, seed=1, start=START)
    asked = rejected = 0
    now = START
    for n in range(3000):
        side = (Side.BUY, Side.SELL)[n % 2]
        market.request_quote(mic, "ME", f"R{n}", "ACME", side, 100, now)
        quote = next(m for m in market.take() if isinstance(m, QuoteIssued))
        price = quote.offer_px if side is Side.BUY else quote.bid_px
        terms = order(
            f"x{n}", side, 100, price, TimeInForce.FOK,
            ord_type=OrdType.PREVIOUSLY_QUOTED, quote_id=quote.quote_id,
        )  # fmt: skip
        market.submit(mic, terms, now)
        now += NS
        market.tick(now)
        asked += 1
        rejected += any(isinstance(m, Rejected) for m in said_of_orders(market))
    error = math.sqrt(rejected_share * (1 - rejected_share) / asked)
    assert abs(rejected / asked - rejected_share) < 2 * error, (rejected, asked)


@pytest.mark.soak
def test_the_markout_of_a_pool_is_that_of_its_informed_contras(tmp_path: Path) -> None:
    """In the moving market, without impact of our own: -pi d spreads after one second."""
    spec = spec_of(tmp_path, {"impact.applies_to": []})
    pool = next(each for each in spec.venues if each.id == "DARK_A")
    assert isinstance(pool, DarkSpec)
    expected = -pool.dark.informed_frac * pool.dark.informed_move_spreads
    markouts: list[float] = []
    for seed in range(1, 11):
        market = Market(spec, seed=seed, start=START)
        for n, now in enumerate(range(START + 60 * NS, market.closes_at - NS, 45 * NS)):
            side = (Side.BUY, Side.SELL)[n % 2]
            market.submit("DARK_A", order(f"x{n}", side, 1000, tif=TimeInForce.IOC), now)
            got = any(isinstance(m, Executed) for m in said_of_orders(market))
            before = sum(market.nbbo)
            market.tick(now + NS)
            market.take()
            if got:
                moved = (sum(market.nbbo) - before) / 2
                markouts.append(side.sign * moved / (spec.stock.spread_ticks * TICK))
    mean = sum(markouts) / len(markouts)
    variance = sum((each - mean) ** 2 for each in markouts) / (len(markouts) - 1)
    error = math.sqrt(variance / len(markouts))
    assert len(markouts) > 600
    assert abs(mean - expected) < 2 * error, (mean, error)
