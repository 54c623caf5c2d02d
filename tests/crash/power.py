"""The power fails: what the disk of a real daemon has for certain, and what it may have besides.

Owns both halves of that. `Watch`, within the daemon, notes what each sync that has ended has put
on the disk: the content that a file had, or the names that the folder had, when the sync began.
`cut`, once the daemon is dead, makes of the folder what the machine may find when it starts again:
what was synced, and of anything later some sectors, some names, in whatever order.

Knows no journal: files are bytes. Files that another process writes, a snapshot among them, count
as never synced, which is harder on who reads them than a disk is.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from stat import S_ISREG

import numpy as np

SECTOR = 512
NAMES = "names.json"


class Watch:
    """Notes in `mirror` what is on the disk of `state`: contents by inode, and names."""

    def __init__(self, state: Path, mirror: Path) -> None:
        self._state = str(state.absolute())
        self._mirror = mirror
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Whatever is there has survived the last cut; then every sync is watched."""
        self._mirror.mkdir()
        names = _names(self._state) if os.path.isdir(self._state) else {}
        for name, inode in names.items():
            self._note(str(inode), (Path(self._state) / name).read_bytes())
        self._note(NAMES, json.dumps(names).encode())
        vars(os)["fsync"] = self._watched(os.fsync)
        vars(os)["fdatasync"] = self._watched(os.fdatasync)

    def _watched(self, sync: Callable[..., None]) -> Callable[..., None]:
        def watched(fd: int) -> None:
            path = os.readlink(f"/proc/self/fd/{fd}")
            if path == self._state:
                name, found = NAMES, json.dumps(_names(path)).encode()
            elif os.path.dirname(path) == self._state:
                status = os.fstat(fd)
                name, found = str(status.st_ino), _read(fd, status.st_size)
            else:
                return sync(fd)
            sync(fd)
            return self._note(name, found)

        return watched

    def _note(self, name: str, found: bytes) -> None:
        """Whole or not at all: the process may die at any moment."""
        with self._lock:
            draft = self._mirror / f"{name}.new"
            draft.write_bytes(found)
            draft.replace(self._mirror / name)


def cut(state: Path, mirror: Path, rng: np.random.Generator | None) -> None:
    """Make of a dead daemon's folder what is left of it after a power cut; without chance, nothing
    is left but what was synced.

    A process that it had started beside itself may still be there: it loses sight of the folder.
    """
    if not state.is_dir():
        return
    old = state.rename(state.with_name(f"{state.name}.cut"))
    durable: dict[str, int] = json.loads((mirror / NAMES).read_text())
    now = _names(str(old))
    cached = {inode: (old / name).read_bytes() for name, inode in now.items()}
    left: dict[str, bytes] = {}
    for name in sorted(durable.keys() | now.keys()):
        names = now if rng is not None and rng.random() < 0.5 else durable
        inode = names.get(name)
        if inode is not None:
            noted = mirror / str(inode)
            certain = noted.read_bytes() if noted.exists() else b""
            left[name] = survivor(certain, cached.get(inode, certain), rng)
    state.mkdir(mode=0o700)
    for name, data in left.items():
        (state / name).write_bytes(data)
        (state / name).chmod(0o600)
    for folder in (old, mirror):
        shutil.rmtree(folder)


def survivor(certain: bytes, cached: bytes, rng: np.random.Generator | None) -> bytes:
    """What is read of a file: of what was written since its last sync nothing, all, or some sectors
    in any order. Bytes that were never written are zero."""
    if rng is None or certain == cached or rng.random() < 1 / 3:
        return certain
    if rng.random() < 1 / 2:
        return cached
    size = (len(certain), len(cached))[int(rng.integers(2))]
    sectors = -(-size // SECTOR)
    old = np.zeros((sectors, SECTOR), np.uint8)
    new = np.zeros((sectors, SECTOR), np.uint8)
    for rows, data in ((old, certain), (new, cached)):
        rows.ravel()[: min(size, len(data))] = np.frombuffer(data[:size], np.uint8)
    kept = rng.random(sectors) < 0.5
    return bytes(np.where(kept[:, np.newaxis], new, old).tobytes()[:size])


def _names(folder: str) -> dict[str, int]:
    """Inodes of the regular files of a folder, by name."""
    found = {}
    for entry in os.scandir(folder):
        status = entry.stat(follow_symlinks=False)
        if S_ISREG(status.st_mode):
            found[entry.name] = status.st_ino
    return found


def _read(fd: int, size: int) -> bytes:
    """All of it, by a descriptor that may not be open for reading."""
    with open(f"/proc/self/fd/{fd}", "rb") as file:
        return file.read(size)
