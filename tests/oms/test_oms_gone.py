"""An OMS that is lost in the middle of its orders (F-08): they are held, or taken back in time."""

from __future__ import annotations

import pytest

from tests.oms.desk import Desk
from tests.oms.test_mass_cancels import filled_beside_a_replace


@pytest.fixture
def leaving() -> Desk:
    """The orders of OMS are taken back when it is gone for ten seconds."""
    made = Desk("fix.acceptor.sessions.0.on_disconnect=cancel_open")
    made.open()
    return made


def working(desk: Desk) -> None:
    desk.oms.order("X")
    desk.a.child().ack()
    desk.a.child().fill(300, "10", "B")
    desk.oms.heard(), desk.a.heard()


def test_orders_work_on_and_what_was_missed_is_asked_for(desk: Desk) -> None:
    working(desk)
    desk.oms.drop()
    desk.wait(60)
    desk.a.child().fill(700, "10", "C")
    desk.oms.connect()
    assert desk.oms.heard() == ["8 X F/2 1000/1000/0 +700@10 ~10"]
    assert desk.a.heard() == []


def test_after_the_grace_they_are_taken_back_and_it_is_told_when_it_is_back(leaving: Desk) -> None:
    desk = leaving
    working(desk)
    desk.oms.drop()
    desk.wait(9.9)
    assert desk.a.heard() == []
    desk.wait(0.1)
    assert desk.a.heard() == ["F c1"]
    desk.a.child().fill(100, "10", "C")
    desk.a.child().cancel()
    desk.oms.connect()
    assert desk.oms.heard() == [
        "8 X 6/6 1000/300/700",
        "8 X F/6 1000/400/600 +100@10 ~10",
        "8 X 4/4 1000/400/0",
    ]


def test_who_is_back_in_time_keeps_its_orders(leaving: Desk) -> None:
    desk = leaving
    working(desk)
    for _ in range(2):
        desk.oms.drop()
        desk.wait(9)
        desk.oms.connect()
    desk.wait(60)
    assert "F c1" not in desk.a.heard(), "twice nine seconds are not ten"


def test_a_restart_counts_as_being_gone(leaving: Desk) -> None:
    desk = leaving
    working(desk)
    desk.kill()
    desk.boot()
    for peer in (desk.a, desk.data_a):
        peer.connect()
    desk.a.child().tell_status(extra="584=M|911=1|912=Y|")
    desk.wait(10)
    assert desk.a.heard()[-1] == "F c1"


def test_orders_of_others_are_left_alone(leaving: Desk) -> None:
    desk = leaving
    desk.other.order("Z", 500, extra="1=A|")
    desk.a.child().ack()
    desk.a.heard()
    desk.oms.drop()
    desk.wait(20)
    assert "F c1" not in desk.a.heard()


def test_an_order_that_was_filled_while_its_replace_waits(leaving: Desk) -> None:
    desk = leaving
    filled_beside_a_replace(desk)
    desk.oms.drop()
    desk.wait(10)
    desk.kill()
    desk.boot()
    desk.wait(20)
    for peer in desk.peers:
        peer.connect()
    assert "9 Y(X) 39=2 102=2 434=2 MASS_CANCEL" in desk.oms.heard()
