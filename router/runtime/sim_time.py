"""Virtual time: a heap of what is to happen, and one integer clock that leaps from one to the next.

Owns the order of what happens: by time, and at one time as it was asked for. Knows not what it is.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

EVENTS_AT_ONCE_MAX = 100_000
"""So much may happen at one moment; more means that time stands still."""


class VirtualTime:
    """A clock, what it has in store, and alarms that can be set anew."""

    def __init__(self, start: int, after_event: Callable[[], None] | None = None) -> None:
        """`start` is in nanoseconds. `after_event` is called after everything that happens."""
        self.now = start
        self._after_event = after_event
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._alarms: dict[int, int] = {}

    def at(self, when: int, action: Callable[[], None]) -> None:
        """Do something at a time."""
        heapq.heappush(self._heap, (max(when, self.now), next(self._count), action))

    def run(self, until: int, *, stop: Callable[[], bool] | None = None) -> bool:
        """Let everything happen up to a time, or until `stop` says so: then True."""
        moment = 0
        while self._heap and self._heap[0][0] <= until:
            at, _, action = heapq.heappop(self._heap)
            moment = moment + 1 if at == self.now else 0
            assert moment < EVENTS_AT_ONCE_MAX, "time stands still"
            self.now = at
            action()
            if self._after_event is not None:
                self._after_event()
            if stop is not None and stop():
                return True
        self.now = max(self.now, until)
        return False

    def alarm(self, key: int, at: int | None, ring: Callable[[], None]) -> None:
        """Let `ring` be called at `at`, or earlier if it was set so; one alarm a key."""
        if at is None or self._alarms.get(key, at + 1) <= at:
            return
        self._alarms[key] = at

        def due() -> None:
            if self._alarms.get(key) == at:
                del self._alarms[key]
                ring()

        self.at(at, due)

    def silence(self, key: int) -> None:
        """An alarm does not ring."""
        self._alarms.pop(key, None)
