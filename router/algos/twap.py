"""Equal quantities in equal slices of time.

Owns the schedule. It keeps no state: what is due follows from the clock and from what was done,
so a target is cumulative and every miss is caught up. Knows nothing of venues.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from router.model import NS
from router.ports import Algo, Due, MarketView, ParentView

ASKS_PER_SLICE = 4
"""While something is due the algo is asked so often in a slice, so that urgency can grow."""


class Twap(Algo):
    """Slice k of n makes k/n of the quantity due at its start; the last slice completes."""

    interval_s: int = Field(60, ge=1, le=86_400)
    """Length of a slice, seconds."""
    slices: int = Field(0, ge=0, le=10_000)
    """How many slices there are; 0 means as many as `interval_s` makes."""
    horizon_s: int = Field(0, ge=0, le=7 * 86_400)
    """Length of the whole schedule, seconds; 0 means until the order expires."""
    urgency: float = Field(0.3, ge=0.0, le=1.0)
    """On schedule: 0 patient to 1 must trade."""
    catch_up: bool = True
    """Whether a lag raises the urgency. Without it a miss is due all the same, but patiently."""
    tolerance_pct: float = Field(2.0, ge=0.0, le=100.0)
    """How far it may lag before the urgency grows, percent of OrderQty."""

    has_schedule: ClassVar[bool] = True

    def ends_at(self, start_time: int, expire_at: int) -> int:
        """With the order, or `horizon_s` after the start if that is earlier."""
        end = start_time + self.horizon_s * NS if self.horizon_s else expire_at
        return min(end, expire_at) if expire_at else end

    def due(self, parent: ParentView, market: MarketView, now: int) -> Due:
        """What the schedule has asked for and is neither done nor at work."""
        if now < parent.start_time:
            return Due(0, 0.0, parent.start_time)
        span = parent.end_time - parent.start_time
        if span <= 0 or now >= parent.end_time:
            return Due(parent.free_qty, 1.0, now + self.interval_s * NS)
        count = self._count(span)
        k = (now - parent.start_time) * count // span
        boundary = parent.start_time - (-(k + 1) * span // count)
        target = -(-parent.order_qty * (k + 1) // count)
        behind = target - parent.cum_qty - parent.working_qty
        qty = max(0, min(behind, parent.free_qty))
        if k == count - 1:
            return Due(parent.free_qty, 1.0, max(now + 1, min(boundary, now + self._step(span))))
        ask = min(boundary, now + self._step(span)) if qty else boundary
        return Due(qty, self._urgency(parent, now, span, count), max(now + 1, ask))

    def _count(self, span: int) -> int:
        return self.slices or max(1, round(span / (self.interval_s * NS)))

    def _step(self, span: int) -> int:
        return max(1, span // (self._count(span) * ASKS_PER_SLICE))

    def _urgency(self, parent: ParentView, now: int, span: int, count: int) -> float:
        """From `urgency` to 1, by the larger of: lag beyond the tolerance, and nearness of the end.

        A lag of one whole slice beyond the tolerance means 1. The end counts with the square of
        the time gone: little at half time, everything at the end.
        """
        gone = (now - parent.start_time) / span
        late = gone - parent.cum_qty / max(1, parent.order_qty) - self.tolerance_pct / 100
        lag = min(1.0, max(0.0, late * count)) if self.catch_up else 0.0
        return self.urgency + (1.0 - self.urgency) * max(lag, gone * gone)
