"""A process that the daemon starts beside itself now and then: it reads the journal, at low
priority, and puts a snapshot down.

Owns when it is due and that there is one at a time. What it does is its own command's business;
if it fails, that is told, and trading goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from router.runtime.log import Log

TOLD_MAX = 500
"""Characters of what a process said that go to the log."""


class Beside:
    """Runs a command when so many records have been written since the last time."""

    def __init__(
        self, argv: Sequence[str], written: Callable[[], int], log: Log, *, every: int
    ) -> None:
        """`written` counts the records of this life."""
        self._argv = argv
        self._written = written
        self._log = log
        self._every = every
        self._at = 0
        self._running: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Start it if it is due and not at work. Call in the event loop."""
        done = self._running is None or self._running.done()
        if done and self._written() - self._at >= self._every:
            self._at = self._written()
            self._running = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """End it: what it has not put down yet is put down another time."""
        if self._running is not None and not self._running.done():
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> None:
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        try:
            process = await asyncio.create_subprocess_exec(
                *self._argv, stdin=nothing, stdout=nothing, stderr=pipe
            )
        except OSError as error:
            self._log.warning("snapshot_failed", error=str(error))
            return
        try:
            _, told = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        if process.returncode:
            text = told.decode("utf-8", "replace").strip()[-TOLD_MAX:]
            self._log.warning("snapshot_failed", code=process.returncode, error=text)
        else:
            self._log.info("snapshot_taken")
