"""The real daemon on a disk that may stand still: `python -m tests.live.held_disk FILE COMMAND...`.

Runs the command line as it is, but a sync does not return while FILE exists.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from router.cli import main
from router.journal import storage
from router.journal.storage import FileStorage


class HeldStorage(FileStorage):
    """The real folder, with a hand on it."""

    hold = Path()

    def sync(self, name: str) -> None:
        super().sync(name)
        pause = threading.Event()
        while self.hold.exists():
            pause.wait(0.01)


if __name__ == "__main__":
    HeldStorage.hold = Path(sys.argv[1])
    storage.FileStorage = HeldStorage  # type: ignore[misc]
    main(sys.argv[2:])
