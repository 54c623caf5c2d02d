"""The operator's socket in the state folder: one JSON line in, one out.

Owns the socket and its bounds. What may be asked is `runtime.control`'s business; whoever may enter
the folder may ask, also while others hold every descriptor that we may have: one is kept for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

from router.runtime import control
from router.runtime.control import Answer, Request
from router.runtime.doorway import EXHAUSTED, EXHAUSTED_S
from router.runtime.reloading import ReloadAsked

ASKERS_MAX = 16
"""More wait in the system's queue until one of them is answered, or cut."""
LINE_S = 2.0
"""How long a request may take to come, and its answer to be read."""

Ask = Callable[[Request], Awaitable[Answer]]
Reload = Callable[[ReloadAsked], Awaitable[Answer]]


class Console:
    """Answers operators while it is open."""

    def __init__(self, folder: Path, ask: Ask, reload: Reload) -> None:
        self._folder = folder
        self._ask = ask
        self._reload = reload
        self._askers: list[asyncio.Task[None]] = []
        self._listening: socket.socket | None = None
        self._spare: int | None = None
        """A descriptor of nothing, which an asker gets when there is no other."""
        self._loop: asyncio.AbstractEventLoop

    async def open(self) -> None:
        """Listen."""
        self._loop = asyncio.get_running_loop()
        path = self._folder / control.SOCKET_NAME
        path.unlink(missing_ok=True)
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.setblocking(False)
        self._listening.bind(control.socket_path(self._folder))
        path.chmod(0o600)
        self._listening.listen()
        self._go_on()

    def close(self) -> None:
        """Listen no more. Who has asked is still answered."""
        if self._listening is not None:
            self._loop.remove_reader(self._listening)
            self._listening.close()
            self._listening = None
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None

    # -- who may ask -----------------------------------------------------------------------------

    def _accept(self, listening: socket.socket) -> None:
        """Take those who wait, as long as there are places."""
        while len(self._askers) < ASKERS_MAX:
            try:
                asker, _ = listening.accept()
            except OSError as error:
                if error.errno in EXHAUSTED and not self._give_spare():
                    self._loop.remove_reader(listening)
                    self._loop.call_later(EXHAUSTED_S, self._go_on)
                    return
                if error.errno not in EXHAUSTED:
                    return  # nobody waits, or has gone meanwhile
                continue
            asker.setblocking(False)
            task = self._loop.create_task(self._serve(asker))
            task.add_done_callback(self._served)
            self._askers.append(task)
        self._loop.remove_reader(listening)

    def _go_on(self) -> None:
        if self._listening is not None:
            self._keep_spare()
            self._loop.add_reader(self._listening, self._accept, self._listening)

    def _give_spare(self) -> bool:
        if self._spare is None:
            return False
        os.close(self._spare)
        self._spare = None
        return True

    def _keep_spare(self) -> None:
        """Have one again, if one can be had."""
        if self._spare is None and self._listening is not None:
            with contextlib.suppress(OSError):  # the next who is served leaves one
                self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)

    # -- what is asked ---------------------------------------------------------------------------

    async def _serve(self, asker: socket.socket) -> None:
        """Answer one request. Who is slow, has gone or sends too much is told nothing."""
        try:
            line = await self._heard(asker)
            if line is not None:
                told = await self._answer(control.parse(line))
                await self._tell(asker, json.dumps(told).encode() + b"\n")
        finally:
            asker.close()
            self._keep_spare()  # before anybody else takes what was freed

    def _served(self, task: asyncio.Task[None]) -> None:
        self._askers.remove(task)
        self._go_on()
        if not task.cancelled():
            task.result()

    async def _heard(self, asker: socket.socket) -> bytes | None:
        """A request; None if it does not come, or is longer than one may be."""
        line = b""
        with contextlib.suppress(OSError):
            async with asyncio.timeout(LINE_S):
                while len(line) <= control.REQUEST_MAX:
                    data = await self._loop.sock_recv(asker, control.REQUEST_MAX)
                    line += data
                    if b"\n" in data or not data:
                        return line.partition(b"\n")[0]
        return None

    async def _tell(self, asker: socket.socket, answer: bytes) -> None:
        with contextlib.suppress(OSError):
            async with asyncio.timeout(LINE_S):
                await self._loop.sock_sendall(asker, answer)

    async def _answer(self, asked: Request | ReloadAsked | Answer) -> Answer:
        if isinstance(asked, ReloadAsked):
            return await self._reload(asked)
        return await self._ask(asked) if callable(asked) else asked
