"""What a venue's market data and quotes come to in the whole node, and what an operator is told."""

from __future__ import annotations

import pytest

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
