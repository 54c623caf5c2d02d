"""The real daemon on a disk that may fail: `python -m tests.live.failing_disk FILE COMMAND...`.

Runs the command line as it is, but nothing can be read back while FILE exists.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from router.cli import main
from router.journal import storage
from router.journal.storage import FileStorage


class FailingStorage(FileStorage):
    """The real folder, on a disk with bad blocks."""

    fails = Path()

    def read(self, name: str, offset: int = 0, size: int = -1) -> bytes:
        if self.fails.exists():
            raise OSError(errno.EIO, os.strerror(errno.EIO))  # without a name, as pread says it
        return super().read(name, offset, size)


if __name__ == "__main__":
    FailingStorage.fails = Path(sys.argv[1])
    storage.FileStorage = FailingStorage  # type: ignore[misc]
    main(sys.argv[2:])
