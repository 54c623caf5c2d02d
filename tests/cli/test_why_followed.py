"""`sluice why` of what comes late: of children that were over, and of records that are packed."""

from __future__ import annotations

import pytest

from router.analysis.explain import parent_story
from router.analysis.naming import Names
from router.cli.why_words import words
from router.messages import SettleRequested, records
from tests.oms.desk import Desk
from tests.oms.peers import Child

A_MINUTE = 61
"""Seconds in which the last markout of a fill is taken."""


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.open()
    return made


def became(desk: Desk, child: Child) -> list[str]:
    """What became of a child, in words."""
    story = parent_story(desk.storage, next(iter(desk.node.engine.state.parents)))
    return [words(what) for _, _, what in story.children[child.cl_ord_id].events]


def test_a_child_that_a_bust_opens_again_after_its_last_markout_is_followed_to_its_end(
    desk: Desk,
) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(1000, "10", "B")
    desk.wait(A_MINUTE)
    assert "markout" in became(desk, child)[-1]
    child.open = True
    child.bust("B", 1000, "C")
    child.fill(300, "10", "D")
    child.cancel()
    told = [line for line in became(desk, child) if "markout" not in line]
    assert told == [
        "filled 1,000 at 10.00, ExecID B",
        told[1],
        "bust of ExecID B",
        f"cancel {child.cancel_ids[-1]} of {child.cl_ord_id}: not wanted any more",
        "filled 300 at 10.00, ExecID D",
        "canceled",
    ]
    assert told[1].startswith("lesson for ")


def test_a_child_that_is_alive_after_all_is_followed_to_its_end(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    desk.overfilled.add(child.cl_ord_id)
    desk.wait(2)
    desk.control(SettleRequested(child.cl_ord_id, (), 0, over=True, who="ada", reason="they say"))
    desk.wait(A_MINUTE)
    told = became(desk, child)
    assert told[-1].startswith("lesson for ")
    child.ack()
    child.refuse_cancel()
    child.cancel()
    assert became(desk, child)[len(told) :] == [
        f"acknowledged, OrderID V{child.cl_ord_id}",
        f"cancel {child.cancel_ids[-1]} of {child.cl_ord_id}: not wanted any more",
        "cancel refused by the venue",
        "canceled",
    ]


def test_a_venue_that_names_a_cancel_alone_has_spoken_of_its_child(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    desk.oms.cancel("Y", "X")
    child.report("4", "4", cl_ord_id=child.cancel_ids[-1])
    assert "canceled" in became(desk, child)


def test_a_bust_that_names_its_execution_alone_is_its_childs(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(300, "10", "B")
    child.report("H", "0", "19=B|32=300|31=10|", exec_id="C", cl_ord_id="NONE")
    assert became(desk, child)[-1] == "bust of ExecID B"


def test_a_step_that_is_packed_is_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    monkeypatch.setattr(records, "PACKED_ABOVE", 0)
    desk.oms.cancel("Y", "X")
    child.cancel()
    assert became(desk, child)[-2:-1] == ["canceled"]


def test_names_are_found_among_bytes_and_none_is_missed() -> None:
    names = Names("PA1-0")
    for name in ("A1-1", "A1-1Z", "A2-7"):
        names.add(name)
    for payload in (
        b".A1-1.",
        b"\xa4A1-1A\xa3",
        b"A1-A1-1",
        b"A1-1Z",
        b"A2-7",
        b"PA1-0",
    ):
        assert names.among(payload), payload
    for payload in (b"A1-", b"A1-11Z", b"A1-2", b"A3-1", b"PA1-2"):
        assert not names.among(payload), payload
