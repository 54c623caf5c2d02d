"""Processes that the daemon starts beside itself now and then: they read the journal, at low
priority, put a snapshot down, and archive what nobody needs after it.

Owns when they are due and that there is one at a time. What one does is its own command's business;
if it fails, that is told, and those after it and trading go on: a snapshot that a full disk does
not take must not keep the archive from making room.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from router.runtime.log import Log

TOLD_MAX = 500
"""Characters of what a process said that go to the log."""


@dataclass(frozen=True, slots=True)
class Chore:
    """A command, and its name in the log."""

    name: str
    argv: Sequence[str]


class Beside:
    """Runs commands in turn when so many records have been written since the last time, and they
    have rested for as long as they had worked: what they read grows with the load, and they must
    not take half of the machine from it all the time.
    """

    def __init__(
        self,
        chores: Sequence[Chore],
        written: Callable[[], int],
        log: Log,
        *,
        every: int,
        failed: Callable[[str], None] = lambda name: None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """`written` counts the records of this life; `failed` is told the name of a chore;
        `seconds` is a clock that does not jump.
        """
        self._chores = chores
        self._written = written
        self._log = log
        self._every = every
        self._failed = failed
        self._at = 0
        self._seconds = seconds
        self._rests_until = seconds()
        self._stopping = False
        self._running: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Start it if it is due and not at work. Call in the event loop."""
        done = self._running is None or self._running.done()
        rested = done and self._seconds() >= self._rests_until
        if rested and not self._stopping and self._written() - self._at >= self._every:
            self._at = self._written()
            self._running = asyncio.get_running_loop().create_task(self._run())

    def stopping(self) -> None:
        """The end has begun. Who ends us may have ended what is at work too: that is no failure of
        it, and nothing is started any more.
        """
        self._stopping = True

    async def stop(self) -> None:
        """End it: what it has not put down yet is put down another time."""
        if self._running is not None and not self._running.done():
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> None:
        began = self._seconds()
        for chore in self._chores:
            if not self._stopping:
                await self._do(chore)
        ended = self._seconds()
        self._rests_until = ended + (ended - began)

    async def _do(self, chore: Chore) -> None:
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        try:
            process = await asyncio.create_subprocess_exec(
                *chore.argv, stdin=nothing, stdout=nothing, stderr=pipe
            )
        except OSError as error:
            self._log.warning("chore_failed", chore=chore.name, error=str(error))
            self._failed(chore.name)
            return
        try:
            _, told = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        if not process.returncode:
            self._log.info("chore_done", chore=chore.name)
        elif not self._stopping:
            text = told.decode("utf-8", "replace").strip()[-TOLD_MAX:]
            self._log.warning("chore_failed", chore=chore.name, code=process.returncode, error=text)
            self._failed(chore.name)
