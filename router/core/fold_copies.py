"""Folding drop copies: matched with what was booked, or kept until their original comes.

Owns which copy is of which execution. Decides nothing.
"""

from __future__ import annotations

from router import messages as m
from router.core import fold_executions as executions
from router.core import fold_suspense as suspense
from router.core.ids import fill_key
from router.core.state import Copy, Outcome, State
from router.core.suspense import Cause
from router.model import ExecType

COPIES_MAX = 10_000
"""Copies that wait for their original; with one more the oldest has waited long enough."""
_EXECUTIONS = frozenset({ExecType.TRADE, ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT})


def copy_received(state: State, now: int, event: m.CopyReceived) -> None:
    """A copy of what moves no shares is of no use here: the venue's own word is asked for."""
    state.outcome = Outcome.STATUS
    told = event.execution
    if told.exec_type not in _EXECUTIONS:
        return
    key = key_of(state, told)
    if state.knows_fill(key):
        suspense.compare_copy(state, now, key, told)
    elif key in state.copies:
        _second(state, now, key, event)
    elif key not in state.suspense.entries:
        _wait(state, now, key, event)
    elif event.trusted and state.suspense.entries[key].cause is Cause.COPY_ONLY:
        state.suspense.replaced(key)
        _wait(state, now, key, event)


def _second(state: State, now: int, key: str, event: m.CopyReceived) -> None:
    """Another source tells of what waits already: it is trusted if one of them is."""
    first, told = state.copies[key], event.execution
    said = (first.event.last_qty, first.event.last_px)
    busts = told.exec_type is ExecType.TRADE_CANCEL
    if not busts and said != (told.last_qty, told.last_px):
        suspense.suspend(state, now, f"{key}#copy", Cause.COPY_DIFFERS, told)
    elif event.trusted:
        first.trusted = True


def key_of(state: State, told: m.ExecutionReceived) -> str:
    """A second session may name another day than the order's own."""
    child = state.find_child(told.mic, told.cl_ord_id, told.orig_cl_ord_id)
    child = child or state.child_to_read(told.cl_ord_id)
    if child is not None and child.mic == told.mic:
        return child.fill_key(told.trade_date, told.exec_id)
    return fill_key(told.mic, told.trade_date, told.exec_id)


def _wait(state: State, now: int, key: str, event: m.CopyReceived) -> None:
    if key in state.suspense.settled:
        return
    state.copies[key] = Copy(event.session, event.execution, now, event.trusted)
    state.schedule(now + event.wait_ns, "copy", key)
    if len(state.copies) > COPIES_MAX:
        state.schedule(now, "copy", next(iter(state.copies)))


def book_copy(state: State, now: int, command: m.BookCopy) -> None:
    """It counts as the execution itself."""
    copy = state.copies.pop(command.key)
    executions.execution_received(state, now, copy.event)


def suspend_copy(state: State, now: int, command: m.SuspendCopy) -> None:
    """Nobody trusts it enough: a person must look."""
    copy = state.copies.pop(command.key)
    key = key_of(state, copy.event)
    if state.knows_fill(key):
        suspense.compare_copy(state, now, key, copy.event)
    else:
        suspense.suspend(state, now, command.key, Cause.COPY_ONLY, copy.event)
