"""Group B of the order state matrices: OrderCancelRequest(F), with everything that may cross it."""

from __future__ import annotations

import pytest

from tests.oms.desk import Desk


def start(desk: Desk, qty: int = 1000) -> None:
    """X is acknowledged, and its child is at work."""
    desk.oms.order("X", qty)
    desk.a.child().ack()
    assert desk.oms.heard() == [f"8 X 0/0 {qty}/0/{qty}"]
    desk.a.heard()


def test_b_1_a_nothing_is_filled(desk: Desk) -> None:
    start(desk)
    desk.oms.cancel("Y", "X")
    assert desk.oms.heard() == ["8 Y(X) 6/6 1000/0/1000"]
    assert desk.a.heard() == ["F c1"]
    desk.a.child().cancel()
    assert desk.oms.heard() == ["8 Y(X) 4/4 1000/0/0"]
    desk.wait(60)
    assert (desk.oms.heard(), desk.a.heard()) == ([], [])


def test_b_1_a_the_venue_tells_that_it_is_pending(desk: Desk) -> None:
    start(desk)
    desk.oms.cancel("Y", "X")
    child = desk.a.child()
    child.report("6", "6", f"41={child.cl_ord_id}|", cl_ord_id=child.cancel_ids[-1])
    assert desk.oms.heard() == ["8 Y(X) 6/6 1000/0/1000"]
    child.cancel()
    assert desk.oms.heard() == ["8 Y(X) 4/4 1000/0/0"]


def test_b_1_a_the_order_has_no_child_at_work(desk: Desk) -> None:
    desk.oms.order("X", px="10")
    desk.oms.cancel("Y", "X")
    assert desk.oms.heard() == [
        "8 X 0/0 1000/0/1000",
        "8 Y(X) 6/6 1000/0/1000",
        "8 Y(X) 4/4 1000/0/0",
    ]


def test_b_1_a_by_order_id(desk: Desk) -> None:
    desk.oms.order("X", px="10")
    (new,) = desk.oms.read()
    desk.oms.say("F", f"11=Y|41=X|37={new.get('37')}|55=ACME|54=1|60=20260105-14:30:00")
    assert desk.oms.heard() == ["8 Y(X) 6/6 1000/0/1000", "8 Y(X) 4/4 1000/0/0"]


def test_b_1_a_the_venue_refuses(desk: Desk) -> None:
    start(desk)
    desk.oms.cancel("Y", "X")
    desk.a.child().refuse_cancel("2", "0")
    assert desk.oms.heard() == ["8 Y(X) 6/6 1000/0/1000", "9 Y(X) 39=0 102=2 434=1 VENUE_REFUSED"]
    desk.a.child().fill(1000, "11", "B")
    assert desk.oms.heard() == ["8 X F/2 1000/1000/0 +1000@11 ~11"]


def test_b_1_a_after_a_refusal_it_may_be_asked_again(desk: Desk) -> None:
    start(desk)
    desk.oms.cancel("Y", "X")
    desk.a.child().refuse_cancel("2", "0")
    desk.oms.heard(), desk.a.heard()
    desk.oms.cancel("Z", "X")
    assert desk.a.heard() == ["F c1"]
    desk.a.child().cancel()
    assert desk.oms.heard() == ["8 Z(X) 6/6 1000/0/1000", "8 Z(X) 4/4 1000/0/0"]


def test_b_1_b_partly_filled_before_and_while_it_is_pending(desk: Desk) -> None:
    start(desk)
    child = desk.a.child()
    child.fill(200, "10", "B")
    desk.oms.cancel("Y", "X", now=False)
    child.fill(300, "10", "C")
    assert desk.oms.heard() == [
        "8 X F/1 1000/200/800 +200@10 ~10",
        "8 X F/1 1000/500/500 +300@10 ~10",
        "8 Y(X) 6/6 1000/500/500",
    ]
    child.fill(100, "10", "D")
    assert desk.oms.heard() == ["8 X F/6 1000/600/400 +100@10 ~10"]
    child.cancel()
    assert desk.oms.heard() == ["8 Y(X) 4/4 1000/600/0"]


def test_b_1_c_filled_before_the_cancel_is_done(desk: Desk) -> None:
    start(desk)
    child = desk.a.child()
    child.fill(500, "10", "B")
    desk.oms.cancel("Y", "X")
    assert desk.oms.heard() == ["8 X F/1 1000/500/500 +500@10 ~10", "8 Y(X) 6/6 1000/500/500"]
    child.fill(500, "10", "C")
    assert desk.oms.heard() == [
        "8 X F/6 1000/1000/0 +500@10 ~10",
        "9 Y(X) 39=2 102=0 434=1 ORDER_CLOSED",
    ]
    child.refuse_cancel("0", "2")
    desk.wait(10)
    assert (desk.oms.heard(), desk.a.heard()) == ([], ["F c1"])


def test_b_1_c_of_an_order_that_is_filled_already(desk: Desk) -> None:
    start(desk)
    desk.a.child().fill(1000, "10", "B")
    desk.oms.cancel("Y", "X")
    assert desk.oms.heard() == [
        "8 X F/2 1000/1000/0 +1000@10 ~10",
        "9 Y(X) 39=2 102=0 434=1 ORDER_CLOSED",
    ]


def test_b_1_d_order_and_cancel_arrive_together(desk: Desk) -> None:
    desk.oms.order("X", now=False)
    desk.oms.cancel("Y", "X")
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000", "8 Y(X) 6/6 1000/0/1000"]
    assert desk.a.heard() == ["D 1000@11 59=3", "F c1"]
    desk.a.child().ack()
    assert desk.oms.heard() == []
    desk.a.child().cancel()
    assert desk.oms.heard() == ["8 Y(X) 4/4 1000/0/0"]


def test_b_1_e_the_cancel_overtakes_every_word_of_the_venue(desk: Desk) -> None:
    desk.oms.order("X")
    desk.oms.cancel("Y", "X")
    desk.a.child().cancel()
    assert desk.oms.heard() == [
        "8 X 0/0 1000/0/1000",
        "8 Y(X) 6/6 1000/0/1000",
        "8 Y(X) 4/4 1000/0/0",
    ]


def test_b_1_f_of_an_order_that_is_not_known(desk: Desk) -> None:
    desk.oms.cancel("Y", "X")
    assert desk.oms.heard() == ["9 Y(X) 37=NONE 39=8 102=1 434=1 ORDER_UNKNOWN"]


def test_b_1_f_uses_up_neither_id(desk: Desk) -> None:
    desk.oms.cancel("Y", "X")
    desk.oms.order("X", px="10")
    desk.oms.cancel("Y", "X")
    assert desk.oms.heard()[1:] == [
        "8 X 0/0 1000/0/1000",
        "8 Y(X) 6/6 1000/0/1000",
        "8 Y(X) 4/4 1000/0/0",
    ]


def test_b_1_f_another_sessions_order_is_not_known(desk: Desk) -> None:
    start(desk)
    desk.other.cancel("Y", "X")
    assert desk.other.heard() == ["9 Y(X) 37=NONE 39=8 102=1 434=1 ORDER_UNKNOWN"]
    assert (desk.oms.heard(), desk.a.heard()) == ([], [])


def test_a_second_cancel_is_refused_while_the_first_is_pending(desk: Desk) -> None:
    start(desk)
    desk.oms.cancel("Y", "X")
    desk.oms.cancel("Z", "X")
    assert desk.oms.heard() == [
        "8 Y(X) 6/6 1000/0/1000",
        "9 Z(X) 39=6 102=3 434=1 ORDER_PENDING",
    ]
    desk.a.child().cancel()
    assert desk.oms.heard() == ["8 Y(X) 4/4 1000/0/0"]


def test_a_request_with_a_used_id_is_refused(desk: Desk) -> None:
    start(desk)
    desk.oms.cancel("X", "X")
    assert desk.oms.heard() == ["9 X(X) 39=0 102=6 434=1 CLORDID_DUPLICATE"]
    desk.oms.replace("X", "X", 1200)
    assert desk.oms.heard() == ["9 X(X) 39=0 102=6 434=2 CLORDID_DUPLICATE"]
    assert desk.a.heard() == []


@pytest.mark.parametrize("flag", ["97=Y|", ""])
def test_a_cancel_that_comes_again_while_it_is_pending_is_a_question(desk: Desk, flag: str) -> None:
    start(desk)
    desk.oms.cancel("Y", "X")
    desk.oms.heard()
    desk.oms.cancel("Y", "X", header=flag)
    assert desk.oms.heard() == ["8 Y(X) I/6 1000/0/1000"]
    assert desk.a.heard() == ["F c1"], "its child is taken back once"
    desk.a.child().cancel()
    assert desk.oms.heard() == ["8 Y(X) 4/4 1000/0/0"], "and the first one goes on"


def test_a_cancel_that_is_over_is_a_question_if_it_says_that_it_may_come_again(desk: Desk) -> None:
    start(desk)
    desk.oms.cancel("Y", "X")
    desk.a.child().cancel()
    desk.oms.heard()
    desk.oms.cancel("Y", "X", header="97=Y|")
    assert desk.oms.heard() == ["8 Y(X) I/4 1000/0/0"]
    desk.oms.cancel("Y", "X")
    assert desk.oms.heard() == ["9 Y(X) 39=4 102=6 434=1 CLORDID_DUPLICATE"]


def test_a_cancel_that_never_arrived_is_new_whatever_it_says(desk: Desk) -> None:
    start(desk)
    desk.oms.cancel("Y", "X", header="97=Y|")
    assert desk.oms.heard() == ["8 Y(X) 6/6 1000/0/1000"]
    desk.a.child().cancel()


def test_another_request_under_the_id_of_a_pending_one_is_refused_and_ends_nothing(
    desk: Desk,
) -> None:
    start(desk)
    desk.oms.cancel("Y", "X")
    desk.oms.heard()
    for flag in ("", "97=Y|"):
        desk.oms.replace("Y", "X", 1200, header=flag)
        assert desk.oms.heard() == ["9 Y(X) 39=6 102=6 434=2 CLORDID_DUPLICATE"]
    desk.a.child().cancel()
    assert desk.oms.heard() == ["8 Y(X) 4/4 1000/0/0"]
    desk.wait(5)
    assert desk.a.heard() == ["F c1"], "nothing of it is placed again"


def test_an_orders_own_id_is_no_requests(desk: Desk) -> None:
    start(desk)
    desk.oms.cancel("X", "X", header="97=Y|")
    assert desk.oms.heard() == ["9 X(X) 39=0 102=6 434=1 CLORDID_DUPLICATE"]


def test_an_order_is_canceled_when_its_last_child_has_answered(desk: Desk) -> None:
    desk.data_b.book()
    desk.oms.order("X", 2000)
    a, b = desk.a.child(), desk.b.child()
    desk.oms.cancel("Y", "X")
    a.cancel()
    assert desk.oms.heard() == ["8 X 0/0 2000/0/2000", "8 Y(X) 6/6 2000/0/2000"]
    b.fill(700, "11", "B")
    b.cancel()
    assert desk.oms.heard() == ["8 X F/6 2000/700/1300 +700@11 ~11", "8 Y(X) 4/4 2000/700/0"]


def test_a_refusal_at_one_venue_waits_for_the_other(desk: Desk) -> None:
    desk.data_b.book()
    desk.oms.order("X", 2000)
    a, b = desk.a.child(), desk.b.child()
    a.ack()
    b.ack()
    desk.oms.cancel("Y", "X")
    a.refuse_cancel("2", "0")
    assert desk.oms.heard() == ["8 X 0/0 2000/0/2000", "8 Y(X) 6/6 2000/0/2000"]
    b.fill(1000, "11", "B")
    assert desk.oms.heard() == [
        "8 X F/6 2000/1000/1000 +1000@11 ~11",
        "9 Y(X) 39=1 102=2 434=1 VENUE_REFUSED",
    ]
