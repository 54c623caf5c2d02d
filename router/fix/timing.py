"""A session's timers: logon, logout, heartbeats, test requests, unanswered resend requests.

Knows when something is due, not what is to be done about it. Times are nanoseconds.
"""

from __future__ import annotations

from enum import Enum, auto

from router.fix.states import SessionConfig

NS = 1_000_000_000
NEVER = 1 << 63
LOGOUT_MAX = 5
"""So many times `logout_timeout` a Logout waits at most for its end, whatever is resent meanwhile:
with the default it is the 10 s that the standard allows."""


class Alarm(Enum):
    """What is due."""

    GIVE_UP = auto()
    """The Logon or the Logout did not come."""
    SILENCE = auto()
    """Nothing was heard for too long, a TestRequest notwithstanding."""
    RESEND = auto()
    """A ResendRequest was not answered."""
    HEARTBEAT = auto()
    ECHO = auto()
    """A TestRequest was not answered, though something else was heard."""
    TEST_REQUEST = auto()


class Timers:
    """When each alarm rings. HeartBtInt 0 turns off heartbeats only."""

    __slots__ = (
        "_beat",
        "_config",
        "_echo",
        "_give_up",
        "_listen",
        "_logout_end",
        "_resend",
        "_set",
        "_silence",
        "_test",
        "_tested",
        "last_heard",
        "last_sent",
    )

    def __init__(self, config: SessionConfig) -> None:
        self.last_sent = 0
        """When something went out."""
        self.last_heard = 0
        """When a sound message came in: any one counts as life."""
        self._config = config
        self._beat = 0
        """HeartBtInt; 0 if there are no heartbeats. The next three are multiples of it."""
        self._test = 0
        self._silence = 0
        self._listen = 0
        """What is due first when nothing is heard: a TestRequest, or the end."""
        self._tested = -1
        """`last_heard` when the last TestRequest went out: silent since, there is no other."""
        self._logout_end = NEVER
        """When a Logout is given up at the latest."""
        self._give_up = self._resend = self._echo = NEVER
        self._set = NEVER
        """The first of the three above."""

    def connected(self, now: int) -> None:
        """The transport is up: a Logon is due."""
        self.stop()
        self.awaiting_logon(now)

    def awaiting_logon(self, now: int) -> None:
        """A Logon is due, while heartbeats go on if there are any."""
        self._give_up = now + round(self._config.logon_timeout * NS)
        self._reset()

    def logged_on(self, now: int, heart_bt_int: int) -> None:
        """Heartbeats begin, every `heart_bt_int` seconds."""
        config = self._config
        self._give_up = NEVER
        self._beat = heart_bt_int * NS
        self._test = round(self._beat * config.test_request_after)
        self._silence = round(self._beat * config.heartbeat_timeout_after)
        self._listen = min(self._test, self._silence)
        self.last_sent = self.last_heard = now
        self._tested = -1
        self._reset()

    @property
    def sure_ns(self) -> int:
        """So long it takes at most until a line that is dead is ended: silence, ours or the peer's,
        which may allow a heartbeat more. 0 without heartbeats.
        """
        return self._silence + self._beat if self._beat else 0

    def logging_out(self, now: int) -> None:
        """Only the end is waited for."""
        self.stop()
        timeout = round(self._config.logout_timeout * NS)
        self._give_up, self._logout_end = now + timeout, now + LOGOUT_MAX * timeout
        self._reset()

    def logout_goes_on(self, now: int) -> None:
        """The peer was given what it had asked for: its answer may be that much later, but a peer
        that asks again and again does not put the end off for ever.
        """
        timeout = round(self._config.logout_timeout * NS)
        self._give_up = min(now + timeout, self._logout_end)
        self._reset()

    def stop(self) -> None:
        """Nothing is due any more."""
        self._give_up = self._resend = self._echo = NEVER
        self._beat = 0
        self._reset()

    def tested(self, now: int) -> None:
        """A TestRequest went out: its answer has as long as silence has from here on."""
        self._tested = self.last_heard
        self._echo = now + self._silence - self._test
        self._reset()

    def echoed(self) -> None:
        """The answer to the TestRequest came, or is given up."""
        self._echo = NEVER
        self._reset()

    def resend_requested(self, now: int) -> None:
        """A ResendRequest went out, or part of its answer came in."""
        self._resend = now + round(self._config.resend_timeout * NS)
        self._reset()

    def resend_done(self) -> None:
        """No ResendRequest is open."""
        if self._resend != NEVER:
            self._resend = NEVER
            self._reset()

    def _reset(self) -> None:
        self._set = min(self._give_up, self._resend, self._echo)

    def deadline(self) -> int | None:
        """When the first alarm rings."""
        first = self._set
        if self._beat:
            beat = self.last_sent + self._beat
            silent = self._tested == self.last_heard
            heard = self.last_heard + (self._silence if silent else self._listen)
            first = min(first, beat, heard)
        return first if first != NEVER else None

    def due(self, now: int) -> list[Alarm]:
        """The alarms that ring at `now`, the gravest first."""
        alarms = []
        if self._give_up <= now:
            alarms.append(Alarm.GIVE_UP)
        silent = now - self.last_heard
        if self._beat and silent >= self._silence:
            alarms.append(Alarm.SILENCE)
        if self._resend <= now:
            alarms.append(Alarm.RESEND)
        if self._beat and self.last_sent + self._beat <= now:
            alarms.append(Alarm.HEARTBEAT)
        if self._echo <= now:
            alarms.append(Alarm.ECHO)
        if self._beat and self._tested != self.last_heard and silent >= self._test:
            alarms.append(Alarm.TEST_REQUEST)
        return alarms


class Probe:
    """Our TestRequests, and how long the last one's answer took."""

    def __init__(self) -> None:
        self.round_trip = 0
        """Nanoseconds; 0 before the first answer."""
        self._id = 0
        self._sent_at = 0
        """When the one went out whose answer is awaited; 0 if none is."""

    def begin(self, now: int) -> int:
        """The TestReqID(112) of a new one."""
        self._id += 1
        self._sent_at = now
        return self._id

    def answered(self, test_req_id: str, now: int) -> bool:
        """A Heartbeat came in; True if it answers the last one."""
        if not self._sent_at or test_req_id != str(self._id):
            return False
        self.round_trip = now - self._sent_at
        self._sent_at = 0
        return True

    def failed(self) -> str:
        """The last one is not waited for any longer; what is to be said of it."""
        self._sent_at = 0
        return f"TestRequest {self._id} had no Heartbeat with its TestReqID(112)"
