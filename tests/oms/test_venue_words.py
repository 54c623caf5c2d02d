"""What venues say out of turn, twice, too late, too much, or in words of their own (fix.md S7)."""

from __future__ import annotations

import pytest

from tests.oms.desk import Desk


def test_a_fill_before_the_acknowledgement(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(200, "10", "B")
    child.ack()
    child.fill(800, "10", "C")
    assert desk.oms.heard() == [
        "8 X 0/0 1000/0/1000",
        "8 X F/1 1000/200/800 +200@10 ~10",
        "8 X F/2 1000/1000/0 +800@10 ~10",
    ]


def test_a_fill_after_the_order_was_canceled(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.oms.cancel("Y", "X")
    child.cancel()
    child.fill(300, "10", "B")
    assert desk.oms.heard() == [
        "8 X 0/0 1000/0/1000",
        "8 Y(X) 6/6 1000/0/1000",
        "8 Y(X) 4/4 1000/0/0",
        "8 X F/4 1000/300/0 +300@10 ~10",
    ]


def test_a_fill_after_its_child_was_given_back(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.cancel()
    child.fill(300, "10", "B")
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000", "8 X F/1 1000/300/700 +300@10 ~10"]
    desk.wait(0.02)
    assert desk.a.heard() == ["D 1000@11 59=3", "D 700@11 59=3"]


def test_a_late_fill_takes_back_what_would_overfill(desk: Desk) -> None:
    desk.oms.order("X")
    first = desk.a.child()
    first.cancel()
    desk.wait(0.02)
    second = desk.a.child()
    second.ack()
    desk.overfilled.add(first.cl_ord_id)
    first.fill(300, "10", "B")
    assert desk.a.heard() == ["D 1000@11 59=3", "D 1000@11 59=3", "F c2"]
    second.cancel()
    desk.overfilled.clear()
    desk.wait(0.02)
    assert desk.a.heard() == ["D 700@11 59=3"]
    desk.a.child().fill(700, "11", "C")
    assert desk.oms.heard() == [
        "8 X 0/0 1000/0/1000",
        "8 X F/1 1000/300/700 +300@10 ~10",
        "8 X F/2 1000/1000/0 +700@11 ~10.7",
    ]


def test_a_late_fill_takes_back_what_was_in_doubt_when_it_came(desk: Desk) -> None:
    desk.oms.order("X")
    first = desk.a.child()
    first.cancel()
    desk.wait(3)
    assert desk.a.heard() == ["D 1000@11 59=3", "D 1000@11 59=3", "H c2"], "no word of c2"
    second = desk.a.child()
    desk.overfilled.add(first.cl_ord_id)
    first.fill(1000, "10", "B")
    assert desk.oms.heard()[-1] == "8 X F/2 1000/1000/0 +1000@10 ~10"
    second.tell_status()
    assert desk.a.heard() == ["F c2"], "it is there, and nothing is left for it to buy"


def test_the_same_execution_twice_counts_once(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(200, "10", "B")
    child.report("F", "1", "32=200|31=10|", exec_id="B")
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000", "8 X F/1 1000/200/800 +200@10 ~10"]


def test_the_same_id_at_another_venue_is_another_execution(desk: Desk) -> None:
    desk.data_b.book()
    desk.oms.order("X")
    desk.a.child().fill(500, "10", "B")
    desk.b.child().fill(500, "11", "B")
    assert desk.oms.heard()[1:] == [
        "8 X F/1 1000/500/500 +500@10 ~10",
        "8 X F/2 1000/1000/0 +500@11 ~10.5",
    ]


def test_an_execution_of_an_order_that_is_not_ours_is_kept_apart(desk: Desk) -> None:
    desk.a.say(
        "8", "37=V|11=STRANGE|17=B|150=F|39=2|55=ACME|54=1|38=100|32=100|31=10|151=0|14=100|6=10"
    )
    desk.a.say(
        "8", "37=V|11=STRANGE|17=B|150=F|39=2|55=ACME|54=1|38=100|32=100|31=10|151=0|14=100|6=10"
    )
    assert desk.oms.heard() == []
    assert list(desk.node.engine.state.suspense.entries) == ["LIT_A.20260105.B"]


def test_an_overfill_is_booked_and_told_and_stops_the_order(desk: Desk) -> None:
    desk.data_b.book()
    desk.oms.order("X", 2000)
    a, b = desk.a.child(), desk.b.child()
    b.ack()
    desk.overfilled.add(a.cl_ord_id)
    a.fill(1200, "10", "B")
    assert desk.oms.heard() == ["8 X 0/0 2000/0/2000", "8 X F/1 2000/1200/800 +1200@10 ~10"]
    assert desk.b.heard() == ["D 1000@11 59=3", "F c2"], "its siblings are taken back"
    b.cancel()
    desk.wait(60)
    assert (desk.a.heard(), desk.b.heard()) == (["D 1000@11 59=3"], []), "it is frozen"
    desk.oms.cancel("Y", "X")
    assert desk.oms.heard() == ["8 Y(X) 6/6 2000/1200/800", "8 Y(X) 4/4 2000/1200/0"]


def test_an_overfill_of_the_whole_order(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    desk.overfilled.add(child.cl_ord_id)
    child.fill(1300, "10", "B")
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000", "8 X F/2 1000/1300/0 +1300@10 ~10"]


def test_an_order_status_that_we_do_not_know_is_read_by_its_quantities(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.report("0", "Q")
    child.cum_qty = 200
    child.report("F", "Q", "32=200|31=10|", exec_id="B")
    child.fill(800, "10", "C")
    assert desk.oms.heard() == [
        "8 X 0/0 1000/0/1000",
        "8 X F/1 1000/200/800 +200@10 ~10",
        "8 X F/2 1000/1000/0 +800@10 ~10",
    ]


def test_an_exec_type_that_we_do_not_know_moves_nothing(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    child.report("L", "0", "378=99|99999=new|")
    child.fill(1000, "10", "B")
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000", "8 X F/2 1000/1000/0 +1000@10 ~10"]


@pytest.mark.parametrize("exec_type", ["1", "2"])
def test_fills_are_understood_as_older_versions_tell_them(desk: Desk, exec_type: str) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.cum_qty = 1000
    child.report(exec_type, "2", "32=1000|31=10|", exec_id="B")
    child.open = False
    assert desk.oms.heard()[1:] == ["8 X F/2 1000/1000/0 +1000@10 ~10"]


@pytest.mark.parametrize(
    "last", ["", "32=1000|", "32=0|31=10|", "32=-5|31=10|", "32=1.5|31=10|", "32=x|31=10|"]
)
def test_a_trade_without_shares_is_a_fault_and_no_trade(desk: Desk, last: str) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    child.report("F", "1", last, exec_id="B")
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000"]
    assert len(desk.node.faults) == 1
    child.fill(1000, "11", "C")
    assert desk.oms.heard() == ["8 X F/2 1000/1000/0 +1000@11 ~11"]


def test_a_cancel_that_a_venue_will_not_take_is_not_repeated_in_a_storm(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.wait(600)  # the day has ended: the child is not wanted any more
    desk.a.heard()
    child.refuse_cancel("2", "0")
    child.tell_status()
    assert desk.a.heard() == []
    desk.wait(1.9)
    assert desk.a.heard() == []
    desk.wait(0.1)
    assert desk.a.heard() == ["F c1"], "after ack_timeout_s"
    child.cancel()
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000", "8 X 3/3 1000/0/0"]


@pytest.mark.parametrize(
    ("msg_type", "text"),
    [("3", "45={seq}|371=38|372=F|373=5"), ("j", "45={seq}|372=F|379={id}|380=0|58=no")],
)
def test_a_cancel_that_the_venue_cannot_read_is_refused(
    desk: Desk, msg_type: str, text: str
) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.oms.cancel("Y", "X")
    asked = desk.a.inbox[-1]
    desk.a.say(msg_type, text.format(seq=asked.get("34"), id=asked.get("11")))
    assert desk.oms.heard() == [
        "8 X 0/0 1000/0/1000",
        "8 Y(X) 6/6 1000/0/1000",
        "9 Y(X) 39=0 102=2 434=1 VENUE_REFUSED",
    ]
    child.fill(1000, "11", "B")
    assert desk.oms.heard() == ["8 X F/2 1000/1000/0 +1000@11 ~11"]
