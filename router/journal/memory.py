"""A folder in memory with a page cache: what was not synced is lost, in part or torn, by `crash`.

Owns the model of a disk that the simulator runs on. Deterministic: chance comes from the caller.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass, field

import numpy as np

from router.journal.storage import StateLocked

SECTOR = 512
"""Bytes that a disk writes at once: within one write sectors may reach it in any order."""


@dataclass(frozen=True, slots=True)
class _Change:
    """A write at an offset, or with `data` None a truncation to it."""

    offset: int
    data: bytes | None


@dataclass(slots=True)
class _Image:
    """A file's bytes. Zeros at the end are not stored: preallocated files cost nothing."""

    size: int = 0
    data: bytearray = field(default_factory=bytearray)

    def apply(self, change: _Change) -> None:
        if change.data is None:
            self.size = change.offset
            del self.data[change.offset :]
            return
        end = change.offset + len(change.data)
        self.size = max(self.size, end)
        if change.offset > len(self.data):
            self.data.extend(bytes(change.offset - len(self.data)))
        self.data[change.offset : end] = change.data

    def read(self, offset: int, size: int) -> bytes:
        size = max(0, min(size, self.size - offset))
        return bytes(self.data[offset : offset + size]).ljust(size, b"\0")


@dataclass(slots=True)
class _MemoryFile:
    """What a process reads, what the disk holds, and the changes between the two."""

    cached: _Image
    durable: _Image
    unsynced: list[_Change] = field(default_factory=list)

    def change(self, change: _Change) -> None:
        self.cached.apply(change)
        self.unsynced.append(change)

    def sync(self) -> None:
        for change in self.unsynced:
            self.durable.apply(change)
        self.unsynced.clear()

    def crash(self, rng: np.random.Generator) -> None:
        """Choose one of four fates for what was not synced: lost, kept, torn, scattered."""
        match int(rng.integers(4)):
            case 0:
                pass
            case 1:
                self.sync()
            case 2:
                self._tear(rng)
            case _:
                self._scatter(rng)
        self.unsynced.clear()
        self.cached = _Image(self.durable.size, bytearray(self.durable.data))

    def _tear(self, rng: np.random.Generator) -> None:
        """The first changes are kept, the next one in part, the rest not."""
        kept = int(rng.integers(len(self.unsynced)))
        for change in self.unsynced[:kept]:
            self.durable.apply(change)
        torn = self.unsynced[kept]
        if torn.data is not None:
            part = torn.data[: int(rng.integers(len(torn.data) + 1))]
            self.durable.apply(_Change(torn.offset, part))

    def _scatter(self, rng: np.random.Generator) -> None:
        """Every sector is as it was after some number of the changes, each on its own."""
        sizes, whole = [self.durable.size], _Image(self.durable.size)
        versions: dict[int, list[_Change]] = {}
        for change in self.unsynced:
            whole.size = change.offset if change.data is None else whole.size
            if change.data is not None:
                whole.size = max(whole.size, change.offset + len(change.data))
                for part in _sectors(change.offset, change.data):
                    versions.setdefault(part.offset // SECTOR, []).append(part)
            sizes.append(whole.size)
        for sector in sorted(versions):
            for part in versions[sector][: int(rng.integers(len(versions[sector]) + 1))]:
                self.durable.apply(part)
        size = sizes[int(rng.integers(len(sizes)))]
        del self.durable.data[size:]
        self.durable.size = size


def _sectors(offset: int, data: bytes) -> list[_Change]:
    parts = []
    start = 0
    while start < len(data):
        end = min(len(data), (offset + start) // SECTOR * SECTOR + SECTOR - offset)
        parts.append(_Change(offset + start, data[start:end]))
        start = end
    return parts


class MemoryStorage:
    """A `Storage` that outlives the processes using it: crash it, then open it again.

    Creations and deletions are durable at once, as with `FileStorage`, which syncs its folder; new
    names of files are after `sync_names`.
    """

    def __init__(self, *, capacity: int | None = None) -> None:
        """`capacity` is the size of the disk, bytes; None is a disk that is never full."""
        self.capacity = capacity
        self._files: dict[str, _MemoryFile] = {}
        self._renamed: list[tuple[str, str]] = []
        self._locked = False

    def crash(self, rng: np.random.Generator) -> None:
        """The power fails: the process is gone, and what it did not sync is at chance's mercy."""
        for name in sorted(self._files):
            if self._files[name].unsynced:
                self._files[name].crash(rng)
        while self._renamed:
            name, to = self._renamed.pop()
            if rng.integers(2):
                self._files[name] = self._files.pop(to)
        self._locked = False

    def kill(self) -> None:
        """The process dies, the machine does not: the page cache stays as it is."""
        self._locked = False

    def copy(self) -> MemoryStorage:
        """The same disk and page cache again, not locked."""
        twin = MemoryStorage(capacity=self.capacity)
        twin._renamed = list(self._renamed)
        for name, file in self._files.items():
            twin._files[name] = _MemoryFile(
                _Image(file.cached.size, bytearray(file.cached.data)),
                _Image(file.durable.size, bytearray(file.durable.data)),
                list(file.unsynced),
            )
        return twin

    def forget_unsynced(self, name: str) -> None:
        """A sync has failed: what was not synced can be read, and will never be on the disk."""
        self._file(name).unsynced.clear()

    def used(self) -> int:
        """Bytes reserved by all files."""
        return sum(file.cached.size for file in self._files.values())

    def lock(self) -> None:
        """One holder at a time."""
        if self._locked:
            raise StateLocked("the storage in memory", None)
        self._locked = True

    def close(self) -> None:
        """Give back the lock; nothing is synced by it."""
        self._locked = False

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._files)

    def size(self, name: str) -> int:
        """Of the cached file."""
        return self._file(name).cached.size

    def create(self, name: str, size: int) -> None:
        """Reserve the space or raise ENOSPC."""
        if name in self._files:
            raise FileExistsError(errno.EEXIST, "exists", name)
        if size > self._free():
            raise OSError(errno.ENOSPC, "no space left", name)
        self._files[name] = _MemoryFile(_Image(size), _Image(size))

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Within what is reserved, or growing the file; what does not fit is not written."""
        file = self._file(name)
        fits = file.cached.size + self._free() - offset
        if fits > 0 and data:
            file.change(_Change(offset, bytes(data[:fits])))
        if fits < len(data):
            raise OSError(errno.ENOSPC, "no space left", name)

    def sync(self, name: str) -> None:
        """What is cached becomes durable."""
        self._file(name).sync()

    def read(self, name: str, offset: int, size: int) -> bytes:
        """From the cache."""
        return self._file(name).cached.read(offset, size)

    def truncate(self, name: str, size: int) -> None:
        """Durable after `sync`."""
        self._file(name).change(_Change(size, None))

    def remove(self, name: str) -> None:
        """At once and durably."""
        self._file(name)
        del self._files[name]

    def rename(self, name: str, to: str) -> None:
        """Durable after `sync_names`."""
        assert to not in self._files
        self._files[to] = self._file(name)
        del self._files[name]
        self._renamed.append((name, to))

    def sync_names(self) -> None:
        """What files are called now they are called after a power cut."""
        self._renamed.clear()

    def put(self, name: str, data: bytes) -> None:
        """At once and durably, or ENOSPC."""
        freed = self._files[name].cached.size if name in self._files else 0
        if len(data) > self._free() + freed:
            raise OSError(errno.ENOSPC, "no space left", name)
        image = (_Image(len(data), bytearray(data)), _Image(len(data), bytearray(data)))
        self._files[name] = _MemoryFile(*image)

    def drop(self, name: str) -> None:
        """As `remove`."""
        self.remove(name)

    def release(self, name: str) -> None:
        """There are no descriptors here."""

    def _file(self, name: str) -> _MemoryFile:
        file = self._files.get(name)
        if file is None:
            raise FileNotFoundError(errno.ENOENT, "no such file", name)
        return file

    def _free(self) -> int:
        if self.capacity is None:
            return 1 << 62
        return max(0, self.capacity - self.used())
