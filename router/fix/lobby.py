"""The lobby: connections that have not logged on. Whoever is not known gets silence.

Owns how many strangers there may be, in all and from one address, and how long they may wait.
`fix.reception` finds out who each of them is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic

from router.fix.reception import LOGON_DEADLINE_NS, Admitted, KeyT, Reception, Refused

STRANGERS_MAX = 64
FROM_ONE_ADDRESS_MAX = 8


@dataclass(slots=True)
class _Stranger(Generic[KeyT]):
    reception: Reception[KeyT] | None
    """None while its credentials are checked: its Logon came in time."""
    address: str


class Lobby(Generic[KeyT]):
    """The strangers of one acceptor."""

    def __init__(
        self,
        sessions: Mapping[tuple[str, str, str], KeyT],
        *,
        patience_ns: int = LOGON_DEADLINE_NS,
    ) -> None:
        """`sessions`: BeginString, SenderCompID, TargetCompID as peers send them, to a session."""
        self._sessions = sessions
        self._patience_ns = patience_ns
        self._strangers: dict[int, _Stranger[KeyT]] = {}
        self._from: dict[str, int] = {}

    def opened(self, conn: int, now: int, address: str = "") -> Refused | None:
        """A connection is up; refused if there are too many strangers, in all or from its address.

        An empty address is not counted.
        """
        if len(self._strangers) >= STRANGERS_MAX:
            return Refused(f"{STRANGERS_MAX} connections have not logged on")
        if address and self._from.get(address, 0) >= FROM_ONE_ADDRESS_MAX:
            return Refused(f"{FROM_ONE_ADDRESS_MAX} connections of its address have not logged on")
        reception = Reception(self._sessions, now, patience_ns=self._patience_ns)
        self._strangers[conn] = _Stranger(reception, address)
        self._from[address] = self._from.get(address, 0) + 1
        return None

    def holds(self, conn: int) -> bool:
        """True while the connection has not logged on."""
        return conn in self._strangers

    def received(self, conn: int, data: bytes) -> Admitted[KeyT] | Refused | None:
        """Who it is, that it must go, or that more bytes are needed."""
        reception = self._strangers[conn].reception
        assert reception is not None, f"{conn} is being checked"
        answer = reception.receive(data)
        if answer is not None:
            self.closed(conn)
        return answer

    def checking(self, conn: int, address: str = "") -> None:
        """Whoever was just admitted must wait until its credentials are checked: it still counts,
        but has no deadline. Ends with `closed`.
        """
        self._strangers[conn] = _Stranger(None, address)
        self._from[address] = self._from.get(address, 0) + 1

    def closed(self, conn: int) -> None:
        """A connection is gone, or a stranger no more."""
        stranger = self._strangers.pop(conn, None)
        if stranger is None:
            return
        self._from[stranger.address] -= 1
        if not self._from[stranger.address]:
            del self._from[stranger.address]

    def deadline(self) -> int | None:
        """When the oldest stranger's time is up, nanoseconds of the caller's clock."""
        if not self._strangers:
            return None
        receptions = (each.reception for each in self._strangers.values())
        return min((each.deadline() for each in receptions if each is not None), default=None)

    def overdue(self, now: int) -> list[int]:
        """Connections that did not log on in time; they are strangers no more."""
        if not self._strangers:
            return []
        late = [
            conn
            for conn, each in self._strangers.items()
            if each.reception is not None and each.reception.tick(now) is not None
        ]
        for conn in late:
            self.closed(conn)
        return late
