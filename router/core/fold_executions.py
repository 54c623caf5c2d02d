"""Folding what a venue says about a child: fills, ends and answers.

Owns the arithmetic of executions: each fill key is applied once. Decides nothing.
"""

from __future__ import annotations

from msgspec import structs

from router import messages as m
from router.core import fold_corrections as corrections
from router.core import fold_ends as ends
from router.core import fold_suspense as suspense
from router.core.ids import fill_key
from router.core.orders import LIVE_STATUS, Child, ChildInput, ChildStatus, Fill
from router.core.state import Outcome, State
from router.core.suspense import Cause, exec_id_of, other_key
from router.model import ExecType, OrdStatus

INPUTS: dict[ExecType, ChildInput] = {
    ExecType.NEW: ChildInput.ACKNOWLEDGED,
    ExecType.PENDING_CANCEL: ChildInput.ACKNOWLEDGED,
    ExecType.CANCELED: ChildInput.CANCELED,
    ExecType.REJECTED: ChildInput.REJECTED,
    ExecType.EXPIRED: ChildInput.EXPIRED,
    ExecType.DONE_FOR_DAY: ChildInput.EXPIRED,
}
"""What an ExecType(150) that moves no quantity does to a child."""

ENDED_STATUS: dict[OrdStatus, ChildInput] = {
    OrdStatus.FILLED: ChildInput.COMPLETED,
    OrdStatus.CANCELED: ChildInput.CANCELED,
    OrdStatus.EXPIRED: ChildInput.EXPIRED,
    OrdStatus.DONE_FOR_DAY: ChildInput.EXPIRED,
}
"""What an OrdStatus(39) in the answer to H or AF does to a child whose quantities agree."""
EXECUTIONS = frozenset({ExecType.TRADE, ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT})
NAMES_MAX = 100
"""Of a child, its cancels included: a venue that makes up ever new ones is not followed."""
GONE_STATUS = ENDED_STATUS.keys() - {OrdStatus.FILLED}


def execution_received(state: State, now: int, event: m.ExecutionReceived) -> None:
    """Book an ExecutionReport(8): the outcome says what it came to."""
    _listed(state, event)
    _bring_back(state, now, event)
    child = state.child_meant(event)
    if child is None:
        suspense.unknown_order(state, now, event)
        return
    _heard_of(state, now, child, event)
    match event.exec_type:
        case ExecType.TRADE:
            _book_trade(state, now, child, event)
            if state.outcome is Outcome.TRADE:
                _rest_of(state, now, child, event)
        case ExecType.TRADE_CANCEL | ExecType.TRADE_CORRECT:
            corrections.book_correction(state, now, child, event)
            if state.outcome is Outcome.CORRECTION:
                _filled(state, now, child, event)
        case _ if _is_alive_after_all(child, event):
            ends.reopen_child(state, now, child)
            state.outcome = Outcome.STATUS
        case ExecType.ORDER_STATUS:
            _book_status(state, now, child, event)
        case ExecType.PENDING_NEW:
            # It is there and not judged, and may get lost yet: who waits for its acknowledgement
            # or its end waits on, and asks in time.
            state.outcome = Outcome.STATUS
        case _ if _ends_before_its_fills(child, event):
            # What is missing has traded and is not free: it is asked for until all is told.
            state.turn(now, child, ChildInput.LOST)
            child.claimed_qty = event.cum_qty
            state.outcome = Outcome.UNTOLD
        case _ if _acknowledges(event) and _is_old_news(child, event):
            state.outcome = Outcome.STATUS
        case _:
            _restated(child, event)
            state.turn(now, child, _input(child, event))
            state.outcome = Outcome.STATUS
            _filled(state, now, child, event)
            if event.exec_type is ExecType.REJECTED:
                child.last_look = event.text.startswith("LAST_LOOK")
    ends.child_moved(state, now, child)


def _bring_back(state: State, now: int, event: m.ExecutionReceived) -> None:
    """Have the order that a report is of, or whose execution it amends, whole again."""
    ends.bring_back(state, now, event.cl_ord_id, event.orig_cl_ord_id)
    if event.exec_ref_id:
        fill = state.fill_to_read(fill_key(event.mic, event.trade_date, event.exec_ref_id))
        ends.bring_back(state, now, "" if fill is None else fill.cl_ord_id)


def _heard_of(state: State, now: int, child: Child, event: m.ExecutionReceived) -> None:
    """What a report tells of its order besides; not one that names another order, or none.

    An execution says nothing of the rest: who was said to be over is still asked about.
    """
    if state.find_child(event.mic, event.cl_ord_id, event.orig_cl_ord_id) is None:
        return
    _learn_name(state, child, event)
    if event.order_id:
        child.order_id = event.order_id
    if event.poss_dup:
        return
    if event.mass_status_req_id:
        child.listed_at = now
    said_over = state.venue[child.mic].said_over
    if said_over and child.cl_ord_id in said_over and event.exec_type not in EXECUTIONS:
        said_over.remove(child.cl_ord_id)


def _learn_name(
    state: State, child: Child, event: m.ExecutionReceived | m.CancelRejectReceived
) -> None:
    """A cancel that left when the disk had failed is on no disk. Its venue's answer names it, and
    from then on the venue may tell of the order under that name alone.
    """
    name = event.cl_ord_id
    known = not name or name in state.children or name in state.cancel_ids
    if not known and len(child.cancel_ids) < NAMES_MAX:
        child.cancel_ids += (name,)
        state.cancel_ids[name] = child.cl_ord_id


def _listed(state: State, event: m.ExecutionReceived) -> None:
    """Count an answer to a question about all open orders: the last may not say that it is."""
    venue = state.venue[event.mic]
    if event.poss_dup:
        return  # of a question that was asked before an outage
    if event.mass_status_req_id:
        venue.listed += 1
    if event.last_report or 0 < event.tot_num_reports <= venue.listed:
        venue.list_ended = True
        venue.said_over.clear()


def _restated(child: Child, event: m.ExecutionReceived) -> None:
    """A venue may decline a part of an order, and go on with less than it was sent (378=5)."""
    if event.exec_type in (ExecType.RESTATED, ExecType.REPLACED) and event.order_qty:
        child.qty = min(child.qty, max(event.order_qty, child.cum_qty))


def _rest_of(state: State, now: int, child: Child, event: m.ExecutionReceived) -> None:
    """What an execution tells of the rest of its order: that it works after all, or is filled."""
    if _is_alive_after_all(child, event):
        ends.reopen_child(state, now, child)
    _filled(state, now, child, event)


def _filled(state: State, now: int, child: Child, event: m.ExecutionReceived) -> None:
    """An order may be filled, or say so, without an execution that completes it: with less than it
    was sent for, or by executions that were never told.
    """
    if child.terminal:
        return
    says_so = event.ord_status is OrdStatus.FILLED
    if child.cum_qty >= child.qty or (says_so and event.cum_qty == child.cum_qty):
        state.turn(now, child, ChildInput.COMPLETED)
    elif says_so and event.cum_qty > child.cum_qty:
        state.turn(now, child, ChildInput.LOST)
        child.claimed_qty = event.cum_qty
        if state.outcome is Outcome.STATUS:
            state.outcome = Outcome.UNTOLD


def _input(child: Child, event: m.ExecutionReceived) -> ChildInput:
    if _is_being_canceled(child, event):
        return ChildInput.CANCELING
    return INPUTS.get(event.exec_type, ChildInput.ACKNOWLEDGED)


def _is_being_canceled(child: Child, event: m.ExecutionReceived) -> bool:
    """True if a cancel of ours has come there and is not done: it is waited for, not sent again."""
    return event.ord_status is OrdStatus.PENDING_CANCEL and bool(child.cancel_ids)


def _ends_before_its_fills(child: Child, event: m.ExecutionReceived) -> bool:
    """True for the end of an order whose CumQty(14) counts executions that were never told."""
    ends = INPUTS.get(event.exec_type) in (ChildInput.CANCELED, ChildInput.EXPIRED)
    return ends and not child.terminal and event.cum_qty > child.cum_qty


def _acknowledges(event: m.ExecutionReceived) -> bool:
    return INPUTS.get(event.exec_type, ChildInput.ACKNOWLEDGED) is ChildInput.ACKNOWLEDGED


def _is_alive_after_all(child: Child, event: m.ExecutionReceived) -> bool:
    """True if a venue says that an order is at work which was closed without its own end of it."""
    works = event.leaves_qty > 0 and child.cum_qty < child.qty
    told = works if event.exec_type is ExecType.TRADE else _acknowledges(event)
    alive = told or event.exec_type is ExecType.ORDER_STATUS
    return child.closed_unheard and alive and _is_live(event) and not event.poss_dup


def _is_live(event: m.ExecutionReceived) -> bool:
    return event.ord_status in LIVE_STATUS


def _is_old_news(child: Child, event: m.ExecutionReceived) -> bool:
    """True if this is sent again, of a child in doubt.

    What a venue said of an order before an outage is no answer to what has become of it: ends and
    executions are facts, that it was alive, or not known then, is none. Of a venue that answers no
    questions what comes of the cancel is one (simulation, seed 53276).
    """
    return event.poss_dup and child.status is ChildStatus.UNKNOWN


def _book_trade(state: State, now: int, child: Child, event: m.ExecutionReceived) -> None:
    key = child.fill_key(event.trade_date, event.exec_id)
    known = state.fill_to_read(key)
    if known is not None:
        if suspense.is_other(known, child, event):
            other = other_key(key, event)
            suspense.suspend(state, now, other, Cause.OTHER_CONTENT, event)
        else:
            state.outcome = Outcome.DUPLICATE
        return
    amended = child.amended_early.pop(key, None) if child.amended_early else None
    name, qty, px = amended or (key, event.last_qty, event.last_px)
    if state.knows_fill(name):
        name = key  # what amends it has lent its ExecID to a trade meanwhile
    suspense.arrived(state, now, key, event)
    suspense.settle_if_there(state, name)
    fill = Fill(
        key,
        child.cl_ord_id,
        qty,
        px,
        child.mic,
        event.liquidity,
        name,
        told_qty=event.last_qty,
        told_px=event.last_px,
    )
    for each in dict.fromkeys((key, name)):
        state.fills[each] = fill
        child.fill_keys += (each,)
    if qty == 0:
        state.outcome = Outcome.DUPLICATE  # it was taken back before it was told: it never was
        return
    child.filled_at = child.filled_at or now
    state.book(child, qty, px, event.liquidity)
    if child.cum_qty >= child.claimed_qty:
        child.claimed_qty = 0
    complete = child.cum_qty >= child.qty
    state.turn(now, child, ChildInput.COMPLETED if complete else ChildInput.TRADED)
    parent = state.parents[child.parent_id]
    scope = f"{parent.algo}/{child.symbol}/{child.side}"
    state.count(state.execution_times, scope, now)
    state.outcome = Outcome.TRADE


def _book_status(state: State, now: int, child: Child, event: m.ExecutionReceived) -> None:
    """The answer to H or AF. Quantities come from executions only, so a status moves none."""
    state.outcome = Outcome.STATUS
    if event.ord_status not in ENDED_STATUS and _is_old_news(child, event):
        return
    if event.ord_status is OrdStatus.REJECTED:
        child.unknown_answers += 1
        state.outcome = Outcome.UNKNOWN_ORDER
    elif event.ord_status is OrdStatus.PENDING_NEW:
        child.unknown_answers = 0  # known, and still not judged: it is asked for again
    elif event.cum_qty != child.cum_qty:
        # An execution is still missing: it comes by the session's resend, or a person enters it.
        child.claimed_qty = event.cum_qty
    elif _is_being_canceled(child, event):
        child.unknown_answers = child.claimed_qty = 0
        state.turn(now, child, ChildInput.CANCELING)
    elif event.ord_status in LIVE_STATUS:
        child.unknown_answers = child.queries = child.claimed_qty = 0
        state.turn(now, child, ChildInput.ACKNOWLEDGED)
    elif event.ord_status in ENDED_STATUS:
        state.turn(now, child, ENDED_STATUS[event.ord_status])


def cancel_reject_received(state: State, now: int, event: m.CancelRejectReceived) -> None:
    """A refused cancel leaves the child alive, unless the venue does not know it.

    Of a venue that answers no questions it is the answer: the order has ended, though not by fills,
    for those are told.
    """
    ends.bring_back(state, now, event.cl_ord_id, event.orig_cl_ord_id)
    child = state.find_child(event.mic, event.cl_ord_id, event.orig_cl_ord_id)
    if child is not None:
        _learn_name(state, child, event)
        if event.ord_status is OrdStatus.REJECTED:
            child.unknown_answers += 1
        elif event.ord_status is OrdStatus.PENDING_CANCEL:
            # Another cancel of ours is under way there, unless that was before an outage.
            if not (event.poss_dup and child.status is ChildStatus.UNKNOWN):
                state.turn(now, child, ChildInput.CANCELING)
        else:
            if event.ord_status in GONE_STATUS and state.venues[child.mic].mass_status == "none":
                child.unknown_answers += 1
            _cancel_refused(state, now, child)
        ends.child_moved(state, now, child)


def _cancel_refused(state: State, now: int, child: Child) -> None:
    """The child lives on. If it is not wanted still, it is taken back a while later."""
    child.cancel_refused_at = now
    state.turn(now, child, ChildInput.CANCEL_REFUSED)
    again = now + state.venues[child.mic].ack_timeout_ns
    state.schedule(again, "slice", child.cl_ord_id)


def child_refused(state: State, now: int, event: m.ChildRefused) -> None:
    """A NewOrderSingle that the venue could not read never became an order; a cancel failed."""
    ends.bring_back(state, now, event.cl_ord_id)
    child = state.find_child(event.mic, event.cl_ord_id)
    if child is None:
        return
    if event.ref_msg_type == "D":
        state.turn(now, child, ChildInput.REJECTED)
    elif event.ref_msg_type == "F":
        _cancel_refused(state, now, child)
    ends.child_moved(state, now, child)


def assign_suspense(state: State, now: int, command: m.AssignSuspense) -> None:
    """Book what was in suspense as the child's: the outcome is that of its execution."""
    entry = suspense.take_out(state, command)
    ends.bring_back(state, now, command.cl_ord_id)
    child = state.children[command.cl_ord_id]
    _book_trade(state, now, child, structs.replace(entry.event, exec_id=exec_id_of(entry)))
    ends.child_moved(state, now, child)


def enter_execution(state: State, now: int, command: m.EnterExecution) -> None:
    """Book what a person has learned of: told by the venue later, it is the same execution."""
    child = state.children[command.cl_ord_id]
    _book_trade(state, now, child, entered(child, command.execution))
    ends.child_moved(state, now, child)


def entered(child: Child, execution: m.Entered) -> m.ExecutionReceived:
    """An execution that a person has entered, as the venue's report of it."""
    return m.ExecutionReceived(
        mic=child.mic,
        cl_ord_id=child.cl_ord_id,
        exec_id=execution.exec_id,
        exec_type=ExecType.TRADE,
        ord_status=OrdStatus.PARTIALLY_FILLED,
        order_id=child.order_id,
        symbol=child.symbol,
        side=child.side,
        order_qty=child.qty,
        last_qty=execution.qty,
        last_px=execution.px,
        trade_date=execution.trade_date,
    )
