"""How many messages a peer may send: a token bucket in whole numbers, and what is exempt.

Pure: time comes in with each question. What is done with a message too many is the caller's
business: a BusinessMessageReject(j) whose BusinessRejectReason(380) is `reject_reason`.
"""

from __future__ import annotations

from collections.abc import Container

ADMIN = frozenset("A012345")
CANCELS = frozenset({"F", "q"})
"""OrderCancelRequest and OrderMassCancelRequest: what lowers risk is never throttled."""
EXEMPT = ADMIN | CANCELS
THROTTLED = "8"
"""BusinessRejectReason(380) "throttle limit exceeded", which few versions have."""
OTHER = "0"


def reject_reason(known: Container[str]) -> str:
    """BusinessRejectReason(380) for a throttled message, of the values that a version knows."""
    return THROTTLED if THROTTLED in known else OTHER


class Throttle:
    """`messages` in `window_ns`, counted as a bucket that is full at first and fills evenly.

    At most `messages` pass at once, and at most `messages` more in each further window. The level
    is kept in units of one message for one nanosecond of the window, so nothing is rounded.
    """

    __slots__ = ("_at", "_level", "_messages", "_window_ns")

    def __init__(self, *, messages: int, window_ns: int) -> None:
        assert messages > 0
        assert window_ns > 0
        self._messages = messages
        self._window_ns = window_ns
        self._level = messages * window_ns
        self._at: int | None = None

    def take(self, now: int) -> bool:
        """True if one more message may pass at `now`, UTC nanoseconds; it is then counted.

        A clock that goes back fills nothing, and fills again from where it then stands.
        """
        if self._at is not None and now > self._at:
            full = self._messages * self._window_ns
            self._level = min(full, self._level + (now - self._at) * self._messages)
        self._at = now
        if self._level < self._window_ns:
            return False
        self._level -= self._window_ns
        return True

    def admits(self, msg_type: str, now: int) -> bool:
        """True if a message of this MsgType(35) may pass; what is exempt is not counted."""
        return msg_type in EXEMPT or self.take(now)
