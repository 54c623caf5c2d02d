"""A disk that fails on purpose, and the records that the tests of the journal write."""

from __future__ import annotations

import errno
import resource
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from router.journal.memory import MemoryStorage
from router.journal.records import HEADER_SIZE, Position
from router.journal.segments import Durability, Journal
from router.journal.storage import Storage

WALL = 1_700_000_000_000_000_000


class PowerCut(BaseException):
    """The machine stops here. Nothing may catch it but the test."""


@dataclass
class FaultyStorage:
    """Hands every call through, and tells `before` and `after` of those that change the disk.

    `before(call, number)` may raise; `number` counts such calls from 1. A write may be cut to
    `partial` bytes before the error.
    """

    inner: Storage
    before: Callable[[str, int], None] = lambda call, number: None
    after: Callable[[str, int], None] = lambda call, number: None
    partial: int | None = None
    calls: list[str] = field(default_factory=list)

    def lock(self) -> None:
        self.inner.lock()

    def close(self) -> None:
        self.inner.close()

    def names(self) -> list[str]:
        return self.inner.names()

    def size(self, name: str) -> int:
        return self.inner.size(name)

    def read(self, name: str, offset: int, size: int) -> bytes:
        return self.inner.read(name, offset, size)

    def release(self, name: str) -> None:
        self.inner.release(name)

    def create(self, name: str, size: int) -> None:
        self._count("create", lambda: self.inner.create(name, size))

    def write(self, name: str, offset: int, data: bytes) -> None:
        try:
            self._count("write", lambda: self.inner.write(name, offset, data))
        except OSError:
            if self.partial is not None:
                self.inner.write(name, offset, data[: self.partial])
            raise

    def sync(self, name: str) -> None:
        self._count("sync", lambda: self.inner.sync(name))

    def truncate(self, name: str, size: int) -> None:
        self._count("truncate", lambda: self.inner.truncate(name, size))

    def remove(self, name: str) -> None:
        self._count("remove", lambda: self.inner.remove(name))

    def rename(self, name: str, to: str) -> None:
        self._count("rename", lambda: self.inner.rename(name, to))

    def sync_names(self) -> None:
        self._count("sync_names", self.inner.sync_names)

    def put(self, name: str, data: bytes) -> None:
        self._count("put", lambda: self.inner.put(name, data))

    def drop(self, name: str) -> None:
        self._count("drop", lambda: self.inner.drop(name))

    def _count(self, call: str, function: Callable[[], None]) -> None:
        self.calls.append(call)
        number = len(self.calls)
        self.before(call, number)
        function()
        self.after(call, number)


@dataclass
class CleanPages(FaultyStorage):
    """After a failed sync: `pages` are what reading shows, though the disk never got them, and
    the kernel believes them to be clean. Only what is written again reaches the disk.
    """

    pages: dict[str, bytes] = field(default_factory=dict)

    def read(self, name: str, offset: int, size: int) -> bytes:
        return self.pages[name][offset : offset + size]


def failing(call: str, nth: int, code: int) -> Callable[[str, int], None]:
    """Fails the nth call of that name, and only that one: a retry would succeed."""
    seen = 0

    def before(name: str, _: int) -> None:
        nonlocal seen
        seen += name == call
        if name == call and seen == nth:
            raise OSError(code, errno.errorcode[code])

    return before


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """As on a full disk, files can be made and take no more bytes. For all of this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def payload(seq: int) -> bytes:
    """Between 1 and 120 bytes that are a function of seq."""
    return (b"%d." % seq * 40)[: 1 + seq * 37 % 120]


def open_journal(
    storage: Storage, *, segment_bytes: int = 2048, durability: Durability = "sync"
) -> tuple[Journal, list[tuple[int, bytes]]]:
    """An open journal over small segments, and (seq, payload) of what it recovered."""
    journal = Journal(
        storage, segment_bytes=segment_bytes, durability=durability, headroom_bytes=512
    )
    return journal, [(record.seq, record.payload) for record in journal.open()]


def append_batch(journal: Journal, seqs: Sequence[int]) -> list[Position]:
    """Append records of those seqs, write and sync."""
    positions = [journal.append(seq, seq * 10, WALL + seq, payload(seq)) for seq in seqs]
    journal.write()
    journal.sync()
    return positions


def filled(batches: Sequence[Sequence[int]]) -> tuple[MemoryStorage, dict[int, Position]]:
    """A closed journal in memory that was written in those batches, and where each seq stands."""
    storage = MemoryStorage()
    journal, _ = open_journal(storage)
    places: dict[int, Position] = {}
    for batch in batches:
        places.update(zip(batch, append_batch(journal, batch), strict=True))
    journal.close()
    return storage, places


def end_of(seq: int, places: dict[int, Position]) -> int:
    """The offset behind the record of that seq."""
    return places[seq].offset + HEADER_SIZE + len(payload(seq))
