"""A disk that the oracle must see through: the control of everything else."""

from __future__ import annotations

from router.simulation.disk import WatchedStorage


class LyingStorage(WatchedStorage):
    """Says that it has synced, and has not."""

    def sync(self, name: str) -> None:
        """Tell of it all the same."""
        self.tell(name)
