"""What inputs cost: CPU time by the bytes and messages fed, and growth of memory."""

from __future__ import annotations

import resource
from dataclasses import dataclass, field

NS_PER_FRAME = 5_000_000
"""CPU time that any 64 KiB may cost (reliability goal: no input costs more)."""
FRAME = 65_536
GROWTH_MAX = 64 * 1024 * 1024
"""Bytes by which one input may grow the process."""


def allowed(size: int, parts: int = 0, ns: int = 0) -> int:
    """Nanoseconds of CPU time for so many bytes, or for parts at `ns` each if that is more."""
    return max(NS_PER_FRAME * -(-max(1, size) // FRAME), parts * ns)


def peak() -> int:
    """Bytes of memory that the process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@dataclass
class Meter:
    """Adds up what inputs cost and keeps the worst."""

    slack: float = 1.0
    """How much slower than itself the measured code is, because it is watched."""
    inputs: int = 0
    slowest_ns: int = 0
    slowest_bytes: int = 0
    grown: int = 0
    """Bytes of growth by the worst input."""
    over: list[str] = field(default_factory=list)
    """What was above its bound since this was last emptied."""

    def timed(self, ns: int, size: int, most: int) -> None:
        """So much CPU time was spent on so many bytes, which were allowed `most`."""
        if ns > self.slowest_ns:
            self.slowest_ns, self.slowest_bytes = ns, size
        if ns > self.slack * most:
            self.over.append(f"{ns / 1e6:.1f} ms for {size} bytes")

    def grew(self, before: int) -> None:
        """An input is done; `before` it the process had had so many bytes at most."""
        growth = peak() - before
        self.grown = max(self.grown, growth)
        if growth > GROWTH_MAX:
            self.over.append(f"memory grew by {growth >> 20} MiB")
