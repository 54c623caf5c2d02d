"""Dealers' quotes as a whole node sees them: streamed, answered, told again."""

from __future__ import annotations

import pytest

from tests.oms.desk import Desk

QUOTE = "117=Q1|55=ACME|132=9.9|133=10.1|134=300|135=300"


def dealer(*tactics: str) -> Desk:
    """LIT_A is a dealer, without market data; LIT_B shows 300, and nothing rests there."""
    desk = Desk(
        "venues.LIT_A.type=dealer",
        f"venues.LIT_A.tactics=[{', '.join(tactics)}]",
        "venues.LIT_A.market_data=null",
        "venues.LIT_B.tactics=[lit_take]",
    )
    for peer in desk.peers:
        if peer.name != "LIT_A.MD":
            peer.connect()
    desk.data_b.book(size=300)
    return desk


def hits(desk: Desk) -> list[str]:
    """QuoteIDs of the orders that the dealer has got."""
    return [each.order.get("117") for each in desk.a.children]


def test_a_quote_that_answers_and_is_streamed_too_is_hit_once() -> None:
    desk = dealer("dealer_rfq", "dealer_quote")
    desk.a.say("S", f"{QUOTE}|131=R1")
    desk.a.say("S", QUOTE)
    desk.oms.order("X", 2000)
    assert hits(desk) == ["Q1"]


def test_a_quote_without_an_end_that_is_sent_again_is_not_firm() -> None:
    desk = dealer("dealer_quote")
    desk.a.drop()
    desk.a.say("S", QUOTE)
    desk.wait(600)
    desk.a.connect()
    desk.data_b.book(size=300)
    desk.oms.order("X", 300)
    assert hits(desk) == []


SAYS = {
    "an expired quote": ("S", "117=Q1|132=9.9|133=10.1|134=300|135=300|62=20260105-09:00:00"),
    "a refusal": ("AG", "658=99"),
    "nothing": None,
}


@pytest.mark.parametrize("answer", SAYS)
def test_a_dealer_that_has_no_quote_is_asked_again_after_the_pause_alone(answer: str) -> None:
    """It was asked as often as an order may decide in a pause, and nobody else was asked."""
    desk = dealer("dealer_rfq")
    desk.oms.order("X", 1000, "10.2", extra="847=sweep|848=pause_s=5|")
    seconds = [_asked(desk, SAYS[answer]) for _ in range(9)]
    assert (sum(seconds[:5]), sum(seconds[5:])) == (1, 1)


def _asked(desk: Desk, says: tuple[str, str] | None) -> int:
    """How many questions a second brings, each with its answer."""
    count = 0
    for message in desk.a.read():
        if message.msg_type == "R":
            count += 1
            if says:
                desk.a.say(says[0], f"131={message.get('131')}|55=ACME|{says[1]}")
    desk.wait(1)
    return count
