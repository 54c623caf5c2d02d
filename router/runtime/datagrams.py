"""Datagrams to a Unix socket: sent if somebody takes them at once, else lost.

Owns the one socket that the daemon speaks to without being asked. Nothing waits for it: not for a
reader that is slow, absent or dead, and never for a disk. Knows nothing of what is said.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

PATH_MAX = 100
"""A Unix socket's path is short; a longer one is reached through its folder's descriptor."""


class Datagrams:
    """One receiver, which may come and go."""

    def __init__(self, address: str) -> None:
        """`address` is a path, or `@name` for the abstract namespace; empty: nobody is told."""
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._folder: int | None = None
        self._socket: socket.socket | None = None
        if address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)

    def send(self, data: bytes) -> bool:
        """True if the receiver has it."""
        if self._socket is None:
            return False
        try:
            self._socket.sendto(data, self._reachable())
        except OSError:
            return False  # nobody is there, or it is full: the next one tells more than this one
        return True

    def close(self) -> None:
        """Say no more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None

    def _reachable(self) -> str:
        """The address, or a shorter way to it."""
        if len(self._address) <= PATH_MAX or self._address.startswith("\0"):
            return self._address
        path = Path(self._address)
        if self._folder is None:
            self._folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return f"/proc/self/fd/{self._folder}/{path.name}"
