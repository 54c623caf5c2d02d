"""The suspense book: what venues have told that we cannot place, kept whole until it is settled.

Owns the entries, what they count for, and the bound of the book. What puts an entry in or takes it
out is the fold's business; what is done about it, the engine's. Nothing in it is ever dropped: when
the book is full, what comes is counted in an entry of its venue and stands in the journal alone.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from router.messages import ExecutionReceived

SUSPENSE_MAX = 1_000
"""Entries that are kept one by one. Of those beyond, an entry a venue sums up what they count."""
SETTLED_MAX = 10_000
"""Keys of settled entries that are known again; the oldest are forgotten first."""


class Cause(StrEnum):
    """Why something is in suspense."""

    UNKNOWN_ORDER = "unknown_order"
    """An execution of an order that we do not know (F-16)."""
    UNKNOWN_REF = "unknown_ref"
    """A bust or correction of an execution that we do not know (F-17)."""
    OTHER_CONTENT = "other_content"
    """An ExecID(17) that was told before with other content (F-15)."""
    COPY_ONLY = "copy_only"
    """An execution that only a drop copy tells of, which is not trusted to be one."""
    COPY_DIFFERS = "copy_differs"
    """A drop copy that says something else than its original, which was booked."""
    OVERFLOW = "overflow"
    """More than the book holds: the sum of what its venue has told since it is full."""


class Suspended(msgspec.Struct):
    """One entry."""

    suspense_id: str
    key: str
    cause: Cause
    event: ExecutionReceived
    """As it came; of a sum the first."""
    at: int
    """When it came, UTC nanoseconds."""
    qty: int
    """Shares that it counts for; 0 of what was booked all the same."""
    value: int
    """The same in money, 1e-8 of the currency."""
    count: int = 1
    """Executions that it stands for."""
    waited: bool = False
    """Its time to find its order by itself is over."""
    disputed: bool = False
    """The venue was sent a DontKnowTrade(Q)."""


class SuspenseBook(msgspec.Struct):
    """All entries, and running sums of what they count: limits ask for them with every child."""

    numbered: int = 0
    entries: dict[str, Suspended] = {}
    """By key."""
    settled: dict[str, str] = {}
    """By key, what became of it."""
    values: dict[str, int] = {}
    """By MIC."""
    counts: dict[str, int] = {}
    """By MIC."""
    account_values: dict[str, int] = {}
    """By Account(1); empty for executions that name none."""

    def named(self, suspense_id: str) -> Suspended | None:
        """The entry of an id."""
        for entry in self.entries.values():
            if entry.suspense_id == suspense_id:
                return entry
        return None

    def add(self, key: str, cause: Cause, event: ExecutionReceived, now: int) -> Suspended:
        """Keep what came. The caller knows that it is not there."""
        assert key not in self.entries
        if len(self.entries) >= SUSPENSE_MAX:
            return self._overflow(event, now)
        return self._keep(key, cause, event, now)

    def settle(self, key: str, what: str) -> Suspended:
        """Take an entry out, and remember what became of it."""
        entry = self.entries.pop(key)
        self._count(entry.event, -entry.qty, -entry.value, -entry.count)
        self.settled[key] = what
        while len(self.settled) > SETTLED_MAX:
            del self.settled[next(iter(self.settled))]
        return entry

    def replaced(self, key: str) -> None:
        """Take an entry out, since what was the better word on it comes now, under the same key."""
        self.settle(key, "it was told again")
        del self.settled[key]

    def _keep(self, key: str, cause: Cause, event: ExecutionReceived, now: int) -> Suspended:
        self.numbered += 1
        qty = 0 if cause is Cause.COPY_DIFFERS else event.last_qty
        entry = Suspended(f"S{self.numbered}", key, cause, event, now, qty, qty * event.last_px)
        self.entries[key] = entry
        self._count(event, entry.qty, entry.value, 1)
        return entry

    def _overflow(self, event: ExecutionReceived, now: int) -> Suspended:
        """What cannot be told apart any more is counted, twice rather than not at all."""
        key = f"{event.mic}.overflow"
        entry = self.entries.get(key)
        if entry is None:
            return self._keep(key, Cause.OVERFLOW, event, now)
        qty, value = event.last_qty, event.last_qty * event.last_px
        entry.qty, entry.value, entry.count = entry.qty + qty, entry.value + value, entry.count + 1
        self._count(entry.event, qty, value, 1)
        return entry

    def _count(self, event: ExecutionReceived, qty: int, value: int, count: int) -> None:
        for sums, key, more in (
            (self.values, event.mic, value),
            (self.counts, event.mic, count),
            (self.account_values, event.account, value),
        ):
            left = sums.get(key, 0) + more
            if left:
                sums[key] = left
            else:
                sums.pop(key, None)


def other_key(key: str, event: ExecutionReceived) -> str:
    """The key of an execution whose ExecID(17) was told before with other content."""
    return f"{key}#{event.last_qty}@{event.last_px}"


def exec_id_of(entry: Suspended) -> str:
    """The ExecID(17) under which an entry is booked: its own, told apart if that is taken."""
    if entry.cause is Cause.OTHER_CONTENT:
        return other_key(entry.event.exec_id, entry.event)
    return entry.event.exec_id
