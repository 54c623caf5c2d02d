"""A rolling window: when something happened, so that limits can ask how often it did of late.

Owns the times and their bound. Knows neither what happened nor how long a limit looks back.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_right

from router.ports import WINDOW_MAX

assert sys.byteorder == "little", "times are kept as they are in memory"


class Window:
    """Times in UTC nanoseconds, oldest first: eight bytes each."""

    __slots__ = ("_times",)

    def __init__(self, kept: bytes = b"") -> None:
        self._times = array("q", kept)

    def add(self, now: int) -> None:
        """It happened now. What has fallen out is cleared away when it is as much again."""
        self._times.append(now)
        if len(self._times) >= 2 * WINDOW_MAX:
            del self._times[:-WINDOW_MAX]

    def after(self, time: int) -> int:
        """How often it happened later than `time`."""
        times = self._times
        return len(times) - bisect_right(times, time, lo=max(0, len(times) - WINDOW_MAX))

    def kept(self) -> bytes:
        """All that are known, as a new window takes them up."""
        return self._times[-WINDOW_MAX:].tobytes()

    def __len__(self) -> int:
        return min(len(self._times), WINDOW_MAX)
