"""A node of the shipped configuration with everybody logged on, for benchmarks to drive.

Owns the scene: three books and a dealer's quote that show the same size, orders for all of it, and
fills for whatever arrives. Bytes in, bytes out; time is an integer; the disk is memory. Measures
nothing.
"""

from __future__ import annotations

import time
from pathlib import Path

from config.settings import DEFAULT_CONFIG, Settings, load_settings
from router import build
from router.fix.codec import Message, time_text
from router.fix.session import Received, ResendNeeded, Session, SessionConfig
from router.journal.memory import MemoryStorage
from router.journal.storage import Storage
from router.messages import Step
from router.model import NS
from router.runtime.links import Link, LinkKind

T0 = 1_767_623_400_000_000_000
"""2026-01-05 14:30:00 UTC."""
STEP_NS = NS // 10
"""Between orders: slow enough for every rate limit."""
SHOWN = 500
"""Shares at every touch and in the dealer's quote."""
LIT = ("LIT_A", "LIT_B", "LIT_C")
DEALER = "SDP_1"
MICS = (*LIT, DEALER)
"""Where the four children go."""
ACCOUNTS = 40
"""So many that no order repeats another within the window of the duplicate check."""
POLICY = Path(__file__).with_name("displayed.yaml")

Wire = tuple[int, bytes]
"""A connection, and bytes of it."""


class Peer:
    """The other end of one of the node's sessions; its application is the benchmark."""

    def __init__(self, link: Link, conn: int) -> None:
        ours = link.config
        self.conn = conn
        self.session = Session(
            SessionConfig(
                sender_comp_id=ours.target_comp_id,
                target_comp_id=ours.sender_comp_id,
                role="initiator" if ours.role == "acceptor" else "acceptor",
                reset_on_logon=ours.reset_on_logon,
            )
        )
        self.inbox: list[Message] = []

    def say(self, msg_type: str, text: str, now: int) -> Wire:
        """A message, with `|` for SOH, as the bytes that its session makes of it."""
        self.session.send(msg_type, text.replace("|", "\x01"), now)
        return self.conn, self.frames()

    def hear(self, data: bytes, now: int) -> bytes:
        """Take bytes; return what the session itself has to say to them."""
        self.session.receive(data, now)
        for event in self.session.take_events():
            assert not isinstance(event, ResendNeeded), "nothing is lost here"
            if isinstance(event, Received):
                self.inbox.append(event.message)
        return self.frames()

    def frames(self) -> bytes:
        return b"".join(frame.data for frame in self.session.take_frames() if frame.live)


def bench_settings() -> Settings:
    """The shipped configuration with a policy that takes what is shown. A start puts no snapshot
    down by itself."""
    settings = load_settings(DEFAULT_CONFIG, ["journal.snapshot_events=1000000000"])
    return settings.model_copy(update={"policies": (*settings.policies, POLICY)})


class Market:
    """The node and its peers."""

    def __init__(self, storage: Storage | None = None) -> None:
        """`storage` is the disk, if memory will not do."""
        self.now = T0
        self.steps: list[Step] = []
        """Everything recorded since the last `refresh`."""
        built = build.node(
            bench_settings(),
            storage or MemoryStorage(),
            monotonic=time.monotonic_ns,
            on_step=self.steps.append,
        )
        self.node = built.node
        self.env = built.node.engine.env
        self._journal = built.journal
        self.node.start("bench", self.now)
        links = list(self.node.links.values())
        self.peers = {link.name: Peer(link, conn) for conn, link in enumerate(links, 1)}
        self._by_conn = {peer.conn: peer for peer in self.peers.values()}
        for link in links:
            self._connect(link, self.peers[link.name])
        self.oms = next(self.peers[link.name] for link in links if link.kind is LinkKind.OMS)
        self._count = 0

    @property
    def records(self) -> int:
        """Those of the journal, of this life."""
        return self._journal.appended

    def _connect(self, link: Link, peer: Peer) -> None:
        peer.session.connect(self.now)
        if link.kind is LinkKind.OMS:
            self.node.accepted(link.name, peer.conn, peer.frames(), self.now)
        else:
            self.node.connected(link.name, peer.conn, self.now)
        self.exchange()

    def give(self, wires: list[Wire]) -> None:
        """Bytes to the node: what a benchmark of a way through it measures."""
        for conn, data in wires:
            self.node.received(conn, data, self.now)

    def study(self) -> None:
        """Take the lessons of what has come: the driver does it while the disk works."""
        while self.node.engine.catch_up(100):
            pass

    def exchange(self) -> None:
        """Carry bytes until nobody has anything to say; what was appended is written."""
        while writes := self.node.take().writes:
            for conn, data in writes:
                answer = self._by_conn[conn].hear(data, self.now)
                if answer:
                    self.node.received(conn, answer, self.now)
        self._journal.write()

    def refresh(self) -> None:
        """Time passes, timers fire, every book and the dealer's quote are told anew."""
        self.now += STEP_NS
        self._count += 1
        self.node.tick(self.now)
        book = f"55=ACME|268=2|269=0|270=9.99|271={SHOWN}|269=1|270=10.00|271={SHOWN}|"
        quote = f"117=Q{self._count}|55=ACME|132=9.99|133=10|134={SHOWN}|135={SHOWN}"
        until = time_text(self.now + NS)
        self.give([self.peers[f"{mic}.MD"].say("W", book, self.now) for mic in LIT])
        self.give([self.peers[f"{DEALER}.MD"].say("S", f"{quote}|62={until}|", self.now)])
        self.exchange()
        for peer in self.peers.values():
            peer.inbox.clear()
        self.study()
        self.steps.clear()

    def close(self) -> None:
        """The end of the node: what it has written stays."""
        self._journal.close()

    def order(self) -> Wire:
        """The next NewOrderSingle, immediate or cancel, for all that is shown."""
        body = (
            f"11=20260105-{self._count:06d}|1=ACC-{self._count % ACCOUNTS:02d}|21=1|18=1|110=100|"
            f"55=ACME|207=XNYS|54=1|60={time_text(self.now)}|38={SHOWN * len(MICS)}|40=2|44=10|"
            "15=USD|59=3|528=A|58=care|"
        )
        return self.oms.say("D", body, self.now)

    def fills(self) -> list[Wire]:
        """An ExecutionReport for every child that has arrived: filled, in one piece."""
        found = []
        for mic in MICS:
            [child] = self.peers[mic].inbox
            assert child.msg_type == "D"
            qty, px, name = child.get("38"), child.get("44"), child.get("11")
            body = (
                f"37=V{name}|11={name}|41={name}|17=E-{mic}-20260105-{self._count:06d}|150=F|39=2|"
                f"1={child.get('1')}|55=ACME|207=XNYS|54=1|38={qty}|40=2|44={px}|15=USD|59=3|18=M|"
                f"32={qty}|31={px}|30={mic}|151=0|14={qty}|6={px}|75=20260105|"
                f"60={time_text(self.now)}|851=2|528=A|58=worked|"
            )
            found.append(self.peers[mic].say("8", body, self.now))
        return found
