"""How much may be executed: no sum of quantity times price outgrows the 64 bits that a record has
for a number.

Owns the bound and the sums that are held against it: of an order and of its child, of what is in
suspense at a venue or for an account, and of copies that may yet be booked. Prices may be negative,
so that a small sum may be of large ones. What an execution is, is the core's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
from router.model import VALUE_MAX

SUM_MAX = VALUE_MAX * 3 // 2
"""More than an order may be worth: it may trade at better prices than its own, and too much."""
SMALL = 10**14
"""Of an execution below it, copies that wait are not counted: there are `COPIES_MAX` of them at
most, and so many fit between `SUM_MAX` and 64 bits."""

Told = tuple[int, int]
"""Quantity and price of an execution."""


def check(state: State, event: Event | tuple[Event, ...] | None) -> None:
    """Look at what a venue tells before anything is done with it.

    Raises:
        ValueError: a sum would be too large. It cannot be booked, nor kept in suspense.
    """
    if type(event) is CopyReceived:
        event = event.execution
    if type(event) is not ExecutionReceived or not event.last_qty:
        return
    told = (event.last_qty, event.last_px)
    child = state.child_meant(event) or _put_away(state, event)
    fault = _booked(state, child, told) if child is not None else ""
    fault = fault or _kept(state, event, told)
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
    return _fault(state, max(value, fees), told, f"of {parent.parent_id}")


def _kept(state: State, event: ExecutionReceived, told: Told) -> str:
    """Why it could not be kept in suspense; nothing if it could."""
    book = state.suspense
    sums = [book.values.get(event.mic, 0), book.account_values.get(event.account, 0)]
    rest = book.entries.get(f"{event.mic}.overflow")
    sums += [rest.value] if rest is not None else []
    value = max(map(abs, sums)) + _value([told])
    return _fault(state, value, [told], f"in suspense at {event.mic}")


def _put_away(state: State, event: ExecutionReceived) -> Child | None:
    for name in (event.cl_ord_id, event.orig_cl_ord_id):
        order = state.closed.look(state.closed.of_child(name)) if name else None
        for child in order.children if order is not None else ():
            if name in (child.cl_ord_id, *child.cancel_ids):
                return child
    return None


def _fault(state: State, value: int, told: Sequence[Told], where: str) -> str:
    """What is wrong with a sum that an event would come to, if anything."""
    if any(_value([each]) >= SMALL for each in told):
        waiting = state.copies.values()
        value += _value((each.event.last_qty, each.event.last_px) for each in waiting)
    if value <= SUM_MAX:
        return ""
    return f"executions {where} would come to {px_text(value)}, beyond {px_text(SUM_MAX)}"


def _value(executed: Iterable[Told]) -> int:
    return sum(qty * abs(px) for qty, px in executed)
