"""What a venue says by the way of the rest of an order: that it is over, works, or is smaller."""

from __future__ import annotations

import pytest

from router.core.orders import ChildStatus
from router.messages import SettleRequested
from tests.oms.desk import Desk
from tests.oms.peers import Child


def at_work(desk: Desk, qty: int = 1000) -> Child:
    desk.oms.order("X", qty)
    child = desk.a.child()
    child.ack()
    desk.oms.heard(), desk.a.heard()
    return child


def status(desk: Desk, child: Child) -> ChildStatus:
    return desk.node.engine.state.children[child.cl_ord_id].status


# -- a part is declined (378=5), fix.md E.1.d ------------------------------------------------------


def test_a_part_that_is_declined_is_free_and_the_rest_is_filled(desk: Desk) -> None:
    child = at_work(desk)
    child.report("D", "0", "378=5|", qty=900)
    assert desk.oms.heard() == []
    child.cum_qty, child.open = 900, False
    child.report("F", "2", "32=900|31=10|", exec_id="B", qty=900)
    assert desk.oms.heard() == ["8 X F/1 1000/900/100 +900@10 ~10"]
    assert status(desk, child) is ChildStatus.FILLED
    desk.wait(0.02)
    assert desk.a.heard() == ["D 100@11 59=3"], "what was declined is sought elsewhere"


def test_all_that_was_left_is_declined(desk: Desk) -> None:
    child = at_work(desk)
    child.fill(400, "10", "B")
    child.open = False
    child.report("D", "2", "378=5|", qty=400)
    assert status(desk, child) is ChildStatus.FILLED
    desk.wait(0.02)
    assert desk.a.heard() == ["D 600@11 59=3"]


def test_no_venue_makes_an_order_larger(desk: Desk) -> None:
    child = at_work(desk)
    child.report("D", "0", "378=5|", qty=1500)
    assert desk.node.engine.state.children[child.cl_ord_id].qty == 1000


def test_all_that_was_left_is_declined_by_a_number_alone(desk: Desk) -> None:
    child = at_work(desk)
    child.fill(400, "10", "B")
    child.open = False
    child.report("D", "1", "378=5|", qty=400)
    assert status(desk, child) is ChildStatus.FILLED


# -- filled, and not all of it was told ------------------------------------------------------------


def test_a_last_fill_that_counts_more_than_was_told_is_asked_about(desk: Desk) -> None:
    child = at_work(desk)
    child.cum_qty = 400  # it was told, and its message was filled by a gap
    child.fill(600, "10", "C")
    assert desk.oms.heard() == ["8 X F/1 1000/600/400 +600@10 ~10"]
    assert status(desk, child) is ChildStatus.UNKNOWN
    assert desk.a.heard() == ["H c1"]
    desk.wait(1)
    assert desk.a.heard() == [], "nothing goes elsewhere: 400 shares may have traded"
    child.report("F", "2", "32=400|31=10|", exec_id="B")
    assert status(desk, child) is ChildStatus.FILLED
    assert desk.oms.heard() == ["8 X F/2 1000/1000/0 +400@10 ~10"]


def test_a_correction_that_counts_more_than_was_told_is_asked_about(desk: Desk) -> None:
    child = at_work(desk)
    child.fill(500, "10", "B")
    child.cum_qty = 900
    child.correct("B", 500, 600, "10", "C")
    assert status(desk, child) is ChildStatus.UNKNOWN
    assert desk.a.heard() == ["H c1"]


def test_what_was_claimed_and_not_told_is_not_free_for_a_venue_that_forgets(desk: Desk) -> None:
    child = at_work(desk)
    child.cum_qty = 400
    child.fill(600, "10", "C")
    desk.a.heard()
    for _ in range(3):
        child.report("I", "8", "103=5|", exec_id="0", order_id="NONE", qty=0)
    desk.wait(30)
    asked = desk.a.heard()
    assert set(asked) <= {"H c1", "F c1"}
    assert 2 <= len(asked) <= 8, "ever more slowly"
    assert status(desk, child) is ChildStatus.UNKNOWN


# -- halted, stopped -------------------------------------------------------------------------------


@pytest.mark.parametrize("ord_status", ["9", "7", "E"])
def test_an_order_whose_stock_is_halted_is_alive(desk: Desk, ord_status: str) -> None:
    child = at_work(desk)
    desk.a.drop()
    desk.a.connect()
    child.tell_status(status=ord_status, extra="584=M|911=1|912=Y|")
    assert status(desk, child) is ChildStatus.LIVE
    assert "LIT_A" in desk.node.engine.state.open_mics(), "others may trade there"


# -- a cancel that takes its time ------------------------------------------------------------------


def test_a_cancel_that_its_venue_is_slow_with_is_waited_for(desk: Desk) -> None:
    child = at_work(desk)
    desk.oms.cancel("Y", "X")
    child.report("6", "6", f"41={child.cl_ord_id}|", cl_ord_id=child.cancel_ids[-1])
    desk.wait(2)
    assert desk.a.heard() == ["F c1", "H c1"]
    child.tell_status(status="6")
    assert status(desk, child) is ChildStatus.CANCEL_PENDING
    assert desk.oms.heard() == ["8 Y(X) 6/6 1000/0/1000"], "the client's cancel is not refused"
    desk.wait(2)
    assert desk.a.heard() == ["H c1"], "it is asked about again, and not canceled twice"
    child.tell_status(status="6")
    child.cancel()
    assert desk.oms.heard() == ["8 Y(X) 4/4 1000/0/0"]
    desk.wait(10)
    assert desk.a.heard() == []


def test_a_second_cancel_that_comes_too_early_is_no_refusal(desk: Desk) -> None:
    child = at_work(desk)
    desk.oms.cancel("Y", "X")
    desk.wait(2)
    child.refuse_cancel(reason="3", status="6")
    assert status(desk, child) is ChildStatus.CANCEL_PENDING
    assert desk.oms.heard() == ["8 Y(X) 6/6 1000/0/1000"]
    child.cancel()
    assert desk.oms.heard() == ["8 Y(X) 4/4 1000/0/0"]


def test_a_venue_that_has_no_cancel_of_ours_but_says_so_refuses_it(desk: Desk) -> None:
    child = at_work(desk)
    desk.oms.cancel("Y", "X")
    child.refuse_cancel(reason="3", status="0")
    assert desk.oms.heard() == ["8 Y(X) 6/6 1000/0/1000", "9 Y(X) 39=0 102=2 434=1 VENUE_REFUSED"]


def test_what_was_said_of_a_cancel_before_an_outage_is_no_answer_after_it(desk: Desk) -> None:
    child = at_work(desk)
    desk.oms.cancel("Y", "X")
    desk.a.drop()
    child.refuse_cancel(reason="3", status="6")
    desk.a.connect()
    assert status(desk, child) is ChildStatus.UNKNOWN
    assert "LIT_A" not in desk.node.engine.state.open_mics()
    child.cancel()


# -- alive after all -------------------------------------------------------------------------------


def not_known(desk: Desk) -> Child:
    """Twice its venue has not known the order, which is there all the same: it was placed anew."""
    desk.oms.order("X")
    first = desk.a.child()
    desk.wait(2)
    first.not_known()
    first.not_known()
    desk.wait(1)
    desk.a.heard()
    first.open = True
    assert desk.a.child() is not first
    desk.overfilled.add(first.cl_ord_id)
    return first


def test_an_order_that_was_not_known_and_trades_is_taken_back(desk: Desk) -> None:
    first = not_known(desk)
    second = desk.a.child()
    first.fill(300, "10", "B")
    assert desk.a.heard() == ["F c2", "F c1"]
    second.cancel()
    desk.wait(1)
    assert desk.a.heard() == [], "700 may trade there still"
    first.cancel()
    desk.overfilled.clear()
    desk.wait(0.02)
    assert desk.a.heard() == ["D 700@11 59=3"]


def test_a_bust_that_opens_it_takes_back_what_went_elsewhere(desk: Desk) -> None:
    first = not_known(desk)
    first.open = False
    second = desk.a.child()
    second.ack()
    first.fill(300, "10", "B")
    second.cancel()
    desk.wait(0.1)
    third = desk.a.child()
    third.ack()
    desk.a.heard()
    first.open = True
    first.bust("B", 300, "H1")
    assert desk.a.heard() == ["F c3", "F c1"]


def test_a_single_word_does_not_close_again_what_two_had_closed(desk: Desk) -> None:
    first = not_known(desk)
    first.fill(300, "10", "B")
    first.report("I", "8", "103=5|", exec_id="0", order_id="NONE", qty=0)
    assert not desk.node.engine.state.children[first.cl_ord_id].terminal


def said_over(desk: Desk) -> Child:
    """A person has said that an order is over of which nothing was heard."""
    desk.oms.order("X")
    child = desk.a.child()
    desk.wait(2)
    desk.control(SettleRequested(child.cl_ord_id, (), 0, over=True, who="ada", reason="they say"))
    desk.oms.heard(), desk.a.heard()
    desk.overfilled.add(child.cl_ord_id)
    return child


def test_one_that_a_person_said_to_be_over_and_that_trades_is_taken_back(desk: Desk) -> None:
    child = said_over(desk)
    child.fill(300, "10", "B")
    assert desk.a.heard() == ["F c1"]
    assert status(desk, child) is ChildStatus.CANCEL_PENDING


def test_an_execution_that_says_nothing_of_the_rest_is_no_answer(desk: Desk) -> None:
    child = said_over(desk)
    child.open = False
    child.fill(300, "10", "B")  # 39=4: what came late
    assert desk.node.engine.state.venue["LIT_A"].said_over == [child.cl_ord_id]


# -- another venue's order -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "report",
    [
        "150=4|39=4|14=0|151=0|",
        "150=F|39=1|32=100|31=10|14=100|151=900|",
        "150=8|39=8|14=0|151=0|",
    ],
)
def test_no_venue_has_a_say_in_another_ones_order(desk: Desk, report: str) -> None:
    child = at_work(desk)
    desk.b.say("8", f"37=V9|11={child.cl_ord_id}|17=q1|55=ACME|54=1|38=1000|44=11|6=0|{report}")
    desk.b.say("9", f"37=V9|11=f|41={child.cl_ord_id}|39=8|434=1|102=1|")
    desk.wait(1)
    assert status(desk, child) is ChildStatus.LIVE
    assert desk.oms.heard() == []
    held = [each.event.mic for each in desk.node.engine.state.suspense.entries.values()]
    assert held == (["LIT_B"] if "150=F" in report else []), "a stranger's, to us"
