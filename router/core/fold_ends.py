"""Folding the end of a child and of an order, and what is told of them after it.

Owns when an order leaves the table of open ones, when it is put away among the closed ones, when it
comes back from there, and when it is forgotten. Decides nothing.
"""

from __future__ import annotations

import heapq
from collections import deque

from router.core import fold_policies as policies
from router.core.closed import Order
from router.core.orders import Child, ChildInput, Parent
from router.core.rewards import horizon_ns
from router.core.state import State, Timer
from router.model import NS
from router.ports import MARKOUT_HORIZONS

CLOSED_PARENTS_MAX = 50_000
"""Terminal parents that are remembered for status requests; the oldest are forgotten first."""

REST_NS = 5 * NS
"""An order that is over is put away so long after the last markout of its children can have been
seen. Nothing but memory depends on it."""

IDLE_TIMERS_MAX = 1_000
"""Orders that may end before timers of such are dropped, or half as many as there are timers."""


def child_moved(state: State, now: int, child: Child) -> None:
    """Keep the parent's working quantity, and wake it when a child has ended."""
    parent = state.parents[child.parent_id]
    if not child.terminal:
        parent.working[child.cl_ord_id] = child.leaves_qty
    elif child.cl_ord_id in parent.working:
        del parent.working[child.cl_ord_id]
        if parent.terminal:
            close(state, now, parent)
        else:
            state.wake(parent, now + state.pause_ns)
    _settle_venue(state, child.mic)


def _settle_venue(state: State, mic: str) -> None:
    """A venue is reconciled when none of its children is UNKNOWN any more."""
    venue = state.venue[mic]
    if venue.open and not venue.reconciled:
        venue.reconciled = not state.unknown[mic]


def close(state: State, now: int, parent: Parent) -> None:
    """A parent that is over and has no child at work leaves the table of open ones."""
    if parent.parent_id not in state.open_parents or parent.working:
        return
    del state.open_parents[parent.parent_id]
    parent.next_at = 0  # its timer may be dropped; opened again, it is given another
    parent.contexts = {}  # of its last decision: there is no child to be sent
    parent.working = {}  # it is empty, and yet as large as it ever was
    _drop_idle_timers(state)
    state.closed_parents.append(parent.parent_id)
    while len(state.closed_parents) > CLOSED_PARENTS_MAX:
        _forget(state, state.closed_parents.popleft())
    state.resting.append((now, parent.parent_id))
    put_away(state, now)


def reopen(state: State, now: int, parent: Parent) -> None:
    """A bust has taken from a parent that was over: it, or a child of its, is at work again."""
    if parent.parent_id in state.open_parents:
        return
    state.open_parents[parent.parent_id] = None
    state.resting = deque(each for each in state.resting if each[1] != parent.parent_id)
    policies.narrow(state, parent)
    if parent.expire_at > now:  # its timer may have been dropped
        state.schedule(parent.expire_at, "end", parent.parent_id)


def reopen_child(state: State, now: int, child: Child) -> None:
    """Its venue says that shares of it are at work after all."""
    state.turn(now, child, ChildInput.REOPENED)
    child.unresolved = False
    child.unknown_answers = child.queries = child.claimed_qty = 0
    reopen(state, now, state.parents[child.parent_id])


def bring_back(state: State, now: int, name: str, other_name: str = "") -> None:
    """Something was told of a child, or of a cancel of one: its order is needed whole."""
    parent_id = state.closed.of_child(name) or state.closed.of_child(other_name)
    if not parent_id:
        return
    order = state.closed.take(parent_id)
    state.parents[parent_id] = order.parent
    for child in order.children:
        state.children[child.cl_ord_id] = child
        state.cancel_ids.update(dict.fromkeys(child.cancel_ids, child.cl_ord_id))
    state.fills.update(order.fills)
    state.resting.append((now, parent_id))


def rest_ns(state: State) -> int:
    """How long an order that is over stays as it is."""
    return REST_NS + horizon_ns(state.markout_ns, len(MARKOUT_HORIZONS) - 1)


def put_away(state: State, now: int) -> None:
    """Those that are over for long enough, and wait for nothing."""
    rest = rest_ns(state)
    for _ in range(len(state.resting)):
        since, parent_id = state.resting[0]
        if since > now - rest:
            break
        state.resting.popleft()
        parent = state.parents.get(parent_id)
        if parent is None or parent_id in state.open_parents:
            continue
        if _waits(state, parent):
            state.resting.append((now, parent_id))
        else:
            state.closed.put(_taken_out(state, parent))


def _waits(state: State, parent: Parent) -> bool:
    """For a person, for what its OMS has to be told, or for a lesson of a child."""
    return (
        bool(parent.frozen)
        or parent.pending is not None
        or any(state.children[each].lesson_due for each in parent.children)
    )


def _taken_out(state: State, parent: Parent) -> Order:
    """The parent, its children and its fills leave their tables."""
    order = Order(state.parents.pop(parent.parent_id), [], {})
    state.volume_marks.pop(parent.parent_id, None)
    for cl_ord_id in parent.children:
        child = state.children.pop(cl_ord_id)
        order.children.append(child)
        for cancel_id in child.cancel_ids:
            del state.cancel_ids[cancel_id]
        for key in child.fill_keys:
            order.fills[key] = state.fills.pop(key)
    return order


def _forget(state: State, parent_id: str) -> None:
    if parent_id in state.open_parents:
        return
    if parent_id in state.closed:
        parent = state.closed.take(parent_id).parent
    elif parent_id in state.parents:
        parent = _taken_out(state, state.parents[parent_id]).parent
    else:
        return
    state.frozen_parents.pop(parent_id, None)
    state.forget_names(parent)


def _drop_idle_timers(state: State) -> None:
    """An order that is over leaves timers behind, of which one may be set for months."""
    state.idle_timers += 1
    if state.idle_timers <= max(IDLE_TIMERS_MAX, len(state.timers) // 2):
        return
    state.idle_timers = 0
    state.timers = [each for each in state.timers if not _is_idle(state, each)]
    heapq.heapify(state.timers)


def _is_idle(state: State, timer: Timer) -> bool:
    return timer.kind in ("parent", "end") and timer.subject not in state.open_parents
