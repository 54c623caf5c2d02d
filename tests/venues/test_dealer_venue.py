"""A dealer: prices around the touch, streaming, requests, and what the last look refuses."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from config.documents import DocumentError
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
    said_of_orders,
)
from venues.market import Market
from venues.messages import (
    Accepted,
    CancelRefused,
    Executed,
    QuoteIssued,
    QuoteRefused,
    QuoteWithdrawn,
    Rejected,
    VenueMessage,
    VenueOrder,
)

S = "SDP_1"
ID = f"{S}-{START // NS:x}"
MS = NS // 1000
SDP = "venues.SDP_1.sdp"
PLAIN = {
    **CALM,
    f"{SDP}.last_look": {"hold_ms": 0, "mode": "firm"},
    f"{SDP}.leak": {"prob": 0.0, "bp": 0.0, "halflife_s": 1.0},
    f"{SDP}.skew": {"inventory_halflife_s": 120, "ticks_per_kshare": 0.0},
}


def look(mode: str, hold_ms: float = 0, threshold: float = 1.0, base: float = 0.0) -> object:
    return {
        "hold_ms": hold_ms,
        "mode": mode,
        "threshold_ticks": threshold,
        "base_reject_prob": base,
    }


def quotes(said: list[VenueMessage]) -> list[QuoteIssued]:
    return [message for message in said if isinstance(message, QuoteIssued)]


def ask(market: Market, now: int, qty: int = 600) -> QuoteIssued:
    market.request_quote(S, "ME", f"R{now}", "ACME", Side.BUY, qty, now)
    return quotes(market.take())[-1]


def hit(quote: QuoteIssued, ref: str, side: Side, qty: int = 100, **more: object) -> VenueOrder:
    price = quote.offer_px if side is Side.BUY else quote.bid_px
    terms: dict[str, object] = {
        "ord_type": OrdType.PREVIOUSLY_QUOTED,
        "tif": TimeInForce.FOK,
        "quote_id": quote.quote_id,
        **more,
    }
    return order(ref, side, qty, price, **terms)  # type: ignore[arg-type]


def raise_touch(market: Market, now: int, ticks: int = 1) -> None:
    """The midpoint up by `ticks`: both sides of every book are moved by somebody else."""
    for mic in ("LIT_A", "LIT_B", "LIT_C"):
        there = sum(
            qty for px, qty in market.snapshot(mic, now).offers if px < OFFER + ticks * TICK
        )
        if there:
            terms = order(f"t{mic}{now}", Side.BUY, there, OFFER + (ticks - 1) * TICK, owner="YOU")
            market.submit(mic, terms, now)
    bid = order(f"b{now}", Side.BUY, 100, BID + ticks * TICK, owner="YOU")
    market.submit("LIT_A", bid, now)


def test_a_request_is_answered_with_a_two_sided_quote_at_the_touch(tmp_path: Path) -> None:
    market = market_of(tmp_path, PLAIN)
    market.request_quote(S, "ME", "R1", "ACME", Side.BUY, 400, START)
    assert market.take() == [
        QuoteIssued(S, START, "ME", f"{ID}-Q1", "R1", "ACME", BID, 400, OFFER, 400, START + 10 * NS)
    ]


@pytest.mark.parametrize(
    ("markup", "bid", "offer"),
    [(1.0, BID - TICK, OFFER + TICK), (-0.2, BID + TICK // 5, OFFER - TICK // 5)],
)
def test_markup_widens_or_narrows_the_touch(
    tmp_path: Path, markup: float, bid: int, offer: int
) -> None:
    quote = ask(market_of(tmp_path, {**PLAIN, f"{SDP}.markup_ticks": markup}), START)
    assert (quote.bid_px, quote.offer_px) == (bid, offer)


LADDER = [{"size": 1000, "extra_ticks": 0.5}, {"size": 3000, "extra_ticks": 2.0}]


@pytest.mark.parametrize(
    ("qty", "size", "extra"),
    [(600, 600, 0.0), (601, 601, 0.5), (1000, 1000, 0.5), (2000, 2000, 2.0), (9000, 3000, 2.0)],
)
def test_a_larger_quote_is_wider(tmp_path: Path, qty: int, size: int, extra: float) -> None:
    market = market_of(tmp_path, {**PLAIN, f"{SDP}.ladder": LADDER})
    quote = ask(market, START, qty)
    away = round(extra * TICK)
    assert (quote.bid_px, quote.bid_size) == (BID - away, size)
    assert (quote.offer_px, quote.offer_size) == (OFFER + away, size)
    market.submit(S, hit(quote, "x", Side.BUY, size), START)
    (fill,) = [m for m in said_of_orders(market) if isinstance(m, Executed)]
    assert (fill.qty, fill.px) == (size, OFFER + away)


def test_a_stream_is_of_the_first_size(tmp_path: Path) -> None:
    market = market_of(tmp_path, {**PLAIN, f"{SDP}.ladder": LADDER})
    market.subscribe_quotes(S, "ME", START)
    assert [(q.bid_px, q.bid_size) for q in quotes(market.take())] == [(BID, 600)]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({f"{SDP}.ladder": [{"size": 600, "extra_ticks": 1.0}]}, "ladder must rise"),
        ({f"{SDP}.ladder": LADDER[::-1]}, "ladder must rise"),
        (
            {f"{SDP}.last_look": {"mode": "asymmetric", "favourable": "improve"}},
            "favourable: improve needs mode symmetric",
        ),
    ],
)
def test_terms_that_contradict_themselves_are_an_error(
    tmp_path: Path, changes: dict[str, object], text: str
) -> None:
    with pytest.raises(DocumentError, match=text):
        market_of(tmp_path, {**PLAIN, **changes})


def test_a_request_that_cannot_be_answered_is_refused(tmp_path: Path) -> None:
    market = market_of(tmp_path, PLAIN)
    market.request_quote(S, "ME", "R1", "OTHER", Side.BUY, 400, START)
    market.request_quote(S, "ME", "R2", "ACME", Side.BUY, 0, START)
    market.request_quote("LIT_A", "ME", "R3", "ACME", Side.BUY, 100, START)
    assert market.take() == [
        QuoteRefused(S, START, "ME", "R1", "OTHER", "symbol OTHER is not quoted here"),
        QuoteRefused(S, START, "ME", "R2", "ACME", "OrderQty must be positive"),
        QuoteRefused("LIT_A", START, "ME", "R3", "ACME", "this venue does not quote"),
    ]


def test_an_order_on_a_quote_is_filled_at_the_quoted_price(tmp_path: Path) -> None:
    market = market_of(tmp_path, PLAIN)
    quote = ask(market, START)
    market.submit(S, hit(quote, "x", Side.BUY, 300), START + 1)
    assert said_of_orders(market) == [
        Accepted(S, START + 1, "x", f"{ID}-1"),
        Executed(S, START + 1, "x", f"{ID}-1", 300, OFFER, "2", 0),
    ]


def test_a_quote_is_good_for_its_size_once_for_its_owner_and_its_time(tmp_path: Path) -> None:
    market = market_of(tmp_path, PLAIN)
    quote = ask(market, START)
    gone = f"QUOTE_EXPIRED quote {quote.quote_id} does not stand"
    market.submit(S, hit(quote, "a", Side.BUY, 700), START)
    market.submit(S, hit(quote, "b", Side.BUY, 400), START)
    market.submit(S, hit(quote, "c", Side.BUY, 300), START)
    market.submit(S, hit(quote, "d", Side.SELL, 600), START)
    market.submit(S, hit(quote, "e", Side.BUY, 100, owner="YOU"), START)
    market.submit(S, order("f", Side.BUY, 100, OFFER), START)
    market.submit(S, hit(quote, "g", Side.BUY, 100), START + 10 * NS)
    assert [m for m in said_of_orders(market) if not isinstance(m, Accepted)] == [
        Rejected(S, START, "a", "13", "OrderQty is above the 600 shares of the quote"),
        Executed(S, START, "b", f"{ID}-1", 400, OFFER, "2", 0),
        Rejected(S, START, "c", "13", "OrderQty is above the 200 shares of the quote"),
        Executed(S, START, "d", f"{ID}-2", 600, BID, "2", 0),
        Rejected(S, START, "e", "99", gone),
        Rejected(S, START, "f", "11", "only orders on a quote are taken here"),
        Rejected(S, START + 10 * NS, "g", "99", gone),
    ]


def test_streamed_quotes_come_at_once_then_only_when_the_price_changes(tmp_path: Path) -> None:
    market = market_of(tmp_path, PLAIN)
    market.subscribe_quotes(S, "ME", START)
    first = quotes(market.take())
    assert [(q.owner, q.bid_px, q.offer_px, q.quote_req_id) for q in first] == [
        ("ME", BID, OFFER, "")
    ]
    market.tick(START + 2 * NS)
    assert market.take() == []
    market.submit("LIT_A", order("l", Side.BUY, 100, BID + TICK), START + 2 * NS + 1)
    market.tick(START + 2 * NS + 49 * MS)
    assert quotes(market.take()) == []
    market.tick(START + 2 * NS + 50 * MS)
    (second,) = quotes(market.take())
    assert (second.at, second.bid_px) == (START + 2 * NS + 50 * MS, BID + TICK)
    market.unsubscribe_quotes(S, "ME", START + 3 * NS)
    market.cancel("LIT_A", "l", START + 3 * NS)
    market.tick(START + 60 * NS)
    assert quotes(market.take()) == []


def test_a_streamed_quote_is_renewed_before_it_ends(tmp_path: Path) -> None:
    market = market_of(tmp_path, PLAIN)
    market.subscribe_quotes(S, "ME", START)
    valid_until = 0
    for second in range(60):
        market.tick(START + second * NS)
        for quote in quotes(market.take()):
            valid_until = quote.valid_until
        assert valid_until > START + second * NS


def test_a_stream_is_withdrawn_when_there_is_no_market(tmp_path: Path) -> None:
    market = market_of(
        tmp_path, {**PLAIN, "venues.LIT_B.disabled": True, "venues.LIT_C.disabled": True}
    )
    market.subscribe_quotes(S, "ME", START)
    (quote,) = quotes(market.take())
    market.submit("LIT_A", order("x", Side.BUY, 10**6, tif=TimeInForce.IOC), START)
    market.tick(START + NS)
    gone = [m for m in market.take() if isinstance(m, QuoteWithdrawn)]
    assert [(m.owner, m.quote_id, m.symbol) for m in gone] == [("ME", quote.quote_id, "ACME")]


def test_in_a_calm_market_orders_are_accepted_but_for_the_base_rejects(tmp_path: Path) -> None:
    market = market_of(tmp_path, {**PLAIN, f"{SDP}.last_look": look("symmetric", base=0.2)})
    asked, rejected = 1000, 0
    for n in range(asked):
        quote = ask(market, START + n)
        market.submit(S, hit(quote, f"x{n}", (Side.BUY, Side.SELL)[n % 2]), START + n)
        for message in said_of_orders(market):
            if isinstance(message, Rejected):
                rejected += 1
                assert (message.ord_rej_reason, message.text) == ("99", "LAST_LOOK not accepted")
    error = math.sqrt(0.2 * 0.8 / asked)
    assert abs(rejected / asked - 0.2) < 3.5 * error


@pytest.mark.parametrize(
    ("mode", "side", "filled"),
    [
        ("firm", Side.BUY, True),
        ("firm", Side.SELL, True),
        ("symmetric", Side.BUY, False),
        ("symmetric", Side.SELL, False),
        ("asymmetric", Side.BUY, False),
        ("asymmetric", Side.SELL, True),
    ],
)
def test_what_a_last_look_does_when_the_market_rises(
    tmp_path: Path, mode: str, side: Side, filled: bool
) -> None:
    """A rise is against the dealer when we buy, and in the dealer's favour when we sell."""
    market = market_of(tmp_path, {**PLAIN, f"{SDP}.last_look": look(mode)})
    quote = ask(market, START)
    raise_touch(market, START)
    market.take()
    market.submit(S, hit(quote, "x", side), START)
    said = said_of_orders(market)
    price = quote.offer_px if side is Side.BUY else quote.bid_px
    if filled:
        assert [m.px for m in said if isinstance(m, Executed)] == [price]
    else:
        assert said == [Rejected(S, START, "x", "99", "LAST_LOOK price moved")]


@pytest.mark.parametrize(
    ("threshold", "side", "px"),
    [
        # The midpoint rises by one tick, in our favour when we sell at it.
        (1.0, Side.SELL, BID + TICK),
        (1.5, Side.SELL, BID),
        (1.0, Side.BUY, None),
        (1.5, Side.BUY, OFFER),
    ],
)
def test_a_symmetric_look_may_pass_on_a_move_in_the_dealers_favour(
    tmp_path: Path, threshold: float, side: Side, px: int | None
) -> None:
    terms = {"mode": "symmetric", "threshold_ticks": threshold, "favourable": "improve"}
    market = market_of(tmp_path, {**PLAIN, f"{SDP}.last_look": terms})
    quote = ask(market, START)
    raise_touch(market, START)
    market.take()
    market.submit(S, hit(quote, "x", side), START)
    filled = [m.px for m in said_of_orders(market) if isinstance(m, Executed)]
    assert filled == ([] if px is None else [px])


def test_a_rejected_order_goes_on_at_the_price_after_the_hold(tmp_path: Path) -> None:
    market = market_of(tmp_path, {**PLAIN, f"{SDP}.last_look": look("symmetric", hold_ms=20)})
    quote = ask(market, START)
    market.submit(S, hit(quote, "x", Side.BUY), START)
    raise_touch(market, START + 10 * MS)
    market.tick(START + 20 * MS)
    assert isinstance(said_of_orders(market)[-1], Rejected)
    again = ask(market, START + 20 * MS)
    assert again.offer_px == OFFER + TICK
    market.submit(S, hit(again, "y", Side.BUY), START + 20 * MS)
    market.tick(START + 40 * MS)
    assert [m.px for m in said_of_orders(market) if isinstance(m, Executed)] == [OFFER + TICK]


def test_a_move_below_the_threshold_is_accepted(tmp_path: Path) -> None:
    market = market_of(tmp_path, {**PLAIN, f"{SDP}.last_look": look("symmetric", threshold=1.5)})
    quote = ask(market, START)
    raise_touch(market, START)
    market.take()
    market.submit(S, hit(quote, "x", Side.BUY), START)
    assert any(isinstance(message, Executed) for message in said_of_orders(market))


def test_the_dealer_looks_at_the_market_after_the_hold(tmp_path: Path) -> None:
    market = market_of(tmp_path, {**PLAIN, f"{SDP}.last_look": look("asymmetric", hold_ms=20)})
    quote = ask(market, START)
    market.submit(S, hit(quote, "x", Side.BUY), START)
    market.cancel(S, "x", START + 1)
    assert said_of_orders(market) == [
        CancelRefused(S, START + 1, "x", "0", "the dealer is looking")
    ]
    raise_touch(market, START + 10 * MS)
    market.take()
    market.tick(START + 20 * MS - 1)
    assert said_of_orders(market) == []
    market.tick(START + 20 * MS)
    assert said_of_orders(market) == [
        Rejected(S, START + 20 * MS, "x", "99", "LAST_LOOK price moved")
    ]


def test_inventory_moves_the_quote_and_decays(tmp_path: Path) -> None:
    skew = {"inventory_halflife_s": 60, "ticks_per_kshare": 2.0}
    market = market_of(tmp_path, {**PLAIN, f"{SDP}.skew": skew})
    market.submit(S, hit(ask(market, START), "x", Side.BUY, 500), START)
    market.take()
    # The dealer has sold 500 shares: 2 ticks per thousand are one tick, up on both sides.
    quote = ask(market, START)
    assert (quote.bid_px, quote.offer_px) == (BID + TICK, OFFER + TICK)
    later = ask(market, START + 60 * NS)
    assert (later.bid_px, later.offer_px) == (BID + TICK // 2, OFFER + TICK // 2)


def test_fills_that_cost_the_dealer_widen_the_quote(tmp_path: Path) -> None:
    response = {"window_fills": 10, "markup_ticks_per_spread_lost": 2.0}
    market = market_of(tmp_path, {**PLAIN, f"{SDP}.toxicity_response": response})
    market.submit(S, hit(ask(market, START), "x", Side.BUY), START)
    raise_touch(market, START + NS)
    market.tick(START + 9 * NS)
    before = ask(market, START + 9 * NS)
    assert before.offer_px - before.bid_px == 2 * TICK
    # The midpoint is one tick, half a spread, higher: twice that is one tick on each side.
    after = ask(market, START + 10 * NS)
    assert (after.bid_px, after.offer_px) == (BID, OFFER + 2 * TICK)


def test_one_sided_flow_widens_the_quote_where_the_file_says_so(tmp_path: Path) -> None:
    response = {
        "window_fills": 10,
        "markup_ticks_per_spread_lost": 0.0,
        "same_side_streak_markup_ticks": 0.5,
    }
    market = market_of(tmp_path, {**PLAIN, f"{SDP}.toxicity_response": response})
    widths = []
    for n, side in enumerate((Side.BUY, Side.BUY, Side.BUY, Side.SELL)):
        quote = ask(market, START + n)
        widths.append((quote.offer_px - quote.bid_px) / TICK)
        market.submit(S, hit(quote, f"x{n}", side), START + n)
    last = ask(market, START + 4)
    assert [*widths, (last.offer_px - last.bid_px) / TICK] == [2.0, 2.0, 3.0, 4.0, 2.0]


@pytest.mark.parametrize("base", [0.0, 1.0])
def test_fills_and_rejects_leak_alike(tmp_path: Path, base: float) -> None:
    changes = {
        **PLAIN,
        f"{SDP}.last_look": look("symmetric", base=base),
        f"{SDP}.leak": {"prob": 1.0, "bp": 3.0, "halflife_s": 120},
    }
    market = market_of(tmp_path, changes)
    market.submit(S, hit(ask(market, START), "x", Side.SELL), START)
    assert market.impact_bp == pytest.approx(-3.0)
    market.tick(START + 120 * NS)
    assert market.impact_bp == pytest.approx(-1.5)
    assert market.nbbo[0] + market.nbbo[1] == 2 * MID
