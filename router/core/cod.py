"""Cancel on disconnect: what a venue's profile promises of our children when a session ends.

Owns whom the promise covers and when the venue's word has broken it. A promise is no evidence: a
child in doubt is UNKNOWN, and counts in full, until its venue has spoken, whatever stands here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from router.core.orders import Child, ChildStatus
from router.messages import Command, ExpectCod, NoteCod
from router.model import RESTING_TACTICS, Venue

CANCELS, WORKS = "cancels", "works"
"""What a profile says becomes of a child: the venue takes it out, or works it on."""


def expected(venue: Venue, child: Child) -> Iterator[ExpectCod]:
    """What there is to be expected of a child whose session has just ended, unless it is already.

    A child without an OrderID(37) may have got there by the resend after the next Logon, and one
    at a venue that answers no questions is taken back then whatever it says. That an IOC or FOK has
    ended says nothing. All others are DAY orders, so `day` and `all` are the same for us: they
    differ in GTC and GTD, which no venue is sent.
    """
    if child.cod or not child.order_id or venue.mass_status == "none":
        return
    if venue.cod != "none":
        yield ExpectCod(child.cl_ord_id, CANCELS)
    elif child.tactic in RESTING_TACTICS:
        yield ExpectCod(child.cl_ord_id, WORKS)


def judged(child: Child) -> NoteCod | None:
    """What the venue's word makes of the promise, once it has been given; None before.

    Whoever had been asked to give a child back may have done just that, and a fill proves neither.
    """
    if not child.cod or child.status is ChildStatus.UNKNOWN:
        return None
    if child.cod == CANCELS:
        broken = child.status is ChildStatus.LIVE
    else:
        broken = child.status is ChildStatus.CANCELED and not child.cancel_ids
    return NoteCod(child.cl_ord_id, child.mic, child.cod, broken)


def not_kept(note: NoteCod | None) -> bool:
    """True of a child that is alive although its venue cancels on disconnect."""
    return note is not None and note.broken and note.promised == CANCELS


def faults(commands: Iterable[Command], venues: Mapping[str, Venue]) -> Iterator[tuple[str, str]]:
    """What an operator is told of promises that were broken: whose and which, and the details."""
    for each in commands:
        if isinstance(each, NoteCod) and each.broken:
            profile = venues[each.mic].cod
            if each.promised == CANCELS:
                text = f"child {each.cl_ord_id} has outlived its session, and is taken back"
                yield f"{each.mic}: COD_NOT_KEPT", f"{text}; the profile has cod: {profile}"
            else:
                text = f"child {each.cl_ord_id} was canceled when its session ended"
                yield f"{each.mic}: COD_NOT_SAID", f"{text}; the profile has cod: {profile}"
