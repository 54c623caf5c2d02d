"""Sluice behind a loopback socket, for the acceptance scripts: the live driver, a node, a journal.

The daemon runs on an event loop in a thread; the script's end is a blocking socket. Time stands
still until a script lets it pass, so nothing here waits for a clock: every wait ends with what it
waits for, and has a limit.
"""

from __future__ import annotations

import asyncio
import select
import shutil
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar

import uvloop

from router.core.engine import Engine
from router.core.environment import Environment, Policy, Routing
from router.core.shelf import LearnerShelf
from router.core.state import State
from router.fix.credentials import LogonRefusal
from router.fix.session import Received, Session, SessionConfig
from router.journal.market import MarketFile
from router.journal.recovery import steps
from router.journal.segments import Durability, Journal
from router.journal.storage import FileStorage
from router.messages import OrderTerms
from router.model import Instrument
from router.ports import Refusal
from router.runtime.clock import Clock
from router.runtime.links import Door, Link, LinkKind
from router.runtime.live import Address, Dial, Live
from router.runtime.node import Node
from tests.fix.definitions import Run
from tests.fix.in_memory import NS, T0, Application, alerts, session_config

HOST = "127.0.0.1"
LIMIT_S = 10.0
SEGMENT_BYTES = 1 << 18
T = TypeVar("T")


class Nobody:
    """No policies: no order reaches the core."""

    def choose(
        self, session: str, terms: OrderTerms, instrument: Instrument, now: int, ref_px: int
    ) -> Policy | Refusal:
        return Refusal("NONE", "NONE: there is no core here")


class Silent:
    """A log that nobody reads."""

    def info(self, event: str, **keys: object) -> None: ...

    def warning(self, event: str, **keys: object) -> None: ...


class StandingClock(Clock):
    """Time that only a script moves."""

    def __init__(self) -> None:
        super().__init__(origin=T0)
        self.value = T0

    def now(self) -> int:
        return self.value

    def monotonic(self) -> int:
        return self.value

    def wall(self) -> int:
        return self.value


class Answering(Node):
    """A node whose orders an application answers; counts the bytes that it was given."""

    application: Application
    wake: Callable[[], None]
    heard = 0

    def accepted(
        self, name: str, conn: int, data: bytes, now: int, refusal: LogonRefusal | None = None
    ) -> None:
        super().accepted(name, conn, data, now, refusal)
        if self.links[name].conn != conn:
            self._hear(data)  # it did not come to `received`

    def received(self, conn: int, data: bytes, now: int) -> None:
        super().received(conn, data, now)
        self._hear(data)

    def _hear(self, data: bytes) -> None:
        self.heard += len(data)
        self.wake()

    def do(self, name: str, work: Callable[[Session], None], now: int) -> None:
        """What its own side wants of a session."""
        link = self.links[name]
        work(link.session)
        self._settle(link, now)

    def _message(self, link: Link, received: Received, now: int) -> None:
        for out in self.application.take(received, now):
            link.session.send(out.msg_type, out.body, now)
        self._recorder.session_alone(now, link, (), received)


class Daemon:
    """One life of the driver, in a thread."""

    def __init__(
        self,
        folder: Path,
        config: SessionConfig,
        dial: Dial | None,
        clock: Clock,
        durability: Durability,
    ) -> None:
        storage = FileStorage(folder)
        journal = Journal(
            storage, durability=durability, segment_bytes=SEGMENT_BYTES, headroom_bytes=0
        )
        records = journal.open()
        market_file = MarketFile(storage)
        market_file.open()
        door = Door(allowed=(ip_network("127.0.0.0/8"),))
        self.link = Link(config.session_id, LinkKind.OMS, config, Session(config), door=door)
        self.node = Answering(
            _engine(),
            [self.link],
            journal,
            market_file,
            monotonic=clock.monotonic,
        )
        self.node.recover(steps(records), market_file.last_seq)
        self.node.start("scripts", clock.now())
        self.live = Live(
            self.node,
            journal,
            market_file,
            clock,
            Silent(),
            listen=Address(HOST, 0),
            dials=[dial] if dial is not None else [],
            state_folder=folder,
        )
        self.clock = clock
        self.port = 0
        self.faults: list[object] = []
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event

    def start(self) -> None:
        self._thread.start()
        assert self._up.wait(LIMIT_S), "it does not start"
        assert self.port, "it does not listen"

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive(), "it does not leave"
        assert not self.faults, self.faults

    def _run(self) -> None:
        async def body() -> None:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            self._loop.set_exception_handler(lambda _, context: self.faults.append(context))
            await self.live.run(self._stop, self._listening)

        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(body())
        finally:
            self._up.set()

    def _listening(self, port: int) -> None:
        self.port = port
        self._up.set()

    def ask(self, question: Callable[[], T]) -> T:
        """Call something in the loop's thread."""
        answer: Future[T] = Future()
        self._loop.call_soon_threadsafe(lambda: answer.set_result(question()))
        return answer.result(LIMIT_S)

    def settle(self, until: Callable[[], bool] = lambda: True) -> None:
        """Return when all that waits is handled and safe, its bytes are out, and this holds."""
        asyncio.run_coroutine_threadsafe(self._settled(until), self._loop).result(LIMIT_S)

    async def _settled(self, until: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT_S):
            self.live.pump.give(lambda now: None)
            while self.live.pump.at_work or self._due() or not until():
                await asyncio.sleep(0)
            await asyncio.sleep(0)  # a connection that was closed is closed now

    def _due(self) -> bool:
        at = self.node.deadline()
        return at is not None and at <= self.clock.now()


def _engine() -> Engine:
    """A core without instruments, venues and policies."""
    env = Environment(
        shard="A",
        seed=1,
        venues={},
        instruments={},
        policies=Nobody(),
        limits=(),
        algos={},
        routing=Routing(),
    )
    return Engine(env, State({}, LearnerShelf({}, dimensions=1), pause_ns=0, markout_ns=0))


class SocketConn:
    """The peer's end of one connection."""

    def __init__(self, side: Socket, raw: socket.socket) -> None:
        self._side = side
        self._raw = raw
        self._raw.setblocking(False)
        self._data = b""
        self.closed = False

    def hear(self, data: bytes) -> None:
        """Sluice has dealt with the bytes when its node has had them all, or hangs up."""
        node = self._side.daemon.node
        aim = node.heard + len(data)
        try:
            self._raw.sendall(data)
        except ConnectionError:
            self.closed = True
        while node.heard < aim and not self.closed:
            self._side.await_either(self._raw)
            self._read()
        self._side.daemon.settle()

    def said(self) -> bytes:
        self._read()
        data, self._data = self._data, b""
        return data

    def ended(self) -> bool:
        """True when Sluice has closed it; waits for that."""
        while not self.closed:
            if not select.select([self._raw], [], [], LIMIT_S)[0]:
                return False
            before = len(self._data)
            self._read()
            if len(self._data) > before:
                return False
        self._side.daemon.settle()
        return True

    def hang_up(self) -> None:
        self.close()
        self._side.daemon.settle(lambda: self._side.daemon.link.conn is None)

    def _read(self) -> None:
        """All that is there."""
        while not self.closed:
            try:
                data = self._raw.recv(1 << 16)
            except BlockingIOError:
                return
            except ConnectionError:
                data = b""
            self._data += data
            self.closed = not data

    def close(self) -> None:
        self.closed = True
        self._raw.close()


class Socket:
    """A daemon with one session behind a loopback socket, as a `Side`."""

    tells = frozenset(("message", "alert"))

    def __init__(self, run: Run, folder: Path, *, synced: bool = False) -> None:
        folder.mkdir()
        self._folder = folder
        self._durability: Durability = "sync" if synced else "page-cache"
        self._clock = StandingClock()
        self._config = session_config(run)
        self._application = Application(self._config.session_id, run.version)
        self._conns: list[SocketConn] = []
        self._awake, self._wake = socket.socketpair()
        self._awake.setblocking(False)
        self._told = 0
        self._calls = run.role == "acceptor"
        self._port_holder = _bound(0)
        self._port = self._port_holder.getsockname()[1]
        self._boot()

    def _boot(self) -> None:
        dial = None
        if not self._calls:
            hosts = (Address(HOST, self._port),)
            dial = Dial(self._config.session_id, hosts, 0.002, reconnect_max_s=0.004)
        self.daemon = Daemon(self._folder, self._config, dial, self._clock, self._durability)
        self.daemon.node.application = self._application
        self.daemon.node.wake = self._ring
        self.daemon.start()

    def _ring(self) -> None:
        self._wake.send(b"!")

    @property
    def now(self) -> int:
        return self._clock.value

    def open(self) -> SocketConn:
        """We call the acceptor; the initiator calls us, as soon as we listen."""
        if self._calls:
            raw = socket.create_connection((HOST, self.daemon.port), LIMIT_S)
        else:
            with _bound(self._port) as door:
                door.settimeout(LIMIT_S)
                door.listen()
                raw, _ = door.accept()
            self.daemon.settle(lambda: self.daemon.link.conn is not None)
        conn = SocketConn(self, raw)
        self._conns.append(conn)
        return conn

    def await_either(self, raw: socket.socket) -> None:
        """Return when there is something to read, or the node has had bytes."""
        ready, _, _ = select.select([raw, self._awake], [], [], LIMIT_S)
        assert ready, "the bytes did not arrive"
        if self._awake in ready:
            self._awake.recv(1 << 12)

    def wait(self, seconds: float) -> None:
        """Time passes from one deadline to the next."""
        end = self._clock.value + round(seconds * NS)
        while (due := self.daemon.ask(self.daemon.node.deadline)) is not None and due <= end:
            self._clock.value = max(self._clock.value, due)
            self.daemon.settle()
        self._clock.value = end
        self.daemon.settle()

    def restart(self) -> None:
        for conn in self._conns:
            conn.close()
        self.daemon.settle(lambda: self.daemon.link.conn is None)
        self.daemon.stop()
        self._boot()

    def act(self, action: str, text: str) -> None:
        def work(session: Session) -> None:
            match action:
                case "send":
                    msg_type, _, body = text.removeprefix("35=").partition("\x01")
                    session.send(msg_type, body and f"{body}\x01", self.now)
                case "logout":
                    session.logout(text, self.now)
                case "reset":
                    session.reset(self.now)
                case "skip":
                    session.skip_to(int(text), self.now)
                case _:
                    raise AssertionError(f"A {action}: allowed here: send logout reset skip")

        name = self._config.session_id
        self.daemon.live.pump.give(lambda now: self.daemon.node.do(name, work, now))
        self.daemon.settle()

    def delivered(self) -> list[str]:
        faults = self.daemon.node.faults[self._told :]
        self._told = len(self.daemon.node.faults)
        given = [*self._application.given, *alerts(faults)]
        self._application.given.clear()
        return given

    def close(self) -> None:
        """The end of the script."""
        for conn in self._conns:
            conn.close()
        self.daemon.settle(lambda: self.daemon.link.conn is None)
        self.daemon.stop()
        shutil.rmtree(self._folder)
        for each in (self._awake, self._wake, self._port_holder):
            each.close()


def _bound(port: int) -> socket.socket:
    """A socket that has the port, and that nobody can call before it listens."""
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    found.bind((HOST, port))
    return found
