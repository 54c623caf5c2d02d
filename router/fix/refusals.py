"""How often strangers were refused: who is turned away at once, and what is still worth a line.

A token bucket for each address, and one for all lines together: no stranger makes us work or log
without bound. Knows no connection.
"""

from __future__ import annotations

from dataclasses import dataclass

from router.model import NS

REFUSALS_MAX = 10
"""Refusals of one address in a row; after that it is turned away before it can speak."""
REFUSAL_EVERY_NS = 6 * NS
"""One more refusal is affordable after so long."""
LINES_MAX = 50
LINE_EVERY_NS = NS // 2
ADDRESSES_MAX = 1_024
"""Addresses kept in mind; the one that was quiet for the longest is forgotten first."""


@dataclass(slots=True)
class Bucket:
    """So many at once, and one more every `every_ns`."""

    capacity: int
    every_ns: int
    _spent_until: int = 0
    """When the bucket is full again."""

    def allows(self, now: int) -> bool:
        """True if there is one to take."""
        return self._spent_until - now <= (self.capacity - 1) * self.every_ns

    def take(self, now: int) -> bool:
        """Take one, if there is one."""
        if not self.allows(now):
            return False
        self._spent_until = max(self._spent_until, now) + self.every_ns
        return True


@dataclass(slots=True)
class _Record:
    bucket: Bucket
    untold: int = 0


class Refusals:
    """What is remembered of strangers that were refused. Times are nanoseconds of one clock."""

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}
        self._lines = Bucket(LINES_MAX, LINE_EVERY_NS)
        self._forgotten = 0

    def bars(self, address: str, now: int) -> bool:
        """True if the address was refused too often of late: close it without reading a byte."""
        record = self._records.get(address)
        return record is not None and not record.bucket.allows(now)

    def note(self, address: str, now: int) -> int | None:
        """One was refused. If that is worth a line: how many before it were not, else None."""
        record = self._records.pop(address, None)
        if record is None:
            record = _Record(Bucket(REFUSALS_MAX, REFUSAL_EVERY_NS))
            if len(self._records) >= ADDRESSES_MAX:
                oldest = next(iter(self._records))
                self._forgotten += self._records.pop(oldest).untold
        self._records[address] = record  # at the end: the latest
        if not record.bucket.take(now) or not self._lines.take(now):
            record.untold += 1
            return None
        untold = record.untold + self._forgotten
        record.untold = self._forgotten = 0
        return untold
