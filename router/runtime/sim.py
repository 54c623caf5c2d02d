"""The simulated driver of the same node that `live` drives, on one integer clock.

Owns wires that delay, split and break, a disk whose sync takes time, and crashes.
Knows nothing of orders, nor of who stands at the other end of a wire: that is an `Endpoint`.
The same seed makes the same history.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from router.fix.lobby import Lobby
from router.fix.reception import Admitted
from router.journal.memory import MemoryStorage
from router.journal.segments import JournalPoisoned
from router.model import NS
from router.runtime.node import Batch, Built, Node
from router.runtime.sim_time import VirtualTime
from router.runtime.sim_wire import Delays, Endpoint, Wire, together

__all__ = ["Delays", "Endpoint", "ProcessDied", "Sim"]

ROOM_EVERY = NS
"""So long a full disk is let alone before the headroom is asked for again."""
_NODE, _ROOM = 0, 1
"""Whose alarms these are; those of peers go by their `id`."""

READY_WAIT = 10 * NS
"""Callers are let in when every venue is reconciled, or when that has taken so long."""


class ProcessDied(Exception):  # noqa: N818 - says what is
    """Raised by a storage: the process dies in the midst of this call to its disk."""

    def __init__(self, *, power: bool) -> None:
        super().__init__("the process dies here")
        self.power = power


class Sim(VirtualTime):
    """One shard, its venues and its OMSs in virtual time."""

    def __init__(
        self,
        open_node: Callable[[MemoryStorage], Built],
        *,
        peers: Mapping[str, Endpoint],
        storage: MemoryStorage,
        start: int,
        seed: int,
        delays: Delays | None = None,
        on_write: Callable[[str, int, bytes], None] | None = None,
        after_event: Callable[[], None] | None = None,
        on_failure: Callable[[], None] | None = None,
    ) -> None:
        """`peers` by the node's session names. `run` boots the node.

        `on_write` sees all that leaves the node, by session and wire, and `after_event` is called
        after everything that happens: invariants are checked there.
        """
        super().__init__(start, after_event)
        self.storage = storage
        self.sync_ns = 200_000
        """How long a sync takes."""
        self.syncing = False
        self.skew = 0
        """What the next life's clock is off by: a clock is read once, at the start of a life."""
        self.lag: dict[str, int] = {}
        """By session: how much longer its bytes are under way, either way."""
        self.poisoned = 0
        """How many lives have ended because the disk took no more."""
        self.failing = False
        """True while that which leaves is on no disk: the last words of such a life."""
        self._off = 0
        """What this life's clock is off by."""
        self._frozen_until = start
        self._open_node = open_node
        self.peers = peers
        self._delays = delays or Delays()
        self._on_write = on_write
        self._on_failure = on_failure
        self._rng = np.random.Generator(np.random.Philox(key=seed, counter=1 << 32))
        self._conns = itertools.count(1)
        self._wires: dict[int, Wire] = {}
        self._built: Built | None = None
        self._lobby: Lobby[str] = Lobby({})
        self._life = 0
        self._booted_at = start
        self._inbox: list[Callable[[Node, int], None]] = []
        self._scheduled = False
        self.at(start, self._boot)

    # -- the node's life -------------------------------------------------------------------------

    @property
    def up(self) -> bool:
        """True while the node is alive."""
        return self._built is not None

    @property
    def built(self) -> Built:
        """The node of this life, with what it writes to."""
        assert self._built is not None, "the node is down"
        return self._built

    @property
    def node(self) -> Node:
        """The node of this life."""
        return self.built.node

    @property
    def clock(self) -> int:
        """What the node takes for the time."""
        return self.now + self._off

    def _boot(self) -> None:
        self._life += 1
        self._booted_at, self._off = self.now, self.skew
        try:
            self._built = self._open_node(self.storage)
        except (ProcessDied, JournalPoisoned) as end:
            self._ended(end, Batch())
            return
        callers = self.node.callers()
        self._lobby = Lobby(callers)
        self.give(lambda node, now: node.start("sim", now))
        called = set(callers.values())
        for name in self.peers:
            (self._call if name in called else self._dial)(name, self._life)

    def crash(self, *, power: bool = False) -> None:
        """Kill the node, with the machine if asked: then what was not synced may be lost."""
        if self._built is not None:
            self._end_of_life(power=power)

    def _ended(self, end: ProcessDied | JournalPoisoned, lost: Batch) -> None:
        """The process has died at its disk; or the disk has failed: cancels leave from memory, it
        exits (75), and is started again. `lost` is what waited for the disk.
        """
        if isinstance(end, JournalPoisoned):
            self.poisoned += 1
            if self._built is not None:
                self._last_words(self._built.node, lost)
        self._end_of_life(power=isinstance(end, ProcessDied) and end.power)

    def _last_words(self, node: Node, lost: Batch) -> None:
        self.failing = True
        self._send(node.last_cancels(lost, self.clock))
        self.failing = False
        if self._on_failure is not None:
            self._on_failure()

    def freeze(self, until: int) -> None:
        """The process stands still until a time: it reads nothing, and no timer rings."""
        self._frozen_until = max(self._frozen_until, until)

    def _end_of_life(self, *, power: bool) -> None:
        self._life += 1
        self._built = None
        self._inbox.clear()
        self._scheduled = self.syncing = False
        self.silence(_NODE)
        self.silence(_ROOM)
        if power:
            self.storage.crash(self._rng)
        else:
            self.storage.kill()
        for wire in list(self._wires.values()):
            wire.near = False
            self._part(wire, lose=power, near_at=self.now, far_at=self.now)
        self.at(self.now + self._delays.restart, self._boot)

    def give(self, work: Callable[[Node, int], None]) -> None:
        """Queue an input of the node; it is handled with all others that wait."""
        if self._built is not None:
            self._inbox.append(work)
            self._kick()

    def _kick(self) -> None:
        if not self._scheduled and not self.syncing:
            self._scheduled = True
            life = self._life
            self.at(max(self.now, self._frozen_until), lambda: self._pump(life))

    def _pump(self, life: int) -> None:
        """One batch, as in the live driver: handle, write, sync, then send."""
        if life != self._life or self._built is None:
            return
        self._scheduled = False
        journal, batch = self._built.journal, Batch()
        before = journal.last_seq
        try:
            batch = self._handle(self._built.node)
            if journal.last_seq != before:
                journal.write()
        except (ProcessDied, JournalPoisoned) as end:
            self._ended(end, batch)
            return
        if journal.last_seq == before:
            self._send(batch)
            return
        self.syncing = True
        self.at(self.now + self.sync_ns, lambda: self._synced(life, batch))

    def _handle(self, node: Node) -> Batch:
        node.mind_disk(self.now)
        inbox, self._inbox = self._inbox, []
        for work in inbox:
            work(node, self.clock)
        node.tick(self.clock)
        for conn in self._lobby.overdue(self.now):
            self._hang_up(conn)
        if self.built.journal.headroom_released:
            self.alarm(_ROOM, self.now + ROOM_EVERY, self._make_room)
        return node.take()

    def _make_room(self) -> None:
        """Ask for the headroom again, as the live driver does."""
        if self._built is None:
            return
        try:
            made = not self.syncing and self._built.journal.restore_headroom()
        except (ProcessDied, JournalPoisoned) as end:
            self._ended(end, Batch())
            return
        if made:
            self._kick()
        else:
            self.alarm(_ROOM, self.now + ROOM_EVERY, self._make_room)

    def _synced(self, life: int, batch: Batch) -> None:
        if life != self._life or self._built is None:
            return
        try:
            self._built.journal.sync()
            self.syncing = False
            self._send(batch)
            self._built.market_file.flush()
        except (ProcessDied, JournalPoisoned) as end:
            self._ended(end, batch)
            return
        if self._inbox:
            self._kick()

    def _send(self, batch: Batch) -> None:
        for conn, frames in together(batch.writes).items():
            wire = self._wires.get(conn)
            if wire is None or not wire.near:
                continue
            if self._on_write is not None:
                for data in frames:
                    self._on_write(wire.name, conn, data)
            if wire.carries:
                self._there(wire, b"".join(frames))
        for conn in batch.closes:
            self._hang_up(conn)
        times = (self._node_deadline(), self._lobby.deadline())
        at = min((each for each in times if each is not None), default=None)
        self.alarm(_NODE, at, self._kick)

    def _node_deadline(self) -> int | None:
        at = self.node.deadline()
        return None if at is None else at - self._off

    # -- wires -----------------------------------------------------------------------------------

    def wires(self) -> dict[int, str]:
        """Wires that are up: number to session name."""
        return {wire.conn: wire.name for wire in self._wires.values() if wire.carries}

    def cut(self, conn: int, *, lose: bool, near_after: int = 0, far_after: int = 0) -> None:
        """Break a wire, with what is under way if asked. The ends learn it so much later."""
        wire = self._wires[conn]
        self._part(wire, lose=lose, near_at=self.now + near_after, far_at=self.now + far_after)

    def flip(self, conn: int, count: int) -> None:
        """Let so many of a wire's next deliveries have a bit that is not what it was."""
        self._wires[conn].flips = count

    def steady(self) -> None:
        """No wire turns bits any more."""
        for wire in self._wires.values():
            wire.flips = 0

    def stall(self, conn: int, until: int) -> None:
        """Nothing arrives over a wire, either way, until a time; then all of it, in order."""
        wire = self._wires[conn]
        wire.there_at, wire.back_at = max(wire.there_at, until), max(wire.back_at, until)

    def _dial(self, name: str, life: int) -> None:
        """The node calls a peer, and calls again when the wire is gone."""
        if life == self._life:
            wire = self._open(name)
            self.give(lambda node, now: node.connected(name, wire.conn, now))

    def _call(self, name: str, life: int) -> None:
        """A peer calls the node, and calls again when it is refused or its wire is gone."""
        calling = any(wire.name == name and wire.far for wire in self._wires.values())
        if life != self._life or calling:
            return
        if not self.node.ready and self.now < self._booted_at + READY_WAIT:
            self._again(name)
            return
        self._lobby.opened(self._open(name).conn, self.now)

    def _again(self, name: str) -> None:
        life = self._life
        if self._built is not None:
            again = self._call if name in self.node.callers().values() else self._dial
            self.at(self.now + self._delays.reconnect, lambda: again(name, life))

    def _open(self, name: str) -> Wire:
        wire = Wire(next(self._conns), name, self.peers[name])
        self._wires[wire.conn] = wire
        wire.peer.opened(name, wire.conn, self.now)
        self._collect(wire.peer)
        return wire

    def _hang_up(self, conn: int) -> None:
        """The node closes a wire: what it has written still arrives."""
        wire = self._wires.get(conn)
        if wire is not None:
            self._part(wire, lose=False, near_at=self.now, far_at=wire.there_at)

    def _part(self, wire: Wire, *, lose: bool, near_at: int, far_at: int) -> None:
        wire.carries = False
        if lose:
            wire.delivers = False
        else:
            near_at, far_at = max(near_at, wire.back_at), max(far_at, wire.there_at)
        self.at(near_at, lambda: self._near_end(wire))
        self.at(far_at, lambda: self._far_end(wire))

    def _near_end(self, wire: Wire) -> None:
        """The node's end is closed."""
        if wire.near:
            wire.near = False
            self._lobby.closed(wire.conn)
            self.give(lambda node, now: node.closed(wire.conn, now))
            if self._built is not None and wire.name not in self.node.callers().values():
                self._again(wire.name)
        self._forget(wire)

    def _far_end(self, wire: Wire) -> None:
        """The peer's end is closed."""
        if wire.far:
            wire.far = False
            wire.peer.closed(wire.conn, self.now)
            self._collect(wire.peer)
            if self._built is not None and wire.name in self.node.callers().values():
                self._again(wire.name)
        self._forget(wire)

    def _forget(self, wire: Wire) -> None:
        if not wire.near and not wire.far:
            self._wires.pop(wire.conn, None)

    def _there(self, wire: Wire, data: bytes) -> None:
        """Bytes on their way to the peer."""

        def arrive(part: bytes) -> None:
            if wire.delivers and wire.far:
                wire.peer.received(wire.conn, wire.flipped(part, self._rng), self.now)
                self._collect(wire.peer)

        for part in self._parts(data):
            wire.there_at = self._arrival(wire, wire.there_at)
            self.at(wire.there_at, partial(arrive, part))

    def _back(self, wire: Wire, data: bytes) -> None:
        """Bytes on their way to the node."""

        def arrive(part: bytes) -> None:
            if wire.delivers and wire.near:
                data = wire.flipped(part, self._rng)
                self.give(lambda node, now: self._inbound(node, wire.conn, data, now))

        for part in self._parts(data):
            wire.back_at = self._arrival(wire, wire.back_at)
            self.at(wire.back_at, partial(arrive, part))

    def _parts(self, data: bytes) -> list[bytes]:
        if self._rng.random() >= self._delays.split or len(data) < 2:
            return [data]
        at = int(self._rng.integers(1, len(data)))
        return [data[:at], data[at:]]

    def _arrival(self, wire: Wire, earliest: int) -> int:
        delay = int(self._rng.integers(self._delays.wire_min, self._delays.wire_max + 1))
        return max(self.now + delay + self.lag.get(wire.name, 0), earliest)

    def _inbound(self, node: Node, conn: int, data: bytes, now: int) -> None:
        if not self._lobby.holds(conn):
            node.received(conn, data, now)
            return
        known = self._lobby.received(conn, data)
        if isinstance(known, Admitted):
            node.accepted(known.key, conn, known.data, now)
        elif known is not None:
            self._hang_up(conn)

    # -- endpoints -------------------------------------------------------------------------------

    def poke(self, peer: Endpoint) -> None:
        """Collect what a peer wants to say after it was used from outside."""
        self._collect(peer)

    def _collect(self, peer: Endpoint) -> None:
        for conn, parts in together(peer.take_writes()).items():
            wire = self._wires.get(conn)
            if wire is not None and wire.carries and wire.far:
                self._back(wire, b"".join(parts))
        for conn in peer.take_closes():
            wire = self._wires.get(conn)
            if wire is not None:
                self._part(wire, lose=False, near_at=wire.back_at, far_at=self.now)

        def tick() -> None:
            peer.tick(self.now)
            self._collect(peer)

        self.alarm(id(peer), peer.deadline(), tick)
