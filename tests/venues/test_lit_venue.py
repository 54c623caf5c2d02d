"""A lit venue: the whole list of what it says, for each kind of order."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.messages import MarketDataEntry
from router.model import NS, OrdStatus, OrdType, Side, TimeInForce
from tests.venues.simulated import BID, CALM, OFFER, START, TICK, market_of, order, said_of_orders
from venues.market import Market
from venues.messages import (
    Accepted,
    BookChanged,
    BookSnapshot,
    Canceled,
    CancelRefused,
    Executed,
    Expired,
    Rejected,
    Replaced,
    VenueOrder,
)

A = "LIT_A"
ID = f"{A}-{START // NS:x}"


@pytest.fixture
def market(tmp_path: Path) -> Market:
    return market_of(tmp_path, CALM)


def shown(market: Market, side: int) -> dict[int, int]:
    snapshot = market.snapshot(A, START)
    return dict(snapshot.bids if side > 0 else snapshot.offers)


def test_a_limit_order_is_accepted_and_shown(market: Market) -> None:
    market.submit(A, order("x", Side.BUY, 300, BID + TICK), START)
    fifth = sorted(shown(market, 1))[0] - TICK
    assert market.take() == [
        Accepted(A, START, "x", f"{ID}-1"),
        BookChanged(
            A,
            START,
            "ACME",
            (MarketDataEntry("0", "2", fifth, 0), MarketDataEntry("0", "0", BID + TICK, 300)),
        ),
    ]
    assert [state.order.order_ref for state in market.open_orders(A, "ME")] == ["x"]
    assert market.open_orders(A, "YOU") == []


def test_an_ioc_takes_what_is_shown_and_the_rest_is_canceled(market: Market) -> None:
    there = shown(market, -1)[OFFER]
    market.submit(A, order("x", Side.BUY, there + 50, OFFER, TimeInForce.IOC), START)
    said = said_of_orders(market)
    fills = [message for message in said if isinstance(message, Executed)]
    assert said == [
        Accepted(A, START, "x", f"{ID}-1"),
        *fills,
        Canceled(A, START, "x", 50, True, "no liquidity"),
    ]
    assert sum(fill.qty for fill in fills) == there
    assert {(fill.px, fill.liquidity) for fill in fills} == {(OFFER, "2")}
    assert [fill.exec_id for fill in fills] == [f"{ID}-{n}" for n in range(1, len(fills) + 1)]
    state = market.order_state(A, "x")
    assert state is not None
    assert (state.ord_status, state.cum_qty, state.leaves_qty, state.notional) == (
        OrdStatus.CANCELED,
        there,
        0,
        there * OFFER,
    )
    assert OFFER not in shown(market, -1)


def test_trades_are_published_with_the_aggressor_before_the_levels(market: Market) -> None:
    there = shown(market, 1)[BID]
    market.submit(A, order("x", Side.SELL, 100, BID, TimeInForce.IOC), START)
    (change,) = (m for m in market.take() if isinstance(m, BookChanged))
    assert change.entries[0] == MarketDataEntry("2", "0", BID, 100, -1)
    left = there - 100
    level = ("1", BID, left) if left else ("2", BID, 0)
    entry = change.entries[1]
    assert (entry.action, entry.px, entry.qty) == level


def test_a_fill_or_kill_that_cannot_be_filled_leaves_the_book_alone(market: Market) -> None:
    before = shown(market, -1)
    terms = order("x", Side.BUY, before[OFFER] + 1, OFFER, TimeInForce.FOK)
    market.submit(A, terms, START)
    assert market.take() == [
        Accepted(A, START, "x", f"{ID}-1"),
        Canceled(A, START, "x", terms.qty, True, "not all at once"),
    ]
    assert shown(market, -1) == before


def test_a_resting_order_is_filled_after_those_before_it(market: Market) -> None:
    ahead = shown(market, 1)[BID]
    market.submit(A, order("x", Side.BUY, 200, BID), START)
    market.submit(A, order("y", Side.BUY, 200, BID, owner="YOU"), START)
    market.take()
    market.submit(A, order("z", Side.SELL, ahead + 250, BID, TimeInForce.IOC, owner="Z"), START)
    fills = [m for m in said_of_orders(market) if isinstance(m, Executed)]
    mine = [(m.order_ref, m.qty, m.liquidity, m.leaves) for m in fills if m.order_ref != "z"]
    assert mine == [("x", 200, "1", 0), ("y", 50, "1", 150)]


def test_two_orders_of_the_router_meet_each_other(market: Market) -> None:
    market.submit(A, order("x", Side.BUY, 100, BID + TICK), START)
    market.take()
    market.submit(A, order("y", Side.SELL, 100, BID + TICK, owner="YOU"), START)
    assert said_of_orders(market) == [
        Accepted(A, START, "y", f"{ID}-2"),
        Executed(A, START, "x", f"{ID}-1", 100, BID + TICK, "1", 0),
        Executed(A, START, "y", f"{ID}-2", 100, BID + TICK, "2", 0),
    ]


def test_a_cancel_is_answered_once_and_then_refused(market: Market) -> None:
    market.submit(A, order("x", Side.BUY, 100, BID), START)
    market.take()
    market.cancel(A, "x", START)
    market.cancel(A, "x", START)
    market.cancel(A, "never", START)
    assert said_of_orders(market) == [
        Canceled(A, START, "x", 100, False, ""),
        CancelRefused(A, START, "x", "0", "order is no longer open"),
        CancelRefused(A, START, "never", "1", "unknown order"),
    ]


def test_a_replace_renames_and_may_trade(market: Market) -> None:
    there = shown(market, -1)[OFFER]
    market.submit(A, order("x", Side.BUY, 100, BID), START)
    market.take()
    market.replace(A, "x", order("y", Side.BUY, there + 100, OFFER), START)
    said = said_of_orders(market)
    assert said[0] == Replaced(A, START, "y", "x", there + 100, OFFER, there + 100)
    assert sum(m.qty for m in said[1:] if isinstance(m, Executed)) == there
    assert {m.order_ref for m in said[1:] if isinstance(m, Executed)} == {"y"}
    assert shown(market, 1)[OFFER] == 100
    market.cancel(A, "x", START)
    assert said_of_orders(market) == [CancelRefused(A, START, "x", "0", "order is no longer open")]


def test_a_replace_down_to_what_was_executed_closes_the_order(market: Market) -> None:
    market.submit(A, order("x", Side.BUY, 300, BID + TICK), START)
    market.submit(A, order("s", Side.SELL, 100, BID + TICK, owner="YOU"), START)
    market.take()
    market.replace(A, "x", order("y", Side.BUY, 50, BID + TICK), START)
    # FIX order state change matrix C.3.b: OrderQty is raised to CumQty.
    assert said_of_orders(market) == [Replaced(A, START, "y", "x", 100, BID + TICK, 0)]
    assert market.open_orders(A, "ME") == []
    assert BID + TICK not in shown(market, 1)


def test_a_replace_counts_what_was_already_executed(market: Market) -> None:
    market.submit(A, order("x", Side.BUY, 300, BID + TICK), START)
    market.submit(A, order("s", Side.SELL, 100, BID + TICK, owner="YOU"), START)
    market.take()
    market.replace(A, "x", order("y", Side.BUY, 500, BID + TICK), START)
    assert said_of_orders(market) == [Replaced(A, START, "y", "x", 500, BID + TICK, 400)]
    assert shown(market, 1)[BID + TICK] == 400
    market.replace(A, "y", order("z", Side.BUY, 250, BID + TICK), START)
    assert said_of_orders(market) == [Replaced(A, START, "z", "y", 250, BID + TICK, 150)]
    assert shown(market, 1)[BID + TICK] == 150


def test_a_later_expire_time_replaces_the_earlier_one(market: Market) -> None:
    early, late = START + 5 * NS, START + 9 * NS
    market.submit(A, order("x", Side.BUY, 100, BID, TimeInForce.GTD, expire_time=early), START)
    market.replace(A, "x", order("y", Side.BUY, 100, BID, TimeInForce.GTD, expire_time=late), START)
    market.take()
    market.tick(late)
    assert said_of_orders(market) == [Expired(A, late, "y")]


def test_a_replace_that_cannot_be_leaves_the_order(market: Market) -> None:
    market.submit(A, order("x", Side.BUY, 100, BID), START)
    market.take()
    market.replace(A, "x", order("x", Side.BUY, 50, BID), START)
    market.replace(A, "x", order("y", Side.SELL, 50, BID), START)
    market.replace(A, "x", order("z", Side.BUY, 50, BID + 1), START)
    assert said_of_orders(market) == [
        CancelRefused(A, START, "x", "6", "duplicate order reference"),
        CancelRefused(A, START, "x", "99", "side and symbol cannot change"),
        CancelRefused(A, START, "x", "99", "Price is not on the tick"),
    ]
    assert [(s.order.order_ref, s.leaves_qty) for s in market.open_orders(A, "ME")] == [("x", 100)]


@pytest.mark.parametrize(
    ("terms", "reason", "text"),
    [
        (order("x", Side.BUY, 100, BID, symbol="OTHER"), "1", "symbol OTHER is not traded here"),
        (order("x", Side.BUY, 0, BID), "13", "OrderQty must be positive"),
        (order("x", Side.BUY, 100, BID, min_qty=200), "13", "MinQty must not exceed OrderQty"),
        (order("x", Side.BUY, 100, BID, min_qty=100), "11", "MinQty is not taken here"),
        (order("x", Side.BUY, 100, BID + 1), "99", "Price is not on the tick"),
        (order("x", Side.BUY, 100, -BID), "99", "Price must be positive"),
        (order("x", Side.BUY, 100, ord_type=OrdType.LIMIT), "99", "a limit order needs a Price"),
        (
            order("x", Side.BUY, 100, ord_type=OrdType.PREVIOUSLY_QUOTED),
            "11",
            "OrdType D is not taken here",
        ),
        (
            order("x", Side.BUY, 100, BID, TimeInForce.GTD, expire_time=START),
            "99",
            "ExpireTime has passed",
        ),
    ],
)
def test_what_is_not_taken_is_rejected_with_its_reason(
    market: Market, terms: VenueOrder, reason: str, text: str
) -> None:
    market.submit(A, terms, START)
    assert market.take() == [Rejected(A, START, "x", reason, text)]


def test_a_reference_is_taken_once(market: Market) -> None:
    market.submit(A, order("x", Side.BUY, 100, BID), START)
    market.take()
    market.submit(A, order("x", Side.BUY, 100, BID), START)
    assert said_of_orders(market) == [Rejected(A, START, "x", "6", "duplicate order reference")]
    state = market.order_state(A, "x")
    assert state is not None
    assert state.is_open


def test_good_till_date_ends_at_its_time_and_day_at_the_close(market: Market) -> None:
    until = START + 5 * NS
    market.submit(A, order("g", Side.BUY, 100, BID, TimeInForce.GTD, expire_time=until), START)
    market.submit(A, order("d", Side.BUY, 100, BID), START)
    market.take()
    market.tick(until - 1)
    assert said_of_orders(market) == []
    market.tick(market.closes_at)
    assert said_of_orders(market) == [
        Expired(A, until, "g"),
        Expired(A, market.closes_at, "d"),
    ]
    market.submit(A, order("late", Side.BUY, 100, BID), market.closes_at)
    assert said_of_orders(market) == [
        Rejected(A, market.closes_at, "late", "2", "the session is not open")
    ]
    assert market.deadline() is None


def test_changes_turn_one_snapshot_into_the_next(tmp_path: Path) -> None:
    market = market_of(tmp_path, {})
    first = market.snapshot(A, START)
    books = {"0": dict(first.bids), "1": dict(first.offers)}
    levels = []
    for second in range(1, 601):
        market.tick(START + second * NS)
        for message in market.take():
            if not isinstance(message, BookChanged) or message.mic != A:
                continue
            for entry in message.entries:
                if entry.entry_type == "2":
                    continue
                book = books[entry.entry_type]
                assert (entry.px in book) == (entry.action != "0")
                if entry.action == "2":
                    del book[entry.px]
                else:
                    book[entry.px] = entry.qty
        bids = tuple(sorted(books["0"].items(), reverse=True))
        offers = tuple(sorted(books["1"].items()))
        now = START + second * NS
        assert market.snapshot(A, now) == BookSnapshot(A, now, "ACME", bids, offers)
        levels.append(len(bids))
    assert max(levels) == 5
