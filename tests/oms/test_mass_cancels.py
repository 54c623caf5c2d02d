"""OrderMassCancelRequest(q): one OrderMassCancelReport(r), then as if each order had its own F."""

from __future__ import annotations

import pytest

from router.core import fold_ends
from tests.oms.desk import Desk

STAMP = "60=20260105-14:30:00.000"
BRAVO = "55=BRAVO|54=1|40=2|44=10|59=0"


def mass_cancel(desk: Desk, cl_ord_id: str = "M", fields: str = "530=7") -> None:
    desk.oms.say("q", f"11={cl_ord_id}|{fields}|{STAMP}")


def filled_beside_a_replace(desk: Desk) -> None:
    """X is filled by a late fill, with a second child at work and an increase that waits for it."""
    desk.oms.order("X")
    first = desk.a.child()
    first.ack()
    first.cancel()
    desk.wait(0.02)
    desk.a.child().ack()
    desk.oms.replace("Y", "X", 2000)
    desk.overfilled.add(first.cl_ord_id)
    first.fill(1000, "10", "B")
    desk.oms.heard()


def test_all_orders_of_the_session_are_taken_back(desk: Desk) -> None:
    desk.oms.order("X")
    desk.a.child().ack()
    desk.a.child().fill(200, "10", "B")
    desk.oms.order("Y", px="10")
    desk.other.order("W", px="10", extra="1=DESK")
    desk.oms.heard(), desk.a.heard(), desk.other.heard()
    mass_cancel(desk)
    report = desk.oms.inbox[-4]
    assert desk.oms.heard() == [
        "r M 530=7 531=7 533=2",
        "8 X 6/6 1000/200/800",
        "8 Y 6/6 1000/0/1000",
        "8 Y 4/4 1000/0/0",
    ]
    assert report.get("37").startswith("RA1-")
    assert desk.a.heard() == ["F c1"]
    desk.a.child().cancel()
    assert desk.oms.heard() == ["8 X 4/4 1000/200/0"]
    assert desk.other.heard() == [], "another OMS's orders live on"
    desk.wait(10)
    assert (desk.a.heard(), desk.oms.heard()) == ([], [])
    desk.oms.status("X")
    assert desk.oms.heard() == ["8 X I/4 1000/200/0"]


def test_the_orders_of_one_symbol_are_taken_back(desk: Desk) -> None:
    desk.data_a.say("W", "55=BRAVO|268=2|269=0|270=9|271=5000|269=1|270=11|271=5000")
    desk.oms.order("X", px="10")
    desk.oms.say("D", f"11=Y|{BRAVO}|38=100|{STAMP}")
    desk.oms.heard()
    mass_cancel(desk, fields="530=1|55=BRAVO")
    assert desk.oms.heard() == [
        "r M 530=1 531=1 533=1 55=BRAVO",
        "8 Y 6/6 100/0/100",
        "8 Y 4/4 100/0/0",
    ]


def test_only_the_side_that_is_named(desk: Desk) -> None:
    desk.oms.order("X", px="10")
    desk.oms.say("D", f"11=Y|55=ACME|54=2|38=100|40=2|44=10.5|59=0|{STAMP}")
    desk.oms.heard()
    mass_cancel(desk, fields="530=7|54=2")
    assert desk.oms.heard()[0] == "r M 530=7 531=7 533=1"
    desk.oms.status("X")
    assert desk.oms.heard() == ["8 X I/0 1000/0/1000"]


def test_with_nothing_open_nothing_is_affected(desk: Desk) -> None:
    mass_cancel(desk)
    assert desk.oms.heard() == ["r M 530=7 531=7 533=0"]


def test_a_kind_that_is_not_served_is_refused(desk: Desk) -> None:
    desk.oms.order("X", px="10")
    desk.oms.heard()
    mass_cancel(desk, fields="530=3")
    assert desk.oms.heard() == ["r M 530=3 531=0 532=0 MASS_CANCEL_TYPE"]
    mass_cancel(desk, fields="530=1|55=NOPE")
    assert desk.oms.heard() == ["r M 530=1 531=0 532=1 55=NOPE INSTRUMENT_UNKNOWN"]
    mass_cancel(desk, fields="530=1")
    assert desk.oms.heard() == ["j 372=q 380=5 379=M FIELD_MISSING"]
    desk.oms.status("X")
    assert desk.oms.heard() == ["8 X I/0 1000/0/1000"]


def test_a_cancel_that_is_under_way_goes_on(desk: Desk) -> None:
    desk.oms.order("X")
    desk.a.child().ack()
    desk.oms.cancel("Y", "X")
    desk.oms.heard(), desk.a.heard()
    mass_cancel(desk)
    assert desk.oms.heard() == ["r M 530=7 531=7 533=1"]
    assert desk.a.heard() == []
    desk.a.child().cancel()
    assert desk.oms.heard() == ["8 Y(X) 4/4 1000/0/0"]


def test_a_replace_that_is_under_way_gives_way(desk: Desk) -> None:
    desk.oms.order("X")
    desk.a.child().ack()
    desk.oms.replace("Y", "X", 1200)
    desk.oms.heard(), desk.a.heard()
    mass_cancel(desk)
    assert desk.oms.heard() == [
        "r M 530=7 531=7 533=1",
        "9 Y(X) 39=0 102=2 434=2 MASS_CANCEL",
        "8 X 6/6 1000/0/1000",
    ]
    desk.a.child().cancel()
    assert desk.oms.heard() == ["8 X 4/4 1000/0/0"]


def test_a_fill_that_crosses_counts_and_a_filled_order_is_told_so(desk: Desk) -> None:
    desk.oms.order("X")
    desk.a.child().ack()
    mass_cancel(desk)
    desk.oms.heard()
    desk.a.child().fill(400, "11", "B")
    assert desk.oms.heard() == ["8 X F/6 1000/400/600 +400@11 ~11"]
    desk.a.child().fill(600, "11", "C")
    assert desk.oms.heard() == [
        "8 X F/6 1000/1000/0 +600@11 ~11",
        "9 X(X) 39=2 102=0 434=1 ORDER_CLOSED",
    ]


def test_an_order_that_its_venue_does_not_give_back_lives_on(desk: Desk) -> None:
    desk.oms.order("X")
    desk.a.child().ack()
    mass_cancel(desk)
    desk.oms.heard()
    desk.a.child().refuse_cancel()
    assert desk.oms.heard() == ["9 X(X) 39=0 102=2 434=1 VENUE_REFUSED"]
    desk.a.child().fill(1000, "11", "B")
    assert desk.oms.heard() == ["8 X F/2 1000/1000/0 +1000@11 ~11"]


def test_it_may_be_asked_again_and_survives_a_crash(desk: Desk) -> None:
    desk.oms.order("X")
    desk.a.child().ack()
    mass_cancel(desk)
    mass_cancel(desk)
    desk.kill()
    desk.boot()
    for peer in desk.peers:
        peer.connect()
    assert desk.oms.heard() == [
        "8 X 0/0 1000/0/1000",
        "r M 530=7 531=7 533=1",
        "8 X 6/6 1000/0/1000",
        "r M 530=7 531=7 533=1",
    ]
    desk.a.child().cancel()
    assert desk.oms.heard() == ["8 X 4/4 1000/0/0"]


def test_an_order_that_was_taken_back_can_be_forgotten(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fold_ends, "CLOSED_PARENTS_MAX", 0)
    desk.oms.order("X", px="10")
    mass_cancel(desk)
    assert desk.oms.heard()[-1] == "8 X 4/4 1000/0/0"
    desk.oms.status("X")
    assert desk.oms.heard() == ["8 X I/8 0/0/0 103=5 ORDER_UNKNOWN"]


def test_an_order_that_was_filled_while_its_replace_waits(desk: Desk) -> None:
    """The fill is late and of another child, so that one is at work and the increase pending."""
    filled_beside_a_replace(desk)
    mass_cancel(desk)
    assert desk.oms.heard() == ["r M 530=7 531=7 533=1", "9 Y(X) 39=2 102=2 434=2 MASS_CANCEL"]
    assert desk.a.heard() == ["D 1000@11 59=3", "D 1000@11 59=3", "F c2"], "once"
    desk.a.child().cancel()
    desk.wait(5)
    assert (desk.oms.heard(), desk.a.heard()) == ([], [])
