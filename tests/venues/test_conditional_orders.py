"""Conditional orders of a pool: invitation, firm-up, decline, expiry, and what a low rate costs."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from router.model import NS, OrdStatus, Side, TimeInForce
from tests.venues.simulated import (
    BID,
    MID,
    START,
    TICK,
    market_of,
    order,
    said_of_orders,
)
from tests.venues.test_dark_venue import EMPTY, FULL
from venues.chance import Stream
from venues.conditional import CHANCE_MIN, Invitation, Invitations
from venues.market import Market
from venues.messages import (
    Accepted,
    Canceled,
    Executed,
    Expired,
    Invited,
    OrderState,
    Rejected,
    Replaced,
    VenueMessage,
    VenueOrder,
)
from venues.pool import ConditionalTerms, Interest

D = "DARK_A"
ID = f"{D}-{START // NS:x}"
IOC = TimeInForce.IOC
MS = NS // 1000
TERMS = {"firm_up_ms": 200}
MEETS = {**FULL, "venues.DARK_A.dark.conditional": TERMS}
"""500 shares of contra interest on each side, for the whole day."""
LONELY = {**EMPTY, "venues.DARK_A.dark.conditional": TERMS}


def conditional(
    ref: str, side: Side, qty: int, price: int | None = None, **more: object
) -> VenueOrder:
    return order(ref, side, qty, price, conditional=True, **more)  # type: ignore[arg-type]


def firm(
    ref: str, side: Side, qty: int, invitation: str, price: int | None = None, **more: object
) -> VenueOrder:
    return order(ref, side, qty, price, IOC, invitation_id=invitation, **more)


def invited(market: Market, qty: int = 2000) -> Invited:
    """Submit a conditional order that meets contra interest at once."""
    market.submit(D, conditional("c", Side.BUY, qty), START)
    (invitation,) = [m for m in market.take() if isinstance(m, Invited)]
    return invitation


def fills(said: list[VenueMessage]) -> list[tuple[str, int]]:
    return [(m.order_ref, m.qty) for m in said if isinstance(m, Executed)]


def test_a_conditional_order_is_invited_by_contra_interest_and_does_not_trade(
    tmp_path: Path,
) -> None:
    market = market_of(tmp_path, MEETS)
    market.submit(D, conditional("c", Side.BUY, 2000), START)
    assert market.take() == [
        Accepted(D, START, "c", f"{ID}-1"),
        Invited(D, START, "c", f"{ID}-I1", 500, START + 200 * MS),
    ]


def test_a_firm_up_trades_with_the_contra_that_was_held(tmp_path: Path) -> None:
    market = market_of(tmp_path, MEETS)
    invitation = invited(market)
    # Held means held: nobody else meets the contra.
    market.submit(D, order("other", Side.BUY, 500, tif=IOC), START + MS)
    assert fills(market.take()) == []
    market.submit(D, firm("f", Side.BUY, 500, invitation.invitation_id), START + 2 * MS)
    assert market.take() == [
        Accepted(D, START + 2 * MS, "f", f"{ID}-3"),
        Canceled(D, START + 2 * MS, "c", 2000, True, "firmed up"),
        Executed(D, START + 2 * MS, "f", f"{ID}-1", 500, MID, "2", 0),
    ]


def test_what_a_firm_up_leaves_of_the_contra_is_free_again(tmp_path: Path) -> None:
    market = market_of(tmp_path, MEETS)
    invitation = invited(market)
    market.submit(D, firm("f", Side.BUY, 200, invitation.invitation_id), START + MS)
    market.submit(D, order("x", Side.BUY, 500, tif=IOC), START + MS)
    assert fills(market.take()) == [("f", 200), ("x", 300)]


def test_a_cancel_declines_and_frees_the_contra(tmp_path: Path) -> None:
    market = market_of(tmp_path, MEETS)
    invitation = invited(market)
    market.cancel(D, "c", START + MS)
    assert market.take() == [Canceled(D, START + MS, "c", 2000, False, "")]
    market.submit(D, firm("f", Side.BUY, 500, invitation.invitation_id), START + MS)
    (rejected,) = market.take()
    assert isinstance(rejected, Rejected)
    market.submit(D, order("x", Side.BUY, 500, tif=IOC), START + MS)
    assert fills(market.take()) == [("x", 500)]


def test_an_order_that_waits_meets_the_contra_of_a_declined_invitation(tmp_path: Path) -> None:
    market = market_of(tmp_path, MEETS)
    invited(market)
    market.submit(D, order("x", Side.BUY, 500), START + MS)
    market.cancel(D, "c", START + 2 * MS)
    assert fills(market.take()) == [("x", 500)]


def test_an_invitation_that_is_not_answered_ends_the_order(tmp_path: Path) -> None:
    market = market_of(tmp_path, MEETS)
    invitation = invited(market)
    market.tick(START + 200 * MS - 1)
    assert market.take() == []
    market.tick(START + 200 * MS)
    text = f"INVITATION_EXPIRED invitation {invitation.invitation_id}"
    assert market.take() == [Canceled(D, START + 200 * MS, "c", 2000, True, text)]
    market.submit(D, firm("f", Side.BUY, 500, invitation.invitation_id), START + 200 * MS)
    assert market.take() == [Rejected(D, START + 200 * MS, "f", "99", f"{text} does not stand")]


def test_a_firm_up_misses_when_the_contra_has_left_or_the_midpoint_has_gone(
    tmp_path: Path,
) -> None:
    market = market_of(tmp_path, MEETS)
    invitation = invited(market)
    market.submit("LIT_A", order("l", Side.BUY, 100, BID + TICK), START + MS)
    market.take()
    # The midpoint is 50.005 now.
    market.submit(D, firm("f", Side.BUY, 500, invitation.invitation_id, MID), START + 2 * MS)
    assert market.take()[1:] == [
        Canceled(D, START + 2 * MS, "c", 2000, True, "firmed up"),
        Canceled(D, START + 2 * MS, "f", 500, True, ""),
    ]
    short = {**MEETS, "venues.DARK_A.dark.persistence_s": 0.001}
    market = market_of(tmp_path, short)
    market.submit(D, conditional("c", Side.BUY, 2000), START)
    market.tick(START + 100 * MS)
    invitation = next(m for m in market.take() if isinstance(m, Invited))
    market.submit(D, firm("f", Side.BUY, 500, invitation.invitation_id), START + 100 * MS)
    said = market.take()
    assert [type(m) for m in said] == [Accepted, Canceled, Canceled]
    assert fills(said) == []


def test_an_invitation_respects_min_qty_limit_and_the_ranks_of_firm_orders(tmp_path: Path) -> None:
    market = market_of(tmp_path, MEETS)
    market.submit(D, conditional("m", Side.BUY, 2000, min_qty=501), START)
    market.submit(D, conditional("l", Side.BUY, 2000, MID - TICK), START)
    assert [type(m) for m in market.take()] == [Accepted, Accepted]
    market.submit(D, order("x", Side.BUY, 500, tif=IOC), START)
    assert fills(market.take()) == [("x", 500)]
    # A conditional order that is larger and older still comes after a firm one.
    seldom = {"venues.DARK_A.dark.p_zero": 0.95, "venues.DARK_A.dark.persistence_s": 1}
    market = market_of(tmp_path, {**LONELY, **seldom}, seed=2)
    market.submit(D, conditional("c", Side.SELL, 10**6), START)
    market.submit(D, order("x", Side.SELL, 100), START)
    assert [type(m) for m in market.take()] == [Accepted, Accepted]
    market.tick(START + 600 * NS)
    assert next(m for m in market.take() if isinstance(m, Executed | Invited)).order_ref == "x"


def test_an_order_is_invited_once_at_a_time(tmp_path: Path) -> None:
    often = {"venues.DARK_A.dark.p_zero": 0.5, "venues.DARK_A.dark.persistence_s": 1}
    terms = {"venues.DARK_A.dark.conditional": {"firm_up_ms": 60_000}}
    market = market_of(tmp_path, {**LONELY, **often, **terms})
    market.submit(D, conditional("c", Side.BUY, 10**6), START)
    market.tick(START + 59 * NS)
    assert len([m for m in market.take() if isinstance(m, Invited)]) == 1


def test_two_orders_of_the_router_invite_nobody(tmp_path: Path) -> None:
    market = market_of(tmp_path, LONELY)
    market.submit(D, conditional("c", Side.BUY, 500), START)
    market.submit(D, order("s", Side.SELL, 500), START)
    market.submit(D, conditional("d", Side.SELL, 500), START)
    assert [type(m) for m in market.take()] == [Accepted] * 3


def test_other_terms_decline_and_may_be_invited_again(tmp_path: Path) -> None:
    market = market_of(tmp_path, MEETS)
    invited(market)
    market.replace(D, "c", conditional("c2", Side.BUY, 3000), START + MS)
    replaced, again = market.take()
    assert replaced == Replaced(D, START + MS, "c2", "c", 3000, None, 3000)
    assert again == Invited(D, START + MS, "c2", f"{ID}-I2", 500, START + 201 * MS)


def test_a_conditional_order_ends_with_the_day(tmp_path: Path) -> None:
    market = market_of(tmp_path, LONELY)
    market.submit(D, conditional("c", Side.BUY, 500), START)
    market.take()
    market.tick(market.closes_at)
    assert said_of_orders(market) == [Expired(D, market.closes_at, "c")]


def test_what_is_not_a_conditional_order_or_a_firm_up_is_rejected(tmp_path: Path) -> None:
    market = market_of(tmp_path, MEETS)
    name = invited(market).invitation_id
    rests = "a conditional order rests until it is invited"
    for terms, reason, text in (
        (conditional("1", Side.BUY, 100, tif=IOC), "11", rests),
        (conditional("2", Side.BUY, 100, invitation_id=name), "11", rests),
        (firm("3", Side.SELL, 100, name), "99", "Side is not that of the invitation"),
        (
            firm("4", Side.BUY, 501, name),
            "13",
            "OrderQty is above the 500 shares of the invitation",
        ),
        (order("5", Side.BUY, 100, invitation_id=name), "11", "a firm-up is immediate or cancel"),
        (
            firm("6", Side.BUY, 100, name, owner="YOU"),
            "99",
            f"INVITATION_EXPIRED invitation {name} does not stand",
        ),
    ):
        market.submit(D, terms, START)
        assert market.take() == [Rejected(D, START, terms.order_ref, reason, text)]


@pytest.mark.parametrize("mic", ["LIT_A", "DARK_B", "SDP_1"])
def test_a_venue_without_conditional_orders_rejects_them(tmp_path: Path, mic: str) -> None:
    market = market_of(tmp_path, MEETS)
    market.submit(mic, conditional("c", Side.BUY, 1000), START)
    text = "conditional orders are not taken here"
    assert market.take() == [Rejected(mic, START, "c", "11", text)]


# --- the firm-up rate ----------------------------------------------------------------------------


def ask(desk: Invitations) -> tuple[Invitation | None, Interest]:
    """An opportunity for a conditional order of ME; who the contra is."""
    terms = order("c", Side.BUY, 100, conditional=True)
    state = OrderState(terms, "1", OrdStatus.NEW, 100)
    contra = Interest(-1, 100, 0, 2)
    return desk.invite(Interest(1, 100, 0, 1, state), contra, 0), contra


def answer(desk: Invitations, *answers: bool) -> None:
    """Invitations that are firmed up or not."""
    for firmed in answers:
        invitation, _ = ask(desk)
        assert invitation is not None
        desk.answered(invitation, firmed=firmed)


def test_the_chance_of_an_invitation_falls_with_the_firm_up_rate() -> None:
    terms = ConditionalTerms(firm_up_ms=100.0, firm_up_rate_min=0.8, rate_window=4)
    desk = Invitations(terms, "X", Stream(1, "test"))
    answer(desk, False, True, True)
    assert desk.chance("ME") == 1.0, "three answers are too few"
    answer(desk, True)
    # 3 of 4 are 0.75, below 0.8.
    assert desk.chance("ME") == pytest.approx(0.75 / 0.8)
    assert desk.chance("YOU") == 1.0


def test_a_client_that_never_firms_up_keeps_a_small_chance() -> None:
    terms = ConditionalTerms(firm_up_ms=100.0, firm_up_rate_min=0.8, rate_window=4)
    desk = Invitations(terms, "X", Stream(1, "test"))
    answer(desk, False, False, False, False)
    assert desk.chance("ME") == CHANCE_MIN == 0.05
    asked = 2000
    reached = 0
    for _ in range(asked):
        invitation, contra = ask(desk)
        assert contra.held, "it is held for us, or promised to somebody else"
        if invitation is not None:
            reached += 1
            desk.answered(invitation, firmed=False)
    error = math.sqrt(0.05 * 0.95 / asked)
    assert abs(reached / asked - 0.05) < 3.5 * error
