"""Commands: imperatives, to the OMS, to a venue, and to ourselves. They are history too."""

from __future__ import annotations

import msgspec

from router.messages.doubt import (
    AssignSuspense,
    BookCopy,
    DismissSuspense,
    DisputeExecution,
    EnterBust,
    EnterExecution,
    ExpectCod,
    MarkUnknown,
    NoteCod,
    NoteSuspense,
    ReleaseParent,
    SettleChild,
    SuspendCopy,
)
from router.messages.events import OrderTerms
from router.messages.policies import Disallow
from router.messages.safety import FreezeLearner, Safety, ThawLearner
from router.model import ExecType, OrdStatus, OrdType, Side, Tactic, TimeInForce

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
    """When the algo's schedule ends, UTC nanoseconds; 0 if it has none."""
    expire_at: int
    """When the order itself ends, UTC nanoseconds; 0 for a good-till-cancel order."""
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
    exec_restatement_reason: str = ""
    """ExecRestatementReason(378) of a restatement."""
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
    reply_to: str = ""
    repeated: bool = False
    """The ClOrdID is that of a request that is pending, and that stays so."""


class ReportMassCancel(msgspec.Struct, frozen=True, tag=True):
    """OrderMassCancelReport(r) to an OMS. The reports of the orders themselves follow."""

    session: str
    cl_ord_id: str
    mass_cancel_id: str
    """OrderID(37) and MassActionReportID(1369) of the request."""
    mass_cancel_request_type: str
    mass_cancel_response: str
    """MassCancelResponse(531): the type of the request, or 0 if it is refused."""
    total_affected_orders: int = 0
    mass_cancel_reject_reason: str = ""
    symbol: str = ""
    text: str = ""
    reply_to: str = ""


class RefuseMessage(msgspec.Struct, frozen=True, tag=True):
    """BusinessMessageReject(j) to an OMS."""

    session: str
    ref_seq_num: int
    ref_msg_type: str
    business_reject_reason: str
    ref_id: str
    text: str
    reply_to: str = ""


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
    """What the next lot, that was not given, was worth: value times tail less footprint, bp."""


class UrgencyNote(msgspec.Struct, frozen=True):
    """Where u(x) comes from if a policy names an urgency table."""

    table: str
    """`name@` and the first twelve digits of its SHA-256."""
    by: str
    """`table`; `schedule`: it has no answer there, and the lag behind Almgren & Chriss holds; `must
    trade` or `no place in the table`: the algo's urgency holds, without the band."""
    cell: tuple[int, ...]
    """Buckets of time gone, of what remains, and levels of the market's state; may be empty."""
    learned_bp: float | None
    """Before the band; None where the algo's urgency holds."""
    at_least_bp: float
    at_most_bp: float


class Decide(msgspec.Struct, frozen=True, tag=True):
    """A decision: everything that it was made from, and what it gave to whom."""

    parent_id: str
    due_qty: int
    urgency: float
    lot: int
    mid: int
    """In half price units."""
    volume: int
    """Shares seen traded in the market since the parent's start."""
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
    urgency_bp: float | None = None
    """u(x), the cost of not filling a share now, bp of the mid; None in journals without it.

    With it the learner's request is whole: the scores can be made again from the journal alone.
    """
    child_lots: int = 256
    """99th percentile of the instrument's children, lots, as in its lessons."""
    intervals: int = 1
    """For how many seconds a child that rests would have rested."""
    drift_bp: float = 0.0
    """The predictor's expected move of the mid, bp, + is away from the order: u(x) holds it."""
    predictor: str = ""
    """sha256 of the predictor's file; empty where none was asked."""
    urgency_note: UrgencyNote | None = None
    """Where `urgency_bp` comes from; None: from `urgency` alone."""
    safety: Safety | None = None
    """What bounded its exploring; None in journals without it, which took every draw."""
    impact_bp: float = 0.0
    """The scale of what a lot that is taken costs the rest, bp, as the learner was told."""
    footprint_bp: float = 0.0
    """By how much each lot of a candidate was worth less than the lot before it, bp."""
    rounds: float = 0.0
    """How many orders that rest could have followed one another, as the learner was told."""
    wait_bp: float = 0.0
    """How much less than u a share cost that waited, bp: to take one was worth less by it."""


class Wait(msgspec.Struct, frozen=True, tag=True):
    """Nothing is due for a parent now: ask again later."""

    parent_id: str
    until: int
    reason: str
    volume: int = 0
    """Shares seen traded in the market since the parent's start."""


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
    """A child has first traded: its ticket opens, with the midpoint there, in half price units."""

    cl_ord_id: str
    mid: int


class LearnMarkout(msgspec.Struct, frozen=True, tag=True):
    """What the price has done since a ticket was opened, at one of its horizons, in their order."""

    cl_ord_id: str
    learner: str
    symbol: str
    arm: str
    features: tuple[float, ...]
    feature_version: int
    lots: int
    """Filled by now."""
    horizon: int
    """Its place in `router.ports.MARKOUT_HORIZONS`."""
    markout_bp: float | None
    """-10^4 * side * (mid now - mid at the fill) / mid at the fill, + is adverse. None if it could
    not be seen: the ticket is closed, and nothing is put in its place."""
    before_bp: float
    """The same at the horizon before; 0 at the first."""


class Learn(msgspec.Struct, frozen=True, tag=True):
    """One lesson: what an arm was asked for and what it gave."""

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
    """`observed`, or why the row is missing: see `router.core.rewards`."""
    markout_bp: float | None
    """None: see `LearnMarkout`. In journals from before it, the markout at the main horizon."""
    child_lots: int = 256
    """99th percentile of the instrument's children, lots: it scales the size bins."""
    intervals: int = 1
    """Of a resting child: seconds begun until its first fill or, without one, over by its end."""


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


class Reschedule(msgspec.Struct, frozen=True, tag=True):
    """After a replace: the algo's parameters and the parent's times under the new terms."""

    parent_id: str
    algo_params: dict[str, str]
    end_time: int
    expire_at: int
    start_time: int = 0
    """0: as it was."""


class FreezeParent(msgspec.Struct, frozen=True, tag=True):
    """Something that cannot be has happened to a parent: no more children for it."""

    parent_id: str
    reason: str


Command = (
    OpenParent
    | Report
    | ReportMassCancel
    | RefuseCancel
    | RefuseMessage
    | SendChild
    | CancelChild
    | Disallow
    | QueryChild
    | QueryVenue
    | RequestQuote
    | Decide
    | Wait
    | NoteBreach
    | MarkChild
    | Learn
    | LearnMarkout
    | EngageKill
    | ReleaseKill
    | MarkUnknown
    | ExpectCod
    | NoteCod
    | SettleChild
    | Reschedule
    | FreezeParent
    | FreezeLearner
    | ThawLearner
    | NoteSuspense
    | AssignSuspense
    | DismissSuspense
    | EnterExecution
    | EnterBust
    | BookCopy
    | SuspendCopy
    | ReleaseParent
    | DisputeExecution
)
