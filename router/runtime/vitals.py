"""The daemon's signs of life, taken from its parts: node, pump, journal and clock.

Owns what is looked at and what each look may cost: nothing here walks over all orders. Changes
nothing, and knows neither who reads the signs nor how they get there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from router.core.orders import ChildStatus
from router.core.state import State
from router.core.views import UsersView
from router.journal.segments import Journal
from router.messages import ExecutionReceived, MarkUnknown, OrderReceived, SendChild, Step
from router.model import NS
from router.runtime.clock import Clock
from router.runtime.links import Link, LinkKind
from router.runtime.node import Node
from router.runtime.usage import usage
from router.signs import Histogram, JournalSigns, Phase, SessionSigns, Signs, VenueSigns

SYMBOLS_MAX = 50
"""Symbols whose market's age is told, the first of the instrument table."""
KILLS_MAX = 20


@dataclass(frozen=True, slots=True)
class Identity:
    """Who speaks: the same for the whole life of a process."""

    pid: int
    shard: str
    version: str
    config_hash: str


class Busy(Protocol):
    """What a pump is asked for."""

    batches: int
    syncs: int
    batch_times: Histogram
    sync_times: Histogram
    poisoned: str

    @property
    def market_dropped(self) -> int:
        """Records of market data that the disk did not take."""

    @property
    def queued(self) -> int:
        """Inputs that wait for the next batch."""

    @property
    def syncing_s(self) -> float:
        """How long the sync under way has taken."""

    def unsent(self) -> dict[str, int]:
        """By session, bytes that wait for the peer."""


class Doubts:
    """The children whose fate may not be known, so that nobody has to look through all of them.

    A child becomes UNKNOWN by a decision of ours, or by a report of its venue that cannot be all.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        live = state.live_children()
        self._doubtful = {child.cl_ord_id for child in live if child.status is ChildStatus.UNKNOWN}

    def note(self, step: Step) -> None:
        """Call with every step, when it is folded."""
        for command in step.commands:
            if type(command) is MarkUnknown:
                self._doubtful.add(command.cl_ord_id)
        if type(step.event) is ExecutionReceived:
            child = self._state.child_meant(step.event)
            if child is not None and child.status is ChildStatus.UNKNOWN:
                self._doubtful.add(child.cl_ord_id)

    def by_venue(self) -> dict[str, int]:
        """How many there are."""
        counts: dict[str, int] = {}
        for cl_ord_id in sorted(self._doubtful):
            child = self._state.children.get(cl_ord_id)
            if child is None or child.status is not ChildStatus.UNKNOWN:
                self._doubtful.discard(cl_ord_id)
            else:
                counts[child.mic] = counts.get(child.mic, 0) + 1
        return counts


class Routes:
    """How long a new parent waits for its first children to leave: no longer than its batch."""

    def __init__(self) -> None:
        self.times = Histogram()
        self._parents = 0

    def note(self, step: Step) -> None:
        """Call with every step."""
        if type(step.event) is OrderReceived and any(
            type(command) is SendChild for command in step.commands
        ):
            self._parents += 1

    def left(self, seconds: float) -> None:
        """A batch has left, after so long."""
        while self._parents:
            self._parents -= 1
            self.times.add(seconds)


def recovering(who: Identity, clock: Clock, folded: int) -> Signs:
    """While the journal is folded there is nothing else to tell."""
    return Signs(
        phase="recovering",
        pid=who.pid,
        shard=who.shard,
        version=who.version,
        config_hash=who.config_hash,
        at=clock.wall(),
        clock_ahead_s=clock.ahead() / NS,
        folded=folded,
    )


def taken(
    who: Identity,
    clock: Clock,
    *,
    phase: Phase,
    node: Node,
    journal: Journal,
    pump: Busy,
    doubts: Doubts,
    loop_lag: Histogram,
    routes: Routes,
) -> Signs:
    """The signs of a daemon that is up."""
    state, now = node.engine.state, clock.now()
    unsent, used = pump.unsent(), usage()
    return Signs(
        phase=phase,
        pid=who.pid,
        shard=who.shard,
        version=who.version,
        config_hash=who.config_hash,
        at=clock.wall(),
        clock_ahead_s=clock.ahead() / NS,
        seq=node.seq,
        epoch=state.epoch,
        ready=node.ready,
        unpriced=_unpriced(node),
        batches=pump.batches,
        queued=pump.queued,
        timers_late_s=late_s(node, clock, now),
        kills=tuple(state.kills)[:KILLS_MAX],
        freezes=len(state.freezes),
        parents_open=len(state.open_parents),
        illegal_transitions=state.illegal_transitions,
        lessons=dict(state.shelf.versions),
        refused_models=tuple(state.shelf.refused),
        market_age_s=dict(_market_ages(node, now)),
        limits=dict(_limits(node, now)),
        sessions={
            name: _session(link, now, unsent.get(name, 0)) for name, link in node.links.items()
        },
        venues=_venues(state, doubts),
        journal=_journal(journal, pump),
        loop_lag=loop_lag,
        batch=pump.batch_times,
        parent_to_child=routes.times,
        sync=pump.sync_times,
        resident_bytes=used.resident_bytes,
        open_files=used.open_files,
        open_files_max=used.open_files_max,
    )


def late_s(node: Node, clock: Clock, now: int) -> float:
    """For how many real seconds the first deadline has passed. Deadline 0 is work that goes on."""
    at = node.deadline()
    return max(0.0, (now - at) / clock.speed / NS) if at else 0.0


def _unpriced(node: Node) -> int:
    if not any(link.kind is LinkKind.DATA for link in node.links.values()):
        return 0
    market = node.engine.state.market
    return sum(not market.mid2(symbol) for symbol in node.engine.env.instruments)


def _market_ages(node: Node, now: int) -> Iterable[tuple[str, float]]:
    for symbol in list(node.engine.env.instruments)[:SYMBOLS_MAX]:
        price, age = node.engine.state.market.reference(symbol, now)
        if price:
            yield symbol, age / NS


def _limits(node: Node, now: int) -> Iterable[tuple[str, float]]:
    env = node.engine.env
    users = UsersView(env, node.engine.state, now)
    for limit in env.limits:
        used = limit.utilisation(users)
        if used is not None:
            yield limit.plugin_name(), used


def _session(link: Link, now: int, unsent: int) -> SessionSigns:
    session = link.session
    return SessionSigns(
        kind=link.kind.value,
        logged_on=session.logged_on,
        wanted=link.schedule.is_open(now) and not link.barred,
        next_in=session.next_in,
        next_out=session.next_out,
        unsent=unsent,
        held=session.inbox.held,
    )


def _venues(state: State, doubts: Doubts) -> dict[str, VenueSigns]:
    unknown = doubts.by_venue()
    return {
        mic: VenueSigns(
            open=each.open,
            reconciled=each.reconciled,
            unknown=unknown.get(mic, 0),
            suspense=state.suspense.counts.get(mic, 0),
        )
        for mic, each in state.venue.items()
    }


def _journal(journal: Journal, pump: Busy) -> JournalSigns:
    return JournalSigns(
        durability=journal.durability,
        last_seq=journal.last_seq,
        syncs=pump.syncs,
        syncing_s=pump.syncing_s,
        on_reserve=journal.headroom_released,
        poisoned=pump.poisoned,
        market_dropped=pump.market_dropped,
    )
