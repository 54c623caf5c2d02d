"""The daemon's log lines on their way to a descriptor: nobody waits for who reads them.

Owns a bounded queue and the one thread that writes. A reader that has gone, or stands still, or a
full disk cost lines, and how many is said; they cost the daemon nothing.
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

LINES_MAX = 10_000
"""Lines that wait to be written; more are lost."""
AT_ONCE = 64
"""Lines that are written with one call."""
PATIENCE_S = 1.0
"""How long the last lines have to be written when the daemon ends, real seconds."""
RETRY_MS = 1_000


class LogLines:
    """What structlog calls with each line. Never blocks, never raises."""

    def __init__(self, descriptor: int) -> None:
        self.on_lost: Callable[[int], object] = lambda _: None
        """Called with how many lines were lost so far, once there is room again: to say it."""
        self.works = True
        """The descriptor took what it was given last."""
        self._descriptor = descriptor
        self._waiting: SimpleQueue[str | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._lost = self._told = 0
        self._thread = threading.Thread(target=self._write_on, name="log", daemon=True)
        self._thread.start()

    def __call__(self, *_: object) -> LogLines:
        """The one logger that structlog writes with: this is its factory too."""
        return self

    def msg(self, line: str) -> None:
        """Queue a line, or count it as lost."""
        if self._waiting.qsize() >= LINES_MAX:
            self._lose(1)
            return
        if self._lost != self._told and self.works:
            self._tell()
        self._waiting.put(line)

    debug = info = warning = error = msg

    def close(self, patience_s: float = PATIENCE_S) -> None:
        """Write what waits, unless that takes too long. If the descriptor takes nothing, whatever
        is said on it after this goes nowhere: the end of the process does not wait for it either.
        """
        if self._lost != self._told:
            self._tell()
        self._waiting.put(None)
        self._thread.join(patience_s)
        if self._thread.is_alive() or not self.works:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._descriptor)
            os.close(nowhere)

    def _tell(self) -> None:
        self._told = self._lost  # first: to tell it is a line too
        self.on_lost(self._told)

    def _lose(self, count: int) -> None:
        with self._lock:
            self._lost += count

    def _write_on(self) -> None:
        """The thread's work: wait for a line, and write it with those that wait behind it."""
        going = True
        while going:
            lines = [self._waiting.get()]
            try:
                while len(lines) < AT_ONCE:
                    lines.append(self._waiting.get_nowait())
            except Empty:
                pass
            going = None not in lines
            said = [each for each in lines if each is not None]
            try:
                self._write("".join(f"{each}\n" for each in said).encode(errors="backslashreplace"))
                self.works = True
            except OSError:
                self.works = False
                self._lose(len(said))

    def _write(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:  # whoever shares the descriptor has made it so
                ready = select.poll()
                ready.register(self._descriptor, select.POLLOUT)
                ready.poll(RETRY_MS)
