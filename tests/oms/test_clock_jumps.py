"""A clock that jumps (F-07): no session is lost for it, no day is begun twice or left out."""

from __future__ import annotations

import pytest

from tests.oms.desk import Desk

HOUR = 3_600_000_000_000


def numbers(desk: Desk) -> tuple[int, int]:
    session = desk.node.links["OMS"].session
    return session.next_in, session.next_out


def resetting() -> Desk:
    """The OMS's numbers begin again at 14:31; it is 14:30."""
    desk = Desk("fix.acceptor.sessions.0.reset_seq_time=14:31", "fix.defaults.check_latency=false")
    desk.open()
    desk.oms.order("X")
    return desk


def test_a_clock_that_goes_back_begins_no_day_twice() -> None:
    desk = resetting()
    assert numbers(desk) == (3, 3)
    desk.wait(61)
    assert numbers(desk) == (2, 3), "a Logon each, and the newest again: the day has begun"
    desk.oms.order("Y")
    desk.now -= HOUR
    desk.oms.drop()
    assert numbers(desk) == (3, 4)
    desk.oms.connect()
    assert numbers(desk) == (4, 5)
    desk.wait(3_700)
    desk.oms.drop()
    assert numbers(desk)[0] > 4, "14:31 has come again, and was there before"


def test_a_clock_that_goes_forward_leaves_no_day_out() -> None:
    desk = resetting()
    desk.now += HOUR
    desk.node.tick(desk.now)
    desk.run()
    assert numbers(desk) == (1, 2), "an hour of silence, by our clock, and then a new day"


def test_an_order_whose_time_had_come_ends_by_a_clock_that_is_behind(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    desk.a.drop()
    desk.wait(601)
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000"], "its child may be at work"
    desk.kill()
    desk.now -= HOUR // 12
    desk.boot()
    desk.oms.connect()
    desk.a.connect()
    child.cancel()
    desk.wait(290)
    assert desk.oms.heard() == []
    desk.wait(20)
    assert desk.oms.heard() == ["8 X 3/3 1000/0/0"]


def test_an_ioc_between_two_rounds_does_not_wait_for_its_start_by_a_clock_that_is_behind(
    desk: Desk,
) -> None:
    """Simulation, seed 48845."""
    desk.oms.order("X", qty=2000, tif="3")
    desk.oms.heard()
    child = desk.a.child()
    child.fill(500, "11", "A1")
    child.cancel()
    desk.kill()
    desk.now -= HOUR
    desk.boot()
    desk.open()
    desk.wait(1)
    assert desk.oms.heard()[-1] == "8 X 4/4 2000/500/0"


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_venue_whose_clock_is_off_is_reported_and_its_fills_are_taken(hours: int) -> None:
    desk = Desk()
    desk.open()
    desk.oms.order("X")
    child = desk.a.child()
    right = desk.now
    desk.now += hours * HOUR
    child.ack()
    child.fill(1000, "10", "B", now=False)
    data = desk.a.frames()
    desk.now = right
    desk.node.received(desk.a.conn, data, desk.now)
    desk.run()
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000", "8 X F/2 1000/1000/0 +1000@10 ~10"]
    assert desk.a.up
    (fault,) = [each for each in desk.node.faults if "SENDING_TIME" in each]
    assert fault.endswith("3600 s from our clock"), fault
