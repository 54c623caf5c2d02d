"""What is in doubt, as an operator sees and settles it: suspense, frozen parents, UNKNOWN children.

Owns the answers to `assign`, `dismiss` and `release`, and what `status` shows of it. What each of
them does is the core's business.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from router.core import settling
from router.core.orders import ChildStatus
from router.core.state import State
from router.core.suspense import Suspended
from router.messages import AssignRequested, DismissRequested, Event, ReleaseRequested
from router.model import PX_SCALE
from router.runtime.node import Node

SHOWN_MAX = 200
"""Entries, and parents, that an answer lists; the counts are of all."""

Answer = dict[str, Any]


def unknown(state: State) -> dict[str, int]:
    """By venue, children whose fate is not known."""
    live = state.live_children()
    return Counter(child.mic for child in live if child.status is ChildStatus.UNKNOWN)


def shown(state: State) -> Answer:
    """The suspense book and the frozen parents."""
    entries = list(state.suspense.entries.values())
    return {
        "suspense": [_entry(each) for each in entries[:SHOWN_MAX]],
        "suspense_count": len(entries),
        "copies_waiting": len(state.copies),
        "frozen_parents": [
            _parent(state, parent_id) for parent_id in list(state.frozen_parents)[:SHOWN_MAX]
        ],
        "frozen_parents_count": len(state.frozen_parents),
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


def _named(request: Answer, key: str) -> tuple[str, str, str]:
    subject, who, reason = (str(request.get(each, "")) for each in (key, "who", "reason"))
    return subject, who, reason


def _carried_out(node: Node, now: int, event: Event, refused: str, told: Answer) -> Answer:
    if not getattr(event, "who", "") or not getattr(event, "reason", ""):
        refused = "it needs a named who and a reason"
    if refused:
        return {"error": refused}
    node.control(event, now)
    state = node.engine.state
    left = {"suspense_count": len(state.suspense.entries), "frozen": list(state.frozen_parents)}
    return {**told, **left}
