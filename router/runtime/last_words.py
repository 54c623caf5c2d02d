"""What leaves when the journal has failed, and where a session goes on after it.

Cancels of everything alive leave from memory: a cancel adds no risk. The numbers that they spend
are on no disk, but below the mark that the journal has reserved for each venue's session: the next
life goes on at the mark, and gap-fills what lies between when it is asked for it (I6).
"""

from __future__ import annotations

from collections.abc import Mapping

from router.core.engine import Engine
from router.core.requests import cancel_child
from router.fix.application import outgoing
from router.fix.session import Session
from router.runtime.links import Link
from router.runtime.recorder import Batch, Recorder

REASON = "journal failed"
TOO_LOW = "too low"
"""In Text(58), as the FIX session protocol words it: MsgSeqNum too low, expecting 9 but ..."""
TOO_LOW_STATUS = "(SessionStatus 9)"
""""Received MsgSeqNum(34) is too low", as `logout_reason` shows it."""


def last_cancels(
    engine: Engine, links: Mapping[str, Link], recorder: Recorder, lost: Batch, now: int
) -> Batch:
    """Cancels of all children, by sessions that are logged on. `lost` was to leave and never will.

    A venue holds back what comes behind a gap, so each session closes its own first.
    """
    unsent = (lost, recorder.take())
    never_left = {each for batch in unsent for each in batch.children}
    state = engine.state
    told: set[str] = set()
    for child in state.live_children():
        link = links[child.mic]
        if child.cl_ord_id in never_left or not link.session.logged_on:
            continue
        if link.name not in told:
            told.add(link.name)
            begin = [batch.first[link.name] for batch in unsent if link.name in batch.first]
            link.session.skip_unsent(min(begin, default=link.session.next_out), now)
        cancel = cancel_child(engine.env, state, child, REASON)
        out = outgoing(cancel, now, {link.name: link.dialect})
        assert out is not None
        state.ids += 1
        link.session.send(out.msg_type, out.body, now)
        recorder.write_unrecorded(link)
    return recorder.take()


def go_on_at_the_mark(link: Link) -> bool:
    """Go on above every number that may have left without a record: once in a life.

    For a session that is not connected. False if there are no such numbers, or if its numbers are
    to begin again anyway.
    """
    if link.went_on or link.session.reset_owed or link.reserved <= link.session.next_out:
        return False
    link.went_on = True
    link.session = Session(link.config, next_in=link.session.next_in, next_out=link.reserved)
    return True


def was_too_low(link: Link) -> bool:
    """True if the peer has turned our Logon away because of its MsgSeqNum(34).

    The word that the failed life has left may be lost with its disk: then the venue's counts.
    """
    reason = link.session.closed_reason
    return link.reserved > 0 and (TOO_LOW in reason.lower() or TOO_LOW_STATUS in reason)
