"""A disk in memory that tells which frames have become durable on it, and that fails on demand.

Owns what goes wrong with a disk, apart from what a power cut leaves behind (router.journal.memory):
calls in the midst of which the process dies, syncs that fail, space that runs out and comes back.
"""

from __future__ import annotations

import errno
from collections.abc import Callable

import numpy as np

from router.journal.memory import MemoryStorage
from router.journal.word import FAILURE_BYTES, FAILURE_NAME
from router.runtime.sim import ProcessDied
from router.simulation.reading import FRAME


class WatchedStorage(MemoryStorage):
    """Tells of every FIX frame in a journal segment once the segment was synced with it."""

    def __init__(
        self, on_durable: Callable[[bytes], None], on_forgotten: Callable[[], None] = lambda: None
    ) -> None:
        """`on_forgotten` is called when the power has taken the word of a failed life."""
        super().__init__()
        self._on_durable = on_durable
        self._on_forgotten = on_forgotten
        self._written: dict[str, list[bytes]] = {}
        self._calls_left = 0
        self._power = False
        self._syncs_to_fail = 0
        self.power_cuts = 0

    # -- what is to go wrong ---------------------------------------------------------------------

    def die(self, calls: int, *, power: bool) -> None:
        """Let the process die in the midst of so manieth of the calls that change the disk."""
        self._calls_left, self._power = calls, power

    def fail_sync(self) -> None:
        """Let the next sync of a journal segment fail, and the kernel forget what it held."""
        self._syncs_to_fail = 1

    def fill(self) -> None:
        """There is no space left beyond what the files have."""
        self.capacity = self.used()

    def spare(self) -> None:
        """From now on nothing fails."""
        self.capacity = None
        self._calls_left = self._syncs_to_fail = 0

    # -- the calls that change the disk ----------------------------------------------------------

    def create(self, name: str, size: int) -> None:
        """A file is there whole, or not at all."""
        self._count()
        super().create(name, size)

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Remember what was written; who dies here has written half."""
        if self._calls_left == 1:
            super().write(name, offset, data[: len(data) // 2])
        self._count()
        super().write(name, offset, data)
        if not name.startswith("market-"):
            self._written.setdefault(name, []).append(data)

    def sync(self, name: str) -> None:
        """Tell of it. After a failed sync the pages are there and clean: nobody will write them."""
        self._count()
        if self._syncs_to_fail and not name.startswith("market-"):
            self._syncs_to_fail = 0
            self._written.pop(name, None)
            self.forget_unsynced(name)
            raise OSError(errno.EIO, "input/output error", name)
        super().sync(name)
        self.tell(name)

    def truncate(self, name: str, size: int) -> None:
        """Count it."""
        self._count()
        super().truncate(name, size)

    def remove(self, name: str) -> None:
        """Count it."""
        self._count()
        super().remove(name)

    def rename(self, name: str, to: str) -> None:
        """Count it."""
        self._count()
        super().rename(name, to)

    def sync_names(self) -> None:
        """Count it."""
        self._count()
        super().sync_names()

    def tell(self, name: str) -> None:
        """Of all frames that were written to a file since the last time."""
        for data in self._written.pop(name, []):
            for frame in FRAME.findall(data):
                self._on_durable(frame)

    def crash(self, rng: np.random.Generator) -> None:
        """What was not synced is nothing to count on."""
        before = self._word()
        super().crash(rng)
        if before and not self._word():
            self._on_forgotten()
        self.power_cuts += 1
        self._written.clear()

    def _word(self) -> bytes:
        """What a failed life has left for the next one."""
        if FAILURE_NAME not in self.names():
            return b""
        return self.read(FAILURE_NAME, 0, FAILURE_BYTES).rstrip(b"\0")

    def _count(self) -> None:
        if self._calls_left:
            self._calls_left -= 1
            if not self._calls_left:
                raise ProcessDied(power=self._power)
