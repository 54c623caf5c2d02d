"""A bust or correction that a person enters is what one by the venue is (reliability.md F-17)."""

from __future__ import annotations

import pytest

from router.core.settling import bust_refusal
from router.messages import BustRequested, Entered
from router.model import PX_SCALE
from tests.oms.desk import Desk
from tests.oms.peers import Child

DAY = "20260105"
"""The desk's."""


def bust(exec_id: str, instead: Entered | None = None) -> BustRequested:
    return BustRequested("LIT_A", exec_id, DAY, instead, "ada", "their notice")


def filled(desk: Desk, *qtys: int) -> Child:
    """X of 1,000 has traded in pieces E1, E2 and so on at 10."""
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    for number, qty in enumerate(qtys, start=1):
        child.fill(qty, "10", f"E{number}")
    desk.oms.heard(), desk.a.heard()
    return child


def what_follows(desk: Desk) -> list[object]:
    """What the OMS hears, where the shares are, and what is sent to venues within two seconds."""
    told: list[object] = [*desk.oms.heard()]
    desk.wait(2)
    state = desk.node.engine.state
    parents = [(each.status, each.cum_qty, each.notional) for each in state.parents.values()]
    children = [(each.status, each.cum_qty) for each in state.children.values()]
    return [*told, parents, children, desk.oms.heard(), desk.a.heard(), desk.b.heard()]


@pytest.mark.parametrize("qtys", [(300,), (300, 700)])
@pytest.mark.parametrize("instead", [None, Entered("C1", 250, 1001 * PX_SCALE // 100, DAY)])
def test_what_is_entered_is_as_what_the_venue_tells(
    qtys: tuple[int, ...], instead: Entered | None
) -> None:
    told, entered = Desk(), Desk()
    told.open()
    entered.open()
    child = filled(told, *qtys)
    if instead is None:
        child.bust("E1", 300, "BUST-E1")
    else:
        child.correct("E1", 300, 250, "10.01", "C1")
    left = instead.qty if instead else 0
    expected = what_follows(told)
    assert str(expected[0]).startswith(f"8 X {'G' if instead else 'H'}/")
    assert f" 1000/{sum(qtys) - 300 + left}/" in str(expected[0])
    filled(entered, *qtys).cum_qty += left - 300
    entered.control(bust("E1", instead))
    assert what_follows(entered) == expected


def test_told_by_the_venue_after_all_it_changes_nothing(desk: Desk) -> None:
    child = filled(desk, 300)
    child.cum_qty = 0
    desk.control(bust("E1"))
    assert desk.oms.heard() == ["8 X H/0 1000/0/1000 19=E1 ~0"]
    child.report("H", "0", "19=E1|32=300|31=10|", exec_id="B9")
    child.report("F", "1", "32=300|31=10|", exec_id="E1")
    assert desk.oms.heard() == []
    assert not desk.node.engine.state.suspense.entries


def refusal(desk: Desk, event: BustRequested) -> str:
    """Why it is refused; then nothing is told either."""
    found = bust_refusal(desk.node.engine.state, event)
    desk.control(event)
    assert desk.oms.heard() == []
    return found


def test_what_cannot_be_is_refused(desk: Desk) -> None:
    child = filled(desk, 300, 200)
    other = Entered("C1", 250, 10 * PX_SCALE, DAY)
    assert refusal(desk, bust("E9")) == f"no execution E9 of LIT_A on {DAY} is booked"
    too_much = Entered("C1", 801, 10 * PX_SCALE, DAY)
    assert refusal(desk, bust("E1", too_much)) == f"{child.cl_ord_id} is of 1000, not 1001"
    known = Entered("E2", 250, 10 * PX_SCALE, DAY)
    assert refusal(desk, bust("E1", known)) == "E2 is booked already"
    nothing = Entered("C1", 0, 10 * PX_SCALE, DAY)
    assert refusal(desk, bust("E1", nothing)).startswith("an execution has an ExecID, shares")
    desk.control(bust("E1", other))
    desk.oms.heard()
    again = f"E1 of LIT_A on {DAY} was taken back or corrected before"
    assert refusal(desk, bust("E1")) == again
    desk.control(bust("C1"))
    assert desk.oms.heard() == ["8 X H/1 1000/200/800 19=C1 ~10"]
    assert refusal(desk, bust("C1")) == f"C1 of LIT_A on {DAY} was taken back or corrected before"


def test_a_correction_that_came_first_is_what_is_to_be_named(desk: Desk) -> None:
    child = filled(desk)
    child.cum_qty = 250
    child.report("G", "1", "19=E1|32=250|31=10|", exec_id="C1")
    child.report("F", "1", "32=300|31=10|", exec_id="E1")
    assert desk.oms.heard() == ["8 X F/1 1000/250/750 +250@10 ~10"]
    assert refusal(desk, bust("E1")) == f"E1 of LIT_A on {DAY} was taken back or corrected before"
    child.cum_qty = 0
    desk.control(bust("C1"))
    assert desk.oms.heard() == ["8 X H/0 1000/0/1000 19=C1 ~0"]
