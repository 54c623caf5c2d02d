"""The live driver on a loop in a thread of its own, around a node that answers orders by itself.

Tests talk to it over loopback with blocking sockets, so they say what they do in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Self, TypeVar

import uvloop

from router.core.engine import Engine
from router.core.environment import Environment, Policy, Routing
from router.core.shelf import LearnerShelf
from router.core.state import State
from router.fix.codec import Message, decode, encode, time_text
from router.fix.framing import Framer
from router.fix.refusals import REFUSAL_EVERY_NS
from router.fix.session import Received, Session, SessionConfig
from router.journal.market import MarketFile
from router.journal.segments import SEGMENT_BYTES, Durability, Journal
from router.journal.storage import FileStorage
from router.messages import OrderTerms
from router.model import NS, Instrument
from router.ports import Refusal
from router.runtime.beside import Beside
from router.runtime.clock import Clock
from router.runtime.heads import HeadKeeper
from router.runtime.links import Door, Link, LinkKind
from router.runtime.live import Address, Dial, Live
from router.runtime.node import Node
from router.runtime.tls import TlsSettings

WAIT_S = 20.0
HOST = "127.0.0.1"
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}
T = TypeVar("T")


class Nobody:
    """No policies: no order reaches the core."""

    def choose(
        self, session: str, terms: OrderTerms, instrument: Instrument, now: int, ref_px: int
    ) -> Policy | Refusal:
        return Refusal("NONE", "NONE: there is no core here")


class Reporter(Node):
    """A NewOrderSingle(D) is answered with as many reports as it has shares."""

    reported = 0

    def _message(self, link: Link, received: Received, now: int) -> None:
        name = received.message.get("11")
        for number in range(int(received.message.get("38") or 0)):
            self.reported += 1
            link.session.send("8", f"37=P\x0111={name}\x0117={name}-{number}\x01", now)
        if link.durable:
            self._recorder.session_alone(now, link, (), received)


class Lines:
    """A log that is kept."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []

    def info(self, event: str, **keys: object) -> None:
        self.lines.append((event, keys))

    def warning(self, event: str, **keys: object) -> None:
        self.lines.append((event, keys))

    def error(self, event: str, **keys: object) -> None:
        self.lines.append((event, keys))

    def named(self, event: str) -> list[dict[str, object]]:
        """What was said of one kind of event, in order."""
        return [keys for name, keys in list(self.lines) if name == event]


def oms(name: str = "OMS", *, door: Door | None = None, **settings: Any) -> Link:
    """A session of an OMS; loopback may log on unless `door` says otherwise."""
    limits = {
        key: settings.pop(key) for key in ("out_buffer_bytes", "out_buffer_s") if key in settings
    }
    config = SessionConfig(
        sender_comp_id="SLUICE", target_comp_id=name, role="acceptor", **settings
    )
    door = door or Door(allowed=LOOPBACK)
    return Link(name, LinkKind.OMS, config, Session(config), door=door, **limits)


def venue(name: str = "LIT", **settings: Any) -> Link:
    """A session that we open: one of market data, whose numbers are not kept."""
    config = SessionConfig(
        sender_comp_id="SLUICE",
        target_comp_id=name,
        role="initiator",
        durable=False,
        reset_on_logon=True,
        **settings,
    )
    return Link(name, LinkKind.DATA, config, Session(config))


class Driver:
    """A running `Live`, and what it has said."""

    def __init__(self, live: Live, node: Reporter, lines: Lines) -> None:
        self.live = live
        self.node = node
        self.lines = lines
        self.port = 0
        self.faults: list[dict[str, Any]] = []
        """What the event loop was not told to expect."""
        self.thread: threading.Thread
        self._up = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event

    def body(self, loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
        """The thread's work."""

        async def run() -> None:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            self._loop.set_exception_handler(lambda _, context: self.faults.append(context))
            await self.live.run(self._stop, self._listening)

        try:
            with asyncio.Runner(loop_factory=loop) as runner:
                runner.run(run())
        finally:
            self._up.set()

    def _listening(self, port: int) -> None:
        self.port = port
        self._up.set()

    def wait_until_up(self) -> None:
        """Return when it listens."""
        assert self._up.wait(WAIT_S)
        assert self.port, "it does not listen"

    def wait_until_gone(self) -> None:
        """Return when it has left of its own accord."""
        self.thread.join(WAIT_S)
        assert not self.thread.is_alive(), "it does not leave"

    def stop(self) -> None:
        """Ask it to leave."""
        with contextlib.suppress(RuntimeError):  # it has left already
            self._loop.call_soon_threadsafe(self._stop.set)

    def ask(self, question: Callable[[], T]) -> T:
        """Call something in the loop's thread."""
        answer: Future[T] = Future()
        self._loop.call_soon_threadsafe(lambda: answer.set_result(question()))
        return answer.result(WAIT_S)

    def logged_on(self, name: str) -> bool:
        """Whether a session is."""
        return self.ask(lambda: self.node.links[name].session.logged_on)


@contextmanager
def driven(
    folder: Path,
    links: Iterable[Link],
    *,
    loop: str = "uvloop",
    host: str = HOST,
    dials: Iterable[Dial] = (),
    tls: TlsSettings | None = None,
    durability: Durability = "page-cache",
    patience_s: float = 10.0,
    kind: type[Reporter] = Reporter,
    storage: FileStorage | None = None,
    heads: Callable[[Journal], HeadKeeper] | None = None,
    segment_bytes: int = SEGMENT_BYTES,
    beside: Beside | None = None,
) -> Iterator[Driver]:
    """Run the driver; at the end it leaves in good order, and its loop was told nothing bad."""
    folder.mkdir(exist_ok=True)
    storage = storage or FileStorage(folder)
    journal = Journal(storage, segment_bytes=segment_bytes, durability=durability)
    assert list(journal.open()) == []
    market_file = MarketFile(storage)
    market_file.open()
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
    state = State({}, LearnerShelf({}, dimensions=1), pause_ns=0, markout_ns=0)
    clock, lines = Clock(), Lines()
    engine = Engine(env, state)
    node = kind(engine, list(links), journal, market_file, monotonic=clock.monotonic)
    node.start("tests", clock.now())
    live = Live(
        node,
        journal,
        market_file,
        clock,
        lines,
        listen=Address(host, 0),
        dials=list(dials),
        state_folder=folder,
        tls=tls,
        patience_s=patience_s,
        heads=heads(journal) if heads is not None else None,
        beside=beside,
    )
    driver = Driver(live, node, lines)
    thread = threading.Thread(target=driver.body, args=(LOOPS[loop],), daemon=True)
    driver.thread = thread
    thread.start()
    driver.wait_until_up()
    try:
        yield driver
        assert thread.is_alive(), f"it has left: {live.pump.poisoned} {driver.faults}"
    finally:
        driver.stop()
        thread.join(WAIT_S)
        assert not thread.is_alive(), "it does not leave"
    assert driver.faults == []


class Client:
    """A peer on a blocking socket, with numbers that it keeps."""

    def __init__(self, name: str = "OMS", target: str = "SLUICE", begin: str = "FIX.4.4") -> None:
        self.name = name
        self.target = target
        self.begin = begin
        self.next_out = 1
        self.socket: socket.socket
        self._framer = Framer()
        self._frames: list[bytes] = []

    def connect(
        self, port: int, *, context: ssl.SSLContext | None = None, host: str = HOST, name: str = ""
    ) -> Self:
        """A connection, through a handshake if there is a context."""
        self._framer, self._frames = Framer(), []
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        raw = socket.socket(family, socket.SOCK_STREAM)
        raw.settimeout(WAIT_S)
        raw.connect((host, port))
        self.socket = raw if context is None else context.wrap_socket(raw, server_hostname=name)
        return self

    def frame(self, msg_type: str, body: str) -> bytes:
        """The next message."""
        now = time_text(time.time_ns())
        header = f"34={self.next_out}\x0149={self.name}\x0152={now}\x0156={self.target}\x01"
        self.next_out += 1
        return encode(self.begin, msg_type, header, body.replace("|", "\x01"))

    def send(self, msg_type: str, body: str = "") -> None:
        self.socket.sendall(self.frame(msg_type, body))

    def log_on(self, extra: str = "") -> None:
        """Send a Logon, and read the answer."""
        self.send("A", f"98=0|108=30|{extra}")
        assert self.read().msg_type == "A"

    def order(self, name: str, reports: int = 1) -> None:
        self.send("D", f"11={name}|38={reports}|")

    def read(self) -> Message:
        while not self._frames:
            data = self.socket.recv(1 << 16)
            assert data, "the connection was closed"
            self._frames += self._framer.feed(data)
        return decode(self._frames.pop(0))

    def dropped(self) -> bool:
        """Wait for the end. True if nothing was said."""
        try:
            return self.socket.recv(1 << 16) == b""
        except ConnectionError:
            return True

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def until(holds: Callable[[], bool], what: str = "") -> None:
    """Wait for something that another thread brings about."""
    give_up = time.monotonic() + WAIT_S
    pause = threading.Event()
    while not holds():
        assert time.monotonic() < give_up, f"it did not come: {what}"
        pause.wait(0.01)


def earned(began: float) -> int:
    """How many refusals more than those in a row may have been judged since, at most."""
    return int((time.monotonic() - began) * NS) // REFUSAL_EVERY_NS + 1


def exec_ids(data: bytes) -> list[str]:
    """ExecID(17) of every report in these bytes."""
    return [each.decode() for each in re.findall(rb"\x0117=([^\x01]*)\x01", data)]


class Host:
    """Where somebody listens whom the driver calls."""

    def __init__(self) -> None:
        self._listening = socket.create_server((HOST, 0))
        self._listening.settimeout(WAIT_S)
        self._kept: list[socket.socket] = []
        self.address = Address(HOST, self._listening.getsockname()[1])

    def take(self, context: ssl.SSLContext | None = None, *, keep: bool = False) -> Client:
        """Take a call, through a handshake if there is a context.

        `keep` holds a second descriptor: what a failed handshake says arrives, and no reset.
        """
        raw, _ = self._listening.accept()
        if keep:
            self._kept.append(raw.dup())
        raw.settimeout(WAIT_S)
        client = Client("LIT")
        client.socket = raw if context is None else context.wrap_socket(raw, server_side=True)
        return client

    @property
    def is_called(self) -> bool:
        """True if a call waits."""
        return bool(select.select([self._listening], [], [], 0)[0])

    def answer(self, context: ssl.SSLContext | None = None) -> Client:
        """Take a call, and answer its Logon."""
        client = self.take(context)
        logon = client.read()
        assert (logon.msg_type, logon.get("49"), logon.get("56")) == ("A", "SLUICE", "LIT")
        client.send("A", "98=0|108=30|141=Y|")
        return client

    def close(self) -> None:
        for each in (self._listening, *self._kept):
            each.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
