"""Follows a journal that may be growing, counts what is new, and remembers how far it was.

Owns the place in the journal and the checkpoint, a file of its own in the state folder. Takes no
lock and changes nothing that is the daemon's; what it cannot read it reads again later.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from router.api.counting import count
from router.api.tally import Tally
from router.journal.records import Position
from router.journal.recovery import read_steps
from router.journal.scan import JournalBroken
from router.journal.storage import FileStorage, ForeignState
from router.messages import Step

CHECKPOINT_NAME = "health-checkpoint"
FORMAT = 1
"""Raised when a counter changes its meaning: then everything is counted anew."""
SLICE = 2_000
"""Steps that are counted before somebody else has a turn."""


class Checkpoint(msgspec.Struct):
    """How far was counted, and what."""

    segment: int
    offset: int
    """Of the last record that was counted."""
    seq: int
    now: int
    """Its seq and time: another journal has other ones there."""
    tally: Tally
    format: int = FORMAT


class Follower:
    """One reader of one state folder."""

    def __init__(self, folder: Path) -> None:
        self.tally = Tally()
        self.broken = ""
        """Why the journal cannot be read on, if it cannot."""
        self.caught_up = False
        """All that was there when it was last looked has been counted."""
        self.resumed_at = 0
        """Records that a checkpoint had counted already."""
        self._folder = folder
        self._position: Position | None = None
        self._walk: Iterator[tuple[Position, Step]] | None = None
        self._resume = True

    @property
    def is_there(self) -> bool:
        """True once the folder is one of ours."""
        return (self._folder / "FORMAT").exists()

    def read(self, steps: int = SLICE) -> int:
        """Count up to so many steps; how many there were."""
        if not self.is_there:
            return 0
        found = 0
        try:
            if self._resume:
                self._resume = False
                self._load()
            if self._walk is None:
                self._walk = self._steps()
            for position, step in self._walk:
                self._position = position
                count(self.tally, step)
                found += 1
                if found == steps:
                    return found
            self.caught_up, self.broken = True, ""
        except (JournalBroken, ForeignState, OSError) as error:
            self.broken = str(error)
        self._walk = None
        return found

    def save(self) -> bool:
        """Write the checkpoint: a later start goes on from there. False if that was not possible.

        On a full disk counting goes on, and a restart begins at the checkpoint before.
        """
        if self._position is None:
            return False
        kept = Checkpoint(*self._position, self.tally.last_seq, self.tally.last_now, self.tally)
        path = self._folder / CHECKPOINT_NAME
        draft = path.with_suffix(".new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        try:
            with open(os.open(draft, flags, 0o600), "wb") as file:
                file.write(msgspec.msgpack.encode(kept))
            draft.replace(path)
        except OSError:
            return False
        return True

    def _steps(self) -> Iterator[tuple[Position, Step]]:
        """The steps behind the last one that was counted."""
        storage = FileStorage(self._folder, read_only=True)
        seen = self._position
        for position, step in read_steps(storage, seen, live=True):
            if position != seen:
                yield position, step

    def _load(self) -> None:
        """Go on from the checkpoint, if there is one and it is of this journal."""
        try:
            data = (self._folder / CHECKPOINT_NAME).read_bytes()
            kept = msgspec.msgpack.decode(data, type=Checkpoint)
            position = Position(kept.segment, kept.offset)
            storage = FileStorage(self._folder, read_only=True)
            _, step = next(read_steps(storage, position, live=True))
        except (OSError, msgspec.DecodeError, JournalBroken, StopIteration):
            return
        if kept.format == FORMAT and (step.seq, step.now) == (kept.seq, kept.now):
            self.tally, self._position = kept.tally, position
            self.resumed_at = kept.tally.records
