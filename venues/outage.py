"""What a client without a connection misses for good, and what it is told again.

Owns the draws, so that both access paths lose the same reports. Knows no session.
"""

from __future__ import annotations

from collections.abc import Iterable

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

    def loses(self, answer: Answer) -> bool:
        """Draw whether the number of one more report will be gap-filled.

        Behind a lost execution all of the same order are lost: no bust is told before its fill.
        """
        lost = self._draws.uniform() < self._drop.gap_prob or waits(answer, self.again)
        if lost and answer.shares_of:
            self.again.append(answer)
        return lost

    def told_at(self, now: int) -> int:
        """When what was lost is told, if the client logs on now."""
        return now + self._drop.late_ns


def waits(answer: Answer, late: Iterable[Answer]) -> bool:
    """True if it tells of shares of an order of which something earlier is still to be told."""
    return bool(answer.shares_of) and any(each.shares_of == answer.shares_of for each in late)
