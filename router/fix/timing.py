"""A session's timers: logon, logout, heartbeats, test requests, unanswered resend requests.

Knows when something is due, not what is to be done about it. Times are nanoseconds.
"""

from __future__ import annotations

from enum import Enum, auto

from router.fix.states import SessionConfig

NS = 1_000_000_000


class Alarm(Enum):
    """What is due."""

    GIVE_UP = auto()
    """The Logon or the Logout did not come."""
    SILENCE = auto()
    """Nothing was heard for too long, a TestRequest notwithstanding."""
    HEARTBEAT = auto()
    TEST_REQUEST = auto()
    RESEND = auto()
    """A ResendRequest was not answered."""


class Timers:
    """When each alarm rings. HeartBtInt 0 turns off heartbeats only."""

    def __init__(self, config: SessionConfig) -> None:
        self._config = config
        self._give_up: int | None = None
        self._resend: int | None = None
        self._heart_bt_int = 0
        self._sent = 0
        self._heard = 0
        self._tested = False

    def connected(self, now: int) -> None:
        """The transport is up: a Logon is due."""
        self.stop()
        self._give_up = now + round(self._config.logon_timeout * NS)

    def logged_on(self, now: int, heart_bt_int: int) -> None:
        """Heartbeats begin, every `heart_bt_int` seconds."""
        self._give_up = None
        self._heart_bt_int = heart_bt_int * NS
        self._sent = self._heard = now
        self._tested = False

    def logging_out(self, now: int) -> None:
        """Only the end is waited for."""
        self.stop()
        self._give_up = now + round(self._config.logout_timeout * NS)

    def stop(self) -> None:
        """Nothing is due any more."""
        self._give_up = self._resend = None
        self._heart_bt_int = 0

    def sent(self, now: int) -> None:
        """Something went out."""
        self._sent = now

    def heard(self, now: int) -> None:
        """A sound message came in: any one counts as life."""
        self._heard = now
        self._tested = False

    def tested(self) -> None:
        """A TestRequest went out."""
        self._tested = True

    def resend_requested(self, now: int) -> None:
        """A ResendRequest went out, or part of its answer came in."""
        self._resend = now + round(self._config.resend_timeout * NS)

    def resend_done(self) -> None:
        """No ResendRequest is open."""
        self._resend = None

    def _all(self) -> list[tuple[Alarm, int]]:
        """Every alarm that is set, and when it rings."""
        alarms: list[tuple[Alarm, int]] = []
        if self._give_up is not None:
            alarms.append((Alarm.GIVE_UP, self._give_up))
        beat = self._heart_bt_int
        if beat:
            silence = self._heard + round(beat * self._config.heartbeat_timeout_after)
            alarms.append((Alarm.SILENCE, silence))
        if self._resend is not None:
            alarms.append((Alarm.RESEND, self._resend))
        if beat:
            alarms.append((Alarm.HEARTBEAT, self._sent + beat))
        if beat and not self._tested:
            test = self._heard + round(beat * self._config.test_request_after)
            alarms.append((Alarm.TEST_REQUEST, test))
        return alarms

    def deadline(self) -> int | None:
        """When the first alarm rings."""
        return min((at for _, at in self._all()), default=None)

    def due(self, now: int) -> list[Alarm]:
        """The alarms that ring at `now`, the gravest first."""
        return [alarm for alarm, at in self._all() if at <= now]
