"""How often callers were refused: who is turned away at once, and what is still worth a line.

Token buckets: one for each address, one for each session that was named from there, and one for all
lines together. Nobody makes us work or log without bound, and who is wrong shuts out itself, not
the sound sessions behind the same gateway. Knows no connection.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from router.model import NS

REFUSALS_MAX = 10
"""Refusals of a session from one address in a row; after that its Logons are not judged there."""
REFUSAL_EVERY_NS = 6 * NS
"""One more refusal is affordable after so long."""
FLOOD_MAX = 100
"""Refusals of one address, whoever it says to be; after that it is closed before it can speak."""
FLOOD_EVERY_NS = NS // 10
"""More than sessions that are set up wrongly make, even if they call again every second."""
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
    """Of one address."""

    flood: Bucket = field(default_factory=lambda: Bucket(FLOOD_MAX, FLOOD_EVERY_NS))
    sessions: dict[str, Bucket] = field(default_factory=dict)
    """By name, as many as there are at most. Empty: who has named none, or not shown to be it."""
    untold: int = 0


class Refusals:
    """What is remembered of callers that were refused. Times are nanoseconds of one clock."""

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}
        self._lines = Bucket(LINES_MAX, LINE_EVERY_NS)
        self._forgotten = 0

    def bars(self, address: str, now: int, session: str = "") -> bool:
        """True if it was refused too often of late: a session at this address or, without one, the
        address: close that without reading a byte.
        """
        record = self._records.get(address)
        if record is None:
            return False
        bucket = record.sessions.get(session) if session else record.flood
        return bucket is not None and not bucket.allows(now)

    def note(self, address: str, now: int, session: str = "") -> int | None:
        """One was refused. If that is worth a line: how many before it were not, else None.

        `session` is one of those that there are.
        """
        record = self._records.pop(address, None)
        if record is None:
            record = _Record()
            if len(self._records) >= ADDRESSES_MAX:
                oldest = next(iter(self._records))
                self._forgotten += self._records.pop(oldest).untold
        self._records[address] = record  # at the end: the latest
        record.flood.take(now)
        bucket = record.sessions.setdefault(session, Bucket(REFUSALS_MAX, REFUSAL_EVERY_NS))
        if not bucket.take(now) or not self._lines.take(now):
            record.untold += 1
            return None
        untold = record.untold + self._forgotten
        record.untold = self._forgotten = 0
        return untold

    def let_in(self, address: str, session: str) -> None:
        """A Logon was answered: the session's refusals in a row have come to their end there. Who
        guesses its password gains nothing by it: the lockout of credentials counts on.
        """
        record = self._records.get(address)
        if record is not None:
            record.sessions.pop(session, None)
