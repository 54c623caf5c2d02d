"""The operator's socket in the state folder: one JSON line in, one out.

Owns the socket. What may be asked is `runtime.control`'s business; whoever may enter the folder may
ask.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from router.runtime import control
from router.runtime.control import Answer, Request
from router.runtime.reloading import ReloadAsked

Ask = Callable[[Request], Awaitable[Answer]]
Reload = Callable[[ReloadAsked], Awaitable[Answer]]


class Console:
    """Answers operators while it is open."""

    def __init__(self, folder: Path, ask: Ask, reload: Reload) -> None:
        self._folder = folder
        self._ask = ask
        self._reload = reload
        self._server: asyncio.AbstractServer | None = None

    async def open(self) -> None:
        """Listen."""
        path = self._folder / control.SOCKET_NAME
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(
            self._knock, control.socket_path(self._folder), limit=control.REQUEST_MAX
        )
        path.chmod(0o600)

    def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    async def _knock(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            told = await self._answer(control.parse(await reader.readline()))
            writer.write(json.dumps(told).encode() + b"\n")
            await writer.drain()
        except (ConnectionError, ValueError):
            pass  # the asker has gone, or sent more than a line may hold
        except asyncio.CancelledError:
            pass  # the daemon goes, and nobody is left to hear of it: the asker is told nothing
        finally:
            writer.close()

    async def _answer(self, asked: Request | ReloadAsked | Answer) -> Answer:
        if isinstance(asked, ReloadAsked):
            return await self._reload(asked)
        return await self._ask(asked) if callable(asked) else asked
