"""What a venue's market data and quotes come to in the whole node, and what an operator is told."""

from __future__ import annotations

import pytest

from router.core.books import QUOTE_LIFE_MAX_NS
from router.messages import Step
from tests.oms.desk import Desk
from tests.oms.peers import DataPeer, VenuePeer

PX = 100_000_000
BOTH = (
    "268=4|279=0|269=0|55=ACME|270=9.5|271=100|279=0|269=1|55=BRAVO|270=20.1|271=200|"
    "279=0|269=0|270=20|271=300|279=0|269=1|55=ACME|270=10.5|271=400"
)


@pytest.mark.parametrize("orders", [False, True], ids=["market data", "orders"])
def test_an_increment_of_two_symbols_moves_two_books(desk: Desk, orders: bool) -> None:
    """On the session for orders, too, where what was read is journaled."""
    desk.data_a.say("W", "55=BRAVO|268=1|269=0|270=19|271=50")
    sender: DataPeer | VenuePeer = desk.a if orders else desk.data_a
    told: list[Step] = []
    desk.on_step = told.append
    sender.say("X", BOTH)
    assert [b"35=X" in each.frame for each in told] == [True] * orders
    market = desk.node.engine.state.market
    assert market.touch("ACME") == (950_000_000, 1_050_000_000, 100, 400)
    assert market.touch("BRAVO") == (20 * PX, 2_010_000_000, 300, 200)
    desk.kill()
    desk.boot()
    desk.a.connect()
    assert (desk.a.closed_reason, desk.node.faults) == ("", [])


QUOTE = "117={}|55=ACME|132=9.9|133=10.1|134=100|135=100"


def test_a_quote_without_an_end_is_firm_for_seconds_and_not_for_a_day(desk: Desk) -> None:
    desk.data_a.say("S", QUOTE.format("Q1"))
    quote = desk.node.engine.state.market.quote("ACME", "LIT_A")
    assert quote is not None
    assert quote.valid_until == desk.now + QUOTE_LIFE_MAX_NS


def test_indicative_quotes_are_not_kept_and_told_of_once(desk: Desk) -> None:
    for number in range(3):
        desk.data_a.say("S", QUOTE.format(f"Q{number}") + "|537=0")
    assert desk.node.engine.state.market.quote("ACME", "LIT_A") is None
    assert desk.node.faults == ["LIT_A.MD: indicative quotes are not taken: 35=S 537=0"]
    desk.data_a.say("S", QUOTE.format("Q9") + "|537=1")
    assert desk.node.engine.state.market.quote("ACME", "LIT_A") is not None


def test_market_data_that_a_venue_refuses_is_told_each_once(desk: Desk) -> None:
    for number in (1, 2, 1):
        desk.data_a.say("Y", f"262=LIT_A-{number}|281=0|58=no such symbol")
    assert desk.node.faults == [
        f"LIT_A.MD: market data is refused: 35=Y 262=LIT_A-{number} 281=0 58=no such symbol"
        for number in (1, 2)
    ]
