"""The word that a journal leaves for the next life when its disk has failed.

Owns the file `failure`, which is reserved at the start: a disk that is full or sick takes no new
one.
"""

from __future__ import annotations

import contextlib

from router.journal.storage import Storage

FAILURE_NAME = "failure"
FAILURE_BYTES = 512


def hear(storage: Storage) -> str:
    """What the life before has left; empty if it has left nothing."""
    if FAILURE_NAME not in storage.names():
        return ""
    return storage.read(FAILURE_NAME, 0, FAILURE_BYTES).rstrip(b"\0").decode("utf-8", "replace")


def leave(storage: Storage, text: str) -> None:
    """Before anything leaves from memory.

    In the page cache only: the word must outlive this process, and a sync of a sick disk may
    take as long as it likes. If even that fails, a venue will say that our number is too low.
    """
    with contextlib.suppress(OSError):
        if FAILURE_NAME in storage.names():
            word = text.encode()[:FAILURE_BYTES].ljust(FAILURE_BYTES, b"\0")
            storage.write(FAILURE_NAME, 0, word)
