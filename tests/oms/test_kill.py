"""The kill switch as an OMS and a venue see it (controls.md 7)."""

from __future__ import annotations

import pytest

from router.messages import ArmRequested, KillRequested, ReleaseRequested
from tests.oms.desk import Desk


def kill(desk: Desk, scope: str = "all", value: str = "") -> str:
    """Engage, and tell the kill's id."""
    before = set(desk.node.engine.state.kills)
    desk.control(KillRequested(scope, value, "ann", "test"))
    (kill_id,) = set(desk.node.engine.state.kills) - before
    return kill_id


def arm(desk: Desk, kill_id: str) -> None:
    desk.control(ArmRequested(kill_id, "bob", "done"))


def test_a_kill_suspends_and_cancels_and_fills_are_still_booked(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    child.fill(100, "10", "B")
    desk.oms.heard(), desk.a.heard()
    kill_id = kill(desk)
    assert desk.oms.heard() == ["8 X 9/9 1000/100/900 KILL_ENGAGED"]
    assert desk.a.heard() == ["F c1"]
    child.fill(50, "10", "C")
    assert desk.oms.heard() == ["8 X F/9 1000/150/850 +50@10 ~10"]
    child.cancel()
    desk.wait(5)
    assert (desk.oms.heard(), desk.a.heard()) == ([], [])
    desk.oms.order("Z")
    assert desk.oms.heard() == ["8 Z 8/8 1000/0/0 103=0 KILL_ENGAGED"]
    arm(desk, kill_id)
    assert desk.oms.heard() == ["8 X D/1 1000/150/850 378=4 KILL_RELEASED"]
    desk.wait(0.02)
    assert desk.a.heard() == ["D 850@11 59=3"]
    desk.a.child().fill(850, "11", "D")
    assert desk.oms.heard() == ["8 X F/2 1000/1000/0 +850@11 ~10.85"]


def test_a_named_person_releases_an_order_that_has_not_traded(desk: Desk) -> None:
    desk.oms.order("X", px="10")
    kill_id = kill(desk)
    arm(desk, kill_id)
    told = desk.oms.inbox[-1]
    assert desk.oms.heard() == [
        "8 X 0/0 1000/0/1000",
        "8 X 9/9 1000/0/1000 KILL_ENGAGED",
        "8 X D/0 1000/0/1000 378=4 KILL_RELEASED",
    ]
    assert "who=bob" in told.get("58")


def test_a_suspended_order_may_be_canceled(desk: Desk) -> None:
    desk.oms.order("X", px="10")
    kill(desk)
    desk.oms.cancel("Y", "X")
    assert desk.oms.heard()[1:] == [
        "8 X 9/9 1000/0/1000 KILL_ENGAGED",
        "8 Y(X) 6/6 1000/0/1000",
        "8 Y(X) 4/4 1000/0/0",
    ]


def test_a_suspended_order_may_be_made_smaller_but_not_larger(desk: Desk) -> None:
    desk.oms.order("X", px="10")
    kill(desk)
    desk.oms.heard()
    desk.oms.replace("Y", "X", 1200, px="10")
    desk.oms.replace("Z", "X", 800, px="10")
    assert desk.oms.heard() == [
        "9 Y(X) 39=9 102=2 434=2 KILL_ENGAGED",
        "8 Z(X) E/E 1000/0/1000",
        "8 Z(X) 5/9 800/0/800",
    ]


def test_a_kill_during_a_cancel_changes_nothing_about_it(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.oms.cancel("Y", "X")
    kill(desk)
    child.cancel()
    assert desk.oms.heard() == [
        "8 X 0/0 1000/0/1000",
        "8 Y(X) 6/6 1000/0/1000",
        "8 Y(X) 4/4 1000/0/0",
    ]


def test_a_kill_during_a_replace_holds_when_it_is_done(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.oms.replace("Y", "X", 1200)
    kill_id = kill(desk)
    child.cancel()
    assert desk.oms.heard() == [
        "8 X 0/0 1000/0/1000",
        "8 Y(X) E/E 1000/0/1000",
        "8 Y(X) 5/0 1200/0/1200",
        "8 Y 9/9 1200/0/1200 KILL_ENGAGED",
    ]
    arm(desk, kill_id)
    assert desk.oms.heard() == ["8 Y D/0 1200/0/1200 378=4 KILL_RELEASED"]


def test_a_kill_that_is_released_during_a_cancel_leaves_no_trace(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    kill_id = kill(desk)
    desk.oms.cancel("Y", "X")
    arm(desk, kill_id)
    child.refuse_cancel("2", "0")
    assert desk.oms.heard() == [
        "8 X 0/0 1000/0/1000",
        "8 X 9/9 1000/0/1000 KILL_ENGAGED",
        "8 Y(X) 6/6 1000/0/1000",
        "9 Y(X) 39=0 102=2 434=1 VENUE_REFUSED",
    ]


def test_an_order_that_is_filled_while_suspended_and_then_busted(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    kill_id = kill(desk)
    child.fill(1000, "10", "B")
    child.bust("B", 1000, "C")
    assert desk.oms.heard() == [
        "8 X 0/0 1000/0/1000",
        "8 X 9/9 1000/0/1000 KILL_ENGAGED",
        "8 X F/2 1000/1000/0 +1000@10 ~10",
        "8 X H/0 1000/0/1000 19=B ~0",
        "8 X 9/9 1000/0/1000 KILL_ENGAGED",
    ]
    arm(desk, kill_id)
    assert desk.oms.heard() == ["8 X D/0 1000/0/1000 378=4 KILL_RELEASED"]


def test_a_bust_after_the_release_finds_an_order_that_is_not_suspended(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    kill_id = kill(desk)
    child.fill(1000, "10", "B")
    arm(desk, kill_id)
    desk.oms.heard()
    child.bust("B", 1000, "C")
    assert desk.oms.heard() == ["8 X H/0 1000/0/1000 19=B ~0"]


def test_an_immediate_order_ends_when_a_kill_takes_its_child_back(desk: Desk) -> None:
    desk.oms.order("X", tif="3")
    child = desk.a.child()
    child.fill(100, "11", "B")
    kill(desk)
    child.cancel()
    assert desk.oms.heard() == [
        "8 X 0/0 1000/0/1000",
        "8 X F/1 1000/100/900 +100@11 ~11",
        "8 X 9/9 1000/100/900 KILL_ENGAGED",
        "8 X 4/4 1000/100/0",
    ]


def test_a_kill_of_one_account_leaves_others_alone(desk: Desk) -> None:
    desk.oms.order("X", extra="1=RED")
    desk.oms.order("Z", extra="1=BLUE")
    for child in desk.a.children:
        child.ack()
    desk.oms.heard(), desk.a.heard()
    kill(desk, "account", "RED")
    assert desk.oms.heard() == ["8 X 9/9 1000/0/1000 KILL_ENGAGED"]
    assert desk.a.heard() == ["F c1"]
    desk.a.children[0].cancel()
    desk.wait(1)
    assert desk.a.heard() == []


def test_a_kill_of_one_venue_moves_its_orders_elsewhere(desk: Desk) -> None:
    desk.data_b.book(offer="11.5")
    desk.oms.order("X")
    a = desk.a.child()
    a.ack()
    desk.b.child().fill(desk.b.child().qty, "11.5", "B")
    desk.oms.heard(), desk.a.heard(), desk.b.heard()
    kill(desk, "venue", "LIT_A")
    assert (desk.oms.heard(), desk.a.heard()) == ([], ["F c1"])
    leaves = a.leaves_qty
    a.cancel()
    desk.wait(0.02)
    assert (desk.a.heard(), desk.b.heard()) == ([], [f"D {leaves}@11.5 59=3"])


def test_a_kill_of_more_than_a_record_holds_is_one_record_and_all_of_it_is_sent_again() -> None:
    """Its frames alone are more than a segment of 128 KiB."""
    desk = Desk("venues.LIT_A.tactics=[lit_make]", "routing.slice_s=600")
    desk.open()
    desk.data_a.book()
    for number in range(400):
        desk.oms.order(f"X{number}", 1000 + number, "10")
        desk.now += 10_000_000
    assert len(desk.a.heard()) == 400
    desk.oms.heard()
    desk.oms.drop()
    kill(desk)
    assert len(desk.a.heard()) == 400
    desk.kill()
    desk.boot()
    desk.open()
    told = [line.partition(" K")[0] for line in desk.oms.heard()]
    assert told == [f"8 X{n} 9/9 {1000 + n}/0/{1000 + n}" for n in range(400)]


@pytest.mark.parametrize("stopped", ["killed", "frozen"])
def test_an_order_that_was_held_up_for_long_goes_on_as_before(desk: Desk, stopped: str) -> None:
    """Out of reach of the offer: it looks on, and takes what is there once it is."""
    desk.oms.order("X", 1000, px="10.5", tif="1")
    desk.wait(2)
    if stopped == "killed":
        desk.control(KillRequested("all", "", "ada", "a drill"))
        desk.wait(10)
        (kill,) = desk.node.engine.state.kills
        desk.control(ArmRequested(kill, "bob", "done"))
    else:
        freeze(desk)
        desk.wait(10)
        (parent_id,) = desk.node.engine.state.frozen_parents
        desk.control(ReleaseRequested(parent_id, "bob", "done"))
    desk.a.heard()
    desk.wait(60)
    desk.data_a.book(offer="10.4")
    desk.wait(6)
    assert desk.a.heard()[0] in ("D 1000@10.4 59=3", "D 900@10.4 59=3")


def freeze(desk: Desk) -> None:
    """100 are bought, and the venue says of the same ExecID that they were 200."""
    desk.data_a.book(offer="10.4", size=100)
    desk.wait(6)
    child = desk.a.child()
    child.fill(100, "10.4", "B")
    desk.overfilled.add(child.cl_ord_id)
    child.report("F", "1", "32=200|31=10.4|", exec_id="B")
    child.cancel()
    desk.data_a.book()


def test_an_order_whose_kill_is_released_during_a_cancel_that_is_refused_goes_on(
    desk: Desk,
) -> None:
    desk.data_b.book(offer="11.5")
    desk.oms.order("X", 1000, extra="1=RED|")
    a, b = desk.a.child(), desk.b.child()
    a.ack()
    b.ack()
    desk.control(KillRequested("account", "RED", "ada", "a drill"))
    (kill,) = desk.node.engine.state.kills
    b.cancel()
    desk.wait(1)
    desk.oms.cancel("Y", "X")
    desk.control(ArmRequested(kill, "bob", "done"))
    a.refuse_cancel("2", "0")
    desk.a.heard(), desk.b.heard()
    desk.wait(6)
    assert any(line.startswith("D ") for line in (*desk.a.heard(), *desk.b.heard()))
