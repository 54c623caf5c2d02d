"""The live driver: a node with its connections, its disk and its operator, from start to end.

Owns the daemon's life: call the venues, recover, listen, log out, leave. What is done with bytes is
the pump's business; how connections come about, the dialers' and the doorway's.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

from router.fix.credentials import LogonRefusal
from router.journal.market import MarketFile
from router.journal.segments import Journal
from router.runtime.announcer import Announcer
from router.runtime.beside import Beside
from router.runtime.clock import Clock
from router.runtime.console import Console
from router.runtime.control import Answer, Request
from router.runtime.dialer import Dialer
from router.runtime.dialing import Address, Dial
from router.runtime.doorway import PATIENCE_S, Doorway
from router.runtime.heads import HeadKeeper
from router.runtime.links import Door
from router.runtime.log import Log
from router.runtime.node import Node
from router.runtime.publishing import Publishing
from router.runtime.pulse import Pulse
from router.runtime.pump import Pump
from router.runtime.reloader import Reloader
from router.runtime.reloading import ReadPolicies
from router.runtime.tls import TlsError, TlsSettings, client_context, explain, server_context
from router.runtime.wire import Wire

__all__ = ["Address", "CannotListen", "Dial", "Live", "TlsError", "TlsSettings", "drive"]

DRAIN_S = 3.0
"""How long sessions have to log out when the daemon stops, real seconds."""
LOOK_S = 1.0
"""How often it is looked whether peers read, and whether a head is due."""


class CannotListen(Exception):  # noqa: N818 - says what is
    """The acceptor's port cannot be had; it says why, in the system's words."""


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
        announcer: Announcer | None = None,
        tls: TlsSettings | None = None,
        ready_timeout_s: float = 10.0,
        patience_s: float = PATIENCE_S,
        heads: HeadKeeper | None = None,
        beside: Beside | None = None,
        read_policies: ReadPolicies | None = None,
    ) -> None:
        """`tls` is the acceptor's; each of `dials` has its own. `patience_s` is from a call to its
        Logon. Without an `announcer` nobody is told how the daemon is.

        Raises:
            TlsError: what is wrong with the settings of TLS, and what is allowed.
        """
        self.pump = Pump(node, journal, market_file, clock, log)
        self._announcer = announcer or Announcer.silent(clock)
        self._pulse = Pulse(self._announcer, node, journal, self.pump, clock, log)
        self._node = node
        self._log = log
        self._listen = listen
        self._ready_timeout_s = ready_timeout_s
        conns = itertools.count(1)
        self._doorway = Doorway(
            node.doors(),
            admit=self._accepted,
            conns=conns,
            clock=clock,
            log=log,
            tls=tls,
            context=server_context(tls, clock.wall()) if tls is not None else None,
            patience_s=patience_s,
        )
        self._dialers = {
            each.name: Dialer(
                each,
                admit=self._connected,
                conns=conns,
                clock=clock,
                log=log,
                may_dial=node.may_dial,
                context=client_context(each.tls, clock.wall()) if each.tls is not None else None,
            )
            for each in dials
        }
        self._heads = Publishing(heads, log) if heads is not None else None
        self._beside = beside
        self.reloader = Reloader(read_policies, self._operator, log)
        self._console = Console(state_folder, self._operator, self.reloader.ask)
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self._look: asyncio.TimerHandle

    # -- life ------------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event, on_listen: Callable[[int], None]) -> None:
        """Connect, recover, listen, and go on until `stop`; then log out and leave.

        Raises:
            CannotListen: the acceptor's port cannot be had. No venue has been called then, unless
                somebody has come to listen there since.
        """
        self._loop = asyncio.get_running_loop()
        self._stop = stop
        self.pump.start(stop.set)
        port = await self._bound()
        self.pump.give(lambda _: None)  # a batch, which sets the timer: nobody may ever connect
        await asyncio.sleep(0)
        self._pulse.start()
        self._look_around()
        dialers = [self._loop.create_task(each.run()) for each in self._dialers.values()]
        for task in dialers:
            task.add_done_callback(self._dialer_ended)
        await self._console.open()
        try:
            await self._until_ready()
            self._listen_now()
            self._log.info("listening", host=self._listen.host, port=port)
            self._pulse.listening()
            on_listen(port)
            await stop.wait()
        finally:
            self._pulse.stopping()
            if self._beside is not None:
                self._beside.stopping()
            self._doorway.close()
            self._console.close()
            await self.reloader.stop()
            for task in dialers:
                task.cancel()
            await asyncio.gather(*dialers, return_exceptions=True)
            await self._drain()

    async def _bound(self) -> int:
        """The acceptor's port, before anything is done: a daemon that nobody can reach is none."""
        try:
            return await self._doorway.bind(self._listen.host, self._listen.port)
        except (OSError, UnicodeError) as error:
            self._doorway.close()
            self.pump.stop()
            raise CannotListen(explain(error)) from error

    def _listen_now(self) -> None:
        try:
            self._doorway.listen()
        except OSError as error:
            raise CannotListen(explain(error)) from error

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
        pump = self.pump
        if pump.goes_on:
            pump.give(lambda now: self._node.logout("Sluice is stopping", now))
            end = self._loop.time() + DRAIN_S
            while pump.wires and self._loop.time() < end and pump.goes_on:
                await asyncio.sleep(0.02)
        if pump.poisoned:
            await self._last_cancels_arrive()
        for wire in pump.wires.values():
            wire.abort()
        self._look.cancel()
        if self._beside is not None:
            await self._beside.stop()
        while pump.at_work or (pump.wires and pump.goes_on):
            await asyncio.sleep(0.005)
        self._pulse.stop()
        pump.stop()
        if self._heads is not None:
            self._heads.end()

    async def _last_cancels_arrive(self) -> None:
        """They are in no journal, and nobody resends them: peers have time to take them, looked at
        twice.
        """
        quiet, end = 0, self._loop.time() + DRAIN_S
        while quiet < 2 and self._loop.time() < end:
            await asyncio.sleep(0.02)
            quiet += 1
            if any(wire.under_way for wire in self.pump.wires.values()):
                quiet = 0

    def _look_around(self) -> None:
        self.pump.beat()
        self.pump.cut_the_slow()
        self.pump.make_room()
        if self._heads is not None:
            self._heads.look(self._loop.time())
        if self._beside is not None:
            self._beside.look()
        self._look = self._loop.call_later(LOOK_S, self._look_around)

    def _dialer_ended(self, task: asyncio.Task[None]) -> None:
        """A dialer ends when it is cancelled, or by a mistake of ours."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._loop.call_exception_handler({"message": "a dialer failed", "exception": error})

    # -- connections that have a session ---------------------------------------------------------

    def _connected(self, wire: Wire) -> None:
        """A dialer's call was taken."""
        name, conn = wire.name, wire.conn
        self.pump.adopt(wire, name, partial(self._node.connected, name, conn))

    def _accepted(self, wire: Wire, door: Door, data: bytes, refusal: LogonRefusal | None) -> None:
        """The doorway knows whose connection it is, and is told what the session says to it."""
        link, conn = self._node.links[door.name], wire.conn

        def accepted(now: int) -> None:
            if refusal is None and self._doorway.turns_away(wire, door):
                return
            self._node.accepted(link.name, conn, data, now, refusal=refusal)
            if refusal is None:
                self._doorway.judged(wire, door, link.unanswered(conn))

        self.pump.adopt(wire, link.name, accepted)

    def connections(self) -> dict[str, Answer]:
        """What is known of each session's connection, by its name; as JSON takes it."""
        found = {wire.name: _told(wire) for wire in self.pump.wires.values()}
        for name, refusal in self._doorway.last_refusals.items():
            found.setdefault(name, {})["last_refusal"] = {
                "reason": refusal.reason,
                "peer": refusal.where,
                "at": refusal.at,
            }
        for name, dialer in self._dialers.items():
            if dialer.last_failure:
                found.setdefault(name, {})["last_failure"] = dialer.last_failure
        return found

    # -- the operator ----------------------------------------------------------------------------

    async def _operator(self, ask: Request) -> Answer:
        """Run an operator's request in the pump, and answer when its record is safe."""
        answered: asyncio.Future[tuple[Answer, int]] = self._loop.create_future()
        pump = self.pump

        def work(now: int) -> None:
            if not answered.cancelled():
                answered.set_result((ask(self._node, now), pump.batches + 1))

        pump.give(work)
        answer, batch = await answered
        if "epoch" in answer:
            answer |= {
                "pid": self._announcer.who.pid,
                "config_hash": self._announcer.who.config_hash,
            }
        while pump.goes_on and pump.batches < batch:
            await asyncio.sleep(0.001)
        if pump.poisoned:
            return {"error": f"the journal failed, and the daemon stops: {pump.poisoned}"}
        if pump.batches < batch:
            return {"error": "the daemon stops by a mistake of its own; nothing was recorded"}
        sessions = answer.get("sessions", {})
        for name, told in self.connections().items():
            if name in sessions:
                sessions[name]["connection"] = told
        return answer


def _told(wire: Wire) -> Answer:
    return {
        "peer": wire.where,
        "since": wire.since,
        "tls": wire.tls.cipher,
        "fingerprint": wire.tls.fingerprint,
        "bytes_in": wire.bytes_in,
        "bytes_out": wire.bytes_out,
        "unsent": wire.unsent,
        "slow": wire.slow,
    }


def drive(live: Live, on_listen: Callable[[int], None]) -> str:
    """Run on uvloop until SIGTERM or SIGINT; SIGHUP reloads the policy.

    Returns why the journal is poisoned, or nothing.

    Raises:
        CannotListen: the acceptor's port cannot be had.
    """

    broken: list[BaseException] = []

    async def body() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        loop.add_signal_handler(signal.SIGHUP, live.reloader.signalled)

        def crash(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            broken.append(context.get("exception") or RuntimeError(context["message"]))
            live.pump.broken = True
            stop.set()

        loop.set_exception_handler(crash)
        await live.run(stop, on_listen)

    gc.collect()
    gc.freeze()  # what the start has made stays: to look through it again takes 60 ms, amid orders
    uvloop.run(body())
    if broken:
        _crash(broken[0])
    return live.pump.poisoned


def _crash(error: BaseException) -> None:
    """Our own mistake: let the restart recover. What the system has refused is told as one too, not
    as an error that whoever has started the daemon could have expected.
    """
    if isinstance(error, OSError):
        raise RuntimeError(f"the daemon has failed: {error}") from error
    raise error
