"""Take what is there now, then work the rest.

Owns when a sweep asks for more: all that is free is due at once, and again after every pause.
Knows nothing of venues.
"""

from __future__ import annotations

from pydantic import Field

from router.model import NS
from router.ports import Algo, Due, MarketView, ParentView


class Sweep(Algo):
    """Everything is due at once: the first round at full urgency, the rest at `urgency`."""

    pause_s: int = Field(5, ge=1, le=3600)
    """Seconds between rounds; the first round lasts as long."""
    urgency: float = Field(0.5, ge=0.0, le=1.0)
    """After the first round: 0 patient to 1 must trade. It is 1 again in the last pause."""

    def due(self, parent: ParentView, market: MarketView, now: int) -> Due:
        """All that is free, between the parent's start and its end."""
        pause_ns = self.pause_s * NS
        if now < parent.start_time:
            return Due(0, 0.0, parent.start_time)
        if parent.end_time and now >= parent.end_time:
            return Due(0, 1.0, now + pause_ns)
        first = now < parent.start_time + pause_ns
        last = bool(parent.end_time) and now >= parent.end_time - pause_ns
        return Due(parent.free_qty, 1.0 if first or last else self.urgency, now + pause_ns)
