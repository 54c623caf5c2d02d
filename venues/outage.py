"""What a client without a connection misses for good, and what it is told again.

Owns the draws, so that both access paths lose the same reports. Knows no session.
"""

from __future__ import annotations

from venues.chance import Stream
from venues.messages import SessionDropped
from venues.order_outbox import Answer


class Outage:
    """A time without a connection of which not every report keeps its number."""

    def __init__(self, drop: SessionDropped) -> None:
        self._drop = drop
        self._draws = Stream(drop.seed, f"{drop.mic}/gap-fills")
        self.again: list[Answer] = []
        """Executions that are told under new numbers, in order, `late_ns` after the Logon."""

    def loses(self) -> bool:
        """Draw whether the number of one more report will be gap-filled."""
        return self._draws.uniform() < self._drop.gap_prob

    def told_at(self, now: int) -> int:
        """When what was lost is told, if the client logs on now."""
        return now + self._drop.late_ns
