"""Dealers' quotes as a whole node sees them: streamed, answered, told again."""

from __future__ import annotations

from tests.oms.desk import Desk

QUOTE = "117=Q1|55=ACME|132=9.9|133=10.1|134=300|135=300"


def dealer(*tactics: str) -> Desk:
    """LIT_A is a dealer, without market data; LIT_B shows 300."""
    desk = Desk(
        "venues.LIT_A.type=dealer",
        f"venues.LIT_A.tactics=[{', '.join(tactics)}]",
        "venues.LIT_A.market_data=null",
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
