"""A trading desk without sockets: an OMS session, the whole node, and venues played by the test.

Everything is wire text; `|` stands for SOH. Time is an integer that only `wait` moves. After every
exchange the journal is durable, and what the node holds is checked against it and against what the
venues know (tests.oms.audit).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import config
from config.settings import load_settings
from router import build, build_sessions
from router.fix.codec import Message
from router.fix.session import SessionConfig
from router.fix.versions import FIX42, FIX44, Version
from router.journal.market import MarketFile
from router.journal.memory import MemoryStorage
from router.journal.recovery import steps
from router.journal.segments import Journal
from router.messages import Command, Event, Step
from router.model import NS
from router.runtime.node import Built, Node
from tests.oms import audit
from tests.oms.peers import DataPeer, Oms, Peer, VenuePeer
from tests.oms.wording import LIQUIDITY_TAG

T0 = 1_767_623_400_000_000_000
"""2026-01-05 14:30:00 UTC, a Monday; ACME closes at 14:40."""
CONFIG = Path(__file__).with_name("config") / "sluice.yaml"
ALGO_TAGS = Path(config.__file__).parent / "extensions" / "fix42-algo.yaml"
"""TargetStrategy(847) and its parameters (848) in FIX.4.2."""


@cache
def parts(*overrides: str) -> build.Parts:
    """What the desk's node is made of."""
    return build.parts(load_settings(CONFIG, overrides))


@dataclass(frozen=True)
class House:
    """Which FIX version each of the desk's peers speaks; market data as the venue's orders."""

    oms: Version = FIX44
    other: Version = FIX44
    a: Version = FIX44
    b: Version = FIX44

    @property
    def overrides(self) -> tuple[str, ...]:
        """How the node is told."""
        spoken = {
            "fix.acceptor.sessions.0": self.oms,
            "fix.acceptor.sessions.1": self.other,
            "venues.LIT_A": self.a,
            "venues.LIT_B": self.b,
        }
        found = [
            f"{key}.begin_string={version.begin_string}"
            for key, version in spoken.items()
            if version is not FIX44
        ]
        found += [
            f"{key}.liquidity_flag_tag={LIQUIDITY_TAG}"
            for key, version in spoken.items()
            if version is FIX42 and key.startswith("venues")
        ]
        found += [
            f"{key}.dictionary_extension={ALGO_TAGS}"
            for key, version in spoken.items()
            if version is FIX42 and key.startswith("fix")
        ]
        return tuple(found)


FOUR_FOUR = House()


def open_node(
    storage: MemoryStorage, *overrides: str, on_step: Callable[[Step], None] | None = None
) -> Built:
    """What `router.build.node` makes, with segments so small that reading them costs little."""
    made_of = parts(*overrides)
    journal = Journal(storage, segment_bytes=128 * 1024, headroom_bytes=0)
    records = journal.open()
    market_file = MarketFile(storage)
    market_file.open()
    node = Node(
        build.engine(made_of.env, made_of.family),
        build_sessions.links(made_of.settings, made_of.env.venues),
        journal,
        market_file,
        monotonic=lambda: 0,
        on_step=on_step,
    )
    recovered = node.recover(steps(records), market_file.last_seq)
    return Built(node, journal, market_file, recovered)


class Desk:
    """One OMS, one node, two venues."""

    disk = MemoryStorage

    def __init__(self, *overrides: str, house: House = FOUR_FOUR, refold: bool = True) -> None:
        """With `refold` the journal is read again after every exchange, which takes its time."""
        self.now = T0
        self._refold = refold
        self.house = house
        self.overrides = (*house.overrides, *overrides)
        self.history: list[tuple[Event | None, tuple[Command, ...]]] = []
        """What the core was told and what it decided, as the journal has it."""
        self.on_step: Callable[[Step], None] | None = None
        """For a test that wants to see each step."""
        self.storage = self.disk()
        self.child_names: dict[str, str] = {}
        self.overfilled: set[str] = set()
        """ClOrdIDs of children that a venue has filled beyond their quantity, on purpose."""
        self.ledger = audit.Ledger()
        self.oms = Oms(self, "OMS", self._as_client("OMS", house.oms))
        self.other = Oms(self, "OTHER", self._as_client("OTHER", house.other))
        venues = {"LIT_A": house.a, "LIT_B": house.b}
        self.a, self.b = (
            VenuePeer(self, mic, self._as_venue(mic, version)) for mic, version in venues.items()
        )
        self.data_a, self.data_b = (
            DataPeer(self, f"{mic}.MD", self._as_venue(mic, version, data=True))
            for mic, version in venues.items()
        )
        self._conns = 0
        self._by_conn: dict[int, Peer] = {}
        self.boot()

    @property
    def peers(self) -> tuple[Peer, ...]:
        return (self.a, self.b, self.data_a, self.data_b, self.oms, self.other)

    @property
    def node(self) -> Node:
        return self._built.node

    def open(self) -> None:
        """Everybody logs on, and LIT_A has a book of 9 to 11."""
        for peer in self.peers:
            peer.connect()
        self.data_a.book()

    def close(self) -> None:
        """Every request has been answered.

        Raises:
            AssertionError: one has not.
        """
        audit.check_answers(self.oms)
        audit.check_answers(self.other)

    # -- the node's life -------------------------------------------------------------------------

    def boot(self) -> None:
        """Start the node on what the storage holds."""
        self._built = open_node(self.storage, *self.overrides, on_step=self._note)
        self.node.start("scenarios", self.now)
        self.run()

    def _note(self, step: Step) -> None:
        if step.event is not None or step.commands:
            self.history.append((step.event, step.commands))
        if self.on_step is not None:
            self.on_step(step)

    def kill(self) -> None:
        """kill -9: every connection breaks, nothing is said."""
        self.storage.kill()
        for peer in self.peers:
            if peer.up:
                self._lose(peer)

    def connect(self, peer: Peer) -> None:
        self.dial(peer)
        self.run()

    def dial(self, peer: Peer) -> None:
        """A connection is there; what is said on it has not left yet."""
        self._conns += 1
        peer.conn = self._conns
        self._by_conn[peer.conn] = peer
        peer.session.connect(self.now)
        if peer.calls:
            self.node.accepted(peer.name, peer.conn, peer.frames(), self.now)
        else:
            self.node.connected(peer.name, peer.conn, self.now)

    def cut(self, peer: Peer) -> None:
        conn = peer.conn
        self._lose(peer)
        self.node.closed(conn, self.now)
        self.run()

    def _lose(self, peer: Peer) -> None:
        del self._by_conn[peer.conn]
        peer.conn = 0
        peer.session.lost(self.now)
        peer.frames()
        peer.settle()

    def control(self, event: Event) -> None:
        """What an operator asks."""
        self.node.control(event, self.now)
        self.run()

    # -- exchange --------------------------------------------------------------------------------

    def run(self) -> None:
        """Carry bytes both ways until nobody has anything to say; then check what must hold."""
        while self._carry():
            pass
        audit.check_quantities(self)
        if self._refold:
            audit.check_journal(self)

    def _carry(self) -> bool:
        moved = False
        for peer in self.peers:
            peer.settle()
            data = peer.frames()
            if data and peer.up:
                moved = True
                self.node.received(peer.conn, data, self.now)
        if self.node.deadline() == 0:  # there is more of a resend
            self.node.tick(self.now)
        batch = self.node.take()
        self._built.journal.write()
        self._built.journal.sync()
        for conn, data in batch.writes:
            moved = True
            receiver = self._by_conn.get(conn)
            if receiver is not None:
                receiver.session.receive(data, self.now)
        for conn in batch.closes:
            gone = self._by_conn.get(conn)
            if gone is not None:
                self._lose(gone)
        return moved

    def leave(self, hears: Peer | None = None) -> None:
        """What the node says is durable and leaves, and reaches this peer at most."""
        batch = self.node.take()
        self._built.journal.write()
        self._built.journal.sync()
        for conn, data in batch.writes:
            if hears is not None and conn == hears.conn:
                hears.session.receive(data, self.now)

    def wait(self, seconds: float) -> None:
        """Let time pass; everybody's timers are served when they are due."""
        end = self.now + round(seconds * NS)
        while (due := min(self._deadlines(), default=end + 1)) <= end:
            self.now = max(self.now, due)
            for peer in self.peers:
                if peer.up:
                    peer.session.tick(self.now)
            self.node.tick(self.now)
            self.run()
        self.now = end

    def _deadlines(self) -> Iterator[int]:
        times = [peer.session.deadline() for peer in self.peers if peer.up]
        yield from (at for at in (self.node.deadline(), *times) if at is not None)

    def observe(self, peer: Peer, message: Message) -> None:
        """A message has reached a peer: name the child, let the venue and the ledger see it."""
        if isinstance(peer, VenuePeer):
            fault = audit.judge(peer.version).validate(message)
            assert fault is None, (fault, message.pairs)
            if message.msg_type == "D":
                self.child_names[message.get("11")] = f"c{len(self.child_names) + 1}"
            peer.taken(message)
        elif isinstance(peer, Oms):
            self.ledger.told(peer.version, message)

    # -- sessions --------------------------------------------------------------------------------

    def _as_client(self, name: str, version: Version) -> SessionConfig:
        return SessionConfig(
            begin_string=version.begin_string,
            default_appl_ver_id=version.appl_ver_id if version.fixt else "",
            sender_comp_id=name,
            target_comp_id="SLUICE",
            role="initiator",
        )

    def _as_venue(self, mic: str, version: Version, *, data: bool = False) -> SessionConfig:
        return SessionConfig(
            begin_string=version.begin_string,
            default_appl_ver_id=version.appl_ver_id if version.fixt else "",
            sender_comp_id=mic,
            target_comp_id="SLUICE.MD" if data else "SLUICE",
            role="acceptor",
            reset_on_logon=data,
        )
