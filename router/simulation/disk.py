"""A disk in memory that tells which frames have become durable on it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from router.journal.memory import MemoryStorage
from router.simulation.reading import FRAME


class WatchedStorage(MemoryStorage):
    """Tells of every FIX frame in a journal segment once the segment was synced with it."""

    def __init__(self, on_durable: Callable[[bytes], None]) -> None:
        super().__init__()
        self._on_durable = on_durable
        self._written: dict[str, list[bytes]] = {}

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Remember what was written."""
        super().write(name, offset, data)
        if not name.startswith("market-"):
            self._written.setdefault(name, []).append(data)

    def sync(self, name: str) -> None:
        """Tell of it."""
        super().sync(name)
        self.tell(name)

    def tell(self, name: str) -> None:
        """Of all frames that were written to a file since the last time."""
        for data in self._written.pop(name, []):
            for frame in FRAME.findall(data):
                self._on_durable(frame)

    def crash(self, rng: np.random.Generator) -> None:
        """What was not synced is nothing to count on."""
        super().crash(rng)
        self._written.clear()
