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
from router.fix.alarms import Alarms
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
SEGMENT_BYTES = 1 << 22
HOUR = 3_600 * NS
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

    def error(self, event: str, **keys: object) -> None: ...


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
        self.link = _link(config)
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

    def exchange(self, config: SessionConfig) -> None:
        """The session begins anew, with these settings; nobody is connected."""

        def work() -> None:
            assert self.link.conn is None, "somebody is connected"
            self.link = self.node.links[self.link.name] = _link(config)
            alarms = self.node._recorder.alarms = Alarms()  # those of the other are of no interest
            alarms.touch(self.link)
            self.node.faults.clear()

        self.ask(work)

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


def _link(config: SessionConfig) -> Link:
    door = Door(allowed=(ip_network("127.0.0.0/8"),))
    return Link(config.session_id, LinkKind.OMS, config, Session(config), door=door)


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

    def __init__(self, house: House, raw: socket.socket) -> None:
        self._house = house
        self._raw = raw
        self._raw.setblocking(False)
        self._data = b""
        self.closed = False

    def hear(self, data: bytes) -> None:
        """Sluice has dealt with the bytes when its node has had them all, or hangs up."""
        node = self._house.daemon.node
        aim = node.heard + len(data)
        try:
            self._raw.sendall(data)
        except ConnectionError:
            self.closed = True
        while node.heard < aim and not self.closed:
            self._house.await_either(self._raw)
            self._read()
        self._house.daemon.settle()

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
        self._house.daemon.settle()
        return True

    def hang_up(self) -> None:
        self.close()
        self._house.daemon.settle(lambda: self._house.daemon.link.conn is None)

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


class House:
    """A daemon that scripts of one version and role use one after the other."""

    def __init__(
        self, run: Run, folder: Path, *, synced: bool = False, clock: Clock | None = None
    ) -> None:
        folder.mkdir()
        self.clock = clock or StandingClock()
        self.calls = run.role == "acceptor"
        """Scripts call the daemon; else it calls them."""
        self._version = run.version
        self._folder = folder
        self._durability: Durability = "sync" if synced else "page-cache"
        self._config = session_config(run)
        self._awake, self._wake = socket.socketpair()
        self._awake.setblocking(False)
        self._port_holder = _bound(0)
        self.port = self._port_holder.getsockname()[1]
        self._boot()

    def _boot(self) -> None:
        dial = None
        if not self.calls:
            hosts = (Address(HOST, self.port),)
            dial = Dial(self._config.session_id, hosts, 0.002, reconnect_max_s=0.004)
        self.daemon = Daemon(self._folder, self._config, dial, self.clock, self._durability)
        self.daemon.node.wake = self._ring
        self.daemon.node.application = Application(self._config.session_id, self._version)
        self.daemon.start()

    def _ring(self) -> None:
        self._wake.send(b"!")

    def admit(self, run: Run, application: Application) -> None:
        """The next script, an hour later."""
        self.pass_time(self.clock.now() + HOUR)
        self._config = session_config(run)
        self.daemon.exchange(self._config)
        self.daemon.node.application = application

    def pass_time(self, now: int) -> None:
        """It is this time now."""
        assert isinstance(self.clock, StandingClock), "this clock runs by itself"
        self.clock.value = now

    def restart(self) -> None:
        """The process ends, and starts again on what it has written."""
        application = self.daemon.node.application
        self.daemon.stop()
        self._boot()
        self.daemon.node.application = application

    def call(self) -> socket.socket:
        """A connection: we call the acceptor; the initiator calls as soon as we listen."""
        if self.calls:
            return socket.create_connection((HOST, self.daemon.port), LIMIT_S)
        with _bound(self.port) as door:
            door.settimeout(LIMIT_S)
            door.listen()
            raw, _ = door.accept()
        self.daemon.settle(lambda: self.daemon.link.conn is not None)
        return raw

    def await_either(self, raw: socket.socket) -> None:
        """Return when there is something to read, or the node has had bytes."""
        ready, _, _ = select.select([raw, self._awake], [], [], LIMIT_S)
        assert ready, "the bytes did not arrive"
        if self._awake in ready:
            self._awake.recv(1 << 12)

    def close(self) -> None:
        self.daemon.stop()
        shutil.rmtree(self._folder)
        for each in (self._awake, self._wake, self._port_holder):
            each.close()


class Socket:
    """A session of a house, as a `Side`."""

    tells = frozenset(("message", "alert"))

    def __init__(self, run: Run, house: House) -> None:
        self._house = house
        self._application = Application(session_config(run).session_id, run.version)
        self._conns: list[SocketConn] = []
        self._told = 0
        house.admit(run, self._application)

    @property
    def now(self) -> int:
        return self._house.clock.now()

    def open(self) -> SocketConn:
        conn = SocketConn(self._house, self._house.call())
        self._conns.append(conn)
        return conn

    def wait(self, seconds: float) -> None:
        """Time passes from one deadline to the next."""
        house, node = self._house, self._house.daemon.node
        end = self.now + round(seconds * NS)
        while (due := house.daemon.ask(node.deadline)) is not None and due <= end:
            house.pass_time(max(self.now, due))
            house.daemon.settle()
        house.pass_time(end)
        house.daemon.settle()

    def restart(self) -> None:
        self.close()
        self._house.restart()
        self._told = 0

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

        daemon = self._house.daemon
        name = daemon.link.name
        daemon.live.pump.give(lambda now: daemon.node.do(name, work, now))
        daemon.settle()

    def delivered(self) -> list[str]:
        faults = self._house.daemon.node.faults
        new, self._told = faults[self._told :], len(faults)
        given = [*self._application.given, *alerts(new)]
        self._application.given.clear()
        return given

    def close(self) -> None:
        """Nobody is connected any more."""
        for conn in self._conns:
            conn.close()
        self._house.daemon.settle(lambda: self._house.daemon.link.conn is None)


def _bound(port: int) -> socket.socket:
    """A socket that has the port, and that nobody can call before it listens."""
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    found.bind((HOST, port))
    return found
