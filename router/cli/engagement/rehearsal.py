"""A desk without sockets on which order scenarios are played: the whole node, an OMS, one venue.

Owns virtual time and the bytes of the OMS's session. What is said on it is `scenarios`' business.
The node is the real one; the OMS and the venue are sessions whose application is the script.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from config.settings import DEFAULT_CONFIG, load_settings
from router import build
from router.fix.codec import Message, time_text
from router.fix.framing import Framer
from router.fix.session import Received, ResendNeeded, Session, SessionConfig
from router.fix.versions import Version, version
from router.journal.memory import MemoryStorage
from router.messages import Event
from router.model import NS
from router.runtime.links import Link, LinkKind

CONFIG = DEFAULT_CONFIG.parent / "rehearsal" / "sluice.yaml"
START = 1_767_623_400 * NS
"""2026-01-05 14:30:00 UTC, a Monday."""
PAUSE = NS // 4
"""Between one thing that is said and the next."""


@dataclass(frozen=True, slots=True)
class Names:
    """The session that a document is for: its two ends, and which version it speaks."""

    begin_string: str
    default_appl_ver_id: str
    ours: str
    theirs: str
    mic: str = ""
    """Of the venue; empty for an OMS's session."""
    cod: str = "none"
    """What the venue cancels when the session ends."""

    @property
    def version(self) -> Version:
        """The version that is spoken."""
        return version(self.begin_string, self.default_appl_ver_id)

    def overrides(self) -> tuple[str, ...]:
        """The same as `--set` takes it, for the configuration of the rehearsal."""
        place = "venues.0" if self.mic else "fix.acceptor.sessions.0"
        found = [
            f"{place}.target_comp_id={self.theirs}",
            f"{place}.begin_string={self.begin_string}",
        ]
        if self.default_appl_ver_id:
            found.append(f"{place}.default_appl_ver_id={self.default_appl_ver_id}")
        if self.mic:
            found += [f"{place}.mic={self.mic}", f"{place}.cod={self.cod}"]
            return (*found, f"{place}.sender_comp_id={self.ours}")
        return (*found, f"fix.acceptor.sender_comp_id={self.ours}")


@cache
def _parts(overrides: tuple[str, ...]) -> build.Parts:
    return build.parts(load_settings(CONFIG, overrides))


@dataclass(slots=True)
class Peer:
    """The far end of one of the node's sessions. Keeps what it sent, as an engine would."""

    name: str
    session: Session
    conn: int = 0
    inbox: list[Message] = field(default_factory=list)
    stored: dict[int, bytes] = field(default_factory=dict)

    def settle(self, now: int) -> None:
        """Take what has come, and answer a ResendRequest(2)."""
        for event in self.session.take_events():
            match event:
                case Received():
                    self.inbox.append(event.message)
                case ResendNeeded():
                    wanted = range(event.begin, event.end + 1)
                    found = [(seq, self.stored[seq]) for seq in wanted if seq in self.stored]
                    self.session.resend(found, now)
                case _:
                    pass

    def writes(self) -> bytes:
        """Bytes for the node."""
        data = b""
        for frame in self.session.take_frames():
            if frame.fresh:
                self.stored[frame.seq] = frame.data
            if frame.live:
                data += frame.data
        return data


@dataclass(frozen=True, slots=True)
class Shown:
    """One message of the session that the document is for."""

    ours: bool
    """True if we sent it."""
    frame: bytes


class Rehearsal:
    """One OMS, one node, one lit venue: logged on, with a book of 9 to 11."""

    def __init__(self, names: Names) -> None:
        self.now = START
        self.shown: list[Shown] = []
        """What passed on the session since the Logon, in order."""
        self.names = names
        storage = MemoryStorage()
        built = build.node(_parts(names.overrides()), storage, monotonic=lambda: 0)
        self._node, self._journal = built.node, built.journal
        self.oms, self.venue, self.data = (_peer(link) for link in self._node.links.values())
        self._peers = (self.venue, self.data, self.oms)
        self._watched = self.venue if names.mic else self.oms
        self._node.start("rehearsal", self.now)
        for number, peer in enumerate(self._peers, 1):
            self._connect(peer, number)
        book = "55=ACME|268=2|269=0|270=9|271=10000|269=1|270=11|271=10000|"
        self.say(self.data, "W", book)
        self.logon, self.shown = self.shown, []

    # -- exchange --------------------------------------------------------------------------------

    def say(self, peer: Peer, msg_type: str, body: str, *, now: bool = True) -> None:
        """A message of a peer; `|` stands for SOH. With `now` False it crosses what comes next."""
        peer.session.send(msg_type, body.replace("|", "\x01"), self.now)
        if now:
            self.run()

    def control(self, event: Event) -> None:
        """What an operator asks."""
        self._node.control(event, self.now)
        self.run()

    def drop(self, peer: Peer) -> None:
        """The connection breaks. What the peer says from now on comes after the next Logon."""
        peer.session.lost(self.now)
        self._node.closed(peer.conn, self.now)
        self.run()

    def call(self, peer: Peer) -> None:
        """The connection is there again, and both log on."""
        self._connect(peer, peer.conn)

    def wait(self, seconds: int) -> None:
        """Let time pass; timers are served when they are due."""
        end = self.now + seconds * NS
        while (due := min(self._deadlines(), default=end + 1)) <= end:
            self.now = max(self.now, due)
            for peer in self._peers:
                peer.session.tick(self.now)
            self._node.tick(self.now)
            self.run()
        self.now = end

    def stamp(self) -> str:
        """Now, as TransactTime(60)."""
        return time_text(self.now)

    def run(self) -> None:
        """Carry bytes both ways until nobody has anything to say."""
        while self._carry():
            pass
        self.now += PAUSE

    def _carry(self) -> bool:
        moved = False
        for peer in self._peers:
            peer.settle(self.now)
            data = peer.writes()
            if data:
                moved = True
                self._show(peer, data, ours=False)
                self._node.received(peer.conn, data, self.now)
        if self._node.deadline() == 0:
            self._node.tick(self.now)
        batch = self._node.take()
        self._journal.write()
        self._journal.sync()
        for conn, data in batch.writes:
            moved = True
            peer = self._peers[conn - 1]
            self._show(peer, data, ours=True)
            peer.session.receive(data, self.now)
        assert not batch.closes, "no session ends here"
        return moved

    def _show(self, peer: Peer, data: bytes, *, ours: bool) -> None:
        if peer is self._watched:
            self.shown += (Shown(ours, each) for each in Framer().feed(data))

    def _connect(self, peer: Peer, conn: int) -> None:
        peer.conn = conn
        peer.session.connect(self.now)
        if peer is self.oms:
            data = peer.writes()
            self._show(peer, data, ours=False)
            self._node.accepted(peer.name, conn, data, self.now)
        else:
            self._node.connected(peer.name, conn, self.now)
        self.run()

    def _deadlines(self) -> Iterator[int]:
        times = [peer.session.deadline() for peer in self._peers]
        yield from (at for at in (self._node.deadline(), *times) if at is not None)


def _peer(link: Link) -> Peer:
    """The far end of a link: the same session, seen from there."""
    own = link.config
    config = SessionConfig(
        begin_string=own.begin_string,
        default_appl_ver_id=own.default_appl_ver_id,
        sender_comp_id=own.target_comp_id,
        target_comp_id=own.sender_comp_id,
        role="initiator" if own.role == "acceptor" else "acceptor",
        reset_on_logon=link.kind is LinkKind.DATA,
    )
    return Peer(link.name, Session(config))
