"""What an OMS wants changed: OrderCancelRequest(F), OrderCancelReplaceRequest(G) (fix.md 5.3).

Owns how a request starts, what stands against it, and how it ends once every child has answered.
Requests are not chained: a second one is refused while the first is pending.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

import msgspec

from router.core.environment import Environment
from router.core.gate import evaluate
from router.core.ids import child_id, client
from router.core.intake import (
    breach,
    expiry,
    limited_parent,
    make_algo,
    malformed,
    schedule_end,
    untaken,
)
from router.core.orders import Child, ChildStatus, Parent, Request
from router.core.reports import cancel_refusal, report, status_report, suspension
from router.core.state import State
from router.core.views import LimitView
from router.messages import (
    CancelChild,
    CancelReceived,
    Command,
    OrderTerms,
    RefuseCancel,
    ReplaceReceived,
    Report,
    Reschedule,
)
from router.model import ExecType, OrdStatus, TimeInForce
from router.ports import Refusal

CANCEL, REPLACE = "1", "2"
"""CxlRejResponseTo(434)."""

TOO_LATE, UNKNOWN_ORDER, BROKER_OPTION, ALREADY_PENDING, DUPLICATE_CL_ORD_ID = (
    "0",
    "1",
    "2",
    "3",
    "6",
)
"""CxlRejReason(102)."""


def cancel(env: Environment, state: State, now: int, event: CancelReceived) -> Iterator[Command]:
    """Start a cancel, or refuse it. The end comes when every child has answered."""
    asker = client(event.session, event.reply_to)
    parent = find_parent(state, event.session, asker, event.orig_cl_ord_id, event.order_id)
    if parent is None:
        yield _unknown_order(event, CANCEL)
        return
    if _came_again(state, parent, event):
        yield _again(env, state, now, parent, event)
        return
    refusal = _request_refusal(state, parent, event.cl_ord_id, CANCEL)
    if refusal is not None:
        yield refusal
        return
    yield _pending(env, state, parent, ExecType.PENDING_CANCEL, event.cl_ord_id, now)
    yield from cancel_children(env, state, parent, "client cancel")
    yield from settle_request(env, state, now, parent)


PolicyRefusal = Callable[[Parent, OrderTerms], Refusal | None]
"""What the policy documents of an order say against other terms of it."""


def replace(
    env: Environment,
    state: State,
    now: int,
    event: ReplaceReceived,
    policy_refusal: PolicyRefusal,
) -> Iterator[Command]:
    """Start a replace, or refuse it. Children are taken back first, then the new terms hold."""
    asker = client(event.session, event.terms.reply_to)
    parent = find_parent(state, event.session, asker, event.orig_cl_ord_id, event.order_id)
    if parent is None:
        yield _unknown_order(event, REPLACE)
        return
    if _came_again(state, parent, event):
        yield _again(env, state, now, parent, event)
        return
    refusal = _request_refusal(state, parent, event.cl_ord_id, REPLACE)
    if refusal is None:
        refused = yield from _replace_refusal(env, state, now, parent, event, policy_refusal)
        if refused is not None:
            reason, text = refused.cxl_rej_reason, refused.text
            refusal = cancel_refusal(parent, event.cl_ord_id, REPLACE, reason, text)
    if refusal is not None:
        yield refusal
        return
    yield _pending(env, state, parent, ExecType.PENDING_REPLACE, event.cl_ord_id, now)
    yield from cancel_children(env, state, parent, "client replace")
    yield from settle_request(env, state, now, parent)


def find_parent(
    state: State, session: str, asker: str, orig_cl_ord_id: str, order_id: str
) -> Parent | None:
    """The order that a request means: by OrigClOrdID(41), or by OrderID(37) without one.

    No firm means another one's; the session itself, in nobody's name, may mean any of its orders.
    """
    found = state.by_client_id.get((asker, orig_cl_ord_id))
    if found is None and not orig_cl_ord_id:
        found = order_id
    elif found is None and asker == session:
        found = _in_anybodys_name(state, session, orig_cl_ord_id)
    parent = state.parent_to_read(found) if found else None
    if parent is None or parent.session != session:
        return None
    return parent if asker in (session, parent.client) else None


def _in_anybodys_name(state: State, session: str, cl_ord_id: str) -> str | None:
    """The only order that a firm behind the session knows by that id, if there is just one."""
    found = {state.by_client_id.get((firm, cl_ord_id)) for firm in state.firms.get(session, ())}
    found.discard(None)
    return found.pop() if len(found) == 1 else None


def _unknown_order(event: CancelReceived | ReplaceReceived, response_to: str) -> RefuseCancel:
    orig = event.orig_cl_ord_id or event.order_id
    return RefuseCancel(
        session=event.session,
        cl_ord_id=event.cl_ord_id,
        orig_cl_ord_id=event.orig_cl_ord_id,
        order_id="NONE",
        ord_status=OrdStatus.REJECTED,
        response_to=response_to,
        cxl_rej_reason=UNKNOWN_ORDER,
        text=f"ORDER_UNKNOWN: orig_cl_ord_id={orig}",
        reply_to=event.reply_to if isinstance(event, CancelReceived) else event.terms.reply_to,
    )


def _came_again(state: State, parent: Parent, event: CancelReceived | ReplaceReceived) -> bool:
    """True for a request that was taken before: it is answered by the order's status, as is an
    order that comes again (F.1.b).

    One that is pending is known by its content. Of one that is over nothing else is kept than its
    ClOrdID(11), so that it has to say that it may be sent again, by PossResend(97).
    """
    terms = event.terms if isinstance(event, ReplaceReceived) else None
    pending = parent.pending
    if pending is not None and pending.cl_ord_id == event.cl_ord_id:
        return pending.terms == terms
    owner = state.by_client_id.get((parent.client, event.cl_ord_id))
    is_request = owner == parent.parent_id and event.cl_ord_id != parent.client_ids[0]
    return event.poss_resend and is_request


def _again(
    env: Environment,
    state: State,
    now: int,
    parent: Parent,
    event: CancelReceived | ReplaceReceived,
) -> Report:
    """Where the order stands, as whoever asks about it is told, under the request's ids."""
    return msgspec.structs.replace(
        status_report(env.shard, state, parent, now),
        cl_ord_id=event.cl_ord_id,
        orig_cl_ord_id=event.orig_cl_ord_id,
    )


def _request_refusal(
    state: State, parent: Parent, cl_ord_id: str, response_to: str
) -> RefuseCancel | None:
    """What stands against any request: a used ClOrdID, a pending request, an order that is over."""
    if (parent.client, cl_ord_id) in state.by_client_id:
        text = f"CLORDID_DUPLICATE: cl_ord_id={cl_ord_id}"
        refused = cancel_refusal(parent, cl_ord_id, response_to, DUPLICATE_CL_ORD_ID, text)
        return msgspec.structs.replace(refused, ord_status=parent.standing(), repeated=True)
    if parent.pending is not None:
        text = f"ORDER_PENDING: request {parent.pending.cl_ord_id} has no final answer yet"
        return cancel_refusal(parent, cl_ord_id, response_to, ALREADY_PENDING, text)
    if parent.terminal:
        text = f"ORDER_CLOSED: ord_status={parent.status.name}"
        return cancel_refusal(parent, cl_ord_id, response_to, TOO_LATE, text)
    return None


def _replace_refusal(
    env: Environment,
    state: State,
    now: int,
    parent: Parent,
    event: ReplaceReceived,
    policy_refusal: PolicyRefusal,
) -> Generator[Command, None, Refusal | None]:
    """What stands against the new terms: unreadable, another order, over a limit, or denied by the
    policy that took the order.
    """
    terms = _carried(parent, event.terms)
    refused = malformed(terms, event.refusal, now) or _mismatch(parent, terms)
    added = max(0, terms.order_qty - parent.terms.order_qty)
    if refused is None and added:
        refused = untaken(state, event.closed)
    if refused is None:
        limited = limited_parent(event.session, event.cl_ord_id, terms, added, is_replace=True)
        refusals = evaluate(env.limits, limited, LimitView(env, state, now))
        for limit, each in refusals:
            yield breach(limit, each, parent.parent_id, event.cl_ord_id, terms.account)
        refused = refusals[0][1] if refusals else None
    if refused is None:
        made = make_algo(env, parent.algo, {**parent.algo_params, **terms.params})
        refused = made if isinstance(made, Refusal) else policy_refusal(parent, terms)
    return refused


def _carried(parent: Parent, terms: OrderTerms) -> OrderTerms:
    """The new terms with what a replace need not say again: whose the order is, and its algo.

    A session that asks in nobody's name does not make the order its own.
    """
    own = parent.terms
    by_owner = client(parent.session, terms.reply_to) == parent.client
    return msgspec.structs.replace(
        terms,
        account=terms.account or own.account,
        algo=terms.algo or own.algo,
        reply_to=terms.reply_to if by_owner else own.reply_to,
    )


def _mismatch(parent: Parent, terms: OrderTerms) -> Refusal | None:
    """What would be another order: limits and kills have counted this one by these."""
    own = parent.terms
    for name, was, asked in (
        ("symbol", own.symbol, terms.symbol),
        ("side", own.side, terms.side),
        ("account", own.account, terms.account),
        ("algo", parent.algo, terms.algo or parent.algo),
    ):
        if was != asked:
            text = f"ORDER_MISMATCH: {name}={asked}, allowed={was or 'none'}: it may not change"
            return Refusal("ORDER_MISMATCH", text)
    return None


def _pending(
    env: Environment, state: State, parent: Parent, kind: ExecType, cl_ord_id: str, now: int
) -> Report:
    status = (
        OrdStatus.PENDING_CANCEL if kind is ExecType.PENDING_CANCEL else OrdStatus.PENDING_REPLACE
    )
    return report(
        env.shard,
        state,
        parent,
        kind,
        now,
        ord_status=status,
        cl_ord_id=cl_ord_id,
        orig_cl_ord_id=parent.cl_ord_id,
    )


def cancel_children(
    env: Environment, state: State, parent: Parent, reason: str
) -> Iterator[Command]:
    """Take back every child that is not on its way back already."""
    for child in state.children_of(parent):
        if child.status in (ChildStatus.NEW_PENDING, ChildStatus.LIVE):
            yield cancel_child(env, state, child, reason)


def cancel_child(env: Environment, state: State, child: Child, reason: str) -> CancelChild:
    """The cancel of one child."""
    return CancelChild(
        cl_ord_id=child_id(env.shard, state.epoch, state.ids),
        orig_cl_ord_id=child.cl_ord_id,
        mic=child.mic,
        order_id=child.order_id,
        symbol=child.symbol,
        side=child.side,
        qty=child.qty,
        reason=reason,
    )


def settle_request(env: Environment, state: State, now: int, parent: Parent) -> Iterator[Command]:
    """Give a pending request its final answer once every child has answered."""
    request = parent.pending
    if request is None:
        return
    if parent.working:
        yield from _kept(state, parent, request)
    elif parent.cum_qty >= parent.terms.order_qty and not _increases(parent, request):
        kind = CANCEL if request.terms is None else REPLACE
        text = f"ORDER_CLOSED: filled {parent.cum_qty} of {parent.terms.order_qty}"
        yield cancel_refusal(parent, request.cl_ord_id, kind, TOO_LATE, text)
    elif request.terms is not None:
        before = parent.terms
        yield _replaced(env, state, now, parent, request.terms)
        yield _reschedule(env, now, parent, before)
    else:
        yield report(
            env.shard,
            state,
            parent,
            ExecType.CANCELED,
            now,
            ord_status=OrdStatus.CANCELED,
            cl_ord_id=request.cl_ord_id,
            orig_cl_ord_id=request.orig_cl_ord_id,
        )
    if parent.pending is None:
        yield from suspension(env.shard, state, parent, now)


def _increases(parent: Parent, request: Request) -> bool:
    """True for a replace that leaves something to do."""
    return request.terms is not None and request.terms.order_qty > parent.cum_qty


def _kept(state: State, parent: Parent, request: Request) -> Iterator[Command]:
    """Venues have refused to give back what is still at work: so is the request (B.1.a, D.1.c)."""
    at_work = state.children_of(parent)
    if all(child.cancel_refused_at and child.status is ChildStatus.LIVE for child in at_work):
        text = f"VENUE_REFUSED: mic={' '.join(child.mic for child in at_work)}"
        kind = CANCEL if request.terms is None else REPLACE
        yield cancel_refusal(parent, request.cl_ord_id, kind, BROKER_OPTION, text)


def _replaced(
    env: Environment, state: State, now: int, parent: Parent, terms: OrderTerms
) -> Report:
    """The new terms hold. A quantity below CumQty is raised to it: the order is filled (C.3.c)."""
    assert parent.pending is not None
    terms = _carried(parent, terms)
    terms = msgspec.structs.replace(terms, order_qty=max(terms.order_qty, parent.cum_qty))
    if parent.cum_qty >= terms.order_qty:
        status = OrdStatus.FILLED
    elif parent.suspended:
        status = OrdStatus.SUSPENDED
    else:
        status = OrdStatus.PARTIALLY_FILLED if parent.cum_qty else OrdStatus.NEW
    return report(
        env.shard,
        state,
        parent,
        ExecType.REPLACED,
        now,
        ord_status=status,
        cl_ord_id=parent.pending.cl_ord_id,
        orig_cl_ord_id=parent.pending.orig_cl_ord_id,
        terms=terms,
    )


def _reschedule(env: Environment, now: int, parent: Parent, before: OrderTerms) -> Reschedule:
    """Algo parameters and times under the new terms. Call after the replace was folded.

    A start that has been stays; the end is the order's own unless TimeInForce(59) has changed.
    """
    terms = parent.terms
    params = {**parent.algo_params, **terms.params}
    instrument = env.instruments[terms.symbol]
    start, expire_at = parent.start_time, parent.expire_at
    if start > now:
        start = max(now, terms.effective_time)
    if terms.time_in_force is TimeInForce.GTD or terms.time_in_force is not before.time_in_force:
        expire_at = expiry(terms, instrument, now)
    algo = make_algo(env, parent.algo, params)
    end = parent.end_time
    if not isinstance(algo, Refusal):
        end = schedule_end(algo, start, expire_at, instrument)
    return Reschedule(parent.parent_id, params, end, expire_at, start)
