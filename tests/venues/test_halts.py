"""Halts: nothing trades or is shown, orders wait, and an auction at each lit venue ends them."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.messages import MarketDataEntry
from router.model import NS, OrdType, Side, TimeInForce
from tests.venues.simulated import (
    BID,
    CALM,
    MID,
    OFFER,
    START,
    TICK,
    market_of,
    order,
    px,
    said_of_orders,
)
from venues.market import Market
from venues.messages import (
    Accepted,
    BookChanged,
    Canceled,
    CancelRefused,
    Executed,
    Expired,
    QuoteIssued,
    QuoteRefused,
    QuoteWithdrawn,
    Rejected,
    Replaced,
    TradingStatus,
)

A, D, S = "LIT_A", "DARK_A", "SDP_1"
IOC = TimeInForce.IOC
UNTIL = START + 300 * NS


def halt(market: Market, now: int = START, *, until: int = UNTIL, auction: bool = True) -> None:
    market.halt(now, until=until, auction=auction, text="news")


@pytest.fixture
def market(tmp_path: Path) -> Market:
    return market_of(tmp_path, CALM)


def fills(market: Market) -> list[tuple[str, int, int, str]]:
    said = said_of_orders(market)
    return [(m.order_ref, m.qty, m.px, m.liquidity) for m in said if isinstance(m, Executed)]


def test_a_halt_is_told_and_nothing_is_shown_until_it_ends(market: Market) -> None:
    before = market.snapshot(A, START)
    market.take()
    halt(market)
    said = market.take()
    assert [m for m in said if isinstance(m, TradingStatus)] == [
        TradingStatus(mic, START, "ACME", "2", "news") for mic in market.mics
    ]
    shown = market.snapshot(A, START)
    assert (shown.bids, shown.offers, market.nbbo) == ((), (), (0, 0))
    gone = next(m for m in said if isinstance(m, BookChanged) and m.mic == A)
    assert {(e.action, e.qty) for e in gone.entries} == {("2", 0)}
    market.tick(UNTIL)
    assert [m.at for m in market.take() if isinstance(m, TradingStatus)] == [UNTIL] * 7
    after = market.snapshot(A, UNTIL)
    assert (after.bids, after.offers) == (before.bids, before.offers)


def test_orders_that_wait_meet_in_one_auction_and_one_print(market: Market) -> None:
    market.submit(A, order("r", Side.BUY, 100, BID + TICK, owner="YOU"), START)
    halt(market)
    market.take()
    # Wanted: m 100 at any price, b 300 up to 50.04; offered: s 350 from 49.95, t 200 from 50.00.
    market.submit(A, order("b", Side.BUY, 300, px(50.04)), START + 1)
    market.submit(A, order("m", Side.BUY, 100), START + 2)
    market.submit(A, order("s", Side.SELL, 350, px(49.95), owner="YOU"), START + 3)
    market.submit(A, order("t", Side.SELL, 200, px(50), owner="YOU"), START + 4)
    assert [type(m) for m in market.take()] == [Accepted] * 4
    assert market.snapshot(A, START + 4).bids == ()
    market.tick(UNTIL)
    said = market.take()
    # At 50.00: m, b and r want 500 and the sellers give 550; at 50.01 r is gone and offers come in;
    # at 49.99 the background's bids come in and t is gone. 500 is the most.
    assert [
        (m.order_ref, m.qty, m.px, m.liquidity, m.leaves) for m in said if isinstance(m, Executed)
    ] == [
        ("m", 100, MID, "4", 0),
        ("b", 300, MID, "4", 0),
        ("r", 100, MID, "4", 0),
        ("s", 350, MID, "4", 0),
        ("t", 150, MID, "4", 50),
    ]
    prints = [m for m in said if isinstance(m, BookChanged) and m.trade_condition]
    assert prints == [BookChanged(A, UNTIL, "ACME", (MarketDataEntry("2", "0", MID, 500),), "E")]
    # What is left rests.
    assert dict(market.snapshot(A, UNTIL).offers)[MID] == 50
    assert market.nbbo == (BID, MID)


def test_what_may_not_rest_after_the_auction_is_canceled(market: Market) -> None:
    halt(market)
    market.submit(A, order("s", Side.SELL, 10**6), START + 1)
    market.take()
    market.tick(UNTIL)
    said = said_of_orders(market)
    assert isinstance(said[-1], Canceled)
    assert said[-1].text == "not traded in the auction"
    assert sum(m.qty for m in said if isinstance(m, Executed)) + said[-1].leaves_canceled == 10**6


def test_hidden_shares_take_part_in_the_auction_and_pegs_do_not(market: Market) -> None:
    market.submit(A, order("h", Side.BUY, 200, BID + TICK, display_qty=0), START)
    market.submit(A, order("i", Side.BUY, 400, BID + TICK, display_qty=100), START)
    peg = order("p", Side.BUY, 200, ord_type=OrdType.PEGGED, exec_inst="M")
    market.submit(A, peg, START)
    halt(market)
    market.submit(A, order("s", Side.SELL, 450, BID + TICK, owner="YOU"), START + 1)
    market.take()
    market.tick(UNTIL)
    # Displayed orders with their reserves come before hidden ones of the same price.
    assert fills(market) == [("i", 400, MID, "4"), ("h", 50, MID, "4"), ("s", 450, MID, "4")]
    market.submit(A, order("t", Side.SELL, 350, BID + TICK, IOC, owner="YOU"), UNTIL)
    assert [(ref, qty) for ref, qty, *_ in fills(market) if ref != "t"] == [("h", 150), ("p", 200)]


def test_a_slice_that_an_auction_used_up_is_refreshed(market: Market) -> None:
    market.submit(A, order("i", Side.BUY, 400, BID + TICK, display_qty=100), START)
    halt(market)
    market.submit(A, order("s", Side.SELL, 250, BID + TICK, owner="YOU"), START + 1)
    market.tick(UNTIL)
    assert dict(market.snapshot(A, UNTIL).bids)[BID + TICK] == 50
    market.take()
    market.submit(A, order("t", Side.SELL, 150, BID + TICK, IOC, owner="YOU"), UNTIL)
    assert [(ref, qty) for ref, qty, *_ in fills(market) if ref != "t"] == [("i", 50), ("i", 100)]


def test_without_an_auction_orders_enter_one_after_the_other(market: Market) -> None:
    halt(market, auction=False)
    market.submit(A, order("b", Side.BUY, 100, px(50.01)), START + 1)
    market.submit(A, order("s", Side.SELL, 100, px(49.99), owner="YOU"), START + 2)
    market.take()
    market.tick(UNTIL)
    # b takes an offer at 50.01, s a bid at 49.99, as they would have without the halt.
    assert [(ref, price, flag) for ref, _, price, flag in fills(market)] == [
        ("b", OFFER, "2"),
        ("s", BID, "2"),
    ]


def test_cancels_work_while_trading_is_halted(market: Market) -> None:
    market.submit(A, order("x", Side.BUY, 100, BID), START)
    halt(market)
    market.submit(A, order("y", Side.BUY, 100, BID), START + 1)
    market.take()
    market.cancel(A, "x", START + 2)
    market.cancel(A, "y", START + 2)
    assert market.take() == [
        Canceled(A, START + 2, "x", 100, False, ""),
        Canceled(A, START + 2, "y", 100, False, ""),
    ]


def test_an_order_that_waits_is_replaced_and_queues_again(market: Market) -> None:
    halt(market)
    for n, ref in enumerate(("x", "y")):
        market.submit(A, order(ref, Side.BUY, 100, px(50)), START + n)
    market.replace(A, "x", order("x2", Side.BUY, 50, px(50)), START + 2)
    assert Replaced(A, START + 2, "x2", "x", 50, px(50), 50) in said_of_orders(market)
    market.submit(A, order("s", Side.SELL, 120, px(50), owner="YOU"), START + 3)
    market.take()
    market.tick(UNTIL)
    assert [(ref, qty) for ref, qty, *_ in fills(market)] == [("y", 100), ("x2", 20), ("s", 120)]


def test_a_venue_may_reject_orders_while_trading_is_halted(tmp_path: Path) -> None:
    market = market_of(tmp_path, {**CALM, "venues.LIT_A.while_halted": "reject"})
    market.submit(A, order("w", Side.BUY, 100, BID), START)
    halt(market)
    market.take()
    market.submit(A, order("x", Side.BUY, 100, BID), START + 1)
    market.replace(A, "w", order("v", Side.BUY, 50, BID), START + 1)
    market.submit("LIT_B", order("y", Side.BUY, 100, BID), START + 1)
    market.submit("LIT_B", order("z", Side.BUY, 100, BID, IOC), START + 1)
    said = market.take()
    assert said[0] == Rejected(A, START + 1, "x", "2", "trading is halted")
    assert said[1] == CancelRefused(A, START + 1, "w", "99", "trading is halted")
    assert isinstance(said[2], Accepted)
    assert said[3] == Rejected("LIT_B", START + 1, "z", "2", "trading is halted")


@pytest.mark.parametrize("rule", ["queue", "reject"])
def test_a_pool_crosses_nothing_while_trading_is_halted(tmp_path: Path, rule: str) -> None:
    changes = {**CALM, "venues.DARK_A.while_halted": rule, "venues.DARK_A.dark.p_zero": 0.999999}
    market = market_of(tmp_path, changes)
    market.submit(D, order("b", Side.BUY, 100), START)
    halt(market)
    market.submit(D, order("s", Side.SELL, 100, owner="YOU"), START + 1)
    market.tick(UNTIL - 1)
    said = said_of_orders(market)
    assert not [m for m in said if isinstance(m, Executed)]
    if rule == "reject":
        assert said[-1] == Rejected(D, START + 1, "s", "2", "trading is halted")
    market.tick(UNTIL)
    assert [ref for ref, *_ in fills(market)] == (["b", "s"] if rule == "queue" else [])


def test_a_dealer_withdraws_every_quote_and_quotes_again_after_the_halt(market: Market) -> None:
    market.subscribe_quotes(S, "ME", START)
    (quote,) = [m for m in market.take() if isinstance(m, QuoteIssued)]
    halt(market)
    assert [m for m in market.take() if isinstance(m, QuoteWithdrawn)] == [
        QuoteWithdrawn(S, START, "ME", "", "ACME")
    ]
    hit = order(
        "x", Side.BUY, 100, OFFER, ord_type=OrdType.PREVIOUSLY_QUOTED, quote_id=quote.quote_id
    )
    market.submit(S, hit, START + 1)
    market.request_quote(S, "ME", "R", "ACME", Side.BUY, 100, START + 1)
    rejected, refused = market.take()
    assert rejected == Rejected(S, START + 1, "x", "2", "trading is halted")
    assert isinstance(refused, QuoteRefused)
    market.tick(UNTIL + NS)
    assert [(m.bid_px, m.offer_px) for m in market.take() if isinstance(m, QuoteIssued)] == [
        (BID, OFFER)
    ]


def test_a_quote_from_before_a_halt_is_dead_after_it(market: Market) -> None:
    market.subscribe_quotes(S, "ME", START)
    (quote,) = [m for m in market.take() if isinstance(m, QuoteIssued)]
    halt(market, until=START + NS)
    hit = order(
        "x", Side.BUY, 100, OFFER, ord_type=OrdType.PREVIOUSLY_QUOTED, quote_id=quote.quote_id
    )
    market.take()
    market.submit(S, hit, START + NS)
    (rejected,) = said_of_orders(market)
    assert isinstance(rejected, Rejected)
    assert rejected.text.startswith("QUOTE_EXPIRED")


def test_an_order_under_the_dealers_eye_finds_no_market_after_a_halt(tmp_path: Path) -> None:
    look = {"hold_ms": 100, "mode": "asymmetric", "threshold_ticks": 1.0, "base_reject_prob": 0.0}
    market = market_of(tmp_path, {**CALM, "venues.SDP_1.sdp.last_look": look})
    market.subscribe_quotes(S, "ME", START)
    (quote,) = [m for m in market.take() if isinstance(m, QuoteIssued)]
    hit = order(
        "x", Side.BUY, 100, OFFER, ord_type=OrdType.PREVIOUSLY_QUOTED, quote_id=quote.quote_id
    )
    market.submit(S, hit, START + 1)
    halt(market, START + 2)
    market.tick(START + NS)
    assert said_of_orders(market) == [
        Rejected(S, START + 1 + NS // 10, "x", "99", "LAST_LOOK no market")
    ]


def test_the_background_stands_still(tmp_path: Path) -> None:
    market = market_of(tmp_path, {})
    market.tick(START + 60 * NS)
    halt(market, START + 60 * NS, until=START + 360 * NS)
    market.take()
    market.tick(START + 360 * NS - 1)
    assert market.take() == []
    market.tick(START + 400 * NS)
    traded = [e for m in market.take() if isinstance(m, BookChanged) for e in m.entries]
    assert traded
    bid, offer = market.nbbo
    assert 0 < bid < offer


def test_a_halt_is_lengthened_by_a_later_end_only(market: Market) -> None:
    halt(market)
    halt(market, until=UNTIL - NS)
    halt(market, until=UNTIL + NS)
    market.take()
    market.tick(UNTIL)
    assert market.take() == []
    market.tick(UNTIL + NS)
    assert len([m for m in market.take() if isinstance(m, TradingStatus)]) == 7


def test_a_halt_that_lasts_to_the_close_ends_with_the_day(market: Market) -> None:
    closes_at = market.closes_at
    market.submit(A, order("x", Side.BUY, 100, BID), START)
    halt(market, until=closes_at + NS)
    market.submit(A, order("y", Side.BUY, 100, px(60)), START + 1)
    market.take()
    market.tick(closes_at)
    assert market.take() == [Expired(A, closes_at, "x"), Expired(A, closes_at, "y")]
