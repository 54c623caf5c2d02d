"""The lobby: connections that have not logged on. Whoever is not known gets silence.

Owns how many strangers there may be and how long they may wait. `fix.reception` finds out who each
of them is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic

from router.fix.reception import Admitted, KeyT, Reception, Refused

STRANGERS_MAX = 64


class Lobby(Generic[KeyT]):
    """The strangers of one acceptor."""

    def __init__(self, sessions: Mapping[tuple[str, str, str], KeyT]) -> None:
        """`sessions`: BeginString, SenderCompID, TargetCompID as peers send them, to a session."""
        self._sessions = sessions
        self._strangers: dict[int, Reception[KeyT]] = {}

    def opened(self, conn: int, now: int) -> bool:
        """A connection is up. False: there are too many strangers, close it."""
        if len(self._strangers) >= STRANGERS_MAX:
            return False
        self._strangers[conn] = Reception(self._sessions, now)
        return True

    def holds(self, conn: int) -> bool:
        """True while the connection has not logged on."""
        return conn in self._strangers

    def received(self, conn: int, data: bytes) -> Admitted[KeyT] | Refused | None:
        """Who it is, that it must go, or that more bytes are needed."""
        answer = self._strangers[conn].receive(data)
        if answer is not None:
            del self._strangers[conn]
        return answer

    def closed(self, conn: int) -> None:
        """A connection is gone."""
        self._strangers.pop(conn, None)

    def deadline(self) -> int | None:
        """When the oldest stranger's time is up, UTC nanoseconds."""
        return min((each.deadline() for each in self._strangers.values()), default=None)

    def overdue(self, now: int) -> list[int]:
        """Connections that did not log on in time; they are strangers no more."""
        late = [conn for conn, each in self._strangers.items() if each.tick(now) is not None]
        for conn in late:
            del self._strangers[conn]
        return late
