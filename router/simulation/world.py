"""A world in one process under one clock: the node, the simulated market, two OMSs, and the oracle.

The node is the one that `router.build` makes from config/sluice.yaml, FIX bytes included; the
market is config/markets/baseline.yaml behind its own FIX acceptors. Nothing of it is a mock.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

import config
from router import build
from router.fix.codec import time_text
from router.fix.versions import FIX42, FIX44
from router.journal.memory import MemoryStorage
from router.runtime import control
from router.runtime.node import Built, Node
from router.runtime.reloading import ReloadAsked, take
from router.runtime.sim import Delays, Sim
from router.simulation.again import Refold, decide_again, digest, pinned
from router.simulation.books import BROKEN, SHIPPED, book_of, under
from router.simulation.disk import WatchedStorage
from router.simulation.ends import OmsEnd, VenuesEnd
from router.simulation.houses import (
    BEGINS_AGAIN,
    LIQUIDITY_TAG,
    OMS_NAMES,
    forgets,
    parts,
    spoken,
    spoken_overrides,
    start_of,
    variant_of,
)
from router.simulation.kills import Kill
from router.simulation.oracle import Oracle
from router.simulation.reading import MS, hold
from router.simulation.telephone import settle_unknown
from venues.audit import MemoryAudit
from venues.gateway_profile import GatewayProfile
from venues.market import Market
from venues.market_file import MarketSpec, read_market
from venues.market_gateways import MarketGateways
from venues.order_entry import OrderEntryProfile

FAULTS_MAX = 100
"""What peers did that an operator should know: so many are kept."""
BUFFERED_MAX = 2_000
"""Messages: more than all that is said in a run."""
BOUNDS_EVERY = 50
"""Events between two looks at the bounds."""


@cache
def market_spec() -> MarketSpec:
    """The baseline market."""
    return read_market(Path(config.__file__).parent / "markets" / "baseline.yaml")


class World:
    """Everything that a run needs; `script` says what happens in it."""

    def __init__(self, seed: int, disk: type[WatchedStorage] = WatchedStorage) -> None:
        self.seed = seed
        self.start = start_of(seed)
        self.rng = np.random.Generator(np.random.Philox(key=seed, counter=2 << 32))
        """For whatever is drawn about this world, its script included."""
        self.audit = MemoryAudit()
        self.oracle = Oracle(self.audit, lambda: self.sim.now)
        self.market = Market(market_spec(), seed=seed, start=self.start)
        self.spoken = spoken(seed)
        self.gateways = MarketGateways(
            self.market, audit=self.audit, profiles=self._profiles(), start=self.start
        )
        self.oms = self._omss(seed)
        self.lives = 0
        self._events = 0
        self.forgetful: set[str] = set()
        """Venues that gap-fill what they have said: of somebody else's order nobody will ask."""
        self.strays: list[tuple[str, str]] = []
        """Executions of orders that nobody here has sent: MIC, ExecID."""
        self._left: Counter[str] = Counter()
        """Frames that have left the node, by MsgType."""
        self._released: set[str] = set()
        """Kills that were lifted, some before their operator was told that they hold."""
        self._waiting: list[Callable[[], bool]] = []
        variant = variant_of(seed, self.rng)
        self.forgets = forgets(seed, variant)
        """A venue of which, while it is away, nobody will ever be told what traded; or none."""
        if self.forgets:
            variant = (*variant, f"venues.{self.forgets}.reset_on_logon=true")
            self.oracle.outbound.resets.add(self.forgets)
            self.forgetful.add(self.forgets)
        self._parts = parts(*variant, *spoken_overrides(self.spoken), *self._profiled())
        venues = self._parts.settings.venues
        self.oracle.never_again = {each.mic for each in venues if each.max_resend_age_s == 0}
        self._refold = Refold(self._parts)
        self._documents = SHIPPED
        """The policy documents in the files: the next life begins with them."""
        self.reloaded: Counter[str] = Counter()
        """What came of reloads."""
        self.settled = 0
        """Children of which an operator has said what became of them."""
        self._hash = hashlib.sha256()
        self._cuts = 0
        self._expected: str = ""
        """Digest of the state at a crash that the disk survived."""
        self.venues = VenuesEnd(self.gateways)
        names = [each.mic for each in venues]
        data = [f"{each.mic}.MD" for each in venues if each.market_data]
        self.disk = disk(self.oracle.durable, self.oracle.outbound.forgotten)
        self.sim = Sim(
            self._open,
            peers={**dict.fromkeys([*names, *data], self.venues), **self.oms},
            storage=self.disk,
            start=self.start,
            seed=seed,
            delays=self._delays(),
            on_write=self._wrote,
            after_event=self._look,
            on_failure=lambda: self.oracle.failed(self.sim.wires()),
        )

    def _omss(self, seed: int) -> dict[str, OmsEnd]:
        if seed % BEGINS_AGAIN == BEGINS_AGAIN - 1:
            self.oracle.outbound.resets.add(OMS_NAMES[1])
        return {
            name: OmsEnd(
                name,
                self.spoken.get(name, FIX44),
                self.oracle.told,
                begins_again=name in self.oracle.outbound.resets,
            )
            for name in OMS_NAMES
        }

    def _profiles(self) -> dict[str, GatewayProfile]:
        """Each venue in its version, judging by its dictionary what it is asked."""
        manners = self._manners()
        return {
            mic: replace(
                manners,
                version=self.spoken.get(mic, FIX44),
                liquidity_tag=LIQUIDITY_TAG,
                validate=True,
            )
            for mic in self.market.mics
        }

    def _profiled(self) -> Sequence[str]:
        """What the node's configuration says of the venues besides."""
        return ()

    def _manners(self) -> GatewayProfile:
        """How the venues treat their clients."""
        pending_new, quiet, drops = (bool(self.rng.random() < share) for share in (0.3, 0.3, 0.2))
        return GatewayProfile(
            order_entry=OrderEntryProfile(
                pending_new=pending_new,
                pending_reports=not quiet,
                cod="all" if drops else "none",
            )
        )

    def _delays(self) -> Delays:
        """Wires of half a millisecond or ten; calls again after milliseconds or seconds."""
        return Delays(
            wire_max=(500_000, 10_000_000)[int(self.rng.integers(2))],
            reconnect=int(10 ** self.rng.uniform(7.5, 9.3)),
            restart=int(10 ** self.rng.uniform(8.0, 9.5)),
        )

    def left(self, msg_type: str) -> int:
        """How many messages of a type have left the node."""
        return self._left[msg_type]

    def wait(self, done: Callable[[], bool]) -> None:
        """Call `done` after everything that happens, until it says True."""
        self._waiting.append(done)

    def numbers(self) -> list[tuple[str, tuple[int, int], tuple[int, int]]]:
        """Of each durable session: next in and out of the node, next out and in of its peer."""
        found = []
        for name, link in self.sim.node.links.items():
            if name in self.oms:
                session = self.oms[name].client.session
                theirs = (session.next_out, session.next_in)
            elif link.durable:
                next_in, next_out = self.gateways.numbers.numbers(name, "SLUICE")
                theirs = (next_out, next_in)
            else:
                continue
            found.append((name, (link.session.next_in, link.session.next_out), theirs))
        return found

    @property
    def trace(self) -> str:
        """sha256 of every byte that has left the node, with its time and wire."""
        return self._hash.hexdigest()

    @property
    def elapsed(self) -> int:
        """Nanoseconds since the start."""
        return self.sim.now - self.start

    # -- the node's lives ------------------------------------------------------------------------

    def _open(self, storage: MemoryStorage) -> Built:
        """Recover. It must come to what was in memory before the crash, if the disk survived that;
        otherwise to what a second fold of the same journal comes to (I10).
        """
        self.lives += 1
        self.oracle.stopping = False
        self.oracle.clock_is_off(self.sim.skew // MS)
        if self._expected and self.disk.power_cuts > self._cuts:
            self._expected = ""  # the power went while it recovered
        again = self._expected or self._refold.digest(storage)
        built = build.node(self._of_this_life(), storage, monotonic=lambda: self.sim.now)
        text = "what was in memory" if self._expected else "what a second fold comes to"
        hold(digest(built) == again, "I10", f"the journal is not {text}")
        self._expected = ""
        self.oracle.pinned.came_into_force(self._documents)
        return built

    def _of_this_life(self) -> build.Parts:
        """With the policies that the files hold now."""
        book = book_of(self._parts, self._documents)
        assert not isinstance(book, tuple), book
        return replace(self._parts, env=under(self._parts.env, book))

    def crash(self, *, power: bool) -> None:
        """The process dies, or the machine. What was written survives the first (I10)."""
        if self.sim.up:
            self._expected = "" if power else digest(self.sim.built)
            self._cuts = self.disk.power_cuts
            self.sim.crash(power=power)

    def crash_after_fill(self, mic: str, *, power: bool, later: int, until: int) -> None:
        """Crash so long after the next execution at a venue, if there is one before `until`."""

        def act() -> None:
            self.sim.at(self.sim.now + later, lambda: self.crash(power=power))

        self._at_fill(mic, until, act)

    def cut_at_fill(self, mic: str, *, until: int) -> None:
        """Break a venue's line at the next execution there, which is lost with it."""

        def act() -> None:
            for conn, name in self.sim.wires().items():
                if name == mic:
                    self.sim.cut(conn, lose=True)

        self._at_fill(mic, until, act)

    def _at_fill(self, mic: str, until: int, act: Callable[[], None]) -> None:
        known = len(self.oracle.executions)

        def wait() -> bool:
            traded = any(key[0] == mic for key in list(self.oracle.executions)[known:])
            if traded:
                act()
            return traded or self.sim.now >= until

        self.wait(wait)

    def check_fold(self) -> None:
        """The state is what the journal says (I4, I10). Only when nothing is being written."""
        again = self._refold.digest(self.sim.storage)
        hold(again == digest(self.sim.built), "I10", "fold and state differ")

    def check_pinned(self) -> None:
        """Every order went on under the policy that took it, whoever was told what."""
        pinned(self.sim.storage)

    def decide_again(self) -> None:
        """Everything that was decided is decided again, as far as the market's records are there:
        it must be the same (I10). Only when nothing is being written.
        """
        decide_again(self._parts, self.sim.storage)

    def stray(self, mic: str, exec_id: str) -> None:
        """A venue tells of an execution of an order that is not ours."""
        version = self.spoken.get(mic, FIX44)
        old = "20=0|150=2|" if version is FIX42 else "150=F|"
        body = (
            f"37={exec_id}|11=Z9-{exec_id}|17={exec_id}|{old}39=2|55=ACME|54=1|38=100|32=100|"
            f"31=50.00|151=0|14=100|6=50.00|60={time_text(self.sim.now)}|"
        )
        self.strays.append((mic, exec_id))
        gateway = self.gateways.gateways[mic]
        gateway.order_entry.say("8", body.replace("|", "\x01"))
        gateway.pump(self.sim.now)
        self.sim.poke(self.venues)

    def check_strays(self) -> None:
        """No execution is dropped, whoever it belongs to (F-16)."""
        book = self.sim.node.engine.state.suspense
        kept = [(each.event.mic, each.event.exec_id) for each in book.entries.values()]
        for stray in self.strays:
            if stray[0] in self.forgetful:
                continue
            found = kept.count(stray)
            hold(found == 1, "suspense", f"{stray} is in the book {found} times: {kept}")

    def check_bounds(self) -> None:
        """No buffer of the node has outgrown what a run as small as this can need (I9)."""
        node = self.sim.node
        hold(len(node.faults) <= FAULTS_MAX, "I9", f"{len(node.faults)} faults are kept")
        for name, link in node.links.items():
            held, waiting = link.session.inbox.held, link.session.outbox.waiting
            hold(held <= BUFFERED_MAX, "I9", f"{name} holds {held} messages")
            hold(waiting <= BUFFERED_MAX, "I9", f"{waiting} messages wait for {name}")

    # -- what is seen ----------------------------------------------------------------------------

    def _wrote(self, name: str, conn: int, data: bytes) -> None:
        self._hash.update(f"{self.sim.now} {name} {conn} ".encode() + data)
        self._left[data.partition(b"\x0135=")[2].partition(b"\x01")[0].decode()] += 1
        if self.sim.failing:
            self.oracle.last_word(name, conn, data)
        else:
            self.oracle.left(name, conn, data)

    def _look(self) -> None:
        """After everything that happens."""
        self.oracle.heed()
        self._events += 1
        if self._events % BOUNDS_EVERY == 0 and self.sim.up:
            self.check_bounds()
        self._waiting = [done for done in self._waiting if not done()]

    # -- operators -------------------------------------------------------------------------------

    def kill(self, scope: str, value: str) -> None:
        """Engage the kill switch; it counts from when its record is safe and the operator told."""

        def work(node: Node, now: int) -> None:
            answer = _ask(node, now, {"command": "kill", "scope": scope, "value": value, **_WHO})
            kill_id, life, began = answer["kill_id"], self.lives, self.sim.now

            def told() -> None:
                if self.sim.up and self.lives == life and kill_id not in self._released:
                    kill = Kill(scope, value, since=began)
                    self.oracle.kills.told(kill_id, kill, self.sim.wires())

            self.sim.at(began + self.sim.sync_ns + 1, told)

        self.sim.give(work)

    def arm(self) -> None:
        """Release every kill that holds; the node refuses while a child is UNKNOWN."""

        def work(node: Node, now: int) -> None:
            for held in _ask(node, now, {"command": "status"})["kills"]:
                kill_id = held["kill_id"]
                answer = _ask(node, now, {"command": "arm", "kill_id": kill_id, **_WHO})
                if "released" in answer:
                    self._released.add(kill_id)
                    if kill_id in self.oracle.kills.held:
                        self.oracle.kills.held[kill_id].until = self.sim.now

        self.sim.give(work)

    def telephone(self) -> None:
        """Ask venues what became of children in doubt, and enter it."""

        def work(node: Node, now: int) -> None:
            day = time_text(self.sim.now, 0)[:8]
            self.settled += settle_unknown(
                node, self.oracle, day, lambda request: _ask(node, now, request)
            )

        self.sim.give(work)

    def reload(self, name: str, *, apply_open: bool = False) -> None:
        """Let policy documents be loaded, for open orders too if asked. Those that are broken are
        refused whole, and what was in the files before is put back."""
        if name != BROKEN:
            self._documents = name

        def work(node: Node, now: int) -> None:
            book = book_of(self._parts, name)
            before = node.engine.state.policy_hash
            asked = ReloadAsked(_WHO["who"], _WHO["reason"], apply_open=apply_open)
            answer = take(node, now, book, asked)
            if isinstance(book, tuple):
                whole = answer.get("refused") == list(book) and answer["policy_hash"] == before
                hold(whole, "pinned", f"broken documents are not refused: {answer}")
            elif "error" not in answer:
                hold(answer["policy_hash"] == book.files.hash, "pinned", answer)
                self.oracle.pinned.came_into_force(name)
                if apply_open:
                    self._applies(name)
            told = "refused" if "refused" in answer else "taken" if answer.get("differs") else "not"
            self.reloaded[told] += 1

        self.sim.give(work)

    def _applies(self, name: str) -> None:
        """Documents are applied to open orders; it counts from when its record is safe."""
        life, pinned = self.lives, self.oracle.pinned
        narrowed = pinned.in_doubt()

        def told() -> None:
            if self.sim.up and self.lives == life:
                resting = self.oracle.kills.resting(self.sim.wires())
                pinned.applied(name, narrowed, self.sim.now // MS, resting)
                self.reloaded["applied"] += 1

        self.sim.at(self.sim.now + self.sim.sync_ns + 1, told)

    def edit_and_crash(self, name: str) -> None:
        """The files are edited, and before anybody says so the process dies."""
        self._documents = name
        self.reloaded["edited"] += 1
        self.crash(power=False)


_WHO = {"who": "an operator", "reason": "a test"}


def _ask(node: Node, now: int, request: control.Answer) -> control.Answer:
    """What the operator's door answers."""
    asked = control.parse(json.dumps(request).encode())
    assert callable(asked), asked
    return asked(node, now)
