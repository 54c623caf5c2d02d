"""What a venue refuses by limits of its own, and when trading stops by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from config.documents import DocumentError
from router.model import NS, Side, TimeInForce
from tests.venues.simulated import (
    BID,
    CALM,
    MARKETS,
    MID,
    START,
    TICK,
    market_of,
    order,
    px,
    said_of_orders,
)
from venues.controls import Band
from venues.market_file import read_market
from venues.messages import (
    Accepted,
    Canceled,
    CancelRefused,
    Executed,
    QuoteIssued,
    QuoteRefused,
    Rejected,
    TradingStatus,
)

A = "LIT_A"
IOC = TimeInForce.IOC
CONTROLS = "venues.LIT_A.controls"


@pytest.mark.parametrize(
    ("controls", "qty", "price", "reason", "text"),
    [
        ({"max_order_qty": 500}, 501, BID, "3", "OrderQty 501 is above the maximum of 500"),
        # 500 shares at 49.99 are 24,995; without a limit at the far side, 50.01, 25,005.
        (
            {"max_order_value": 24994.5},
            500,
            BID,
            "27",
            "order value 24995 is above the maximum of 24994.5",
        ),
        (
            {"max_order_value": 25000.0},
            500,
            None,
            "27",
            "order value 25005 is above the maximum of 25000",
        ),
        # 2 % of the opening midpoint of 50.00 are 1.00.
        (
            {"static_collar": {"bp": 200}},
            100,
            px(51.01),
            "16",
            "Price 51.01 is outside the static collar of 49 to 51",
        ),
        (
            {"static_collar": {"ticks": 10}},
            100,
            px(49.89),
            "16",
            "Price 49.89 is outside the static collar of 49.9 to 50.1",
        ),
    ],
)
def test_what_is_above_a_limit_is_rejected_with_the_limit_and_its_value(
    tmp_path: Path,
    controls: object,
    qty: int,
    price: int | None,
    reason: str,
    text: str,
) -> None:
    market = market_of(tmp_path, {**CALM, CONTROLS: controls})
    market.submit(A, order("x", Side.BUY, qty, price, owner="ME"), START)
    assert market.take() == [Rejected(A, START, "x", reason, text)]


def test_what_is_at_a_limit_is_taken_and_a_replace_is_held_to_it(tmp_path: Path) -> None:
    controls = {
        "max_order_qty": 500,
        "max_order_value": 25500.0,
        "static_collar": {"bp": 200},
    }
    market = market_of(tmp_path, {**CALM, CONTROLS: controls})
    market.submit(A, order("x", Side.SELL, 500, px(51)), START)
    market.replace(A, "x", order("y", Side.SELL, 501, px(50.5)), START)
    assert said_of_orders(market)[1:] == [
        CancelRefused(A, START, "x", "99", "OrderQty 501 is above the maximum of 500")
    ]


def test_dealers_and_pools_have_limits_too(tmp_path: Path) -> None:
    controls = {"max_order_qty": 500}
    changes = {**CALM, "venues.DARK_A.controls": controls, "venues.SDP_1.controls": controls}
    market = market_of(tmp_path, changes)
    for mic in ("DARK_A", "SDP_1"):
        market.submit(mic, order(mic, Side.BUY, 501), START)
    assert [(m.mic, m.ord_rej_reason) for m in market.take() if isinstance(m, Rejected)] == [
        ("DARK_A", "3"),
        ("SDP_1", "3"),
    ]


def test_a_session_sends_so_many_orders_a_second_and_cancels_as_many_as_it_likes(
    tmp_path: Path,
) -> None:
    market = market_of(tmp_path, {**CALM, CONTROLS: {"messages_per_s": 3}})
    text = "above the message limit of 3 a second"
    market.submit(A, order("a", Side.BUY, 100, BID), START)
    market.submit(A, order("b", Side.BUY, 100, BID), START + 1)
    market.replace(A, "a", order("c", Side.BUY, 50, BID), START + 2)
    market.take()
    market.submit(A, order("d", Side.BUY, 100, BID), START + 3)
    market.replace(A, "b", order("e", Side.BUY, 50, BID), START + 4)
    market.submit(A, order("f", Side.BUY, 100, BID, owner="YOU"), START + 5)
    market.cancel(A, "b", START + 6)
    said = said_of_orders(market)
    assert said[0] == Rejected(A, START + 3, "d", "99", text)
    assert said[1] == CancelRefused(A, START + 4, "b", "99", text)
    assert isinstance(said[2], Accepted)
    assert said[3] == Canceled(A, START + 6, "b", 100, False, "")
    # The last three, refused ones included, were at 2, 3 and 4.
    market.submit(A, order("g", Side.BUY, 100, BID), START + NS + 1)
    market.submit(A, order("h", Side.BUY, 100, BID), START + NS + 3)
    assert [type(m) for m in said_of_orders(market)] == [Rejected, Accepted]


def test_the_edges_of_a_band_are_the_last_ticks_within(tmp_path: Path) -> None:
    half = MID + TICK // 2
    assert Band(ticks=1).edges(half, TICK) == (MID, MID + TICK)
    # 25 bp of 50.005 are 0.1250125: 49.8799875 to 50.1300125.
    assert Band(bp=25.0).edges(half, TICK) == (px(49.88), px(50.13))


def test_quote_requests_count_as_messages(tmp_path: Path) -> None:
    market = market_of(tmp_path, {**CALM, "venues.SDP_1.controls": {"messages_per_s": 2}})
    for n in range(3):
        market.request_quote("SDP_1", "ME", f"R{n}", "ACME", Side.BUY, 100, START + n)
    *quotes, refused = market.take()
    assert [type(m) for m in quotes] == [QuoteIssued, QuoteIssued]
    text = "above the message limit of 2 a second"
    assert refused == QuoteRefused("SDP_1", START + 2, "ME", "R2", "ACME", text)


def test_an_auction_is_the_new_reference_of_the_static_collar(tmp_path: Path) -> None:
    collar = {"static_collar": {"ticks": 10}}
    alone = {"venues.LIT_B.disabled": True, "venues.LIT_C.disabled": True}
    market = market_of(
        tmp_path, {**CALM, **alone, CONTROLS: collar, "venues.DARK_A.controls": collar}
    )
    market.halt(START, until=START + NS, auction=True, text="news")
    # Everything that is offered up to 50.03 is lifted by one order, at one price.
    market.submit(A, order("b", Side.BUY, 10**6, px(50.03)), START)
    market.tick(START + NS)
    market.take()
    # 50.03 against 50.04: 50.035 is the reference of who had no auction.
    assert market.nbbo == (px(50.03), px(50.04))
    for ref, mic, price in (
        ("a", A, px(50.13)),
        ("b2", A, px(50.14)),
        ("c", "DARK_A", px(50.13)),
        ("d", "DARK_A", px(50.14)),
        ("e", "DARK_A", px(49.94)),
        ("f", "DARK_A", px(49.93)),
        ("g", A, px(49.93)),
        ("h", A, px(49.92)),
    ):
        market.submit(mic, order(ref, Side.SELL, 100, price), START + NS)
    said = [m for m in said_of_orders(market) if isinstance(m, Rejected)]
    assert [(m.order_ref, m.ord_rej_reason) for m in said] == [
        ("b2", "16"),
        ("d", "16"),
        ("f", "16"),
        ("h", "16"),
    ]


# --- the dynamic collar --------------------------------------------------------------------------


def test_nothing_trades_outside_the_dynamic_collar(tmp_path: Path) -> None:
    market = market_of(tmp_path, {**CALM, CONTROLS: {"dynamic_collar": {"ticks": 2}}})
    offers = dict(market.snapshot(A, START).offers)
    within = sum(qty for price, qty in offers.items() if price <= MID + 2 * TICK)
    market.submit(A, order("x", Side.BUY, within + 100, px(50.1)), START)
    said = said_of_orders(market)
    assert sum(m.qty for m in said if isinstance(m, Executed)) == within
    assert said[-1] == Canceled(A, START, "x", 100, True, "outside the dynamic collar")
    # The last trade, at 50.02, is the new reference: 50.04 is within now.
    last = max(m.px for m in said if isinstance(m, Executed))
    assert last == MID + 2 * TICK
    market.submit(A, order("y", Side.BUY, 100, MID + 4 * TICK), START)
    assert [m.px for m in said_of_orders(market) if isinstance(m, Executed)][:1] == [MID + 3 * TICK]


def test_sellers_are_held_by_the_lower_edge(tmp_path: Path) -> None:
    market = market_of(tmp_path, {**CALM, CONTROLS: {"dynamic_collar": {"ticks": 2}}})
    market.submit(A, order("x", Side.SELL, 10**6, px(49.9), IOC), START)
    said = said_of_orders(market)
    assert min(m.px for m in said if isinstance(m, Executed)) == MID - 2 * TICK
    assert isinstance(said[-1], Canceled)
    assert said[-1].text == "outside the dynamic collar"


def test_the_collar_holds_for_those_who_take_from_an_order_beyond_it(tmp_path: Path) -> None:
    alone = {"venues.LIT_B.disabled": True, "venues.LIT_C.disabled": True}
    collar = {CONTROLS: {"dynamic_collar": {"ticks": 2}}}
    market = market_of(tmp_path, {**CALM, **alone, **collar})
    # Every offer is taken away, tick by tick; then somebody bids far above the last trade.
    while offers := market.snapshot(A, START).offers:
        price, qty = offers[0]
        market.submit(A, order(f"t{price}", Side.BUY, qty, price, IOC), START)
    last = max(m.px for m in said_of_orders(market) if isinstance(m, Executed))
    market.submit(A, order("b", Side.BUY, 100, last + 3 * TICK, display_qty=0), START)
    market.submit(A, order("s", Side.SELL, 100, last, IOC), START)
    assert said_of_orders(market)[-1] == Canceled(
        A, START, "s", 100, True, "outside the dynamic collar"
    )
    market.submit(A, order("c", Side.BUY, 100, last + 2 * TICK, display_qty=0), START)
    market.cancel(A, "b", START)
    market.submit(A, order("u", Side.SELL, 100, last, IOC), START)
    assert [m.px for m in said_of_orders(market) if isinstance(m, Executed)] == [
        last + 2 * TICK
    ] * 2


def test_a_fill_or_kill_counts_on_what_is_within_the_collar(tmp_path: Path) -> None:
    market = market_of(tmp_path, {**CALM, CONTROLS: {"dynamic_collar": {"ticks": 2}}})
    within = sum(qty for price, qty in market.snapshot(A, START).offers if price <= MID + 2 * TICK)
    market.submit(A, order("x", Side.BUY, within + 1, px(50.1), TimeInForce.FOK), START)
    assert said_of_orders(market)[-1] == Canceled(
        A, START, "x", within + 1, True, "not all at once"
    )
    market.submit(A, order("y", Side.BUY, within, px(50.1), TimeInForce.FOK), START)
    assert sum(m.qty for m in said_of_orders(market) if isinstance(m, Executed)) == within


def test_an_order_that_would_trade_outside_the_collar_interrupts_the_market(
    tmp_path: Path,
) -> None:
    controls = {"dynamic_collar": {"ticks": 2}, "interruption_s": 60}
    market = market_of(tmp_path, {**CALM, CONTROLS: controls})
    offers = dict(market.snapshot(A, START).offers)
    within = sum(qty for price, qty in offers.items() if price <= MID + 2 * TICK)
    market.submit(A, order("x", Side.BUY, within + 100, px(50.03)), START)
    market.submit(A, order("i", Side.BUY, 100, px(50.03), IOC), START)
    said = market.take()
    assert sum(m.qty for m in said if isinstance(m, Executed)) == within
    assert [m for m in said if isinstance(m, TradingStatus)] == [
        TradingStatus(mic, START, "ACME", "2", "volatility interruption at LIT_A")
        for mic in market.mics
    ]
    assert said[-1] == Rejected(A, START, "i", "2", "trading is halted")
    assert market.nbbo == (0, 0)
    state = market.order_state(A, "x")
    assert state is not None
    assert state.leaves_qty == 100
    market.tick(START + 60 * NS)
    said = market.take()
    # x is alone against the offers at 50.03; it trades in the auction, which ends the halt.
    assert [(m.qty, m.px, m.liquidity) for m in said if isinstance(m, Executed)] == [
        (100, px(50.03), "4")
    ]
    assert [m.security_trading_status for m in said if isinstance(m, TradingStatus)] == ["3"] * 7


def test_at_the_very_end_of_a_halt_there_is_no_new_one(tmp_path: Path) -> None:
    controls = {"dynamic_collar": {"ticks": 2}, "interruption_s": 60}
    market = market_of(tmp_path, {**CALM, CONTROLS: controls})
    market.halt(START, until=START + NS, auction=False, text="news")
    market.submit(A, order("x", Side.BUY, 10**6, px(50.1)), START)
    market.tick(START + NS)
    last = said_of_orders(market)[-1]
    assert isinstance(last, Canceled)
    assert last.text == "outside the dynamic collar"
    assert market.nbbo[0] == BID
    market.tick(START + 100 * NS)
    market.submit(A, order("y", Side.BUY, 100, BID), START + 100 * NS)
    assert isinstance(said_of_orders(market)[0], Accepted)


def test_a_collar_that_the_schedule_takes_away_is_gone(tmp_path: Path) -> None:
    entry = {"at": "09:31:00", "set": {CONTROLS: {}}}
    collar = {CONTROLS: {"dynamic_collar": {"ticks": 2}}}
    market = market_of(tmp_path, {**CALM, **collar, "schedule": [entry]})
    market.tick(START + 60 * NS)
    market.submit(A, order("x", Side.BUY, 10**6, px(50.04), IOC), START + 60 * NS)
    assert max(m.px for m in said_of_orders(market) if isinstance(m, Executed)) == px(50.04)


# --- the file ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({CONTROLS: {"collar": 1}}, "venues[0].controls.collar: unknown key 'collar'"),
        ({CONTROLS: {"static_collar": {}}}, "venues[0].controls.static_collar: give bp or ticks"),
        (
            {CONTROLS: {"static_collar": {"bp": 1, "ticks": 1}}},
            "venues[0].controls.static_collar: give bp or ticks",
        ),
        (
            {CONTROLS: {"interruption_s": 60}},
            "venues[0].controls: interruption_s needs a dynamic_collar",
        ),
        (
            {"venues.DARK_A.controls": {"dynamic_collar": {"bp": 100}}},
            "venues[3].controls.dynamic_collar: unknown key 'dynamic_collar'",
        ),
        ({"venues.SDP_1.while_halted": "queue"}, "venues[5].while_halted: unknown key"),
    ],
)
def test_a_control_that_a_venue_does_not_have_is_an_error(
    tmp_path: Path, changes: dict[str, object], text: str
) -> None:
    path = tmp_path / "changed.yaml"
    (tmp_path / "baseline.yaml").write_text((MARKETS / "baseline.yaml").read_text())
    document = {"id": "changed", "vocabulary": 1, "extends": "baseline", "set": changes}
    path.write_text(json.dumps(document, indent=1))
    with pytest.raises(DocumentError) as caught:
        read_market(path)
    assert text in str(caught.value)
