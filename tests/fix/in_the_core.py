"""Sluice as it is, for the acceptance scripts: the whole node with core, limits and policy.

A desk of `tests.oms` whose OMS is the script. No socket and no clock: as in `in_memory`, but every
order goes through the router, and every number through the journal.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.fix.definitions import Run
from tests.fix.in_memory import alerts
from tests.oms.desk import Desk

OMS = "OMS"


@dataclass(slots=True)
class Tap:
    """The script's end of a connection to the node."""

    desk: Floor
    conn: int
    out: bytearray = field(default_factory=bytearray)
    closed: bool = False
    known: bool = False
    """The node has been told of it."""

    def hear(self, data: bytes) -> None:
        if self.closed:
            return
        if self.known:
            self.desk.node.received(self.conn, data, self.desk.now)
        else:
            self.known = True
            self.desk.node.accepted(OMS, self.conn, data, self.desk.now)
        self.desk.run()

    def said(self) -> bytes:
        data = bytes(self.out)
        self.out.clear()
        return data

    def ended(self) -> bool:
        return self.closed

    def hang_up(self) -> None:
        self.desk.taps.pop(self.conn, None)
        self.closed = True
        self.desk.node.closed(self.conn, self.desk.now)
        self.desk.run()


class Floor(Desk):
    """A desk where scripts may sit, too."""

    def __init__(self, *overrides: str) -> None:
        self.taps: dict[int, Tap] = {}
        super().__init__(*overrides)

    def _carry(self) -> bool:
        moved = False
        for peer in self.peers:
            peer.settle()
            data = peer.frames()
            if data and peer.up:
                moved = True
                self.node.received(peer.conn, data, self.now)
        self.node.tick(self.now)
        batch = self.node.take()
        self._built.journal.write()
        self._built.journal.sync()
        for conn, data in batch.writes:
            moved = True
            if conn in self.taps:
                self.taps[conn].out += data
            elif conn in self._by_conn:
                self._by_conn[conn].session.receive(data, self.now)
        for conn in batch.closes:
            if conn in self.taps:
                self.taps.pop(conn).closed = True
            elif conn in self._by_conn:
                self._lose(self._by_conn[conn])
        return moved


class Core:
    """The node of a desk, as a `Side`; for scripts that set nothing and play the OMS."""

    tells = frozenset(("alert",))

    def __init__(self, run: Run) -> None:
        assert run.role == "acceptor", "the core's venues have profiles of their own"
        assert not run.settings, "the desk's configuration is used as it is"
        version = run.version
        keys = [f"begin_string={version.begin_string}"]
        if version.fixt:
            keys.append(f"default_appl_ver_id={version.appl_ver_id}")
        self._desk = Floor(*(f"fix.acceptor.sessions.{OMS}.{key}" for key in keys))
        for peer in (self._desk.a, self._desk.data_a):
            peer.connect()
        self._desk.data_a.book()
        self._conns = 1_000
        self._faults = 0

    @property
    def now(self) -> int:
        return self._desk.now

    def open(self) -> Tap:
        self._conns += 1
        tap = self._desk.taps[self._conns] = Tap(self._desk, self._conns)
        return tap

    def wait(self, seconds: float) -> None:
        self._desk.wait(seconds)

    def restart(self) -> None:
        self._desk.taps.clear()
        self._desk.kill()
        self._desk.boot()

    def act(self, action: str, text: str) -> None:
        raise AssertionError(f"A {action}: the core does what it will")

    def delivered(self) -> list[str]:
        faults = self._desk.node.faults
        new, self._faults = faults[self._faults :], len(faults)
        return alerts(new)


def suits(run: Run) -> bool:
    """True for a script of an OMS that sets nothing, and does nothing but talk."""
    verbs = {step.verb for step in run.steps()}
    talks = bool(verbs & {"I", "R", "logon"}) and verbs.isdisjoint({"A", "other"})
    return run.role == "acceptor" and not run.settings and talks
