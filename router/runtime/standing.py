"""Where a FIX session stands, as an operator asks for it: JSON. Changes nothing."""

from __future__ import annotations

from router.runtime.links import Link

Standing = dict[str, object]


def standing(link: Link, now: int) -> Standing:
    """One session. Times are UTC nanoseconds, 0 for never; what is not known is null."""
    session, config = link.session, link.config
    gap = session.inbox.gap
    return {
        "kind": link.kind.value,
        "role": config.role,
        "version": session.version.name,
        "sender_comp_id": config.sender_comp_id,
        "target_comp_id": config.target_comp_id,
        "state": session.state.name.lower(),
        "logged_on": session.logged_on,
        "closed_reason": session.closed_reason,
        "barred": link.barred,
        "next_in": session.next_in,
        "next_out": session.next_out,
        "gap": None if gap is None else list(gap),
        "held": session.inbox.held,
        "waiting": session.outbox.waiting,
        "resending": session.resending,
        "slow": link.slow,
        "last_sent": session.timers.last_sent,
        "last_heard": session.timers.last_heard,
        "round_trip_ns": session.round_trip or None,
        "heart_bt_int": _interval(link),
        "garbled": session.garbled,
        "reject_sent": _reject(session.reject_sent),
        "reject_received": _reject(session.reject_received),
        "open": link.schedule.is_open(now),
        "next_change": link.schedule.next_change(now),
    }


def _interval(link: Link) -> int:
    """HeartBtInt(108) that is kept to, seconds: what the initiator has proposed."""
    initiator = link.config.role == "initiator"
    return link.config.heart_bt_int if initiator else link.session.peer_heart_bt_int


def _reject(noted: tuple[int, str] | None) -> Standing | None:
    """A Reject(3) or j: what it was about, and why."""
    if noted is None:
        return None
    at, fields = noted
    found = dict(each.split("=", 1) for each in fields.split("\x01") if "=" in each)
    names = {"35": "msg_type", "45": "ref_seq_num", "372": "ref_msg_type", "371": "ref_tag"}
    reason = found.get("373") or found.get("380", "")
    told = {name: found[tag] for tag, name in names.items() if tag in found}
    return {"at": at, **told, "reason": reason, "text": found.get("58", "")}
