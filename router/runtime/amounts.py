"""How much may be executed: no sum of quantity times price outgrows the 64 bits that a record has
for a number.

Owns the bound and the sums that are held against it. An execution is held against the sum that it
will be part of: of its order and its child, or of what is in suspense at its venue and for its
account; what others have told is no reason to refuse it. A copy may come to be part of any of them,
and waits before it does: all copies that wait have a bound of their own, and there is room for them
above every other sum. Prices may be negative, so that a small sum may be of large ones. What an
execution is, is the core's business.
"""

from __future__ import annotations

from collections.abc import Iterable

from router.core.ids import fill_key
from router.core.orders import Child
from router.core.state import State
from router.fix.codec import px_text
from router.messages import (
    AssignRequested,
    BustRequested,
    CopyReceived,
    Event,
    ExecutionReceived,
    SettleRequested,
)
from router.model import VALUE_MAX, ExecType

SUM_MAX = VALUE_MAX * 3 // 2
"""More than an order may be worth: it may trade at better prices than its own, and too much."""
COPIES_VALUE_MAX = 2**63 - 1 - SUM_MAX
"""Of all copies that wait: what 64 bits hold above `SUM_MAX`."""
_WORTH = frozenset({ExecType.TRADE, ExecType.TRADE_CORRECT})
"""What has a price. A bust adds to no sum, and a status is no execution."""

Told = tuple[int, int]
"""Quantity and price of an execution."""


def check(state: State, event: Event | tuple[Event, ...] | None) -> None:
    """Look at what a venue tells before anything is done with it.

    Raises:
        ValueError: a sum would be too large. It cannot be booked, nor kept in suspense.
    """
    is_copy = type(event) is CopyReceived
    if type(event) is CopyReceived:
        event = event.execution
    if type(event) is not ExecutionReceived:
        return
    if event.exec_type not in _WORTH or not event.last_qty:
        return
    told = (event.last_qty, event.last_px)
    child = state.child_meant(event) or _put_away(state, event)
    fault = _booked(state, child, told) if child is not None else ""
    if is_copy or child is None or not _is_placed(state, child, event):
        fault = fault or _kept(state, event, told)
    if is_copy:
        fault = fault or _waits(state, told)
    if fault:
        raise ValueError(fault)


def refusal(state: State, event: Event) -> str:
    """Why what an operator says of executions cannot be booked; nothing if it can.

    Nothing else speaks against it.
    """
    match event:
        case AssignRequested():
            entry = state.suspense.named(event.suspense_id)
            assert entry is not None, event
            name, told = event.cl_ord_id, [(entry.event.last_qty, entry.event.last_px)]
        case SettleRequested():
            name, told = event.cl_ord_id, [(each.qty, each.px) for each in event.executions]
        case BustRequested() if event.instead is not None:
            key = fill_key(event.mic, event.trade_date, event.exec_id)
            fill = state.fill_to_read(key)
            assert fill is not None, event
            name, told = fill.cl_ord_id, [(event.instead.qty, event.instead.px)]
        case _:
            return ""
    child = state.child_to_read(name)
    assert child is not None, event
    return _booked(state, child, *told)


def _booked(state: State, child: Child, *told: Told) -> str:
    """Why executions cannot be booked as a child's; nothing if they can."""
    parent = state.parent_to_read(child.parent_id)
    assert parent is not None, child
    venue = state.venues[child.mic]
    fee = max(abs(venue.take_fee), abs(venue.make_fee))
    early = (child.amended_early or {}).values()
    executed = [*told, *((qty, px) for _, qty, px in early)]
    value = max(abs(parent.notional), abs(child.notional)) + _value(executed)
    fees = abs(parent.fees) + sum(qty for qty, _ in executed) * fee
    return _fault(max(value, fees), f"of {parent.parent_id}")


def _kept(state: State, event: ExecutionReceived, told: Told) -> str:
    """Why it could not be kept in suspense; nothing if it could."""
    book = state.suspense
    sums = [book.values.get(event.mic, 0), book.account_values.get(event.account, 0)]
    rest = book.entries.get(f"{event.mic}.overflow")
    sums += [rest.value] if rest is not None else []
    value = max(map(abs, sums)) + _value([told])
    return _fault(value, f"in suspense at {event.mic}")


def _waits(state: State, told: Told) -> str:
    """Why a copy could not wait for its original; nothing if it could."""
    value = state.copies.value + _value([told])
    return _fault(value, "of which copies wait", COPIES_VALUE_MAX)


def _is_placed(state: State, child: Child, event: ExecutionReceived) -> bool:
    """True if nothing of it can go into suspense: it is new, and corrects nothing but its own."""
    if state.knows_fill(child.fill_key(event.trade_date, event.exec_id)):
        return False
    if event.exec_type is ExecType.TRADE:
        return True
    fill = state.fill_to_read(child.fill_key(event.trade_date, event.exec_ref_id))
    return fill is not None and fill.cl_ord_id == child.cl_ord_id


def _put_away(state: State, event: ExecutionReceived) -> Child | None:
    for name in (event.cl_ord_id, event.orig_cl_ord_id):
        order = state.closed.look(state.closed.of_child(name)) if name else None
        for child in order.children if order is not None else ():
            if child.mic == event.mic and name in (child.cl_ord_id, *child.cancel_ids):
                return child
    return None


def _fault(value: int, where: str, most: int = SUM_MAX) -> str:
    """What is wrong with a sum that an event would come to, if anything."""
    if value <= most:
        return ""
    return f"executions {where} would come to {px_text(value)}, beyond {px_text(most)}"


def _value(executed: Iterable[Told]) -> int:
    return sum(qty * abs(px) for qty, px in executed)
