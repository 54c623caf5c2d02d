"""Group J of the order state matrices: TradeCancel (150=H) and TradeCorrect (150=G)."""

from __future__ import annotations

import pytest

from tests.oms.desk import Desk
from tests.oms.peers import Child


def opened_again(desk: Desk) -> Child:
    """A filled child whose venue busts the fill and leaves it open, after its parent's time."""
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(1000, "10", "B")
    desk.wait(600)
    child.open = True
    child.bust("B", 1000, "C")
    return child


def test_j_1_a_busts_and_corrections_of_a_filled_order(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(100, "10", "B")
    child.fill(900, "11", "C")
    assert desk.oms.heard() == [
        "8 X 0/0 1000/0/1000",
        "8 X F/1 1000/100/900 +100@10 ~10",
        "8 X F/2 1000/1000/0 +900@11 ~10.9",
    ]
    child.bust("B", 100, "BB")
    assert desk.oms.heard() == ["8 X H/1 1000/900/100 19=B ~11"]
    child.correct("C", 900, 900, "10", "CC")
    assert desk.oms.heard() == ["8 X G/1 1000/900/100 +900@10 19=C ~10"]
    desk.wait(1)
    assert desk.a.heard() == ["D 1000@11 59=3", "D 100@11 59=3"], "what was taken back is due again"
    desk.a.child().fill(100, "12", "D")
    assert desk.oms.heard() == ["8 X F/2 1000/1000/0 +100@12 ~10.2"]
    child.correct("CC", 900, 900, "12", "CCC")
    assert desk.oms.heard() == ["8 X G/2 1000/1000/0 +900@12 19=CC ~12"]
    desk.oms.replace("Y", "X", 1200)
    assert desk.oms.heard() == ["9 Y(X) 39=2 102=0 434=2 ORDER_CLOSED"]
    child.correct("CCC", 900, 850, "12", "C4")
    assert desk.oms.heard() == ["8 X G/1 1000/950/50 +850@12 19=CCC ~12"]


def test_j_1_a_an_increase_while_a_bust_has_opened_the_order_again(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(1000, "10", "B")
    child.correct("B", 1000, 900, "10", "C")
    desk.oms.replace("Y", "X", 1200)
    child.correct("C", 900, 950, "10", "D")
    assert desk.oms.heard()[2:] == [
        "8 X G/1 1000/900/100 +900@10 19=B ~10",
        "8 Y(X) E/E 1000/900/100",
        "8 Y(X) 5/1 1200/900/300",
        "8 Y G/1 1200/950/250 +950@10 19=C ~10",
    ]


def test_j_1_a_a_bust_of_all_that_was_filled(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(300, "10", "B")
    child.bust("B", 300, "C")
    child.fill(1000, "11", "D")
    assert desk.oms.heard() == [
        "8 X 0/0 1000/0/1000",
        "8 X F/1 1000/300/700 +300@10 ~10",
        "8 X H/0 1000/0/1000 19=B ~0",
        "8 X F/2 1000/1000/0 +1000@11 ~11",
    ]


def test_j_1_a_a_bust_while_a_cancel_is_pending(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(300, "10", "B")
    desk.oms.cancel("Y", "X")
    child.bust("B", 300, "C")
    child.cancel()
    assert desk.oms.heard()[2:] == [
        "8 Y(X) 6/6 1000/300/700",
        "8 X H/6 1000/0/1000 19=B ~0",
        "8 Y(X) 4/4 1000/0/0",
    ]


def test_j_1_b_a_bust_and_a_late_fill_of_a_canceled_order(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(500, "10", "B")
    desk.oms.cancel("Y", "X")
    child.cancel()
    assert desk.oms.heard()[2:] == ["8 Y(X) 6/6 1000/500/500", "8 Y(X) 4/4 1000/500/0"]
    child.bust("B", 500, "C")
    assert desk.oms.heard() == ["8 X H/4 1000/0/0 19=B ~0"]
    child.fill(400, "11", "D")
    assert desk.oms.heard() == ["8 X F/4 1000/400/0 +400@11 ~11"]
    desk.wait(10)
    assert desk.a.heard() == ["D 1000@11 59=3", "F c1"], "a canceled order stays so"


def test_a_bust_after_the_end_of_the_day(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    child.fill(500, "10", "B")
    desk.wait(600)
    child.cancel()
    child.bust("B", 500, "C")
    assert desk.oms.heard()[2:] == ["8 X 3/3 1000/500/0", "8 X H/3 1000/0/0 19=B ~0"]


def test_an_order_that_its_venue_opens_again_is_taken_back_before_its_shares_go_elsewhere(
    desk: Desk,
) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(300, "10", "B")
    child.fill(700, "10", "D")
    child.open = True
    child.bust("B", 300, "C")
    assert desk.oms.heard()[3:] == ["8 X H/1 1000/700/300 19=B ~10"]
    desk.wait(1)
    assert desk.a.heard() == ["D 1000@11 59=3", "F c1"], "300 are at work there"
    child.cancel()
    desk.wait(1)
    assert desk.a.heard() == ["D 300@11 59=3"]


def test_a_time_that_is_up_waits_for_an_order_that_its_venue_opens_again(desk: Desk) -> None:
    child = opened_again(desk)
    assert desk.oms.heard()[2:] == ["8 X H/0 1000/0/1000 19=B ~0"]
    child.cancel()
    assert desk.oms.heard() == ["8 X 3/3 1000/0/0"]


def test_an_order_that_is_opened_again_after_its_parents_end_is_taken_back(desk: Desk) -> None:
    desk.oms.order("X", 500)
    desk.oms.replace("Y", "X", 1000)
    child = desk.a.child()
    child.fill(500, "10", "B")
    desk.oms.cancel("Z", "Y")
    desk.a.heard()
    child.open = True
    child.bust("B", 500, "C")
    assert desk.a.heard() == ["F c1"]
    child.refuse_cancel()
    desk.wait(10)
    assert desk.a.heard()[:1] == ["F c1"], "and again, as long as it is there"
    desk.a.drop()
    desk.a.connect()
    assert desk.a.heard() == ["AF"], "nor is it forgotten when its line is lost"
    child.cancel()
    desk.wait(10)
    assert desk.a.heard() == []


def test_of_an_order_whose_end_was_lost_after_a_bust_its_venue_is_asked(desk: Desk) -> None:
    """Simulation, seed 8002: the order was opened again and canceled, and only the first came."""
    child = opened_again(desk)
    assert desk.a.heard()[-1] == "F c1"
    child.refuse_cancel(reason="0", status="4")
    assert desk.a.heard() == ["H c1"]
    child.tell_status("4")
    assert desk.oms.heard()[-1] == "8 X 3/3 1000/0/0"


@pytest.mark.parametrize(("status", "ends"), [("4", True), ("C", True), ("2", False)])
def test_a_venue_that_answers_no_questions_is_believed_the_second_time(
    status: str, ends: bool
) -> None:
    """But if it says that the order was filled, executions are still to come."""
    desk = Desk("venues.LIT_A.mass_status=none")
    desk.open()
    child = opened_again(desk)
    for _ in range(2):
        desk.wait(2)
        assert desk.a.heard()[-1] == "F c1"
        child.refuse_cancel(reason="0", status=status)
    assert (desk.oms.heard()[-1] == "8 X 3/3 1000/0/0") is ends


def test_a_bust_that_comes_twice_counts_once(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(500, "10", "B")
    child.bust("B", 500, "C")
    desk.oms.heard()
    child.report("H", "0", "19=B|32=500|31=10|", exec_id="C")
    child.report("H", "0", "19=B|32=500|31=10|", exec_id="D")
    assert desk.oms.heard() == [], "the same ExecID, and another of what is undone already"


def test_a_bust_of_what_is_not_known_changes_nothing(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(500, "10", "B")
    desk.oms.heard()
    child.report("H", "0", "19=Q|32=500|31=10|", exec_id="C")
    assert desk.oms.heard() == []
    child.fill(500, "10", "D")
    assert desk.oms.heard() == ["8 X F/2 1000/1000/0 +500@10 ~10"]


def test_a_fill_that_was_busted_before_it_came_never_was(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    child.report("H", "0", "19=B|32=500|31=10|", exec_id="C")
    desk.oms.heard()
    child.cum_qty = -500
    child.fill(500, "10", "B")
    assert desk.oms.heard() == []
    child.report("F", "1", "32=500|31=10|", exec_id="B")
    child.report("H", "0", "19=B|32=500|31=10|", exec_id="C")
    assert desk.oms.heard() == [], "nor does it when either is told again"
    child.fill(1000, "10", "D")
    assert desk.oms.heard() == ["8 X F/2 1000/1000/0 +1000@10 ~10"]


def test_a_fill_that_was_corrected_before_it_came_is_told_as_corrected(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    child.report("G", "1", "19=B|32=450|31=10.5|", exec_id="C")
    child.report("G", "1", "19=C|32=400|31=11|", exec_id="D")
    desk.oms.heard()
    child.cum_qty = -100
    child.fill(500, "10", "B")
    assert desk.oms.heard() == ["8 X F/1 1000/400/600 +400@11 ~11"]
    assert desk.oms.inbox[-1].get("17").endswith(".D"), "under the name of its last correction"
    child.correct("D", 400, 300, "11", "E")
    assert desk.oms.heard() == ["8 X G/1 1000/300/700 +300@11 19=D ~11"]


def test_a_bust_that_names_another_orders_execution_changes_nothing(desk: Desk) -> None:
    desk.oms.order("X", 500)
    desk.oms.order("Z", 500)
    first, second = desk.a.children
    first.fill(300, "10", "B")
    second.fill(300, "10", "C")
    desk.oms.heard()
    second.report("H", "0", "19=B|32=300|31=10|", exec_id="D")
    assert desk.oms.heard() == []


@pytest.mark.parametrize(
    ("told", "lacking"), [("31=10.5|", "LastQty(32)"), ("32=300|", "LastPx(31)"), ("", "LastQty")]
)
def test_a_correction_that_does_not_say_to_what_is_a_fault_and_takes_nothing_back(
    desk: Desk, told: str, lacking: str
) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(400, "11", "B")
    desk.oms.heard()
    child.report("G", "1", f"19=B|{told}", exec_id="C")
    assert desk.oms.heard() == []
    (fault,) = desk.node.faults
    assert "a correction without" in fault
    assert lacking in fault
    child.correct("B", 400, 300, "10.5", "C")
    assert desk.oms.heard() == ["8 X G/1 1000/300/700 +300@10.5 19=B ~10.5"], "C was not used up"
