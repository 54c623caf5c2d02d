"""What of a sent range may be sent again: frames read back from the journal, a few at a time.

Owns the rules that no NewOrderSingle leaves late, and that what a client may not have got is told
again when its session's numbers begin again. Knows positions and frames, no connection.
"""

from __future__ import annotations

from collections.abc import Mapping

from router.core.lines import Line
from router.fix.codec import decode, time_value
from router.fix.states import Alert
from router.journal.records import Position
from router.journal.segments import Journal
from router.messages import decode_step
from router.runtime.links import CLIENTS, Link

STALE_TYPES = frozenset({"D"})
"""Messages to a venue that are never resent when they are old: gap-filled instead."""
AGAIN_TYPES = frozenset("89")
"""What became of an order or of a request. Other answers speak of numbers that are no more, and
whoever has asked may ask again."""
AGAIN_MAX = 5_000
"""Messages that are told again after a reset: the newest. Of what was before them its client must
ask."""
_AT_ONCE = 256
"""Frames that are looked at, from the newest back, before it is seen whether that was enough."""


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


def tell_again(journal: Journal, link: Link, lines: Mapping[str, Line], now: int) -> None:
    """The numbers have begun again: what a client may not have got it is told again, under new ones
    and with PossResend(97), in the record of the reset. It can ask for numbers of now alone.
    """
    was, link.resets = link.resets, link.session.resets
    if link.resets == was or link.kind not in CLIENTS:
        return  # a venue is asked how all orders stand
    line = lines.get(link.name)
    heard_at = link.session.timers.last_heard
    missed, whole = _missed(journal, link, line.arrived_by(heard_at) if line is not None else 0)
    for frame in missed:
        link.session.send_again(frame, now)
    if missed:
        more = "" if whole else ", and there is more: it must ask for the state of its orders"
        text = f"{len(missed)} messages may not have arrived before the reset, and are told again"
        link.session.events.append(Alert("POSS_RESEND", text + more))


def _missed(journal: Journal, link: Link, arrived: int) -> tuple[list[bytes], bool]:
    """What was told of orders after what has arrived; and whether that is all."""
    found: list[bytes] = []
    end = link.last_stored
    while end > 0:
        for _, frame in reversed(sent_frames(journal, link, end - _AT_ONCE + 1, end)):
            message = decode(frame)
            if time_value(message.get("52")) <= arrived:
                return found[::-1], True
            if message.msg_type not in AGAIN_TYPES:
                continue
            if len(found) == AGAIN_MAX:
                return found[::-1], False
            found.append(frame)
        end -= _AT_ONCE
    return found[::-1], True
