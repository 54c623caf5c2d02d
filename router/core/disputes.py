"""What follows when a venue tells what cannot be placed: it is noted, and may be disputed.

Owns who is told of an entry of the suspense book, and when a DontKnowTrade(Q) goes out: by the
venue's profile only (reliability.md 1.1, `dk`). What is disputed is counted, or booked, all the
same: only the venue can take an execution back, by a bust.
"""

from __future__ import annotations

from collections.abc import Iterator

from router.core.orders import Child
from router.core.state import State
from router.core.suspense import Cause, Suspended
from router.messages import Command, DisputeExecution, ExecutionReceived, NoteSuspense
from router.model import Side

QUANTITY_EXCEEDS_ORDER, NO_MATCHING_ORDER = "C", "D"
"""DKReason(127)."""


def noticed(entry: Suspended) -> NoteSuspense:
    """Tell of an entry that has just come, or of a sum that has grown."""
    event = entry.event
    return NoteSuspense(
        suspense_id=entry.suspense_id,
        cause=entry.cause.value,
        mic=event.mic,
        exec_id=event.exec_id,
        cl_ord_id=event.cl_ord_id,
        symbol=event.symbol,
        side=event.side,
        qty=entry.qty,
        px=event.last_px,
        account=event.account,
    )


def due(state: State, suspense_id: str) -> Iterator[Command]:
    """An execution of no order of ours has waited long enough: the venue is told, if it can be."""
    entry = state.suspense.named(suspense_id)
    if entry is None or entry.cause is not Cause.UNKNOWN_ORDER or entry.disputed:
        return
    event = entry.event
    if event.side in set(Side) and _can_be_told(state, event.mic):
        text = f"no order of ours has ClOrdID(11) {event.cl_ord_id}"
        yield _dispute(event, suspense_id, NO_MATCHING_ORDER, Side(event.side), text)


def reopened(state: State, mic: str) -> Iterator[Command]:
    """A venue is back: dispute what could not be disputed while it was away."""
    for entry in list(state.suspense.entries.values()):
        if entry.event.mic == mic and entry.waited:
            yield from due(state, entry.suspense_id)


def overfilled(state: State, child: Child, event: ExecutionReceived) -> Iterator[Command]:
    """An execution beyond the quantity of its child was booked, and may be disputed at once."""
    if child.cum_qty > child.qty and _can_be_told(state, child.mic):
        text = f"{child.cum_qty} of {child.qty} were executed"
        yield _dispute(event, "", QUANTITY_EXCEEDS_ORDER, child.side, text)


def _can_be_told(state: State, mic: str) -> bool:
    venue = state.venues.get(mic)
    return venue is not None and venue.dk and state.venue[mic].open


def _dispute(
    event: ExecutionReceived, suspense_id: str, dk_reason: str, side: Side, text: str
) -> DisputeExecution:
    return DisputeExecution(
        mic=event.mic,
        suspense_id=suspense_id,
        dk_reason=dk_reason,
        order_id=event.order_id or "NONE",
        exec_id=event.exec_id,
        symbol=event.symbol,
        side=side,
        order_qty=event.order_qty,
        last_qty=event.last_qty,
        last_px=event.last_px,
        text=text,
    )
