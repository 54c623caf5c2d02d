"""What a peer's message is to the core: a client's, a venue's, or a drop copy.

Owns which session's messages are executions themselves and which are copies, and what a session's
own terms refuse. Raises what `fix.from_venue` and `amounts.check` raise.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from router.core.state import State
from router.fix import from_oms, from_venue
from router.fix.checks import routing
from router.fix.codec import Message, decode
from router.fix.throttle import THROTTLED
from router.journal.segments import Journal
from router.messages import CopyReceived, Event, OrderReceived, RefuseMessage, ReplaceReceived
from router.model import Instrument
from router.runtime import amounts
from router.runtime.links import CopyTerms, Link, LinkKind
from router.runtime.resends import sent_frames

UNSUPPORTED, CONDITIONALLY_REQUIRED = "3", "5"
"""BusinessRejectReason(380)."""


def read_client(
    link: Link, message: Message, seq: int, now: int, instruments: Mapping[str, Instrument]
) -> Event | RefuseMessage:
    """The event of a message of an OMS or a reader of copies, or the refusal that answers it."""
    if link.throttle is not None and not link.throttle.admits(message.msg_type, now):
        return _refuse(link, message, seq, THROTTLED, "THROTTLED: too many messages")
    if link.kind is LinkKind.DROP:
        text = f"MESSAGE_UNSUPPORTED: a reader of copies sends no 35={message.msg_type}"
        return _refuse(link, message, seq, UNSUPPORTED, text)
    if link.account_required and message.msg_type in ("D", "G") and not message.get("1"):
        text = f"FIELD_MISSING: 35={message.msg_type} requires Account(1)"
        return _refuse(link, message, seq, CONDITIONALLY_REQUIRED, text)
    judge = link.config.validate
    event = from_oms.read(link.name, message, seq, link.dialect, judge, instruments)
    if isinstance(event, (OrderReceived, ReplaceReceived)) and (closed := link.closed(now)):
        return msgspec.structs.replace(event, closed=closed)
    return event


def _refuse(link: Link, message: Message, seq: int, reason: str, text: str) -> RefuseMessage:
    """BusinessMessageReject(j) of a message that is not taken."""
    ref_id = message.get("11") or message.get("584")
    reply_to = routing(message)
    return RefuseMessage(link.name, seq, message.msg_type, reason, ref_id, text, reply_to)


def read(
    link: Link, message: Message, now: int, journal: Journal, state: State
) -> Event | tuple[Event, ...] | None:
    """The event, or the events, or None for a message that says nothing to the core.

    A copy on a session for orders, marked by CopyMsgIndicator(797), is one like any other.
    """
    event = _event(link, message, now, journal)
    amounts.check(state, event)
    return event


def _event(
    link: Link, message: Message, now: int, journal: Journal
) -> Event | tuple[Event, ...] | None:
    if link.kind is LinkKind.COPIES:
        return _copy(link, link.copies, message, now)
    if message.msg_type == "8" and message.fields.get("797") == "Y":
        return _copy(link, CopyTerms((link.mic,)), message, now)
    refused_id = _refused_id(link, message, journal)
    return from_venue.read(link.mic, message, now, refused_id, link.dialect)


def _refused_id(link: Link, message: Message, journal: Journal) -> str:
    """The ClOrdID of our message that a Reject(3) or j means by RefSeqNum(45)."""
    text = message.get("45")
    if message.msg_type not in ("3", "j") or not text.isdigit() or not link.durable:
        return ""
    frames = sent_frames(journal, link, int(text), int(text))
    return decode(frames[0][1]).get("11") if frames else ""


def _copy(link: Link, terms: CopyTerms, message: Message, now: int) -> Event | None:
    execution = from_venue.read_copy(terms.mics, message, now, link.dialect)
    if execution is None:
        return None
    return CopyReceived(link.name, execution, terms.wait_ns, terms.trusted)
