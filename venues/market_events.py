"""What a schedule can let happen to a venue or to the whole market, and the keys of each `detail`.

Owns the names of events and their schemas. Knows nothing of when they happen (`schedule`) and
nothing of what they do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from router.plugin import Plugin


class MdStale(Plugin):
    """Market data stops, the session lives on."""

    mode: Literal["frozen"] = "frozen"
    heartbeats: bool = True


class RejectAll(Plugin):
    """Every new order is rejected."""

    reason: str = "rejected"
    """Text(58)."""
    ord_rej_code: int = Field(default=99, ge=0)
    """OrdRejReason(103)."""


class SessionDrop(Plugin):
    """The connection is lost, and nobody is let in until the end."""

    cancel_on_disconnect: bool = False
    resend_on_logon: bool = True
    gap_fills: bool = False


class NoAck(Plugin):
    """Orders are taken and nothing is said of it."""

    orders_still_live: bool = True
    fills_reported_late: bool = True


class Halt(Plugin):
    """Trading stops at every venue."""

    type: str = Field(default="regulatory", min_length=1)
    """Why, in words: told to market data subscribers."""
    reopening_auction: bool = True


HALT = "halt"
"""The one event that has no venue."""

EVENTS: Mapping[str, type[Plugin]] = {
    HALT: Halt,
    "md_stale": MdStale,
    "no_ack": NoAck,
    "reject_all": RejectAll,
    "session_drop": SessionDrop,
}
