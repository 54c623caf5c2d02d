"""Groups C and D of the order state matrices: OrderCancelReplaceRequest(G), alone and in chains."""

from __future__ import annotations

import pytest

from tests.oms.desk import Desk


def start(desk: Desk, filled: int = 0) -> None:
    """X for 1000 is acknowledged, its child is at work and has traded `filled` at 10."""
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    if filled:
        child.fill(filled, "10", "B")
    desk.oms.heard(), desk.a.heard()


def test_c_1_a_nothing_is_filled(desk: Desk) -> None:
    start(desk)
    desk.oms.replace("Y", "X", 1200)
    assert desk.oms.heard() == ["8 Y(X) E/E 1000/0/1000"]
    assert desk.a.heard() == ["F c1"]
    desk.a.child().cancel()
    assert desk.oms.heard() == ["8 Y(X) 5/0 1200/0/1200"]
    desk.wait(0.02)
    assert desk.a.heard() == ["D 1200@11 59=3"]
    desk.a.child().fill(1200, "11", "B")
    assert desk.oms.heard() == ["8 Y F/2 1200/1200/0 +1200@11 ~11"]


def test_c_1_a_the_new_price_holds_for_what_is_sent_then(desk: Desk) -> None:
    start(desk)
    desk.oms.replace("Y", "X", 1000, px="10.5")
    desk.a.child().cancel()
    desk.wait(1)
    assert desk.a.heard() == ["F c1"], "the offer of 11 is beyond the new limit"
    desk.data_a.book(offer="10.5")
    desk.wait(5)
    assert desk.a.heard() == ["D 1000@10.5 59=3"]
    _, replaced = desk.oms.read()
    assert (replaced.get("44"), replaced.get("150")) == ("10.5", "5")
    desk.a.child().fill(1000, "10.5", "B")
    assert desk.oms.heard() == ["8 Y F/2 1000/1000/0 +1000@10.5 ~10.5"]


def test_c_1_a_to_a_market_order(desk: Desk) -> None:
    start(desk)
    desk.oms.replace("Y", "X", 1000, px="")
    desk.a.child().cancel()
    _, replaced = desk.oms.read()
    assert (replaced.get("150"), replaced.get("40"), replaced.get("44")) == ("5", "1", "")


def test_c_1_b_filled_before_and_while_it_is_pending(desk: Desk) -> None:
    start(desk, filled=100)
    child = desk.a.child()
    desk.oms.replace("Y", "X", 1200)
    child.fill(10, "10", "C")
    child.cancel()
    assert desk.oms.heard() == [
        "8 Y(X) E/E 1000/100/900",
        "8 X F/E 1000/110/890 +10@10 ~10",
        "8 Y(X) 5/1 1200/110/1090",
    ]
    desk.wait(0.02)
    assert desk.a.heard() == ["F c1", "D 1090@11 59=3"]
    desk.a.child().fill(1090, "11", "D")
    # (110 * 10 + 1090 * 11) / 1200 = 10.908333...
    assert desk.oms.heard() == ["8 Y F/2 1200/1200/0 +1090@11 ~10.90833333"]


def test_c_1_c_a_filled_order_is_closed(desk: Desk) -> None:
    start(desk, filled=1000)
    desk.oms.replace("Y", "X", 1200)
    assert desk.oms.heard() == ["9 Y(X) 39=2 102=0 434=2 ORDER_CLOSED"]


def test_c_1_c_filled_while_an_increase_is_pending(desk: Desk) -> None:
    start(desk, filled=100)
    desk.oms.replace("Y", "X", 1200)
    desk.a.child().fill(900, "10", "C")
    assert desk.oms.heard() == [
        "8 Y(X) E/E 1000/100/900",
        "8 X F/E 1000/1000/0 +900@10 ~10",
        "8 Y(X) 5/1 1200/1000/200",
    ]
    desk.wait(0.02)
    assert desk.a.heard() == ["F c1", "D 200@11 59=3"]


def test_c_2_a_filled_before_the_replace_arrives(desk: Desk) -> None:
    start(desk, filled=100)
    desk.oms.replace("Y", "X", 1000, px="11.5", now=False)
    desk.a.child().fill(900, "10", "C")
    assert desk.oms.heard() == [
        "8 X F/2 1000/1000/0 +900@10 ~10",
        "9 Y(X) 39=2 102=0 434=2 ORDER_CLOSED",
    ]


def test_c_2_a_filled_while_a_new_price_is_pending(desk: Desk) -> None:
    start(desk, filled=100)
    desk.oms.replace("Y", "X", 1000, px="11.5")
    desk.a.child().fill(900, "10", "C")
    assert desk.oms.heard() == [
        "8 Y(X) E/E 1000/100/900",
        "8 X F/E 1000/1000/0 +900@10 ~10",
        "9 Y(X) 39=2 102=0 434=2 ORDER_CLOSED",
    ]


def test_c_3_a_a_decrease_with_fills_on_both_sides(desk: Desk) -> None:
    start(desk, filled=100)
    child = desk.a.child()
    desk.oms.replace("Y", "X", 800, now=False)
    child.fill(50, "10", "C")
    child.fill(10, "10", "D")
    child.cancel()
    assert desk.oms.heard() == [
        "8 X F/1 1000/150/850 +50@10 ~10",
        "8 Y(X) E/E 1000/150/850",
        "8 X F/E 1000/160/840 +10@10 ~10",
        "8 Y(X) 5/1 800/160/640",
    ]
    desk.wait(0.02)
    assert desk.a.heard() == ["F c1", "D 640@11 59=3"]
    desk.a.child().fill(640, "10", "E")
    assert desk.oms.heard() == ["8 Y F/2 800/800/0 +640@10 ~10"]


def test_c_3_b_a_decrease_to_what_was_filled_meanwhile(desk: Desk) -> None:
    start(desk, filled=100)
    desk.oms.replace("Y", "X", 700, now=False)
    desk.a.child().fill(600, "10", "C")
    desk.a.child().cancel()
    assert desk.oms.heard() == [
        "8 X F/1 1000/700/300 +600@10 ~10",
        "8 Y(X) E/E 1000/700/300",
        "8 Y(X) 5/2 700/700/0",
    ]
    desk.wait(10)
    assert (desk.oms.heard(), desk.a.heard()) == ([], ["F c1"])


def test_c_3_c_a_decrease_below_what_was_filled_meanwhile(desk: Desk) -> None:
    start(desk, filled=100)
    desk.oms.replace("Y", "X", 700)
    desk.a.child().fill(700, "10", "C")
    desk.a.child().cancel()
    assert desk.oms.heard() == [
        "8 Y(X) E/E 1000/100/900",
        "8 X F/E 1000/800/200 +700@10 ~10",
        "8 Y(X) 5/2 800/800/0",
    ]


# --- D: one request after another ----------------------------------------------------------------


def test_d_1_a_each_request_names_the_last_accepted_id(desk: Desk) -> None:
    start(desk, filled=100)
    desk.oms.replace("Y", "X", 1200)
    desk.a.child().cancel()
    assert desk.oms.heard() == ["8 Y(X) E/E 1000/100/900", "8 Y(X) 5/1 1200/100/1100"]
    desk.wait(0.02)
    child = desk.a.child()
    child.ack()
    desk.oms.replace("Z", "Y", 1300)
    child.fill(10, "11", "C")
    child.cancel()
    assert desk.oms.heard() == [
        "8 Z(Y) E/E 1200/100/1100",
        "8 Y F/E 1200/110/1090 +10@11 ~10.09090909",
        "8 Z(Y) 5/1 1300/110/1190",
    ]
    desk.wait(0.02)
    desk.oms.cancel("W", "Z")
    desk.a.child().cancel()
    assert desk.oms.heard() == ["8 W(Z) 6/6 1300/110/1190", "8 W(Z) 4/4 1300/110/0"]


def test_d_1_b_after_a_refusal_at_once_the_first_id_still_holds(desk: Desk) -> None:
    start(desk, filled=100)
    desk.oms.replace("Y", "X", 6_000_000)
    assert desk.oms.heard() == ["9 Y(X) 39=1 102=2 434=2 QTY_MAX_EXCEEDED"]
    desk.oms.replace("Z", "X", 1200)
    desk.a.child().cancel()
    assert desk.oms.heard() == ["8 Z(X) E/E 1000/100/900", "8 Z(X) 5/1 1200/100/1100"]


def test_d_1_c_after_a_refusal_by_the_venue_the_first_id_still_holds(desk: Desk) -> None:
    start(desk, filled=100)
    child = desk.a.child()
    desk.oms.replace("Y", "X", 1200)
    child.refuse_cancel("2", "1")
    assert desk.oms.heard() == [
        "8 Y(X) E/E 1000/100/900",
        "9 Y(X) 39=1 102=2 434=2 VENUE_REFUSED",
    ]
    child.fill(50, "10", "C")
    assert desk.oms.heard() == ["8 X F/1 1000/150/850 +50@10 ~10"]
    desk.oms.replace("Z", "X", 1300)
    child.cancel()
    assert desk.oms.heard() == ["8 Z(X) E/E 1000/150/850", "8 Z(X) 5/1 1300/150/1150"]


def test_d_1_c_a_child_that_was_kept_works_on(desk: Desk) -> None:
    start(desk)
    desk.oms.replace("Y", "X", 1200)
    desk.a.child().refuse_cancel("2", "0")
    desk.oms.heard(), desk.a.heard()
    desk.wait(8)
    assert desk.a.heard() == [], "the order goes on as before, its child too"


def test_d_2_d_requests_are_not_chained(desk: Desk) -> None:
    start(desk, filled=100)
    desk.oms.replace("Y", "X", 800, now=False)
    desk.oms.replace("Z", "Y", 700)
    assert desk.oms.heard() == [
        "8 Y(X) E/E 1000/100/900",
        "9 Z(X) 39=E 102=3 434=2 ORDER_PENDING",
    ]
    desk.a.child().cancel()
    assert desk.oms.heard() == ["8 Y(X) 5/1 800/100/700"]


def test_d_2_d_a_cancel_has_to_wait_for_a_replace_too(desk: Desk) -> None:
    start(desk)
    desk.oms.replace("Y", "X", 800)
    desk.oms.cancel("Z", "X")
    assert desk.oms.heard() == [
        "8 Y(X) E/E 1000/0/1000",
        "9 Z(X) 39=E 102=3 434=1 ORDER_PENDING",
    ]
    desk.a.child().cancel()
    desk.oms.cancel("Z", "Y")
    assert desk.oms.heard() == [
        "8 Y(X) 5/0 800/0/800",
        "8 Z(Y) 6/6 800/0/800",
        "8 Z(Y) 4/4 800/0/0",
    ]


@pytest.mark.parametrize("orig", ["X", "Y"])
def test_a_request_may_name_any_id_of_the_order(desk: Desk, orig: str) -> None:
    start(desk)
    desk.oms.replace("Y", "X", 1200)
    desk.a.child().cancel()
    desk.oms.heard()
    desk.oms.cancel("Z", orig)
    assert desk.oms.heard() == ["8 Z(Y) 6/6 1200/0/1200", "8 Z(Y) 4/4 1200/0/0"]


# --- a request that comes again ------------------------------------------------------------------


@pytest.mark.parametrize("flag", ["97=Y|", ""])
def test_a_replace_that_comes_again_while_it_is_pending_is_a_question(
    desk: Desk, flag: str
) -> None:
    start(desk)
    desk.oms.replace("Y", "X", 1200)
    desk.oms.heard()
    desk.oms.replace("Y", "X", 1200, header=flag)
    assert desk.oms.heard() == ["8 Y(X) I/E 1000/0/1000"]
    desk.a.child().cancel()
    assert desk.oms.heard() == ["8 Y(X) 5/0 1200/0/1200"]
    assert desk.a.heard() == ["F c1"]


def test_with_other_terms_it_is_refused_and_the_first_one_goes_on(desk: Desk) -> None:
    start(desk)
    desk.oms.replace("Y", "X", 1200)
    desk.oms.heard()
    desk.oms.replace("Y", "X", 1300, header="97=Y|")
    assert desk.oms.heard() == ["9 Y(X) 39=E 102=6 434=2 CLORDID_DUPLICATE"]
    desk.a.child().cancel()
    assert desk.oms.heard() == ["8 Y(X) 5/0 1200/0/1200"], "to its own terms"


def test_a_replace_that_is_over_is_a_question_if_it_says_that_it_may_come_again(
    desk: Desk,
) -> None:
    start(desk)
    desk.oms.replace("Y", "X", 1200)
    desk.a.child().cancel()
    desk.oms.heard()
    desk.oms.replace("Y", "X", 1200, header="97=Y|")
    assert desk.oms.heard() == ["8 Y(X) I/0 1200/0/1200"]
    assert not desk.node.engine.state.requests, "nothing waits that was answered"
    desk.oms.replace("Y", "X", 1200)
    assert desk.oms.heard() == ["9 Y(Y) 39=0 102=6 434=2 CLORDID_DUPLICATE"]


def test_an_order_that_was_replaced_is_known_by_its_first_id_too(desk: Desk) -> None:
    start(desk)
    desk.oms.replace("Y", "X", 1200)
    desk.a.child().cancel()
    desk.oms.heard()
    desk.oms.order("X", 1000, header="97=Y|")
    assert desk.oms.heard() == ["8 Y I/0 1200/0/1200"]
    desk.oms.order("X", 1000)
    assert desk.oms.heard() == ["8 X 8/0 1200/0/1200 103=6 CLORDID_DUPLICATE"]
    desk.wait(5)
    working = sum(each.working_qty for each in desk.node.engine.state.parents.values())
    assert working == 1200, "no second order"
