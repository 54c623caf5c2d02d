"""An operator's hand on a FIX session: log it on or out, set or reset its numbers.

Owns what may be done when, what it does to the link, and what a restart remembers of it. That it is
journaled, by whom and why, is the node's business.
"""

from __future__ import annotations

from router.fix.checks import NUMBER_DIGITS_MAX
from router.fix.session import Session
from router.messages import SessionCommanded
from router.runtime.links import Kept, Link, LinkKind

LOGON, LOGOUT, RESET, SET_NUMBERS = ACTIONS = ("logon", "logout", "reset", "set_numbers")

SKIP_MAX = 1_000_000
"""Numbers to send that may be skipped at once."""
IN_MAX = 10**NUMBER_DIGITS_MAX - 1
"""The highest MsgSeqNum(34) that is read as a number."""


def refusal(link: Link, event: SessionCommanded) -> str:
    """Why it may not be done now, and what to do instead; nothing if it may."""
    name = link.name
    if event.action not in ACTIONS:
        return f"unknown action {event.action!r}; allowed: {', '.join(ACTIONS)}"
    if not event.who or not event.reason:
        return f"{event.action} of {name} needs a who and a reason"
    if event.action in (RESET, SET_NUMBERS) and link.kind is LinkKind.DATA:
        return f"{name} is market data: both sides begin at 1 with every Logon"
    if event.action != SET_NUMBERS:
        return ""
    if link.conn is not None:
        return f"{name} is connected; log it out first: sluice fix logout {name}"
    highest = link.last_stored + 1 + SKIP_MAX
    if not (1 <= event.next_in <= IN_MAX and 1 <= event.next_out <= highest):
        return (
            f"numbers {event.next_in} in, {event.next_out} out: allowed: in from 1 to {IN_MAX}, "
            f"out from 1 to {highest}"
        )
    return ""


def carry_out(link: Link, event: SessionCommanded, now: int) -> None:
    """Do it. `refusal` has nothing against it."""
    remember(link, event)
    match event.action:
        case "logout":
            link.session.logout("logged out by an operator", now)
        case "reset":
            link.session.reset(now)
        case "set_numbers":
            link.session = Session(link.config, next_in=event.next_in, next_out=event.next_out)
            link.resets = link.session.resets


def remember(link: Kept, event: SessionCommanded) -> None:
    """What of it outlives a restart."""
    match event.action:
        case "logon":
            link.barred = False
        case "logout":
            link.barred = True
        case "set_numbers":
            link.skip_to(event.next_out)
