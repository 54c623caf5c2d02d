"""What this process uses of its machine: memory and descriptors.

Owns the look into /proc/self, which a process may always take: of another one, even of its own
user, the units of deploy/ hide it. What cannot be seen is 0.
"""

from __future__ import annotations

import os
import resource
from typing import NamedTuple

_PROCESS = "/proc/self"


class Usage(NamedTuple):
    """Bytes, and descriptors."""

    resident_bytes: int = 0
    open_files: int = 0
    open_files_max: int = 0


def usage() -> Usage:
    """As of now."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    limited = most != resource.RLIM_INFINITY
    return Usage(_resident(), _open_files(), most if limited else 0)


def _resident() -> int:
    try:
        with open(f"{_PROCESS}/statm", encoding="ascii") as file:
            pages = file.read().split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _open_files() -> int:
    try:
        return len(os.listdir(f"{_PROCESS}/fd")) - 1  # the look itself has one
    except OSError:
        return 0
