"""Whether SendingTime(52) is near enough to our clock, message after message.

Keeps the last second that it has judged: the messages of a session are of few seconds. The
judgement itself is `checks.latency_fault`.
"""

from __future__ import annotations

from router.fix.checks import latency_fault, timestamp
from router.fix.codec import Message
from router.fix.dictionary import Fault
from router.fix.states import Alert, SessionConfig
from router.fix.timing import NEVER, NS

SECOND = len("YYYYMMDD-HH:MM:SS")


class SendingTimes:
    """The window of one session."""

    __slots__ = ("_config", "_first", "_last", "_late", "_second", "_text")

    def __init__(self, config: SessionConfig) -> None:
        self._config = config
        self.forget()

    def forget(self) -> None:
        """Another connection: nothing is known."""
        self._late = False
        """The last one was out of the window, and that was told."""
        self._text = ""
        """The last one that was in it."""
        self._second = ""
        """Its second, all of which is in the window from `_first` to `_last` by our clock."""
        self._first, self._last = NEVER, 0

    def sound(self, text: str, now: int) -> bool:
        """True for a time that is surely in the window; quick, and of the others says nothing."""
        if not self._first <= now <= self._last:
            return not self._config.check_latency
        if text == self._text:
            return True
        if text[:SECOND] != self._second or not _is_fraction(text[SECOND:]):
            return False
        self._text = text
        return True

    def fault(self, message: Message, now: int) -> Fault | Alert | None:
        """A time out of the window: a fault, or where it is only to be reported, once an alert."""
        fault = latency_fault(self._config, message, now)
        text = message.get("52")
        if fault is None:
            self._late = False
            self._learn(text[:SECOND])
            return None
        if self._config.late_clock == "reject":
            return fault
        told = self._late
        self._late = True
        self._first = NEVER
        return None if told else Alert("SENDING_TIME", _out_of_window(text, now))

    def _learn(self, second: str) -> None:
        start = timestamp(second) if self._config.check_latency else None
        if start is not None:
            window = round(self._config.max_latency * NS)
            self._text = self._second = second
            self._first, self._last = start + NS - window, start + window


def _out_of_window(text: str, now: int) -> str:
    sent = timestamp(text)
    off = "" if sent is None else f", {abs(now - sent) / NS:.0f} s from our clock"
    return f"SendingTime(52) {text} is out of its window{off}"


def _is_fraction(text: str) -> bool:
    """True for the decimals of a second, with their point, or none."""
    if not text:
        return True
    digits = text[1:]
    return text[0] == "." and digits.isdigit() and digits.isascii() and len(digits) <= 12
