"""Heads are published beside the loop, one at a time: a place that hangs holds up nobody.

Owns the thread and what is told of the place. What a head is and how it gets there is the keeper's.
"""

from __future__ import annotations

import threading

from router.runtime.heads import HeadKeeper
from router.runtime.log import Log

HANGS_S = 10.0
"""A place that has not taken a head for so long is told of. Real seconds like the next."""
END_S = 2.0
"""How long the last head may take."""


class Publishing:
    """Publishes what is due, for as long as it is looked at."""

    def __init__(self, keeper: HeadKeeper, log: Log) -> None:
        self._keeper = keeper
        self._log = log
        self._thread: threading.Thread | None = None
        self._since = 0.0
        self._told = ""

    def look(self, at: float) -> None:
        """Publish the head that is due, if there is one and the last has arrived. Call now and then
        with the seconds of a monotonic clock.
        """
        if not self._is_busy():
            self._tell(self._keeper.failure)
            if self._keeper.due(at):
                self._since = at
                self._publish()
        elif at - self._since > HANGS_S:
            self._tell(f"{self._keeper.path}: it has taken nothing for {HANGS_S:g} s")

    def end(self, patience_s: float = END_S) -> None:
        """Publish the last head, behind one that is under way. Gives up on a place that hangs."""
        self._publish(behind=self._thread).join(patience_s)
        hangs = f"{self._keeper.path}: it does not take the last head"
        self._tell(hangs if self._is_busy() else self._keeper.failure)

    def _is_busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _publish(self, behind: threading.Thread | None = None) -> threading.Thread:
        self._thread = threading.Thread(None, self._work, "heads", (behind,), daemon=True)
        self._thread.start()
        return self._thread

    def _work(self, behind: threading.Thread | None) -> None:
        if behind is not None:
            behind.join()
        self._keeper.publish()

    def _tell(self, failure: str) -> None:
        if failure and failure != self._told:
            self._log.warning("head_not_published", error=failure)
        self._told = failure
