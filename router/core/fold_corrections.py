"""Folding busts and corrections: what an execution has become.

Owns which execution one amends, and what is booked instead. Decides nothing.
"""

from __future__ import annotations

from router import messages as m
from router.core import fold_ends as ends
from router.core import fold_suspense as suspense
from router.core.orders import LIVE_STATUS, Child, ChildInput, ChildStatus, Fill
from router.core.state import Outcome, State
from router.core.suspense import Cause, other_key
from router.model import ExecType, OrdStatus


def book_correction(state: State, now: int, child: Child, event: m.ExecutionReceived) -> None:
    """Take an execution back, or put another in its place; by the last word on it, if one that was
    amended before is named by its first name.
    """
    own_key = child.fill_key(event.trade_date, event.exec_id)
    known = state.fill_to_read(own_key)
    if known is not None:
        if _is_another(known, own_key, event):
            suspense.suspend(state, now, other_key(own_key, event), Cause.OTHER_CONTENT, event)
        else:
            state.outcome = Outcome.DUPLICATE
        return
    found = _as_it_stands(state, child.fill_key(event.trade_date, event.exec_ref_id))
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
    found.qty, found.became = 0, own_key
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
    if _is_at_work(child, event):
        ends.reopen_child(state, now, child)
    else:
        complete = child.cum_qty >= child.qty
        state.turn(now, child, ChildInput.COMPLETED if complete else ChildInput.BUSTED)
    state.outcome = Outcome.CORRECTION


def _is_another(known: Fill, own_key: str, event: m.ExecutionReceived) -> bool:
    """True if its ExecID(17) is that of another execution, and not of the same word again."""
    if known.key != own_key:
        return False  # it had overtaken what it amends, and both are one execution
    if event.exec_type is ExecType.TRADE_CANCEL:
        return known.told_qty != 0
    return (known.told_qty, known.told_px) != (event.last_qty, event.last_px)


def _as_it_stands(state: State, key: str) -> Fill | None:
    """An execution, or what has taken its place: some venues name it by its first ExecID still."""
    fill = state.fill_to_read(key)
    while fill is not None and fill.became:
        fill = state.fill_to_read(fill.became)
    return fill


def _is_at_work(child: Child, event: m.ExecutionReceived) -> bool:
    """True if the venue says, and nothing denies, that shares of a closed order are open again."""
    closed = child.status is ChildStatus.FILLED or (child.closed_unheard and not event.poss_dup)
    told = event.ord_status in LIVE_STATUS and event.leaves_qty > 0
    return closed and told and child.cum_qty < child.qty


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


def enter_bust(state: State, now: int, command: m.EnterBust) -> None:
    """Take back or correct what a person says: told by its venue later, that changes nothing."""
    ends.bring_back(state, now, command.cl_ord_id)
    child = state.children[command.cl_ord_id]
    book_correction(state, now, child, busted(child, command))
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
