"""Books and market statistics: touch, staleness, consolidation, and figures computed by hand."""

from __future__ import annotations

from math import isclose, sqrt

import numpy as np
import pytest

from router.core.books import LEVELS_MAX, NEVER_NS, QUOTE_LIFE_MAX_NS, Book, Market
from router.messages import (
    MarketDataEntry,
    MarketDataLost,
    MarketDataReceived,
    QuoteCanceled,
    QuoteReceived,
    TradingStatusReceived,
)
from router.model import NS, Side
from router.ports import MarketView

BID, OFFER, TRADE = "0", "1", "2"
NEW, CHANGE, DELETE = "0", "1", "2"


def data(
    *entries: MarketDataEntry, mic: str = "LIT_A", snapshot: bool = False
) -> MarketDataReceived:
    return MarketDataReceived(mic, "XYZ", snapshot, entries)


def snap(
    bid: int, bid_qty: int, offer: int, offer_qty: int, mic: str = "LIT_A"
) -> MarketDataReceived:
    return data(
        MarketDataEntry(BID, NEW, bid, bid_qty),
        MarketDataEntry(OFFER, NEW, offer, offer_qty),
        mic=mic,
        snapshot=True,
    )


def trade(px: int, qty: int, aggressor: int = 0) -> MarketDataReceived:
    return data(MarketDataEntry(TRADE, NEW, px, qty, aggressor))


def touch(book: Book) -> tuple[int, int, int, int]:
    return book.bid, book.bid_qty, book.offer, book.offer_qty


def test_a_snapshot_replaces_all_levels_and_increments_set_and_remove_them() -> None:
    book = Book()
    book.apply(snap(99, 100, 101, 200), 1)
    assert touch(book) == (99, 100, 101, 200)
    book.apply(data(MarketDataEntry(BID, NEW, 100, 50)), 2)
    assert touch(book) == (100, 50, 101, 200)
    book.apply(data(MarketDataEntry(BID, CHANGE, 100, 70)), 3)
    assert touch(book) == (100, 70, 101, 200)
    book.apply(data(MarketDataEntry(BID, DELETE, 100, 0)), 4)
    assert touch(book) == (99, 100, 101, 200)
    book.apply(data(MarketDataEntry(OFFER, DELETE, 101, 0)), 5)
    assert touch(book) == (99, 100, 0, 0)
    book.apply(snap(10, 1, 11, 2), 6)
    assert touch(book) == (10, 1, 11, 2)
    assert book.updated_at == 6


def test_the_touch_is_what_a_full_look_over_all_levels_would_find() -> None:
    rng = np.random.default_rng(7)
    book = Book()
    book.apply(data(snapshot=True), 0)
    levels: dict[str, dict[int, int]] = {BID: {}, OFFER: {}}
    for now in range(3000):
        kind = (BID, OFFER)[int(rng.integers(2))]
        px = int(rng.integers(1, 13))
        action = (NEW, CHANGE, DELETE)[int(rng.integers(3))]
        qty = int(rng.integers(0, 4)) * 100
        book.apply(data(MarketDataEntry(kind, action, px, qty)), now)
        if action == DELETE or qty == 0:
            levels[kind].pop(px, None)
        else:
            levels[kind][px] = qty
        bid, offer = max(levels[BID], default=0), min(levels[OFFER], default=0)
        expected = (bid, levels[BID].get(bid, 0), offer, levels[OFFER].get(offer, 0))
        assert touch(book) == expected
        assert book.depth(Side.BUY, 6) == sum(q for p, q in levels[OFFER].items() if p <= 6)
        assert book.depth(Side.SELL, 6) == sum(q for p, q in levels[BID].items() if p >= 6)
    assert book.depth(Side.BUY, None) == sum(levels[OFFER].values())
    assert book.depth(Side.SELL_SHORT, None) == sum(levels[BID].values())


def test_increments_wait_for_a_snapshot_but_their_trades_count() -> None:
    book = Book()
    book.apply(data(MarketDataEntry(BID, NEW, 100, 50), MarketDataEntry(TRADE, NEW, 101, 30)), 1)
    assert book.stale
    assert touch(book) == (0, 0, 0, 0)
    assert (book.volume, book.last_px, book.last_at) == (30, 101, 1)


def test_a_trade_in_a_snapshot_tells_the_last_price_and_no_volume() -> None:
    book = Book()
    book.apply(data(MarketDataEntry(TRADE, NEW, 101, 30), snapshot=True), 1)
    assert (book.volume, book.last_px) == (0, 101)


def test_a_book_with_more_levels_than_can_be_is_not_believed() -> None:
    book = Book()
    entries = [MarketDataEntry(BID, NEW, px, 1) for px in range(1, LEVELS_MAX + 2)]
    book.apply(data(*entries[:-1], snapshot=True), 1)
    assert not book.stale
    book.apply(data(entries[-1]), 2)
    assert book.stale
    assert touch(book) == (0, 0, 0, 0)


def test_the_view_sums_sizes_at_the_best_prices_of_books_that_are_not_stale() -> None:
    market = Market()
    market.apply(snap(99, 100, 102, 300, mic="LIT_A"), 10)
    market.apply(snap(99, 50, 101, 20, mic="LIT_B"), 20)
    market.apply(snap(98, 7, 101, 30, mic="LIT_C"), 30)
    assert market.view("XYZ", 50, 0) == MarketView(99, 101, 150, 50, 20, 0)
    assert market.mid2("XYZ") == 200
    market.apply(MarketDataLost("LIT_C"), 40)
    assert market.view("XYZ", 50, 0) == MarketView(99, 101, 150, 20, 30, 0)
    market.apply(MarketDataLost("LIT_A"), 41)
    market.apply(MarketDataLost("LIT_B"), 42)
    assert market.view("XYZ", 50, 0) == MarketView(0, 0, 0, 0, NEVER_NS, 0)


def test_volume_is_counted_over_venues_and_from_a_start() -> None:
    market = Market()
    market.apply(trade(100, 30), 1)
    market.apply(data(MarketDataEntry(TRADE, NEW, 100, 12), mic="DARK_A"), 2)
    market.apply(data(MarketDataEntry(TRADE, DELETE, 100, 12), mic="DARK_A"), 3)
    assert market.volume("XYZ") == 42
    assert market.view("XYZ", 3, 30).volume == 12
    assert market.volume("ABC") == 0


def test_the_reference_is_the_midpoint_rounded_down_else_the_last_trade_else_nothing() -> None:
    market = Market()
    assert market.reference("XYZ", 5) == (0, NEVER_NS)
    market.apply(trade(97, 30), 2)
    assert market.reference("XYZ", 5) == (97, 3)
    market.apply(snap(99, 1, 102, 1), 4)
    assert market.reference("XYZ", 5) == (100, 1)
    market.apply(MarketDataLost("LIT_A"), 5)
    assert market.reference("XYZ", 9) == (97, 7)


def test_streamed_quotes_and_answers_are_kept_apart_and_canceled_by_name() -> None:
    market = Market()
    market.apply(QuoteReceived("SDP_1", "XYZ", "q1", 99, 5, 101, 6, 77), 1)
    market.apply(QuoteReceived("SDP_1", "XYZ", "a1", 98, 5, 102, 6, 0, "r1"), 2)
    streamed, answer = market.quote("XYZ", "SDP_1"), market.answer("XYZ", "SDP_1")
    assert streamed is not None
    assert answer is not None
    assert (streamed.quote_id, streamed.valid_until) == ("q1", 77)
    assert (answer.quote_id, answer.valid_until) == ("a1", 2 + QUOTE_LIFE_MAX_NS)
    market.apply(QuoteCanceled("SDP_1", "XYZ", "other"), 3)
    assert market.quote("XYZ", "SDP_1") is streamed
    market.apply(QuoteCanceled("SDP_1", "XYZ", "", "r1"), 4)
    assert market.answer("XYZ", "SDP_1") is None
    assert market.quote("XYZ", "SDP_1") is streamed
    market.apply(QuoteCanceled("SDP_1", "XYZ"), 5)
    assert market.quote("XYZ", "SDP_1") is None


def test_a_lost_feed_takes_the_dealers_quotes_along() -> None:
    market = Market()
    market.apply(QuoteReceived("SDP_1", "XYZ", "q1", 99, 5, 101, 6, 77), 1)
    market.apply(QuoteReceived("SDP_2", "XYZ", "q2", 99, 5, 101, 6, 77), 1)
    market.apply(MarketDataLost("SDP_1"), 2)
    assert market.quote("XYZ", "SDP_1") is None
    assert market.quote("XYZ", "SDP_2") is not None


def test_volatility_is_the_moving_mean_of_squared_one_second_returns() -> None:
    market = Market()
    market.apply(snap(9_999, 1, 10_001, 1), 0)
    market.apply(snap(10_099, 1, 10_101, 1), 3 * NS // 2)  # +1 % from 1 s to 2 s
    market.apply(snap(10_099, 1, 10_101, 1), 4 * NS)
    tracker = market.tracker("XYZ", 4 * NS)
    assert tracker is not None
    keep = 0.5 ** (1 / 60)
    squares = (1 - keep) * 0.01**2 * keep**2  # then two seconds without a move
    variance = tracker.variance(0)
    assert variance is not None
    assert isclose(variance, squares / (1 - keep**3), rel_tol=1e-12)


def test_looking_more_often_changes_no_statistic() -> None:
    rng = np.random.default_rng(3)
    quiet, nosy = Market(), Market()
    now = 0
    for _ in range(300):
        now += int(rng.integers(1, 3 * NS))
        mid = int(rng.integers(9_900, 10_100))
        event = snap(mid - 1, 1, mid + 1, 1)
        nosy.tracker("XYZ", now)
        quiet.apply(event, now)
        nosy.apply(event, now)
        nosy.tracker("XYZ", now + 1)
    a, b = quiet.tracker("XYZ", now + NS), nosy.tracker("XYZ", now + NS)
    assert a is not None
    assert b is not None
    assert a.variance(0) is not None
    assert (a.variance(0), a.variance(1)) == (b.variance(0), b.variance(1))


def test_signed_flow_fades_by_half_in_a_half_life() -> None:
    market = Market()
    market.apply(trade(100, 400, +1), NS)
    market.apply(trade(100, 100, -1), 11 * NS)
    tracker = market.tracker("XYZ", 11 * NS)
    assert tracker is not None
    assert tracker.flow(0, 11 * NS) == pytest.approx((20 / 2 - 10, 20 / 2 + 10))
    fade = 0.5 ** (10 / 60)
    assert tracker.flow(1, 11 * NS) == pytest.approx((20 * fade - 10, 20 * fade + 10))
    assert tracker.flow(0, 21 * NS) == pytest.approx((0.0, 10.0))


@pytest.mark.parametrize(("px", "sign"), [(101, 1), (99, -1), (100, 0)])
def test_a_trade_without_aggressor_is_signed_by_the_quote_rule(px: int, sign: int) -> None:
    market = Market()
    market.apply(snap(99, 1, 101, 1), 1)
    market.apply(trade(px, 900), 2)
    tracker = market.tracker("XYZ", 2)
    assert tracker is not None
    assert tracker.flow(0, 2) == pytest.approx((sign * sqrt(900), sqrt(900)))
    assert tracker.trade_size == 900


def test_a_pool_is_halted_with_every_venue_whose_book_is_known() -> None:
    market = Market()
    for mic in ("LIT_A", "LIT_B"):
        market.apply(snap(99, 10, 101, 10, mic), NS)
    market.apply(TradingStatusReceived("LIT_B", "XYZ", halted=True), NS)
    assert not market.halted("XYZ", "POOL"), "LIT_A trades on"
    market.apply(MarketDataLost("LIT_A"), NS)
    assert market.halted("XYZ", "POOL"), "nobody knows of LIT_A"
