"""Orders of a lit venue that are not plain: reserves, hidden orders, midpoint pegs, post-only."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.messages import MarketDataEntry
from router.model import OrdType, Side, TimeInForce
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
)
from venues.market import Market
from venues.messages import (
    BookChanged,
    Canceled,
    CancelRefused,
    Executed,
    Rejected,
    Replaced,
    VenueOrder,
)

A, B = "LIT_A", "LIT_B"
IOC, FOK = TimeInForce.IOC, TimeInForce.FOK
INSIDE = BID + TICK
"""50.00: between the best quotes, where nobody of the background is; and the midpoint."""


@pytest.fixture
def market(tmp_path: Path) -> Market:
    return market_of(tmp_path, CALM)


def shown(market: Market, side: int, px: int = INSIDE) -> int:
    snapshot = market.snapshot(A, START)
    return dict(snapshot.bids if side > 0 else snapshot.offers).get(px, 0)


def peg(ref: str, side: Side, qty: int, limit: int | None = None, **more: object) -> VenueOrder:
    return order(ref, side, qty, limit, ord_type=OrdType.PEGGED, exec_inst="M", **more)  # type: ignore[arg-type]


def send(market: Market, terms: VenueOrder, mic: str = A) -> list[tuple[str, int, int, str]]:
    """Submit, and the fills that follow as (order, shares, price, liquidity)."""
    market.submit(mic, terms, START)
    return fills(market)


def fills(market: Market) -> list[tuple[str, int, int, str]]:
    said = said_of_orders(market)
    return [(m.order_ref, m.qty, m.px, m.liquidity) for m in said if isinstance(m, Executed)]


def sell(market: Market, ref: str, qty: int, px: int = INSIDE) -> list[tuple[str, int]]:
    """What a seller of another client meets, as (order, shares)."""
    met = send(market, order(ref, Side.SELL, qty, px, IOC, owner="YOU"))
    return [(name, shares) for name, shares, _, _ in met if name != ref]


# --- reserves ----------------------------------------------------------------------------------


def test_a_reserve_shows_a_slice_and_a_refreshed_slice_is_last_at_its_price(market: Market) -> None:
    send(market, order("x", Side.BUY, 500, INSIDE, display_qty=100))
    send(market, order("z", Side.BUY, 100, INSIDE))
    assert shown(market, 1) == 200
    assert sell(market, "s1", 60) == [("x", 60)]
    assert shown(market, 1) == 140, "a slice is refreshed when it is used up, not before"
    assert sell(market, "s2", 40) == [("x", 40)]
    assert shown(market, 1) == 200
    assert sell(market, "s3", 150) == [("z", 100), ("x", 50)]


def test_one_taker_meets_slice_after_slice_at_one_price(market: Market) -> None:
    send(market, order("x", Side.BUY, 350, INSIDE, display_qty=100))
    send(market, order("y", Side.BUY, 250, INSIDE, display_qty=200))
    there = shown(market, 1, BID)
    # x 100, y 200, x 100, y 50, x 100, x 50; then the background's orders a tick lower.
    met = sell(market, "s", 600 + there, BID)
    assert met == [("x", 100), ("y", 200), ("x", 100), ("y", 50), ("x", 100), ("x", 50)]
    assert shown(market, 1) == shown(market, 1, BID) == 0


def test_market_data_shows_the_slice_and_prints_every_share(market: Market) -> None:
    send(market, order("x", Side.BUY, 300, INSIDE, display_qty=100))
    market.submit(A, order("s", Side.SELL, 150, INSIDE, IOC, owner="YOU"), START)
    (change,) = [m for m in market.take() if isinstance(m, BookChanged)]
    assert change.entries == (
        MarketDataEntry("2", "0", INSIDE, 100, -1),
        MarketDataEntry("2", "0", INSIDE, 50, -1),
        MarketDataEntry("0", "1", INSIDE, 50),
    )


def test_a_fill_or_kill_counts_on_what_stands_behind_a_slice(market: Market) -> None:
    send(market, order("x", Side.BUY, 300, INSIDE, display_qty=100))
    assert send(market, order("no", Side.SELL, 301, INSIDE, FOK)) == []
    assert send(market, order("yes", Side.SELL, 300, INSIDE, FOK))[-1] == ("yes", 100, INSIDE, "2")


def test_a_smaller_reserve_keeps_its_place_and_loses_hidden_shares_first(market: Market) -> None:
    send(market, order("x", Side.BUY, 300, INSIDE, display_qty=100))
    send(market, order("z", Side.BUY, 100, INSIDE))
    market.replace(A, "x", order("x2", Side.BUY, 150, INSIDE, display_qty=100), START)
    assert Replaced(A, START, "x2", "x", 150, INSIDE, 150) in said_of_orders(market)
    assert shown(market, 1) == 200
    assert sell(market, "s", 300) == [("x2", 100), ("z", 100), ("x2", 50)]


def test_other_terms_of_a_reserve_queue_again(market: Market) -> None:
    send(market, order("x", Side.BUY, 300, INSIDE, display_qty=100))
    send(market, order("z", Side.BUY, 100, INSIDE))
    market.replace(A, "x", order("x2", Side.BUY, 300, INSIDE, display_qty=200), START)
    assert shown(market, 1) == 300
    market.take()
    assert sell(market, "s", 400) == [("z", 100), ("x2", 200), ("x2", 100)]


def test_a_canceled_reserve_is_gone_with_all_its_shares(market: Market) -> None:
    send(market, order("x", Side.BUY, 300, INSIDE, display_qty=100))
    market.cancel(A, "x", START)
    assert said_of_orders(market) == [Canceled(A, START, "x", 300, False, "")]
    assert sell(market, "s", 300) == []


# --- hidden orders -----------------------------------------------------------------------------


def test_a_hidden_order_is_not_shown_and_ranks_behind_what_is(market: Market) -> None:
    market.submit(A, order("h", Side.BUY, 200, INSIDE, display_qty=0), START)
    assert not [m for m in market.take() if isinstance(m, BookChanged)]
    send(market, order("z", Side.BUY, 100, INSIDE))
    assert shown(market, 1) == 100
    assert sell(market, "s", 250) == [("z", 100), ("h", 150)]


def test_a_better_price_comes_before_being_displayed(market: Market) -> None:
    there = shown(market, 1, BID)
    send(market, order("h", Side.BUY, 200, INSIDE, display_qty=0))
    assert send(market, order("s", Side.SELL, 200 + there, BID, IOC, owner="YOU"))[:2] == [
        ("h", 200, INSIDE, "1"),
        ("s", 200, INSIDE, "2"),
    ]
    assert shown(market, 1, BID) == 0


def test_a_trade_with_a_hidden_order_is_printed(market: Market) -> None:
    send(market, order("h", Side.BUY, 200, INSIDE, display_qty=0))
    market.submit(A, order("s", Side.SELL, 200, BID, IOC, owner="YOU"), START)
    (change,) = [m for m in market.take() if isinstance(m, BookChanged)]
    assert change.entries == (MarketDataEntry("2", "0", INSIDE, 200, -1),)


def test_an_order_that_would_rest_beyond_a_hidden_one_trades_with_it(market: Market) -> None:
    send(market, order("h", Side.SELL, 100, INSIDE, display_qty=0))
    assert send(market, order("b", Side.BUY, 300, INSIDE, owner="YOU")) == [
        ("h", 100, INSIDE, "1"),
        ("b", 100, INSIDE, "2"),
    ]
    assert shown(market, 1) == 200


def test_a_smaller_hidden_order_keeps_its_time(market: Market) -> None:
    for ref in ("h", "i"):
        send(market, order(ref, Side.BUY, 200, INSIDE, display_qty=0))
    market.replace(A, "h", order("h2", Side.BUY, 100, INSIDE, display_qty=0), START)
    market.take()
    assert sell(market, "s1", 50) == [("h2", 50)]
    market.replace(A, "h2", order("h3", Side.BUY, 200, INSIDE, display_qty=0), START)
    market.take()
    assert sell(market, "s2", 300) == [("i", 200), ("h3", 100)]


# --- midpoint pegs -----------------------------------------------------------------------------


def test_a_peg_gives_a_taker_the_midpoint(market: Market) -> None:
    assert send(market, peg("p", Side.BUY, 300)) == []
    assert shown(market, 1) == 0
    assert send(market, order("s", Side.SELL, 100, BID, IOC, owner="YOU")) == [
        ("p", 100, MID, "1"),
        ("s", 100, MID, "2"),
    ]


def test_a_peg_moves_with_the_best_quotes_and_half_ticks_are_exact(market: Market) -> None:
    send(market, peg("p", Side.BUY, 300))
    send(market, order("l", Side.BUY, 100, INSIDE), B)
    assert send(market, order("s", Side.SELL, 100, BID, IOC, owner="YOU")) == [
        ("p", 100, MID + TICK // 2, "1"),
        ("s", 100, MID + TICK // 2, "2"),
    ]
    market.cancel(B, "l", START)
    market.take()
    assert send(market, order("t", Side.SELL, 100, BID, IOC, owner="YOU"))[0] == (
        ("p", 100, MID, "1")
    )


def test_a_taker_that_does_not_reach_the_midpoint_does_not_meet_a_peg(market: Market) -> None:
    send(market, peg("p", Side.BUY, 300))
    assert send(market, order("s", Side.SELL, 100, OFFER, owner="YOU")) == []


def test_a_peg_waits_while_the_midpoint_is_beyond_its_limit(market: Market) -> None:
    send(market, peg("p", Side.BUY, 300, INSIDE))
    send(market, order("l", Side.BUY, 100, INSIDE), B)
    # The midpoint is 50.005 now, above the limit: the seller meets the displayed bid.
    market.submit(A, order("s", Side.SELL, 100, BID, IOC, owner="YOU"), START)
    assert [fill for fill in fills(market) if fill[0] != "s"] == []
    market.cancel(B, "l", START)
    market.take()
    assert sell(market, "t", 100, BID) == [("p", 100)]


def test_at_one_price_a_displayed_order_comes_before_a_peg(market: Market) -> None:
    send(market, peg("p", Side.BUY, 100, display_qty=0))
    send(market, order("h", Side.BUY, 100, INSIDE, display_qty=0))
    assert sell(market, "s", 150, BID) == [("p", 100), ("h", 50)], "by time among the not displayed"
    send(market, peg("q", Side.BUY, 100))
    send(market, order("l", Side.BUY, 100, INSIDE))
    # The displayed bid at 50.00 moves the midpoint to 50.005: a better price for the seller.
    assert sell(market, "t", 150, INSIDE) == [("q", 100), ("l", 50)]


def test_two_pegs_meet_at_the_midpoint(market: Market) -> None:
    send(market, peg("p", Side.BUY, 300))
    assert send(market, peg("q", Side.SELL, 200, owner="YOU")) == [
        ("p", 200, MID, "1"),
        ("q", 200, MID, "2"),
    ]


def test_pegs_meet_when_the_midpoint_reaches_their_limits(market: Market) -> None:
    send(market, peg("q", Side.SELL, 200, INSIDE + TICK))
    send(market, peg("p", Side.BUY, 300, owner="YOU"))
    for mic in (A, B, "LIT_C"):
        there = dict(market.snapshot(mic, START).offers).get(OFFER, 0)
        if there:
            market.submit(mic, order(f"t{mic}", Side.BUY, there, OFFER, IOC, owner="Z"), START)
    assert not [fill for fill in fills(market) if fill[0] in "pq"], "50.005 is below the limit"
    market.submit(B, order("l", Side.BUY, 100, INSIDE, owner="Z"), START)
    # 50.00 against 50.02: the midpoint is 50.01.
    assert fills(market) == [("p", 200, OFFER, "1"), ("q", 200, OFFER, "2")]


def test_a_peg_takes_no_execution_below_its_min_qty(market: Market) -> None:
    send(market, peg("p", Side.BUY, 300, min_qty=200))
    assert sell(market, "s1", 199, INSIDE) == []
    assert sell(market, "s2", 250, INSIDE) == [("p", 250)]
    assert sell(market, "s3", 49, INSIDE) == []
    assert sell(market, "s4", 80, INSIDE) == [("p", 50)], "its whole rest is enough"


def test_a_fill_or_kill_does_not_count_on_a_peg_with_min_qty(market: Market) -> None:
    send(market, order("h", Side.BUY, 100, INSIDE, display_qty=0))
    send(market, peg("p", Side.BUY, 500, min_qty=400))
    assert send(market, order("no", Side.SELL, 300, INSIDE, FOK, owner="YOU")) == []


def test_an_incoming_peg_takes_no_execution_below_its_min_qty(market: Market) -> None:
    send(market, order("h", Side.SELL, 100, INSIDE, display_qty=0))
    send(market, order("i", Side.SELL, 300, INSIDE, display_qty=0))
    assert send(market, peg("p", Side.BUY, 300, min_qty=200, owner="YOU")) == [
        ("i", 300, INSIDE, "1"),
        ("p", 300, INSIDE, "2"),
    ]


def test_an_immediate_peg_that_finds_nobody_is_canceled(market: Market) -> None:
    market.submit(A, peg("p", Side.BUY, 100, tif=IOC), START)
    assert said_of_orders(market)[1:] == [Canceled(A, START, "p", 100, True, "no liquidity")]


def test_pegs_wait_in_a_locked_market(market: Market) -> None:
    send(market, peg("p", Side.BUY, 100))
    there = dict(market.snapshot("LIT_C", START).bids).get(BID, 0)
    send(market, order("m", Side.SELL, there + 100, BID), "LIT_C")
    assert market.nbbo == (BID, BID)
    shown_here = shown(market, 1, BID)
    met = send(market, order("s", Side.SELL, shown_here + 50, BID, IOC, owner="YOU"))
    assert sum(qty for name, qty, *_ in met if name == "s") == shown_here
    assert [name for name, *_ in met if name != "s"] == []


# --- post-only ---------------------------------------------------------------------------------


def test_a_post_only_order_rests_or_is_rejected(market: Market) -> None:
    market.submit(A, order("x", Side.BUY, 100, INSIDE, exec_inst="6"), START)
    market.submit(A, order("y", Side.BUY, 100, OFFER, exec_inst="6"), START)
    assert [m for m in said_of_orders(market) if isinstance(m, Rejected)] == [
        Rejected(A, START, "y", "99", "a post-only order would take")
    ]
    assert shown(market, 1) == 100


def test_a_post_only_order_does_not_take_what_is_hidden_either(market: Market) -> None:
    send(market, peg("p", Side.SELL, 100))
    market.submit(A, order("x", Side.BUY, 100, INSIDE, exec_inst="6"), START)
    assert said_of_orders(market) == [Rejected(A, START, "x", "99", "a post-only order would take")]


def test_a_replace_of_a_post_only_order_that_would_take_is_refused(market: Market) -> None:
    send(market, order("x", Side.BUY, 100, INSIDE, exec_inst="6"))
    market.replace(A, "x", order("y", Side.BUY, 100, OFFER, exec_inst="6"), START)
    assert said_of_orders(market) == [
        CancelRefused(A, START, "x", "99", "a post-only order would take")
    ]
    assert shown(market, 1) == 100


@pytest.mark.parametrize(
    ("terms", "reason", "text"),
    [
        (
            peg("x", Side.BUY, 100, display_qty=50),
            "11",
            "a midpoint peg is not displayed: DisplayQty must be 0",
        ),
        (
            order("x", Side.BUY, 100, ord_type=OrdType.PEGGED),
            "11",
            "pegs are OrdType P with ExecInst M here",
        ),
        (
            order("x", Side.BUY, 100, BID, exec_inst="M"),
            "11",
            "pegs are OrdType P with ExecInst M here",
        ),
        (order("x", Side.BUY, 100, BID, exec_inst="6 G"), "11", "ExecInst G is not taken here"),
        (
            order("x", Side.BUY, 100, BID, display_qty=101),
            "13",
            "DisplayQty must not exceed OrderQty",
        ),
        (
            order("x", Side.BUY, 100, BID, IOC, exec_inst="6"),
            "11",
            "a post-only order must be able to rest",
        ),
        (order("x", Side.BUY, 100, exec_inst="6"), "11", "a post-only order must be able to rest"),
        (
            order("x", Side.BUY, 100, BID, display_qty=0, min_qty=50),
            "11",
            "MinQty is not taken here",
        ),
    ],
)
def test_what_contradicts_itself_is_rejected(
    market: Market, terms: VenueOrder, reason: str, text: str
) -> None:
    market.submit(A, terms, START)
    assert market.take() == [Rejected(A, START, "x", reason, text)]


# --- others ------------------------------------------------------------------------------------


def test_background_takers_meet_what_is_not_displayed(tmp_path: Path) -> None:
    market = market_of(tmp_path, {"impact.kernel.Y": 0.0}, seed=3)
    market.submit(A, peg("p", Side.BUY, 1000), START)
    market.submit(B, order("h", Side.SELL, 1000, INSIDE, display_qty=0), START)
    market.take()
    market.tick(START + 1800 * 10**9)
    got = fills(market)
    assert {name for name, *_ in got} == {"p", "h"}
    assert {liquidity for *_, liquidity in got} == {"1"}
