"""Groups F and G of the order state matrices: repeated orders, OrderStatusRequest(H), AF."""

from __future__ import annotations

import pytest

from tests.oms.desk import Desk


def start(desk: Desk) -> None:
    desk.oms.order("X")
    desk.a.child().fill(200, "10", "B")
    desk.oms.heard()


# --- F: a ClOrdID again --------------------------------------------------------------------------


def test_f_1_a_a_used_id_with_other_content_is_refused(desk: Desk) -> None:
    start(desk)
    desk.oms.order("X", 2000)
    assert desk.oms.heard() == ["8 X 8/1 1000/200/800 103=6 CLORDID_DUPLICATE"]
    desk.wait(10)
    assert len(desk.a.children) == 1, "no second order"


def test_f_1_a_of_an_order_that_is_over(desk: Desk) -> None:
    start(desk)
    desk.a.child().fill(800, "10", "C")
    desk.oms.order("X", 2000)
    assert desk.oms.heard()[1:] == ["8 X 8/2 1000/1000/0 103=6 CLORDID_DUPLICATE"]


@pytest.mark.parametrize("flag", ["97=Y|", ""])
def test_f_1_b_the_same_order_again_is_a_question(desk: Desk, flag: str) -> None:
    start(desk)
    desk.oms.order("X", header=flag)
    assert desk.oms.heard() == ["8 X I/1 1000/200/800"]
    desk.wait(10)
    assert len(desk.a.children) == 1


def test_f_1_b_a_resend_of_an_order_that_never_arrived_is_new(desk: Desk) -> None:
    desk.oms.order("Y", header="97=Y|")
    assert desk.oms.heard() == ["8 Y 0/0 1000/0/1000"]
    assert desk.a.heard() == ["D 1000@11 59=3"]


def test_a_refused_order_does_not_use_its_id_up(desk: Desk) -> None:
    desk.oms.order("X", 6_000_000)
    desk.oms.order("X", 1000)
    assert desk.oms.heard() == [
        "8 X 8/8 6000000/0/0 103=3 QTY_MAX_EXCEEDED",
        "8 X 0/0 1000/0/1000",
    ]


def test_two_sessions_may_use_the_same_id(desk: Desk) -> None:
    desk.oms.order("X")
    desk.other.order("X", 500, extra="1=DESK")
    assert (desk.oms.heard(), desk.other.heard()) == (
        ["8 X 0/0 1000/0/1000"],
        ["8 X 0/0 500/0/500"],
    )


# --- G: questions --------------------------------------------------------------------------------


def test_g_1_a_the_status_of_a_known_order(desk: Desk) -> None:
    start(desk)
    desk.oms.say("H", "11=X|55=ACME|54=1|790=Q1")
    (told,) = desk.oms.inbox[-1:]
    assert desk.oms.heard() == ["8 X I/1 1000/200/800 790=Q1"]
    assert (told.get("17"), told.get("6")) == ("0", "10")


def test_g_1_a_by_order_id(desk: Desk) -> None:
    start(desk)
    order_id = desk.oms.inbox[-1].get("37")
    desk.oms.say("H", f"11=ANY|37={order_id}|55=ACME|54=1")
    assert desk.oms.heard() == ["8 ANY I/8 0/0/0 103=5 ORDER_UNKNOWN"]


def test_g_1_a_by_the_id_of_a_request(desk: Desk) -> None:
    start(desk)
    desk.oms.cancel("Y", "X")
    desk.oms.heard()
    desk.oms.status("Y")
    assert desk.oms.heard() == ["8 X I/6 1000/200/800"]
    desk.a.child().cancel()
    desk.oms.status("Y")
    assert desk.oms.heard() == ["8 Y(X) 4/4 1000/200/0", "8 X I/4 1000/200/0"]


def test_g_1_a_the_status_of_an_order_that_is_not_known(desk: Desk) -> None:
    desk.oms.say("H", "11=X|55=ACME|54=1|790=Q1")
    (told,) = desk.oms.inbox
    assert desk.oms.heard() == ["8 X I/8 0/0/0 103=5 790=Q1 ORDER_UNKNOWN"]
    assert told.get("37") == "NONE"


def test_g_1_a_all_open_orders(desk: Desk) -> None:
    desk.oms.order("X")
    desk.oms.order("Y", px="10")
    desk.oms.order("Z", px="9.5")
    desk.oms.cancel("Z2", "Z")
    desk.other.order("W", extra="1=DESK")
    desk.a.children[0].fill(300, "10", "B")
    desk.oms.heard()
    desk.oms.say("AF", "584=M|585=7")
    assert desk.oms.heard() == [
        "8 X I/1 1000/300/700 584=M 911=2",
        "8 Y I/0 1000/0/1000 584=M 911=2 912=Y",
    ]


def test_g_1_a_the_open_orders_of_one_symbol(desk: Desk) -> None:
    desk.data_a.say("W", "55=BRAVO|268=2|269=0|270=9|271=5000|269=1|270=11|271=5000")
    desk.oms.order("X", px="10")
    desk.oms.say("D", "11=Y|55=BRAVO|54=1|38=100|40=2|44=10|59=0|60=20260105-14:30:00")
    desk.oms.heard()
    desk.oms.say("AF", "584=M|585=1|55=BRAVO")
    assert desk.oms.heard() == ["8 Y I/0 100/0/100 584=M 911=1 912=Y"]


def test_g_1_a_no_open_orders(desk: Desk) -> None:
    desk.oms.say("AF", "584=M|585=7")
    assert desk.oms.heard() == ["8 NONE I/8 0/0/0 103=5 584=M 911=1 912=Y ORDER_UNKNOWN"]


def test_a_mass_status_of_another_kind_is_refused(desk: Desk) -> None:
    desk.oms.say("AF", "584=M|585=3")
    assert desk.oms.heard() == ["j 372=AF 380=0 379=M MASS_STATUS_TYPE"]
    desk.oms.say("AF", "584=M|585=1")
    assert desk.oms.heard() == ["j 372=AF 380=5 379=M FIELD_MISSING"]
