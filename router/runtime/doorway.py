"""The doorway: listening sockets, and connections until they have shown whose they are.

Owns what a stranger may cost: places, time, bytes, checks of credentials, lines in the log. Whoever
is let in is handed on with every byte so far. Knows doors, no session state.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from router.fix.addresses import is_within, peer_address, subscriber
from router.fix.credentials import Credentials, LogonRefusal
from router.fix.lobby import Lobby
from router.fix.reception import Admitted
from router.fix.refusals import Refusals
from router.model import NS
from router.runtime.clock import Clock
from router.runtime.links import Door
from router.runtime.log import Log
from router.runtime.tls import HANDSHAKE_S, SHUTDOWN_S, TlsSettings, explain
from router.runtime.wire import Hold, Wire

BACKLOG = 512
ACCEPTS_AT_ONCE = 64
REST_S = 0.02
"""After so many at once that were all turned away, others get their turn first."""
EXHAUSTED_S = 0.5
"""Without descriptors or memory nobody is accepted for so long."""
EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
CHECKS_AT_ONCE = 2
PATIENCE_S = 10.0
"""From the call to the Logon."""
BARRED = "refused too often"

Admit = Callable[[Wire, Door, bytes, LogonRefusal | None], None]


@dataclass(slots=True)
class _Check:
    """A Logon whose credentials are judged in a thread. What follows it waits with the peer."""

    wire: Wire
    door: Door
    credentials: Credentials
    logon: bytes
    data: bytes
    running: bool = False
    gone: bool = False


@dataclass(slots=True)
class _Entering:
    """A connection without its handshake."""

    wire: Wire
    who: str
    task: asyncio.Task[None] | None = None


@dataclass(slots=True)
class LastRefusal:
    """Why nobody came in by a door the last time."""

    reason: str
    where: str
    at: int
    """UTC nanoseconds."""


class Doorway:
    """An acceptor's, until the Logon."""

    def __init__(
        self,
        doors: Mapping[tuple[str, str, str], Door],
        *,
        admit: Admit,
        conns: Iterator[int],
        clock: Clock,
        log: Log,
        tls: TlsSettings | None = None,
        context: ssl.SSLContext | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.last_refusals: dict[str, LastRefusal] = {}
        """By session name, of those that got as far as naming one."""
        self._networks = tuple({each for door in doors.values() for each in door.allowed})
        self._lobby = Lobby(doors, patience_ns=int(patience_s * NS))
        self._refusals = Refusals()
        self._admit = admit
        self._conns = conns
        self._clock = clock
        self._log = log
        self._tls = tls
        self._context = context
        self._listening: list[socket.socket] = []
        self._exhausted = False
        self._closed = False
        self._strangers: dict[int, _Entering] = {}
        self._checks: deque[_Check] = deque()
        self._threads = ThreadPoolExecutor(CHECKS_AT_ONCE, "credentials")
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop

    # -- life ------------------------------------------------------------------------------------

    async def bind(self, host: str, port: int) -> int:
        """Take the port; 0 takes any. Returns it. Callers are refused until it is listened on.

        Raises:
            OSError, UnicodeError: it cannot be had.
        """
        self._loop = asyncio.get_running_loop()
        found = await self._loop.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        try:
            for family, kind, protocol, _, address in dict.fromkeys(found):
                one = socket.socket(family, kind, protocol)
                self._listening.append(one)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    only = address[0] != "::"  # `::` takes IPv4 too, as `::ffff:1.2.3.4`
                    one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
                one.setblocking(False)
                one.bind((address[0], port, *address[2:]))
                port = one.getsockname()[1]
        except OSError:
            self._close_sockets()
            raise
        return port

    def listen(self) -> None:
        """Take calls on the port.

        Raises:
            OSError: another process has come to listen on it since it was taken.
        """
        for one in self._listening:
            one.listen(BACKLOG)
        for one in self._listening:
            self._loop.add_reader(one, self._accept, one)

    def close(self) -> None:
        """Listen no more, and send every stranger away: nobody is judged or let in after this."""
        self._closed = True
        for one in self._listening:
            self._loop.remove_reader(one)
        self._close_sockets()
        if self._timer is not None:
            self._timer.cancel()
        for each in list(self._strangers.values()):
            if each.task is not None:
                each.task.cancel()
            each.wire.abort()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _close_sockets(self) -> None:
        for one in self._listening:
            one.close()
        self._listening.clear()

    # -- accepting -------------------------------------------------------------------------------

    def _accept(self, listening: socket.socket) -> None:
        """Take the calls that wait, a bounded number."""
        turned_away = 0
        for _ in range(ACCEPTS_AT_ONCE):
            try:
                connection, address = listening.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in EXHAUSTED:
                    self._pause(listening, error)
                    return
                continue  # the caller has gone before we could take the call
            self._exhausted = False
            turned_away += not self._knock(connection, address[0])
        if turned_away == ACCEPTS_AT_ONCE:
            self._rest(listening, REST_S)

    def _pause(self, listening: socket.socket, error: OSError) -> None:
        if not self._exhausted:
            self._exhausted = True
            self._log.warning("accept_paused", reason=explain(error), wait_s=EXHAUSTED_S)
        self._rest(listening, EXHAUSTED_S)

    def _rest(self, listening: socket.socket, seconds: float) -> None:
        """Accept nobody for a while: calls wait in the system's queue."""
        self._loop.remove_reader(listening)

        def go_on() -> None:
            if listening.fileno() >= 0:
                self._loop.add_reader(listening, self._accept, listening)

        self._loop.call_later(seconds, go_on)

    def _knock(self, connection: socket.socket, text: str) -> bool:
        """Let a caller into the lobby, or close it without reading a byte."""
        now = self._clock.monotonic()
        address = peer_address(text)
        who = subscriber(address)
        conn = next(self._conns)
        reason = ""
        if not is_within(address, self._networks):
            reason = "no session allows its address"
        elif self._refusals.bars(who, now):
            reason = BARRED
        elif (full := self._lobby.opened(conn, now, who)) is not None:
            reason = full.reason
        if reason:
            connection.close()
            self._note(who, reason)
            return False
        connection.setblocking(False)
        wire = Wire(conn, self, address)
        wire.since = self._clock.now()
        entering = self._strangers[conn] = _Entering(wire, who)
        entering.task = self._loop.create_task(self._enter(entering, connection))
        self._arm()
        return True

    async def _enter(self, entering: _Entering, connection: socket.socket) -> None:
        """Hand the socket to the loop, through a handshake if there is TLS."""
        wire = entering.wire
        times = {} if self._context is None else _TIMES
        try:
            await self._loop.connect_accepted_socket(
                lambda: wire, connection, ssl=self._context, **times
            )
        except OSError as error:
            connection.close()
            if self._strangers.get(wire.conn) is entering:
                self._refuse(entering, f"TLS: {explain(error)}")

    # -- strangers -------------------------------------------------------------------------------

    def opened(self, wire: Wire) -> None:
        """A stranger's connection is up: it may speak."""

    def data(self, wire: Wire, data: bytes) -> None:
        """Bytes of a stranger."""
        entering = self._strangers.get(wire.conn)
        if entering is None:
            return  # it was told to go
        known = self._lobby.received(wire.conn, data)
        if isinstance(known, Admitted):
            self._known(entering, known)
        elif known is not None:
            self._refuse(entering, known.reason)

    def lost(self, wire: Wire, why: BaseException | None) -> None:
        """A stranger has gone. One whose check runs keeps its place until that is over."""
        for check in self._checks:
            if check.wire is wire:
                check.gone = True
                return
        entering = self._strangers.get(wire.conn)
        if entering is not None:
            self._refuse(entering, explain(why) or "closed before its Logon")

    def congested(self, wire: Wire, slow: bool) -> None:
        """Never: a stranger is told nothing."""

    def _known(self, entering: _Entering, known: Admitted[Door]) -> None:
        """Its Logon names a session: may it come from there, with this certificate?"""
        wire, door = entering.wire, known.key
        assert wire.address is not None
        if not is_within(wire.address, door.allowed):
            self._refuse(entering, "the session does not allow its address", door)
        elif self._tls is not None and not self._tls.accepts(door.name, wire.tls.fingerprint):
            self._refuse(entering, "the session does not allow its certificate", door)
        elif self._refusals.bars(entering.who, self._clock.monotonic(), door.name):
            self._refuse(entering, BARRED, session=door.name)
        elif door.credentials is None:
            del self._strangers[wire.conn]
            self._admit(wire, door, known.data, None)
        else:
            self._lobby.checking(wire.conn, entering.who)
            wire.hold(Hold.CHECK)
            self._checks.append(_Check(wire, door, door.credentials, known.logon, known.data))
            self._start_checks()

    def turns_away(self, wire: Wire, door: Door) -> bool:
        """True if a session was refused too often while this Logon of it waited to be judged: it is
        closed. Many that come at once, behind a slow disk, are no way round the ration.
        """
        barred = self._refusals.bars(_who(wire), self._clock.monotonic(), door.name)
        if barred:
            self._note(_who(wire), BARRED, session=door.name)
            wire.close()
        return barred

    def judged(self, wire: Wire, door: Door, refusal: str) -> None:
        """A session has answered a Logon that was let in, or says why not."""
        if not refusal:
            self._refusals.let_in(_who(wire), door.name)
            return
        self._remember(wire, door, refusal)
        self._note(_who(wire), refusal, door, session=door.name)

    def _refuse(
        self, entering: _Entering, reason: str, door: Door | None = None, *, session: str = ""
    ) -> None:
        """Close without a word: a message would spend a number."""
        wire = entering.wire
        del self._strangers[wire.conn]
        self._lobby.closed(wire.conn)
        if door is not None:
            self._remember(wire, door, reason)
        self._note(entering.who, reason, door, session=session)
        wire.close()

    def _remember(self, wire: Wire, door: Door, reason: str) -> None:
        self.last_refusals[door.name] = LastRefusal(reason, wire.where, self._clock.now())

    def _note(self, who: str, reason: str, door: Door | None = None, *, session: str = "") -> None:
        """Count a refusal, and log it while lines are left. It counts against a `session` if its
        certificate was right: who has another one is not held for it.
        """
        untold = self._refusals.note(who, self._clock.monotonic(), session)
        if untold is not None:
            named = {"session": door.name} if door is not None else {}
            self._log.warning(
                "stranger_refused", address=who, reason=reason, untold=untold, **named
            )

    # -- credentials -----------------------------------------------------------------------------

    def _start_checks(self) -> None:
        """Judge the next Logons in threads: one at a time of each session, in their order."""
        if self._closed:
            return
        busy = {each.door.name for each in self._checks if each.running}
        for check in self._checks:
            if len(busy) >= CHECKS_AT_ONCE:
                return
            if check.running or check.door.name in busy:
                continue
            busy.add(check.door.name)
            check.running = True
            who = self._strangers[check.wire.conn].who
            future = self._loop.run_in_executor(
                self._threads, check.credentials.check, check.logon, self._clock.now(), who
            )
            future.add_done_callback(self._checked(check))

    def _checked(self, check: _Check) -> Callable[[asyncio.Future[LogonRefusal | None]], None]:
        def done(future: asyncio.Future[LogonRefusal | None]) -> None:
            if not future.cancelled():
                self._judged(check, future.result())

        return done

    def _judged(self, check: _Check, refusal: LogonRefusal | None) -> None:
        """The credentials are known for what they are."""
        if self._closed:
            return
        wire, door = check.wire, check.door
        self._checks.remove(check)
        who = self._strangers.pop(wire.conn).who
        self._lobby.closed(wire.conn)
        if refusal is not None:
            last = self.last_refusals.get(door.name)
            self._remember(wire, door, refusal.text)
            if not refusal.ours:
                self._note(who, refusal.text, door, session=door.name)
            elif last is None or last.reason != refusal.text:
                self._log.error("credentials_not_checked", session=door.name, address=who)
        if not check.gone:
            self._admit(wire, door, check.data, refusal)
            wire.release(Hold.CHECK)
        self._start_checks()

    # -- time ------------------------------------------------------------------------------------

    def _arm(self) -> None:
        at = self._lobby.deadline()
        if at is not None and self._timer is None:
            delay = max(0, at - self._clock.monotonic()) / NS
            self._timer = self._loop.call_later(delay, self._overdue)

    def _overdue(self) -> None:
        self._timer = None
        for conn in self._lobby.overdue(self._clock.monotonic()):
            entering = self._strangers[conn]
            if entering.task is not None:
                entering.task.cancel()  # it may be in the middle of its handshake
            self._refuse(entering, "no Logon in time")
        self._arm()


def _who(wire: Wire) -> str:
    assert wire.address is not None
    return subscriber(wire.address)


_TIMES = {"ssl_handshake_timeout": HANDSHAKE_S, "ssl_shutdown_timeout": SHUTDOWN_S}
