"""What an OMS may not have got of what it was told, should its session's numbers begin again.

No FIX message says what has arrived. What was sent before a minute in which the session stayed up
has, or the session would have ended; of what came later nobody knows. Owns that rule.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from router.model import NS

MS = 1_000_000
"""SendingTime(52) is cut to it."""
SURE_NS = 60 * NS
"""Twice HeartBtInt(108) as it is usual: a line that is dead is found out before."""


class Line(msgspec.Struct, array_like=True):
    """One session, as the journal knows it."""

    is_open: bool = False
    opened_at: int = 0
    spoke_at: int = 0
    """When it was last told something of an order."""
    arrived: int = 0
    """What was sent until then has arrived, UTC nanoseconds."""

    def opened(self, now: int) -> None:
        """The session is logged on."""
        self.is_open, self.opened_at = True, now

    def closed(self, now: int) -> None:
        """It is logged out, or lost."""
        self.arrived = self.arrived_by(now)
        self.is_open = False

    def arrived_by(self, now: int) -> int:
        """What was sent until then has arrived, as one knows `now`."""
        if self.is_open and now - self.opened_at >= SURE_NS:
            return max(self.arrived, now - SURE_NS)
        return self.arrived


def restarted(lines: Mapping[str, Line], now: int) -> None:
    """The process has died: no later than when it had last told anybody something. If the clock is
    behind since, what is sent from here on has not arrived.
    """
    died = max((each.spoke_at for each in lines.values()), default=0)
    for each in lines.values():
        each.closed(died)
        each.arrived = min(each.arrived, now - MS)
