"""The headroom: bytes kept free on the disk, so that cancels and fills are recorded on a full one.

Owns the file `headroom`, and how long a segment may be in its place. When it is given up, and what
is tried again then, is the journal's to say.

One thread at a time. The one that appends gives it up. It is asked for again in any, while none
appends; who looks at `released` and `shortage` from another meanwhile is told what is so.
"""

from __future__ import annotations

import errno
from collections.abc import Callable

from router.journal.storage import NO_ROOM, Storage

HEADROOM_BYTES = 16 * 1024 * 1024
HEADROOM_NAME = "headroom"

Disk = Callable[[str, Callable[[], None]], None]
"""Calls the storage, by the name of what is asked of it; an OSError poisons the journal."""


class Headroom:
    """A reserve of `size` bytes; 0 keeps none. That there is no room for it is no error; any other
    error of the disk poisons the journal, and JournalPoisoned comes from `disk`.
    """

    def __init__(self, storage: Storage, size: int, disk: Disk) -> None:
        self.released = False
        """The disk is full and the reserve is in use, or was not to be had."""
        self.shortage = ""
        """Why, in words."""
        self._storage = storage
        self._size = size
        self._disk = disk

    def reserve(self) -> None:
        """Have it there, at the start or again. `released` says whether it is, and is taken back no
        sooner than it is there. Costs a file creation.
        """
        if self._size and not reserved(self._storage, HEADROOM_NAME, self._size, self._disk):
            self._disk("create", self._create)
        else:
            self.released = False

    def release(self, error: OSError) -> None:
        """Give up its bytes, if it has them still, to what the disk has refused with `error`."""
        self._run_short(error)
        if HEADROOM_NAME in self._storage.names():
            self._disk("remove", lambda: self._storage.remove(HEADROOM_NAME))

    def instead_of(self, wanted: int) -> int:
        """How many bytes long a segment may be where one of `wanted` bytes was refused: as the
        headroom that makes room for it, and half as long once that is used. Ask before `release`.
        """
        return wanted // 2 if self.released else min(wanted, self._size or wanted)

    def _create(self) -> None:
        try:
            self._storage.create(HEADROOM_NAME, self._size)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            self._run_short(error)
        else:
            self.released = False

    def _run_short(self, error: OSError) -> None:
        self.released = True
        too_large = error.errno == errno.EFBIG
        self.shortage = "no file may grow so large" if too_large else "the disk is full"


def reserved(storage: Storage, name: str, size: int, disk: Disk) -> bool:
    """True if a file that only keeps its room is there, whole. One that a death has left unfilled
    reserves nothing: it goes, and is to be made anew.
    """
    if name not in storage.names():
        return False
    if storage.size(name) >= size:
        return True
    disk("remove", lambda: storage.remove(name))
    return False
