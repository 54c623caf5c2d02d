"""What a venue's message, or a drop copy, is to the core.

Owns which session's messages are executions themselves and which are copies, and how a client's
message is refused. Raises what `fix.from_venue` raises.
"""

from __future__ import annotations

from router.fix import from_venue
from router.fix.checks import routing
from router.fix.codec import Message
from router.messages import CopyReceived, Event, RefuseMessage
from router.runtime.links import CopyTerms, Link, LinkKind

UNSUPPORTED = "3"
"""BusinessRejectReason(380)."""


def read(link: Link, message: Message, now: int, refused_id: str) -> Event | None:
    """The event; None for a message that says nothing to the core.

    A copy on a session for orders, marked by CopyMsgIndicator(797), is one like any other.
    """
    if link.kind is LinkKind.COPIES:
        return _copy(link, link.copies, message, now)
    if message.msg_type == "8" and message.fields.get("797") == "Y":
        return _copy(link, CopyTerms((link.mic,)), message, now)
    return from_venue.read(link.mic, message, now, refused_id, link.dialect)


def refuse(link: Link, message: Message, seq: int, reason: str, text: str) -> RefuseMessage:
    """BusinessMessageReject(j) of a message that is not taken."""
    ref_id = message.get("11") or message.get("584")
    reply_to = routing(message)
    return RefuseMessage(link.name, seq, message.msg_type, reason, ref_id, text, reply_to)


def _copy(link: Link, terms: CopyTerms, message: Message, now: int) -> Event | None:
    execution = from_venue.read_copy(terms.mics, message, now, link.dialect)
    if execution is None:
        return None
    return CopyReceived(link.name, execution, terms.wait_ns, terms.trusted)
