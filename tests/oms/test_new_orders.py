"""Groups A, E and I of the order state matrices: fills, ends, and what needs no request."""

from __future__ import annotations

import pytest

from router.fix.codec import time_text
from router.model import NS
from tests.oms.desk import T0, Desk


def test_a_1_a_an_order_is_filled_in_two_parts(desk: Desk) -> None:
    desk.oms.order("X")
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000"]
    assert desk.a.heard() == ["D 1000@11 59=3"]
    desk.a.child().ack()
    assert desk.oms.heard() == []
    desk.a.child().fill(200, "10", "B")
    assert desk.oms.heard() == ["8 X F/1 1000/200/800 +200@10 ~10"]
    desk.a.child().fill(800, "11", "C")
    assert desk.oms.heard() == ["8 X F/2 1000/1000/0 +800@11 ~10.8"]
    desk.wait(60)
    assert (desk.oms.heard(), desk.a.heard()) == ([], []), "a filled order is over"


def test_a_1_a_every_field_of_a_fill_is_there(desk: Desk) -> None:
    desk.oms.order("X", extra="1=DESK")
    desk.a.child().fill(200, "10.5", "B")
    new, fill = desk.oms.read()
    order_id = new.get("37")
    body = [pair for pair in fill.pairs if pair[0] not in ("8", "9", "49", "56", "52", "34", "10")]
    assert sorted(body) == sorted(
        [
            ("35", "8"),
            ("37", order_id),
            ("11", "X"),
            ("17", "LIT_A.20260105.B"),
            ("150", "F"),
            ("39", "1"),
            ("1", "DESK"),
            ("55", "ACME"),
            ("54", "1"),
            ("38", "1000"),
            ("40", "2"),
            ("44", "12"),
            ("59", "0"),
            ("32", "200"),
            ("31", "10.5"),
            ("30", "LIT_A"),
            ("851", "2"),
            ("151", "800"),
            ("14", "200"),
            ("6", "10.5"),
            ("60", "20260105-14:30:00.000"),
        ]
    )


def test_a_1_a_an_order_over_a_limit_is_refused(desk: Desk) -> None:
    desk.oms.order("X", qty=6_000_000)
    assert desk.oms.heard() == ["8 X 8/8 6000000/0/0 103=3 QTY_MAX_EXCEEDED"]
    desk.wait(10)
    assert desk.a.heard() == []


def test_a_1_b_a_day_order_is_done_at_the_end_of_the_day(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    child.fill(200, "10", "B")
    desk.oms.heard(), desk.a.heard()
    desk.wait(599)
    assert (desk.oms.heard(), desk.a.heard()) == ([], [])
    desk.wait(1)
    assert desk.a.heard() == ["F c1"]
    assert desk.oms.heard() == [], "not before the venue has answered"
    child.cancel()
    assert desk.oms.heard() == ["8 X 3/3 1000/200/0"]


def test_a_1_b_a_fill_that_crosses_the_end_of_the_day_still_counts(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.oms.heard()
    desk.wait(600)
    child.fill(300, "10", "B")
    assert desk.oms.heard() == ["8 X F/1 1000/300/700 +300@10 ~10"]
    child.cancel()
    assert desk.oms.heard() == ["8 X 3/3 1000/300/0"]


def test_a_good_till_date_order_expires_at_its_time(desk: Desk) -> None:
    expires = time_text(T0 + 30 * NS)
    desk.oms.order("X", tif="6", extra=f"126={expires}")
    child = desk.a.child()
    child.ack()
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000"]
    desk.wait(30)
    child.cancel()
    assert desk.oms.heard() == ["8 X C/C 1000/0/0"]


# --- E: what a venue does of its own mind --------------------------------------------------------


@pytest.mark.parametrize("end", ["cancel", "expire"])
def test_e_1_a_a_venue_that_gives_a_child_back_is_no_news_for_the_oms(desk: Desk, end: str) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    child.fill(100, "10", "B")
    desk.oms.heard(), desk.a.heard()
    getattr(child, end)()
    assert desk.oms.heard() == []
    desk.wait(0.02)
    assert desk.a.heard() == ["D 900@11 59=3"], "the quantity returns to the algo"
    desk.a.child().fill(900, "11", "C")
    assert desk.oms.heard() == ["8 X F/2 1000/1000/0 +900@11 ~10.9"]


def test_a_refused_child_returns_its_quantity_to_the_algo(desk: Desk) -> None:
    desk.oms.order("X")
    assert desk.a.heard() == ["D 1000@11 59=3"]
    desk.data_a.book(size=0)
    desk.data_b.book(offer="11.5")
    desk.a.child().reject("not today")
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000"]
    desk.wait(0.02)
    assert (desk.a.heard(), desk.b.heard()) == ([], ["D 1000@11.5 59=3"])
    desk.b.child().fill(1000, "11.5", "B")
    assert desk.oms.heard() == ["8 X F/2 1000/1000/0 +1000@11.5 ~11.5"]


@pytest.mark.parametrize(
    ("msg_type", "text"),
    [("3", "45={seq}|371=38|372=D|373=5"), ("j", "45={seq}|372=D|379={id}|380=0|58=no")],
)
def test_a_child_that_the_venue_cannot_read_is_refused_for_good(
    desk: Desk, msg_type: str, text: str
) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    filled_in = text.format(seq=child.order.get("34"), id=child.cl_ord_id)
    child.open = False
    desk.a.say(msg_type, filled_in)
    desk.a.heard()
    desk.wait(0.02)
    assert desk.a.heard() == ["D 1000@11 59=3"]
    desk.a.child().fill(1000, "11", "B")
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000", "8 X F/2 1000/1000/0 +1000@11 ~11"]


def test_a_venues_restatement_is_no_news_for_the_oms(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.oms.heard()
    child.report("D", "0", "378=3|")
    assert desk.oms.heard() == []
    child.fill(1000, "11", "B")
    assert desk.oms.heard() == ["8 X F/2 1000/1000/0 +1000@11 ~11"]


# --- I: immediate orders -------------------------------------------------------------------------


def test_i_1_a_fill_or_kill_order_that_is_not_filled(desk: Desk) -> None:
    desk.oms.order("X", tif="4")
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000"]
    assert desk.a.heard() == ["D 1000@11 59=4"]
    desk.a.child().cancel()
    assert desk.oms.heard() == ["8 X 4/4 1000/0/0"]


def test_i_1_a_fill_or_kill_order_that_no_venue_can_fill_ends_at_once(desk: Desk) -> None:
    desk.data_a.book(size=600)
    desk.data_b.book(size=600)
    desk.oms.order("X", tif="4")
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000", "8 X 4/4 1000/0/0"]
    assert (desk.a.heard(), desk.b.heard()) == ([], []), "two halves could be half filled"


@pytest.mark.parametrize("end", ["cancel", "expire"])
def test_i_1_an_immediate_order_that_finds_nothing(desk: Desk, end: str) -> None:
    desk.oms.order("X", tif="3")
    child = desk.a.child()
    child.ack()
    getattr(child, end)()
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000", "8 X 4/4 1000/0/0"]


def test_i_1_an_immediate_order_that_finds_some(desk: Desk) -> None:
    desk.oms.order("X", tif="3")
    child = desk.a.child()
    child.fill(300, "11", "B")
    child.expire()
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000", "8 X F/1 1000/300/700 +300@11 ~11"]
    desk.wait(0.02)
    assert desk.a.heard() == ["D 1000@11 59=3", "D 700@11 59=3"], "as long as something trades"
    desk.a.child().expire()
    assert desk.oms.heard() == ["8 X 4/4 1000/300/0"]
    desk.wait(10)
    assert (desk.oms.heard(), desk.a.heard()) == ([], [])


def test_i_1_an_immediate_order_waits_for_its_last_venue(desk: Desk) -> None:
    desk.data_b.book()
    desk.oms.order("X", qty=2000, tif="3")
    assert (desk.a.heard(), desk.b.heard()) == (["D 1000@11 59=3"], ["D 1000@11 59=3"])
    desk.a.child().cancel()
    assert desk.oms.heard() == ["8 X 0/0 2000/0/2000"]
    desk.b.child().cancel()
    assert desk.oms.heard() == ["8 X 4/4 2000/0/0"]
    desk.wait(10)
    assert (desk.a.heard(), desk.b.heard()) == ([], [])


def test_i_1_an_immediate_order_without_a_price_to_hit_ends_at_once(desk: Desk) -> None:
    desk.oms.order("X", px="10", tif="3")
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000", "8 X 4/4 1000/0/0"]
    assert desk.a.heard() == []


@pytest.mark.parametrize(
    ("first", "second", "average"),
    [
        ("10", "10.00000001", "10"),
        ("10.00000001", "10.00000002", "10.00000002"),
        ("10.00000002", "10.00000003", "10.00000002"),
    ],
)
def test_the_average_price_is_rounded_half_to_even(
    desk: Desk, first: str, second: str, average: str
) -> None:
    desk.oms.order("X", 200)
    desk.a.child().fill(100, first, "B")
    desk.a.child().fill(100, second, "C")
    assert desk.oms.heard()[-1] == f"8 X F/2 200/200/0 +100@{second} ~{average}"
