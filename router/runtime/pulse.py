"""The pulse: while the loop turns it takes the daemon's signs, and feeds the watchdog if all moves.

Owns the loop's lag and the rule of progress: systemd hears of us only while what was given to the
disk comes back and timers that are due fire. It beats in the loop: one that stands says nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from router.journal.segments import Journal
from router.model import NS
from router.runtime.announcer import PATIENCE_S, Announcer
from router.runtime.clock import Clock
from router.runtime.log import Log
from router.runtime.node import Node
from router.runtime.pump import Pump
from router.runtime.vitals import Doubts, Routes, taken
from router.signs import Histogram, Phase, Signs

BEAT_S = 0.1
"""How often the loop's lag is measured."""
BEATS = 10
"""Signs are taken once in so many beats."""
LATE_S = 1.0
"""A sync that takes longer, or a deadline that has passed for longer, and nothing since."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far writer and timers had come at a look."""

    batches: int
    ticks: int


def progress(before: Mark, after: Mark, *, syncing_s: float, timers_late_s: float) -> str:
    """What has not moved since the last look although it should have; empty if all is well."""
    if syncing_s > LATE_S and after.batches == before.batches:
        return "the journal's writer stands still"
    if timers_late_s > LATE_S and after.ticks == before.ticks:
        return "timers stand still"
    return ""


class Pulse:
    """Beats from `start` to `stop`."""

    def __init__(
        self,
        announcer: Announcer,
        node: Node,
        journal: Journal,
        pump: Pump,
        clock: Clock,
        log: Log,
    ) -> None:
        self.phase: Phase = "reconciling"
        self._announcer = announcer
        self._node = node
        self._journal = journal
        self._pump = pump
        self._clock = clock
        self._log = log
        self._stuck = ""
        self._lag = Histogram()
        self._doubts = Doubts(node.engine.state)
        self._routes = Routes()
        self._mark = Mark(0, 0)
        self._beats = 0
        self._due = 0
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop

    def start(self) -> None:
        """Call in the event loop."""
        self._loop = asyncio.get_running_loop()
        self._node.watchers += [self._doubts.note, self._routes.note]
        self._pump.on_left = self._routes.left
        self._look()
        self._arm()

    def listening(self) -> None:
        """OMSs may log on: the start is over. A venue that has not answered stays closed."""
        self.phase = "running"
        self._announcer.supervisor.ready()
        self._look()

    def stopping(self) -> None:
        """The end has begun."""
        self.phase = "stopping"
        self._announcer.supervisor.stopping()
        self._look()

    def stop(self) -> None:
        """Beat no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self._due = self._clock.monotonic() + int(BEAT_S * NS)
        self._timer = self._loop.call_later(BEAT_S, self._beat)

    def _beat(self) -> None:
        self._lag.add(max(0, self._clock.monotonic() - self._due) / NS)
        self._beats += 1
        if self._beats % BEATS == 0:
            self._look()
        self._arm()

    def _look(self) -> None:
        """Take the signs, tell them, and judge them."""
        signs = taken(
            self._announcer.who,
            self._clock,
            phase=self.phase,
            node=self._node,
            journal=self._journal,
            pump=self._pump,
            doubts=self._doubts,
            loop_lag=self._lag,
            routes=self._routes,
        )
        self._announcer.tell(signs)
        mark = Mark(self._pump.batches, self._pump.ticks)
        stuck = progress(
            self._mark,
            mark,
            syncing_s=self._pump.syncing_s,
            timers_late_s=signs.timers_late_s,
        )
        self._mark = mark
        if stuck and not self._stuck:
            self._log.warning("progress_stopped", reason=stuck)
        elif self._stuck and not stuck:
            self._log.warning("progress_resumed")
        self._stuck = stuck
        if not stuck:
            self._announcer.supervisor.alive()
        if self.phase == "reconciling":
            self._announcer.supervisor.extend(PATIENCE_S)
        self._announcer.status(stuck or _line(signs))


def _line(signs: Signs) -> str:
    """How the daemon stands, for `systemctl status`."""
    shut = [mic for mic, each in signs.venues.items() if not (each.open and each.reconciled)]
    closed = f"; closed: {', '.join(shut)}" if shut else ""
    if signs.phase == "reconciling":
        return f"waiting for venues{closed}"
    if signs.phase == "stopping":
        return "logging out"
    held = f"; kills: {', '.join(signs.kills)}" if signs.kills else ""
    return f"{'ready' if signs.ready else 'not ready'}, epoch {signs.epoch}{closed}{held}"
