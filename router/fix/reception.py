"""Who is calling: a new connection's first bytes, until they show whose session it is.

Buffers little and waits shortly; strangers get silence. Knows CompIDs, no session state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from router.fix.framing import Framer, FramingError, peek_logon
from router.model import NS

KeyT = TypeVar("KeyT")
BEFORE_LOGON_MAX = 4_096
"""Bytes of the first message."""
LOGON_DEADLINE_NS = 10 * NS


@dataclass(frozen=True, slots=True)
class Admitted(Generic[KeyT]):
    """The session that the connection is for, and every byte so far: feed them to it."""

    key: KeyT
    data: bytes
    logon: bytes
    """The first message, whole: its credentials may be judged before the session sees it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Close the connection and say nothing: a message would spend a number."""

    reason: str


class Reception(Generic[KeyT]):
    """One new connection.

    `sessions` is keyed by BeginString, SenderCompID, TargetCompID as the caller writes them: its
    SenderCompID is our TargetCompID.
    """

    def __init__(
        self,
        sessions: Mapping[tuple[str, str, str], KeyT],
        now: int,
        *,
        patience_ns: int = LOGON_DEADLINE_NS,
    ) -> None:
        self._sessions = sessions
        self._give_up_at = now + patience_ns
        self._framer = Framer(frame_max=BEFORE_LOGON_MAX)
        self._data = bytearray()

    def receive(self, data: bytes) -> Admitted[KeyT] | Refused | None:
        """Bytes of the connection; None if more are needed."""
        self._data += data
        try:
            frames = self._framer.feed(data)
        except FramingError as error:
            frames = error.frames
            if not frames:
                return Refused(str(error))
        if self._framer.garbled_at_first:
            return Refused("garbled before the Logon")
        if not frames:
            return None
        names = peek_logon(frames[0])
        if names is None:
            return Refused("the first message is not a Logon")
        if names not in self._sessions:
            return Refused(f"unknown session {'/'.join(names)[:64]!r}")
        return Admitted(self._sessions[names], bytes(self._data), frames[0])

    def deadline(self) -> int:
        """When the Logon must be there, UTC nanoseconds."""
        return self._give_up_at

    def tick(self, now: int) -> Refused | None:
        """Time has passed."""
        return Refused("no Logon in time") if now >= self._give_up_at else None
