"""Corrections that move more than a price: what becomes of the rest, and whose they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.messages import AssignRequested, KillRequested
from tests.oms.desk import Desk
from tests.oms.policy_desk import BASE, policy_desk
from tests.oms.settling import held, stranger


def two_children(desk: Desk, filled: int) -> None:
    """X for 1000: LIT_A has filled a part and canceled the rest, which works there once more."""
    desk.oms.order("X")
    first = desk.a.child()
    first.fill(filled, "10", "B")
    first.cancel()
    desk.wait(0.02)
    desk.a.child().ack()
    desk.oms.heard(), desk.a.heard()


def test_one_that_leaves_less_to_do_takes_back_what_is_too_much(desk: Desk) -> None:
    two_children(desk, 400)
    first, second = desk.a.children
    desk.overfilled.add(first.cl_ord_id)
    first.correct("B", 400, 700, "10", "C")
    assert desk.oms.heard() == ["8 X G/1 1000/700/300 +700@10 19=B ~10"]
    assert desk.a.heard() == ["F c2"], "600 are at work, and 300 are left to do"
    second.cancel()
    desk.overfilled.clear()
    desk.wait(0.02)
    assert desk.a.heard() == ["D 300@11 59=3"]


def test_one_beyond_the_order_freezes_it_and_takes_back_the_rest(desk: Desk) -> None:
    two_children(desk, 400)
    first, second = desk.a.children
    desk.overfilled.add(first.cl_ord_id)
    first.correct("B", 400, 1100, "10", "C")
    assert desk.oms.heard() == ["8 X G/2 1000/1100/0 +1100@10 19=B ~10"]
    assert desk.a.heard() == ["F c2"]
    (parent,) = desk.node.engine.state.parents.values()
    assert parent.frozen == f"OVERFILL by LIT_A on {first.cl_ord_id}"
    second.cancel()


def test_one_beyond_its_child_freezes_the_order_be_it_within_what_was_ordered(
    tmp_path: Path,
) -> None:
    halves = "rules:\n  - {id: half, why: a half each, child_max: {shares: 500}}\n"
    with policy_desk(tmp_path / "policies") as desk:
        desk.write(BASE.format(name="firm", version=2) + halves)
        desk.reload()
        desk.oms.order("X", 2000)
        child = desk.a.child()
        assert child.qty == 500
        desk.overfilled.add(child.cl_ord_id)
        child.fill(400, "10", "B")
        child.correct("B", 400, 600, "10", "C")
        (parent,) = desk.node.engine.state.parents.values()
        assert parent.frozen.startswith("OVERFILL by LIT_A")
        assert parent.cum_qty == 600


def test_one_that_fills_a_suspended_order(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(400, "10", "B")
    desk.control(KillRequested("all", "", "ada", "a drill"))
    child.cancel()
    desk.oms.heard()
    child.correct("B", 400, 1000, "10", "C")
    assert desk.oms.heard() == ["8 X G/2 1000/1000/0 +1000@10 19=B ~10"]


def test_one_that_completes_its_child_ends_it(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(500, "10", "B")
    child.correct("B", 500, 1000, "10", "C")
    assert desk.oms.heard()[-1] == "8 X G/2 1000/1000/0 +1000@10 19=B ~10"
    state = desk.node.engine.state
    assert not state.open_parents, "nothing of it is at work"
    desk.a.drop()
    desk.a.connect()
    assert desk.a.heard() == ["D 1000@11 59=3"], "nor is there anything to ask for"


def test_the_second_names_the_execution_by_its_first_id(desk: Desk) -> None:
    """As venues do that mean by ExecRefID(19) the execution, and not the last word on it."""
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(500, "10", "B")
    child.correct("B", 500, 400, "10", "C")
    child.correct("B", 400, 300, "10", "D")
    child.bust("B", 300, "E")
    assert desk.oms.heard()[1:] == [
        "8 X F/1 1000/500/500 +500@10 ~10",
        "8 X G/1 1000/400/600 +400@10 19=B ~10",
        "8 X G/1 1000/300/700 +300@10 19=C ~10",
        "8 X H/0 1000/0/1000 19=D ~0",
    ]
    child.bust("B", 0, "F")
    assert desk.oms.heard() == [], "it was taken back before"
    assert held(desk) == []


def test_a_bust_under_the_exec_id_of_its_own_trade_is_looked_at_by_a_person(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(500, "10", "B")
    desk.a.heard()
    desk.overfilled.add(child.cl_ord_id)  # for the venue it is gone
    child.bust("B", 500, "B")
    assert [line.split()[1] for line in held(desk)] == ["other_content"]
    (parent,) = desk.node.engine.state.parents.values()
    assert parent.frozen.startswith("EXEC_ID_REUSED by LIT_A")
    assert desk.a.heard() == ["F c1"]


@pytest.mark.parametrize("kind", ["H", "G"])
def test_the_same_word_again_changes_nothing(desk: Desk, kind: str) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(500, "10", "B")
    for _ in range(2):
        child.report(kind, "1", "19=B|32=300|31=10|", exec_id="C")
    told = {"H": "8 X H/0 1000/0/1000 19=B ~0", "G": "8 X G/1 1000/300/700 +300@10 19=B ~10"}
    assert desk.oms.heard()[2:] == [told[kind]]
    assert held(desk) == []
    desk.overfilled.add(child.cl_ord_id)


def test_what_was_corrected_in_suspense_can_be_assigned(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.overfilled.add(child.cl_ord_id)  # the venue has traded it under another name
    stranger(desk, "E1", 300, "10")
    stranger(desk, "E2", 200, "10", kind="G", ref="E1")
    (entry,) = desk.node.engine.state.suspense.entries.values()
    desk.control(AssignRequested(entry.suspense_id, child.cl_ord_id, "ada", "they have told us"))
    assert desk.oms.heard()[-1] == "8 X F/1 1000/200/800 +200@10 ~10"
    assert held(desk) == []


def test_a_bust_names_no_order_of_ours_and_an_execution_that_was_assigned(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.overfilled.add(child.cl_ord_id)
    stranger(desk, "E1", 300, "10")
    (entry,) = desk.node.engine.state.suspense.entries.values()
    desk.control(AssignRequested(entry.suspense_id, child.cl_ord_id, "ada", "they have told us"))
    stranger(desk, "E2", 300, "10", kind="H", ref="E1")
    assert desk.oms.heard()[-2:] == [
        "8 X F/1 1000/300/700 +300@10 ~10",
        "8 X H/0 1000/0/1000 19=E1 ~0",
    ]
    assert held(desk) == []
    stranger(desk, "E3", 100, "10")
    assert len(held(desk)) == 1, "its name is not one of the order's by that"
