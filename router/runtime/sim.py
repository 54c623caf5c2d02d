"""The simulated driver: a heap, one integer clock, and the same node that `live` drives.

Owns virtual time, wires with delay, a disk whose sync takes time, and crashes. Knows nothing of
orders or of who stands at the other end of a wire: a venue's gateway and an OMS are `Endpoint`s.
The same seed makes the same history.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from router.fix.reception import Admitted
from router.journal.memory import MemoryStorage
from router.runtime.lobby import Lobby
from router.runtime.node import Batch, Built, Node


class Endpoint(Protocol):
    """A machine without I/O at the other end of wires."""

    def opened(self, name: str, conn: int, now: int) -> None:
        """A wire is up; `name` is whose session it is meant for."""

    def received(self, conn: int, data: bytes, now: int) -> None:
        """Bytes of a wire."""

    def closed(self, conn: int, now: int) -> None:
        """A wire is gone."""

    def deadline(self) -> int | None:
        """When `tick` is wanted."""

    def tick(self, now: int) -> None:
        """Let timers fire that are due."""

    def take_writes(self) -> list[tuple[int, bytes]]:
        """What is to be sent, by wire, in order."""

    def take_closes(self) -> list[int]:
        """Wires that are to be closed after that."""


@dataclass(frozen=True, slots=True)
class Delays:
    """How long things take, nanoseconds. A wire's delay is drawn evenly from its two bounds."""

    wire_min: int = 100_000
    wire_max: int = 500_000
    sync: int = 200_000
    reconnect: int = 1_000_000_000
    restart: int = 2_000_000_000


@dataclass(slots=True)
class _Wire:
    """A connection between the node and an endpoint."""

    conn: int
    name: str
    endpoint: Endpoint
    dialled_by_us: bool
    free_at: int = 0
    """Bytes do not overtake each other: when the last ones arrive, either way."""
    back_at: int = 0


class Sim:
    """One shard, its venues and its OMSs in virtual time."""

    def __init__(
        self,
        open_node: Callable[[MemoryStorage], Built],
        *,
        venues: Mapping[str, tuple[str, Endpoint]],
        clients: Mapping[str, Endpoint],
        start: int,
        seed: int,
        delays: Delays | None = None,
        after_step: Callable[[], None] | None = None,
    ) -> None:
        """`venues`: session name to (MIC, endpoint), `clients`: OMS name to endpoint.

        `after_step` is called after everything that happens: invariants are checked there.
        """
        self.now = start
        self.storage = MemoryStorage()
        self.crashes = 0
        self._open_node = open_node
        self._venues = venues
        self._clients = clients
        self._delays = delays or Delays()
        self._after_step = after_step
        self._rng = np.random.Generator(np.random.Philox(key=seed, counter=1))
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._conns = itertools.count(1)
        self._wires: dict[int, _Wire] = {}
        self._ticks: dict[int, int] = {}
        self._life = 0
        self._syncing = False
        self._inbox: list[Callable[[Node, int], None]] = []
        self.built: Built | None = None
        self._lobby: Lobby | None = None
        self._boot()
        for endpoint in self._endpoints():
            self._watch(endpoint)

    # -- time ------------------------------------------------------------------------------------

    @property
    def node(self) -> Node:
        """The node of this life."""
        assert self.built is not None, "the node is down"
        return self.built.node

    def at(self, when: int, action: Callable[[], None]) -> None:
        """Do something at a time."""
        heapq.heappush(self._heap, (max(when, self.now), next(self._count), action))

    def run(self, until: int, *, stop: Callable[[], bool] | None = None) -> None:
        """Let everything happen up to a time, or until `stop` says so."""
        while self._heap and self._heap[0][0] <= until:
            at, _, action = heapq.heappop(self._heap)
            self.now = at
            action()
            if self._after_step is not None:
                self._after_step()
            if stop is not None and stop():
                return
        self.now = max(self.now, until)

    # -- the node's life -------------------------------------------------------------------------

    def _boot(self) -> None:
        self._life += 1
        self.built = self._open_node(self.storage)
        self._lobby = Lobby(self.built.node.callers())
        self._give(lambda node, now: node.start("sim", now))
        for name in self._venues:
            self._dial(name, self._life)
        for name in self._clients:
            self._call(name, self._life)

    def crash(self, *, power: bool = False) -> None:
        """Kill the node, with the power if asked: what was not synced may be lost then."""
        if self.built is None:
            return
        self.crashes += 1
        self._life += 1
        self.built = None
        self._lobby = None
        self._inbox.clear()
        self._syncing = False
        if power:
            self.storage.crash(self._rng)
        else:
            self.storage.kill()
        for conn in list(self._wires):
            self.cut(conn)
        self.at(self.now + self._delays.restart, self._boot)

    def _give(self, work: Callable[[Node, int], None]) -> None:
        self._inbox.append(work)
        life = self._life
        self.at(self.now, lambda: self._pump(life))

    def _pump(self, life: int) -> None:
        """One batch, as in the live driver: handle, write, sync, then send."""
        if life != self._life or self.built is None or self._syncing:
            return
        node, journal = self.built.node, self.built.journal
        before = journal.last_seq
        inbox, self._inbox = self._inbox, []
        for work in inbox:
            work(node, self.now)
        node.tick(self.now)
        batch = node.take()
        if journal.last_seq == before:
            self._send(batch)
            self._arm(life)
            return
        journal.write()
        self._syncing = True
        self.at(self.now + self._delays.sync, lambda: self._synced(life, batch))

    def _synced(self, life: int, batch: Batch) -> None:
        if life != self._life or self.built is None:
            return
        self.built.journal.sync()
        self._syncing = False
        self._send(batch)
        self._arm(life)
        if self._inbox:
            self._pump(life)

    def _arm(self, life: int) -> None:
        at = self.node.deadline()
        if at is not None:
            self.at(at, lambda: self._pump(life))

    def _send(self, batch: Batch) -> None:
        for conn, data in batch.writes:
            wire = self._wires.get(conn)
            if wire is not None:
                wire.free_at = self._arrival(wire.free_at)
                self._deliver(wire, data)
        for conn in batch.closes:
            self._cut_later(conn)

    def _deliver(self, wire: _Wire, data: bytes) -> None:
        def arrive() -> None:
            if wire.conn in self._wires:
                wire.endpoint.received(wire.conn, data, self.now)
                self._collect(wire.endpoint)

        self.at(wire.free_at, arrive)

    def _arrival(self, earliest: int) -> int:
        delay = int(self._rng.integers(self._delays.wire_min, self._delays.wire_max + 1))
        return max(self.now + delay, earliest)

    # -- wires -----------------------------------------------------------------------------------

    def _dial(self, name: str, life: int) -> None:
        """Open a wire to a venue; it opens again when it is cut."""
        if life != self._life:
            return
        mic, endpoint = self._venues[name]
        wire = self._open_wire(name, endpoint, dialled_by_us=True)
        endpoint.opened(mic, wire.conn, self.now)
        self._give(lambda node, now: node.connected(name, wire.conn, now))
        self._collect(endpoint)

    def _call(self, name: str, life: int) -> None:
        """An OMS opens a wire to us."""
        if life != self._life:
            return
        endpoint = self._clients[name]
        assert self._lobby is not None
        wire = self._open_wire(name, endpoint, dialled_by_us=False)
        self._lobby.opened(wire.conn, self.now)
        endpoint.opened(name, wire.conn, self.now)
        self._collect(endpoint)

    def _open_wire(self, name: str, endpoint: Endpoint, *, dialled_by_us: bool) -> _Wire:
        wire = _Wire(next(self._conns), name, endpoint, dialled_by_us)
        self._wires[wire.conn] = wire
        return wire

    def wires(self) -> Sequence[tuple[int, str]]:
        """Open wires: number and session name."""
        return [(wire.conn, wire.name) for wire in self._wires.values()]

    def cut(self, conn: int) -> None:
        """Cut a wire: both ends learn it, and whoever opened it tries again later."""
        wire = self._wires.pop(conn, None)
        if wire is None:
            return
        wire.endpoint.closed(conn, self.now)
        self._collect(wire.endpoint)
        life = self._life
        if self.built is not None:
            assert self._lobby is not None
            self._lobby.closed(conn)
            self._give(lambda node, now: node.closed(conn, now))
            again = self._dial if wire.dialled_by_us else self._call
            self.at(self.now + self._delays.reconnect, lambda: again(wire.name, life))

    # -- endpoints -------------------------------------------------------------------------------

    def _endpoints(self) -> list[Endpoint]:
        every = [endpoint for _, endpoint in self._venues.values()]
        every.extend(self._clients.values())
        return list({id(each): each for each in every}.values())

    def poke(self, endpoint: Endpoint) -> None:
        """Collect what an endpoint wants to say after it was used from outside."""
        self._collect(endpoint)

    def _watch(self, endpoint: Endpoint) -> None:
        at = endpoint.deadline()
        key = id(endpoint)
        if at is None or self._ticks.get(key, 1 << 63) <= at:
            return
        self._ticks[key] = at

        def tick() -> None:
            if self._ticks.get(key) == at:
                del self._ticks[key]
                endpoint.tick(self.now)
                self._collect(endpoint)

        self.at(at, tick)

    def _collect(self, endpoint: Endpoint) -> None:
        for conn, data in endpoint.take_writes():
            wire = self._wires.get(conn)
            if wire is not None:
                wire.back_at = self._arrival(wire.back_at)
                self._arrive_later(wire, data)
        for conn in endpoint.take_closes():
            self._cut_later(conn)
        self._watch(endpoint)

    def _arrive_later(self, wire: _Wire, data: bytes) -> None:
        self.at(wire.back_at, lambda: self._inbound(wire.conn, data))

    def _cut_later(self, conn: int) -> None:
        self.at(self.now + self._delays.wire_max, lambda: self.cut(conn))

    def _inbound(self, conn: int, data: bytes) -> None:
        if conn not in self._wires or self.built is None or self._lobby is None:
            return
        wire = self._wires[conn]
        if wire.dialled_by_us or not self._lobby.holds(conn):
            self._give(lambda node, now: node.received(conn, data, now))
            return
        known = self._lobby.received(conn, data)
        if isinstance(known, Admitted):
            name, buffered = known.key, known.data
            self._give(lambda node, now: node.accepted(name, conn, buffered, now))
        elif known is not None:
            self.cut(conn)
