"""Says how the daemon is, to whoever watches: systemd, and the health process if there is one.

Owns when something is worth saying during the start; the pulse says it while the loop turns.
Nothing is waited for, so a watcher that is slow, dead or absent costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self, TypeVar

from msgspec.structs import replace

from router.model import NS
from router.runtime.clock import Clock
from router.runtime.datagrams import Datagrams
from router.runtime.supervisor import Supervisor
from router.runtime.vitals import Identity, recovering
from router.signs import SOCKET_NAME, Signs, encode

SIGNS_NS = NS
"""How often signs are given."""
STEPS = 256
"""The clock is looked at once in so many steps of a recovery."""
PATIENCE_S = 30.0
"""How much longer a start may take from each of its signs on."""

T = TypeVar("T")


class Announcer:
    """The daemon's voice."""

    def __init__(
        self, who: Identity, clock: Clock, supervisor: Supervisor, state_folder: Path | None
    ) -> None:
        """Without a `state_folder` there is no health process to tell."""
        self.who = who
        self.supervisor = supervisor
        self._clock = clock
        self._signs = Datagrams(str(state_folder.absolute() / SOCKET_NAME) if state_folder else "")
        self._said = ""
        self._chore_failures: dict[str, int] = {}

    @classmethod
    def silent(cls, clock: Clock) -> Self:
        """One that nobody hears."""
        return cls(Identity(0, "", "", ""), clock, Supervisor({}, pid=0), None)

    def chore_failed(self, name: str) -> None:
        """What is done beside the daemon was not done: its signs say so from now on."""
        self._chore_failures[name] = self._chore_failures.get(name, 0) + 1

    def tell(self, signs: Signs) -> None:
        """Send signs of life."""
        self._signs.send(encode(replace(signs, chore_failures=self._chore_failures)))

    def status(self, text: str) -> None:
        """A line for whoever asks systemd; the same line twice is said once."""
        if text != self._said:
            self._said = text
            self.supervisor.status(text)

    def folding(self, steps: Iterable[T]) -> Iterator[T]:
        """Hand steps on, and say now and then that there is progress: a long start is no hang."""
        self._folded(0)
        due = self._clock.monotonic() + SIGNS_NS
        for number, step in enumerate(steps, 1):
            yield step
            if number % STEPS == 0 and self._clock.monotonic() >= due:
                self._folded(number)
                due = self._clock.monotonic() + SIGNS_NS

    def _folded(self, number: int) -> None:
        self.supervisor.extend(PATIENCE_S)
        self.status(f"recovering: {number:,} steps folded")
        self.tell(recovering(self.who, self._clock, number))

    def close(self) -> None:
        """Say no more."""
        self.supervisor.close()
        self._signs.close()
