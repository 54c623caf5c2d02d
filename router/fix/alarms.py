"""When each of many machines wants its `tick`; asked again only of those that were used since.

Owns their answers. Whoever drives hundreds of sessions asks after every batch, and most batches are
of one session: to ask each of them every time costs more than what most batches do.
"""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

NEVER = 1 << 62


def earliest(one: int | None, other: int | None) -> int | None:
    """The earlier of two times, each of which may be none."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


class Timed(Protocol):
    """A machine with timers."""

    def deadline(self) -> int | None:
        """When its tick is wanted, UTC nanoseconds."""


TimedT = TypeVar("TimedT", bound=Timed)


class Alarms(Generic[TimedT]):
    """The alarms of machines, each of which was touched at least once."""

    def __init__(self) -> None:
        self._at: dict[TimedT, int] = {}
        self._touched: dict[TimedT, None] = {}

    def touch(self, machine: TimedT) -> None:
        """It was used: it may want its tick at another time."""
        self._touched[machine] = None

    def may_ring(self, machine: TimedT, now: int) -> bool:
        """False if nothing of it can be due."""
        return machine in self._touched or self._at[machine] <= now

    def first(self) -> int | None:
        """When the first of them rings."""
        if self._touched:
            for machine in self._touched:
                at = machine.deadline()
                self._at[machine] = NEVER if at is None else at
            self._touched.clear()
        first = min(self._at.values(), default=NEVER)
        return None if first == NEVER else first
