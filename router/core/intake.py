"""NewOrderSingle(D): take a client's order as a parent, or say why not (fix.md 5.3, 5.4).

Owns the order of the checks: form, limits, policy, algo. Knows nothing of where shares go.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from functools import lru_cache

import msgspec
from pydantic import ValidationError

from router.core.environment import Environment, Policy
from router.core.gate import evaluate
from router.core.ids import client, parent_id
from router.core.orders import Parent
from router.core.reports import rejection, report, status_report
from router.core.state import State
from router.core.views import LimitView
from router.messages import (
    Command,
    NoteBreach,
    OpenParent,
    OrderReceived,
    OrderTerms,
    Report,
)
from router.model import VALUE_MAX, ExecType, Instrument, OrdStatus, OrdType, TimeInForce
from router.ports import Algo, LimitedOrder, Refusal


def order(
    env: Environment, state: State, now: int, event: OrderReceived
) -> Generator[Command, None, tuple[Parent, Policy] | None]:
    """Open a parent, or say why not. A ClOrdID that was seen before never opens a second one.

    Returns the new parent and its policy.
    """
    terms = event.terms
    known = state.by_client_id.get((client(event.session, terms.reply_to), event.cl_ord_id))
    if known is not None:
        parent = state.parent_to_read(known)
        assert parent is not None, known
        yield _repeated(env, state, now, event, parent)
        return None
    refusal = malformed(terms, event.refusal, now) or untaken(state, event.closed)
    if refusal is None:
        refusal = yield from _refused_by_limits(env, state, now, event)
    opened = refusal or (yield from _open(env, state, now, event))
    if isinstance(opened, Refusal):
        yield rejection(env.shard, state, event.session, event.cl_ord_id, terms, opened, now)
        return None
    return opened


def _repeated(
    env: Environment, state: State, now: int, event: OrderReceived, parent: Parent
) -> Report:
    """The same content again is a question about the order; other content is refused (F.1)."""
    if event.terms == parent.terms or (event.poss_resend and event.cl_ord_id != parent.cl_ord_id):
        return status_report(env.shard, state, parent, now)
    refused = report(
        env.shard,
        state,
        parent,
        ExecType.ORDER_STATUS,
        now,
        cl_ord_id=event.cl_ord_id,
        text=f"CLORDID_DUPLICATE: cl_ord_id={event.cl_ord_id}, order_id={parent.parent_id}",
    )
    return msgspec.structs.replace(refused, exec_type=ExecType.REJECTED, ord_rej_reason="6")


def untaken(state: State, closed: str) -> Refusal | None:
    """Why nothing that adds risk is taken at all: the session that it came by is `closed`, or it
    could not be recorded for sure.
    """
    if closed:
        return Refusal("SESSION_CLOSED", f"SESSION_CLOSED: {closed}; cancels are taken", "2", "2")
    if not state.trouble:
        return None
    text = f"JOURNAL_UNAVAILABLE: {state.trouble}; cancels are taken"
    return Refusal("JOURNAL_UNAVAILABLE", text, "0", "2")


def malformed(terms: OrderTerms, unreadable: str, now: int) -> Refusal | None:
    """What can be said against an order without knowing anything else."""
    if unreadable:
        code = unreadable.partition(":")[0]
        return Refusal(code, unreadable, *_UNREADABLE.get(code, ("11", "99")))
    if terms.order_qty <= 0:
        text = f"QTY_INVALID: order_qty={terms.order_qty}, allowed=1 or more"
        return Refusal("QTY_INVALID", text, "13")
    if terms.ord_type is OrdType.LIMIT and (terms.price is None or terms.price <= 0):
        return Refusal("PRICE_INVALID", f"PRICE_INVALID: px={terms.price}, allowed=above 0", "99")
    if terms.order_qty * (terms.price or 0) > VALUE_MAX:
        return _too_valuable(terms, terms.price or 0)
    if terms.time_in_force is TimeInForce.GTD and terms.expire_time <= now:
        return Refusal("SESSION_EXPIRED", "SESSION_EXPIRED: expire_time(126) is not after now", "4")
    return None


def _too_valuable(terms: OrderTerms, px: int) -> Refusal:
    """What has traded of it could not be recorded: see `router.model.VALUE_MAX`."""
    allowed = f"allowed={VALUE_MAX // px} or less at px={px}"
    text = f"QTY_INVALID: order_qty={terms.order_qty}, {allowed}"
    return Refusal("QTY_INVALID", text, "13")


_UNREADABLE = {
    "QTY_INVALID": ("13", "99"),
    "PRICE_INVALID": ("99", "99"),
    "DATA_INVALID": ("99", "99"),
    "INSTRUMENT_UNKNOWN": ("1", "2"),
}
"""OrdRejReason(103) and CxlRejReason(102) of values that cannot be taken; others are not supported
(11, 99)."""


def _refused_by_limits(
    env: Environment, state: State, now: int, event: OrderReceived
) -> Generator[Command, None, Refusal | None]:
    """Every limit on the exact order; the first refusal is the answer, all are journaled."""
    terms = event.terms
    limited = limited_parent(
        event.session, event.cl_ord_id, terms, terms.order_qty, is_replace=False
    )
    refusals = evaluate(env.limits, limited, LimitView(env, state, now))
    for limit, refusal in refusals:
        yield breach(limit, refusal, "", event.cl_ord_id, terms.account)
    return refusals[0][1] if refusals else None


def limited_parent(
    session: str, cl_ord_id: str, terms: OrderTerms, added_qty: int, *, is_replace: bool
) -> LimitedOrder:
    """A client's order as limits see it; `added_qty` is what it adds to the risk."""
    return LimitedOrder(
        order_id=cl_ord_id,
        is_child=False,
        session=session,
        account=terms.account,
        symbol=terms.symbol,
        side=terms.side,
        qty=terms.order_qty,
        added_qty=added_qty,
        ord_type=terms.ord_type,
        price=terms.price,
        algo=terms.algo,
        is_replace=is_replace,
    )


def breach(
    limit: str, refusal: Refusal, parent: str, order_id: str, account: str, mic: str = ""
) -> NoteBreach:
    """The journal's note of a refusal by a limit."""
    return NoteBreach(limit, refusal.code, refusal.text, parent, order_id, mic, account)


def _open(
    env: Environment, state: State, now: int, event: OrderReceived
) -> Generator[Command, None, tuple[Parent, Policy] | Refusal]:
    terms = event.terms
    instrument, arrival_mid = env.instruments[terms.symbol], state.market.mid2(terms.symbol)
    ref_px = terms.price or arrival_mid // 2
    if terms.order_qty * ref_px > VALUE_MAX:
        return _too_valuable(terms, ref_px)
    policy = env.policies.choose(event.session, terms, instrument, now, ref_px)
    if isinstance(policy, Refusal):
        return policy
    params = algo_params(policy.algo_params, terms.params)
    made = make_algo(env, policy.algo, params)
    if isinstance(made, Refusal):
        return made
    start = max(now, terms.effective_time)
    expire_at = expiry(terms, instrument, now)
    opened = OpenParent(
        parent_id=parent_id(env.shard, state.epoch, state.ids),
        session=event.session,
        cl_ord_id=event.cl_ord_id,
        terms=terms,
        policy=policy.name,
        policy_hash=policy.hash,
        algo=policy.algo,
        algo_params=params,
        start_time=start,
        end_time=schedule_end(made, start, expire_at, instrument),
        expire_at=expire_at,
        arrival_mid=arrival_mid,
    )
    yield opened
    parent = state.parents[opened.parent_id]
    yield report(env.shard, state, parent, ExecType.NEW, now, ord_status=OrdStatus.NEW)
    return parent, policy


def make_algo(env: Environment, name: str, params: Mapping[str, str]) -> Algo | Refusal:
    """The algo with its parameters, or a refusal that lists what it takes."""
    kind = env.algos.get(name)
    if kind is None:
        return _instruction("847", name, f"allowed={', '.join(env.algos)}")
    try:
        return _made(kind, tuple(params.items()))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        allowed = ", ".join(kind.model_fields)
        return _instruction("848", params.get(key, key), f"{key}: {first['msg']}, keys={allowed}")


@lru_cache(maxsize=1024)
def _made(kind: type[Algo], params: tuple[tuple[str, str], ...]) -> Algo:
    """An algo is a value: orders with the same parameters share one."""
    return kind.model_validate_strings(dict(params))


def _instruction(tag: str, value: str, why: str) -> Refusal:
    text = f"POLICY_INSTRUCTION_DENIED: tag={tag}, value={value}, {why}"
    return Refusal("POLICY_INSTRUCTION_DENIED", text, "11")


def algo_params(of_policy: Mapping[str, object], of_order: Mapping[str, str]) -> dict[str, str]:
    """Parameters as text: the policy's, with the order's own above them."""
    text = {
        key: str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in of_policy.items()
    }
    return {**text, **of_order}


def schedule_end(algo: Algo, start: int, expire_at: int, instrument: Instrument) -> int:
    """When an algo is to be done, UTC nanoseconds. One with a schedule, of an order that never ends
    by itself, is done with the day of its start: without an end all would be due at once.
    """
    end = algo.ends_at(start, expire_at)
    return instrument.day_end(start) if algo.has_schedule and not end else end


def expiry(terms: OrderTerms, instrument: Instrument, now: int) -> int:
    """When an order of such terms ends by itself, UTC nanoseconds; 0 for never."""
    match terms.time_in_force:
        case TimeInForce.GTD:
            return terms.expire_time
        case TimeInForce.GTC:
            return 0
        case _:
            return instrument.day_end(now)
