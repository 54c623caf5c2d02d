"""What the core keeps of the past is bounded: at the limit the oldest is forgotten, all of it."""

from __future__ import annotations

from collections.abc import Sized
from pathlib import Path

import pytest

from router.core import fold_ends, windows
from router.core.image import image_of
from router.core.state import State
from router.ports import WINDOW_MAX
from router.runtime.faults import FAULTS_MAX
from tests.oms.desk import Desk

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def traded(desk: Desk, name: str) -> None:
    """An order that is filled, in two pieces of which one is busted, and canceled."""
    desk.oms.order(name, 300, extra=f"1=A{name}|")
    child = desk.a.child()
    child.ack()
    child.fill(100, "10", f"E{name}")
    child.fill(50, "10", f"F{name}")
    child.bust(f"F{name}", 50, f"G{name}")
    desk.oms.cancel(f"C{name}", name)
    child.cancel()
    desk.a.children.clear()  # the desk holds what venues know against what the node knows
    desk.wait(0.5)


def tables(state: State) -> tuple[Sized, ...]:
    """Whatever has an entry of an order."""
    closed = state.closed
    away = (closed, closed._by_child, closed._by_fill)
    return (state.parents, state.children, state.fills, state.by_client_id, state.cancel_ids, *away)


def test_of_orders_that_were_put_away_and_are_forgotten_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fold_ends, "CLOSED_PARENTS_MAX", 2)
    monkeypatch.setattr(fold_ends, "REST_NS", 1)
    desk = Desk(refold=False)
    desk.open()
    state, sizes = desk.node.engine.state, []
    for number in range(7):
        desk.data_a.book()
        traded(desk, f"X{number}")
        desk.wait(62)  # its last markout
        sizes.append([len(each) for each in tables(state)])
    assert (len(state.parents), len(state.closed)) == (1, 1)
    assert sizes[3:] == [sizes[3]] * 4


def test_of_an_order_that_is_forgotten_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold_ends, "CLOSED_PARENTS_MAX", 2)
    desk = Desk(refold=False)
    desk.open()
    for number in range(5):
        traded(desk, f"X{number}")
    state = desk.node.engine.state
    assert [parent.client_ids[0] for parent in state.parents.values()] == ["X3", "X4"]
    assert len(state.closed_parents) == 2
    assert len(state.children) == 2
    assert len(state.by_client_id) == 4
    assert len(state.cancel_ids) == 2
    assert sorted(key.rpartition(".")[2] for key in state.fills) == [
        *("EX3", "EX4", "FX3", "FX4", "GX3", "GX4")
    ]
    desk.close()


def test_memory_of_orders_is_flat_once_the_limit_is_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What grows are windows and timers, which have limits and times of their own."""
    monkeypatch.setattr(fold_ends, "CLOSED_PARENTS_MAX", 3)
    desk = Desk(refold=False)
    desk.open()
    sizes = []
    for number in range(12):
        traded(desk, f"X{number:02}")
        state = desk.node.engine.state
        sizes.append([len(each) for each in tables(state)])
    assert sizes[4] == sizes[-1]


def test_a_window_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "WINDOW_MAX", 3)
    desk = Desk(refold=False)
    desk.open()
    for number in range(6):
        traded(desk, f"X{number}")
    state = desk.node.engine.state
    assert len(state.message_times["OMS"]) == 3
    assert all(len(each) <= 3 for each in state.child_times.values())
    assert image_of(state)


def test_faults_that_are_told_are_the_last_ones() -> None:
    desk = Desk(refold=False)
    for number in range(FAULTS_MAX + 7):
        desk.node._fault(str(number))
    assert desk.node.faults == [str(number) for number in range(7, FAULTS_MAX + 7)]


def test_the_page_names_these_limits_with_their_values() -> None:
    text = PAGE.read_text()
    assert f"{fold_ends.CLOSED_PARENTS_MAX:,} (`CLOSED_PARENTS_MAX`)" in text
    assert f"{WINDOW_MAX:,} (`WINDOW_MAX`)" in text
    assert f"{FAULTS_MAX} (`FAULTS_MAX`)" in text
