"""What venues say and do not say about children: fills, ends, silence, answers.

Owns what follows for the parent and the OMS. The quantities were folded already.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from router.core import cod
from router.core.disputes import noticed, overfilled
from router.core.environment import Environment
from router.core.fold_executions import ENDED_STATUS
from router.core.ids import child_id
from router.core.lessons import learn
from router.core.orders import Child, ChildStatus, Parent
from router.core.reports import fill_report, report, suspension
from router.core.requests import cancel_child, cancel_children, settle_request
from router.core.state import Outcome, State
from router.core.suspense import Cause
from router.messages import (
    CancelRejectReceived,
    ChildRefused,
    Command,
    ExecutionReceived,
    FreezeParent,
    MarkChild,
    MarkUnknown,
    QueryChild,
    QueryVenue,
    SettleChild,
)
from router.model import ExecType, OrdStatus, TimeInForce

SILENT_QUERIES = 2
"""Questions about a child without an answer, after which it is taken back besides."""
IN_DOUBT = frozenset({ChildStatus.NEW_PENDING, ChildStatus.LIVE, ChildStatus.CANCEL_PENDING})
"""What becomes UNKNOWN when the venue's session is lost."""


def executed(
    env: Environment, state: State, now: int, event: ExecutionReceived
) -> Iterator[Command]:
    """Tell the OMS what a venue's report meant for it, and go on from there."""
    child = state.child_meant(event)
    yield from suspended(env, state, child)
    if child is not None:
        parent = state.parents[child.parent_id]
        if state.outcome is Outcome.TRADE:
            yield from _traded(env, state, now, child, event)
        elif state.outcome is Outcome.CORRECTION:
            yield _corrected(state, child, now, event)
            yield from _held_to_its_order(env, state, child, event)
            yield from suspension(env.shard, state, parent, now)
        elif state.outcome is Outcome.UNKNOWN_ORDER:
            yield from _settle(env, state, child)
        if state.outcome is Outcome.UNTOLD or _is_filled_by_more(state, event):
            yield from _ask(env, state, now, child)
        yield from ended(env, state, now, child)
    in_list = bool(event.mass_status_req_id) or event.last_report
    if in_list and state.venue[event.mic].list_ended and not event.poss_dup:
        yield from _not_listed(state, event.mic)
        yield from query_unknown(env, state, event.mic)


def _is_filled_by_more(state: State, event: ExecutionReceived) -> bool:
    """True for an execution that may end an order with others that were not told: it is UNKNOWN."""
    moved = state.outcome in (Outcome.TRADE, Outcome.CORRECTION)
    return moved and event.ord_status is OrdStatus.FILLED


def suspended(env: Environment, state: State, child: Child | None) -> Iterator[Command]:
    """Somebody must look. An ExecID that means two things stops its parent (F-15)."""
    for entry in list(state.fresh):
        yield noticed(entry)
        if child is not None and entry.cause is Cause.OTHER_CONTENT:
            parent = state.parents[child.parent_id]
            reason = f"EXEC_ID_REUSED by {child.mic} on {child.cl_ord_id}: {entry.event.exec_id}"
            yield FreezeParent(parent.parent_id, reason)
            yield from cancel_children(env, state, parent, "ExecID reused")


def _traded(
    env: Environment, state: State, now: int, child: Child, event: ExecutionReceived
) -> Iterator[Command]:
    parent = state.parents[child.parent_id]
    mid = state.market.mid2(child.symbol)
    if child.mark_mid == 0 and mid:
        yield MarkChild(child.cl_ord_id, mid)
    fill = state.fills[child.fill_key(event.trade_date, event.exec_id)]
    yield fill_report(parent, fill, ExecType.TRADE, now)
    yield from _held_to_its_order(env, state, child, event)


def _held_to_its_order(
    env: Environment, state: State, child: Child, event: ExecutionReceived
) -> Iterator[Command]:
    """After shares were booked: nothing may come of it beyond what the client has ordered."""
    parent = state.parents[child.parent_id]
    too_much = parent.cum_qty > parent.terms.order_qty or child.cum_qty > child.qty
    if too_much and event.exec_type is not ExecType.TRADE_CANCEL:
        yield FreezeParent(parent.parent_id, f"OVERFILL by {child.mic} on {child.cl_ord_id}")
        yield from overfilled(state, child, event)
        yield from cancel_children(env, state, parent, "overfill")
    elif parent.cum_qty + parent.working_qty > parent.terms.order_qty:
        # It came after its child was closed, and its shares are at work again elsewhere (F-12).
        yield from cancel_children(env, state, parent, "late fill")


def _corrected(state: State, child: Child, now: int, event: ExecutionReceived) -> Command:
    """A bust (150=H) or correction (150=G) goes on to the OMS under 19 = what it was told (J.1)."""
    fill = state.fills[child.fill_key(event.trade_date, event.exec_id)]
    amended = state.fills[child.fill_key(event.trade_date, event.exec_ref_id)]
    while amended.became != fill.key:
        amended = state.fills[amended.became]
    told = fill_report(state.parents[child.parent_id], fill, event.exec_type, now)
    return msgspec.structs.replace(told, exec_ref_id=amended.exec_id)


def ended(env: Environment, state: State, now: int, child: Child) -> Iterator[Command]:
    """After a child may have ended: its lesson, and what the parent was waiting for.

    One that its venue should have canceled is taken back: it is at work by a decision from before
    the outage, at a venue that says two things of it, and may do the other one yet.
    """
    note = cod.judged(child)
    if note is not None:
        yield note
    if cod.not_kept(note):
        yield cancel_child(env, state, child, "alive, and its venue cancels on disconnect")
    elif child.status is ChildStatus.LIVE and _unwanted(state, now, child):
        yield cancel_child(env, state, child, "not wanted any more")
    if not child.terminal:
        return
    if not child.learned:
        yield learn(env, child)
    yield from finish(env, state, now, state.parents[child.parent_id])


def _unwanted(state: State, now: int, child: Child) -> bool:
    """True for a child that came back from UNKNOWN to a parent that has no use for it now.

    So is one that had ended (its lesson is given) until a bust opened it again at its venue: it was
    meant for a market that is gone, and may be an IOC that nothing would end.
    Not so soon after its venue has refused to give it back: there is a timer for that.
    """
    patience = state.venues[child.mic].ack_timeout_ns
    if child.cancel_refused_at and now < child.cancel_refused_at + patience:
        return False
    parent = state.parents[child.parent_id]
    killed = state.kill_of(parent) is not None or any(
        (kill.scope, kill.value) == ("venue", child.mic) for kill in state.kills.values()
    )
    expired = 0 < parent.expire_at <= now
    held = bool(parent.frozen) or parent.pending is not None
    too_much = parent.working_qty > parent.leaves_qty  # a late fill has taken its place (F-12)
    return child.learned or child.unwanted or killed or expired or held or too_much


def finish(env: Environment, state: State, now: int, parent: Parent) -> Iterator[Command]:
    """End what has nothing more to wait for: a request, an IOC's remainder, an expired order."""
    yield from settle_request(env, state, now, parent)
    if parent.working or parent.terminal or parent.pending is not None:
        return
    tif = parent.terms.time_in_force
    if parent.expire_at and parent.expire_at <= now:
        good_till = tif is TimeInForce.GTD
        kind = ExecType.EXPIRED if good_till else ExecType.DONE_FOR_DAY
        status = OrdStatus.EXPIRED if good_till else OrdStatus.DONE_FOR_DAY
        yield report(env.shard, state, parent, kind, now, ord_status=status)
    elif tif is TimeInForce.IOC and _more_to_take(env, now, parent):
        return  # the last round traded: its timer asks for the next level of the books
    elif tif in (TimeInForce.IOC, TimeInForce.FOK) and (parent.rounds or parent.frozen):
        # It has had its try; or it was stopped before the next one, and has none (seed 109579).
        yield report(
            env.shard, state, parent, ExecType.CANCELED, now, ord_status=OrdStatus.CANCELED
        )


def _more_to_take(env: Environment, now: int, parent: Parent) -> bool:
    """An IOC goes on while each round trades something and the rounds are not used up.

    One that began in what is the future by a clock that was set back does not wait for it.
    """
    traded = parent.cum_qty > parent.cum_at_decision
    stopped = parent.suspended or bool(parent.frozen) or now < parent.start_time
    return traded and not stopped and 0 < parent.rounds < env.routing.reroutes_max


# -- silence and doubt ---------------------------------------------------------------------------


def lost(state: State, mic: str, reason: str, *, connected: bool = False) -> Iterator[Command]:
    """A venue is gone: what is alive there is UNKNOWN, and counts in full.

    If it is `connected` still, after our Logout or a reset of its numbers, nobody cancels for that.
    """
    for child in state.live_children(mic):
        if child.status in IN_DOUBT:
            yield MarkUnknown(child.cl_ord_id, reason)
        if not connected:
            yield from cod.expected(state.venues[mic], child)


def left_behind(env: Environment, state: State, now: int) -> Iterator[Command]:
    """A person has accepted that there are venues no more: what is left there has ended."""
    for child in state.live_children():
        if child.mic not in env.venues:
            reason = "its venue was taken out of the configuration"
            yield SettleChild(child.cl_ord_id, reason, by_venue=False)
            yield from ended(env, state, now, child)


def opened(env: Environment, state: State, mic: str) -> Iterator[Command]:
    """A venue is back: ask what became of the children in doubt, as its profile says, and of those
    that persons have said to be over.
    """
    said_over = state.venue[mic].said_over
    if not state.live_children(mic) and not said_over:
        return
    if env.venues[mic].mass_status == "AF":
        yield QueryVenue(mic, child_id(env.shard, state.epoch, state.ids))
        return
    yield from query_unknown(env, state, mic)
    if env.venues[mic].mass_status == "H":
        said = (state.child_to_read(name) for name in said_over)
        yield from (query(env, state, child) for child in said if child is not None)


def list_overdue(env: Environment, state: State, now: int, mic: str) -> Iterator[Command]:
    """A venue's list should have come to its end: ask for each child that it has not named."""
    venue = state.venue[mic]
    patience = state.venues[mic].ack_timeout_ns
    if venue.open and not venue.list_ended and now >= venue.mass_status_at + patience:
        for child in state.live_children(mic):
            yield from _ask(env, state, now, child)


def refused(
    env: Environment, state: State, now: int, child: Child | None, event: ChildRefused
) -> Iterator[Command]:
    """A venue could not read a message of ours, or does not take its kind.

    One that does not answer for all orders is asked for each; one that does not answer for an order
    is asked to give it back: that is answered in any case.
    """
    if event.ref_msg_type == "AF":
        yield from query_unknown(env, state, event.mic)
    if child is None:
        return
    if event.ref_msg_type == "H" and child.status is ChildStatus.UNKNOWN and not child.cancel_ids:
        yield cancel_child(env, state, child, "the venue answers no question about it")
    yield from kept(env, state, now, child)


def _not_listed(state: State, mic: str) -> Iterator[Command]:
    """A venue's list of open orders has ended: what it does not name may have ended there.

    A report that was sent before the outage and comes after it may have brought such a child back
    to life meanwhile, so that it is not UNKNOWN and nobody would ask about it.
    """
    asked_at = state.venue[mic].mass_status_at
    for child in state.live_children(mic):
        named = child.listed_at >= asked_at
        if child.status in IN_DOUBT and child.sent_at <= asked_at and not named:
            yield MarkUnknown(child.cl_ord_id, "not among the venue's open orders")


def query_unknown(env: Environment, state: State, mic: str) -> Iterator[Command]:
    """Ask one by one for the children whose fate is still not known."""
    for child in state.live_children(mic):
        if child.status is ChildStatus.UNKNOWN:
            yield query(env, state, child)


def query(env: Environment, state: State, child: Child) -> Command:
    """The question about one child. A venue that answers none is asked to give the child back."""
    if env.venues[child.mic].mass_status == "none":
        return cancel_child(env, state, child, "its venue answers no questions")
    return QueryChild(child.mic, child.cl_ord_id, child.order_id, child.symbol, child.side)


def overdue(env: Environment, state: State, now: int, child: Child) -> Iterator[Command]:
    """The venue should have answered by now: ask, and do not believe anything until it has."""
    timeout = state.venues[child.mic].ack_timeout_ns
    waited = now - max(child.sent_at, child.cancel_sent_at)
    silent = child.status in (ChildStatus.NEW_PENDING, ChildStatus.CANCEL_PENDING)
    if silent and waited >= timeout:
        yield MarkUnknown(child.cl_ord_id, "no acknowledgement in time")
    yield from _ask(env, state, now, child)


def _ask(env: Environment, state: State, now: int, child: Child) -> Iterator[Command]:
    """Ask about a child in doubt, unless a question waits for its answer.

    What a venue is silent about is taken back as well, in case that it is there: it stays UNKNOWN
    until the venue has said so (F-11).
    """
    asked = now < child.query_at
    if child.status is ChildStatus.UNKNOWN and state.venue[child.mic].open and not asked:
        silent = child.queries >= SILENT_QUERIES
        yield query(env, state, child)
        if silent and not child.cancel_ids:
            yield cancel_child(env, state, child, "the venue is silent about it")


def slice_over(env: Environment, state: State, now: int, child: Child) -> Iterator[Command]:
    """A resting child's slice has ended: take it back, so that its shares can be placed anew.

    So is a child that its venue would not give back, if it is not wanted still.
    """
    over = 0 < child.cancel_at <= now
    if child.status in (ChildStatus.NEW_PENDING, ChildStatus.LIVE) and (
        over or _unwanted(state, now, child)
    ):
        yield cancel_child(env, state, child, "slice over" if over else "not wanted any more")


def cancel_refused(
    env: Environment, state: State, now: int, child: Child, event: CancelRejectReceived
) -> Iterator[Command]:
    """A venue that does not know the order has told us that it is gone; else the child lives on.

    A child that is still not wanted is taken back again, but not at once: see `slice_over`.
    """
    if event.ord_status is OrdStatus.REJECTED:
        yield from _settle(env, state, child)
    elif event.ord_status in ENDED_STATUS and not child.terminal:
        yield from _over_there(env, state, now, child)
    yield from kept(env, state, now, child)


def _over_there(env: Environment, state: State, now: int, child: Child) -> Iterator[Command]:
    """A venue says that an order has ended, and nobody has told us how: its end was lost, or is
    still to come. The answer to a question says what was filled (simulation, seed 8002).
    """
    if env.venues[child.mic].mass_status != "none":
        if now >= child.query_at:
            yield query(env, state, child)
    elif _may_be_settled(env, child):
        yield SettleChild(child.cl_ord_id, "the venue says that it has ended")


def kept(env: Environment, state: State, now: int, child: Child) -> Iterator[Command]:
    """After a venue has refused something: the child has ended, or it has not and that is news."""
    yield from ended(env, state, now, child)
    if not child.terminal:
        yield from settle_request(env, state, now, state.parents[child.parent_id])


def _settle(env: Environment, state: State, child: Child) -> Iterator[Command]:
    if child.terminal:
        return
    if _may_be_settled(env, child):
        yield SettleChild(child.cl_ord_id, "the venue does not know the order")
    elif child.unknown_answers < env.routing.settle_answers:
        yield query(env, state, child)


def _may_be_settled(env: Environment, child: Child) -> bool:
    """Often enough not known. Not so if its venue has claimed executions of it that were not told:
    a person has to say what became of these.
    """
    untold = child.claimed_qty > child.cum_qty
    return child.unknown_answers >= env.routing.settle_answers and not untold
