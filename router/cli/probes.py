"""What `sluice doctor` finds out about this machine: who holds the lock or a port, how disks sync.

Owns the looking. What it means, and its cure, is the doctor's. Changes nothing that stays. Not a
command.
"""

from __future__ import annotations

import fcntl
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from router.journal.storage import LOCK_NAME

SYNCS = 20
"""How often the disk is asked."""
PROBE_BYTES = 4096
LISTENING = "0A"
"""The state of a listening socket in /proc/net/tcp."""


@dataclass(frozen=True, slots=True)
class Lock:
    """Who has the state folder."""

    held: bool
    pid: int | None
    """Of the process that took it last, as it wrote."""
    alive: bool
    """That process still runs, since the same boot."""


def lock_of(folder: Path) -> Lock | None:
    """The folder's lock; None if nobody has ever taken it."""
    path = folder / LOCK_NAME
    if not path.exists():
        return None
    with path.open("rb") as file:
        words = file.read(256).decode("ascii", "replace").split()
        try:
            # A shared lock for an instant: it is refused while a daemon has its exclusive one.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            held = False
        except BlockingIOError:
            held = True
    pid = int(words[0]) if words and words[0].isdigit() else None
    same_boot = len(words) < 2 or words[1] == _read(Path("/proc/sys/kernel/random/boot_id")).strip()
    alive = pid is not None and same_boot and Path(f"/proc/{pid}").exists()
    return Lock(held, pid, alive)


@dataclass(frozen=True, slots=True)
class SyncTimes:
    """Milliseconds that one fdatasync took."""

    p50_ms: float
    max_ms: float


def sync_times(folder: Path) -> SyncTimes:
    """Write and sync a preallocated file without a name, as the journal writes.

    Raises:
        OSError: the disk does not take it.
    """
    took = []
    with tempfile.TemporaryFile(dir=folder) as file:
        fd = file.fileno()
        os.posix_fallocate(fd, 0, SYNCS * PROBE_BYTES)
        os.fsync(fd)
        for number in range(SYNCS):
            os.pwrite(fd, b"\x55" * PROBE_BYTES, number * PROBE_BYTES)
            start = time.perf_counter_ns()
            os.fdatasync(fd)
            took.append((time.perf_counter_ns() - start) / 1e6)
    return SyncTimes(statistics.median(took), max(took))


def nearest_folder(path: Path) -> Path:
    """The path, or the first folder above it that exists."""
    path = path.absolute()
    while not path.is_dir():
        path = path.parent
    return path


# -- who holds a port ----------------------------------------------------------------------------


def holder_of(port: int) -> str:
    """The process that listens on a port, as `name, pid`; empty if it cannot be seen."""
    inodes = set(_listening(port))
    if not inodes:
        return ""
    for folder in sorted(Path("/proc").glob("[0-9]*")):
        if inodes & set(_sockets(folder)):
            return f"{_read(folder / 'comm').strip()}, pid {folder.name}"
    return ""


def _listening(port: int) -> Iterator[str]:
    """The inodes of listening sockets."""
    for name in ("tcp", "tcp6"):
        for line in _read(Path("/proc/net") / name).splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]


def _sockets(process: Path) -> Iterator[str]:
    """The inodes of a process's sockets; nothing if it is not ours to see, or has gone."""
    try:
        for entry in (process / "fd").iterdir():
            target = os.readlink(entry)
            if target.startswith("socket:["):
                yield target[len("socket:[") : -1]
    except OSError:
        return


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
