"""Events: past facts, from an OMS, from a venue, from ourselves and the operator.

Units are those of `router.model`. A field that was not on the wire is its type's zero ("", 0),
never None, except prices, where 0 is not "no price".
"""

from __future__ import annotations

import msgspec

from router.messages.doubt import (
    AssignRequested,
    BustRequested,
    DismissRequested,
    ReleaseRequested,
    SettleRequested,
)
from router.messages.policies import PoliciesLoaded, PoliciesRefused, PolicyFiles
from router.messages.safety import FreezeRequested, ThawRequested
from router.model import ExecType, OrdStatus, OrdType, Side, TimeInForce


class OrderTerms(msgspec.Struct, frozen=True):
    """What a client asks for in NewOrderSingle(D), and may change by a replace (G)."""

    symbol: str
    side: Side
    order_qty: int
    ord_type: OrdType
    time_in_force: TimeInForce = TimeInForce.DAY
    price: int | None = None
    account: str = ""
    min_qty: int = 0
    effective_time: int = 0
    expire_time: int = 0
    algo: str = ""
    """TargetStrategy(847): an algo's name; empty leaves the choice to the policy."""
    params: dict[str, str] = {}
    """TargetStrategyParameters(848), name to text; the algo's schema reads the values."""
    reply_to: str = ""
    """DeliverTo fields (128, 129, 145) of every answer, as text: for whom the request was sent."""


# --- Events: from an OMS -----------------------------------------------------------------------


class OrderReceived(msgspec.Struct, frozen=True, tag=True):
    """NewOrderSingle(D)."""

    session: str
    ref_seq_num: int
    cl_ord_id: str
    terms: OrderTerms
    poss_resend: bool = False
    refusal: str = ""
    """Why the terms cannot be taken at all (unknown enumeration and the like), as `CODE: text`."""
    closed: str = ""
    """Why its session takes nothing that adds risk: it is logged out, or to be."""


class CancelReceived(msgspec.Struct, frozen=True, tag=True):
    """OrderCancelRequest(F)."""

    session: str
    ref_seq_num: int
    cl_ord_id: str
    orig_cl_ord_id: str = ""
    order_id: str = ""
    reply_to: str = ""
    poss_resend: bool = False


class ReplaceReceived(msgspec.Struct, frozen=True, tag=True):
    """OrderCancelReplaceRequest(G)."""

    session: str
    ref_seq_num: int
    cl_ord_id: str
    terms: OrderTerms
    orig_cl_ord_id: str = ""
    order_id: str = ""
    refusal: str = ""
    poss_resend: bool = False
    closed: str = ""


class StatusReceived(msgspec.Struct, frozen=True, tag=True):
    """OrderStatusRequest(H)."""

    session: str
    ref_seq_num: int
    cl_ord_id: str = ""
    order_id: str = ""
    symbol: str = ""
    side: str = ""
    ord_status_req_id: str = ""
    reply_to: str = ""


class MassStatusReceived(msgspec.Struct, frozen=True, tag=True):
    """OrderMassStatusRequest(AF). Type 7 asks for all orders, type 1 for one symbol's."""

    session: str
    ref_seq_num: int
    mass_status_req_id: str
    mass_status_req_type: str
    symbol: str = ""
    account: str = ""
    reply_to: str = ""


class MassCancelReceived(msgspec.Struct, frozen=True, tag=True):
    """OrderMassCancelRequest(q). Type 7 takes back all orders of the session, 1 one symbol's."""

    session: str
    ref_seq_num: int
    cl_ord_id: str
    mass_cancel_request_type: str
    symbol: str = ""
    side: str = ""
    """Side(54), if only one is meant."""
    reply_to: str = ""


# --- Events: from a venue ----------------------------------------------------------------------


class ExecutionReceived(msgspec.Struct, frozen=True, tag=True):
    """ExecutionReport(8) from a venue. AvgPx(6) is left out: it is recomputed, never trusted."""

    mic: str
    cl_ord_id: str
    exec_id: str
    exec_type: ExecType
    ord_status: OrdStatus
    order_id: str = ""
    orig_cl_ord_id: str = ""
    exec_ref_id: str = ""
    symbol: str = ""
    side: str = ""
    order_qty: int = 0
    cum_qty: int = 0
    leaves_qty: int = 0
    last_qty: int = 0
    last_px: int = 0
    liquidity: str = ""
    """LastLiquidityInd(851): 1 added, 2 removed; empty if not told."""
    ord_rej_reason: str = ""
    text: str = ""
    trade_date: str = ""
    transact_time: int = 0
    mass_status_req_id: str = ""
    last_report: bool = False
    """LastRptRequested(912)=Y, or OrdStatus(39)=U: nothing is open."""
    poss_dup: bool = False
    """PossDupFlag(43)=Y: it says what was, when it was first sent."""
    account: str = ""
    tot_num_reports: int = 0
    """TotNumReports(911) of the answer to an AF."""


class CopyReceived(msgspec.Struct, frozen=True, tag=True):
    """A copy of an ExecutionReport(8): CopyMsgIndicator(797)=Y, or a session of copies."""

    session: str
    execution: ExecutionReceived
    """What was copied, as its venue told it."""
    wait_ns: int
    """How long the original is waited for."""
    trusted: bool
    """Without the original, the copy counts as the execution itself."""


class CancelRejectReceived(msgspec.Struct, frozen=True, tag=True):
    """OrderCancelReject(9) from a venue."""

    mic: str
    cl_ord_id: str
    orig_cl_ord_id: str
    ord_status: OrdStatus
    cxl_rej_reason: str = ""
    text: str = ""
    poss_dup: bool = False


class ChildRefused(msgspec.Struct, frozen=True, tag=True):
    """Reject(3) or BusinessMessageReject(j) for a message of ours: a definitive refusal."""

    mic: str
    cl_ord_id: str
    ref_msg_type: str
    text: str = ""


class MarketDataEntry(msgspec.Struct, frozen=True, array_like=True):
    """One MDEntry of a snapshot (W) or an increment (X)."""

    entry_type: str
    """MDEntryType(269): 0 bid, 1 offer, 2 trade."""
    action: str
    """MDUpdateAction(279): 0 new, 1 change, 2 delete."""
    px: int
    qty: int
    aggressor: int = 0
    """For a trade: +1 a buyer took, -1 a seller took, 0 not told."""


class MarketDataReceived(msgspec.Struct, frozen=True, tag=True):
    """MarketDataSnapshotFullRefresh(W) or MarketDataIncrementalRefresh(X), one symbol."""

    mic: str
    symbol: str
    snapshot: bool
    entries: tuple[MarketDataEntry, ...]


class MarketDataLost(msgspec.Struct, frozen=True, tag=True):
    """The feed of a venue is down: every book and quote of it is stale."""

    mic: str


class QuoteReceived(msgspec.Struct, frozen=True, tag=True):
    """Quote(S) from a dealer, streamed or answering a QuoteRequest(R). Size 0: no such side."""

    mic: str
    symbol: str
    quote_id: str
    bid_px: int = 0
    bid_size: int = 0
    offer_px: int = 0
    offer_size: int = 0
    valid_until: int = 0
    """0: it is not told."""
    quote_req_id: str = ""


class QuoteCanceled(msgspec.Struct, frozen=True, tag=True):
    """QuoteCancel(Z), or a refused QuoteRequest. An empty quote_id means all of the symbol."""

    mic: str
    symbol: str
    quote_id: str = ""
    quote_req_id: str = ""


class TradingStatusReceived(msgspec.Struct, frozen=True, tag=True):
    """SecurityStatus(f): trading in a symbol has stopped at a venue, or goes on."""

    mic: str
    symbol: str
    halted: bool


# --- Events: from ourselves and the operator ---------------------------------------------------


class SessionOpened(msgspec.Struct, frozen=True, tag=True):
    """A session is logged on. `mic` is empty for an OMS."""

    session: str
    mic: str = ""
    sure_ns: int = 0
    """So long it takes at most until the session ends if its line is dead; 0: nobody looks."""


class SessionClosed(msgspec.Struct, frozen=True, tag=True):
    """A session is lost or logged out. `mic` is empty for an OMS."""

    session: str
    mic: str = ""
    reason: str = ""
    cancel_after_ns: int = 0
    """Of an OMS: its open orders are taken back if it is gone for so long; 0: they work on."""
    connected: bool = False
    """True: the connection is there, after our Logout or where only what was said is in doubt. No
    venue cancels then what it cancels on disconnect."""
    heard_at: int = 0
    """When the peer was last heard, UTC nanoseconds."""


class TimerFired(msgspec.Struct, frozen=True, tag=True):
    """The core's deadline has passed."""

    most: int = 0
    """So many timers at most are served, the others by the next one; 0: all that are due."""


class Restarted(msgspec.Struct, frozen=True, tag=True):
    """The daemon has started: the first event of every epoch."""

    epoch: int
    config_hash: str = ""
    facts: dict[str, str] = {}
    """What of the configuration must not change unnoticed: see `router.build_facts`."""
    policies: PolicyFiles | None = None
    """What is in force from here on; None: what was before."""


class ChangesAccepted(msgspec.Struct, frozen=True, tag=True):
    """A person has taken upon them what the configuration has changed since the last life."""

    hash: str
    changes: tuple[str, ...]
    who: str


class StorageChanged(msgspec.Struct, frozen=True, tag=True):
    """The journal's disk is in trouble, or in trouble no more: then `trouble` is empty.

    While it is, nothing is taken that adds risk; what takes risk back is recorded and leaves.
    """

    trouble: str


class KillRequested(msgspec.Struct, frozen=True, tag=True):
    """An operator engages the kill switch. Scope `all`, `account` or `venue`."""

    scope: str
    value: str
    who: str
    reason: str


class ArmRequested(msgspec.Struct, frozen=True, tag=True):
    """An operator releases a kill by its id. `who` is the named person who takes it upon them."""

    kill_id: str
    who: str
    reason: str


class SessionCommanded(msgspec.Struct, frozen=True, tag=True):
    """An operator's hand on a FIX session, by whom and why."""

    session: str
    action: str
    """`logon`, `logout`, `reset` or `set_numbers`."""
    who: str
    reason: str
    next_in: int = 0
    """With `set_numbers`: the next MsgSeqNum(34) to expect, and the next to send."""
    next_out: int = 0


class ModelArray(msgspec.Struct, frozen=True, array_like=True):
    """One array of a learner's state."""

    name: str
    shape: tuple[int, ...]
    data: bytes
    """float64, little-endian, in C order."""


class ModelLoaded(msgspec.Struct, frozen=True, tag=True):
    """A learner's state was read from a file, and checked: all of it, in parts.

    With the last part the learner goes on from there. The arrays are here so that nobody has to
    find the file again.
    """

    learner: str
    """The learner's key."""
    path: str
    file_hash: str
    """sha256 of the file, hex."""
    feature_version: int
    lessons: int
    """That the learner had taken when it was saved."""
    part: int
    """From 1 on."""
    parts: int
    arrays: tuple[ModelArray, ...]


class ModelRefused(msgspec.Struct, frozen=True, tag=True):
    """A learner's state could not be had from its file, in this life of the daemon."""

    learner: str
    path: str
    reason: str
    file_hash: str = ""
    """Empty if the file could not be read at all."""


Event = (
    OrderReceived
    | CancelReceived
    | ReplaceReceived
    | StatusReceived
    | MassStatusReceived
    | MassCancelReceived
    | ExecutionReceived
    | CopyReceived
    | CancelRejectReceived
    | ChildRefused
    | MarketDataReceived
    | MarketDataLost
    | QuoteReceived
    | QuoteCanceled
    | TradingStatusReceived
    | SessionOpened
    | SessionClosed
    | TimerFired
    | Restarted
    | StorageChanged
    | ChangesAccepted
    | KillRequested
    | ArmRequested
    | SessionCommanded
    | ModelLoaded
    | ModelRefused
    | PoliciesLoaded
    | PoliciesRefused
    | FreezeRequested
    | ThawRequested
    | AssignRequested
    | DismissRequested
    | ReleaseRequested
    | SettleRequested
    | BustRequested
)

MarketEvent = (
    MarketDataReceived | MarketDataLost | QuoteReceived | QuoteCanceled | TradingStatusReceived
)
MARKET_EVENTS = (
    MarketDataReceived,
    MarketDataLost,
    QuoteReceived,
    QuoteCanceled,
    TradingStatusReceived,
)
"""Events that go to the unsynced market file, not to the journal."""
