"""An order that a venue has missed is sent again while it is fresh only (fix.md 4.5, row 8)."""

from __future__ import annotations

import pytest

from tests.oms.desk import Desk


def an_order_is_lost_on_the_way(desk: Desk) -> None:
    """The node has sent a child to LIT_A; the line breaks before it arrives."""
    desk.oms.order("X", 300, now=False)
    desk.node.received(desk.oms.conn, desk.oms.frames(), desk.now)
    for conn, data in desk.node.take().writes:
        if conn == desk.oms.conn:
            desk.oms.session.receive(data, desk.now)
    desk.cut(desk.a)
    assert [child.mic for child in desk.node.engine.state.live_children()] == ["LIT_A"]


@pytest.mark.parametrize(("seconds", "arrives"), [(0.9, True), (1.1, False)])
def test_an_order_older_than_max_resend_age_is_gap_filled(
    desk: Desk, seconds: float, arrives: bool
) -> None:
    an_order_is_lost_on_the_way(desk)
    desk.wait(seconds)
    desk.connect(desk.a)
    orders = [message for message in desk.a.inbox if message.msg_type == "D"]
    assert [message.get("43") for message in orders] == (["Y"] if arrives else [])
    (child,) = desk.node.engine.state.live_children()
    assert child.status.value == "unknown", "its fate is asked, not guessed"
    assert desk.a.inbox[-1].msg_type in ("AF", "H")
    assert desk.a.session.next_in == desk.node.links["LIT_A"].session.next_out


@pytest.mark.parametrize(("down_s", "skew_s"), [(0.0, 0.0), (2.5, -2.0)])
def test_an_order_of_a_former_life_is_not_sent_again(
    desk: Desk, down_s: float, skew_s: float
) -> None:
    """How old it is is not known: the clock may have been set since (simulation, seed 8282)."""
    an_order_is_lost_on_the_way(desk)
    desk.kill()
    desk.now += round((down_s + skew_s) * 1e9)
    desk.boot()
    desk.connect(desk.a)
    assert not [message for message in desk.a.inbox if message.msg_type == "D"]
    (child,) = desk.node.engine.state.live_children()
    assert child.status.value == "unknown"
    assert desk.a.session.next_in == desk.node.links["LIT_A"].session.next_out


@pytest.mark.parametrize(("age", "arrives"), [("1", True), ("0", False)])
def test_a_venue_that_takes_no_order_again_is_sent_none_however_fresh(
    age: str, arrives: bool
) -> None:
    desk = Desk(f"venues.LIT_A.max_resend_age_s={age}")
    desk.open()
    an_order_is_lost_on_the_way(desk)
    desk.connect(desk.a)  # in the same nanosecond
    assert bool(desk.a.children) is arrives
    (child,) = desk.node.engine.state.live_children()
    assert child.status.value == "unknown"
