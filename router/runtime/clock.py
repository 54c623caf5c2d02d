"""The one place that reads a clock.

`now` is UTC nanoseconds, anchored to the wall clock once and carried on by the monotonic clock, so
it never jumps. With a speed above 1 it runs fast: simulated time, which agrees with real time at
the origin, so processes that share origin and speed share their time.
"""

from __future__ import annotations

import time


class Clock:
    """Time as the driver stamps it."""

    def __init__(self, *, speed: float = 1.0, origin: int | None = None) -> None:
        """`origin`: UTC nanoseconds at which simulated and real time agree; None: now."""
        self._wall = time.time_ns()
        self._mono = time.monotonic_ns()
        self.speed = speed
        self.origin = self._wall if origin is None else origin

    def now(self) -> int:
        """UTC nanoseconds, simulated if the speed is not 1."""
        real = self._wall + time.monotonic_ns() - self._mono
        if self.speed == 1.0:
            return real
        return self.origin + int((real - self.origin) * self.speed)

    def monotonic(self) -> int:
        """Nanoseconds of the monotonic clock, for records."""
        return time.monotonic_ns()

    def wall(self) -> int:
        """UTC nanoseconds of the wall clock, for records."""
        return time.time_ns()

    def ahead(self) -> int:
        """Nanoseconds that the wall clock has gained on ours since the start: it was set, or is
        being slewed."""
        return time.time_ns() - self._wall - (time.monotonic_ns() - self._mono)

    def delay(self, at: int, now: int) -> float:
        """Real seconds from simulated `now` to simulated `at`, not negative."""
        return max(0.0, (at - now) / self.speed / 1_000_000_000)
