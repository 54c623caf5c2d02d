"""The real daemon with a death in it: `python -m tests.crash.doomed POINT K COMMAND...`.

Runs the command line as it is, but for the disk: at the K-th write to the journal since the start,
recovery's own included, the process is killed at POINT, as by kill -9.
"""

from __future__ import annotations

import os
import signal
import sys

from router.cli import main
from router.journal import storage
from router.journal.storage import FileStorage

POINTS = ("before the write", "within the write", "before the sync", "after the sync")


def die() -> None:
    """As kill -9 does it: nothing is flushed, nobody is told."""
    os.kill(os.getpid(), signal.SIGKILL)


class DoomedStorage(FileStorage):
    """The real folder, until the time has come."""

    point = ""
    left = 0

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Count writes to the journal."""
        if not name.startswith("journal-"):
            super().write(name, offset, data)
            return
        DoomedStorage.left -= 1
        due = self.left == 0
        if due and self.point == "before the write":
            die()
        if due and self.point == "within the write":
            super().write(name, offset, data[: len(data) // 2])
            die()
        super().write(name, offset, data)

    def sync(self, name: str) -> None:
        """The sync that makes the counted write durable; or a later one, if it was not its own."""
        if self.left <= 0 and self.point == "before the sync":
            die()
        super().sync(name)
        if self.left <= 0 and self.point == "after the sync":
            die()


if __name__ == "__main__":
    DoomedStorage.point, DoomedStorage.left = sys.argv[1], int(sys.argv[2])
    assert DoomedStorage.point in POINTS, DoomedStorage.point
    storage.FileStorage = DoomedStorage  # type: ignore[misc]
    main(sys.argv[3:])
