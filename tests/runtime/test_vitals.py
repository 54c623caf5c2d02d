"""The signs, taken from a real node: what they count agrees with a walk over all orders."""

from __future__ import annotations

from router.core.orders import ChildStatus
from router.messages import ExecutionReceived
from router.model import NS, ExecType, OrdStatus, Side, TimeInForce
from router.runtime.clock import Clock
from router.runtime.node import Node
from router.runtime.vitals import Doubts, Identity, Routes, late_s, taken
from router.signs import Histogram
from tests.cli.market_day import Day


class Idle:
    """A pump that has nothing to do."""

    batches = syncs = queued = market_dropped = 0
    syncing_s = 0.0
    poisoned = ""
    batch_times = sync_times = Histogram()

    def unsent(self) -> dict[str, int]:
        return {"OMS": 12}


def walked(node: Node) -> dict[str, int]:
    """UNKNOWN children by venue, by looking at every child."""
    counts: dict[str, int] = {}
    for child in node.engine.state.children.values():
        if child.status is ChildStatus.UNKNOWN:
            counts[child.mic] = counts.get(child.mic, 0) + 1
    return counts


def test_children_in_doubt_are_counted_without_a_walk() -> None:
    day = Day()
    day.order(Side.SELL, 3_000, algo="twap", tif=TimeInForce.GTD, seconds=12)
    node = day.sim.node
    for _ in range(200):
        day.run(0.05)
        if node.engine.state.live_children():
            break
    doubts, found_some = Doubts(node.engine.state), False
    node.watchers.append(doubts.note)
    resting = {child.mic for child in node.engine.state.live_children()}
    assert resting
    assert doubts.by_venue() == {}
    for conn, name in list(day.sim.wires().items()):
        if name in resting:
            day.sim.cut(conn, lose=True)
    for _ in range(100):
        day.run(0.1)
        assert doubts.by_venue() == walked(node)
        found_some = found_some or bool(walked(node))
    assert found_some
    assert Doubts(node.engine.state).by_venue() == doubts.by_venue() == {}


def test_a_parent_waits_no_longer_than_its_batch() -> None:
    day = Day()
    routes = Routes()
    day.sim.node.watchers.append(routes.note)
    day.order(Side.BUY, 500)
    day.order(Side.BUY, 6_000_000)  # refused: no child
    day.run(2)
    routes.left(0.02)
    routes.left(0.5)  # nobody was routed in this one
    assert routes.times.total_s == 0.02
    assert sum(routes.times.counts) == 1


def test_signs_say_how_a_node_stands() -> None:
    day = Day()
    node, journal = day.sim.node, day.sim.built.journal
    signs = taken(
        Identity(7, "A", "1", "hash"),
        Clock(),
        phase="running",
        node=node,
        journal=journal,
        pump=Idle(),
        doubts=Doubts(node.engine.state),
        loop_lag=Histogram(),
        routes=Routes(),
    )
    assert (signs.pid, signs.epoch, signs.ready, signs.unpriced) == (7, 1, True, 0)
    assert signs.seq == node.seq
    assert set(signs.sessions) == set(node.links)
    assert (signs.sessions["OMS"].logged_on, signs.sessions["OMS"].unsent) == (True, 12)
    assert all(each.open and each.reconciled for each in signs.venues.values())
    assert set(signs.market_age_s) == {"ACME"}
    assert signs.journal is not None
    assert (signs.journal.durability, signs.journal.last_seq) == ("sync", journal.last_seq)
    assert signs.resident_bytes > 1_000_000
    assert 3 <= signs.open_files < signs.open_files_max


def test_a_deadline_that_has_passed_is_late_in_real_time() -> None:
    day = Day()
    node = day.sim.node
    at = node.deadline()
    assert at
    assert late_s(node, Clock(), at - 1) == 0.0
    assert late_s(node, Clock(), at + NS) == 1.0
    assert late_s(node, Clock(speed=4.0), at + NS) == 0.25


def test_a_child_that_its_venue_has_not_told_all_of_is_in_doubt() -> None:
    day = Day()
    day.order(Side.SELL, 3_000, algo="twap", tif=TimeInForce.GTD, seconds=12)
    node = day.sim.node
    while not node.engine.state.live_children():
        day.run(0.05)
    doubts = Doubts(node.engine.state)
    node.watchers.append(doubts.note)
    child = node.engine.state.live_children()[0]
    # It has ended, and counts a share that nobody has told us of.
    ended = ExecutionReceived(
        *(child.mic, child.cl_ord_id, "X1", ExecType.CANCELED, OrdStatus.CANCELED),
        cum_qty=child.cum_qty + 1,
        trade_date="20260105",
    )
    node.control(ended, day.sim.now)
    assert child.status is ChildStatus.UNKNOWN
    assert doubts.by_venue() == walked(node) == {child.mic: 1}
