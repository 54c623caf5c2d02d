"""Somebody who takes datagrams: systemd's place, or the health process's."""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from router import signs

WAIT_S = 60.0
"""Real seconds: a daemon that starts beside other work takes long."""


class Listener:
    """A datagram socket in a folder; what it has heard is kept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.heard: list[bytes] = []
        self._seen = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self._socket.bind(f"/proc/self/fd/{folder}/{path.name}")
        finally:
            os.close(folder)

    def hear(self, wait_s: float = 0.0) -> list[bytes]:
        """What is new, after waiting for something if nothing is."""
        found: list[bytes] = []
        while select.select([self._socket], [], [], 0 if found else wait_s)[0]:
            found.append(self._socket.recv(signs.SIGNS_MAX))
        self.heard += found
        return found

    def until(self, wanted: Callable[[bytes], bool]) -> bytes:
        """Wait for something behind what was waited for before; it must come."""
        give_up = time.monotonic() + WAIT_S
        while time.monotonic() < give_up:
            for data in self.heard[self._seen :]:
                self._seen += 1
                if wanted(data):
                    return data
            self.hear(0.1)
        raise AssertionError(f"it was not said; heard: {self.heard[-5:]}")

    def line(self, start: str) -> str:
        """Wait for a line of systemd's protocol."""
        return self.until(lambda data: data.decode("utf-8", "replace").startswith(start)).decode()

    def forget(self) -> None:
        """What has come so far is not waited for."""
        self.hear()
        self._seen = len(self.heard)

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
