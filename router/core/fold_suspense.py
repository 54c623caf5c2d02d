"""Folding what venues tell that we cannot place: into the suspense book, and out of it again.

Owns what puts an entry in and what settles it. Decides nothing.
"""

from __future__ import annotations

from router import messages as m
from router.core.ids import fill_key
from router.core.orders import Child, Fill
from router.core.state import Outcome, State
from router.core.suspense import Cause, Suspended, other_key
from router.model import ExecType

_AMENDS = frozenset({ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT})


def unknown_order(state: State, now: int, event: m.ExecutionReceived) -> None:
    """An ExecutionReport(8) of an order that we do not know."""
    if event.exec_type is ExecType.TRADE:
        _unknown_trade(state, now, event)
    elif event.exec_type in _AMENDS:
        _amends_suspended(state, now, event)
    else:
        state.outcome = Outcome.STRAY


def _unknown_trade(state: State, now: int, event: m.ExecutionReceived) -> None:
    key = fill_key(event.mic, event.trade_date, event.exec_id)
    known, fill = state.suspense.entries.get(key), state.fill_to_read(key)
    if known is not None and known.cause is Cause.COPY_ONLY:
        state.suspense.replaced(key)  # its venue tells of it itself: that is what is looked at
        known = None
    other = known is not None and _content(known.event) != _content(event)
    if fill is not None:
        other = (fill.told_qty, fill.told_px) != (event.last_qty, event.last_px)
    if fill is not None and not other:
        state.outcome = Outcome.DUPLICATE
    elif other:
        suspend(state, now, other_key(key, event), Cause.OTHER_CONTENT, event)
    else:
        suspend(state, now, key, Cause.UNKNOWN_ORDER, event)


def _amends_suspended(state: State, now: int, event: m.ExecutionReceived) -> None:
    """A bust or correction of what is in suspense changes it there; of what is not, goes in."""
    own_key = fill_key(event.mic, event.trade_date, event.exec_id)
    ref = fill_key(event.mic, event.trade_date, event.exec_ref_id)
    book = state.suspense
    if ref not in book.entries:
        unknown_ref(state, now, own_key, event)
        return
    was = book.settle(ref, "busted" if event.exec_type is ExecType.TRADE_CANCEL else "corrected")
    state.outcome = Outcome.STRAY
    if event.exec_type is ExecType.TRADE_CORRECT:
        suspend(state, now, own_key, was.cause, event)
    else:
        book.settled[own_key] = "a bust that was carried out"


def unknown_ref(state: State, now: int, own_key: str, event: m.ExecutionReceived) -> None:
    """A bust or correction of an execution that we do not know (yet)."""
    suspend(state, now, own_key, Cause.UNKNOWN_REF, event)


def suspend(state: State, now: int, key: str, cause: Cause, event: m.ExecutionReceived) -> None:
    """Put something into suspense, once."""
    book = state.suspense
    if key in book.entries or key in book.settled:
        state.outcome = Outcome.DUPLICATE
        return
    state.copies.pop(key, None)
    state.fresh.append(book.add(key, cause, event, now))
    state.outcome = Outcome.SUSPENSE


def arrived(state: State, now: int, key: str, event: m.ExecutionReceived) -> None:
    """An execution is booked: what was in suspense under its key, or waits as a copy, is of it. A
    copy may have named another day.
    """
    settle_if_there(state, key)
    for other in _copies_of(state, event):
        state.suspense.settle(other, "its original has come")
    copy = state.copies.pop(key, None)
    if copy is not None:
        _compare(state, now, key, (event.last_qty, event.last_px), copy.event)


def _copies_of(state: State, event: m.ExecutionReceived) -> list[str]:
    named = (event.mic, event.cl_ord_id, event.exec_id)
    return [
        key
        for key, each in state.suspense.entries.items()
        if each.cause is Cause.COPY_ONLY
        and (each.event.mic, each.event.cl_ord_id, each.event.exec_id) == named
    ]


def settle_if_there(state: State, key: str) -> None:
    """What was in suspense under a key has found its order."""
    if key in state.suspense.entries:
        state.suspense.settle(key, "it was placed when more was told")


def compare_copy(state: State, now: int, key: str, copy: m.ExecutionReceived) -> None:
    """A copy of what was booked."""
    fill = state.fill_to_read(key)
    assert fill is not None, key
    if fill.key != key:
        return  # what had overtaken the execution that it amends: both are one
    _compare(state, now, key, (fill.told_qty, fill.told_px), copy)


def _compare(
    state: State, now: int, key: str, told: tuple[int, int], copy: m.ExecutionReceived
) -> None:
    """Two reports of one execution must say the same; of a bust that it is one is enough."""
    if copy.exec_type is ExecType.TRADE_CANCEL or told == (copy.last_qty, copy.last_px):
        return
    suspend(state, now, f"{key}#copy", Cause.COPY_DIFFERS, copy)


def is_other(fill: Fill, child: Child, event: m.ExecutionReceived) -> bool:
    """True if an execution that was told before says something else now (F-15)."""
    told = (fill.cl_ord_id, fill.told_qty, fill.told_px)
    return told != (child.cl_ord_id, event.last_qty, event.last_px)


def _content(event: m.ExecutionReceived) -> tuple[str, str, int, int]:
    return (event.cl_ord_id, event.side, event.last_qty, event.last_px)


# -- commands ------------------------------------------------------------------------------------


def note_suspense(state: State, now: int, command: m.NoteSuspense) -> None:
    """An execution of no order of ours may be disputed, if it is not settled by then."""
    state.fresh = [each for each in state.fresh if each.suspense_id != command.suspense_id]
    venue = state.venues.get(command.mic)
    if venue is not None and venue.dk and command.cause == Cause.UNKNOWN_ORDER:
        state.schedule(now + venue.dk_after_ns, "dispute", command.suspense_id)


def waited(state: State, suspense_id: str) -> None:
    """Its time is over: it may be disputed now, or as soon as its venue can be told."""
    entry = state.suspense.named(suspense_id)
    if entry is not None:
        entry.waited = True


def dispute_execution(state: State, now: int, command: m.DisputeExecution) -> None:
    """The venue was told. The entry counts on until it is settled."""
    entry = state.suspense.named(command.suspense_id) if command.suspense_id else None
    if entry is not None:
        entry.disputed = True


def dismiss_suspense(state: State, now: int, command: m.DismissSuspense) -> None:
    """It counts no more."""
    entry = state.suspense.named(command.suspense_id)
    assert entry is not None, command.suspense_id
    state.suspense.settle(entry.key, f"dismissed by {command.who}: {command.reason}")


def take_out(state: State, command: m.AssignSuspense) -> Suspended:
    """The entry that is assigned, out of the book."""
    entry = state.suspense.named(command.suspense_id)
    assert entry is not None, command.suspense_id
    return state.suspense.settle(entry.key, f"assigned by {command.who}: {command.reason}")


def release_parent(state: State, now: int, command: m.ReleaseParent) -> None:
    """It goes on from here; over-filled, it has nothing left to go on with."""
    parent = state.parents[command.parent_id]
    parent.frozen = ""
    del state.frozen_parents[parent.parent_id]
    if not parent.terminal:
        state.wake(parent, now)
