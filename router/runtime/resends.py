"""What of a sent range may be sent again: frames read back from the journal, a few at a time.

Owns the rule that no NewOrderSingle leaves late. Knows positions and frames, no connection.
"""

from __future__ import annotations

from router.fix.codec import decode, time_value
from router.journal.records import Position
from router.journal.segments import Journal
from router.messages import decode_step
from router.runtime.links import Link

STALE_TYPES = frozenset({"D"})
"""Messages to a venue that are never resent when they are old: gap-filled instead."""


def stored_frames(
    journal: Journal, link: Link, begin: int, end: int, now: int
) -> list[tuple[int, bytes]]:
    """What may be resent of a range: no NewOrderSingle that has grown old on its way.

    One of a former life is old: how long it was is not known, for the clock may have been set since
    (seed 8282). Within a life the clock goes on with the monotonic one.
    """
    frames = sent_frames(journal, link, begin, end)
    if link.venue is None:
        return frames
    age_max = link.venue.max_resend_age_ns
    former = link.former
    return [(seq, frame) for seq, frame in frames if not _stale(frame, now, age_max, seq <= former)]


def sent_frames(journal: Journal, link: Link, begin: int, end: int) -> list[tuple[int, bytes]]:
    """The frames of a range of MsgSeqNums, as they were first sent."""
    found: list[tuple[int, bytes]] = []
    read: Position | None = None
    frames: dict[int, bytes] = {}
    for seq in range(max(1, begin), min(end, link.last_stored) + 1):
        position = link.position(seq)
        if position is None:
            continue
        if position != read:  # one record may hold thousands
            sent = decode_step(journal.read(position)).sent
            frames = {each.msg_seq_num: each.frame for each in sent if each.session == link.name}
            read = position
        if seq in frames:
            found.append((seq, frames[seq]))
    return found


def _stale(frame: bytes, now: int, age_max: int, former: bool) -> bool:
    """True for an order that is old, or whose age nobody knows."""
    message = decode(frame)
    if message.msg_type not in STALE_TYPES:
        return False
    return former or not 0 <= now - time_value(message.get("52")) < age_max
