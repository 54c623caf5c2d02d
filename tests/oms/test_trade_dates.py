"""What is told of one execution may name another day: after midnight, or on another session."""

from __future__ import annotations

import pytest

from router.messages import Entered, SettleRequested
from router.model import PX_SCALE
from tests.oms.desk import Desk
from tests.oms.peers import Child

TODAY, TOMORROW = "75=20260105|", "75=20260106|"


def filled(desk: Desk) -> Child:
    """X of 1,000, of which 300 have traded today."""
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    child.cum_qty = 300
    child.report("F", "1", f"32=300|31=10|{TODAY}", exec_id="E1")
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000", "8 X F/1 1000/300/700 +300@10 ~10"]
    return child


def suspended(desk: Desk) -> list[str]:
    return [each.cause.value for each in desk.node.engine.state.suspense.entries.values()]


def test_an_execution_that_is_told_again_with_another_day_is_the_same(desk: Desk) -> None:
    child = filled(desk)
    child.report("F", "1", f"32=300|31=10|{TOMORROW}", exec_id="E1")
    assert (desk.oms.heard(), suspended(desk)) == ([], [])
    child.report("F", "1", f"32=200|31=10|{TOMORROW}", exec_id="E1")
    assert (desk.oms.heard(), suspended(desk)) == ([], ["other_content"])


@pytest.mark.parametrize("kind", ["H", "G"])
def test_a_bust_or_correction_after_midnight_finds_its_execution(desk: Desk, kind: str) -> None:
    child = filled(desk)
    child.cum_qty = {"H": 0, "G": 200}[kind]
    child.report(kind, "0", f"19=E1|32=200|31=10|{TOMORROW}", exec_id="B1")
    told = {"H": "8 X H/0 1000/0/1000 19=E1 ~0", "G": "8 X G/1 1000/200/800 +200@10 19=E1 ~10"}
    assert (desk.oms.heard(), suspended(desk)) == ([told[kind]], [])


def test_so_does_one_that_came_first(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    child.report("G", "1", f"19=E1|32=200|31=10|{TOMORROW}", exec_id="C1")
    child.cum_qty = 200
    child.report("F", "1", f"32=300|31=10|{TODAY}", exec_id="E1")
    assert desk.oms.heard()[1:] == ["8 X F/1 1000/200/800 +200@10 ~10"]
    assert suspended(desk) == []
    child.cum_qty = 0
    child.report("H", "0", f"19=E1|32=0|31=10|{TODAY}", exec_id="B1")
    assert desk.oms.heard() == ["8 X H/0 1000/0/1000 19=C1 ~0"], "19 is what the OMS was told"


def test_what_a_person_has_entered_of_another_day_is_the_same(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.a.drop()
    lost = Entered("E1", 300, 10 * PX_SCALE, "20260106")
    desk.control(SettleRequested(child.cl_ord_id, (lost,), 300, False, "ada", "by telephone"))
    child.cum_qty = 300
    desk.a.connect()
    desk.oms.heard()
    child.report("F", "1", f"32=300|31=10|{TODAY}", exec_id="E1")
    assert (desk.oms.heard(), suspended(desk)) == ([], [])


def test_another_order_of_another_day_may_have_the_same_exec_id(desk: Desk) -> None:
    filled(desk)
    desk.oms.order("Y")
    child = desk.a.child()
    child.ack()
    child.cum_qty = 300
    child.report("F", "1", f"32=300|31=10|{TOMORROW}", exec_id="E1")
    assert desk.oms.heard()[-1] == "8 Y F/1 1000/300/700 +300@10 ~10"
    assert suspended(desk) == []
