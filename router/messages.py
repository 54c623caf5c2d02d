"""What happened and what we decided: the Event and Command unions, and the journal's only encoder.

Events are past facts, commands are imperatives. Both are history: `core.state` folds them alike.
All are frozen `msgspec.Struct`s; units are those of `router.model`. A field that was not on the
wire is its type's zero (`""`, `0`), never None, except prices, where 0 is not "no price".
"""

from __future__ import annotations

import msgspec

from router.model import ExecType, OrdStatus, OrdType, Side, Tactic, TimeInForce


class OrderTerms(msgspec.Struct, frozen=True):
    """What a client asks for in NewOrderSingle(D) and may change in OrderCancelReplaceRequest(G)."""

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


class CancelReceived(msgspec.Struct, frozen=True, tag=True):
    """OrderCancelRequest(F)."""

    session: str
    ref_seq_num: int
    cl_ord_id: str
    orig_cl_ord_id: str = ""
    order_id: str = ""


class ReplaceReceived(msgspec.Struct, frozen=True, tag=True):
    """OrderCancelReplaceRequest(G)."""

    session: str
    ref_seq_num: int
    cl_ord_id: str
    terms: OrderTerms
    orig_cl_ord_id: str = ""
    order_id: str = ""
    refusal: str = ""


class StatusReceived(msgspec.Struct, frozen=True, tag=True):
    """OrderStatusRequest(H)."""

    session: str
    ref_seq_num: int
    cl_ord_id: str = ""
    order_id: str = ""
    symbol: str = ""
    side: str = ""
    ord_status_req_id: str = ""


class MassStatusReceived(msgspec.Struct, frozen=True, tag=True):
    """OrderMassStatusRequest(AF). Type 7 asks for all orders, type 1 for one symbol's."""

    session: str
    ref_seq_num: int
    mass_status_req_id: str
    mass_status_req_type: str
    symbol: str = ""
    account: str = ""


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
    """LastRptRequested(912)=Y."""


class CancelRejectReceived(msgspec.Struct, frozen=True, tag=True):
    """OrderCancelReject(9) from a venue."""

    mic: str
    cl_ord_id: str
    orig_cl_ord_id: str
    ord_status: OrdStatus
    cxl_rej_reason: str = ""
    text: str = ""


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
    """Quote(S) from a dealer, streamed or answering a QuoteRequest(R). A size of 0: no such side."""

    mic: str
    symbol: str
    quote_id: str
    bid_px: int = 0
    bid_size: int = 0
    offer_px: int = 0
    offer_size: int = 0
    valid_until: int = 0
    quote_req_id: str = ""


class QuoteCanceled(msgspec.Struct, frozen=True, tag=True):
    """QuoteCancel(Z), or a refused QuoteRequest. An empty quote_id means all of the symbol."""

    mic: str
    symbol: str
    quote_id: str = ""
    quote_req_id: str = ""


# --- Events: from ourselves and the operator ---------------------------------------------------


class SessionOpened(msgspec.Struct, frozen=True, tag=True):
    """A session is logged on. `mic` is empty for an OMS."""

    session: str
    mic: str = ""


class SessionClosed(msgspec.Struct, frozen=True, tag=True):
    """A session is lost or logged out. `mic` is empty for an OMS."""

    session: str
    mic: str = ""
    reason: str = ""


class TimerFired(msgspec.Struct, frozen=True, tag=True):
    """The core's deadline has passed."""


class Restarted(msgspec.Struct, frozen=True, tag=True):
    """The daemon has started: the first event of every epoch."""

    epoch: int
    config_hash: str = ""


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


Event = (
    OrderReceived
    | CancelReceived
    | ReplaceReceived
    | StatusReceived
    | MassStatusReceived
    | ExecutionReceived
    | CancelRejectReceived
    | ChildRefused
    | MarketDataReceived
    | MarketDataLost
    | QuoteReceived
    | QuoteCanceled
    | SessionOpened
    | SessionClosed
    | TimerFired
    | Restarted
    | KillRequested
    | ArmRequested
)

MARKET_EVENTS = (MarketDataReceived, MarketDataLost, QuoteReceived, QuoteCanceled)
"""Events that go to the unsynced market file, not to the journal."""


# --- Commands: to the OMS ----------------------------------------------------------------------


class OpenParent(msgspec.Struct, frozen=True, tag=True):
    """Take a client's order as a parent, pinned to the policy that was in force."""

    parent_id: str
    session: str
    cl_ord_id: str
    terms: OrderTerms
    policy: str
    policy_hash: str
    algo: str
    algo_params: dict[str, str]
    start_time: int
    end_time: int
    arrival_mid: int
    """Midpoint over lit venues in half price units (bid + offer); 0 if there was no market."""


class Report(msgspec.Struct, frozen=True, tag=True):
    """ExecutionReport(8) to an OMS. What a parent's OrdStatus is, is what its last Report said."""

    session: str
    parent_id: str
    cl_ord_id: str
    exec_id: str
    exec_type: ExecType
    ord_status: OrdStatus
    terms: OrderTerms
    cum_qty: int
    leaves_qty: int
    notional: int
    """Sum of quantity times price over executions: AvgPx(6) is derived when printed."""
    orig_cl_ord_id: str = ""
    last_qty: int = 0
    last_px: int = 0
    last_mkt: str = ""
    liquidity: str = ""
    exec_ref_id: str = ""
    ord_rej_reason: str = ""
    text: str = ""
    transact_time: int = 0
    ord_status_req_id: str = ""
    mass_status_req_id: str = ""
    tot_num_reports: int = 0
    last_report: bool = False
    child_cl_ord_id: str = ""
    """For a fill: the child that earned it. Not sent."""


class RefuseCancel(msgspec.Struct, frozen=True, tag=True):
    """OrderCancelReject(9) to an OMS."""

    session: str
    cl_ord_id: str
    orig_cl_ord_id: str
    order_id: str
    ord_status: OrdStatus
    response_to: str
    """CxlRejResponseTo(434): 1 to a cancel, 2 to a replace."""
    cxl_rej_reason: str
    text: str
    parent_id: str = ""


class RefuseMessage(msgspec.Struct, frozen=True, tag=True):
    """BusinessMessageReject(j) to an OMS."""

    session: str
    ref_seq_num: int
    ref_msg_type: str
    business_reject_reason: str
    ref_id: str
    text: str


# --- Commands: to a venue ----------------------------------------------------------------------


class SendChild(msgspec.Struct, frozen=True, tag=True):
    """NewOrderSingle(D) to a venue."""

    cl_ord_id: str
    parent_id: str
    decision: int
    """The `seq` of the Decide command that this child belongs to."""
    mic: str
    tactic: Tactic
    symbol: str
    side: Side
    qty: int
    ord_type: OrdType
    time_in_force: TimeInForce
    price: int | None
    account: str = ""
    min_qty: int = 0
    quote_id: str = ""
    cancel_at: int = 0
    """When a resting child's slice ends, UTC nanoseconds; 0 for a child that does not rest."""


class CancelChild(msgspec.Struct, frozen=True, tag=True):
    """OrderCancelRequest(F) to a venue."""

    cl_ord_id: str
    orig_cl_ord_id: str
    mic: str
    order_id: str
    symbol: str
    side: Side
    qty: int
    reason: str


class QueryChild(msgspec.Struct, frozen=True, tag=True):
    """OrderStatusRequest(H) to a venue."""

    mic: str
    cl_ord_id: str
    order_id: str
    symbol: str
    side: Side


class QueryVenue(msgspec.Struct, frozen=True, tag=True):
    """OrderMassStatusRequest(AF) to a venue, for all orders."""

    mic: str
    mass_status_req_id: str


class RequestQuote(msgspec.Struct, frozen=True, tag=True):
    """QuoteRequest(R) to a dealer."""

    mic: str
    quote_req_id: str
    parent_id: str
    symbol: str
    side: Side
    qty: int
    expires: int


# --- Commands: to ourselves --------------------------------------------------------------------


class CapNote(msgspec.Struct, frozen=True, array_like=True):
    """Who lowered a candidate's cap, to what, in shares."""

    by: str
    cap: int
    note: str = ""


class CandidateRecord(msgspec.Struct, frozen=True):
    """One candidate of a decision, as `sluice why` shows it."""

    arm: str
    price: int | None
    displayed: int
    cap: int
    """Shares, after every rule."""
    caps: tuple[CapNote, ...]
    min_qty: int
    floor: int
    features: tuple[float, ...]
    cost_bp: float
    """Price against mid and fee, bp of the mid: known before the fill."""
    value_bp: float
    tail: tuple[float, ...]
    """P(fill of at least j lots) at j = 1, 2, 4, 8 ... lots, as drawn."""
    tail_mean: tuple[float, ...]
    """The same at the posterior mean."""
    qty: int
    """Shares allocated, before limits."""
    marginal_bp: float
    """Value times tail of the next lot that was not given, bp."""


class Decide(msgspec.Struct, frozen=True, tag=True):
    """A decision: everything that it was made from, and what it gave to whom."""

    parent_id: str
    due_qty: int
    urgency: float
    lot: int
    mid: int
    """In half price units."""
    next_at: int
    """When the algo wants to be asked again, UTC nanoseconds."""
    features: tuple[str, ...]
    feature_version: int
    learner: str
    learner_version: int
    policy_hash: str
    candidates: tuple[CandidateRecord, ...]
    reason: str = ""
    """Why nothing was sent, if nothing was: the code of the gating rule, limit or state."""


class Wait(msgspec.Struct, frozen=True, tag=True):
    """Nothing is due for a parent now: ask again later."""

    parent_id: str
    until: int
    reason: str


class NoteBreach(msgspec.Struct, frozen=True, tag=True):
    """A limit refused an order. `order_id` is a child's ClOrdID or a client's."""

    limit: str
    code: str
    text: str
    parent_id: str
    order_id: str
    mic: str
    account: str


class MarkChild(msgspec.Struct, frozen=True, tag=True):
    """The midpoint seen when a child first traded, in half price units: the markout's start."""

    cl_ord_id: str
    mid: int


class Learn(msgspec.Struct, frozen=True, tag=True):
    """One lesson: what an arm was asked for, what it gave, and what the price did afterwards."""

    cl_ord_id: str
    learner: str
    symbol: str
    arm: str
    features: tuple[float, ...]
    feature_version: int
    sent_lots: int
    filled_lots: int
    min_lots: int
    outcome: str
    """`observed`, or why the row is missing: `rejected`, `last_look`, `unknown`, `canceled_early`."""
    markout_bp: float | None
    """-10^4 * side * (mid after the horizon - mid at the fill) / mid, or None if it was not seen."""


class EngageKill(msgspec.Struct, frozen=True, tag=True):
    """The kill switch holds for a scope from here on."""

    kill_id: str
    scope: str
    value: str
    who: str
    reason: str


class ReleaseKill(msgspec.Struct, frozen=True, tag=True):
    """A kill is lifted by a named person."""

    kill_id: str
    who: str
    reason: str


class MarkUnknown(msgspec.Struct, frozen=True, tag=True):
    """A child's fate is not known: it counts in full until the venue has answered."""

    cl_ord_id: str
    reason: str


class SettleChild(msgspec.Struct, frozen=True, tag=True):
    """The venue has said that it has no such live order: the child is closed with what it traded."""

    cl_ord_id: str
    reason: str


class FreezeParent(msgspec.Struct, frozen=True, tag=True):
    """Something that cannot be has happened to a parent: no more children for it."""

    parent_id: str
    reason: str


Command = (
    OpenParent
    | Report
    | RefuseCancel
    | RefuseMessage
    | SendChild
    | CancelChild
    | QueryChild
    | QueryVenue
    | RequestQuote
    | Decide
    | Wait
    | NoteBreach
    | MarkChild
    | Learn
    | EngageKill
    | ReleaseKill
    | MarkUnknown
    | SettleChild
    | FreezeParent
)


# --- The journal's record ----------------------------------------------------------------------


class Sent(msgspec.Struct, frozen=True, array_like=True):
    """One frame given to a session: it is resent from here, byte for byte but for 43, 122 and 52."""

    session: str
    msg_seq_num: int
    frame: bytes


class SessionNumbers(msgspec.Struct, frozen=True, array_like=True):
    """A session's next numbers after the step."""

    session: str
    next_in: int
    next_out: int


class Step(msgspec.Struct, frozen=True):
    """One record: what came in, what was decided, what left, and where the sessions stand."""

    seq: int
    now: int
    event: Event | None = None
    """None for a step of a session alone, such as a heartbeat."""
    commands: tuple[Command, ...] = ()
    frame: bytes = b""
    """The inbound frame that became the event."""
    session: str = ""
    """The session that it came in on."""
    sent: tuple[Sent, ...] = ()
    numbers: tuple[SessionNumbers, ...] = ()


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Step)


def encode_step(step: Step) -> bytes:
    """A step as msgpack."""
    return _encoder.encode(step)


def decode_step(data: bytes | memoryview) -> Step:
    """The step that `encode_step` wrote.

    Raises:
        msgspec.ValidationError, msgspec.DecodeError: if the bytes are not a step.
    """
    return _decoder.decode(data)
