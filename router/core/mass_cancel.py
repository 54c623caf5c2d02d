"""OrderMassCancelRequest(q): an OMS takes back all its orders, or those of one symbol.

Owns which orders a request means and how it is answered: one OrderMassCancelReport(r), then the
reports of each order, which ends like one that was canceled by itself. An order whose venue does
not give its shares back is told so by an OrderCancelReject(9), as after an F.
"""

from __future__ import annotations

from collections.abc import Iterator

from router.core.environment import Environment
from router.core.ids import client, report_id
from router.core.orders import Parent
from router.core.reports import cancel_refusal, report
from router.core.requests import BROKER_OPTION, REPLACE, cancel_children, settle_request
from router.core.state import State, Timer
from router.messages import Command, MassCancelReceived, ReportMassCancel
from router.model import ExecType, OrdStatus

ONE_SYMBOL, ALL = "1", "7"
"""MassCancelRequestType(530) that we serve, and MassCancelResponse(531) that says so."""
REFUSED = "0"
"""MassCancelResponse(531)."""
NOT_SUPPORTED, UNKNOWN_SECURITY = "0", "1"
"""MassCancelRejectReason(532)."""


def mass_cancel(
    env: Environment, state: State, now: int, event: MassCancelReceived
) -> Iterator[Command]:
    """Answer the request, then take every order back that it means."""
    reason, text = _refusal(env, event)
    found = [] if reason else [parent for parent in _open(state) if _meant(parent, event)]
    yield ReportMassCancel(
        session=event.session,
        cl_ord_id=event.cl_ord_id,
        mass_cancel_id=report_id(env.shard, state.epoch, state.reports),
        mass_cancel_request_type=event.mass_cancel_request_type,
        mass_cancel_response=REFUSED if reason else event.mass_cancel_request_type,
        total_affected_orders=len(found),
        mass_cancel_reject_reason=reason,
        symbol=event.symbol,
        text=text,
        reply_to=event.reply_to,
    )
    for parent in found:
        yield from _take_back(env, state, now, parent, "client mass cancel")


def gone(env: Environment, state: State, now: int, timer: Timer) -> Iterator[Command]:
    """An OMS has been away for so long that its orders are taken back (F-08).

    It is told as of a mass cancel, when it is back. A timer of an earlier absence means nothing.
    """
    if state.gone.get(timer.subject) != timer.at:
        return
    for parent in _open(state):
        if parent.session == timer.subject and not parent.terminal:
            yield from _take_back(env, state, now, parent, "its OMS is gone")


def _refusal(env: Environment, event: MassCancelReceived) -> tuple[str, str]:
    """MassCancelRejectReason(532) and text, or two empty strings."""
    kind, symbol = event.mass_cancel_request_type, event.symbol
    if kind not in (ONE_SYMBOL, ALL):
        return NOT_SUPPORTED, f"MASS_CANCEL_TYPE: 530={kind}, allowed={ONE_SYMBOL} {ALL}"
    if kind == ONE_SYMBOL and symbol not in env.instruments:
        return UNKNOWN_SECURITY, f"INSTRUMENT_UNKNOWN: symbol={symbol}"
    return "", ""


def _open(state: State) -> list[Parent]:
    return [state.parents[parent_id] for parent_id in state.open_parents]


def _meant(parent: Parent, event: MassCancelReceived) -> bool:
    terms = parent.terms
    return (
        not parent.terminal
        and client(event.session, event.reply_to) in (parent.session, parent.client)
        and event.symbol in ("", terms.symbol)
        and event.side in ("", terms.side)
    )


def _take_back(
    env: Environment, state: State, now: int, parent: Parent, why: str
) -> Iterator[Command]:
    """One order. A cancel that is under way goes on; a replace has to give way to this one."""
    if parent.pending is not None:
        if parent.pending.terms is None:
            return
        request = parent.pending.cl_ord_id
        text = f"MASS_CANCEL: request {request} gives way"
        yield cancel_refusal(parent, request, REPLACE, BROKER_OPTION, text)
    if parent.terminal:  # it was filled while it waited: there is nothing to give back but children
        yield from cancel_children(env, state, parent, why)
        return
    yield report(
        env.shard, state, parent, ExecType.PENDING_CANCEL, now, ord_status=OrdStatus.PENDING_CANCEL
    )
    yield from cancel_children(env, state, parent, why)
    yield from settle_request(env, state, now, parent)
