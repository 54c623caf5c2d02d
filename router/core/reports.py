"""What the OMS is told: every ExecutionReport(8) and OrderCancelReject(9) is made here.

Owns the arithmetic of what a report carries (fix.md 5.1, 5.2). Decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from router.core.ids import report_id
from router.core.orders import ChildStatus, Fill, Parent
from router.core.state import State
from router.messages import OrderTerms, RefuseCancel, Report
from router.model import ExecType, OrdStatus
from router.ports import Refusal


def report(
    shard: str,
    state: State,
    parent: Parent,
    exec_type: ExecType,
    now: int,
    *,
    ord_status: OrdStatus | None = None,
    cl_ord_id: str = "",
    orig_cl_ord_id: str = "",
    terms: OrderTerms | None = None,
    text: str = "",
) -> Report:
    """A report about a parent that carries no execution."""
    status = ord_status or parent.standing()
    terms = terms or parent.terms
    return Report(
        session=parent.session,
        parent_id=parent.parent_id,
        cl_ord_id=cl_ord_id or parent.cl_ord_id,
        orig_cl_ord_id=orig_cl_ord_id,
        exec_id=report_id(shard, state.epoch, state.reports),
        exec_type=exec_type,
        ord_status=status,
        terms=terms,
        cum_qty=parent.cum_qty,
        leaves_qty=_leaves(status, terms.order_qty, parent.cum_qty),
        notional=parent.notional,
        transact_time=now,
        text=text,
    )


def status_report(shard: str, state: State, parent: Parent, now: int) -> Report:
    """Where a parent stands, with ExecType(150)=I; a pending one says for which venues it waits."""
    silent = [
        child.mic for child in state.children_of(parent) if child.status is ChildStatus.UNKNOWN
    ]
    text = f"VENUE_SILENT: mic={' '.join(silent)}" if silent and parent.pending else ""
    return report(shard, state, parent, ExecType.ORDER_STATUS, now, text=text)


def suspension(shard: str, state: State, parent: Parent, now: int) -> Iterator[Report]:
    """150=9 if a kill holds for an order against which nothing else stands."""
    kill = state.kill_of(parent)
    if kill is not None and parent.status in (OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED):
        text = f"KILL_ENGAGED: id={kill.kill_id}, scope={kill.scope} {kill.value}".rstrip()
        status = OrdStatus.SUSPENDED
        yield report(shard, state, parent, ExecType.SUSPENDED, now, ord_status=status, text=text)


def fill_report(parent: Parent, fill: Fill, exec_type: ExecType, now: int) -> Report:
    """A venue's execution, bust or correction, told under an ExecID that is a function of its own.

    Call after the execution was folded: the quantities are those after it.
    """
    status = parent.standing()
    return Report(
        session=parent.session,
        parent_id=parent.parent_id,
        cl_ord_id=parent.cl_ord_id,
        exec_id=fill.exec_id,
        exec_type=exec_type,
        ord_status=status,
        terms=parent.terms,
        cum_qty=parent.cum_qty,
        leaves_qty=_leaves(status, parent.terms.order_qty, parent.cum_qty),
        notional=parent.notional,
        last_qty=fill.qty,
        last_px=fill.px,
        last_mkt=fill.mic,
        liquidity=fill.liquidity,
        transact_time=now,
        child_cl_ord_id=fill.cl_ord_id,
    )


def rejection(
    shard: str,
    state: State,
    session: str,
    cl_ord_id: str,
    terms: OrderTerms,
    refusal: Refusal,
    now: int,
) -> Report:
    """The answer to an order that never became a parent: 8 with 150=8."""
    return Report(
        session=session,
        parent_id="NONE",
        cl_ord_id=cl_ord_id,
        exec_id=report_id(shard, state.epoch, state.reports),
        exec_type=ExecType.REJECTED,
        ord_status=OrdStatus.REJECTED,
        terms=terms,
        cum_qty=0,
        leaves_qty=0,
        notional=0,
        ord_rej_reason=refusal.ord_rej_reason,
        text=refusal.text,
        transact_time=now,
    )


def cancel_refusal(
    parent: Parent, cl_ord_id: str, response_to: str, reason: str, text: str
) -> RefuseCancel:
    """The answer to a cancel (434=1) or replace (434=2) that is refused, of an order we know."""
    pending = parent.pending
    refused_pending = pending is not None and pending.cl_ord_id == cl_ord_id
    return RefuseCancel(
        session=parent.session,
        cl_ord_id=cl_ord_id,
        orig_cl_ord_id=parent.cl_ord_id,
        order_id=parent.parent_id,
        ord_status=parent.settled() if refused_pending else parent.standing(),
        response_to=response_to,
        cxl_rej_reason=reason,
        text=text,
        parent_id=parent.parent_id,
        reply_to=parent.terms.reply_to,
    )


_CLOSED = frozenset(
    {
        OrdStatus.FILLED,
        OrdStatus.CANCELED,
        OrdStatus.REJECTED,
        OrdStatus.EXPIRED,
        OrdStatus.DONE_FOR_DAY,
    }
)


def _leaves(status: OrdStatus, order_qty: int, cum_qty: int) -> int:
    """LeavesQty(151) is OrderQty - CumQty while the order lives, and 0 after (fix.md 5.1)."""
    return 0 if status in _CLOSED else max(0, order_qty - cum_qty)
