"""Reloads of the policy, one at a time: the files are read in a thread, the rest is the pump's.

Owns when they are read. What comes of it is `runtime.reloading`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from router.runtime.control import Answer, Request
from router.runtime.log import Log
from router.runtime.reloading import ReadPolicies, ReloadAsked, take

BY_SIGNAL = ReloadAsked(who="SIGHUP", reason="SIGHUP")
"""A signal says neither who sends it nor why."""


class Reloader:
    """Reads the policy documents when it is asked to."""

    def __init__(
        self, read: ReadPolicies | None, operate: Callable[[Request], Awaitable[Answer]], log: Log
    ) -> None:
        """`operate` lets an operator's request be carried out, and answers when it is recorded."""
        self._read = read
        self._operate = operate
        self._log = log
        self._one = asyncio.Lock()
        self._signalled: asyncio.Task[Answer] | None = None
        self._again = False

    async def ask(self, asked: ReloadAsked) -> Answer:
        """Read the documents, and take them into force if they are sound."""
        if self._read is None:
            return {"error": "this daemon was started without policy documents"}
        async with self._one:
            # Reading takes longer than an order may wait: the loop goes on meanwhile.
            found = await asyncio.get_running_loop().run_in_executor(None, self._read)
            answer = await self._operate(lambda node, now: take(node, now, found, asked))
        self._tell(asked, answer)
        return answer

    def signalled(self) -> None:
        """SIGHUP has come. While one is served others are one more: the files may have changed."""
        if self._signalled is not None and not self._signalled.done():
            self._again = True
            return
        self._again = False
        self._signalled = asyncio.get_running_loop().create_task(self.ask(BY_SIGNAL))
        self._signalled.add_done_callback(self._served)

    async def stop(self) -> None:
        """Ask for nothing more: the daemon goes."""
        self._again = False
        if self._signalled is not None:
            self._signalled.cancel()
            await asyncio.gather(self._signalled, return_exceptions=True)

    def _served(self, task: asyncio.Task[Answer]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:  # our own mistake: the loop's handler ends the process
            context = {"message": "a reload failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)
        elif self._again:
            self.signalled()

    def _tell(self, asked: ReloadAsked, answer: Answer) -> None:
        """What no record tells of."""
        if asked.dry_run:
            return
        if "error" in answer:
            self._log.warning("policies_not_taken", who=asked.who, reason=answer["error"])
        elif answer.get("differs") is False:
            self._log.info("policies_unchanged", who=asked.who, policy=answer["policy_hash"])
