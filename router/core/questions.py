"""What an OMS wants to know: OrderStatusRequest(H) and OrderMassStatusRequest(AF) (fix.md 5.4, G).

Owns the answers. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from router.core.environment import Environment
from router.core.ids import client
from router.core.orders import Parent
from router.core.reports import rejection, status_report
from router.core.requests import find_parent
from router.core.state import State
from router.messages import Command, MassStatusReceived, OrderTerms, Report, StatusReceived
from router.model import ExecType, OrdType, Side
from router.ports import Refusal


def status(env: Environment, state: State, now: int, event: StatusReceived) -> Iterator[Command]:
    """Answer H with 150=I; an order that we do not know with 39=8 103=5 (G.1.a)."""
    asker = client(event.session, event.reply_to)
    parent = find_parent(state, event.session, asker, event.cl_ord_id, event.order_id)
    if parent is not None:
        yield msgspec.structs.replace(
            status_report(env.shard, state, parent, now), ord_status_req_id=event.ord_status_req_id
        )
        return
    side = Side(event.side) if event.side in set(Side) else Side.BUY
    terms = OrderTerms(event.symbol or "NONE", side, 0, OrdType.MARKET, reply_to=event.reply_to)
    unknown = _nothing(env, state, now, event.session, event.cl_ord_id or "NONE", terms)
    yield msgspec.structs.replace(unknown, ord_status_req_id=event.ord_status_req_id)


def mass_status(
    env: Environment, state: State, now: int, event: MassStatusReceived
) -> Iterator[Command]:
    """Answer AF with one 150=I per open order of the session, the last marked 912=Y."""
    found = [
        state.parents[parent_id]
        for parent_id in state.open_parents
        if _asked_for(state.parents[parent_id], event)
    ]
    for number, parent in enumerate(found, 1):
        yield msgspec.structs.replace(
            status_report(env.shard, state, parent, now),
            mass_status_req_id=event.mass_status_req_id,
            tot_num_reports=len(found),
            last_report=number == len(found),
        )
    if not found:
        terms = OrderTerms(
            event.symbol or "NONE", Side.BUY, 0, OrdType.MARKET, reply_to=event.reply_to
        )
        nothing = _nothing(env, state, now, event.session, "NONE", terms)
        yield msgspec.structs.replace(
            nothing,
            mass_status_req_id=event.mass_status_req_id,
            tot_num_reports=1,
            last_report=True,
        )


def _asked_for(parent: Parent, event: MassStatusReceived) -> bool:
    return (
        not parent.terminal
        and client(event.session, event.reply_to) in (parent.session, parent.client)
        and event.symbol in ("", parent.terms.symbol)
        and event.account in ("", parent.terms.account)
    )


def _nothing(
    env: Environment, state: State, now: int, session: str, cl_ord_id: str, terms: OrderTerms
) -> Report:
    """There is no such order: 150=I 39=8 37=NONE 14=0 151=0 103=5."""
    refusal = Refusal("ORDER_UNKNOWN", f"ORDER_UNKNOWN: cl_ord_id={cl_ord_id}", "5")
    told = rejection(env.shard, state, session, cl_ord_id, terms, refusal, now)
    return msgspec.structs.replace(told, exec_type=ExecType.ORDER_STATUS)
