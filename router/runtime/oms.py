"""The live driver of an OMS in the shell: one connection around an `OmsClient`.

Owns the socket and the timer, and calls again when the connection is lost. Knows nothing of orders.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

import uvloop

from router.fix.client import OmsClient
from router.runtime.clock import Clock
from router.runtime.tls import HANDSHAKE_S, SHUTDOWN_S, TlsSettings, client_context, explain

T = TypeVar("T")

RECONNECT_S = 0.2


class LiveOms(asyncio.Protocol):
    """An OMS that is connected, or trying to be."""

    def __init__(self, client: OmsClient, clock: Clock, tls: TlsSettings | None = None) -> None:
        """Raises TlsError if the settings of TLS cannot work."""
        self.client = client
        self.clock = clock
        self.fault = ""
        """Why the last connection was lost, if not in order."""
        self._tls = tls
        self._context = client_context(tls, clock.wall()) if tls is not None else None
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()
        self._gone = asyncio.Event()

    # -- asyncio's side --------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The acceptor has taken the call."""
        self._transport = cast(asyncio.Transport, transport)
        self.fault = ""
        self._gone.clear()
        self.client.opened(self.clock.now())
        self.flush()

    def data_received(self, data: bytes) -> None:
        """Bytes from the acceptor."""
        self.client.received(data, self.clock.now())
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._transport = None
        self.fault = explain(exc)
        self.client.closed(self.clock.now())
        self._gone.set()
        self.flush()

    # -- the user's side -------------------------------------------------------------------------

    async def connect(self, host: str, port: int) -> None:
        """Call once.

        Raises:
            OSError: nobody answers, or not as TLS has it; `tls.explain` says why.
        """
        loop = asyncio.get_running_loop()
        if self._tls is None or self._context is None:
            await loop.create_connection(lambda: self, host, port)
        else:
            await loop.create_connection(
                lambda: self,
                host,
                port,
                ssl=self._context,
                server_hostname=self._tls.server_name or host,
                ssl_handshake_timeout=HANDSHAKE_S,
                ssl_shutdown_timeout=SHUTDOWN_S,
            )

    async def stay_connected(self, host: str, port: int) -> None:
        """Call, and call again whenever the connection is lost, until cancelled."""
        while True:
            try:
                await self.connect(host, port)
            except OSError:
                await asyncio.sleep(RECONNECT_S)
                continue
            await self._gone.wait()
            await asyncio.sleep(RECONNECT_S)

    @property
    def is_gone(self) -> bool:
        """True when the connection that there was is lost."""
        return self._gone.is_set()

    def seconds(self) -> float:
        """Real seconds of a clock that only moves forward."""
        return asyncio.get_running_loop().time()

    async def until(self, done: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until something holds; False if the time is up first. Real seconds."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout_s
        while not done():
            left = end - loop.time()
            if left <= 0:
                return False
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), min(left, 0.5))
            except TimeoutError:
                continue
        return True

    def flush(self) -> None:
        """Write what the client has to say, and look at its timer. Call after using it."""
        data = self.client.writes()
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
        if self.client.wants_close and self._transport is not None:
            self._transport.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        at = self.client.deadline()
        if at is not None:
            delay = self.clock.delay(at, self.clock.now())
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)
        self._changed.set()

    async def leave(self) -> None:
        """Log out and wait for the other side to hang up."""
        if self._transport is None:
            return
        if self.client.logged_on:
            self.client.logout(self.clock.now())
            self.flush()
            await self.until(lambda: self._transport is None, 3.0)
        if self._transport is not None:
            self._transport.abort()
        if self._timer is not None:
            self._timer.cancel()

    def _tick(self) -> None:
        self._timer = None
        self.client.tick(self.clock.now())
        self.flush()


def talk(
    client: OmsClient,
    clock: Clock,
    script: Callable[[LiveOms], Awaitable[T]],
    tls: TlsSettings | None = None,
) -> T:
    """Run a script with an OMS on uvloop. Raises TlsError if the settings of TLS cannot work."""

    async def body() -> T:
        return await script(LiveOms(client, clock, tls))

    return uvloop.run(body())
