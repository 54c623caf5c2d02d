"""Which venue and tactic is open, at what price, up to how much."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from router.core.books import Market
from router.core.candidates import candidates
from router.messages import (
    MarketDataEntry,
    MarketDataLost,
    MarketDataReceived,
    QuoteReceived,
    TradingStatusReceived,
)
from router.model import Instrument, OrdType, Side, Tactic, TimeInForce, Venue, VenueType
from router.ports import Candidate, ParentView

XYZ = Instrument("XYZ", tick=10, lot=100, adv=1_000_000, currency="USD")
LIT = Venue("LIT_A", VenueType.LIT, (Tactic.LIT_TAKE, Tactic.LIT_MAKE), take_fee=3, make_fee=-2)
DARK = Venue("DARK_A", VenueType.DARK, (Tactic.DARK_MID,), take_fee=1, min_qty=500)
DEALER = Venue("SDP_1", VenueType.DEALER, (Tactic.DEALER_QUOTE, Tactic.DEALER_RFQ))
ASKED = Venue("RFQ_1", VenueType.DEALER, (Tactic.DEALER_RFQ,))
VENUES = (LIT, DARK, DEALER, ASKED)
MICS = tuple(venue.mic for venue in VENUES)
NOW = 1_000

PARENT = ParentView(
    parent_id="P1", session="OMS", account="", symbol="XYZ", side=Side.BUY,
    ord_type=OrdType.MARKET, time_in_force=TimeInForce.DAY, order_qty=2_000, cum_qty=300,
    working_qty=700, price=None, min_qty=0, start_time=0, end_time=10_000, arrival_mid=0,
    filled_by={}, filled_by_type={},
)  # fmt: skip


def market(*, quote_until: int = 2_000) -> Market:
    made = Market()
    book = (
        MarketDataEntry("0", "0", 990, 400),
        MarketDataEntry("0", "0", 980, 100),
        MarketDataEntry("1", "0", 1_010, 300),
    )
    made.apply(MarketDataReceived("LIT_A", "XYZ", snapshot=True, entries=book), 900)
    made.apply(QuoteReceived("SDP_1", "XYZ", "q1", 985, 250, 1_005, 600, quote_until), 900)
    return made


def found(
    parent: ParentView,
    seen: Market,
    *,
    open_mics: tuple[str, ...] = MICS,
    asked: tuple[str, ...] = (),
) -> dict[str, Candidate]:
    listed = candidates(parent, XYZ, VENUES, seen, NOW, open_mics=open_mics, asked=asked)
    assert len({c.arm.key for c in listed}) == len(listed)
    return {c.arm.key: c for c in listed}


def test_a_market_parent_sees_every_venue_in_the_order_of_venues_and_tactics() -> None:
    seen = found(PARENT, market())
    assert list(seen) == [
        "LIT_A/lit_take", "LIT_A/lit_make", "DARK_A/dark_mid", "SDP_1/dealer_quote",
        "RFQ_1/dealer_rfq",
    ]  # fmt: skip
    rows = {key: (c.price, c.displayed, c.cap, c.fee) for key, c in seen.items()}
    assert rows == {
        "LIT_A/lit_take": (1_010, 300, 1_000, 3),
        "LIT_A/lit_make": (990, 400, 1_000, -2),
        "DARK_A/dark_mid": (None, 0, 1_000, 1),
        "SDP_1/dealer_quote": (1_005, 600, 600, 0),
        "RFQ_1/dealer_rfq": (1_010, 0, 1_000, 0),
    }


def test_a_seller_looks_at_the_other_side() -> None:
    seen = found(replace(PARENT, side=Side.SELL_SHORT), market())
    assert seen["LIT_A/lit_take"].price == 990
    assert seen["LIT_A/lit_take"].displayed == 400
    assert seen["LIT_A/lit_make"].price == 1_010
    assert seen["LIT_A/lit_make"].displayed == 300
    assert (seen["SDP_1/dealer_quote"].price, seen["SDP_1/dealer_quote"].cap) == (985, 250)


@pytest.mark.parametrize(
    ("side", "limit", "expected"),
    [
        (Side.BUY, 1_010, "LIT_A/lit_take LIT_A/lit_make DARK_A/dark_mid SDP_1/dealer_quote RFQ"),
        (Side.BUY, 1_005, "LIT_A/lit_make DARK_A/dark_mid SDP_1/dealer_quote RFQ"),
        (Side.BUY, 1_000, "LIT_A/lit_make DARK_A/dark_mid SDP_1/dealer_rfq RFQ"),
        (Side.BUY, 999, "LIT_A/lit_make SDP_1/dealer_rfq RFQ"),
        (Side.SELL, 1_000, "LIT_A/lit_make DARK_A/dark_mid SDP_1/dealer_rfq RFQ"),
        (Side.SELL, 1_001, "LIT_A/lit_make SDP_1/dealer_rfq RFQ"),
    ],
)
def test_nothing_is_offered_beyond_the_parents_limit(side: Side, limit: int, expected: str) -> None:
    parent = replace(PARENT, ord_type=OrdType.LIMIT, price=limit, side=side)
    seen = found(parent, market())
    assert list(seen) == expected.replace("RFQ", "RFQ_1/dealer_rfq").split()
    for candidate in seen.values():
        assert candidate.price is not None
        assert (candidate.price - limit) * side.sign <= 0


@pytest.mark.parametrize(
    ("side", "limit", "px", "ahead"),
    [(Side.BUY, 987, 980, 500), (Side.BUY, 975, 970, 500), (Side.SELL, 1_013, 1_020, 300)],
)
def test_a_resting_order_stays_on_tick_behind_the_touch(
    side: Side, limit: int, px: int, ahead: int
) -> None:
    seen = found(replace(PARENT, price=limit, side=side), market())
    make = seen["LIT_A/lit_make"]
    assert make.price == px
    assert make.displayed == ahead


def test_stale_books_closed_venues_and_expired_quotes_are_left_out() -> None:
    dead = market(quote_until=NOW)
    dead.apply(MarketDataLost("LIT_A"), 950)
    assert found(PARENT, dead) == {}  # no book: no midpoint, and no price to judge an answer by
    only = found(PARENT, market(quote_until=NOW), open_mics=("SDP_1",))
    assert list(only) == ["SDP_1/dealer_rfq"]


def test_an_answer_is_hit_and_nobody_is_asked_twice() -> None:
    seen = market()
    assert "RFQ_1/dealer_rfq" not in found(PARENT, seen, asked=("RFQ_1",))
    seen.apply(QuoteReceived("RFQ_1", "XYZ", "a1", 0, 0, 1_008, 400, 2_000, "r1"), 950)
    hit = found(PARENT, seen, asked=("RFQ_1",))["RFQ_1/dealer_rfq"]
    assert (hit.price, hit.displayed, hit.cap) == (1_008, 400, 400)


def test_an_answer_that_does_not_suit_is_not_asked_for_again_while_it_lives() -> None:
    seen = market()
    seen.apply(QuoteReceived("RFQ_1", "XYZ", "a1", 0, 0, 1_008, 400, 1_500, "r1"), 950)
    assert "RFQ_1/dealer_rfq" not in found(replace(PARENT, side=Side.SELL), seen)
    assert "RFQ_1/dealer_rfq" not in found(replace(PARENT, price=1_007), seen)
    seen.apply(QuoteReceived("RFQ_1", "XYZ", "a1", 0, 0, 1_008, 400, NOW, "r1"), 950)
    assert found(PARENT, seen)["RFQ_1/dealer_rfq"].displayed == 0


def test_nothing_is_free_nothing_is_offered() -> None:
    assert found(replace(PARENT, working_qty=1_700), market()) == {}
    small = found(replace(PARENT, working_qty=1_300), market())
    assert "DARK_A/dark_mid" not in small  # 400 free, and the pool executes 500 at least
    assert small["SDP_1/dealer_quote"].cap == 400


def test_a_locked_book_offers_no_resting_order() -> None:
    seen = market()
    cross = MarketDataEntry("0", "0", 1_010, 100)
    seen.apply(MarketDataReceived("LIT_A", "XYZ", snapshot=False, entries=(cross,)), 950)
    assert "LIT_A/lit_make" not in found(PARENT, seen)


def status(mic: str, *, halted: bool) -> TradingStatusReceived:
    return TradingStatusReceived(mic, "XYZ", halted)


def test_a_venue_that_has_halted_is_no_place_to_go_until_it_resumes() -> None:
    seen = market()
    seen.apply(status("SDP_1", halted=True), 950)
    assert list(found(PARENT, seen)) == [
        "LIT_A/lit_take", "LIT_A/lit_make", "DARK_A/dark_mid", "RFQ_1/dealer_rfq",
    ]  # fmt: skip
    seen.apply(status("SDP_1", halted=False), 960)
    assert len(found(PARENT, seen)) == len(found(PARENT, market()))


def test_when_every_book_has_halted_nobody_is_asked_who_shows_none() -> None:
    seen = market()
    seen.apply(status("LIT_A", halted=True), 950)
    assert not found(PARENT, seen)


def test_a_feed_that_is_lost_takes_its_halt_with_it() -> None:
    """The venue tells it again to who subscribes again."""
    seen = market()
    seen.apply(status("LIT_A", halted=True), 950)
    seen.apply(MarketDataLost("LIT_A"), 960)
    assert not seen.halted("XYZ", "LIT_A")
