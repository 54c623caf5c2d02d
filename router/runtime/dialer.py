"""The dialer: keeps one session that we open connected, while its schedule is open.

Owns the calls and what is awaited between them. Whom to call and how long to wait is
`runtime.dialing`'s business; what is said, the session's.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator

from router.runtime.clock import Clock
from router.runtime.dialing import Dial, Dialing
from router.runtime.log import Log
from router.runtime.tls import HANDSHAKE_S, SHUTDOWN_S, explain
from router.runtime.wire import Wire

CONNECT_S = 10.0
"""How long a host may take to take the call, with its handshake."""
CLOSED_S = 0.5
"""How often the schedule is looked at while it is closed."""


class Dialer:
    """The calls of one session, one at a time."""

    def __init__(
        self,
        dial: Dial,
        *,
        admit: Callable[[Wire], None],
        conns: Iterator[int],
        clock: Clock,
        log: Log,
        may_dial: Callable[[str, int], bool],
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.dial = dial
        self.last_failure = ""
        """Why the last call led to no session."""
        self._dialing = Dialing(dial)
        self._admit = admit
        self._conns = conns
        self._clock = clock
        self._log = log
        self._may_dial = may_dial
        self._context = context

    async def run(self) -> None:
        """Call, and call again when the connection is lost, until cancelled."""
        while True:
            while not self._may_dial(self.dial.name, self._clock.now()):
                await asyncio.sleep(CLOSED_S)
            host = self._dialing.host
            wire = await self._call()
            if wire is not None:
                await wire.over.wait()
                self.last_failure = wire.fault or "no Logon"
            if wire is not None and wire.answered:
                self.last_failure = ""
                wait = self._dialing.logged_on()
            else:
                wait = self._dialing.failed()
                self._log.warning(
                    "dial_failed",
                    session=self.dial.name,
                    host=host.host,
                    port=host.port,
                    error=self.last_failure,
                    wait_s=round(wait, 3),
                )
            await asyncio.sleep(wait)

    async def _call(self) -> Wire | None:
        """One call; None if nobody takes it."""
        host, tls = self._dialing.host, self.dial.tls
        wire = Wire(next(self._conns), self)
        wire.name = self.dial.name
        wire.since = self._clock.now()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_S):
                if self._context is None or tls is None:
                    await loop.create_connection(lambda: wire, host.host, host.port)
                else:
                    await loop.create_connection(
                        lambda: wire,
                        host.host,
                        host.port,
                        ssl=self._context,
                        server_hostname=tls.server_name or host.host,
                        ssl_handshake_timeout=HANDSHAKE_S,
                        ssl_shutdown_timeout=SHUTDOWN_S,
                    )
        except (OSError, UnicodeError) as error:
            self.last_failure = explain(error)
            wire.abandon()
            return None
        except asyncio.CancelledError:
            wire.abandon()
            raise
        return wire

    # -- a connection that has no session yet ----------------------------------------------------

    def opened(self, wire: Wire) -> None:
        """The call is taken: by who shows another certificate than it should, or at last."""
        tls = self.dial.tls
        if tls is None or tls.accepts(self.dial.name, wire.tls.fingerprint):
            self._admit(wire)
        else:
            wire.fault = f"the peer's certificate is another one: {wire.tls.fingerprint}"
            wire.abort()

    def data(self, wire: Wire, data: bytes) -> None:
        """Of somebody who has shown another certificate: nothing is read."""

    def lost(self, wire: Wire, why: BaseException | None) -> None:
        """It is over before it began."""
        wire.over.set()

    def congested(self, wire: Wire, slow: bool) -> None:
        """Never: nothing was said."""
