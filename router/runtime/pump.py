"""The pump: what comes in is handled in batches, recorded, made safe, and only then answered.

Owns the group commit: drain what waits, handle it, write once, sync once, then send; while the disk
works the next batch gathers. Owns the one timer. Knows nothing of orders, nor how a connection came
about. Bytes leave only after their record is safe.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from router.journal.market import MarketFile
from router.journal.segments import Journal, JournalPoisoned
from router.model import NS
from router.runtime.clock import Clock
from router.runtime.disk import SYNC_SLOW_S
from router.runtime.log import Log
from router.runtime.node import Batch, Node
from router.runtime.tls import explain
from router.runtime.wire import Bounds, Wire
from router.signs import Histogram

Work = Callable[[int], None]
PAUSE_NS = 10 * NS
"""So long the loop never stands still: if it has, the process was stopped, or starved."""
ASK_NS = NS // 1_000
"""The node is asked for its deadline once in so long: a timer may be late by as much."""
LESSONS_AT_ONCE = 4
"""Lessons that are taken, when nothing else can be done, before the loop looks what has come."""
TURNS_MAX = 2
"""Turns of each connection in a batch that waits for the disk: what a sync costs is shared."""


class Pump:
    """Moves bytes and time between connections that have a session, a node and its journal."""

    def __init__(
        self, node: Node, journal: Journal, market_file: MarketFile, clock: Clock, log: Log
    ) -> None:
        self.wires: dict[int, Wire] = {}
        self.poisoned = ""
        """Why the disk has failed, if it has."""
        self.broken = False
        """A mistake of ours: nothing more is handled."""
        self.syncing = False
        self.batches = self.syncs = self.ticks = 0
        """Batches that have left, those among them that were synced, and looks at the timers."""
        self.batch_times = Histogram()
        """From the first byte that came in to the last that went out."""
        self.sync_times = Histogram()
        """From the handing over to the disk's thread to its answer."""
        self.on_left: Callable[[float], None] | None = None
        """Called with the seconds that a batch has taken, when it has left."""
        self._since = 0
        """When the first input came that waits, 0 if none does; monotonic like the next two."""
        self._began = self._sync_began = 0
        self._node = node
        self._journal = journal
        self._market_file = market_file
        self._clock = clock
        self._log = log
        self._works: list[Work] = []
        self._ready: list[Wire] = []
        """Connections with something to handle: each gets its turn in a batch."""
        self._at_once = journal.durability == "page-cache"
        """There is no disk to wait for: no thread, and nobody to share a sync with."""
        self._turns = 1 if self._at_once else TURNS_MAX
        self._slow_s = 0.0
        """What the last sync took, seconds of the loop's clock."""
        self._stopped = False
        self._busy = False
        """A batch is on its way, or will be: what comes in waits for the next."""
        self._room_wanted = False
        """The headroom is to be asked for when the batch that is on its way has left."""
        self._studying = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: int | None = None
        self._ask_at = 0
        self._asking: asyncio.TimerHandle | None = None
        self._beat_at = 0.0
        self._disk = ThreadPoolExecutor(1, "journal")
        self._loop: asyncio.AbstractEventLoop
        self._on_poison: Callable[[], None]

    def start(self, on_poison: Callable[[], None]) -> None:
        """Call in the event loop, before anything else."""
        self._loop = asyncio.get_running_loop()
        self._on_poison = on_poison
        self._beat_at = self._loop.time()

    def stop(self) -> None:
        """Close the journal; call when nothing is `at_work`. What comes after it is not handled."""
        self._stopped = True
        for timer in (self._timer, self._asking):
            if timer is not None:
                timer.cancel()
        self._disk.shutdown()
        self._market_file.close()
        if not self.poisoned:
            self._journal.close()

    @property
    def goes_on(self) -> bool:
        """False after a failure: nothing more is handled."""
        return not (self.poisoned or self.broken or self._stopped)

    @property
    def at_work(self) -> bool:
        """True while there is something to handle or to make safe."""
        return self.syncing or (self.goes_on and self._busy)

    @property
    def market_dropped(self) -> int:
        """Records of market data that the disk did not take."""
        return self._market_file.dropped

    @property
    def queued(self) -> int:
        """Inputs and connections that wait for the next batch."""
        return len(self._works) + len(self._ready)

    @property
    def syncing_s(self) -> float:
        """How long the sync under way has taken, seconds; 0 if there is none."""
        return (self._clock.monotonic() - self._sync_began) / NS if self.syncing else 0.0

    def unsent(self) -> dict[str, int]:
        """By session, bytes that wait for the peer."""
        return {wire.name: wire.unsent for wire in self.wires.values()}

    # -- connections -----------------------------------------------------------------------------

    def adopt(self, wire: Wire, name: str, work: Work) -> None:
        """A connection has a session: keep it from now on. `work` tells the node of it."""
        link = self._node.links[name]
        wire.keeper, wire.name = self, name
        wire.bound(Bounds(link.out_buffer_bytes, link.out_buffer_s))
        self.wires[wire.conn] = wire

        def begin(now: int) -> None:
            self._finish(name, now)
            work(now)

        self.give(begin)

    def opened(self, wire: Wire) -> None:
        """Never: it was up before it had a session."""

    def data(self, wire: Wire, data: bytes) -> None:
        """Bytes: of one connection in the order in which they came."""
        if not self._since:
            self._since = self._clock.monotonic()
        if wire.put(data):
            self._ready.append(wire)
        if not self._busy:
            if self._at_once:
                self._pump_at_once()
            else:
                self._kick()

    def lost(self, wire: Wire, why: BaseException | None) -> None:
        """The connection is gone, once its last bytes are handled."""
        wire.fault = wire.fault or explain(why)
        wire.is_lost = True
        if not wire.waits:
            self._ready.append(wire)
        self._kick()

    def beat(self) -> None:
        """The loop turns: say so once a second. After a pause what is known is old, the market
        first of all: connections are taken for lost, so that venues are asked before new risk.

        By the loop's own time, which is the machine's: orders may live in a faster one.
        """
        now = self._loop.time()
        paused_s, self._beat_at = now - self._beat_at, now
        if paused_s < PAUSE_NS / NS:
            return
        seconds = round(paused_s, 1)
        self._log.warning("process_paused", seconds=seconds, connections=len(self.wires))
        for wire in list(self.wires.values()):
            wire.fault = f"this process stood still for {seconds:g} s"
            wire.abandon()

    def congested(self, wire: Wire, slow: bool) -> None:
        """Resends of a peer that reads too slowly wait."""
        self.give(lambda _: self._node.congested(wire.conn, slow))

    def cut_the_slow(self) -> None:
        """Cut who does not read. What was journaled for it is resent when it comes back."""
        for wire in list(self.wires.values()):
            self._cut_if_slow(wire)

    def _cut_if_slow(self, wire: Wire) -> None:
        trouble = wire.trouble(self._loop.time())
        if trouble:
            self._log.warning("slow_reader_cut", session=wire.name, reason=trouble)
            wire.fault = f"cut: {trouble}"
            wire.abort()

    def _finish(self, name: str, now: int) -> None:
        """A session's next connection is there: if the last is lost, what it has left comes first,
        or the newcomer would be taken for a second one.
        """
        conn = self._node.links[name].conn
        wire = self.wires.get(conn) if conn is not None else None
        if wire is not None and wire.is_lost:
            while data := wire.take():
                self._node.received(wire.conn, data, now)
            self._gone(wire, now)

    def _gone(self, wire: Wire, now: int) -> None:
        self._node.closed(wire.conn, now)
        wire.answered = self._node.links[wire.name].answered == wire.conn
        del self.wires[wire.conn]
        wire.over.set()

    # -- a batch ---------------------------------------------------------------------------------

    def give(self, work: Work) -> None:
        """Queue an input; it is handled with the next batch, before what connections have sent."""
        self._works.append(work)
        self._kick()

    def _kick(self) -> None:
        if not self._busy:
            self._busy = True
            self._loop.call_soon(self._pump)

    def _pump_at_once(self) -> None:
        """A batch in the midst of what a connection's transport does. It would take an OSError for
        one of its own, and say nothing: this is a mistake of ours, and ends the process.
        """
        try:
            self._pump()
        except OSError as error:
            self.broken = True
            raise RuntimeError(f"a batch has failed: {error}") from error

    def _pump(self) -> None:
        """One batch: handle what waits, write it, and sync it before anything is sent."""
        if not self.goes_on:
            return
        self._busy = True
        self.beat()
        self._began = self._since or self._clock.monotonic()
        self._since = 0
        before = self._journal.last_seq
        batch = Batch()
        try:
            batch = self._handle()
            if self._journal.last_seq == before:
                self._leave(batch)
                return
            self._journal.write()
        except JournalPoisoned as error:
            self._poison(error, batch)
            return
        if self._at_once:
            self._leave(batch)
            self._market_file.flush()
            return
        self.syncing = True
        self._sync_began = self._clock.monotonic()
        future = self._loop.run_in_executor(self._disk, self._journal.sync)
        future.add_done_callback(lambda done: self._synced(done, batch))
        self._study_soon()

    def _study_soon(self) -> None:
        if not self._studying and self._node.engine.catch_up(0):
            self._studying = True
            self._loop.call_soon(self._study)

    def _study(self) -> None:
        """While the disk works, or nothing waits: lessons that the next decision would wait for."""
        self._studying = False
        if self.goes_on and (self.syncing or not self._busy):
            self._node.engine.catch_up(LESSONS_AT_ONCE)
            self._study_soon()

    def _handle(self) -> Batch:
        """What waits, through the node: connections take turns, so that none waits for long."""
        now = self._clock.now
        self._node.mind_disk(now(), self._slow_s)
        if self._works:
            works, self._works = self._works, []
            for work in works:
                work(now())
        for _ in range(self._turns):
            if not self._ready:
                break
            self._turn()
        self._tick(now())
        return self._node.take()

    def _turn(self) -> None:
        received, now = self._node.received, self._clock.now
        ready, self._ready = self._ready, []
        for wire in ready:
            data = wire.take()
            if data:
                received(wire.conn, data, now())
            if wire.waits:
                self._ready.append(wire)
            elif wire.is_lost and wire.conn in self.wires:
                self._gone(wire, now())

    def _synced(self, done: asyncio.Future[None], batch: Batch) -> None:
        took = self.syncing_s
        self.syncing = False
        self._took(took)
        error = done.exception()
        if isinstance(error, JournalPoisoned):
            self._poison(error, batch)
            return
        if error is not None:
            raise error
        self.syncs += 1
        self.sync_times.add(took)
        self._leave(batch)
        self._market_file.flush()

    def _took(self, seconds: float) -> None:
        """A slow sync holds off what adds risk, from the next batch on; a quick one lets it in."""
        if seconds > SYNC_SLOW_S:
            self._log.warning("sync_slow", seconds=round(seconds, 3))
        if (self._slow_s > SYNC_SLOW_S) != (seconds > SYNC_SLOW_S):
            self.give(lambda _: None)  # the next batch may be far off: tell of it now
        self._slow_s = seconds

    def make_room(self) -> None:
        """Reserve the headroom again if a full disk has taken it: as often as one likes. It is
        asked for behind the batch that is on its way, and what comes in meanwhile waits, as for a
        sync.
        """
        self._room_wanted = self._journal.headroom_released and self.goes_on
        if self._room_wanted and not self._busy:
            self._ask_for_room()

    def _ask_for_room(self) -> None:
        self._room_wanted = False
        self._busy = self.syncing = True
        self._sync_began = self._clock.monotonic()
        future = self._loop.run_in_executor(self._disk, self._journal.restore_headroom)
        future.add_done_callback(self._made_room)

    def _made_room(self, done: asyncio.Future[bool]) -> None:
        self._busy = self.syncing = False
        error = done.exception()
        if isinstance(error, JournalPoisoned):
            self._poison(error, Batch())
        elif error is not None:
            raise error
        else:
            self._arm()  # it may have fired meanwhile, and nothing was done then
            if done.result() or self._ready or self._works:
                self._kick()

    def _leave(self, batch: Batch) -> None:
        """What is safe goes out, and what has gathered meanwhile comes next."""
        self._send(batch)
        self.batches += 1
        took = (self._clock.monotonic() - self._began) / NS
        self.batch_times.add(took)
        if self.on_left is not None:
            self.on_left(took)
        self._arm()
        self._busy = False
        if self._room_wanted and self.goes_on:
            self._ask_for_room()
        elif self._ready or self._works:
            self._kick()
        else:
            self._study_soon()

    def _send(self, batch: Batch) -> None:
        writes = batch.writes
        if len(writes) == 1:
            self._write(*writes[0])
        elif writes:
            together: dict[int, list[bytes]] = {}
            for conn, data in writes:
                together.setdefault(conn, []).append(data)
            for conn, parts in together.items():
                self._write(conn, b"".join(parts))
        for conn in batch.closes:
            wire = self.wires.get(conn)
            if wire is not None:
                wire.close()

    def _write(self, conn: int, data: bytes) -> None:
        """Nothing if the connection is lost: what was journaled is resent later."""
        wire = self.wires.get(conn)
        if wire is not None:
            wire.write(data)
            if wire.slow:
                self._cut_if_slow(wire)

    # -- time ------------------------------------------------------------------------------------

    def _tick(self, now: int) -> None:
        """Nothing is due before the timer says so: it is set for the first of all deadlines."""
        if self._timer_at is None or now >= self._timer_at:
            self._node.tick(now)
            self.ticks += 1

    def _arm(self) -> None:
        """See that the timer is set for the next deadline, at once or a little later.

        To ask every session for its deadline costs as much as a message: not after each batch.
        """
        now = self._clock.now()
        if now >= self._ask_at:
            self._set_timer(now)
        elif self._asking is None:
            delay = self._clock.delay(self._ask_at, now)
            self._asking = self._loop.call_later(delay, self._ask)

    def _ask(self) -> None:
        self._asking = None
        self._set_timer(self._clock.now())

    def _set_timer(self, now: int) -> None:
        """One timer for the next deadline. It may fire early: then the pump looks again."""
        self._ask_at = now + ASK_NS
        at = self._node.deadline()
        if at is not None and self._timer_at is not None and self._timer_at <= at:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_at = at
        if at is not None:
            self._timer = self._loop.call_later(self._clock.delay(at, now), self._fired)

    def _fired(self) -> None:
        self._timer = self._timer_at = None
        self._ask_at = 0
        self._kick()

    def _poison(self, error: JournalPoisoned, lost: Batch) -> None:
        """The disk has failed: cancels leave from memory, nothing else, and the process goes."""
        self.poisoned = str(error)
        self._log.warning("journal_poisoned", error=self.poisoned)
        self._send(self._node.last_cancels(lost, self._clock.now()))
        self._on_poison()
