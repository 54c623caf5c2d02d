"""The live driver: sockets, timers and the disk around a node.

Owns the group commit: drain what waits, handle it, write once, sync once, then send; while the disk
works the next batch gathers. Knows nothing of orders. Bytes leave only after their record is safe.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import uvloop

from router.fix.lobby import Lobby
from router.fix.reception import Admitted
from router.journal.market import MarketFile
from router.journal.segments import Journal, JournalPoisoned
from router.runtime import control
from router.runtime.clock import Clock
from router.runtime.control import Answer, Request
from router.runtime.log import Log
from router.runtime.node import Batch, Node

OUT_BUFFER_MAX = 16 * 1024 * 1024
"""Bytes that wait for a slow reader before its connection is cut; its reports are journaled."""

DRAIN_S = 3.0
"""How long sessions have to log out when the daemon stops, real seconds."""

RECONNECT_MAX_S = 30.0


@dataclass(frozen=True, slots=True)
class Dial:
    """A session that we open."""

    name: str
    host: str
    port: int
    reconnect_s: float


@dataclass(frozen=True, slots=True)
class Address:
    """Where OMSs log on."""

    host: str
    port: int


class _Wire(asyncio.Protocol):
    """One connection: hands everything to the driver."""

    def __init__(self, live: Live, name: str = "") -> None:
        self._live = live
        self._name = name
        self.conn = 0
        self.lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.conn = self._live.opened(cast(asyncio.Transport, transport), self._name)

    def data_received(self, data: bytes) -> None:
        self._live.give(lambda now: self._live.on_data(self.conn, data, now))

    def connection_lost(self, exc: Exception | None) -> None:
        self._live.give(lambda now: self._live.on_closed(self.conn, now))
        self.lost.set()


class Live:
    """Drives a node until it is told to stop."""

    def __init__(
        self,
        node: Node,
        journal: Journal,
        market_file: MarketFile,
        clock: Clock,
        log: Log,
        *,
        listen: Address,
        dials: list[Dial],
        state_folder: Path,
        ready_timeout_s: float = 10.0,
    ) -> None:
        self._node = node
        self._journal = journal
        self._market_file = market_file
        self._clock = clock
        self._log = log
        self._listen = listen
        self._dials = dials
        self._state_folder = state_folder
        self._ready_timeout_s = ready_timeout_s
        self._conns = itertools.count(1)
        self._transports: dict[int, asyncio.Transport] = {}
        self._lobby = Lobby(node.callers())
        self._inbox: list[Callable[[int], None]] = []
        self._scheduled = False
        self._syncing = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: int | None = None
        self._disk = ThreadPoolExecutor(1, "journal")
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self._idle: asyncio.Event
        self.poisoned = ""

    # -- life ------------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event, on_listen: Callable[[int], None]) -> None:
        """Connect, recover, listen, and go on until `stop`; then log out and leave.

        Raises:
            OSError: the acceptor's port cannot be had.
        """
        self._loop = asyncio.get_running_loop()
        self._stop = stop
        self._idle = asyncio.Event()
        dialers = [asyncio.create_task(self._dial(each)) for each in self._dials]
        door = await self._open_door()
        server = None
        try:
            await self._until_ready()
            server = await self._loop.create_server(
                lambda: _Wire(self), self._listen.host, self._listen.port
            )
            port = server.sockets[0].getsockname()[1]
            self._log.info("listening", host=self._listen.host, port=port)
            on_listen(port)
            await stop.wait()
        finally:
            if server is not None:
                server.close()
            door.close()
            for task in dialers:
                task.cancel()
            await asyncio.gather(*dialers, return_exceptions=True)
            await self._drain()

    async def _until_ready(self) -> None:
        """OMSs may log on when every venue is reconciled, or when that has taken too long."""
        give_up = self._loop.time() + self._ready_timeout_s
        while not self._node.ready and not self._stop.is_set() and self._loop.time() < give_up:
            await asyncio.sleep(0.02)
        state = self._node.engine.state
        if self._node.ready:
            self._log.info("ready", venues=list(state.venue))
        else:
            closed = [mic for mic in state.venue if mic not in state.open_mics()]
            self._log.warning("not_ready", venues_closed=closed)

    async def _drain(self) -> None:
        if not self.poisoned:
            self.give(lambda now: self._node.logout("Sluice is stopping", now))
            end = self._loop.time() + DRAIN_S
            while self._transports and self._loop.time() < end and not self.poisoned:
                await asyncio.sleep(0.02)
        for transport in self._transports.values():
            transport.abort()
        await asyncio.sleep(0)
        while self._syncing or (self._inbox and not self.poisoned):
            await asyncio.sleep(0.005)
        if self._timer is not None:
            self._timer.cancel()
        self._disk.shutdown()
        self._market_file.close()
        if not self.poisoned:
            self._journal.close()

    async def _dial(self, dial: Dial) -> None:
        """Keep one session connected, waiting ever longer while nobody answers."""
        wait = dial.reconnect_s
        while True:
            try:
                _, wire = await self._loop.create_connection(
                    lambda: _Wire(self, dial.name), dial.host, dial.port
                )
            except OSError as error:
                self._log.warning("dial_failed", session=dial.name, error=str(error), wait_s=wait)
                await asyncio.sleep(wait)
                wait = min(2 * wait, RECONNECT_MAX_S)
                continue
            await wire.lost.wait()
            wait = dial.reconnect_s
            await asyncio.sleep(wait)

    # -- connections -----------------------------------------------------------------------------

    def opened(self, transport: asyncio.Transport, name: str) -> int:
        """A connection is up: one that we dialled for a session, or a stranger's."""
        conn = next(self._conns)
        self._transports[conn] = transport
        if name:
            self.give(lambda now: self._node.connected(name, conn, now))
        elif not self._lobby.opened(conn, self._clock.now()):
            transport.abort()
        return conn

    def on_data(self, conn: int, data: bytes, now: int) -> None:
        """Bytes, in the order in which they came."""
        if not self._lobby.holds(conn):
            self._node.received(conn, data, now)
            return
        known = self._lobby.received(conn, data)
        if isinstance(known, Admitted):
            self._node.accepted(known.key, conn, known.data, now)
        elif known is not None:
            self._log.warning("stranger_dropped", reason=known.reason)
            self._close(conn)

    def on_closed(self, conn: int, now: int) -> None:
        """The connection is gone."""
        self._transports.pop(conn, None)
        self._lobby.closed(conn)
        self._node.closed(conn, now)

    def _close(self, conn: int) -> None:
        transport = self._transports.get(conn)
        if transport is not None:
            transport.close()

    # -- the pump --------------------------------------------------------------------------------

    def give(self, work: Callable[[int], None]) -> None:
        """Queue an input; it is handled with all others that wait."""
        self._inbox.append(work)
        self._kick()

    def _kick(self) -> None:
        if not self._scheduled and not self._syncing and not self.poisoned:
            self._scheduled = True
            self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        """One batch: handle what waits, write it, and sync it before anything is sent."""
        self._scheduled = False
        if self._syncing or self.poisoned:
            return
        inbox, self._inbox = self._inbox, []
        before = self._journal.last_seq
        try:
            for work in inbox:
                work(self._clock.now())
            self._node.tick(self._clock.now())
            for conn in self._lobby.overdue(self._clock.now()):
                self._close(conn)
            batch = self._node.take()
            if self._journal.last_seq == before:
                self._send(batch)
                self._arm()
                return
            self._journal.write()
        except JournalPoisoned as error:
            self._poison(error)
            return
        if self._journal.durability == "page-cache":
            self._leave(batch)  # there is no disk to wait for: no thread, no wake-up
            return
        self._syncing = True
        future = self._loop.run_in_executor(self._disk, self._journal.sync)
        future.add_done_callback(lambda done: self._synced(done, batch))

    def _synced(self, done: asyncio.Future[None], batch: Batch) -> None:
        self._syncing = False
        error = done.exception()
        if isinstance(error, JournalPoisoned):
            self._poison(error)
            return
        if error is not None:
            raise error
        self._leave(batch)

    def _leave(self, batch: Batch) -> None:
        """What is safe goes out, and what has gathered meanwhile comes next."""
        self._send(batch)
        self._market_file.flush()
        self._arm()
        if self._inbox:
            self._kick()

    def _send(self, batch: Batch) -> None:
        together: dict[int, list[bytes]] = {}
        for conn, data in batch.writes:
            together.setdefault(conn, []).append(data)
        for conn, parts in together.items():
            transport = self._transports.get(conn)
            if transport is None or transport.is_closing():
                continue  # its loss is on the way; what was journaled is resent later
            transport.write(b"".join(parts))
            if transport.get_write_buffer_size() > OUT_BUFFER_MAX:
                self._log.warning("slow_reader_cut", conn=conn)
                transport.abort()
        for conn in batch.closes:
            self._close(conn)

    def _arm(self) -> None:
        """Set one timer for the next deadline. It may fire early: the pump looks again."""
        times = (self._node.deadline(), self._lobby.deadline())
        at = min((each for each in times if each is not None), default=None)
        if at is not None and self._timer_at is not None and self._timer_at <= at:
            return  # it fires early, and the pump looks again
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_at = at
        if at is not None:
            delay = self._clock.delay(at, self._clock.now())
            self._timer = self._loop.call_later(delay, self._fired)

    def _fired(self) -> None:
        self._timer = self._timer_at = None
        self._kick()

    def _poison(self, error: JournalPoisoned) -> None:
        """The disk has failed: cancels leave from memory, nothing else, and the process goes."""
        self.poisoned = str(error)
        self._log.warning("journal_poisoned", error=self.poisoned)
        self._send(self._node.last_cancels(self._clock.now()))
        self._stop.set()

    # -- the operator ----------------------------------------------------------------------------

    async def _open_door(self) -> asyncio.AbstractServer:
        """The operator's socket in the state folder: whoever may enter that may knock."""
        path = self._state_folder / control.SOCKET_NAME
        path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(
            self._knock, control.socket_path(self._state_folder), limit=control.REQUEST_MAX
        )
        path.chmod(0o600)
        return server

    async def _knock(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = control.parse(await reader.readline())
            told = await self._operator(request) if callable(request) else request
            writer.write(json.dumps(told).encode() + b"\n")
            await writer.drain()
        except (ConnectionError, ValueError):
            pass  # the asker has gone, or sent more than a line may hold
        finally:
            writer.close()

    async def _operator(self, ask: Request) -> Answer:
        """Run an operator's request in the pump, and answer when its record is safe."""
        answered: asyncio.Future[Answer] = self._loop.create_future()

        def work(now: int) -> None:
            if not answered.cancelled():
                answered.set_result(ask(self._node, now))

        self.give(work)
        answer = await answered
        while self._syncing:
            await asyncio.sleep(0.001)
        return answer


def drive(live: Live, on_listen: Callable[[int], None]) -> str:
    """Run on uvloop until SIGTERM or SIGINT. Returns why the journal is poisoned, or nothing.

    Raises:
        OSError: the acceptor's port cannot be had.
    """

    broken: list[BaseException] = []

    async def body() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)

        def crash(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            broken.append(context.get("exception") or RuntimeError(context["message"]))
            stop.set()

        loop.set_exception_handler(crash)
        await live.run(stop, on_listen)

    uvloop.run(body())
    if broken:
        raise broken[0]  # our own mistake: crash, and let the restart recover
    return live.poisoned
