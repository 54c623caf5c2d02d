"""Each rule's arithmetic, by hand. Bid 50.00, offer 50.02, tick 0.01, lot 100."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from policies.child_max import ChildMax
from policies.child_min import ChildMin
from policies.dark import Dark
from policies.dealer import Dealer
from policies.kinds import clock_ns, part
from policies.lit import Lit
from policies.min_qty import MinQty
from policies.participation import Participation
from policies.price_limit import PriceLimit
from policies.spread import Spread
from policies.tactics import Tactics
from policies.venues import Venues, VenueSet
from policies.window import Window
from router.model import NS, PX_SCALE, Side, Tactic
from tests.policies.policy_samples import BID, OFFER, TICK, candidate, context

TAKE = candidate(Tactic.LIT_TAKE)
MAKE = candidate(Tactic.LIT_MAKE, price=BID)
MID = candidate(Tactic.DARK_MID, mic="DARK_A", price=None, displayed=0)
HIT = candidate(Tactic.DEALER_QUOTE, mic="SDP_1")


@pytest.mark.parametrize(
    ("share", "qty", "shares"),
    [(0.29, 100, 29), (0.07, 100, 7), (0.1, 29, 2), (1.0, 7, 7), (1e-9, 100, 0)],
)
def test_a_part_is_exact_and_rounded_down(share: float, qty: int, shares: int) -> None:
    assert part(share, qty) == shares


def test_times_of_day_are_exact() -> None:
    assert clock_ns("09:30") == 34_200 * NS
    assert clock_ns("23:59:59") == 86_399 * NS
    assert clock_ns("24:00") == 86_400 * NS
    for text in ("24:01", "9:30", "12:60", "12:30:60", "noon", ""):
        with pytest.raises(ValueError, match="allowed"):
            clock_ns(text)


def test_venues_are_allowed_and_denied_by_mic_and_type() -> None:
    assert Venues(deny=VenueSet(type=("dealer",))).narrow(HIT, context()) == 0
    assert Venues(deny=VenueSet(type=("dealer",))).narrow(TAKE, context()) == 10_000
    assert Venues(deny=VenueSet(mic=("LIT_A",))).narrow(TAKE, context()) == 0
    only = Venues(allow=VenueSet(mic=("LIT_A",), type=("dark",)))
    assert [only.narrow(each, context()) for each in (TAKE, MID, HIT)] == [10_000, 10_000, 0]
    both = Venues(allow=VenueSet(type=("lit",)), deny=VenueSet(mic=("LIT_A",)))
    assert both.narrow(TAKE, context()) == 0
    assert both.narrow(candidate(mic="LIT_B"), context()) == 10_000
    with pytest.raises(ValidationError, match="needs `mic`, `type` or both"):
        VenueSet()


def test_tactics_are_allowed_and_denied() -> None:
    assert Tactics(deny=("lit_take",)).narrow(TAKE, context()) == 0
    assert Tactics(deny=("lit_take",)).narrow(MAKE, context()) == 10_000
    assert Tactics(allow=("lit_take",)).narrow(MAKE, context()) == 0


def test_participation_counts_what_is_done_and_what_works() -> None:
    tenth = Participation(share_max=0.1)
    assert tenth.narrow(TAKE, context(volume=50_009)) == 5_000
    assert tenth.narrow(TAKE, context(volume=50_000, cum_qty=3_000, working_qty=1_500)) == 500
    assert tenth.narrow(TAKE, context(volume=50_000, cum_qty=3_000, working_qty=2_000)) == 0
    assert tenth.narrow(TAKE, context(volume=50_000, cum_qty=6_000)) == 0
    assert tenth.narrow(TAKE, context(volume=0)) == 0
    started = Participation(share_max=0.1, start_qty=200)
    assert started.narrow(TAKE, context(volume=0)) == 200
    assert started.narrow(TAKE, context(volume=1_000, cum_qty=150)) == 50


def test_the_largest_child_is_the_smallest_of_its_maxima() -> None:
    assert ChildMax(shares=400).narrow(TAKE, context()) == 400
    assert ChildMax(parent_share=0.05).narrow(TAKE, context(order_qty=10_000)) == 500
    assert ChildMax(parent_share=0.05).narrow(TAKE, context(order_qty=200)) == 100, "a round lot"
    assert ChildMax(displayed_share=0.25).narrow(TAKE, context()) == 250
    assert ChildMax(displayed_share=0.25).narrow(MID, context()) == 10_000, "it shows nothing"
    assert ChildMax(shares=400, parent_share=0.02).narrow(TAKE, context()) == 200


def test_money_buys_whole_shares_at_the_price_or_the_mid() -> None:
    rule = ChildMax(notional=10_000)
    assert rule.narrow(TAKE, context()) == 199  # 10,000 / 50.02 = 199.92
    assert rule.narrow(MID, context()) == 199  # 10,000 / 50.01 = 199.96
    assert rule.narrow(candidate(price=BID), context()) == 200  # 10,000 / 50.00
    assert rule.narrow(MID, context(bid=0)) == 0, "no price, no value"
    # 10,000 / 49.995 = 200.02: the half tick of the midpoint is not lost.
    assert (
        ChildMax(notional=9_999).narrow(MID, context(bid=BID - 2 * TICK, offer=BID + TICK)) == 200
    )


def test_the_smallest_child_is_the_largest_of_its_minima() -> None:
    assert ChildMin(shares=300).floor(TAKE, context()) == 300
    assert ChildMin(parent_share=0.05).floor(TAKE, context(order_qty=10_000)) == 500
    assert ChildMin(shares=300, parent_share=0.05).floor(TAKE, context(order_qty=10_000)) == 500
    assert ChildMin(shares=300).narrow(TAKE, context()) == 10_000


def test_min_qty_is_for_the_dark() -> None:
    rule = MinQty(shares=400)
    assert [rule.min_qty(each, context()) for each in (MID, TAKE, MAKE, HIT)] == [400, 0, 0, 0]
    small = candidate(Tactic.DARK_MID, cap=399, price=None, displayed=0)
    assert rule.narrow(small, context()) == 0
    assert rule.narrow(candidate(cap=399), context()) == 399


@pytest.mark.parametrize(
    ("side", "price", "bp", "sent"),
    [
        # The mid is 50.01, and 0.01 of it is 1.99960008 bp.
        (Side.BUY, OFFER, 2.0, True),
        (Side.BUY, OFFER, 1.9997, True),
        (Side.BUY, OFFER, 1.9996, False),
        (Side.BUY, BID, 0.0, True),
        (Side.BUY, BID, -1.9996, True),
        (Side.BUY, BID, -1.9997, False),
        (Side.SELL, BID, 1.9997, True),
        (Side.SELL, BID, 1.9996, False),
        (Side.SELL, OFFER, 0.0, True),
        (Side.SELL_SHORT, BID, 1.9996, False),
    ],
)
def test_a_price_is_measured_against_the_mid_exactly(
    side: Side, price: int, bp: float, sent: bool
) -> None:
    allowed = PriceLimit(mid_bp=bp).narrow(candidate(price=price), context(side=side))
    assert allowed == (10_000 if sent else 0)


def test_a_price_is_measured_against_arrival() -> None:
    rule = PriceLimit(arrival_bp=10)
    # Arrival at 50.00: 10 bp are 0.05.
    arrived = 2 * BID
    at = candidate(price=BID + 5 * TICK)
    beyond = candidate(price=BID + 6 * TICK)
    assert rule.narrow(at, context(arrival_mid=arrived)) == 10_000
    assert rule.narrow(beyond, context(arrival_mid=arrived)) == 0
    assert rule.narrow(at, context(arrival_mid=0)) == 0, "no reference"
    assert rule.narrow(at, context(side=Side.SELL, arrival_mid=0)) == 0
    both = PriceLimit(arrival_bp=10, mid_bp=0)
    assert both.narrow(at, context(arrival_mid=arrived)) == 0, "worse than the mid"


def test_a_midpoint_child_is_measured_at_the_midpoint_or_its_better_limit() -> None:
    rule = PriceLimit(arrival_bp=10)
    fair = context(arrival_mid=2 * BID)  # mid 50.01: 2 bp worse
    gone = context(arrival_mid=2 * BID, bid=BID + 10 * TICK, offer=BID + 12 * TICK)  # 22 bp worse
    assert rule.narrow(MID, fair) == 10_000
    assert rule.narrow(MID, gone) == 0
    far_limit = candidate(Tactic.DARK_MID, price=BID + 100 * TICK, displayed=0)
    assert rule.narrow(far_limit, fair) == 10_000, "it trades at the midpoint, not at its limit"
    near_limit = candidate(Tactic.DARK_MID, price=BID, displayed=0)
    assert rule.narrow(near_limit, gone) == 10_000
    assert rule.narrow(MID, context(arrival_mid=2 * BID, bid=0)) == 0
    low_limit = candidate(Tactic.DARK_MID, price=BID - 100 * TICK, displayed=0)
    assert rule.narrow(low_limit, context(side=Side.SELL, arrival_mid=2 * BID)) == 10_000


def test_the_dark_has_a_share_and_may_be_the_only_place() -> None:
    assert Dark(only=True).narrow(TAKE, context()) == 0
    assert Dark(only=True).narrow(HIT, context()) == 0
    assert Dark(only=True).narrow(MID, context()) == 10_000
    rule = Dark(share_max=0.4)
    assert rule.narrow(TAKE, context()) == 10_000
    assert rule.narrow(MID, context(order_qty=10_000)) == 4_000
    spent = context(order_qty=10_000, cum_qty=5_000, working_qty=500, filled_by_type={"D": 3_000})
    assert rule.narrow(MID, spent) == 500
    over = context(order_qty=10_000, cum_qty=5_000, filled_by_type={"D": 4_500})
    assert rule.narrow(MID, over) == 0


def test_dealers_may_be_declined_or_have_a_share_and_a_size() -> None:
    assert Dealer(opt_out=True).narrow(HIT, context()) == 0
    assert Dealer(opt_out=True).narrow(MID, context()) == 10_000
    assert Dealer(size_max=700).narrow(HIT, context()) == 700
    assert Dealer(size_max=700).narrow(TAKE, context()) == 10_000
    rule = Dealer(share_max=0.2, size_max=1_500)
    assert rule.narrow(HIT, context(order_qty=10_000)) == 1_500
    spent = context(order_qty=10_000, cum_qty=900, working_qty=200, filled_by_type={"N": 900})
    assert rule.narrow(HIT, spent) == 900
    over = context(order_qty=10_000, cum_qty=2_100, filled_by_type={"N": 2_100})
    assert rule.narrow(HIT, over) == 0


def test_lit_may_only_post_or_take_a_fraction() -> None:
    assert Lit(post_only=True).narrow(TAKE, context()) == 0
    assert Lit(post_only=True).narrow(MAKE, context()) == 10_000
    assert Lit(take_fraction_max=0.3).narrow(TAKE, context()) == 300
    assert Lit(take_fraction_max=0.3).narrow(MAKE, context()) == 10_000
    assert Lit(take_fraction_max=0.3).narrow(candidate(displayed=0), context()) == 0


def test_a_wide_spread_is_not_crossed() -> None:
    rule = Spread(take_ticks_max=2)
    assert rule.narrow(TAKE, context()) == 10_000
    assert rule.narrow(TAKE, context(offer=OFFER + TICK)) == 0
    assert rule.narrow(MAKE, context(offer=OFFER + TICK)) == 10_000
    assert rule.narrow(TAKE, context(bid=0)) == 0
    assert rule.narrow(TAKE, context(offer=0)) == 0


def test_a_window_opens_and_closes_every_day() -> None:
    rule = Window(start="09:30", end="16:00")
    start, end = (9 * 3600 + 1800) * NS, 16 * 3600 * NS
    day = 86_400 * NS
    sent = [rule.narrow(TAKE, context(now=now)) for now in (start - 1, start, end - 1, end)]
    assert sent == [0, 10_000, 10_000, 0]
    assert rule.narrow(TAKE, context(now=20_000 * day + start)) == 10_000
    assert rule.narrow(TAKE, context(now=20_000 * day + end)) == 0
    takes = Window(end="12:00", tactics=("lit_take",))
    assert takes.narrow(TAKE, context(now=13 * 3600 * NS)) == 0
    assert takes.narrow(MAKE, context(now=13 * 3600 * NS)) == 10_000
    with pytest.raises(ValidationError, match="never opens"):
        Window(start="16:00", end="09:30")
    with pytest.raises(ValidationError, match="not a time of day"):
        Window(start="noon")


def test_prices_are_in_price_units() -> None:
    assert (BID, OFFER, TICK) == (50 * PX_SCALE, 5_002_000_000, 1_000_000)
