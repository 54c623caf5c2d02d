"""`sluice why` of what was in doubt: executions without their venue's word, what persons have said,
and orders that were frozen.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from router.analysis.explain import Story, parent_story
from router.cli.why_text import parent_text
from router.cli.why_words import words
from router.messages import (
    AssignRequested,
    BustRequested,
    Entered,
    FreezeParent,
    ReleaseRequested,
    SettleRequested,
)
from router.model import PX_SCALE
from tests.oms.copy_desk import CopyDesk
from tests.oms.desk import Desk
from tests.oms.peers import Child
from tests.oms.settling import forgotten, stranger

DAY = "20260105"
"""The desk's."""
ADA = ("ada", "by telephone")


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    made.open()
    yield made
    made.close()


@pytest.fixture
def trusting() -> Iterator[CopyDesk]:
    made = CopyDesk(trusted=True)
    made.open()
    yield made
    made.close()


def story_of(desk: Desk) -> Story:
    return parent_story(desk.storage, next(iter(desk.node.engine.state.parents)))


def became(desk: Desk, child: Child) -> list[str]:
    """What became of a child, in words."""
    return [words(what) for _, _, what in story_of(desk).children[child.cl_ord_id].events]


def life(desk: Desk) -> str:
    """A parent's life as it is shown, every run of blanks as one."""
    return " ".join(" ".join(parent_text(story_of(desk), whole=True)).split())


# -- copies --------------------------------------------------------------------------------------


def test_a_fill_that_a_copy_alone_tells_of_is_shown_with_its_session(trusting: CopyDesk) -> None:
    desk = trusting
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.copy(child, 300, "10", "B")
    assert len(became(desk, child)) == 1, "its original is waited for"
    desk.wait(5)
    booked = "filled 300 at 10.00, ExecID B, by a copy from COPIES: no original has come"
    assert became(desk, child)[1:] == [booked]
    assert f"child {child.cl_ord_id}: {booked}" in life(desk)
    child.fill(300, "10", "B")
    repeated = "filled 300 at 10.00, ExecID B: nothing is booked by it"
    assert became(desk, child)[1:] == [booked, repeated]


def test_copies_of_what_was_told_are_no_fills(trusting: CopyDesk) -> None:
    desk = trusting
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(300, "10", "B")
    desk.copy(child, 300, "10", "B")
    desk.wait(5)
    assert [line for line in became(desk, child) if "filled" in line] == [
        "filled 300 at 10.00, ExecID B"
    ]


def test_a_bust_that_a_copy_alone_tells_of_is_shown(trusting: CopyDesk) -> None:
    desk = trusting
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(300, "10", "B")
    child.cum_qty = 0
    desk.copy(child, 300, "10", "C", kind="H", ref="B")
    desk.wait(5)
    told = "bust of ExecID B, by a copy from COPIES: no original has come"
    assert told in became(desk, child)


def test_a_copy_that_nobody_trusts_is_in_suspense_until_a_person_gives_it_to_its_child() -> None:
    desk = CopyDesk(trusted=False)
    desk.open()
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.copy(child, 300, "10", "B")
    desk.wait(5)
    desk.control(AssignRequested("S1", child.cl_ord_id, *ADA))
    given = "filled 300 at 10.00, ExecID B: S1 is of it, by ada: by telephone"
    assert became(desk, child)[1:] == [
        "300 at 10.00, ExecID B: in suspense as S1, copy only",
        given,
    ]
    assert f"child {child.cl_ord_id}: {given}" in life(desk)
    assert "AssignRequested" not in life(desk)


# -- persons -------------------------------------------------------------------------------------


def test_what_a_person_has_said_of_a_child_is_told_in_its_parents_life_too(desk: Desk) -> None:
    child = forgotten(desk)
    name = child.cl_ord_id
    lost = (Entered("E1", 300, 10 * PX_SCALE, DAY),)
    desk.control(SettleRequested(name, lost, 300, True, *ADA))
    child.open = False
    entered = "filled 300 at 10.00, ExecID E1, entered by ada: by telephone"
    closed = "closed with what it traded, by ada: by telephone"
    assert [line for line in became(desk, child) if "ada" in line] == [entered, closed]
    child.cum_qty = 0
    desk.control(BustRequested("LIT_A", "E1", DAY, None, *ADA))
    bust = "bust of ExecID E1, entered by ada: by telephone"
    told = life(desk)
    for line in (entered, closed, bust):
        assert f"child {name}: {line}" in told
    for event in ("SettleRequested", "BustRequested"):
        assert event not in told


def test_a_strangers_fill_that_is_given_to_a_child_is_shown_as_one(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    stranger(desk, "S", 100, "10")
    child.cum_qty = 100
    desk.control(AssignRequested("S1", child.cl_ord_id, *ADA))
    assert became(desk, child)[-1] == (
        "filled 100 at 10.00, ExecID S: S1 is of it, by ada: by telephone"
    )
    child.cancel()


def test_who_has_released_an_order_and_why_is_told(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    desk.overfilled.add(child.cl_ord_id)
    child.fill(1100, "10", "B")
    child.bust("B", 1100, "C")
    desk.overfilled.clear()
    desk.control(ReleaseRequested("PA1-0", "ada", "they have busted it"))
    told = life(desk)
    assert f"frozen, no more children: OVERFILL by LIT_A on {child.cl_ord_id}" in told
    assert "goes on, released by ada: they have busted it" in told
    assert "ReleaseParent" not in told


@pytest.mark.parametrize(
    "reason",
    [
        "INSTRUMENT_UNKNOWN: ACME was taken out of the instruments",
        "OVERFILL by LIT_A on A1-1",
        "EXEC_ID_REUSED by LIT_A on A1-1: B",
        "POLICY_CHANGED since it was accepted: firm.yaml is not there",
    ],
)
def test_why_an_order_is_frozen_is_told_whole(reason: str) -> None:
    assert words(FreezeParent("PA1-0", reason)) == f"frozen, no more children: {reason}"
