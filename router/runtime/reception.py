"""The reception: finds out which session a new connection is, from its first frame.

Owns the bounds before a Logon: bytes, time, number of strangers. Whoever is not known gets silence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from router.fix.framing import Framer, FramingError, peek_logon


@dataclass(slots=True)
class Stranger:
    """A connection that has not logged on: it may send one Logon, soon, and little before it."""

    since: int
    data: bytes = b""
    framer: Framer = field(default_factory=lambda: Framer(frame_max=4096))


class Reception:
    """Finds out which session a new connection is. Unknown ones get silence."""

    STRANGERS_MAX = 64
    LOGON_BYTES_MAX = 4096

    def __init__(
        self, lookup: Callable[[str, str, str], str | None], logon_timeout_ns: int
    ) -> None:
        self._lookup = lookup
        self._timeout_ns = logon_timeout_ns
        self._strangers: dict[int, Stranger] = {}

    def opened(self, conn: int, now: int) -> bool:
        """A connection is up. False: there are too many, close it."""
        if len(self._strangers) >= self.STRANGERS_MAX:
            return False
        self._strangers[conn] = Stranger(now)
        return True

    def received(self, conn: int, data: bytes) -> tuple[str, bytes] | bool:
        """The session's name and all bytes so far; True to wait for more; False to close."""
        stranger = self._strangers[conn]
        stranger.data += data
        if len(stranger.data) > self.LOGON_BYTES_MAX:
            return False
        try:
            frames = stranger.framer.feed(data)
        except FramingError:
            return False
        if not frames:
            return stranger.framer.garbled == 0
        ids = peek_logon(frames[0])
        name = self._lookup(*ids) if ids is not None else None
        if name is None:
            return False
        del self._strangers[conn]
        return name, stranger.data

    def closed(self, conn: int) -> None:
        """A connection is gone."""
        self._strangers.pop(conn, None)

    def deadline(self) -> int | None:
        """When the oldest stranger's time is up."""
        return min((s.since + self._timeout_ns for s in self._strangers.values()), default=None)

    def overdue(self, now: int) -> list[int]:
        """Connections that did not log on in time."""
        return [c for c, s in self._strangers.items() if s.since + self._timeout_ns <= now]
