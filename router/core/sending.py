"""A decided quantity becomes a message: the child, its price, and the gate that it must pass.

Owns what a child of each tactic looks like. A dealer that does not stream is asked first.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from router.core.environment import Environment, Policy
from router.core.gate import evaluate
from router.core.ids import base36, child_id
from router.core.intake import breach
from router.core.narrowing import Narrowed
from router.core.orders import Parent
from router.core.state import State
from router.core.views import LimitView
from router.messages import Command, RequestQuote, SendChild
from router.model import (
    BP,
    PX_SCALE,
    RESTING_TACTICS,
    Instrument,
    OrdType,
    Side,
    Tactic,
    TimeInForce,
)
from router.ports import Candidate, Due, LimitedOrder, MarketView, ParentView


class Scene(msgspec.Struct, frozen=True):
    """Everything that one decision looks at."""

    parent: Parent
    view: ParentView
    instrument: Instrument
    market: MarketView
    policy: Policy
    due: Due
    qty: int
    """Shares to place now: what is due and free, in whole decisions of `lots_max`."""
    lots: int
    volume: int
    next_at: int


def send(
    env: Environment,
    state: State,
    seq: int,
    now: int,
    scene: Scene,
    candidate: Candidate,
    narrowed: Narrowed,
    qty: int,
) -> Iterator[Command]:
    """The child, if every limit lets exactly this order pass; a question first to a dealer."""
    mic, symbol = candidate.arm.mic, scene.view.symbol
    quote_id = ""
    if candidate.tactic is Tactic.DEALER_RFQ:
        answer = state.market.answer(symbol, mic)
        if answer is None or answer.valid_until <= now:
            yield _ask(env, state, now, scene, mic, qty)
            return
        quote_id = answer.quote_id
    elif candidate.tactic is Tactic.DEALER_QUOTE:
        quote = state.market.quote(symbol, mic)
        if quote is None:
            return  # another child of this decision has hit it: a dealer may stream what he answers
        quote_id = quote.quote_id
    child = _child(env, state, seq, now, scene, candidate, narrowed, qty, quote_id)
    limited = LimitedOrder(
        order_id=child.cl_ord_id,
        is_child=True,
        session=scene.view.session,
        account=scene.view.account,
        symbol=symbol,
        side=child.side,
        qty=qty,
        added_qty=qty,
        ord_type=child.ord_type,
        price=child.price,
        mic=mic,
        tactic=candidate.tactic,
        algo=scene.parent.algo,
    )
    refusals = evaluate(env.limits, limited, LimitView(env, state, now))
    for limit, refusal in refusals:
        yield breach(
            limit, refusal, scene.parent.parent_id, child.cl_ord_id, scene.view.account, mic
        )
    if not refusals:
        _assert_sound(env, scene, child)
        yield child


def _ask(
    env: Environment, state: State, now: int, scene: Scene, mic: str, qty: int
) -> RequestQuote:
    return RequestQuote(
        mic=mic,
        quote_req_id=f"Q{env.shard}{base36(state.epoch)}-{base36(state.ids)}",
        parent_id=scene.parent.parent_id,
        symbol=scene.view.symbol,
        side=scene.view.side,
        qty=qty,
        expires=now + env.routing.quote_wait_ns,
    )


def _child(
    env: Environment,
    state: State,
    seq: int,
    now: int,
    scene: Scene,
    candidate: Candidate,
    narrowed: Narrowed,
    qty: int,
    quote_id: str,
) -> SendChild:
    rests = candidate.tactic in RESTING_TACTICS
    fok = scene.view.time_in_force is TimeInForce.FOK
    immediate = TimeInForce.FOK if fok else TimeInForce.IOC
    return SendChild(
        cl_ord_id=child_id(env.shard, state.epoch, state.ids),
        parent_id=scene.parent.parent_id,
        decision=seq,
        mic=candidate.arm.mic,
        tactic=candidate.tactic,
        symbol=scene.view.symbol,
        side=scene.view.side,
        qty=qty,
        ord_type=OrdType.PREVIOUSLY_QUOTED if quote_id else OrdType.LIMIT,
        time_in_force=TimeInForce.DAY if rests else immediate,
        price=_price(env, scene, candidate),
        account=scene.view.account,
        min_qty=narrowed.min_qty if candidate.tactic is Tactic.DARK_MID else 0,
        quote_id=quote_id,
        cancel_at=slice_end(env, scene, now) if rests else 0,
    )


def slice_end(env: Environment, scene: Scene, now: int) -> int:
    """A resting child is back before the schedule or the order itself ends."""
    ends = (now + env.routing.slice_ns, scene.parent.end_time, scene.parent.expire_at)
    return min(at for at in ends if at > now)


def _price(env: Environment, scene: Scene, candidate: Candidate) -> int:
    """The child's limit. A midpoint order without one gets a protective one, never none.

    It is rounded to the tick away from aggression (controls.md 13).
    """
    if candidate.price is not None:
        return candidate.price
    mid2, tick, sign = scene.market.mid2, scene.instrument.tick, scene.view.side.sign
    edge = mid2 * (BP + sign * env.routing.protection_bp) // (2 * BP)
    return edge - edge % tick if sign > 0 else edge + -edge % tick


def _assert_sound(env: Environment, scene: Scene, child: SendChild) -> None:
    """What must hold of every child that leaves; a breach is a mistake of ours."""
    parent, limit = scene.parent, scene.view.price
    free = parent.terms.order_qty - parent.cum_qty - parent.working_qty
    assert len(child.cl_ord_id) <= env.venues[child.mic].cl_ord_id_max, child.cl_ord_id
    assert 0 < child.qty <= free, f"{parent.parent_id}: {child.qty} of {free} free"
    assert child.price is not None
    assert child.price < 1_000_000_000 * PX_SCALE
    if limit is not None:
        worse = child.price > limit if child.side is Side.BUY else child.price < limit
        assert not worse, f"{child.cl_ord_id}: {child.price} is worse than the parent's {limit}"
