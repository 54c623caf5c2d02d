"""Everything the router knows: the value that `core.fold` makes out of events and commands.

Owns the tables and the questions that may be asked of them. Must not know what we would do about
anything: it never imports the engine, so that recovery cannot decide again. Books and quotes are
kept here too but are volatile: they are not part of the digest and are empty after a restart.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import msgspec
import numpy as np

from router import messages as m
from router.core.books import Market
from router.core.closed import ClosedOrders
from router.core.ids import fill_key, session_of
from router.core.ledger import LEDGERS_MAX, Key, Ledger
from router.core.lines import Line
from router.core.lookalikes import Lookalikes
from router.core.open_value import OpenValue
from router.core.orders import Child, ChildInput, ChildStatus, Fill, Parent
from router.core.rewards import horizon_ns
from router.core.shelf import LearnerShelf
from router.core.suspense import Suspended, SuspenseBook
from router.core.waiting import Copy as Copy
from router.core.waiting import WaitingCopies
from router.core.watch import Watch
from router.core.windows import Window
from router.model import Instrument, Venue, VenueType
from router.ports import MARKOUT_HORIZONS, WINDOW_MAX, Kill

FILL_RATIO_WEIGHT = 0.1
"""Weight of the newest outcome in an arm's moving fill ratio."""


class Outcome(StrEnum):
    """What folding a venue's report came to."""

    NONE = ""
    STATUS = "status"
    TRADE = "trade"
    CORRECTION = "correction"
    DUPLICATE = "duplicate"
    SUSPENSE = "suspense"
    """It was put into the suspense book: kept, counted, never dropped."""
    STRAY = "stray"
    """About an order or execution that we do not know; it moves no quantity."""
    UNKNOWN_ORDER = "unknown order"
    """The venue says that it does not know our order."""
    UNTOLD = "untold"
    """The order has ended, and its CumQty(14) counts executions that we were never told of."""


class Timer(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """Something to look at later. A timer that is no longer meant is ignored when it fires."""

    at: int
    number: int
    kind: str
    subject: str


class VenueState(msgspec.Struct):
    """A venue's order session, as the core sees it."""

    open: bool = False
    """Logged on."""
    reconciled: bool = False
    """Every child there is known since the session opened: new risk is allowed."""
    mass_status_at: int = 0
    """When all open orders there were last asked for."""
    listed: int = 0
    """How many answers to that have come."""
    list_ended: bool = False
    """All of them have."""
    said_over: list[str] = []
    """ClOrdIDs of orders that persons have said to be over and it has not spoken of since."""


class QuoteAsk(msgspec.Struct):
    """A QuoteRequest(R) that waits for its Quote(S)."""

    quote_req_id: str
    mic: str
    parent_id: str
    expires: int


class State:
    """The fold. `apply` is the only thing that changes it."""

    def __init__(
        self,
        venues: Mapping[str, Venue],
        shelf: LearnerShelf,
        *,
        pause_ns: int,
        markout_ns: int,
        watched: Mapping[str, Instrument] | None = None,
    ) -> None:
        """`watched` are the instruments whose markets the predictor watches; none without one."""
        self.venues = dict(venues)
        self.shelf = shelf
        self.pause_ns = pause_ns
        self.markout_ns = markout_ns
        self.market = Market()
        self.watch = Watch(watched or {})
        self.volume_marks: dict[str, int] = {}
        """Volatile: the market's volume counter at each parent's start."""
        self.epoch = 0
        self.ids = 0
        self.reports = 0
        self.kill_count = 0
        self.parents: dict[str, Parent] = {}
        """Orders that are open, or have been so of late; like `children` and `fills`."""
        self.children: dict[str, Child] = {}
        self.cancel_ids: dict[str, str] = {}
        self.unknown: Counter[str] = Counter()
        """How many children at a venue are UNKNOWN: thousands of answers ask it after an outage."""
        self.fills: dict[str, Fill] = {}
        self._client_names()
        self.open_parents: dict[str, None] = {}
        self.open_value = OpenValue()
        self._closed_tables()
        self.kills: dict[str, Kill] = {}
        self.freezes: dict[str, m.FreezeLearner] = {}
        """By the learner that they name; empty: every learner."""
        self.ledgers: dict[Key, Ledger] = {}
        self.venue: dict[str, VenueState] = {mic: VenueState() for mic in venues}
        self.lines: defaultdict[str, Line] = defaultdict(Line)
        self.trouble = ""
        """What is wrong with the journal's disk: until it is well nothing may add risk."""
        self.gone: dict[str, int] = {}
        """OMS sessions that are gone, and when their open orders are taken back."""
        self.facts: dict[str, str] = {}
        """What of the configuration must not change unnoticed, as the last start had it."""
        self.policy_hash = ""
        """Of the policy documents in force; empty in journals without their texts."""
        self.policies: dict[str, m.PolicyFiles] = {}
        """By hash: those, those of open parents, and the last ones before; the newest last."""
        self.loads, self.applied = 0, m.Applied()
        """How often documents have come into force, and the last that narrow open orders."""
        self.asks: dict[str, QuoteAsk] = {}
        self.suspense = SuspenseBook()
        self.copies = WaitingCopies()
        """By fill key."""
        self.frozen_parents: dict[str, None] = {}
        """Parents for which something cannot be that was told: until a person releases them."""
        self.fill_ratio: dict[str, float] = {}
        self._windows()
        self.timers: list[Timer] = []
        self.timer_count = 0
        self.idle_timers = 0
        """Orders that have ended since timers of such were last dropped."""
        self.illegal_transitions = 0
        self.due: list[Timer] = []
        self.outcome = Outcome.NONE
        """What the last venue report turned out to be."""
        self.fresh: list[Suspended] = []
        """Entries of the suspense book that nobody was told of yet."""

    def _client_names(self) -> None:
        self.by_client_id: dict[tuple[str, str], str] = {}
        """By whose it is (`ids.client`) and ClOrdID(11)."""
        self.firms: defaultdict[str, Counter[str]] = defaultdict(Counter)
        """By session, the firms that it sends for, and how many ClOrdIDs of each are known."""
        self.requests: dict[tuple[str, str], m.OrderTerms] = {}

    def _closed_tables(self) -> None:
        self.closed_parents: deque[str] = deque()
        """In the order in which they are forgotten."""
        self.resting: deque[tuple[int, str]] = deque()
        """Orders that are over, to be put away, and since when they wait for it."""
        self.closed = ClosedOrders()

    def _windows(self) -> None:
        self.seen = Lookalikes(WINDOW_MAX)
        self.message_times: dict[str, Window] = {}
        self.child_times: dict[str, Window] = {}
        self.execution_times: dict[str, Window] = {}

    # -- timers ----------------------------------------------------------------------------------

    def deadline(self) -> int | None:
        """When the next timer is due, UTC nanoseconds."""
        return self.timers[0].at if self.timers else None

    def schedule(self, at: int, kind: str, subject: str) -> None:
        """Look at something at a time."""
        self.timer_count += 1
        heapq.heappush(self.timers, Timer(at, self.timer_count, kind, subject))

    def wake(self, parent: Parent, at: int) -> None:
        """Ask the parent's algo no later than `at`."""
        if parent.next_at == 0 or at < parent.next_at:
            parent.next_at = at
            self.schedule(at, "parent", parent.parent_id)

    def schedule_markout(self, child: Child) -> None:
        """Look at the price at the next horizon of the child's ticket, if there is one."""
        if child.horizon < len(MARKOUT_HORIZONS):
            after = horizon_ns(self.markout_ns, child.horizon)
            self.schedule(child.marked_at + after, "markout", child.cl_ord_id)

    # -- questions ------------------------------------------------------------------------------

    def children_of(self, parent: Parent) -> list[Child]:
        """The parent's children that are not terminal, oldest first."""
        return [self.children[cl_ord_id] for cl_ord_id in parent.working]

    def find_child(self, mic: str, cl_ord_id: str, orig_cl_ord_id: str = "") -> Child | None:
        """The child that a venue means by ClOrdID or by the ClOrdID of a cancel of it.

        Not another venue's: none has a say in orders that are not its own. Not one of an order that
        is put away; what a venue has told of it brings that back.
        """
        for name in (cl_ord_id, orig_cl_ord_id):
            child = self.children.get(self.cancel_ids.get(name, name))
            if child is not None and child.mic == mic:
                return child
        return None

    def child_meant(self, event: m.ExecutionReceived) -> Child | None:
        """The child that an ExecutionReport(8) is about; a bust or correction may name no order of
        ours, and its execution alone.
        """
        child = self.find_child(event.mic, event.cl_ord_id, event.orig_cl_ord_id)
        if child is None and event.exec_ref_id:
            ref = fill_key(event.mic, event.trade_date, event.exec_ref_id)
            fill = self.fills.get(ref)
            child = None if fill is None else self.children[fill.cl_ord_id]
        return child

    def parent_to_read(self, parent_id: str) -> Parent | None:
        """A parent, put away or not, to be looked at only."""
        parent = self.parents.get(parent_id)
        if parent is None and parent_id in self.closed:
            order = self.closed.look(parent_id)
            return order and order.parent
        return parent

    def child_to_read(self, cl_ord_id: str) -> Child | None:
        """A child by its ClOrdID, its order put away or not, to be looked at only."""
        child = self.children.get(cl_ord_id)
        order = None if child is not None else self.closed.look(self.closed.of_child(cl_ord_id))
        if order is None:
            return child
        return next((each for each in order.children if each.cl_ord_id == cl_ord_id), None)

    def fill_to_read(self, key: str) -> Fill | None:
        """An execution, its order put away or not, to be looked at only."""
        return self.fills.get(key) or self.closed.fill(key)

    def knows_fill(self, key: str) -> bool:
        """True if an execution was booked under that key."""
        return key in self.fills or self.closed.has_fill(key)

    def kill_of(self, parent: Parent) -> Kill | None:
        """The first kill that suspends a parent: one of everything, or of its account."""
        for kill in self.kills.values():
            if kill.scope == "all" or (kill.scope, kill.value) == ("account", parent.terms.account):
                return kill
        return None

    def is_frozen(self, key: str) -> bool:
        """True if the learner of a key is frozen: by its key, by its name, or with all others."""
        return bool(self.freezes) and not self.freezes.keys().isdisjoint(
            ("", key, key.partition("{")[0])
        )

    def live_children(self, mic: str = "") -> list[Child]:
        """Children that are not terminal, at one venue or at all."""
        return [
            child
            for parent_id in self.open_parents
            for child in self.children_of(self.parents[parent_id])
            if not mic or child.mic == mic
        ]

    def open_mics(self) -> list[str]:
        """Venues that may take new risk."""
        if self.trouble:
            return []
        return [mic for mic, venue in self.venue.items() if venue.open and venue.reconciled]

    def shut_mics(self) -> list[str]:
        """Venues without which we are not ready, and that may not take new risk."""
        open_mics = self.open_mics()
        return [m for m, each in self.venues.items() if each.mandatory and m not in open_mics]

    def retire(self, facts: Mapping[str, str]) -> None:
        """Know venues that were configured once, so that what they did can still be folded."""
        for name in facts:
            kind, _, mic = name.partition(" ")
            if kind == "venue" and mic not in self.venues:
                self.venues[mic] = Venue(mic, VenueType.LIT, (), mandatory=False)
                self.venue[mic] = VenueState()

    def digest(self) -> str:
        """sha256 over everything that is not volatile: equal histories have equal digests."""
        sha = hashlib.sha256()
        sha.update(msgspec.json.encode(self._durable(), order="deterministic"))
        # A learner that was asked and has taken no lesson yet is no history: the fold lacks it.
        for key in sorted(key for key, lessons in self.shelf.versions.items() if lessons):
            for name, array in sorted(self.shelf.states[key].items()):
                sha.update(f"{key}/{name}".encode())
                sha.update(np.ascontiguousarray(array).tobytes())
        return sha.hexdigest()

    def _durable(self) -> dict[str, Any]:
        return {
            "counters": [self.epoch, self.ids, self.reports, self.kill_count],
            "parents": self.parents,
            "children": self.children,
            "cancel_ids": self.cancel_ids,
            "fills": self.fills,
            "closed": self.closed.items(),
            "clients": [[*key, value] for key, value in self.by_client_id.items()],
            "kills": [[k.kill_id, k.scope, k.value] for k in self.kills.values()],
            "freezes": sorted(self.freezes),
            "ledgers": [[*key, ledger] for key, ledger in self.ledgers.items()],
            "venues": self.venue,
            "lines": self.lines,
            "trouble": self.trouble,
            "gone": self.gone,
            "facts": self.facts,
            "policies": [self.policy_hash, list(self.policies), self.loads, self.applied],
            "asks": self.asks,
            "suspense": self.suspense,
            "copies": self.copies,
            "frozen_parents": list(self.frozen_parents),
            "fill_ratio": self.fill_ratio,
            "models": [self.shelf.models, self.shelf.refused],
            "windows": [
                [len(self.seen)],
                {key: each.kept() for key, each in self.message_times.items()},
                {key: each.kept() for key, each in self.child_times.items()},
                {key: each.kept() for key, each in self.execution_times.items()},
            ],
        }

    # -- bookkeeping, for the fold ---------------------------------------------------------------

    def name_order(self, parent: Parent, cl_ord_id: str) -> None:
        """The client knows the order by another ClOrdID(11)."""
        self.by_client_id[(parent.client, cl_ord_id)] = parent.parent_id
        parent.client_ids.append(cl_ord_id)
        self._count_firm(parent.session, parent.client, 1)

    def forget_names(self, parent: Parent) -> None:
        """Nobody knows the order any more."""
        for cl_ord_id in parent.client_ids:
            del self.by_client_id[(parent.client, cl_ord_id)]
            self._count_firm(parent.session, parent.client, -1)

    def know_names(self, names: Iterable[tuple[str, str, str]]) -> None:
        """Take up whose each ClOrdID(11) is, and the order that it names."""
        for client, cl_ord_id, parent_id in names:
            self.by_client_id[(client, cl_ord_id)] = parent_id
            self._count_firm(session_of(client), client, 1)

    def _count_firm(self, session: str, client: str, more: int) -> None:
        if client == session:
            return
        firms = self.firms[session]
        firms[client] += more
        if not firms[client]:
            del firms[client]

    def turn(self, now: int, child: Child, what: ChildInput) -> None:
        """Apply an input to a child's status; one that the table lacks leaves it alone."""
        was = child.status
        if not child.turn(what, now):
            self.illegal_transitions += 1
        self.unknown[child.mic] += (child.status is ChildStatus.UNKNOWN) - (
            was is ChildStatus.UNKNOWN
        )
        if child.status is ChildStatus.LIVE and was is ChildStatus.UNKNOWN and child.cancel_at:
            self.schedule(max(now, child.cancel_at), "slice", child.cl_ord_id)
        if child.status is ChildStatus.CANCEL_PENDING and was is ChildStatus.UNKNOWN:
            patience = self.venues[child.mic].ack_timeout_ns
            self.schedule(now + patience, "ack", child.cl_ord_id)

    def book(self, child: Child, qty: int, px: int, liquidity: str) -> None:
        """Book shares (negative: take them back) on the child and its parent."""
        parent = self.parents[child.parent_id]
        venue = self.venues[child.mic]
        for order in (child, parent):
            order.cum_qty += qty
            order.notional += qty * px
        self.open_value.count(parent)
        parent.fees += qty * (venue.make_fee if liquidity == "1" else venue.take_fee)
        kind = venue.venue_type.value
        parent.filled_by[child.mic] = parent.filled_by.get(child.mic, 0) + qty
        parent.filled_by_type[kind] = parent.filled_by_type.get(kind, 0) + qty

    def count(self, windows: dict[str, Window], key: str, now: int) -> None:
        """Note that something happened now."""
        window = windows.get(key)
        if window is None:
            window = windows[key] = Window()
        window.add(now)

    def enter(self, key: Key, safety: m.Safety) -> None:
        """Enter a decision in its account's day."""
        if key not in self.ledgers:
            while len(self.ledgers) >= LEDGERS_MAX:
                del self.ledgers[next(iter(self.ledgers))]
            self.ledgers[key] = Ledger()
        self.ledgers[key].add(safety)
