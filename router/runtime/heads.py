"""Publishes the journal's head to a place that the operator has named.

A file is appended to; a socket, such as /dev/log, gets a datagram a head. Owns when a head is due
and how it gets there. Only what is durable is published, off the loop; a place that takes nothing
is told of, and trading goes on.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from router.journal.heads import Head, Published, head_line
from router.journal.segments import Journal
from router.model import NS

EVERY_S = 60.0
"""Real seconds between two heads, if nothing else asks for one."""
PRIORITY = "<109>"
"""For syslog: facility 13, the log audit; severity 5, a notice."""
TAG = "sluice"
OPENED = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
"""A FIFO that nobody reads is an error and no wait."""


class HeadKeeper:
    """Writes heads to one place."""

    def __init__(
        self,
        path: Path,
        journal: Journal,
        wall: Callable[[], int],
        sign: Callable[[Published], str] | None = None,
    ) -> None:
        self.failure = ""
        """What the place said last; empty while all is well."""
        self._path = path
        self._journal = journal
        self._wall = wall
        self._sign = sign
        self._at = -EVERY_S
        self._segment = 0
        self._seq = -1

    @property
    def path(self) -> Path:
        """The place."""
        return self._path

    def due(self, at: float) -> bool:
        """True if there is a new head, and it is time or a segment was sealed. `at` is in seconds
        of a monotonic clock."""
        turned = self._journal.segment != self._segment
        if self._journal.durable.seq == self._seq or not (turned or at - self._at >= EVERY_S):
            return False
        self._at, self._segment = at, self._journal.segment
        return True

    def publish(self) -> None:
        """Tell the head that is durable now, unless it was told. Any one thread at a time."""
        head = self._journal.durable
        if head.seq == self._seq:
            return
        try:
            self._put(head)
        except OSError as error:
            self.failure = f"{self._path}: {error.strerror or error}"
        else:
            self.failure, self._seq = "", head.seq

    def _put(self, head: Head) -> None:
        moment = datetime.fromtimestamp(self._wall() // NS, UTC)
        line = head_line(head, moment.strftime("%Y-%m-%dT%H:%M:%SZ"), self._sign)
        if self._path.exists() and stat.S_ISSOCK(self._path.stat().st_mode):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as out:
                out.connect(str(self._path))
                out.send(f"{PRIORITY}{TAG}: {line}".encode())
            return
        fd = os.open(self._path, OPENED, 0o640)
        data = f"{'' if _whole(self._path) else chr(10)}{line}\n".encode()
        try:
            if os.write(fd, data) < len(data):
                raise OSError(errno.ENOSPC, "a line was taken in part")
            os.fdatasync(fd)
        finally:
            os.close(fd)


def _whole(path: Path) -> bool:
    """False if a file ends in the midst of a line, as a power cut or a full disk leaves it."""
    if not path.is_file() or not path.stat().st_size:
        return True
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"
