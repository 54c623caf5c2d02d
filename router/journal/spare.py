"""What a rotation asks of the disk, done where nobody waits for it: the next segment is made before
it is needed, and the last one is sealed after it was left.

Owns the file `spare` and what is still owed to the disk. When a segment is left is the journal's to
say. The spare gets a segment's name only when all in the segments before is durable: so a segment's
name proves that, as it does where a segment is made under its name.
"""

from __future__ import annotations

import resource

from router.journal.storage import NO_ROOM, Storage

SPARE_NAME = "spare"


class Spare:
    """The next segment, and the last. Raises OSError where the disk does."""

    def __init__(self, storage: Storage, size: int) -> None:
        self.size = size
        self._storage = storage
        self._ready = False
        self._asked = 0
        self._left: tuple[str, int] | None = None
        self._renamed = False

    @property
    def usable(self) -> bool:
        """True if there is one, and it may be filled: RLIMIT_FSIZE may have come since."""
        if not self._ready:
            return False
        limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
        return limit == resource.RLIM_INFINITY or limit >= self.size

    @property
    def owes(self) -> bool:
        """True until `settle` has done what the last rotation has left to it."""
        return self._renamed or self._left is not None

    def clear(self) -> None:
        """At the start: in that of a life before may be anything."""
        if SPARE_NAME in self._storage.names():
            self._storage.remove(SPARE_NAME)

    def make(self, segment: int) -> None:
        """Have one ready behind a segment. Where there is no room there is none: it is asked for
        once, and when it is needed the journal does as on a full disk.
        """
        if self._ready or self._asked == segment:
            return
        self._asked = segment
        try:
            self._storage.create(SPARE_NAME, self.size)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
        else:
            self._ready = True

    def take(self, name: str, left: str, end: int) -> None:
        """Make it a segment. One that was left unsealed is to be cut where its records end."""
        self._storage.rename(SPARE_NAME, name)
        self._ready, self._renamed = False, True
        self._left = (left, end) if left else None

    def settle(self) -> None:
        """Before anything in a segment counts as durable: its name is, the one before is sealed."""
        if self._left is not None:
            name, end = self._left
            self._storage.truncate(name, end)
            self._storage.sync(name)
            self._left = None
        if self._renamed:
            self._storage.sync_names()
            self._renamed = False
