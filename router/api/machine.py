"""What the machine says of the daemon and its disk, seen from another process of the same user.

Owns the reading of /proc and of the filesystem. What cannot be seen is 0. Changes nothing.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Machine:
    """Bytes and descriptors."""

    free_bytes: int = 0
    size_bytes: int = 0
    resident_bytes: int = 0
    open_files: int = 0
    open_files_max: int = 0


def look(folder: Path, pid: int | None) -> Machine:
    """The disk that holds a folder, and a process."""
    try:
        disk = shutil.disk_usage(folder)
    except OSError:
        return Machine()
    if pid is None:
        return Machine(disk.free, disk.total)
    process = Path("/proc") / str(pid)
    return Machine(disk.free, disk.total, _resident(process), *_files(process))


def _resident(process: Path) -> int:
    try:
        pages = (process / "statm").read_text("ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _files(process: Path) -> tuple[int, int]:
    """Open descriptors, and how many there may be."""
    try:
        count = sum(1 for _ in os.scandir(process / "fd"))
        for line in (process / "limits").read_text("ascii").splitlines():
            if line.startswith("Max open files"):
                soft = line.split()[3]
                return count, int(soft) if soft.isdigit() else 0
    except OSError:
        pass
    return 0, 0
