"""Parents and children, and the dictionaries of what may become of them.

Owns order states and their arithmetic. Knows nothing of markets, decisions or FIX tags.
No other file changes an order's status.
"""

from __future__ import annotations

from array import array
from enum import StrEnum

import msgspec

from router.core.ids import client, fill_key
from router.messages import OrderTerms
from router.model import ExecType, OrdStatus, Side, Tactic
from router.ports import MARKOUT_HORIZONS


class ChildStatus(StrEnum):
    """Where a child stands, as far as we know."""

    NEW_PENDING = "new_pending"
    LIVE = "live"
    CANCEL_PENDING = "cancel_pending"
    UNKNOWN = "unknown"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"


LIVE_STATUS = frozenset(
    {
        OrdStatus.NEW,
        OrdStatus.PARTIALLY_FILLED,
        OrdStatus.PENDING_CANCEL,
        OrdStatus.PENDING_REPLACE,
        OrdStatus.STOPPED,
        OrdStatus.SUSPENDED,
    }
)
"""What a venue says, by OrdStatus(39), of an order that may trade, or may again."""

CHILD_TERMINAL = frozenset(
    {ChildStatus.FILLED, ChildStatus.CANCELED, ChildStatus.REJECTED, ChildStatus.EXPIRED}
)


class ChildInput(StrEnum):
    """What can happen to a child."""

    ACKNOWLEDGED = "acknowledged"
    TRADED = "traded"
    COMPLETED = "completed"
    CANCEL_SENT = "cancel_sent"
    CANCELING = "canceling"
    """Its venue says that a cancel of ours is under way."""
    CANCEL_REFUSED = "cancel_refused"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    LOST = "lost"
    BUSTED = "busted"
    REOPENED = "reopened"
    """A bust or correction after which the venue says that the shares are at work again."""


_C, _I = ChildStatus, ChildInput

CHILD_TRANSITIONS: dict[tuple[ChildStatus, ChildInput], ChildStatus] = {
    (_C.NEW_PENDING, _I.ACKNOWLEDGED): _C.LIVE,
    (_C.NEW_PENDING, _I.TRADED): _C.LIVE,  # a fill may overtake the acknowledgement
    (_C.NEW_PENDING, _I.COMPLETED): _C.FILLED,
    (_C.NEW_PENDING, _I.CANCEL_SENT): _C.CANCEL_PENDING,
    (_C.NEW_PENDING, _I.CANCELING): _C.LIVE,
    (_C.NEW_PENDING, _I.CANCELED): _C.CANCELED,
    (_C.NEW_PENDING, _I.REJECTED): _C.REJECTED,
    (_C.NEW_PENDING, _I.EXPIRED): _C.EXPIRED,
    (_C.NEW_PENDING, _I.LOST): _C.UNKNOWN,
    (_C.LIVE, _I.ACKNOWLEDGED): _C.LIVE,
    (_C.LIVE, _I.TRADED): _C.LIVE,
    (_C.LIVE, _I.COMPLETED): _C.FILLED,
    (_C.LIVE, _I.CANCEL_SENT): _C.CANCEL_PENDING,
    (_C.LIVE, _I.CANCELING): _C.LIVE,
    (_C.LIVE, _I.CANCEL_REFUSED): _C.LIVE,
    (_C.LIVE, _I.CANCELED): _C.CANCELED,
    (_C.LIVE, _I.REJECTED): _C.REJECTED,
    (_C.LIVE, _I.EXPIRED): _C.EXPIRED,
    (_C.LIVE, _I.LOST): _C.UNKNOWN,
    (_C.LIVE, _I.BUSTED): _C.LIVE,
    (_C.CANCEL_PENDING, _I.ACKNOWLEDGED): _C.CANCEL_PENDING,
    (_C.CANCEL_PENDING, _I.TRADED): _C.CANCEL_PENDING,
    (_C.CANCEL_PENDING, _I.COMPLETED): _C.FILLED,
    (_C.CANCEL_PENDING, _I.CANCEL_SENT): _C.CANCEL_PENDING,
    (_C.CANCEL_PENDING, _I.CANCELING): _C.CANCEL_PENDING,
    (_C.CANCEL_PENDING, _I.CANCEL_REFUSED): _C.LIVE,
    (_C.CANCEL_PENDING, _I.CANCELED): _C.CANCELED,
    (_C.CANCEL_PENDING, _I.REJECTED): _C.REJECTED,
    (_C.CANCEL_PENDING, _I.EXPIRED): _C.EXPIRED,
    (_C.CANCEL_PENDING, _I.LOST): _C.UNKNOWN,
    (_C.CANCEL_PENDING, _I.BUSTED): _C.CANCEL_PENDING,
    # UNKNOWN ends only by the venue's word. A fill is no proof that the rest is still alive.
    (_C.UNKNOWN, _I.ACKNOWLEDGED): _C.LIVE,
    (_C.UNKNOWN, _I.TRADED): _C.UNKNOWN,
    (_C.UNKNOWN, _I.COMPLETED): _C.FILLED,
    (_C.UNKNOWN, _I.CANCEL_SENT): _C.UNKNOWN,
    (_C.UNKNOWN, _I.CANCELING): _C.CANCEL_PENDING,
    (_C.UNKNOWN, _I.CANCEL_REFUSED): _C.UNKNOWN,
    (_C.UNKNOWN, _I.CANCELED): _C.CANCELED,
    (_C.UNKNOWN, _I.REJECTED): _C.REJECTED,
    (_C.UNKNOWN, _I.EXPIRED): _C.EXPIRED,
    (_C.UNKNOWN, _I.LOST): _C.UNKNOWN,
    (_C.UNKNOWN, _I.BUSTED): _C.UNKNOWN,
    # A bust, or a fill that was late, changes quantities; a closed child opens again by its venue's
    # word only, and only one that had nothing left: what has been taken back stays so.
    **{(status, _I.BUSTED): status for status in CHILD_TERMINAL},
    **{(status, _I.TRADED): status for status in CHILD_TERMINAL},
    **{(status, _I.COMPLETED): status for status in CHILD_TERMINAL},
    **{(status, _I.CANCEL_REFUSED): status for status in CHILD_TERMINAL},
    # Its acknowledgement may come behind the fill, and a venue ends what its bust has left.
    (_C.FILLED, _I.ACKNOWLEDGED): _C.FILLED,
    (_C.FILLED, _I.CANCELING): _C.FILLED,
    (_C.FILLED, _I.CANCELED): _C.CANCELED,
    (_C.FILLED, _I.REOPENED): _C.LIVE,
    (_C.CANCELED, _I.REOPENED): _C.LIVE,  # closed by somebody else's word than its venue's
}
"""Anything else that a venue says is booked by its quantities and leaves the status alone."""


_S, _E = OrdStatus, ExecType
_OPEN = frozenset(
    {_S.NEW, _S.PARTIALLY_FILLED, _S.SUSPENDED, _S.PENDING_CANCEL, _S.PENDING_REPLACE}
)
_TRADED = frozenset({_S.PARTIALLY_FILLED, _S.FILLED})

PARENT_TRANSITIONS: dict[tuple[OrdStatus, ExecType], frozenset[OrdStatus]] = {
    (_S.PENDING_NEW, _E.NEW): frozenset({_S.NEW}),
    # a fill shows the order's highest state: fix.md 5.2
    (_S.NEW, _E.TRADE): _TRADED,
    (_S.PARTIALLY_FILLED, _E.TRADE): _TRADED,
    (_S.SUSPENDED, _E.TRADE): frozenset({_S.SUSPENDED, _S.FILLED}),
    (_S.PENDING_CANCEL, _E.TRADE): frozenset({_S.PENDING_CANCEL}),
    (_S.PENDING_REPLACE, _E.TRADE): frozenset({_S.PENDING_REPLACE}),
    # requests
    **{(status, _E.PENDING_CANCEL): frozenset({_S.PENDING_CANCEL}) for status in _OPEN},
    **{
        (status, _E.PENDING_REPLACE): frozenset({_S.PENDING_REPLACE})
        for status in _OPEN - {_S.PENDING_CANCEL}
    },
    (_S.PENDING_REPLACE, _E.REPLACED): frozenset(
        {_S.NEW, _S.PARTIALLY_FILLED, _S.FILLED, _S.SUSPENDED}
    ),
    # ends
    **{(status, _E.CANCELED): frozenset({_S.CANCELED}) for status in _OPEN},
    **{(status, _E.EXPIRED): frozenset({_S.EXPIRED}) for status in _OPEN},
    **{(status, _E.DONE_FOR_DAY): frozenset({_S.DONE_FOR_DAY}) for status in _OPEN},
    # the kill switch and its release
    (_S.NEW, _E.SUSPENDED): frozenset({_S.SUSPENDED}),
    (_S.PARTIALLY_FILLED, _E.SUSPENDED): frozenset({_S.SUSPENDED}),
    (_S.SUSPENDED, _E.RESTATED): frozenset({_S.NEW, _S.PARTIALLY_FILLED}),
    # late fills, busts and corrections move CumQty; 4, C and 3 stay (fix.md 5.2)
    **{
        (status, kind): frozenset({status})
        for status in (_S.CANCELED, _S.EXPIRED, _S.DONE_FOR_DAY, _S.PENDING_CANCEL)
        for kind in (_E.TRADE, _E.TRADE_CANCEL, _E.TRADE_CORRECT)
    },
    (_S.PENDING_REPLACE, _E.TRADE_CANCEL): frozenset({_S.PENDING_REPLACE}),
    (_S.PENDING_REPLACE, _E.TRADE_CORRECT): frozenset({_S.PENDING_REPLACE}),
    (_S.SUSPENDED, _E.TRADE_CANCEL): frozenset({_S.SUSPENDED}),
    (_S.SUSPENDED, _E.TRADE_CORRECT): frozenset({_S.SUSPENDED, _S.FILLED}),
    (_S.NEW, _E.TRADE_CORRECT): frozenset({_S.NEW, *_TRADED}),
    (_S.PARTIALLY_FILLED, _E.TRADE_CANCEL): frozenset({_S.NEW, _S.PARTIALLY_FILLED}),
    (_S.PARTIALLY_FILLED, _E.TRADE_CORRECT): frozenset({_S.NEW, *_TRADED}),
    (_S.FILLED, _E.TRADE): frozenset({_S.FILLED}),  # a venue's overfill
    (_S.FILLED, _E.TRADE_CANCEL): frozenset({_S.NEW, *_TRADED}),
    (_S.FILLED, _E.TRADE_CORRECT): frozenset({_S.NEW, *_TRADED}),
}
"""(OrdStatus now, ExecType of the report) to the OrdStatus that the report may carry."""

PARENT_TERMINAL = frozenset({_S.FILLED, _S.CANCELED, _S.EXPIRED, _S.DONE_FOR_DAY, _S.REJECTED})


class Fill(msgspec.Struct, array_like=True, gc=False):
    """One venue execution, as it stands after corrections. Quantity 0 after a bust."""

    key: str
    cl_ord_id: str
    qty: int
    px: int
    mic: str
    liquidity: str
    exec_id: str
    """The ExecID(17) under which the OMS was told last, for 19 in a bust or correction."""
    told_qty: int = 0
    """As the venue told it first, whatever has amended it since."""
    told_px: int = 0
    became: str = ""
    """The key of the bust or correction that has taken its place."""


class Context(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a child's decision knew, kept for its lesson."""

    learner: str = ""
    packed: bytes = b""
    """The features as doubles: as objects they would be most of what a child weighs."""
    champion: str = ""
    """Whom the learner was held against: it is taught the same lessons."""

    @property
    def features(self) -> tuple[float, ...]:
        """Of the child's arm, as they were decided on."""
        return tuple(array("d", self.packed))


NO_CONTEXT = Context()


class Child(msgspec.Struct, array_like=True, gc=False):
    """An order at a venue."""

    cl_ord_id: str
    parent_id: str
    decision: int
    mic: str
    tactic: Tactic
    symbol: str
    side: Side
    qty: int
    price: int | None
    min_qty: int
    sent_at: int
    cancel_at: int
    quote_id: str = ""
    context: Context = NO_CONTEXT
    status: ChildStatus = ChildStatus.NEW_PENDING
    order_id: str = ""
    cum_qty: int = 0
    notional: int = 0
    cancel_ids: tuple[str, ...] = ()
    queries: int = 0
    query_at: int = 0
    """Not before this time the venue is asked about it again."""
    unknown_answers: int = 0
    listed_at: int = 0
    """When its venue last named it in a list of all open orders."""
    cancel_reason: str = ""
    cancel_sent_at: int = 0
    cancel_refused_at: int = 0
    """When the venue refused the last cancel; 0 while that one is unanswered, or there was none."""
    filled_at: int = 0
    """When it first traded; 0 if it has not."""
    ended_at: int = 0
    last_look: bool = False
    unresolved: bool = False
    mark_mid: int = 0
    """In half price units, when it first traded; 0 without a ticket."""
    marked_at: int = 0
    horizon: int = 0
    """The next of its ticket's horizons."""
    markout_bp: float = 0.0
    """At the last one."""
    learned: bool = False
    fill_keys: tuple[str, ...] = ()
    amended_early: dict[str, tuple[str, int, int]] | None = None
    """By the key of an execution that has not come yet: key, quantity and price of what amends it;
    of a bust the quantity is 0. Nearly no child has any."""
    cod: str = ""
    """What its venue's profile says became of it when its session ended, until the venue has
    spoken: `cancels` or `works`. Empty: nothing."""
    unwanted: bool = False
    """A policy that was applied since would not have it at work."""
    claimed_qty: int = 0
    """CumQty(14) by its venue's last word, if that counts executions that were not told."""

    @property
    def terminal(self) -> bool:
        """True when the venue has closed it."""
        return self.status in CHILD_TERMINAL

    @property
    def closed_unheard(self) -> bool:
        """True if it was closed by another word than its venue's own end of it."""
        return self.unresolved and self.status is ChildStatus.CANCELED

    @property
    def lesson_due(self) -> bool:
        """True while there is something to learn from it: its end, or what the price does then."""
        ticket = bool(self.mark_mid) and self.horizon < len(MARKOUT_HORIZONS)
        return ticket or not self.learned

    @property
    def leaves_qty(self) -> int:
        """What it may still trade; 0 when closed."""
        return 0 if self.terminal else max(0, self.qty - self.cum_qty)

    def fill_key(self, trade_date: str, exec_id: str) -> str:
        """What makes an execution of it the same execution, by its ExecID(17).

        All its executions are of the day that the first was told with: it lives for one, and a bust
        after midnight, a second session or a person may name another (TradeDate(75), or without one
        TransactTime(60)).
        """
        known = self.fill_keys or tuple(self.amended_early or ())
        if known:
            trade_date = known[0][len(self.mic) + 1 :].partition(".")[0]
        return fill_key(self.mic, trade_date, exec_id)

    def turn(self, what: ChildInput, now: int) -> bool:
        """Apply an input to the status. False if the table has no such transition."""
        following = CHILD_TRANSITIONS.get((self.status, what))
        if following is None:
            return False
        if following in CHILD_TERMINAL and not self.terminal:
            self.ended_at = now
        self.status = following
        return True


class Request(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A client's cancel or replace that has not had its final answer."""

    cl_ord_id: str
    orig_cl_ord_id: str
    terms: OrderTerms | None
    """The new terms of a replace; None for a cancel."""


class Parent(msgspec.Struct, array_like=True, gc=False):
    """A client's order."""

    parent_id: str
    session: str
    cl_ord_id: str
    """The last accepted ClOrdID(11)."""
    terms: OrderTerms
    policy: str
    policy_hash: str
    algo: str
    algo_params: dict[str, str]
    start_time: int
    end_time: int
    expire_at: int
    arrival_mid: int
    opened_at: int
    status: OrdStatus = OrdStatus.PENDING_NEW
    cum_qty: int = 0
    notional: int = 0
    fees: int = 0
    pending: Request | None = None
    suspended: bool = False
    frozen: str = ""
    children: list[str] = []
    working: dict[str, int] = {}
    """LeavesQty of its children that are not terminal, by ClOrdID."""
    filled_by: dict[str, int] = {}
    filled_by_type: dict[str, int] = {}
    client_ids: list[str] = []
    """Every ClOrdID that the client has used for it."""
    next_at: int = 0
    """When it is looked at next; 0 when no timer is set."""
    algo_at: int = 0
    """When the algo itself wants to be asked next."""
    cum_at_decision: int = 0
    learner: str = ""
    champion: str = ""
    contexts: dict[str, tuple[float, ...]] = {}
    """Of the last decision: the features of each arm that was given shares."""
    rounds: int = 0
    """Decisions since the algo was last asked in its own time: bounded by `reroutes_max`."""
    volume: int = 0
    """Market volume seen since the start, shares."""
    narrowed_by: str = ""
    """Hash of the policy documents that were applied to it since; empty: only its own count."""
    loads: int = 0
    """How often documents had come into force when it was opened, or last narrowed."""
    unanswered: list[str] = []
    """Dealers that gave no quote when asked, since its algo was asked in its own time."""

    @property
    def client(self) -> str:
        """Whose ClOrdIDs(11) it is known by."""
        return client(self.session, self.terms.reply_to)

    @property
    def terminal(self) -> bool:
        """True when the OMS was told that it is over."""
        return self.status in PARENT_TERMINAL

    @property
    def held(self) -> bool:
        """True while nothing new may be sent for it, whatever its algo would say."""
        return bool(self.frozen) or self.suspended or self.pending is not None

    @property
    def working_qty(self) -> int:
        """LeavesQty of its children that are not terminal, UNKNOWN in full."""
        return sum(self.working.values())

    @property
    def leaves_qty(self) -> int:
        """LeavesQty(151): 0 when the order is over."""
        return 0 if self.terminal else max(0, self.terms.order_qty - self.cum_qty)

    def standing(self) -> OrdStatus:
        """The OrdStatus that a report of now carries: the highest state it is in (fix.md 5.2)."""
        if self.terminal and self.status is not OrdStatus.FILLED:
            return self.status
        if self.pending is not None:
            is_cancel = self.pending.terms is None
            return OrdStatus.PENDING_CANCEL if is_cancel else OrdStatus.PENDING_REPLACE
        return self.settled()

    def settled(self) -> OrdStatus:
        """The OrdStatus without a pending request."""
        if self.cum_qty >= self.terms.order_qty:
            return OrdStatus.FILLED
        if self.suspended:
            return OrdStatus.SUSPENDED
        return OrdStatus.PARTIALLY_FILLED if self.cum_qty else OrdStatus.NEW

    def release(self, ord_status: OrdStatus) -> None:
        """Drop the pending request: it was refused, and `ord_status` is what the refusal told."""
        assert ord_status is self.settled() or self.terminal, f"{self.parent_id}: {ord_status}"
        self.pending = None
        if not self.terminal:
            self._stand(ord_status)

    def turn(self, exec_type: ExecType, ord_status: OrdStatus) -> None:
        """Take the OrdStatus that a report told.

        Raises:
            AssertionError: the table does not know the transition: a mistake of ours.
        """
        allowed = PARENT_TRANSITIONS.get((self.status, exec_type), frozenset())
        assert ord_status in allowed, (
            f"{self.parent_id}: {self.status.name} may not become {ord_status.name} "
            f"by ExecType {exec_type.name}"
        )
        self._stand(ord_status)

    def _stand(self, ord_status: OrdStatus) -> None:
        """An order that is over is not suspended: a bust that opens it again asks anew."""
        self.status = ord_status
        self.suspended = self.suspended and not self.terminal
