"""What is in doubt, as an operator sees and settles it: suspense, frozen parents, UNKNOWN children.

Owns the answers to `assign`, `dismiss`, `release`, `settle` and `bust`, and what `status` shows of
it. What each of them does is the core's business.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from router.core import settling
from router.core.orders import Child, ChildStatus
from router.core.state import State
from router.core.suspense import Suspended
from router.fix.codec import px_value, qty_value, time_text, time_value
from router.messages import (
    AssignRequested,
    BustRequested,
    DismissRequested,
    Entered,
    Event,
    ReleaseRequested,
    SettleRequested,
)
from router.model import PX_SCALE
from router.runtime import amounts
from router.runtime.node import Node

SHOWN_MAX = 200
"""Entries, and parents, that an answer lists; the counts are of all."""

Answer = dict[str, Any]


def unknown(state: State) -> dict[str, int]:
    """By venue, children whose fate is not known."""
    live = state.live_children()
    return Counter(child.mic for child in live if child.status is ChildStatus.UNKNOWN)


def shown(state: State) -> Answer:
    """The suspense book, the frozen parents and the UNKNOWN children."""
    children = [each for each in state.live_children() if each.status is ChildStatus.UNKNOWN]
    entries = list(state.suspense.entries.values())
    return {
        "suspense": [_entry(each) for each in entries[:SHOWN_MAX]],
        "suspense_count": len(entries),
        "copies_waiting": len(state.copies),
        "frozen_parents": [
            _parent(state, parent_id) for parent_id in list(state.frozen_parents)[:SHOWN_MAX]
        ],
        "frozen_parents_count": len(state.frozen_parents),
        "unknown": [_child(state, each) for each in children[:SHOWN_MAX]],
        "unknown_count": len(children),
    }


def _entry(entry: Suspended) -> Answer:
    event = entry.event
    return {
        "suspense_id": entry.suspense_id,
        "cause": entry.cause.value,
        "mic": event.mic,
        "exec_id": event.exec_id,
        "exec_ref_id": event.exec_ref_id,
        "cl_ord_id": event.cl_ord_id,
        "order_id": event.order_id,
        "symbol": event.symbol,
        "side": event.side,
        "qty": entry.qty,
        "px": event.last_px / PX_SCALE,
        "account": event.account,
        "trade_date": event.trade_date,
        "at": entry.at,
        "count": entry.count,
        "disputed": entry.disputed,
    }


def _parent(state: State, parent_id: str) -> Answer:
    parent = state.parents[parent_id]
    return {
        "parent_id": parent_id,
        "session": parent.session,
        "cl_ord_id": parent.cl_ord_id,
        "order_qty": parent.terms.order_qty,
        "cum_qty": parent.cum_qty,
        "reason": parent.frozen,
    }


def _child(state: State, child: Child) -> Answer:
    return {
        "cl_ord_id": child.cl_ord_id,
        "mic": child.mic,
        "order_id": child.order_id,
        "symbol": child.symbol,
        "side": child.side.value,
        "qty": child.qty,
        "cum_qty": child.cum_qty,
        "claimed_qty": child.claimed_qty,
        "sent_at": child.sent_at,
        "parent_id": child.parent_id,
        "venue_open": state.venue[child.mic].open,
    }


def assign(node: Node, now: int, request: Answer) -> Answer:
    """Book an execution in suspense as a child's."""
    suspense_id, who, reason = _named(request, "suspense_id")
    event = AssignRequested(suspense_id, str(request.get("cl_ord_id", "")), who, reason)
    refused = settling.assign_refusal(node.engine.state, event)
    told = {"suspense_id": suspense_id, "cl_ord_id": event.cl_ord_id, "who": who}
    return _carried_out(node, now, event, refused, told)


def dismiss(node: Node, now: int, request: Answer) -> Answer:
    """Take an entry out of the suspense book."""
    event = DismissRequested(*_named(request, "suspense_id"))
    refused = settling.dismiss_refusal(node.engine.state, event)
    told = {"suspense_id": event.suspense_id, "who": event.who}
    return _carried_out(node, now, event, refused, told)


def release(node: Node, now: int, request: Answer) -> Answer:
    """Let a frozen parent go on."""
    event = ReleaseRequested(*_named(request, "parent_id"))
    refused = settling.release_refusal(node.engine.state, event)
    told = {"parent_id": event.parent_id, "who": event.who}
    return _carried_out(node, now, event, refused, told)


def settle(node: Node, now: int, request: Answer) -> Answer:
    """Take a person's word on an UNKNOWN child."""
    cl_ord_id, who, reason = _named(request, "cl_ord_id")
    try:
        executions = tuple(_entered(each, now) for each in request.get("executions") or ())
        cum_qty = qty_value(str(request.get("cum_qty", "")))
    except (TypeError, ValueError, AttributeError) as error:
        return {"error": f"executions, cum_qty: {error}"}
    over = request.get("over") is True
    event = SettleRequested(cl_ord_id, executions, cum_qty, over, who, reason)
    state = node.engine.state
    refused = settling.settle_refusal(state, event)
    told = {"cl_ord_id": cl_ord_id, "cum_qty": cum_qty, "over": over, "who": who}
    answer = _carried_out(node, now, event, refused, told)
    if "error" in answer:
        return answer
    left = sum(unknown(state).values())
    return {**answer, "status": state.children[cl_ord_id].status.value, "unknown_count": left}


def bust(node: Node, now: int, request: Answer) -> Answer:
    """Take an execution back, or correct it, upon a person's word."""
    mic, who, reason = _named(request, "mic")
    exec_id, instead = str(request.get("exec_id", "")), request.get("instead")
    try:
        trade_date = _day(request, now)
        corrected = _entered({**instead, "trade_date": trade_date}, now) if instead else None
    except (TypeError, ValueError) as error:
        return {"error": str(error)}
    event = BustRequested(mic, exec_id, trade_date, corrected, who, reason)
    refused = settling.bust_refusal(node.engine.state, event)
    told = {"mic": mic, "exec_id": exec_id, "trade_date": trade_date, "who": who}
    return _carried_out(node, now, event, refused, told)


def _entered(told: Answer, now: int) -> Entered:
    """One execution, its price as text; without a date it is of today, UTC.

    Raises:
        ValueError: a quantity, a price or a date that is none.
    """
    qty, px = qty_value(str(told.get("qty", ""))), px_value(str(told.get("px", "")))
    return Entered(
        exec_id=str(told.get("exec_id", "")),
        qty=qty,
        px=px,
        trade_date=_day(told, now),
    )


def _day(told: Answer, now: int) -> str:
    day = str(told.get("trade_date") or time_text(now, 0)[:8])
    try:
        time_value(f"{day}-00:00:00")
    except ValueError:
        raise ValueError(f"trade_date {day!r} is not YYYYMMDD") from None
    return day


def _named(request: Answer, key: str) -> tuple[str, str, str]:
    subject, who, reason = (str(request.get(each, "")) for each in (key, "who", "reason"))
    return subject, who, reason


def _carried_out(node: Node, now: int, event: Event, refused: str, told: Answer) -> Answer:
    if not getattr(event, "who", "") or not getattr(event, "reason", ""):
        refused = "it needs a named who and a reason"
    refused = refused or amounts.refusal(node.engine.state, event)
    if refused:
        return {"error": refused}
    node.control(event, now)
    state = node.engine.state
    left = {"suspense_count": len(state.suspense.entries), "frozen": list(state.frozen_parents)}
    return {**told, **left}
