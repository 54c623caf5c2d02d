"""The direct driver: the core and a market in one process under one clock, without FIX sessions.

Owns the order of events for experiments: what has arrived first, then timers, as in a batch of the
node. No journal and no wires: what they add is tested elsewhere, and a test holds that the same
children leave and the same executions come.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from router.core.engine import Engine
from router.messages import Command, Event, Restarted, SessionOpened, Step, TimerFired


class Stage(Protocol):
    """A market that takes commands and gives events."""

    def open(self, now: int) -> list[Event]:
        """Log on everywhere; what the router is told first."""

    def carry_out(self, command: Command, now: int) -> None:
        """Send a command that is for a venue; others change nothing."""

    def advance(self, until: int) -> int:
        """Let time pass until something arrives, at most to `until`; the time that it is."""

    def take(self, now: int) -> list[Event]:
        """What has arrived, in order."""


class Direct:
    """One core in one market."""

    def __init__(
        self,
        engine: Engine,
        stage: Stage,
        *,
        start: int,
        seq: int = 0,
        on_step: Callable[[Step], None] | None = None,
    ) -> None:
        """`seq` is that of the step before the first: decisions draw their chance by it."""
        self.engine = engine
        self.now = start
        self.seq = seq
        self._stage = stage
        self._on_step = on_step

    def start(self, session: str) -> None:
        """Log on to every venue, and let the OMS of `session` log on."""
        self.give(Restarted(1))
        for event in self._stage.open(self.now):
            self.give(event)
        self.give(SessionOpened(session))

    def give(self, event: Event) -> tuple[Command, ...]:
        """Let the core handle an event now; what was decided, carried out."""
        self.seq += 1
        commands = self.engine.handle(self.seq, self.now, event)
        for command in commands:
            self._stage.carry_out(command, self.now)
        if self._on_step is not None:
            self._on_step(Step(self.seq, self.now, event, commands))
        return commands

    def run(self, until: int) -> None:
        """Let everything happen up to and including a time."""
        stage, engine = self._stage, self.engine
        while True:
            timer = engine.deadline()
            limit = until if timer is None or timer > until else max(timer, self.now)
            self.now = stage.advance(limit)
            arrived = stage.take(self.now)
            for event in arrived:
                self.give(event)
            timer = engine.deadline()
            if timer is not None and timer <= self.now:
                self.give(TimerFired())
            elif not arrived and self.now >= until:
                return
