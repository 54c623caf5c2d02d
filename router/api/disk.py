"""What the machine says of the disk with the state folder.

Owns the reading of the filesystem; what cannot be seen is 0. What the daemon itself uses is in its
signs: the units let nobody else look. Changes nothing.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes."""

    free_bytes: int = 0
    size_bytes: int = 0


def look(folder: Path) -> Disk:
    """The disk that holds a folder."""
    try:
        disk = shutil.disk_usage(folder)
    except OSError:
        return Disk()
    return Disk(disk.free, disk.total)
