"""Facts of recordings so small that each can be computed by hand."""

from __future__ import annotations

import math

import pytest

from router.model import NS
from tests.venues.recorded_days import POOL, BookRow, TradeRow, day
from venues.facts.activity import rate_facts, size_facts
from venues.facts.by_venue import VenueFacts, venue_facts
from venues.facts.off_exchange import off_exchange_facts
from venues.facts.order_events import order_event_facts
from venues.facts.quotes import depth_facts, spread_facts, spread_within
from venues.facts.response import cost_facts, impact_by_time, response_by_lag
from venues.facts.returns import half_hours, intraday_facts

STILL: list[BookRow] = [(0, 100, 102, 100, 100)]


# --- quotes --------------------------------------------------------------------------------------


def test_spreads_weigh_as_long_as_they_stand() -> None:
    # One tick for 6 s, two for 2 s, locked for a second, which is what a last row counts.
    book = [(0, 100, 101, 10, 30), (6, 99, 101, 10, 30), (8, 100, 100, 50, 50)]
    found = spread_facts(day(book, seconds=10))
    assert found["spread_ticks_tw_mean"] == pytest.approx((6 * 1 + 2 * 2) / 8)
    # The median mid of the rows, 100.5, 100 and 100, is 100 ticks.
    assert found["spread_bp_tw_mean"] == pytest.approx(1.25 / 100 * 1e4)
    assert found["spread_one_tick_time_frac"] == pytest.approx(6 / 8)
    assert found["crossed_or_locked_time_frac"] == pytest.approx(1 / 9)
    variance = (6 * (1 - 1.25) ** 2 + 2 * (2 - 1.25) ** 2) / 8
    assert found["spread_tw_cv"] == pytest.approx(math.sqrt(variance) / 1.25)
    assert spread_within(day(book, seconds=10), (1, 2)) == pytest.approx([0.75, 1.0])


def test_a_quote_that_stands_for_minutes_weighs_a_minute() -> None:
    book = [(0, 100, 101, 10, 10), (300, 100, 103, 10, 10), (330, 100, 101, 10, 10)]
    # 60 of 300 s at one tick, then 30 s at three, then one second: the last row's own.
    found = spread_facts(day(book, seconds=1_000))
    assert found["spread_ticks_tw_mean"] == pytest.approx((61 * 1 + 30 * 3) / 91)


def test_depth_is_the_mean_of_both_sides_over_the_mean_market_order() -> None:
    book = [(0, 100, 101, 100, 300), (5, 100, 101, 500, 300)]
    trades = [(1, 101, 30, "LIT", 1), (1, 101, 20, "LIT", 1), (2, 100, 150, "LIT", -1)]
    found = depth_facts(day(book, trades, seconds=6))
    assert found["touch_depth_tw_mean"] == pytest.approx((5 * 200 + 1 * 400) / 6)
    assert found["touch_depth_over_mean_mo"] == pytest.approx(1400 / 6 / 100)


# --- activity ------------------------------------------------------------------------------------


def test_fills_of_one_instant_and_side_are_one_market_order() -> None:
    trades: list[TradeRow] = [
        (1.0, 102, 100, "A", 1),
        (1.0, 103, 300, "B", 1),
        (1.0, 100, 100, "A", -1),  # the other side: another order
        (2.0, 100, 200, "A", -1),
        (3.0, 101, 500, POOL, 1),  # not at a book
        (3.0, 102, 100, "A", 0),  # nobody knows whose
    ]
    orders = day(STILL, trades, seconds=10).orders
    assert orders.t_ns.tolist() == [1 * NS, 1 * NS, 2 * NS]
    assert orders.sign.tolist() == [1, -1, -1]
    assert orders.qty.tolist() == [400, 100, 200]
    assert orders.px.tolist() == [(102 * 100 + 103 * 300) / 400, 100, 100]


def test_rates_divide_by_the_length_of_the_session() -> None:
    book = [(0, 100, 102, 10, 10), (1, 100, 102, 20, 10), (2, 100, 104, 20, 10)]
    trades = [(at, 102.0, 100.0, "A", 1) for at in (0, 1, 3, 6)]
    found = rate_facts(day(book, trades, seconds=120))
    assert found["market_orders_per_s"] == pytest.approx(4 / 120)
    assert found["book_updates_per_mo"] == pytest.approx(3 / 4)
    assert found["mid_changes_per_s"] == pytest.approx(1 / 120)
    # Waits of 1, 2 and 3 s: mean 2, variance 2/3. Minutes of 4 and 0 orders: mean 2, variance 4.
    assert found["intertrade_cv"] == pytest.approx(math.sqrt(2 / 3) / 2)
    assert found["trade_count_fano_60s"] == pytest.approx(4 / 2)


def test_lots_are_counted_by_print() -> None:
    trades = [(at, 102.0, qty, "A", 1) for at, qty in enumerate((100.0, 200.0, 100.0, 50.0))]
    found = size_facts(day(STILL, trades, seconds=10))
    assert found["print_frac_eq_lot"] == pytest.approx(2 / 4)
    assert found["print_frac_round_lot"] == pytest.approx(3 / 4)
    assert found["mo_size_tail_alpha_hill5"] is None, "four orders have no tail"


# --- response and cost ---------------------------------------------------------------------------


def test_response_and_cost_are_measured_from_the_mid_before_the_order() -> None:
    book = [
        (0, 100, 102, 10, 10),  # mid 101
        (5, 101, 103, 10, 10),  # mid 102, in the instant of the buy
        (8, 102, 104, 10, 10),  # mid 103
        (20, 99, 101, 10, 10),  # mid 100, in the instant of the sell
        (31, 98, 100, 10, 10),  # mid 99
    ]
    trades: list[TradeRow] = [(5, 102, 100, "A", 1), (20, 102, 100, "A", -1)]
    recorded = day(book, trades, seconds=40)
    # Both met a spread of two ticks. From the buy to the sell the mid went from 101 to 103.
    assert response_by_lag(recorded)[0] == pytest.approx((103 - 101) / 2)
    # 10 s after the buy the mid is 103, after the sell, at 30 s, it is 100.
    after = ((103 - 101) * 1 + (100 - 103) * -1) / 2
    assert impact_by_time(recorded, (10,)) == pytest.approx([after / 2])
    found = cost_facts(recorded)
    paid = (2 * (102 - 101) + 2 * -(102 - 103)) / 2
    kept = (2 * (102 - 103) + 2 * -(102 - 100)) / 2
    assert found["effective_spread_over_quoted"] == pytest.approx(paid / 2)
    assert found["realised_spread10s_over_quoted"] == pytest.approx(kept / 2)


# --- away from the books -------------------------------------------------------------------------


def test_prints_away_from_the_books_are_told_apart_by_their_place_in_the_spread() -> None:
    trades: list[TradeRow] = [
        (1, 102, 1_000, "A", 1),
        (2, 101, 300, POOL, 0),  # the middle
        (3, 101, 100, POOL, 0),
        (4, 101.5, 200, POOL, 1),  # inside
        (5, 100, 400, POOL, -1),  # at the bid
        (6, 99, 1_000, POOL, -1),  # outside
    ]
    found = off_exchange_facts(day(STILL, trades, seconds=600))
    assert found["offexchange_volume_share"] == pytest.approx(2_000 / 3_000)
    assert found["off_mid_share"] == pytest.approx(400 / 2_000)
    assert found["off_inside_share"] == pytest.approx(200 / 2_000)
    assert found["off_touch_share"] == pytest.approx(400 / 2_000)
    assert found["off_mid_print_median"] == pytest.approx(200)
    # Both midpoint prints are in the first of sixty windows of ten seconds.
    assert found["off_mid_zero_frac_10s"] == pytest.approx(59 / 60)
    assert found["off_mid_interarrival_cv"] is None, "one wait has no variation"
    assert found["off_mid_absmove10s_over_uncond"] is None, "the mid never moved"


def test_a_market_that_trades_on_books_alone_has_a_share_of_zero() -> None:
    assert off_exchange_facts(day(STILL, [(1, 102, 100, "A", 1)], seconds=60)) == {
        "offexchange_volume_share": 0.0
    }


# --- venues --------------------------------------------------------------------------------------


def test_each_venue_is_told_its_volume_and_what_was_paid_and_kept_there() -> None:
    book = [(0, 100, 102, 10, 10), (3, 101, 103, 10, 10), (14, 98, 100, 10, 10)]
    trades: list[TradeRow] = [
        (1, 102, 300, "A", 1),  # mid 101 before, 102 after 10 s
        (2, 100, 100, "B", -1),  # mid 101 before, 102 after 10 s
        (5, 103, 200, "B", 1),  # mid 102 before, 99 after 10 s
        (6, 102, 400, POOL, 0),
    ]
    found = venue_facts(day(book, trades, seconds=30))
    # Every order met a spread of two ticks.
    assert found["A"] == VenueFacts(0.3, 2 * 1 / 2, 2 * 0 / 2)
    assert found["B"] == VenueFacts(0.3, 2 * 1 / 2, (2 * 2 + 2 * 4) / 2 / 2)
    assert found[POOL] == VenueFacts(0.4, None, None)


# --- the day -------------------------------------------------------------------------------------


def test_the_u_shape_compares_the_edges_with_the_middle_of_the_day() -> None:
    hours = [8, 4, 3, 3, 2, 2, 2, 2, 2, 3, 4, 5, 10]
    start = 34_200
    trades = [
        (start + 1_800 * place + 900, 102.0, 100.0 * each, "A", 1)
        for place, each in enumerate(hours)
    ]
    recorded = day([(start, 100, 102, 10, 10)], trades, seconds=23_400, start=start)
    shares = half_hours(recorded)
    assert shares is not None
    assert shares.tolist() == pytest.approx([each / 50 for each in hours])
    found = intraday_facts(recorded)
    assert found["u_open_over_middle"] == pytest.approx(4)
    assert found["u_close_over_middle"] == pytest.approx(5)
    assert found["u_shape_edges_over_middle"] == pytest.approx(4.5)


def test_a_part_of_a_day_has_no_u_shape() -> None:
    found = intraday_facts(day(STILL, [(1, 102, 100, "A", 1)], seconds=7_200))
    assert set(found.values()) == {None}


# --- single orders -------------------------------------------------------------------------------


def test_orders_are_followed_from_where_they_came_to_how_they_ended() -> None:
    book = [(0, 100, 104, 10, 10), (5, 102, 104, 10, 10)]
    recorded = day(
        book,
        events=[
            (1, "A", 1, 1, 100, 100),  # joins the bid
            (2, "A", 2, -1, 103, 100),  # inside the spread
            (3, "A", 3, 1, 98, 100),  # two ticks behind
            (4, "A", 4, -1, 104, 100),  # joins the offer
            (5, "A", 5, 1, 102, 100),  # the row of its own instant is not what it met: inside
            (6, "E", 1, 1, 100, 40),
            (7, "C", 2, -1, 103, 100),
            (9, "E", 1, 1, 100, 60),
            (9.5, "C", 3, 1, 98, 100),
        ],
        seconds=10,
    )
    found = order_event_facts(recorded)
    assert found["cancel_over_add"] == pytest.approx(2 / 5)
    assert found["exec_over_add"] == pytest.approx(2 / 5)
    assert found["add_inside_spread_frac"] == pytest.approx(2 / 5)
    assert found["add_at_touch_frac"] == pytest.approx(2 / 5)
    # Distances 0, inside, 2, 0, inside: the median of 0, 0, 2, 0, 0.
    assert found["add_distance_over_spread_median"] == 0.0
    # Of the four at the touch or inside one was filled after 8 s, one cancelled after 5.
    assert found["near_touch_filled_frac"] == pytest.approx(1 / 4)
    assert found["near_touch_cancel_frac"] == pytest.approx(1 / 4)
    assert found["near_touch_median_life_fill_s"] == pytest.approx(8)
    assert found["near_touch_median_life_cancel_s"] == pytest.approx(5)


def test_without_a_table_of_events_there_are_no_facts_of_orders() -> None:
    assert order_event_facts(day(STILL, seconds=10)) == {}
