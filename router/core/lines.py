"""What an OMS may not have got of what it was told, should its session's numbers begin again.

No FIX message says what has arrived. But a line that carries nothing any more is found out by one
of its ends, and ended: what was sent so long before the peer was last heard has arrived. Of what
came later nobody knows. Owns that rule.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

MS = 1_000_000
"""SendingTime(52) is cut to it."""


class Line(msgspec.Struct, array_like=True):
    """One session, as the journal knows it. Times are UTC nanoseconds."""

    is_open: bool = False
    opened_at: int = 0
    sure_ns: int = 0
    """So long it takes at most until a line that is dead is ended; 0: nobody looks."""
    spoke_at: int = 0
    """When it was last told something of an order."""
    arrived: int = 0
    """What was sent until then has arrived."""

    def opened(self, now: int, sure_ns: int) -> None:
        """The session is logged on."""
        self.is_open, self.opened_at, self.sure_ns = True, now, sure_ns

    def closed(self, heard_at: int) -> None:
        """It is logged out, or lost; its peer was last heard then."""
        self.arrived = self.arrived_by(heard_at)
        self.is_open = False

    def arrived_by(self, heard_at: int) -> int:
        """What was sent until then has arrived, now that its peer was heard at `heard_at`."""
        if self.is_open and self.sure_ns and heard_at - self.opened_at >= self.sure_ns:
            return max(self.arrived, heard_at - self.sure_ns)
        return self.arrived


def restarted(lines: Mapping[str, Line], now: int) -> None:
    """The process has died: no earlier than it had last told anybody something. If the clock is
    behind since, what is sent from here on has not arrived.
    """
    alive = max((each.spoke_at for each in lines.values()), default=0)
    for each in lines.values():
        each.closed(alive)
        each.arrived = min(each.arrived, now - MS)
