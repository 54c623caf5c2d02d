"""An operator settles what is in doubt: assigns, dismisses, lets a frozen parent go on, says what
became of a child or of an execution when its venue does not.

Owns what stands against it, in words for the operator, and what follows. Every one of these is
journaled with who and why.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from msgspec import structs

from router.core.children import ended, executed, query
from router.core.environment import Environment
from router.core.fold_corrections import busted
from router.core.fold_executions import entered
from router.core.ids import fill_key
from router.core.orders import Child, ChildStatus
from router.core.state import State
from router.core.suspense import Cause, Suspended, exec_id_of
from router.messages import (
    AssignRequested,
    AssignSuspense,
    BustRequested,
    Command,
    DismissRequested,
    DismissSuspense,
    EnterBust,
    Entered,
    EnterExecution,
    ReleaseParent,
    ReleaseRequested,
    SettleChild,
    SettleRequested,
)
from router.model import ExecType

LOOKED_THROUGH_MAX = 1_000
"""Orders that were put away, of which an operator who has mistaken a child is told the children."""

_CORRECTED = ExecType.TRADE_CORRECT
_OWNERLESS = frozenset({Cause.UNKNOWN_REF, Cause.OVERFLOW})
"""What can only be dismissed: a bust or correction of nothing that we know, and a sum."""


def assign_refusal(state: State, event: AssignRequested) -> str:
    """Why an execution cannot be booked as a child's; nothing if it can."""
    entry = state.suspense.named(event.suspense_id)
    if entry is None:
        return _no_entry(state, event.suspense_id)
    if entry.cause in _OWNERLESS or not _is_execution(entry):
        return f"{event.suspense_id} is no single execution: it can only be dismissed"
    told, child = entry.event, state.child_to_read(event.cl_ord_id)
    if child is None:
        alike = [
            each.cl_ord_id
            for each in _children(state)
            if (each.mic, each.symbol, each.side) == (told.mic, told.symbol, told.side)
        ]
        there = ", ".join(alike[-5:]) or "none"
        return f"no child {event.cl_ord_id!r}; at {told.mic}, {told.symbol}, that side: {there}"
    ours, theirs = (child.mic, child.symbol, child.side), (told.mic, told.symbol, told.side)
    if ours != theirs:
        return f"{child.cl_ord_id} is {' '.join(ours)}, and the execution {' '.join(theirs)}"
    return ""


def _is_execution(entry: Suspended) -> bool:
    """True of one that has shares and a price, be they those to which it was corrected there."""
    corrected = entry.cause is Cause.UNKNOWN_ORDER and entry.event.exec_type is _CORRECTED
    return corrected or entry.event.exec_type is ExecType.TRADE


def _children(state: State) -> Iterator[Child]:
    """Those that an execution may be of: the newest that were put away, and all since."""
    for order in reversed(list(islice(state.closed.newest(), LOOKED_THROUGH_MAX))):
        yield from order.children
    yield from state.children.values()


def dismiss_refusal(state: State, event: DismissRequested) -> str:
    """Why an entry cannot be dismissed; nothing if it can."""
    known = state.suspense.named(event.suspense_id) is not None
    return "" if known else _no_entry(state, event.suspense_id)


def release_refusal(state: State, event: ReleaseRequested) -> str:
    """Why a parent cannot go on; nothing if it can."""
    if event.parent_id not in state.frozen_parents:
        frozen = ", ".join(list(state.frozen_parents)[:10]) or "none"
        return f"{event.parent_id!r} is not frozen; frozen: {frozen}"
    parent = state.parents[event.parent_id]
    unknown = [
        child.cl_ord_id
        for child in state.children_of(parent)
        if child.status is ChildStatus.UNKNOWN
    ]
    if unknown:
        return f"refused while children are UNKNOWN: {', '.join(unknown[:10])}"
    return ""


def assign(env: Environment, state: State, now: int, event: AssignRequested) -> Iterator[Command]:
    """Book it as if the venue had told it of this child, and go on from there."""
    if assign_refusal(state, event):
        return
    entry = state.suspense.named(event.suspense_id)
    assert entry is not None
    yield AssignSuspense(event.suspense_id, event.cl_ord_id, event.who, event.reason)
    told = structs.replace(
        entry.event, cl_ord_id=event.cl_ord_id, orig_cl_ord_id="", exec_id=exec_id_of(entry)
    )
    yield from executed(env, state, now, told)


def dismiss(state: State, event: DismissRequested) -> Iterator[Command]:
    """It is settled outside of here."""
    if not dismiss_refusal(state, event):
        yield DismissSuspense(event.suspense_id, event.who, event.reason)


def release(state: State, event: ReleaseRequested) -> Iterator[Command]:
    """A frozen parent goes on."""
    if not release_refusal(state, event):
        yield ReleaseParent(event.parent_id, event.who, event.reason)


def settle_refusal(state: State, event: SettleRequested) -> str:
    """Why a person's word on a child does not count; nothing if it does."""
    child = state.children.get(event.cl_ord_id)
    if child is None or child.status is not ChildStatus.UNKNOWN:
        return f"{event.cl_ord_id!r} is not UNKNOWN; {_unknown(state)}"
    if not event.executions and not event.over:
        return f"it says nothing of {child.cl_ord_id}: no execution, and not that it is over"
    if len({each.exec_id for each in event.executions}) < len(event.executions):
        return "an ExecID stands there twice"
    refusals = (_entry_refusal(state, child, each) for each in event.executions)
    return next(filter(None, refusals), "") or _sum(child, event)


def _unknown(state: State) -> str:
    live = state.live_children()
    names = [each.cl_ord_id for each in live if each.status is ChildStatus.UNKNOWN]
    return f"those that are: {', '.join(names[:10]) or 'none'}"


def _entry_refusal(state: State, child: Child, execution: Entered) -> str:
    """Why an execution cannot be booked as new."""
    key = child.fill_key(execution.trade_date, execution.exec_id)
    if not execution.exec_id or execution.qty <= 0 or execution.px <= 0:
        return "an execution has an ExecID, shares and a price"
    if state.knows_fill(key):
        return f"{execution.exec_id} is booked already"
    entry = state.suspense.entries.get(key)
    if entry is not None:
        return f"{execution.exec_id} is in suspense as {entry.suspense_id}: assign that"
    return ""


def _sum(child: Child, event: SettleRequested) -> str:
    """The venue's total is asked for besides: what is entered by hand is to add up."""
    added = sum(each.qty for each in event.executions)
    total = child.cum_qty + added
    if total != event.cum_qty:
        sums = f"{child.cum_qty} were told, and {added} more are {total}"
        return f"{child.cl_ord_id}: {sums}, not {event.cum_qty}"
    if total > child.qty:
        return f"{child.cl_ord_id} is of {child.qty}, not {total}"
    return ""


def settle(env: Environment, state: State, now: int, event: SettleRequested) -> Iterator[Command]:
    """Book what a person has learned, and close the child if nothing of it works any more.

    If a part of it may be at work, its venue is asked.
    """
    if settle_refusal(state, event):
        return
    child = state.children[event.cl_ord_id]
    for execution in event.executions:
        yield EnterExecution(child.cl_ord_id, execution, event.who, event.reason)
        yield from executed(env, state, now, entered(child, execution))
    if event.over and not child.terminal:
        yield SettleChild(child.cl_ord_id, f"by {event.who}: {event.reason}", by_venue=False)
        yield from ended(env, state, now, child)
    elif not child.terminal and state.venue[child.mic].open:
        yield query(env, state, child)  # what it says may agree now


def bust_refusal(state: State, event: BustRequested) -> str:
    """Why an execution is not taken back or corrected; nothing if it is."""
    named = f"{event.exec_id} of {event.mic} on {event.trade_date}"
    fill = state.fill_to_read(fill_key(event.mic, event.trade_date, event.exec_id))
    if fill is None:
        return f"no execution {named} is booked"
    if fill.qty == 0 or fill.exec_id != fill_key(event.mic, event.trade_date, event.exec_id):
        return f"{named} was taken back or corrected before"
    if event.instead is None:
        return ""
    child = state.child_to_read(fill.cl_ord_id)
    assert child is not None, fill
    total = child.cum_qty - fill.qty + event.instead.qty
    if total > child.qty:
        return f"{child.cl_ord_id} is of {child.qty}, not {total}"
    return _entry_refusal(state, child, event.instead)


def bust(env: Environment, state: State, now: int, event: BustRequested) -> Iterator[Command]:
    """Take an execution back, or put another in its place, as if its venue had told it."""
    if bust_refusal(state, event):
        return
    fill = state.fill_to_read(fill_key(event.mic, event.trade_date, event.exec_id))
    assert fill is not None
    told = (event.mic, event.exec_id, event.trade_date, event.instead, event.who, event.reason)
    command = EnterBust(fill.cl_ord_id, *told)
    yield command
    child = state.children[fill.cl_ord_id]
    yield from executed(env, state, now, busted(child, command))


def _no_entry(state: State, suspense_id: str) -> str:
    there = ", ".join(each.suspense_id for each in list(state.suspense.entries.values())[:10])
    return f"no entry {suspense_id!r} in suspense; there: {there or 'none'}"
