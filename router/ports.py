"""The seams: what a rule, a limit, an algo, a learner and a venue simulator are.

Owns the shapes that cross a seam and nothing that stands behind one.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

import msgspec
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from router.model import BP, Arm, Instrument, OrdType, Side, Tactic, TimeInForce, VenueType
from router.plugin import Plugin

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Arrays = dict[str, FloatArray]
"""A learner's whole state: named arrays, saved as npz, folded from the journal."""


# -- what plug-ins may see ---------------------------------------------------------------------


class MarketView(msgspec.Struct, frozen=True):
    """The consolidated lit market of one symbol at one moment. Prices 0 where a side is empty."""

    bid: int
    offer: int
    bid_qty: int
    offer_qty: int
    age_ns: int
    """Since the last update of the freshest lit book."""
    volume: int
    """Shares seen traded since the parent's start (all venues that print)."""

    @property
    def mid2(self) -> int:
        """Bid plus offer: the midpoint in half price units, exact. 0 if a side is empty."""
        return self.bid + self.offer if self.bid and self.offer else 0


class ParentView(msgspec.Struct, frozen=True):
    """What a plug-in may know of a parent."""

    parent_id: str
    session: str
    account: str
    symbol: str
    side: Side
    ord_type: OrdType
    time_in_force: TimeInForce
    order_qty: int
    cum_qty: int
    working_qty: int
    """LeavesQty of its children that are not terminal, UNKNOWN in full."""
    price: int | None
    min_qty: int
    start_time: int
    end_time: int
    arrival_mid: int
    """In half price units; 0 if there was no market."""
    filled_by: Mapping[str, int]
    """Shares by MIC."""
    filled_by_type: Mapping[str, int]
    """Shares by VenueType value."""

    @property
    def leaves_qty(self) -> int:
        """OrderQty less CumQty, never below zero."""
        return max(0, self.order_qty - self.cum_qty)

    @property
    def free_qty(self) -> int:
        """What may still be given to a child without overfilling."""
        return max(0, self.leaves_qty - self.working_qty)


class Candidate(msgspec.Struct, frozen=True):
    """A place where the next shares could go."""

    arm: Arm
    venue_type: VenueType
    price: int | None
    """The limit price that the child would carry; None for a midpoint order without a limit."""
    displayed: int
    """Shares shown there at that price or better; 0 where nothing is shown."""
    cap: int
    """The most that may be sent there now, shares."""
    fee: int
    """Per share, price units, + is paid."""

    @property
    def tactic(self) -> Tactic:
        """What the child would do."""
        return self.arm.tactic


class RuleContext(msgspec.Struct, frozen=True):
    """What a rule may look at: nothing of the learner, nothing of the limits."""

    now: int
    parent: ParentView
    instrument: Instrument
    market: MarketView
    due_qty: int
    urgency: float


class Rule(Plugin):
    """A rule narrows. It may only lower a cap and raise minima, so rules commute."""

    def narrow(self, candidate: Candidate, context: RuleContext) -> int:
        """The most shares that the candidate may get; values above its cap change nothing."""
        return candidate.cap

    def floor(self, candidate: Candidate, context: RuleContext) -> int:
        """The fewest shares that make a child worth sending; the largest of all rules counts."""
        return 0

    def min_qty(self, candidate: Candidate, context: RuleContext) -> int:
        """MinQty(110) for the child; the largest of all rules counts."""
        return 0


class LimitedOrder(msgspec.Struct, frozen=True):
    """The exact order that would be accepted (a parent) or sent (a child)."""

    order_id: str
    """ClOrdID(11)."""
    is_child: bool
    session: str
    """The OMS session of the parent."""
    account: str
    symbol: str
    side: Side
    qty: int
    """For a replace: the new OrderQty."""
    added_qty: int
    """What it adds to the risk: the quantity, or a replace's increase, which may be 0."""
    ord_type: OrdType
    price: int | None
    mic: str = ""
    tactic: Tactic | None = None
    algo: str = ""
    is_replace: bool = False


class SeenOrder(msgspec.Struct, frozen=True):
    """An order as the duplicate check remembers it."""

    at: int
    order_id: str
    account: str
    symbol: str
    side: Side
    qty: int
    price: int | None


@dataclass(frozen=True, slots=True)
class Kill:
    """One engaged kill: scope `all`, `account` or `venue`."""

    kill_id: str
    scope: str
    value: str
    who: str
    reason: str


WINDOW_MAX = 100_000
"""Entries of a rolling window; older ones fall out even if the window is longer, so that a limit on
their number has to be lower."""


class LimitContext(Protocol):
    """What a limit may ask. Everything answered is a fold of the journal, or the book."""

    @property
    def now(self) -> int:
        """UTC nanoseconds."""

    def instrument(self, symbol: str) -> Instrument | None:
        """The instrument, or None if the symbol is not known."""

    def reference_px(self, symbol: str) -> int:
        """Midpoint over the lit venues (rounded down), else the last trade, else 0."""

    def reference_age_ns(self, symbol: str) -> int:
        """Age of that price; very large if there is none."""

    def book_age_ns(self, symbol: str, mic: str) -> int:
        """Age of the venue's own book or quote; very large if there is none."""

    def open_notional(self, account: str) -> int:
        """Value of unexecuted parent quantity of the account, money units, UNKNOWN in full; and of
        executions in suspense that name it."""

    def suspense_notional(self, mic: str) -> int:
        """Value of the venue's executions in suspense, money units."""

    def suspense_count(self, mic: str) -> int:
        """What the venue has told that is in suspense."""

    def message_count(self, session: str, window_ns: int) -> int:
        """New orders and replaces from the OMS session within the window, this one not counted."""

    def child_count(self, mic: str, window_ns: int) -> int:
        """New children sent to the venue within the window."""

    def execution_count(self, algo: str, symbol: str, side: Side, window_ns: int) -> int:
        """Children executed by the algo on this symbol and side within the window."""

    def recent_orders(self, window_ns: int, like: LimitedOrder) -> Sequence[SeenOrder]:
        """Parent orders accepted within the window, oldest first: all that have the account,
        symbol, side, quantity and price of `like`, and perhaps others."""

    def kills(self) -> Sequence[Kill]:
        """The kills that hold now."""


class LimitUsers(LimitContext, Protocol):
    """Who uses what limits allow, besides what a limit may ask of each of them."""

    def accounts(self) -> Iterable[str]:
        """Accounts that have, or had, something open."""

    def sessions(self) -> Iterable[str]:
        """OMS sessions that have sent orders."""

    def mics(self) -> Iterable[str]:
        """Venues."""

    def traders(self) -> Iterable[tuple[str, str, Side]]:
        """Algo, symbol and side of what has executed."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A business no, with the FIX reasons it carries. `text` starts with the code."""

    code: str
    text: str
    ord_rej_reason: str = "99"
    """OrdRejReason(103) in FIX.4.4."""
    cxl_rej_reason: str = "99"
    """CxlRejReason(102) when it was a replace that is refused."""


class Limit(Plugin):
    """A limit refuses. It sees the exact message, runs last, and nothing can switch it off."""

    @abstractmethod
    def check(self, order: LimitedOrder, context: LimitContext) -> Refusal | None:
        """None, or why the order may not pass."""

    def utilisation(self, users: LimitUsers) -> float | None:
        """How much of what it allows is used by whoever uses most of it now, 1 for all; None for a
        limit that judges each order by itself.
        """
        return None


class Due(msgspec.Struct, frozen=True):
    """An algo's answer."""

    qty: int
    """Shares that should be at work or done now and are not: what to route."""
    urgency: float
    """0 patient to 1 must trade: scales what it costs not to fill now."""
    next_at: int
    """When to ask again, UTC nanoseconds."""


class Urgency(Plugin):
    """The policy setting `urgency`: a table of u(x), and the band that what it says is kept in."""

    table: str = Field(min_length=1)
    """Name or path in a document; the SHA-256 of what is meant in a chosen policy."""
    at_least_bp: float = Field(0.0, ge=0.0, le=BP)
    at_most_bp: float = Field(ge=0.0, le=BP)

    @model_validator(mode="after")
    def _band(self) -> Self:
        if self.at_most_bp < self.at_least_bp:
            raise ValueError("at_most_bp is below at_least_bp")
        return self


class Algo(Plugin):
    """An algo says when and how much. Its fields are its parameters, over FIX and in policies."""

    has_schedule: ClassVar[bool] = False
    """It spreads an order over the time until its end, and needs one."""

    def ends_at(self, start_time: int, expire_at: int) -> int:
        """When the schedule ends, UTC nanoseconds: with the order, unless a parameter says else."""
        return expire_at

    @abstractmethod
    def due(self, parent: ParentView, market: MarketView, now: int) -> Due:
        """How much is due now, how urgently, and when to ask again (always after `now`)."""


# -- the learner -------------------------------------------------------------------------------

CHILD_LOTS = 256
"""The 99th percentile of children, lots, where an instrument does not say."""


MARKOUT_HORIZONS = (0.02, 0.2, 1.0, 12.0)
"""When the mid is looked at after a fill, in main horizons: with one of 5 s, at 100 ms, 1 s, 5 s
and 60 s (docs/hazard.md)."""

MAIN_HORIZON = 2
"""The place of the main one: values are made of the markout there."""


class ScoreRequest(msgspec.Struct, frozen=True):
    """K candidates to score."""

    symbol: str
    arms: tuple[str, ...]
    """K keys."""
    features: FloatArray
    """(K, D), side-adjusted, standardised, clipped to +-4."""
    cost_bp: FloatArray
    """(K,), price against mid and fee: what a fill is known to cost, bp of the mid."""
    displayed_lots: FloatArray
    """(K,)."""
    lots: int
    """How many lots are to be placed: tails are wanted for 1..lots."""
    urgency_bp: float
    """u(x): the cost of not filling a share now, bp."""
    participation: float
    """What remains of the parent over what is due of it, 1 if nothing will be left."""
    child_lots: int = CHILD_LOTS
    """The 99th percentile of the instrument's children: what is a large order here."""
    intervals: FloatArray | None = None
    """(K,), how many intervals each would rest: 1 for what does not rest; None for 1 everywhere."""
    bounds: bool = False
    """True if lower bounds are wanted, which cost some time; they change no other score."""
    impact_bp: float = 0.0
    """The scale of what a lot that is taken costs the rest of the parent, bp."""
    patience: float = 1.0
    """1 can wait, 0 must trade: what the algo's urgency leaves."""
    queue_lots: FloatArray | None = None
    """(K,), how many lots rules let rest in a queue there: 0 for what joins none; None: nowhere."""
    rounds: float = 0.0
    """How many orders that rest could follow one another before the schedule ends."""


class Scores(msgspec.Struct, frozen=True):
    """What the learner expects of each candidate."""

    tails: FloatArray
    """(K, lots): P(V >= j lots), j = 1..lots, never increasing along a row; as drawn."""
    mean_tails: FloatArray
    """(K, lots): the same at the posterior mean."""
    values: FloatArray
    """(K,): value of a filled share, bp of the mid."""
    mean_values: FloatArray | None = None
    """(K,): the same at the posterior mean. None from who does not explore: then tails and values
    are what it means, whatever chance it needed to round them."""
    low_tails: FloatArray | None = None
    """(K, lots): lower bounds of the tails, 95 % each; None: as the mean."""
    low_values: FloatArray | None = None
    """(K,): lower bounds of the values, 95 % each; None: as the mean."""
    footprint_bp: float = 0.0
    """By how much each lot of a candidate is worth less than the lot before it, bp."""
    wait_bp: float = 0.0
    """How much less than u a share costs that waits, bp: to take one is worth less by it."""


class Lesson(msgspec.Struct, frozen=True):
    """One observed outcome; `router.messages.Learn` says what the fields mean."""

    symbol: str
    arm: str
    features: FloatArray
    """(D,)."""
    sent_lots: int
    filled_lots: int
    min_lots: int
    outcome: str
    markout_bp: float | None
    child_lots: int = CHILD_LOTS
    intervals: int = 1


class Markout(msgspec.Struct, frozen=True):
    """What the mid has done after a fill; `router.messages.LearnMarkout` says what fields mean."""

    arm: str
    features: FloatArray
    """(D,)."""
    lots: int
    horizon: int
    markout_bp: float | None
    before_bp: float


class Learner(Plugin):
    """A learner only scores, so it can never exceed a cap. The core keeps its state: arrays."""

    @abstractmethod
    def initial(self, dimensions: int) -> Arrays:
        """The state before anything was learned. Arms are added when they are first met."""

    @abstractmethod
    def score(self, state: Arrays, request: ScoreRequest, rng: np.random.Generator) -> Scores:
        """Fill curves and values. Reads the state, never changes it."""

    @abstractmethod
    def learn(self, state: Arrays, lesson: Lesson) -> None:
        """Update the state in place."""

    def shapes(self, dimensions: int) -> Mapping[str, tuple[int, ...]]:
        """The shapes of its state's arrays, by name; those that exist for each arm by `kind/`."""
        return {}

    def shape(self, name: str, dimensions: int) -> tuple[int, ...] | None:
        """The shape that an array of its state has by its name; None if it keeps no such array."""
        kind, slash, _ = name.partition("/")
        return self.shapes(dimensions).get(kind + slash)

    def clocks(self) -> Mapping[str, int]:
        """Where its arrays of each `kind/` hold the `clock` of their last change: their index."""
        return {}

    def mark(self, state: Arrays, markout: Markout) -> None:
        """Update the state in place; a learner that does not value fills leaves it alone."""
        return
