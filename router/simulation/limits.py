"""I7: what leaves is within the limits, and what is refused for a limit was beyond it.

Owns the limits as numbers of its own. A world sets those that the shipped configuration has too
high for any order of a script: a limit that is never reached is not tested.
"""

from __future__ import annotations

from collections import defaultdict, deque

from router.simulation.reading import PX, Read, hold

CHILD_MAX = 50_000
"""Shares: `child-size` of config/policies/default.yaml."""
CHILD_NOTIONAL_MAX = 5_000_000 * PX
"""Money of the same rule, in 1e-8 of the currency."""
PARENT_MAX = 15_000
"""Shares."""
VENUE_CHILDREN_MAX = 4
"""Children to one venue in a second."""
WINDOW_MS = 1_000
OVERRIDES = (
    f"limits.order_quantity.parent_max={PARENT_MAX}",
    f"limits.venue_rate.children_max={VENUE_CHILDREN_MAX}",
)
"""How a node is told."""


class Limits:
    """Judges children as they leave, and reports as they are journaled."""

    def __init__(self) -> None:
        self._children: dict[str, deque[int]] = defaultdict(deque)
        """By MIC: when the last children left, milliseconds."""

    def child(self, mic: str, frame: Read, decided_ms: int) -> None:
        """A child leaves for the first time."""
        qty, px = frame.qty("38"), frame.px("44")
        hold(0 < qty <= CHILD_MAX, "I7", f"{frame} is too large")
        hold(qty * px <= CHILD_NOTIONAL_MAX, "I7", f"{frame} costs too much")
        times = self._children[mic]
        times.append(decided_ms)
        # Times on the wire are cut to milliseconds: what is nearer than this is surely within.
        while decided_ms - times[0] >= WINDOW_MS - 1:
            times.popleft()
        hold(len(times) <= VENUE_CHILDREN_MAX, "I7", f"{len(times)} children in a second: {frame}")

    def forget(self) -> None:
        """The node's clock is another one: it cannot tell how long ago a child has left."""
        self._children.clear()

    def report(self, frame: Read) -> None:
        """An order or a replace was accepted, or an order refused."""
        qty, kind = frame.qty("38"), frame.get("150")
        if kind in ("0", "5"):
            hold(qty <= PARENT_MAX, "I7", f"{frame} is accepted, and is too large")
        elif kind == "8" and frame.get("58").startswith("QTY_MAX_EXCEEDED"):
            hold(qty > PARENT_MAX, "I7", f"{frame} is refused, and is not too large")
