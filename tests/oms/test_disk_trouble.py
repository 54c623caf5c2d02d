"""The disk is full or slow: nothing that adds risk is taken, and what takes it back leaves."""

from __future__ import annotations

import pytest

from router.messages import Decide, StorageChanged, TimerFired
from router.runtime.disk import SYNC_SLOW_S
from router.runtime.node import DUE_MAX
from tests.oms.desk import Desk

REFUSED = "JOURNAL_UNAVAILABLE: a sync took longer than 2 s; cancels are taken"


def told(desk: Desk, slow_s: float) -> None:
    """The last sync took that long; then the next batch."""
    desk.node.mind_disk(desk.now, slow_s)
    desk.run()


def test_a_new_order_is_refused_and_says_why(desk: Desk) -> None:
    told(desk, SYNC_SLOW_S + 0.1)
    desk.oms.order("X")
    assert desk.oms.inbox[-1].get("58") == REFUSED
    assert desk.oms.heard() == ["8 X 8/8 1000/0/0 103=0 JOURNAL_UNAVAILABLE"]
    assert desk.a.heard() == []
    assert (desk.node.ready, desk.node.engine.state.open_mics()) == (False, [])


def test_a_sync_that_is_not_slower_than_that_is_no_trouble(desk: Desk) -> None:
    told(desk, SYNC_SLOW_S)
    desk.oms.order("X")
    assert desk.oms.heard()[0] == "8 X 0/0 1000/0/1000"
    assert desk.node.engine.state.open_mics() == ["LIT_A", "LIT_B"]


def test_a_cancel_is_taken_and_leaves(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.oms.heard(), desk.a.heard()
    told(desk, 5.0)
    desk.oms.cancel("Y", "X")
    assert desk.a.heard() == ["F c1"]
    child.cancel()
    assert desk.oms.heard() == ["8 Y(X) 6/6 1000/0/1000", "8 Y(X) 4/4 1000/0/0"]


def test_fills_are_booked_and_what_is_left_waits_until_the_disk_is_well(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    told(desk, 5.0)
    child.fill(100, "10", "A")
    child.cancel()  # out of the venue's own mind: 900 are to be sent again
    desk.oms.heard(), desk.a.heard()
    desk.wait(20)
    assert desk.a.heard() == []
    desk.data_a.book()
    told(desk, 0.1)
    desk.wait(0.1)
    assert desk.a.heard() == ["D 900@11 59=3"]


@pytest.mark.parametrize(("qty", "taken"), [(800, True), (1200, False)])
def test_a_replace_may_make_an_order_smaller_but_not_larger(
    desk: Desk, qty: int, taken: bool
) -> None:
    desk.oms.order("X", px="10")
    desk.oms.heard()
    told(desk, 5.0)
    desk.oms.replace("Y", "X", qty, px="10")
    expected = ["8 Y(X) E/E 1000/0/1000", f"8 Y(X) 5/0 {qty}/0/{qty}"]
    refused = ["9 Y(X) 39=0 102=2 434=2 JOURNAL_UNAVAILABLE"]
    assert desk.oms.heard() == (expected if taken else refused)


def test_the_trouble_is_an_event_once_and_ends_with_the_life(desk: Desk) -> None:
    told(desk, 5.0)
    told(desk, 6.0)
    told(desk, 0.0)
    told(desk, 9.0)
    events = [each for each, _ in desk.history if isinstance(each, StorageChanged)]
    assert [bool(each.trouble) for each in events] == [True, False, True]
    desk.kill()
    desk.boot()
    assert desk.node.engine.state.trouble == ""
    assert "journal: the disk is well again" not in desk.node.faults


def test_orders_that_all_wait_for_it_are_looked_at_a_few_in_a_step(desk: Desk) -> None:
    """A step is one record, and what came meanwhile has its turn between two of them."""
    for number in range(100):
        desk.oms.order(f"X{number}", 1000 + number, "8")
    desk.control(StorageChanged("the disk is full"))
    desk.history.clear()
    desk.control(StorageChanged(""))
    began = desk.now
    desk.wait(0)
    steps = [[each.parent_id for each in commands if isinstance(each, Decide)]
             for event, commands in desk.history if isinstance(event, TimerFired)]  # fmt: skip
    assert [len(step) for step in steps] == [DUE_MAX, DUE_MAX, DUE_MAX, 100 - 3 * DUE_MAX]
    looked = [parent_id for step in steps for parent_id in step]
    assert looked == list(desk.node.engine.state.open_parents), "each once, in their order"
    assert desk.now == began
