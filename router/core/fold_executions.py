"""Folding what a venue says about a child: fills, busts, corrections, ends and answers.

Owns the arithmetic of executions: each fill key is applied once. Decides nothing.
"""

from __future__ import annotations

from msgspec import structs

from router import messages as m
from router.core import fold_ends as ends
from router.core import fold_suspense as suspense
from router.core.orders import Child, ChildInput, ChildStatus, Fill
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

LIVE_STATUS = frozenset({OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED, OrdStatus.PENDING_CANCEL})

ENDED_STATUS: dict[OrdStatus, ChildInput] = {
    OrdStatus.FILLED: ChildInput.COMPLETED,
    OrdStatus.CANCELED: ChildInput.CANCELED,
    OrdStatus.EXPIRED: ChildInput.EXPIRED,
    OrdStatus.DONE_FOR_DAY: ChildInput.EXPIRED,
}
"""What an OrdStatus(39) in the answer to H or AF does to a child whose quantities agree."""
NAMES_MAX = 100
"""Of a child, its cancels included: a venue that makes up ever new ones is not followed."""
GONE_STATUS = ENDED_STATUS.keys() - {OrdStatus.FILLED}


def execution_received(state: State, now: int, event: m.ExecutionReceived) -> None:
    """Book an ExecutionReport(8): the outcome says what it came to."""
    _listed(state, event)
    ends.bring_back(state, now, event.cl_ord_id, event.orig_cl_ord_id)
    child = state.find_child(event.cl_ord_id, event.orig_cl_ord_id)
    if child is None:
        suspense.unknown_order(state, now, event)
        return
    _learn_name(state, child, event)
    said_over = state.venue[child.mic].said_over
    if said_over and child.cl_ord_id in said_over and not event.poss_dup:
        said_over.remove(child.cl_ord_id)
    if event.order_id:
        child.order_id = event.order_id
    if event.mass_status_req_id and not event.poss_dup:
        child.listed_at = now
    match event.exec_type:
        case ExecType.TRADE:
            _book_trade(state, now, child, event)
        case ExecType.TRADE_CANCEL | ExecType.TRADE_CORRECT:
            _book_correction(state, now, child, event)
        case _ if _is_alive_after_all(child, event):
            state.turn(now, child, ChildInput.REOPENED)
            child.unresolved = False
            ends.reopen(state, now, state.parents[child.parent_id])
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
            state.turn(now, child, INPUTS.get(event.exec_type, ChildInput.ACKNOWLEDGED))
            state.outcome = Outcome.STATUS
            if event.exec_type is ExecType.REJECTED:
                child.last_look = event.text.startswith("LAST_LOOK")
    ends.child_moved(state, now, child)


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


def _ends_before_its_fills(child: Child, event: m.ExecutionReceived) -> bool:
    """True for the end of an order whose CumQty(14) counts executions that were never told."""
    ends = INPUTS.get(event.exec_type) in (ChildInput.CANCELED, ChildInput.EXPIRED)
    return ends and not child.terminal and event.cum_qty > child.cum_qty


def _acknowledges(event: m.ExecutionReceived) -> bool:
    return INPUTS.get(event.exec_type, ChildInput.ACKNOWLEDGED) is ChildInput.ACKNOWLEDGED


def _is_alive_after_all(child: Child, event: m.ExecutionReceived) -> bool:
    """True if a venue says that an order is at work which was closed without its own end of it."""
    told = event.exec_type is ExecType.ORDER_STATUS or _acknowledges(event)
    closed = child.unresolved and child.status is ChildStatus.CANCELED
    return closed and told and event.ord_status in LIVE_STATUS and not event.poss_dup


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
    complete = child.cum_qty >= child.qty
    state.turn(now, child, ChildInput.COMPLETED if complete else ChildInput.TRADED)
    parent = state.parents[child.parent_id]
    scope = f"{parent.algo}/{child.symbol}/{child.side}"
    state.count(state.execution_times, scope, now)
    state.outcome = Outcome.TRADE


def _book_correction(state: State, now: int, child: Child, event: m.ExecutionReceived) -> None:
    own_key = child.fill_key(event.trade_date, event.exec_id)
    found = state.fill_to_read(child.fill_key(event.trade_date, event.exec_ref_id))
    if state.knows_fill(own_key):
        state.outcome = Outcome.DUPLICATE
        return
    if found is None and event.exec_ref_id:
        _amend_early(child, own_key, event)
        suspense.unknown_ref(state, now, own_key, event)
        return
    if found is None or found.cl_ord_id != child.cl_ord_id:
        suspense.unknown_ref(state, now, own_key, event)  # not an execution of this order
        return
    if found.qty == 0:
        state.outcome = Outcome.STRAY  # it was taken back before
        return
    suspense.arrived(state, now, own_key, event)
    state.book(child, -found.qty, found.px, found.liquidity)
    found.qty = 0
    corrected = event.exec_type is ExecType.TRADE_CORRECT
    qty, px = (event.last_qty, event.last_px) if corrected else (0, found.px)
    state.fills[own_key] = Fill(
        own_key,
        child.cl_ord_id,
        qty,
        px,
        child.mic,
        found.liquidity,
        own_key,
        told_qty=qty,
        told_px=px,
    )
    child.fill_keys += (own_key,)
    state.book(child, qty, px, found.liquidity)
    if child.status is ChildStatus.FILLED and _is_at_work(child, event):
        state.turn(now, child, ChildInput.REOPENED)
        ends.reopen(state, now, state.parents[child.parent_id])
    else:
        state.turn(now, child, ChildInput.BUSTED)
    state.outcome = Outcome.CORRECTION


def _is_at_work(child: Child, event: m.ExecutionReceived) -> bool:
    """True if the venue says, and the quantities do not deny, that shares of the order are open."""
    told = event.ord_status in LIVE_STATUS and event.leaves_qty > 0
    return told and child.cum_qty < child.qty


def _amend_early(child: Child, own_key: str, event: m.ExecutionReceived) -> None:
    """A bust or correction has overtaken its execution, which is booked as amended when it comes.

    Of two that overtook it the second names the first: the last word counts.
    """
    ref = child.fill_key(event.trade_date, event.exec_ref_id)
    early = child.amended_early = child.amended_early or {}
    for key, (name, _, _) in early.items():
        if name == ref:
            ref = key
            break
    corrected = event.exec_type is ExecType.TRADE_CORRECT
    qty, px = (event.last_qty, event.last_px) if corrected else (0, 0)
    early[ref] = (own_key, qty, px)


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
    child = state.find_child(event.cl_ord_id, event.orig_cl_ord_id)
    if child is not None:
        _learn_name(state, child, event)
        if event.ord_status is OrdStatus.REJECTED:
            child.unknown_answers += 1
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
    child = state.find_child(event.cl_ord_id)
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


def enter_bust(state: State, now: int, command: m.EnterBust) -> None:
    """Take back or correct what a person says: told by its venue later, that changes nothing."""
    ends.bring_back(state, now, command.cl_ord_id)
    child = state.children[command.cl_ord_id]
    _book_correction(state, now, child, busted(child, command))
    ends.child_moved(state, now, child)


def busted(child: Child, command: m.EnterBust) -> m.ExecutionReceived:
    """A bust or correction that a person has entered, as the venue's report of it."""
    instead = command.instead or m.Entered(f"BUST-{command.exec_id}", 0, 0, command.trade_date)
    return m.ExecutionReceived(
        mic=command.mic,
        cl_ord_id=child.cl_ord_id,
        exec_id=instead.exec_id,
        exec_type=ExecType.TRADE_CORRECT if command.instead else ExecType.TRADE_CANCEL,
        ord_status=OrdStatus.FILLED,
        order_id=child.order_id,
        exec_ref_id=command.exec_id,
        symbol=child.symbol,
        side=child.side,
        order_qty=child.qty,
        last_qty=instead.qty,
        last_px=instead.px,
        trade_date=command.trade_date,
    )
