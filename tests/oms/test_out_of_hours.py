"""A session that is over, by its hours or by an operator: what crosses our Logout; late calls."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from router.fix.session import SessionState
from router.messages import SessionCommanded
from router.model import NS
from tests.oms import notation
from tests.oms.desk import T0, Desk

HOURS = tuple(
    f"{each}.{time}"
    for each in ("fix.acceptor.sessions.0", "venues.LIT_B")
    for time in ("end_time=14:30:02", "start_time=14:30:05")
)
"""It is 14:30: closed for three seconds, in two."""
CLOSES, OPENS = T0 + 2 * NS, T0 + 5 * NS
REFUSED = "8 Y 8/8 1000/0/0 103=2 SESSION_CLOSED"


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk(*HOURS)
    made.open()
    yield made
    made.close()


def until(desk: Desk, at: int) -> None:
    desk.wait((at - desk.now) / NS)


def by_hand(desk: Desk, action: str) -> None:
    desk.node.operate(SessionCommanded("OMS", action, "ada", "drill"), desk.now)


def close(desk: Desk, *, by_hours: bool) -> None:
    """Our Logout is said, and is still on its way."""
    if by_hours:
        until(desk, CLOSES - 1)
        desk.now = CLOSES
        desk.node.tick(desk.now)
    else:
        by_hand(desk, "logout")
    assert desk.node.links["OMS"].session.state is SessionState.LOGOUT_SENT


def begin_again(desk: Desk, *, by_hours: bool) -> None:
    """The next session; the OMS keeps the same hours."""
    if by_hours:
        until(desk, OPENS)
        desk.oms.session.reset(desk.now)
    else:
        by_hand(desk, "logon")
    desk.oms.connect()
    assert desk.oms.up


@pytest.mark.parametrize("by_hours", [True, False])
def test_an_order_that_crosses_the_logout_is_refused_and_told_in_the_next_session(
    desk: Desk, *, by_hours: bool
) -> None:
    close(desk, by_hours=by_hours)
    desk.oms.order("Y")
    assert not desk.oms.up
    assert not desk.node.engine.state.open_parents
    begin_again(desk, by_hours=by_hours)
    told = desk.oms.read()
    assert [notation.to_oms(each) for each in told] == [REFUSED]
    assert told[0].get("97") == ("Y" if by_hours else "")
    assert desk.a.heard() == []
    desk.oms.order("Z")
    assert desk.oms.heard()[0] == "8 Z 0/0 1000/0/1000"


@pytest.mark.parametrize("by_hours", [True, False])
@pytest.mark.parametrize(("qty", "taken"), [(800, True), (1200, False)])
def test_a_replace_may_make_an_order_smaller_but_not_larger(
    desk: Desk, qty: int, *, by_hours: bool, taken: bool
) -> None:
    desk.oms.order("X", px="10")
    desk.oms.heard()
    close(desk, by_hours=by_hours)
    desk.oms.replace("Y", "X", qty, px="10")
    begin_again(desk, by_hours=by_hours)
    expected = ["8 Y(X) E/E 1000/0/1000", f"8 Y(X) 5/0 {qty}/0/{qty}"]
    refused = ["9 Y(X) 39=0 102=2 434=2 SESSION_CLOSED"]
    heard = [each for each in desk.oms.heard() if each != "8 X 0/0 1000/0/1000"]
    assert heard == (expected if taken else refused)


@pytest.mark.parametrize("by_hours", [True, False])
def test_a_cancel_that_crosses_the_logout_is_carried_out(desk: Desk, *, by_hours: bool) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.a.heard()
    close(desk, by_hours=by_hours)
    desk.oms.cancel("Y", "X")
    assert desk.a.heard() == ["F c1"]
    child.cancel()
    begin_again(desk, by_hours=by_hours)
    assert desk.oms.heard()[-2:] == ["8 Y(X) 6/6 1000/0/1000", "8 Y(X) 4/4 1000/0/0"]


def test_a_question_that_crosses_the_logout_is_answered(desk: Desk) -> None:
    desk.oms.order("X", px="10")
    desk.oms.heard()
    close(desk, by_hours=False)
    desk.oms.status("X")
    begin_again(desk, by_hours=False)
    assert desk.oms.heard() == ["8 X I/0 1000/0/1000"]


def test_an_order_that_crosses_the_logout_of_a_daemon_that_stops_is_taken(desk: Desk) -> None:
    desk.node.logout("Sluice is stopping", desk.now)
    desk.oms.order("X")
    desk.oms.connect()
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000"]


# -- who comes late, or early --------------------------------------------------------------------


def test_a_call_that_is_taken_when_the_hours_are_over_is_hung_up(desk: Desk) -> None:
    until(desk, CLOSES)
    desk.wait(2)  # the Logout is answered
    session = desk.node.links["LIT_B"].session
    before = (session.state, session.next_in, session.next_out)
    assert before[0] is SessionState.DISCONNECTED
    desk.node.connected("LIT_B", 99, desk.now)
    batch = desk.node.take()
    assert (batch.writes, batch.closes) == ([], [99])
    assert (session.state, session.next_in, session.next_out) == before
    until(desk, OPENS)
    desk.b.session.reset(desk.now)
    desk.b.connect()
    assert session.logged_on


@pytest.mark.parametrize("name", ["OMS", "LIT_B"])
def test_the_first_logon_of_a_day_may_come_before_the_timer_of_its_opening(
    desk: Desk, name: str
) -> None:
    peer = desk.oms if name == "OMS" else desk.b
    until(desk, CLOSES)
    desk.wait(2)
    until(desk, OPENS - 1)
    session = desk.node.links[name].session
    assert session.next_in > 1
    desk.now = OPENS  # and nothing has ticked
    peer.session.reset(desk.now)
    peer.connect()
    assert session.logged_on
    assert (session.next_in, peer.session.next_in) == (2, 2)
    desk.wait(1)
    assert session.logged_on
    assert (session.next_in, peer.session.next_in) == (2, 2), "it does not begin twice"
